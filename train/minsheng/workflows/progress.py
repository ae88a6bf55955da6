"""Progress for a person: a bar on a terminal, a line now and then elsewhere. Written to standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeVar

_EVERY = 30.0  # seconds between lines where there is no terminal
_BAR = 16  # columns, so that all figures fit into 80

T = TypeVar("T")


def _same(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Voice:
    """How every bar of a command speaks. `say` puts the English words of a bar into the person's language."""

    quiet: bool = False
    say: Callable[[str], str] = _same


_VOICE: ContextVar[Voice | None] = ContextVar("voice", default=None)


@contextmanager
def speaking(voice: Voice) -> Iterator[None]:
    """Every bar that begins inside this speaks so: the command line knows it, and no workflow need pass it on."""
    token = _VOICE.set(voice)
    try:
        yield
    finally:
        _VOICE.reset(token)


def duration(seconds: float) -> str:
    """`1:02:03` or `2:03`."""
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, secs = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{secs:02d}" if hours else f"{minutes}:{secs:02d}"


class Progress:
    """Counts work done against work planned, with rate and time left.

    `total` None: unknown. Only the first process of several shows anything, and nothing is shown where the
    person wants quiet (`speaking`).
    """

    def __init__(self, title: str, *, total: int | None, unit: str, show: bool = True, done: int = 0) -> None:
        voice = _VOICE.get() or Voice()
        self._say, self._show = voice.say, show and not voice.quiet
        self._title, self._unit, self._total = self._say(title), self._say(unit), total
        self._started, self._said = time.monotonic(), time.monotonic()
        self._first, self._done, self._note = done, done, ""
        self._bar: Any = None
        self._room = 0  # columns beside the bar
        self._task: Any = None

    def __enter__(self) -> Progress:
        if self._show and sys.stderr.isatty():
            from rich import progress
            from rich.cells import cell_len
            from rich.console import Console
            from rich.table import Column

            console = Console(stderr=True)
            # What is left of the line for figures and note: a bar is one line on a terminal of any width.
            self._room = max(10, console.width - cell_len(self._title) - _BAR - len(" 0:00:00 ") - 2)
            self._bar = progress.Progress(
                progress.TextColumn("{task.description}", table_column=Column(no_wrap=True)),
                progress.BarColumn(bar_width=_BAR),
                progress.TimeElapsedColumn(),
                progress.TextColumn(
                    "{task.fields[note]}", markup=False, table_column=Column(no_wrap=True)
                ),
                console=console,
            )  # fmt: skip
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
            amount = f"{rate:,.0f}" if rate >= 10 else f"{rate:.2f}"
            parts.append(self._say("{rate}/s").format(rate=amount))
        if rate and self._total and self._done < self._total:
            left = duration((self._total - self._done) / rate)
            parts.append(self._say("{time} left").format(time=left))
        return " · ".join(parts + ([self._note] if self._note else []))

    def _cut(self, text: str) -> str:
        from rich.cells import cell_len, set_cell_size

        return text if cell_len(text) <= self._room else set_cell_size(text, self._room - 1).rstrip() + "…"

    def update(self, done: int, note: str = "") -> None:
        """Say that `done` units are finished in all."""
        self._done, self._note = done, self._say(note) if note else ""
        if self._bar is not None:
            self._bar.update(self._task, completed=done, note=self._cut(self._text()))
        elif self._show and time.monotonic() - self._said >= _EVERY:
            self._said = time.monotonic()
            print(f"{self._title}: {self._text()}", file=sys.stderr, flush=True)


def followed(
    items: Iterable[T], title: str, *, unit: str, total: int | None = None, show: bool = True
) -> Iterator[T]:
    """The same items, with a bar that counts them as they are taken."""
    with Progress(title, total=total, unit=unit, show=show) as bar:
        for number, item in enumerate(items, 1):
            yield item
            bar.update(number)
