"""The lines of a text: page numbers, running heads and ornaments among them, and hard-wrapped paragraphs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from minsheng.documents.characters import CLOSING, NUMERAL

_NUMBER = f"(?:[0-9]{{1,4}}|[{NUMERAL}]{{1,5}})"
_PAGE_NUMBER = re.compile(
    rf"[-—–_~·•.\[(（【\s]*(?:第\s*{_NUMBER}\s*页(?:\s*[,，/、|(（]?\s*[共总]\s*{_NUMBER}\s*页)?|[共总]\s*{_NUMBER}\s*页"
    rf"|[-—–~·•]\s*[0-9]{{1,4}}\s*[-—–~·•]|[0-9]{{1,3}}\s*/\s*[0-9]{{1,3}}|[Pp]age\s*[0-9]+(?:\s*of\s*[0-9]+)?)"
    rf"[-—–_~·•.\])）】\s]*"
)
_ORNAMENT = re.compile(r"[^\w㐀-鿿豈-﫿]+|_+")
_ENDED = re.compile(f"[。！？；：!?;:…][{CLOSING}\"']*$")
_OPEN = re.compile(f"[。！？；：，、!?;:,][{CLOSING}\"']*$")  # a sentence or a part of one
_LEAD = re.compile(
    rf"[（(【\[]?(?:第\s*[{NUMERAL}0-9]+\s*[章节条编篇部]|[{NUMERAL}]{{1,3}}\s*[、.．)）]|[0-9]{{1,2}}\s*[、.．)）](?![0-9])|[①-⑳])"
)
_CONTENTS = re.compile(r".{1,60}?(?:[.…·．]\s?){3,}\d{1,4}")  # an entry with a leader and its page
_CONTENTS_TITLE = re.compile(r"目\s*[录次錄]")
_RUNNING = 40  # longest running head in characters
_BREAK = 20  # shortest line that a page end can have cut in mid-sentence
_RAGGED = 6  # half-width cells by which hard-wrapped lines may differ
_NARROWEST, _WIDEST = 36, 200  # cells of a hard-wrapped line


def lines(text: str) -> list[Line]:
    """The lines of a text that are not blank."""
    found: list[Line] = []
    blanks = position = 0
    for raw in text.split("\n"):
        stripped = raw.strip()
        if stripped:
            indent = len(raw) - len(raw.lstrip())
            start = position + indent
            found.append(Line(start, start + len(stripped), indent, blanks))
            blanks = 0
        else:
            blanks += 1
        position += len(raw) + 1
    return found


def trimmed(text: str, line: Line, drops: Sequence[tuple[int, int, str]]) -> Line:
    """The line without what is dropped at its ends (drops in order), empty where that is all of it."""
    start, end = line.start, line.end
    for first, last, _ in drops:
        if first <= start < last:
            start = min(last, end)
            start += len(text[start:end]) - len(text[start:end].lstrip())
    for first, last, _ in reversed(drops):
        if first < end <= last:
            end = max(start, first)
            end -= len(text[start:end]) - len(text[start:end].rstrip())
    return line._replace(start=start, end=end)


def page_furniture(text: str, found: Sequence[Line], *, title: str | None) -> dict[int, str]:
    """Which lines belong to the page and not to the text, and why.

    Page numbers by their form (bare ones where they count up); lines of ornaments; a table of contents with
    page numbers; a short line that comes three times or more and stands beside page numbers or inside
    sentences (once is enough for the title). The document's first line stays.
    """
    reasons: dict[int, str] = {}
    short: dict[int, str] = {}
    for index, line in enumerate(found):
        if line.end - line.start > _RUNNING:
            continue
        words = short[index] = text[line.start : line.end]
        if _PAGE_NUMBER.fullmatch(words):
            reasons[index] = "page_number"
        elif _ORNAMENT.fullmatch(words):
            reasons[index] = "ornament"
    reasons.update(dict.fromkeys(_counting(short), "page_number"))
    reasons.update(dict.fromkeys(_contents(text, found), "contents"))
    places: dict[str, list[int]] = {}
    for i, words in short.items():
        places.setdefault(words, []).append(i)
    for words in [words for words, where in places.items() if len(where) >= 3 and not _OPEN.search(words)]:
        where = [i for i in places[words] if i not in reasons]
        if len(where) >= 3 and _is_running(
            text, found, where, reasons, is_title=words == title or where[0] == 0
        ):
            reasons.update(dict.fromkeys(where[where[0] == 0 :], "page_header"))
    return reasons


def wrapped(text: str, found: Sequence[Line], reasons: Mapping[int, str]) -> dict[int, int]:
    """Which lines go on in which later line: hard-wrapped ones, and ones that a page end cut in two."""
    kept = [i for i, line in enumerate(found) if i not in reasons and line.start < line.end]
    joins: dict[int, int] = {}
    width = _wrap_width(text, [found[i] for i in kept])
    if width is not None:
        joins.update(_wrap_joins(text, found, kept, width))
    for first, second in pairwise(kept):
        between = {reasons.get(i, "") for i in range(first + 1, second)}
        if between and between <= {"page_number", "page_header", "ornament"} and between != {"ornament"}:
            words, following = _words(text, found[first]), _words(text, found[second])
            open_end = not _ENDED.search(words) and (words[-1] in "，、" or len(words) > _BREAK)
            if open_end and not _LEAD.match(following) and found[second].indent == 0 and "\t" not in words:
                joins[first] = second
    return joins


def joint(text: str, first: Line, second: Line) -> str:
    """What stands between two lines that are one: a space between Latin words, else nothing."""
    before, after = text[first.end - 1], text[second.start]
    if before.isdigit() and after.isdigit():
        return ""
    return " " if before.isascii() and before.isalnum() and after.isascii() and after.isalnum() else ""


def _words(text: str, line: Line) -> str:
    return text[line.start : line.end]


def _counting(short: Mapping[int, str]) -> list[int]:
    """Bare numbers on lines of their own that count up by one: page numbers."""
    digits = [i for i, words in short.items() if len(words) < 4 and words.isascii() and words.isdigit()]
    counting = len(digits) > 2 and all(
        b - a > 2 and int(short[b]) - int(short[a]) == 1 for a, b in pairwise(digits)
    )
    return digits if counting else []


def _contents(text: str, found: Sequence[Line]) -> list[int]:
    """The entries of a table of contents, and its title."""
    entries = [
        i
        for i, line in enumerate(found)
        if line.end - line.start <= 90
        and text[line.end - 1].isdigit()
        and _CONTENTS.fullmatch(text, line.start, line.end)
    ]
    if len(entries) < 2:
        return []
    before = entries[0] - 1
    titled = before >= 0 and _CONTENTS_TITLE.fullmatch(text, found[before].start, found[before].end)
    return [before, *entries] if titled else entries


def _is_running(
    text: str, found: Sequence[Line], where: Sequence[int], reasons: Mapping[int, str], *, is_title: bool
) -> bool:
    """Whether a repeated line stands where pages end: for the title once is enough, else mostly."""
    beside = sum(reasons.get(i - 1) == "page_number" or reasons.get(i + 1) == "page_number" for i in where)
    inside = 0
    for i in where[where[0] == 0 :]:
        before = _words(text, found[i - 1]) if i - 1 not in reasons else ""
        after = _words(text, found[i + 1]) if i + 1 < len(found) and i + 1 not in reasons else ""
        is_cut = len(before) > _BREAK and "，" in before and not _ENDED.search(before)
        inside += is_cut and "。" in after and not _LEAD.match(after)
    evidence = max(beside, inside)
    return evidence > 0 if is_title else 3 * evidence >= 2 * len(where)


def _cells(words: str) -> int:
    """Width in half-width cells: GBK has two bytes for each full-width character."""
    return len(words.encode("gbk", "replace"))


def _wrap_width(text: str, kept: Sequence[Line]) -> int | None:
    """The width in cells that lines were wrapped at, None where lines are paragraphs."""
    if len(kept) < 6 or sum(line.end - line.start for line in kept) > _WIDEST * len(kept):
        return None
    widths = [_cells(_words(text, line)) + line.indent for line in kept]
    if sum(width > _WIDEST for width in widths) > 0.1 * len(widths):
        return None
    counts = Counter(widths)
    window = {w: sum(counts[w - k] for k in range(_RAGGED + 1)) for w in counts if _NARROWEST <= w <= _WIDEST}
    if not window:
        return None
    width = max(window, key=lambda w: (window[w], w))
    full = [line for line, w in zip(kept, widths, strict=True) if width - _RAGGED <= w <= width]
    if max(Counter(text[line.start] for line in full).values()) > 0.5 * len(full):
        return None  # lines that begin alike are a list
    longer = sum(w > width for w in widths)
    open_ended = sum(not _ENDED.search(_words(text, line)) for line in full)
    enough = len(full) >= max(4, 0.45 * len(widths)) and longer <= 0.05 * len(widths)
    return width if enough and open_ended >= 0.6 * len(full) else None


def _wrap_joins(text: str, found: Sequence[Line], kept: Sequence[int], width: int) -> dict[int, int]:
    least = min(found[i].indent for i in kept)
    indented = sum(found[i].indent >= least + 2 for i in kept)
    marked = 2 <= indented < 0.9 * len(kept) or sum(found[i].blanks > 0 for i in kept) >= 2
    joins: dict[int, int] = {}
    for first, second in pairwise(kept):
        line, following = found[first], found[second]
        if second - first > 1 or following.blanks or following.indent >= least + 2:
            continue
        if _cells(_words(text, line)) + line.indent < width - _RAGGED:
            continue
        ended = _ENDED.search(_words(text, line)) is not None
        lead = _LEAD.match(_words(text, following)) is not None
        if not ended or (marked and not lead):
            joins[first] = second
    return joins


class Line(NamedTuple):
    """A line that is not blank: `[start, end)` without the white space around it."""

    start: int
    end: int
    indent: int  # white space before it
    blanks: int  # blank lines before it
