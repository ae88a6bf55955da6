"""The windows of a run in a file, so that one process lists the files and all others follow it.

Two processes that each list an archive of millions of files cost it twice as much, and need not see the
same files where some come and go meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

from minsheng.documents.find import Found
from minsheng.documents.values import Failure
from minsheng.tagging.units import Item, Window, files_in_windows, is_large_table, is_table, place_name

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


def window_rows(place: Path) -> Iterator[dict[str, Any]]:
    """The windows for workers elsewhere: `number`, and `items` (packed) with paths that hold in any folder."""
    with place.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            items = [
                [values[0], str(Path(values[1]).absolute())] if len(values) == 2 else values
                for values in json.loads(line[1:])
            ]
            yield {"number": number, "items": items}


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
