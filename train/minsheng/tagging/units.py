"""What is to be done: the files of a run in windows, and the parts that these make.

A window is a fixed number of files, or a table; a part is a window, or a fixed number of a table's rows.
Both follow from the files alone, so several processes that look at the same files agree on them.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from minsheng.config.schema import TagConfig
from minsheng.documents.find import STDIN, Found, find_files
from minsheng.documents.read import read_safely
from minsheng.documents.readers import formats
from minsheng.documents.values import Failure, Source
from minsheng.errors import DocumentError

_TABLES = {"csv", "tsv", "xlsx", "json", "jsonl"}
_ROWS = 16  # windows of rows of one table are this much longer: a row is one paragraph or little more
_LARGE = 64 << 20  # bytes of a table whose parts are dealt over the processes, each of which reads it through

Item = Found | Failure


def place_name(number: int, chunk: int = 0) -> str:
    """The folder of part `chunk` of window `number`."""
    return f"{number:08d}{chunk:06d}"


def _stamp(item: Item) -> tuple[int, ...]:
    """Changes when a file was edited."""
    try:
        status = item.path.stat() if isinstance(item, Found) and item.document != STDIN else None
    except OSError:
        status = None
    return () if status is None else (status.st_size, status.st_mtime_ns)


def is_table(item: Item) -> bool:
    """Whether each row of a file is a document."""
    return isinstance(item, Found) and formats.KINDS.get(formats.suffix_of(item.document)) in _TABLES


def is_large_table(items: Sequence[Item]) -> bool:
    """Whether a window is a table that is too large for one of several processes."""
    return is_table(items[0]) and (_stamp(items[0]) or (0,))[0] >= _LARGE


def _lies_in(item: Item, folder: str) -> bool:
    return isinstance(item, Found) and os.path.abspath(item.path).startswith(folder + os.sep)  # noqa: PTH100


def files_in_windows(
    patterns: Sequence[str], *, window: int, without: Path | None = None
) -> Iterator[tuple[Item, ...]]:
    """`window` files at a time, in order; a table is a window of its own. Files below `without` are left out."""
    left_out = os.path.abspath(without) if without is not None else None  # noqa: PTH100 - does not follow links
    held: list[Item] = []
    for item in find_files(patterns):
        if left_out is not None and _lies_in(item, left_out):
            continue
        if is_table(item):
            if held:
                yield tuple(held)
                held = []
            yield (item,)
            continue
        held.append(item)
        if len(held) == window:
            yield tuple(held)
            held = []
    if held:
        yield tuple(held)


def find_windows(
    patterns: Sequence[str], *, window: int, without: Path | None = None, ranks: int = 1
) -> Iterator[Window]:
    """`files_in_windows`; of several processes, each finds all windows."""
    for items in files_in_windows(patterns, window=window, without=without):
        yield Window(items, ranks > 1 and is_large_table(items))


def _read(item: Item, config: TagConfig) -> Iterator[Source | Failure]:
    if isinstance(item, Failure):
        yield item
        return
    try:
        yield from read_safely(item, config=config.documents)
    except DocumentError as error:
        yield Failure(item.document, error.code, str(error))


def units(
    patterns: Sequence[str],
    *,
    config: TagConfig,
    without: Path | None = None,
    rank: int = 0,
    ranks: int = 1,
    windows: Iterable[Window] | None = None,
) -> Iterator[tuple[Unit, Iterator[Source | Failure]]]:
    """The work of every part of this rank, with its sources, which must be used up before the next part.

    Windows are dealt over the ranks, and so are the parts of a shared table. `windows`: those that
    `patterns` name, where they are known already. A part is the same whatever the number of ranks.
    """
    if windows is None:
        windows = find_windows(patterns, window=config.window, without=without, ranks=ranks)
    for number, window in enumerate(windows):
        if not window.items or not (window.shared or number % ranks == rank):
            continue
        yield from units_of(number, window, config=config, rank=rank, ranks=ranks)


def units_of(
    number: int, window: Window, *, config: TagConfig, rank: int = 0, ranks: int = 1
) -> Iterator[tuple[Unit, Iterator[Source | Failure]]]:
    """As `units`, of one window, which has the `number` among all."""
    if is_table(window.items[0]):
        yield from _chunks(number, window, config, rank=rank, ranks=ranks)
    else:
        yield Unit(window.items, number), (s for item in window.items for s in _read(item, config))


def _chunks(
    number: int, window: Window, config: TagConfig, *, rank: int, ranks: int
) -> Iterator[tuple[Unit, Iterator[Source | Failure]]]:
    """The parts of a table that are this rank's. The rows of the others are passed over one by one."""
    rows, size = _read(window.items[0], config), config.window * _ROWS
    head, first, chunk = next(rows, None), 0, 0
    while head is not None:
        rest = islice(rows, size - 1)
        mine = not window.shared or (number + chunk) % ranks == rank
        taken = [head, *rest] if mine else []
        last = first + (len(taken) if mine else 1 + sum(1 for _ in rest))
        head = next(rows, None)
        if mine:
            yield Unit(window.items, number, chunk, first, last, head is None), iter(taken)
        first, chunk = last, chunk + 1


@dataclass(frozen=True, slots=True)
class Unit:
    """The work of one part: the files of window `number`, or the rows `[first, last)` of the table that it is."""

    items: tuple[Item, ...]
    number: int
    chunk: int = 0  # of the table's parts, which one
    first: int | None = None
    last: int | None = None
    ends: bool = True  # there is no later part of this window

    @property
    def place(self) -> str:
        """The name of its folder: in order of names the parts are in order."""
        return place_name(self.number, self.chunk)

    def name(self) -> str:
        """Changes when the part would hold something else."""
        names = [[item.document, *_stamp(item)] for item in self.items]
        return hashlib.sha256(json.dumps([names, self.first, self.last]).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Window:
    """Files that stand together; `items` is empty where another process has the window."""

    items: tuple[Item, ...]
    shared: bool = False  # a table whose parts are dealt over the processes
