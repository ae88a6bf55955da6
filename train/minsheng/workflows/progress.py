"""Progress for a person: a bar on a terminal, a line now and then elsewhere. Written to standard error."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

_EVERY = 30.0  # seconds between lines where there is no terminal


def duration(seconds: float) -> str:
    """`1:02:03` or `2:03`."""
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, secs = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{secs:02d}" if hours else f"{minutes}:{secs:02d}"


class Progress:
    """Counts work done against work planned, with rate and time left.

    `total` None: unknown. Only the first process of several shows anything.
    """

    def __init__(self, title: str, *, total: int | None, unit: str, show: bool = True, done: int = 0) -> None:
        self._title, self._total, self._unit, self._show = title, total, unit, show
        self._started, self._said = time.monotonic(), time.monotonic()
        self._first, self._done, self._note = done, done, ""
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Progress:
        if self._show and sys.stderr.isatty():
            from rich import progress
            from rich.console import Console

            self._bar = progress.Progress(
                progress.TextColumn("{task.description}"),
                progress.BarColumn(bar_width=24),
                progress.TextColumn("{task.fields[note]}"),
                progress.TimeElapsedColumn(),
                console=Console(stderr=True),
            )
            self._bar.start()
            self._task = self._bar.add_task(self._title, total=self._total, completed=self._done, note="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def _text(self) -> str:
        elapsed = time.monotonic() - self._started
        rate = (self._done - self._first) / elapsed if elapsed > 0.5 else 0.0
        parts = [f"{self._done:,}" + (f"/{self._total:,}" if self._total else "") + f" {self._unit}"]
        if rate:
            parts.append(f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.2f}/s")
        if rate and self._total:
            parts.append(f"{duration((self._total - self._done) / rate)} left")
        return " · ".join(parts + ([self._note] if self._note else []))

    def update(self, done: int, note: str = "") -> None:
        """Say that `done` units are finished in all."""
        self._done, self._note = done, note
        if self._bar is not None:
            self._bar.update(self._task, completed=done, note=self._text())
        elif self._show and time.monotonic() - self._said >= _EVERY:
            self._said = time.monotonic()
            print(f"{self._title}: {self._text()}", file=sys.stderr, flush=True)
