"""Stop a run at random moments and in several ways, start it again, and compare its end with an undisturbed one."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from nursery import Nursery

MOMENTS = int(os.environ.get("MINSHENG_FAULTS", "0"))
SEED = int(os.environ.get("MINSHENG_FAULTS_SEED") or time.time_ns() % 1_000_000)
WAYS = ("SIGKILL", "full disk", "SIGTERM", "SIGINT", "SIGKILL", "closed output", "full output", "disk output")
Content = dict[str, bytes]


@dataclass
class Outcome:
    """What was done and seen in some trials."""

    stopped: Counter[str] = field(default_factory=Counter)  # way → moments at which a process ended by it
    late: int = 0  # the process had finished before
    wrong: list[str] = field(default_factory=list)  # trials that did not end as they should


@dataclass
class Harness:
    """One kind of run: its command, where it writes, and what of that must be equal."""

    nursery: Nursery
    command: Callable[[Path], Sequence[str]]  # output directory → arguments
    content: Callable[[Path], Content]
    folder: Path
    good: tuple[int, ...] = (0,)  # exit codes of a finished run
    disk: tuple[int, int] = (16, 200)  # KiB of a disk that is too small

    @cached_property
    def undisturbed(self) -> tuple[Content, float]:
        """What a run leaves that nobody stops, and its seconds."""
        out = self.folder / "undisturbed" / "disk" / "out"  # as deep as the others: pages hold relative links
        began = time.monotonic()
        child = self.nursery.start(self.command(out))
        assert child.wait() in self.good, child.said()
        seconds = time.monotonic() - began
        return self._content(out), seconds

    def _content(self, out: Path) -> Content:
        found = self.content(out)
        assert found
        return found

    def try_all(
        self, ways: Sequence[str], *, seed: int, expected: Content, seconds: float, fault: str | None = None
    ) -> Outcome:
        """One trial for each way; each begins with an empty directory and ends with a finished run."""
        outcome = Outcome()
        for number, way in enumerate(ways):
            rng = random.Random(f"{seed}/{number}")
            with self._place(way, rng) as (out, relieve):
                try:
                    self._stop(way, out, rng, outcome, seconds=seconds, fault=fault)
                    if rng.random() < 0.4:  # and once more, in what was left
                        self._stop("SIGKILL", out, rng, outcome, seconds=seconds, fault=fault)
                    relieve()
                    self._finish(out, fault=fault)
                    found = self._content(out)
                    different = sorted(
                        name
                        for name in expected.keys() | found.keys()
                        if expected.get(name) != found.get(name)
                    )
                    assert not different, f"differs in {', '.join(different)}"
                except (AssertionError, OSError, ValueError) as error:
                    outcome.wrong.append(f"seed {seed}, trial {number} ({way}): {error}")
            shutil.rmtree(self.folder / "trial", ignore_errors=True)
        return outcome

    def _stop(
        self, way: str, out: Path, rng: random.Random, outcome: Outcome, *, seconds: float, fault: str | None
    ) -> None:
        moment, after_begin = rng.random() * seconds, rng.random() < 0.6
        if way == "full disk":
            limit = None if out.parent.is_mount() else rng.randint(4 << 10, self.disk[1] << 10)
            child = self.nursery.start(self.command(out), fault=fault, limit=limit)
            code = child.wait()
            if code in self.good:
                outcome.late += 1
                return
            assert code in (1, 2) and "Traceback" not in child.said(), f"exit {code}: {child.said()[-600:]}"
            assert child.said().strip().splitlines()[-1].startswith("minsheng: "), child.said()[-600:]
        elif way.endswith("output"):
            child = self.nursery.start(self.command(out), fault=fault, stdout=way.split()[0])
            end = time.monotonic() + 2 * seconds + 1
            while child.alive() and time.monotonic() < end:
                time.sleep(0.01)
            code = child.stop(signal.SIGKILL) if child.alive() else child.wait()
            assert code not in self.good, f"exit {code}, but nobody could read what it said"
            assert "Traceback" not in child.said(), child.said()[-600:]
        else:
            child = self.nursery.start(self.command(out), fault=fault)
            begin = time.monotonic()
            while after_begin and child.alive() and not out.exists() and time.monotonic() - begin < 60:
                time.sleep(0.001)
            end = time.monotonic() + (moment * 0.8 if after_begin else moment)
            while child.alive() and time.monotonic() < end:
                time.sleep(0.001)
            if not child.alive():
                outcome.late += 1
                child.wait()
                return
            code = child.stop(signal.Signals[way])
            if way == "SIGINT" and code == 130:
                assert "interrupted" in child.said(), child.said()[-600:]
        outcome.stopped[way] += 1

    def _finish(self, out: Path, *, fault: str | None) -> None:
        child = self.nursery.start(self.command(out), fault=fault)
        code = child.wait()
        finished = code == 2 and "holds a finished run" in child.said()
        assert code in self.good or finished, f"exit {code} on the next start: {child.said()[-600:]}"

    @contextmanager
    def _place(self, way: str, rng: random.Random) -> Iterator[tuple[Path, Callable[[], object]]]:
        """A fresh output directory, and what gives it room again where its disk is too small."""
        disk = self.folder / "trial" / "disk"
        disk.mkdir(parents=True)
        if way != "full disk" or rng.random() < 0.3:
            yield disk / "out", lambda: None
            return
        size = f"size={rng.randint(*self.disk)}k"
        mounted = shutil.which("mount") and os.geteuid() == 0
        done = mounted and _call("mount", "-t", "tmpfs", "-o", size, "tmpfs", str(disk))
        if not done:  # a limit on the size of files stands for the disk
            yield disk / "out", lambda: None
            return
        try:
            yield disk / "out", lambda: _call("mount", "-o", "remount,size=512m", str(disk))
        finally:
            _call("umount", str(disk))


def _call(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def some_ways(count: int, *, seed: int) -> list[str]:
    """`count` ways, in turn, from a random one on."""
    first = random.Random(seed).randrange(len(WAYS))
    return [WAYS[(first + n) % len(WAYS)] for n in range(count)]


def files_of(out: Path) -> Content:
    """Every file of a tagging run, but for the empty one that is locked."""
    return {
        p.relative_to(out).as_posix(): p.read_bytes()
        for p in out.rglob("*")
        if p.is_file() and p.name != ".lock"
    }


def model_of(out: Path) -> Content:
    """What a training run must leave equal: the model to the bit, the last checkpoint, and each logged value."""
    found = {
        p.relative_to(out).as_posix(): p.read_bytes()
        for name in ("model", "tokenizer")
        for p in (out / name).rglob("*")
        if p.is_file()
    }
    finished = json.loads((out / "finished.json").read_text(encoding="utf-8"))
    finished.pop("seconds")
    last = max((out / "checkpoints").glob("update-*"))
    for name in ("weights", "optimizer", "extra"):
        found[f"last checkpoint/{name}"] = (last / f"{name}.safetensors").read_bytes()
    updates: dict[int, dict[str, object]] = {}
    for line in (out / "log.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row.pop("event") == "update":
            values = {key: value for key, value in row.items() if key not in ("time", "seconds")}
            assert updates.setdefault(row["update"], values) == values, (
                f"update {row['update']} was done in two ways"
            )
    plain = {
        "finished": finished,
        "updates": sorted(updates.items()),
        "files": sorted(p.name for p in out.iterdir() if p.name != ".lock"),
    }
    return found | {name: json.dumps(value).encode() for name, value in plain.items()}
