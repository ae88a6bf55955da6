"""Printed lines with their places on the page → paragraphs. Pure functions; lengths in points, y upwards.

The order of the file is kept: it follows columns, which an order by height would mix.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

_EDGE = 0.15  # share of the page's height, above and below, where running lines stand
_EDGE_LINES = 2  # outermost lines of a page that may be running lines
_SHORT = 2.0  # a line that ends this many characters before the margin ends its paragraph
_INDENT = 1.2  # a line that begins this many characters after the margin starts one
CELL_GAP = 1.5  # a gap of this many characters separates cells of a table
_LOOSE = 1.6  # a step down of this many usual line steps separates paragraphs
_HEADING = 1.15  # type this much larger than the body's is a heading
_FILLED = 0.5  # share of the width between equal margins that the longest lines fill in running text
_SUPPORT = 3  # lines that must end near a place before it is taken for the margin

_WIDE = (
    r"\u1100-\u115f\u2014\u2018-\u201d\u2026\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef"
)
_ENDS_WIDE = re.compile(f"[{_WIDE}]$")
_STARTS_WIDE = re.compile(f"^[{_WIDE}]")
_HAS_WIDE = re.compile(f"[{_WIDE}]")
_TERMINAL = re.compile(r"[。！？；：.!?;:…][”’」』）)]*$")
_NUMERAL = r"(?:\d{1,4}|[一二三四五六七八九十百〇]{1,5}|[ivxlc]{1,7})"
_ITEM = re.compile(rf"^(?:第{_NUMERAL}[章节条编部]|[（(]?{_NUMERAL}[)）、.．]|[①-⑳])")
_PAGE_NUMBER = re.compile(
    rf"[-—–·•~～\s]*第?\s*({_NUMERAL})\s*页?\s*(?:[,，/／共of\s]*{_NUMERAL}\s*页?)?[-—–·•~～\s]*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Run:
    """Characters that stand together on one printed line. `size` is the height of the type."""

    text: str
    left: float
    right: float
    bottom: float
    size: float


@dataclass(frozen=True, slots=True)
class Row:
    """A printed line: one run, or the cells of a table row joined by tabs."""

    text: str
    left: float
    right: float
    bottom: float
    size: float
    page: int  # 0-based
    cells: int = 1
    column: int = 0  # 0: over the whole page; 1, 2: the left and right of two columns


@dataclass(slots=True)
class Paragraph:
    """Rows joined; `pages` says at which character of `text` a page begins."""

    text: str
    size: float
    pages: list[tuple[int, int]] = field(default_factory=list)


def rows_of(runs: Iterable[Run], *, page: int) -> list[Row]:
    """Runs that follow each other on one line become one row."""
    rows: list[Row] = []
    for run in runs:
        last = rows[-1] if rows else None
        level = last is not None and abs(last.bottom - run.bottom) < 0.5 * min(last.size, run.size)
        # Boxes of substituted fonts overlap a little.
        if last is not None and level and run.left >= last.right - 0.5 * run.size:
            gap = (run.left - last.right) / max(run.size, 1.0)
            joint = "\t" if gap >= CELL_GAP else glue(last.text, run.text)
            text, size = last.text + joint + run.text, max(last.size, run.size)
            cells = last.cells + (joint == "\t")
            rows[-1] = Row(text, last.left, run.right, min(last.bottom, run.bottom), size, page, cells)
        else:
            rows.append(Row(run.text, run.left, run.right, run.bottom, run.size, page))
    return rows


def glue(before: str, after: str) -> str:
    """What stands between two pieces of a sentence: a space between Latin words, nothing in Chinese."""
    if _ENDS_WIDE.search(before) or _STARTS_WIDE.search(after):
        return ""
    if before[-1:].isdigit() and after[:1] in "0123456789.%‰" and _HAS_WIDE.search(before + after):
        return ""  # Chinese setting breaks lines within numbers
    return " "


def without_running_lines(pages: Sequence[Sequence[Row]], heights: Sequence[float]) -> list[list[Row]]:
    """Each page without headers, footers and page numbers.

    A header is a line at the edge that stands at the same place, in the same size, with the same words
    (numbers apart) on two pages or more. A bare number is a page number only if it counts with the pages.
    """
    edges = [_edge_rows(rows, height) for rows, height in zip(pages, heights, strict=True)]
    seen: defaultdict[tuple[str, int], set[int]] = defaultdict(set)
    steps: Counter[int] = Counter()
    for number, rows in enumerate(edges):
        for row in rows:
            for place in _places(row):
                seen[(_pattern(row.text), place)].add(number)
            if row.text.strip().isdigit():
                steps[int(row.text) - number] += 1

    def runs(row: Row, number: int) -> bool:
        if any(len(seen[(_pattern(row.text), place)]) > 1 for place in _places(row)):
            return not row.text.strip().isdigit() or steps[int(row.text) - number] > 1
        if row.text.strip().isdigit():
            return steps[int(row.text) - number] > 1 or (len(pages) == 1 and int(row.text) == 1)
        return bool(_PAGE_NUMBER.fullmatch(row.text))

    dropped = [{id(row) for row in rows if runs(row, number)} for number, rows in enumerate(edges)]
    return [[row for row in rows if id(row) not in gone] for rows, gone in zip(pages, dropped, strict=True)]


def paragraphs(pages: Sequence[Sequence[Row]], widths: Sequence[float]) -> list[Paragraph]:
    """The rows of all pages joined into paragraphs, over page breaks too."""
    rows = [
        row
        for page, width in zip(pages, widths, strict=True)
        for row in _with_columns(page, _gutter(page, width))
    ]
    margins = _margins(rows, median(widths or [0.0]))
    step = _step(rows)
    result: list[Paragraph] = []
    last: Row | None = None
    for row in rows:
        left = margins[row.column][0]
        if last is not None and _continues(last, row, margins[last.column][1], left, step):
            before = result[-1].text
            hyphen = before.endswith("\x02") or (before.endswith("-") and row.text[:1].islower())
            before = before[:-1] if hyphen else before + glue(before, row.text)
            if row.page != last.page:
                result[-1].pages.append((row.page, len(before)))
            result[-1].text = before + row.text
        else:
            result.append(Paragraph(row.text, row.size, [(row.page, 0)]))
        last = row
    for paragraph in result:  # pdfium's sign for a hyphen at the end of a line
        paragraph.text = paragraph.text.replace("\x02", "-")
    return result


def body_size(items: Iterable[Paragraph]) -> float:
    """The size of type in which most characters stand, in half points."""
    counts: Counter[float] = Counter()
    for item in items:
        counts[round(item.size * 2) / 2] += len(item.text)
    return counts.most_common(1)[0][0] if counts else 0.0


def is_heading(item: Paragraph, body: float) -> bool:
    """True for type clearly larger than the body's."""
    return item.size >= _HEADING * body


def _edge_rows(rows: Sequence[Row], height: float) -> list[Row]:
    ordered = sorted(rows, key=lambda row: -row.bottom)
    levels = sorted({round(row.bottom) for row in ordered}, reverse=True)
    outer = {*levels[:_EDGE_LINES], *levels[-_EDGE_LINES:]}
    low, high = height * _EDGE, height * (1 - _EDGE)
    return [row for row in ordered if round(row.bottom) in outer and not low < row.bottom < high]


def _pattern(text: str) -> str:
    return re.sub(r"\d+|(?<=第)[一二三四五六七八九十百]+(?=页)", "#", "".join(text.split()))


def _places(row: Row) -> tuple[int, int]:
    # Two overlapping grids, so that a line that moves by a point does not fall between cells.
    return int(row.bottom // 6) * 2, int((row.bottom + 3) // 6) * 2 + 1


def _gutter(rows: Sequence[Row], width: float) -> float | None:
    """The middle of the white band between two columns of text, or None."""
    single = [row for row in rows if row.cells == 1]
    for share in (0.5, 0.45, 0.55, 0.4, 0.6):
        place = width * share
        before = sum(row.right <= place for row in single)
        after = sum(row.left >= place for row in single)
        crossing = len(single) - before - after
        if min(before, after) >= 5 and crossing <= 0.2 * len(single):
            return place
    return None


def _with_columns(rows: Sequence[Row], gutter: float | None) -> list[Row]:
    if gutter is None:
        return list(rows)
    sides = [1 if row.right <= gutter else 2 if row.left >= gutter else 0 for row in rows]
    return [
        Row(row.text, row.left, row.right, row.bottom, row.size, row.page, row.cells, side)
        for row, side in zip(rows, sides, strict=True)
    ]


def _margins(rows: Sequence[Row], width: float) -> dict[int, tuple[float, float]]:
    """Column → the left and right margin of its text over the whole document."""
    margins = {}
    for column in {row.column for row in rows}:
        single = [row for row in rows if row.column == column and row.cells == 1] or list(rows)
        em = median(row.size for row in single)
        lefts = sorted(row.left for row in single)
        rights = sorted((row.right for row in single), reverse=True)
        left = next((x for x in lefts if sum(abs(y - x) < 0.5 * em for y in lefts) >= _SUPPORT), lefts[0])
        right = next((x for x in rights if sum(0 <= x - y < 1.5 * em for y in rights) >= _SUPPORT), rights[0])
        # Where all lines are short, as in a list, none of them reaches the margin.
        widest = (width - 2 * left) / (1 if column == 0 else 2)
        margins[column] = (left, right if right - left >= _FILLED * widest else left + widest)
    return margins


def _step(rows: Sequence[Row]) -> float:
    """The usual distance between two lines of body text."""
    steps = [
        a.bottom - b.bottom
        for a, b in pairwise(rows)
        if a.page == b.page and a.bottom > b.bottom and b.size > 0 and a.bottom - b.bottom < 4 * b.size
    ]
    return median(steps) if steps else 0.0


def _continues(last: Row, row: Row, last_right: float, left: float, step: float) -> bool:
    """True if a row goes on with the paragraph of the row before it."""
    em = row.size
    if last.cells > 1 or row.cells > 1 or abs(last.size - row.size) > 0.1 * max(last.size, row.size):
        return False
    if last.right < last_right - _SHORT * em:
        return False
    down = last.bottom - row.bottom
    if last.page == row.page and down > 0 and step and down > _LOOSE * step:
        return False
    ended = bool(_TERMINAL.search(last.text))
    if ended and _ITEM.match(row.text):
        return False
    if row.left < left + _INDENT * em:
        return True
    # A block that is indented as a whole has no first line that stands out.
    return not ended and last.left >= row.left - 0.3 * em and last.page == row.page
