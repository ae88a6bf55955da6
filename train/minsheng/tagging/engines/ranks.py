"""Several processes of one run (`accelerate launch`), on one machine or on several that share its folder.

The processes do not wait for each other through their process group: its time-outs (10 to 30 minutes) are
shorter than the work of one rank may outlast that of another, and a rank that died on another machine is
noticed by nobody. Each keeps a small file in the run's folder up to date instead and reads those of others.
"""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from minsheng.errors import EngineError, MinshengError
from minsheng.tagging.engines.plan import missing_part, read_plan, write_plan
from minsheng.tagging.units import Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accelerate import Accelerator

BEAT = 10.0  # seconds between two signs of life
LOST = 180.0  # seconds without one after which a rank is taken for lost
_PAUSE = 0.2  # seconds between two looks while waiting
_AGAIN = (
    "what is finished stays; start the same command again, with as many processes or with others, to go on"
)


def begin(accelerator: Accelerator | None, opening: Callable[[], None]) -> str:
    """Rank 0 does `opening`; returns a word that names this launch, the same in every rank.

    Raises in every rank what `opening` raised.
    """
    told: list[Any] = [uuid4().hex, None]
    if accelerator is None or accelerator.is_main_process:
        try:
            opening()
        except (MinshengError, OSError) as error:
            told[1] = error
    if accelerator is not None and accelerator.num_processes > 1:
        from accelerate.utils import broadcast_object_list

        told = broadcast_object_list(told)
    if told[1] is not None:
        raise told[1]
    return str(told[0])


class Ranks:
    """One rank among the others of a launch; use it as a context, which says how this rank ended."""

    def __init__(
        self, parts: Path, launch: str, *, rank: int, ranks: int, beat: float = BEAT, lost: float = LOST
    ) -> None:
        self.rank, self.ranks = rank, ranks
        self._parts, self._folder = parts, parts / f".launch-{launch}"
        self._beat, self._lost = beat, lost
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._seen: dict[int, tuple[str, float]] = {}
        self._looked = 0.0
        # The ranks that this one follows: rank 0 all others, and they it.
        self._others = tuple(range(1, ranks)) if rank == 0 else (0,)

    def __enter__(self) -> Ranks:
        self._folder.mkdir(parents=True, exist_ok=True)
        if self.rank == 0:
            for old in self._parts.glob(".launch-*"):
                if old != self._folder:
                    shutil.rmtree(old, ignore_errors=True)
        self._say("working", 0)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        with suppress(OSError):  # the first error is the one to hear of
            self._say("done" if error is None else "failed", 0, str(error or "") or type(error).__name__)

    @property
    def plan(self) -> Path:
        """The list of the windows."""
        return self._folder / "plan.txt"

    def list_files(self, patterns: Sequence[str], *, window: int) -> int | None:
        """Rank 0 lists the files, the others wait for it; how many are rank 0's, None where that is unknown.

        Raises EngineError where rank 0 is lost.
        """
        if self.rank == 0:
            return write_plan(
                self.plan, patterns, window=window, without=self._parts.parent, ranks=self.ranks
            )
        self._wait(self.plan.is_file)
        return None

    def windows(self) -> Iterator[Window]:
        """For `tag_parts`. Raises EngineError between two windows where a rank failed or is lost."""
        for window in read_plan(self.plan, rank=self.rank, ranks=self.ranks):
            if time.monotonic() - self._looked >= self._beat:
                self._check()
            yield window

    def wait_for_all(self) -> None:
        """Rank 0: until every part of every rank stands. Raises EngineError where one never will."""
        self._wait(lambda: all(self._state(rank).get("state") == "done" for rank in self._others))
        missing = missing_part(self.plan, self._parts)
        if missing is not None:
            raise EngineError(f"{self._parts.parent}: part {missing} is missing; {_AGAIN}")

    def _wait(self, ready: Callable[[], bool]) -> None:
        while not ready():
            self._check()
            time.sleep(_PAUSE)

    def _check(self) -> None:
        now = self._looked = time.monotonic()
        for rank in self._others:
            state = self._state(rank)
            if state.get("state") == "failed":
                raise EngineError(f"rank {rank} failed ({state['error']}); {_AGAIN}")
            # By this machine's clock alone: those of two machines differ.
            sign = json.dumps(state)
            if sign != self._seen.get(rank, ("", now))[0] or rank not in self._seen:
                self._seen[rank] = (sign, now)
            elif state.get("state") != "done" and now - self._seen[rank][1] > self._lost:
                raise EngineError(f"rank {rank} gave no sign of life for {self._lost:.0f} seconds; {_AGAIN}")

    def _place(self, rank: int) -> Path:
        return self._folder / f"rank-{rank:05d}.json"

    def _state(self, rank: int) -> dict[str, Any]:
        try:
            found = json.loads(self._place(rank).read_text(encoding="utf-8"))
        except (OSError, ValueError):  # not there yet, or just being replaced
            return {}
        return found if isinstance(found, dict) else {}

    def _say(self, state: str, beat: int, error: str = "") -> None:
        place = self._place(self.rank)
        beside = place.with_suffix(".part")
        beside.write_text(json.dumps({"state": state, "beat": beat, "error": error}), encoding="utf-8")
        beside.replace(place)

    def _live(self) -> None:
        beat = 0
        while not self._over.wait(self._beat):
            beat += 1
            with suppress(OSError):
                self._say("working", beat)
