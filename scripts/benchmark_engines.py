"""One folder tagged by each engine, and again with a worker killed: python scripts/benchmark_engines.py

Makes a folder of documents from data/corpus (10 paragraphs each, no two documents alike), tags it with one process,
with two (gloo), and with Ray (one and two actors), one thread a process; then kills a worker of each engine in
the middle. Every run's tags are compared with those of the one process. `seconds` are of tagging itself,
`all` with start-up and tables; memory is that of all processes of a run together at its peak.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
EPSILON = 1e-4  # two engines may differ in a label where its probability is this near to the threshold
TWO = [str(ROOT / "scripts" / "launch.py"), "--config_file", str(ROOT / "configs/accelerate/cpu-2-processes.yaml"),
       str(ROOT / "scripts" / "run_tag.py")]  # fmt: skip
ONE = [str(ROOT / "scripts" / "run_tag.py")]
ENGINES: dict[str, tuple[list[str], list[str]]] = {
    "one process": (ONE, []),
    "two processes": (TWO, []),
    "Ray, 1 actor": (ONE, ["--engine", "ray", "--ray-actors", "1"]),
    "Ray, 2 actors": (ONE, ["--engine", "ray", "--ray-actors", "2"]),
}


@dataclass
class Run:
    """A run that has ended. `killed`: what was killed in it; `starts`: how often the command was given."""

    name: str
    seconds: float
    whole: float
    mib: float
    killed: str = ""
    starts: int = 1


def write_folder(place: Path, documents: int, each: int = 10) -> None:
    """Text files in folders of 100, of paragraphs of the corpus drawn with a fixed seed."""
    rows = [
        json.loads(line)["text"]
        for path in sorted((ROOT / "data" / "corpus").glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    rng = random.Random(13)
    for number in range(documents):
        path = place / f"{number // 100:03d}" / f"{number:06d}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n\n".join(rng.sample(rows, each)) + "\n", encoding="utf-8")


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
        try:
            found = process.memory_full_info()
            total += getattr(found, "pss", found.rss) / 2**20
        except psutil.Error:
            continue
    return total


def rank_1(process: psutil.Process) -> bool:
    """Whether this is the second rank."""
    return process.environ().get("RANK") == "1" and "run_tag.py" in " ".join(process.cmdline())


def ray_actor(process: psutil.Process) -> bool:
    """Whether this is an actor that tags."""
    return "TagStage" in " ".join(process.cmdline())


def watch(
    process: subprocess.Popen[str], out: Path, victim: Callable[[psutil.Process], bool] | None
) -> Iterator[float]:
    """The memory of a run now and then; kills the victim when some parts are finished."""
    while process.poll() is None:
        yield memory(process.pid)
        parts = sum(p.name.isdigit() for p in (out / "parts").iterdir()) if (out / "parts").is_dir() else 0
        if victim is not None and parts >= 2:
            for candidate in tree(process.pid):
                try:
                    if victim(candidate):
                        candidate.send_signal(signal.SIGKILL)
                        victim = None
                        break
                except psutil.Error:
                    continue
        time.sleep(0.2)
    if victim is not None:
        raise SystemExit(f"{out.name}: nothing was killed: the run was over before; take more --documents")


def run(name: str, folder: Path, out: Path, *, victim: Callable[[psutil.Process], bool] | None = None) -> Run:
    """Tag the folder; after a kill the same command is given again if it did not finish by itself."""
    script, options = ENGINES[name]
    command = [sys.executable, *script, str(folder), "--out", str(out), "--json", *options]
    environment = os.environ | {
        "PYTHONPATH": str(ROOT / "train"), "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "MINSHENG_LANG": "en",
    }  # fmt: skip
    began, peak, starts = time.monotonic(), 0.0, 0
    while True:
        starts += 1
        with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
            process = subprocess.Popen(command, stdout=said, stderr=sys.stderr, env=environment, text=True)
            peak = max([peak, *watch(process, out, victim if starts == 1 else None)])
            said.seek(0)
            lines = said.read().splitlines()
        if process.returncode == 0:
            break
        if victim is None or starts == 2:
            raise SystemExit(f"{name}: ended with code {process.returncode}")
    seconds = json.loads(lines[-1])["seconds"] if starts == 1 else float("nan")
    return Run(
        name, seconds, time.monotonic() - began, peak, "" if victim is None else victim.__name__, starts
    )


def compare(reference: Path, other: Path, thresholds: dict[str, float]) -> dict[str, Any]:
    """Rows that are equal, that differ in labels, and that may; documents lost or doubled are in `order`."""
    rows = [
        [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        for path in (reference, other)
    ]
    keys = [[(row["document"], row["passage"]) for row in part] for part in rows]
    found: dict[str, Any] = {"rows": len(rows[0]), "order": keys[0] == keys[1], "furthest": 0.0}
    found |= {"bytes": reference.read_bytes() == other.read_bytes(), "labels": 0, "near": 0, "beyond": 0}
    for one, two in zip(*rows, strict=False):
        gaps = {name: abs(one["scores"][name] - limit) for name, limit in thresholds.items()}
        far = max(abs(one["scores"][name] - two["scores"][name]) for name in thresholds)
        found["furthest"] = max(found["furthest"], far)
        found["near"] += min(gaps.values()) <= EPSILON
        different = set(one["labels"]) ^ set(two["labels"])
        found["labels"] += bool(different)
        found["beyond"] += any(gaps[name] > EPSILON for name in different)
    return found


def limits() -> dict[str, float]:
    """The threshold of each domain, of the tagger that ships."""
    sys.path.insert(0, str(ROOT / "train"))
    from minsheng.modeling.directory import read_info
    from minsheng.modeling.shipped import TAGGER, shipped

    place = shipped(TAGGER)
    assert place is not None
    info = read_info(place)
    return dict(zip(info.taxonomy.keys, map(float, info.calibration.thresholds), strict=False))


def line(run: Run, found: dict[str, Any]) -> str:
    """A row of the table."""
    same = (
        "the same bytes"
        if found["bytes"]
        else f"{found['labels']} rows differ in labels, {found['beyond']} beyond ε"
    )
    name = run.name + (f", {run.killed} killed, {run.starts} starts" if run.killed else "")
    # A run that was started twice has no seconds of its own.
    seconds, rate = (
        (f"{run.seconds:.1f}", f"{found['rows'] / run.seconds:.0f}") if run.starts == 1 else ("–", "–")
    )
    return (
        f"| {name} | {seconds} | {rate} | {run.whole:.1f} | {run.mib:.0f} | {found['rows']} | "
        f"{'yes' if found['order'] else 'NO'} | {same} | {found['furthest']:.6f} | {found['near']} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--documents", type=int, default=5000)
    parser.add_argument("--folder", type=Path, help="where to work; default: a temporary folder")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = asked.folder or Path(temporary)
        write_folder(work / "documents", asked.documents)
        columns = (
            "run", "seconds", "passages/s", "all", "MiB", "passages", "none lost or doubled",
            "tags against one process", "largest difference", f"within {EPSILON:g} of a threshold",
        )  # fmt: skip
        print(f"| {' | '.join(columns)} |\n|" + " --- |" * 10, flush=True)
        victims = {"two processes": rank_1, "Ray, 2 actors": ray_actor}
        for name, victim in [*((name, None) for name in ENGINES), *victims.items()]:
            out = work / f"{name}{' killed' if victim else ''}".replace(",", "").replace(" ", "-")
            done = run(name, work / "documents", out, victim=victim)
            print(
                line(done, compare(work / "one-process" / "tags.jsonl", out / "tags.jsonl", limits())),
                flush=True,
            )


if __name__ == "__main__":
    main()
