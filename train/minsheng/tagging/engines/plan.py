"""The windows of a run in a file, so that one process lists the files and all others follow it.

Two processes that each list an archive of millions of files cost it twice as much, and need not see the
same files where some come and go meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from minsheng.documents.find import Found
from minsheng.documents.values import Failure
from minsheng.tagging.units import Item, Window, files_in_windows, is_large_table, is_table, place_name

SLICES = 4096  # of a plan, at most: what is held of it in memory, however large the archive
# The first character of a window's line.
_FILES, _TABLE, _LARGE = "F", "T", "L"


def packed(item: Item) -> list[Any]:
    """An item as plain values; `unpacked` is its inverse."""
    return [item.document, str(item.path)] if isinstance(item, Found) else list(astuple(item))


def unpacked(values: Sequence[Any]) -> Item:
    """The item of `packed`."""
    return Found(Path(values[1]), values[0]) if len(values) == 2 else Failure(*values)


def write_plan(
    place: Path, patterns: Sequence[str], *, window: int, without: Path | None, ranks: int = 1
) -> int | None:
    """List the files into `place`, which appears whole or not at all; how many are rank 0's, None with tables.

    One line a window, in order. Memory: one window.
    """
    documents: int | None = 0
    beside = place.with_name(place.name + ".part")
    with beside.open("w", encoding="utf-8", newline="\n") as out:
        for number, items in enumerate(files_in_windows(patterns, window=window, without=without)):
            kind = (_LARGE if is_large_table(items) else _TABLE) if is_table(items[0]) else _FILES
            mine = len(items) if number % ranks == 0 else 0
            documents = None if kind != _FILES or documents is None else documents + mine
            # ASCII: the bytes of a name that is no UTF-8 stand as lone surrogates.
            out.write(kind + json.dumps([packed(item) for item in items]) + "\n")
    beside.replace(place)
    return documents


def read_plan(place: Path, *, rank: int = 0, ranks: int = 1) -> Iterator[Window]:
    """The windows in order; those of other ranks are empty, but for a large table, which all ranks share."""
    with place.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            shared = ranks > 1 and line[0] == _LARGE
            if shared or number % ranks == rank:
                yield Window(tuple(unpacked(values) for values in json.loads(line[1:])), shared)
            else:
                yield Window(())


def read_slice(source: BinaryIO, row: Mapping[str, int]) -> Iterator[tuple[int, bytes]]:
    """The numbers and lines of one slice (`Slices.rows`) of a plan."""
    source.seek(row["offset"])
    yield from enumerate(source.read(row["bytes"]).splitlines(), row["first"])


def slice_plan(place: Path, *, most: int = SLICES) -> list[dict[str, int]]:
    """The slices of a plan, for workers elsewhere."""
    slices = Slices(most)
    with place.open("rb") as lines:
        for line in lines:
            slices.add(len(line))
    return slices.rows()


def window_of(line: bytes, folder: Path) -> Window:
    """The window of a line of `write_plan`; relative paths in it are of `folder`."""
    items = (unpacked(values) for values in json.loads(line[1:]))
    return Window(
        tuple(Found(folder / item.path, item.document) if isinstance(item, Found) else item for item in items)
    )


def missing_part(place: Path, parts: Path) -> str | None:
    """The name of the first part of the plan that does not stand; None: all stand."""
    standing = {path.name for path in parts.iterdir()}
    with place.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            chunk = 0
            while (name := place_name(number, chunk)) in standing:
                if line[0] == _FILES:
                    break
                if json.loads((parts / name / "part.json").read_text(encoding="utf-8"))["ends"]:
                    break
                chunk += 1
            else:
                return name
    return None


@dataclass(slots=True)
class Slices:
    """Runs of neighbouring lines that together are a plan: up to `most` (even) of them, of as many lines each."""

    most: int
    lines: int = 0
    _bytes: int = 0
    _each: int = 1
    _starts: list[tuple[int, int]] = field(default_factory=list)

    def add(self, length: int) -> None:
        """Take in the next line, of `length` bytes."""
        if self.lines % self._each == 0 and len(self._starts) == self.most:
            del self._starts[1::2]
            self._each *= 2
        if self.lines % self._each == 0:
            self._starts.append((self._bytes, self.lines))
        self._bytes += length
        self.lines += 1

    def rows(self) -> list[dict[str, int]]:
        """For each slice `offset` and length in `bytes`, the number of its `first` line, and the `count` of lines."""
        ends = [*self._starts[1:], (self._bytes, self.lines)]
        return [
            {"offset": offset, "bytes": stop - offset, "first": first, "count": last - first}
            for (offset, first), (stop, last) in zip(self._starts, ends, strict=False)
        ]
