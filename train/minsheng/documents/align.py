"""Operations on `Aligned`: every edit of a text keeps track of where its characters came from.

An edit `(start, end, replacement)` names a span of the text by character offsets. Edits are given in order
and do not overlap; each must take away at least one character, so that every character of the result has a
source. All operations return new values.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from minsheng.documents.values import Aligned, Dropped

Edit: TypeAlias = tuple[int, int, str]


def identity(text: str) -> Aligned:
    """The text aligned with itself."""
    count = np.arange(len(text) + 1, dtype=np.int32)  # twenty times as fast as array("i", range(…))
    return Aligned(text, array("i", count[:-1].tobytes()), array("i", count[1:].tobytes()))


def edit_text(text: str, edits: Sequence[Edit]) -> str:
    """The text after the edits; ValueError where they overlap, are out of order or insert."""
    parts: list[str] = []
    position = 0
    for start, end, replacement in edits:
        _check(start, end, position, len(text))
        parts += (text[position:start], replacement)
        position = end
    parts.append(text[position:])
    return "".join(parts)


def edit(aligned: Aligned, edits: Sequence[Edit]) -> Aligned:
    """The aligned text after the edits.

    The characters of a replacement share the source of what they replace: in equal parts and in order where
    it is at least as long, else several characters point to the same source character.
    """
    if not edits:
        return aligned
    text = edit_text(aligned.text, edits)
    starts, ends = array("i"), array("i")
    position = 0
    for start, end, replacement in edits:
        starts += aligned.starts[position:start]
        ends += aligned.ends[position:start]
        position, width, count = end, end - start, len(replacement)
        if count == width:
            starts += aligned.starts[start:end]
            ends += aligned.ends[start:end]
        elif count == 1:
            starts.append(aligned.starts[start])
            ends.append(aligned.ends[end - 1])
        elif count:
            for k in range(count):
                first = start + k * width // count
                last = max(first, start + (k + 1) * width // count - 1)
                starts.append(aligned.starts[first])
                ends.append(aligned.ends[last])
    starts += aligned.starts[position:]
    ends += aligned.ends[position:]
    return Aligned(text, starts, ends)


def retext(aligned: Aligned, text: str) -> Aligned:
    """The same alignment under a text of the same length, changed character by character."""
    if len(text) != len(aligned.text):
        raise ValueError(f"retext keeps the length: {len(aligned.text)} characters became {len(text)}")
    return Aligned(text, aligned.starts, aligned.ends)


def cut(aligned: Aligned, start: int, end: int) -> Aligned:
    """The part `[start, end)` of the text, still pointing into the whole source."""
    return Aligned(aligned.text[start:end], aligned.starts[start:end], aligned.ends[start:end])


def concatenate(parts: Iterable[Aligned]) -> Aligned:
    """The parts one after another; ValueError if their sources are not in order."""
    texts: list[str] = []
    starts, ends = array("i"), array("i")
    for part in parts:
        if part.text and ends and part.starts[0] < ends[-1]:
            raise ValueError(f"parts are out of order: {part.starts[0]} comes after {ends[-1]}")
        texts.append(part.text)
        starts += part.starts
        ends += part.ends
    return Aligned("".join(texts), starts, ends)


def source_span(aligned: Aligned, start: int, end: int) -> tuple[int, int]:
    """The source span that the characters `[start, end)` of the text came from; `start < end`."""
    return aligned.starts[start], aligned.ends[end - 1]


def separable(aligned: Aligned, position: int) -> bool:
    """Whether the characters before and after `position` came from different source characters."""
    return aligned.ends[position - 1] <= aligned.starts[position]


def gaps(spans: Iterable[tuple[int, int]], length: int) -> list[tuple[int, int]]:
    """What sorted spans leave uncovered of `[0, length)`."""
    found: list[tuple[int, int]] = []
    covered = 0
    for start, end in spans:
        if start > covered:
            found.append((covered, start))
        covered = max(covered, end)
    if covered < length:
        found.append((covered, length))
    return found


def runs(aligned: Aligned) -> list[tuple[int, int]]:
    """The source spans that the text covers without a gap, in order."""
    if not aligned.text:
        return []
    starts, ends = np.frombuffer(aligned.starts, np.int32), np.frombuffer(aligned.ends, np.int32)
    breaks = np.flatnonzero(starts[1:] > ends[:-1]) + 1
    edges = [0, *breaks.tolist(), len(starts)]
    return [(aligned.starts[first], aligned.ends[last - 1]) for first, last in pairwise(edges)]


def disjoint(dropped: Iterable[Dropped]) -> tuple[Dropped, ...]:
    """Dropped spans in order and without overlap: an outer span takes in those within it."""
    kept: list[Dropped] = []
    for span in sorted(dropped, key=lambda d: (d.start, -d.end)):
        covered = kept[-1].end if kept else 0
        if span.end > covered:
            start = max(span.start, covered)
            kept.append(span if start == span.start else Dropped(start, span.end, span.reason))
    return tuple(kept)


def with_spaces(aligned: Aligned, dropped: Iterable[Dropped], length: int) -> tuple[Dropped, ...]:
    """The dropped spans in order, and as `space` all else of the source that the text does not cover."""
    known = disjoint(dropped)
    covered = sorted([*runs(aligned), *((d.start, d.end) for d in known)])
    spaces = [Dropped(start, end, "space") for start, end in gaps(covered, length)]
    return disjoint([*known, *spaces]) if spaces else known


def _check(start: int, end: int, position: int, length: int) -> None:
    if not position <= start < end <= length:
        raise ValueError(f"edit [{start}, {end}) after {position} in a text of {length} characters")
