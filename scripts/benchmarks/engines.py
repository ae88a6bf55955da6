"""Runs of `minsheng tag` by each engine, watched from outside, some with a worker killed in the middle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
TWO = [str(ROOT / "scripts" / "launch.py"), "--config_file", str(ROOT / "configs/accelerate/cpu-2-processes.yaml"),
       str(ROOT / "scripts" / "run_tag.py")]  # fmt: skip
ONE = [str(ROOT / "scripts" / "run_tag.py")]
RAY = ["--engine", "ray", "--ray-actors"]
Victim = Callable[[psutil.Process], bool]


def rank_1(process: psutil.Process) -> bool:
    """Whether this is the second rank."""
    return process.environ().get("RANK") == "1" and "run_tag.py" in " ".join(process.cmdline())


def ray_actor(process: psutil.Process) -> bool:
    """Whether this is an actor that tags."""
    return "TagStage" in " ".join(process.cmdline())


def tree(pid: int) -> list[psutil.Process]:
    """A process and all below it."""
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def memory(pid: int) -> float:
    """MiB of a process and all below it; shared pages count once, where the system says so."""
    total = 0.0
    for process in tree(pid):
        with suppress(psutil.Error):
            found = process.memory_full_info()
            total += getattr(found, "pss", found.rss) / 2**20
    return total


def stop(pid: int) -> None:
    """End a process and all below it."""
    family = tree(pid)
    for ask in (psutil.Process.terminate, psutil.Process.kill):
        for process in family:
            with suppress(psutil.Error):
                ask(process)
        _, family = psutil.wait_procs(family, timeout=10)


def busy_seconds() -> float:
    """Processor seconds of all programs of this machine since it started."""
    times = psutil.cpu_times()
    return float(times.user + times.system)


def kill(pid: int, victim: Victim) -> bool:
    """Kill the first process below this one that is the victim."""
    for process in tree(pid):
        with suppress(psutil.Error):
            if victim(process):
                process.send_signal(signal.SIGKILL)
                return True
    return False


def watch(
    process: subprocess.Popen[str],
    out: Path,
    victim: Victim | None,
    after: int,
    spent: dict[tuple[int, float], float],
) -> Iterator[float]:
    """The memory of a run every second; kills the victim when `after` parts are finished.

    `spent` gets the processor seconds of each of its processes, by process id and start.
    """
    while process.poll() is None:
        yield memory(process.pid)
        for one in tree(process.pid):
            with suppress(psutil.Error):
                times = one.cpu_times()
                spent[one.pid, one.create_time()] = times.user + times.system
        parts = out / "parts"
        if victim is not None and parts.is_dir() and sum(p.name.isdigit() for p in parts.iterdir()) >= after:
            victim = None if kill(process.pid, victim) else victim
        with suppress(subprocess.TimeoutExpired):
            process.wait(1.0)
    if victim is not None:
        raise SystemExit(f"{out.name}: nothing was killed: the run was over before; take more --documents")


def run(name: str, folder: Path, out: Path, *, after: int) -> Run:
    """Tag the folder; after a kill the same command is given again if it did not finish by itself."""
    script, options, _, victim = RUNS[name]
    command = [sys.executable, *script, str(folder), "--out", str(out), "--json", *options]
    environment = os.environ | {
        "PYTHONPATH": str(ROOT / "train"), "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "MINSHENG_LANG": "en",
    }  # fmt: skip
    began, peak, starts, busy = time.monotonic(), 0.0, 0, busy_seconds()
    spent: dict[tuple[int, float], float] = {}
    while True:
        starts += 1
        with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
            process = subprocess.Popen(command, stdout=said, stderr=sys.stderr, env=environment, text=True,
                                       process_group=0)  # fmt: skip
            try:
                peak = max([peak, *watch(process, out, victim if starts == 1 else None, after, spent)])
            finally:
                stop(process.pid)
            said.seek(0)
            lines = said.read().splitlines()
        if process.returncode == 0:
            break
        if victim is None or starts == 2:
            raise SystemExit(f"{name}: ended with code {process.returncode}")
    seconds = json.loads(lines[-1])["seconds"] if starts == 1 else None
    whole, cores = time.monotonic() - began, sum(spent.values())
    return Run(name, seconds, whole, peak, starts, cores, max(0.0, busy_seconds() - busy - cores) / whole)


@dataclass(frozen=True)
class Run:
    """A run that has ended. `seconds`: None where its command had to be given twice (`starts`).

    `cores`: processor seconds of all its processes; `others`: cores that other work held meanwhile, in the mean.
    """

    name: str
    seconds: float | None
    whole: float
    mib: float
    starts: int
    cores: float
    others: float


# Name: script, options, processes that tag, and who is killed.
RUNS: dict[str, tuple[list[str], list[str], int, Victim | None]] = {
    "one process": (ONE, [], 1, None),
    "accelerate, 2 processes": (TWO, [], 2, None),
    "Ray, 1 actor": (ONE, [*RAY, "1"], 1, None),
    "Ray, 2 actors": (ONE, [*RAY, "2"], 2, None),
    "accelerate, one of 2 killed": (TWO, [], 2, rank_1),
    "Ray, one of 2 actors killed": (ONE, [*RAY, "2"], 2, ray_actor),
}
