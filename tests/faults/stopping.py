"""Stop a run at random moments and in several ways, start it again, and compare its end with an undisturbed one.

Moments come in chains: what is started again after one stop is stopped by the next, in the same directory,
until it is left alone, finishes, and is compared. Several chains run at once, each in a directory of its own.
"""

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
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from nursery import Child, Nursery

MOMENTS = int(os.environ.get("MINSHENG_FAULTS", "0"))
SEED = int(os.environ.get("MINSHENG_FAULTS_SEED") or time.time_ns() % 1_000_000)
SIGNALS = ("SIGKILL", "SIGTERM", "SIGKILL", "SIGINT")
OUTPUTS = ("closed output", "disk output", "full output")
WAYS = ("full disk", "SIGKILL", "SIGTERM", "SIGINT", *OUTPUTS)
AT_ONCE = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
_MOST_WRONG = 5  # chains that ended badly, after which no more are tried
Content = dict[str, bytes]


class Undisturbed(NamedTuple):
    """A run that nobody stopped."""

    content: Content
    begin: float  # seconds from its start to its first change in the output directory
    seconds: float  # to its end


@dataclass
class Outcome:
    """What was done and seen in some chains."""

    stopped: Counter[str] = field(default_factory=Counter)  # way → moments at which a process ended by it
    survived: int = 0  # of these, in chains that ended as an undisturbed run
    late: int = 0  # the process had finished before
    wrong: list[str] = field(default_factory=list)  # chains that did not end as they should

    @property
    def tried(self) -> int:
        """Moments at which a process was stopped."""
        return sum(self.stopped.values())

    def add(self, other: Outcome) -> None:
        """Take in what another chain saw."""
        self.stopped += other.stopped
        self.survived += other.survived
        self.late += other.late
        self.wrong += other.wrong


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
    def undisturbed(self) -> Undisturbed:
        """What a run leaves that nobody stops, and its seconds."""
        for name in ("learnt", "undisturbed"):  # the first shows the nursery what such a run imports
            out = self.folder / name / "disk" / "out"  # as deep as the others: pages hold relative links
            began = time.monotonic()
            child = self.nursery.start(self.command(out), learn=name == "learnt")
            while child.alive() and not _stamp(out) and time.monotonic() - began < 60:
                time.sleep(0.001)
            begin = time.monotonic() - began
            assert child.wait() in self.good, child.said()
        return Undisturbed(self._content(out), begin, time.monotonic() - began)

    def _content(self, out: Path) -> Content:
        found = self.content(out)
        assert found
        return found

    def stop_often(
        self, moments: int, *, seed: int, tell: Callable[[Outcome], object] = lambda outcome: None
    ) -> Outcome:
        """Chains until a run was stopped at so many moments; `tell` hears of each chain."""
        total, number = Outcome(), 0
        assert self.undisturbed
        with ThreadPoolExecutor(AT_ONCE) as pool:
            waiting: dict[Future[Outcome], int] = {}
            while True:
                planned = total.tried + sum(waiting.values())
                going_on = len(total.wrong) < _MOST_WRONG and number < 20 + moments
                if going_on and planned < moments and len(waiting) < AT_ONCE:
                    ways = some_ways(moments - planned, seed=seed, number=number)
                    waiting[pool.submit(self.try_chain, ways, seed=f"{seed}/{number}")] = len(ways)
                    number += 1
                elif waiting:
                    for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                        del waiting[future]
                        total.add(future.result())
                        tell(total)
                else:
                    return total

    def try_chain(
        self, ways: Sequence[str], *, seed: str, fault: str | None = None, slower: float = 0.0
    ) -> Outcome:
        """Begin in an empty directory, be stopped in all these ways, and finish. `slower`: seconds, by a fault."""
        outcome, rng = Outcome(), random.Random(seed)
        place = self.folder / f"chain-{seed.replace('/', '-')}"
        work = self.undisturbed.seconds - self.undisturbed.begin + slower
        with self._place(place / "disk", ways, rng) as (out, relieve):
            try:
                for left in range(len(ways), 0, -1):
                    # So that a chain gets through most of the work, and its last moment may be any.
                    span = work if left == 1 else 2 * work / len(ways)
                    if not self._stop(ways[-left], out, rng, span=span, fault=fault):
                        outcome.late += 1
                        break
                    outcome.stopped[ways[-left]] += 1
                    if ways[-left] == "full disk":
                        relieve()
                self._finish(self.nursery.start(self.command(out), fault=fault))
                found, expected = self._content(out), self.undisturbed.content
                names = sorted(expected.keys() | found.keys())
                different = [name for name in names if expected.get(name) != found.get(name)]
                assert not different, f"differs in {', '.join(different)}"
                outcome.survived = outcome.tried
            except (AssertionError, OSError, ValueError) as error:
                outcome.wrong.append(f"seed {seed} ({', '.join(ways)}): {error}")
        shutil.rmtree(place, ignore_errors=True)
        return outcome

    def _stop(self, way: str, out: Path, rng: random.Random, *, span: float, fault: str | None) -> bool:
        """Start the run and let it end in this way; False where it had finished before."""
        command, stamp = self.command(out), _stamp(out)
        if way == "full disk":
            limit = None if out.parent.is_mount() else rng.randint(4 << 10, self.disk[1] << 10)
            child = self.nursery.start(command, fault=fault, limit=limit)
            code = child.wait()
            if code in self.good:
                return False
            assert code in (1, 2) and "Traceback" not in child.said(), f"exit {code}: {child.said()[-600:]}"
            assert child.said().strip().splitlines()[-1].startswith("minsheng: "), child.said()[-600:]
        elif way in OUTPUTS:
            child = self.nursery.start(command, fault=fault, stdout=way.split()[0])
            end = time.monotonic() + 60  # it says something at its end, and may wait for ever to be heard
            while child.alive() and not is_finished(out) and time.monotonic() < end:
                time.sleep(0.005)
            end = time.monotonic() + 0.2
            while child.alive() and time.monotonic() < end:
                time.sleep(0.005)
            code = child.stop(signal.SIGKILL) if child.alive() else child.wait()
            assert code not in self.good, f"exit {code}, but nobody could read what it said"
            assert "Traceback" not in child.said(), child.said()[-600:]
            return "holds a finished run" not in child.said()
        else:
            child = self.nursery.start(command, fault=fault)
            at_work = _let_run(child, out, stamp, rng, begin=self.undisturbed.begin, span=span)
            if not child.alive():
                self._finish(child)
                return False
            code = child.stop(signal.Signals[way])
            if way == "SIGINT" and at_work:
                assert code in (130, *self.good), f"exit {code}: {child.said()[-600:]}"
            assert code != 130 or "interrupted" in child.said(), child.said()[-600:]
            return code not in self.good
        return True

    def _finish(self, child: Child) -> None:
        code = child.wait()
        finished = code == 2 and "holds a finished run" in child.said()
        assert code in self.good or finished, f"exit {code} on the next start: {child.said()[-600:]}"

    @contextmanager
    def _place(
        self, disk: Path, ways: Sequence[str], rng: random.Random
    ) -> Iterator[tuple[Path, Callable[[], object]]]:
        """A fresh output directory, and what gives it room again where its disk is too small."""
        disk.mkdir(parents=True)
        if "full disk" not in ways or rng.random() < 0.3:
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


def _stamp(out: Path) -> int:
    """Changes when a run writes into its directory; 0: there is none."""
    try:
        return max(path.stat().st_mtime_ns for path in (out, *out.glob("*"), *out.glob("*/*")))
    except OSError:  # not there yet, or a file that was renamed between two looks
        return 0


def _let_run(child: Child, out: Path, stamp: int, rng: random.Random, *, begin: float, span: float) -> bool:
    """Wait for a random moment: mostly of the work (True), which begins at the first change, or before that.

    Half of those at work are counted in changes: so a machine that became slower is stopped amid its work, too.
    """
    at_work = rng.random() < 0.85
    changes = rng.randint(1, 8) if rng.random() < 0.5 else 1
    end = time.monotonic() + 60
    for number in range(changes if at_work else 0):
        seen = stamp if number == 0 else _stamp(out)
        while child.alive() and _stamp(out) in (0, seen) and time.monotonic() < end:
            time.sleep(0.001)
    span = 0.02 if changes > 1 else span
    end = time.monotonic() + rng.random() * (span if at_work else begin)
    while child.alive() and time.monotonic() < end:
        time.sleep(0.001)
    return at_work


def some_ways(most: int, *, seed: int, number: int) -> list[str]:
    """The ways of chain `number`, of which there are at most `most`.

    A full disk is met first, by every second chain. An output that takes nothing is met last: a run speaks
    when its work is done. Every fourth chain is a single stop.
    """
    first = random.Random(seed).randrange(len(OUTPUTS) * len(SIGNALS)) + number
    if first % 4 == 3:
        return [SIGNALS[first // 4 % len(SIGNALS)]]
    ways = [SIGNALS[(first + n) % len(SIGNALS)] for n in range(len(SIGNALS))]
    ways = [*(["full disk"] if first % 2 == 0 else []), *ways, OUTPUTS[first % len(OUTPUTS)]]
    return ways[-most:] if first % 3 == 0 else ways[:most]


def is_finished(out: Path) -> bool:
    """Whether a directory holds a finished run, of any kind."""
    try:
        said = (out / "run.json").read_text(encoding="utf-8")
    except OSError:
        said = ""
    return '"finished": true' in said or (out / "finished.json").exists()


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
