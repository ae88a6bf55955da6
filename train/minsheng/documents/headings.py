"""Which lines of a cleaned text are headings, which are body text, which are rows."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from enum import Enum

from minsheng.documents.characters import CLOSING, NUMERAL
from minsheng.documents.values import Cleaned, Source

Span = tuple[int, int]


_ENDED = re.compile(f"[。！？；…!?;，、,：:][{CLOSING}\"']*$")
_INNER_END = re.compile(f"[。！？；](?![{CLOSING}]*$)")
# What stands before a line in the source: a Markdown heading, an item of a list.
_MARKED = re.compile(r"[ \t]{0,3}(?:>[ \t]?)*#{1,6}[ \t]+")
_ITEM = re.compile(r"\s*(?:>[ \t]?)*[-*+][ \t]+(?:\[[ xX]\][ \t]+)?")
# Numbering of chapters, sections and items; 第…条 begins an article, which is body text.
_NUMBERING = (
    re.compile(rf"第\s?[{NUMERAL}0-9]+\s?(?:编|篇|部分|章)"),
    re.compile(rf"第\s?[{NUMERAL}0-9]+\s?节"),
    re.compile(rf"[{NUMERAL}]{{1,3}}\s?[、.．]"),
    re.compile(rf"[（(]\s?[{NUMERAL}]{{1,3}}\s?[）)]"),
    re.compile(r"[0-9]{1,2}(?:[、．）)]|\.)(?![0-9])|[0-9]{1,2}(?:\.[0-9]{1,2})+\s?(?![0-9%万亿])"),
    re.compile(r"[（(][0-9]{1,2}[）)]|[①-⑳]"),
)
_NEVER = re.compile(rf"第\s?[{NUMERAL}0-9]+\s?条|图[为：:（(0-9]|表[0-9]|注[：:]|附[：:件]|[-•·●■◆*]\s?\S")
_WORDS = re.compile("[㐀-鿿A-Za-z]")
_SIGNATURE = re.compile(
    rf"[（(]?[0-9〇○{NUMERAL}]{{4}}\s?年[0-9{NUMERAL}]{{1,3}}\s?月.{{0,6}}|.{{2,24}}(?:政府|委员会|办公室|[局厅委部院署处队会])"
)
_SOURCE_LINE_END = re.compile("[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_LONGEST_MARK = 200  # characters before a line that are looked at for the marks of a heading or an item
_LONGEST_MARKED = 100  # a longer line that the format marks as a heading is a paragraph in the wrong style
_LIST = 4  # so many short lines in a row in mid-text, none of them numbered, are a list and no headings


def kinds(cleaned: Cleaned, spans: Sequence[Span], *, longest: int) -> list[Kind]:
    """The kind of each line.

    A heading is marked as one by the format, or it is a short line (up to `longest` characters) that is no
    sentence and has text after it. Numbered lines that only follow each other are items of a list and so
    body text, and many short lines in a row are rows. A text of nothing but short lines keeps the first as
    its heading, a single line is always body text: there must be something to label.
    """
    text = cleaned.aligned.text
    formatted = _formatted(cleaned, spans)
    levels = [_level(text[start:end]) if end - start <= longest else 0 for start, end in spans]
    found: list[Kind] = []
    for i, (start, end) in enumerate(spans):
        words = text[start:end]
        short = _is_short(words, level=levels[i], first=i == 0, longest=longest)
        formatted[i] = formatted[i] and len(words) <= _LONGEST_MARKED
        if formatted[i] or (short and not _is_item(cleaned, start)):
            found.append(Kind.HEADING)
        else:
            found.append(Kind.ROW if "\t" in words else Kind.BODY)
    for first, last in _runs(found):
        for i in range(first, last):
            beside = {levels[k] for k in (i - 1, i + 1) if first <= k < last and not formatted[k]}
            if levels[i] in beside - {0} and not formatted[i]:
                found[i] = Kind.BODY  # an item of a list
    _unnumbered(text, spans, found, [f or bool(n) for f, n in zip(formatted, levels, strict=True)])
    if Kind.HEADING in found and all(kind is Kind.HEADING for kind in found):
        found[min(1, len(found) - 1) :] = [Kind.BODY] * max(1, len(found) - 1)
    return found


def main_heading(texts: Sequence[str]) -> int:
    """Which of the headings in a row names what follows: the last numbered one, else the first (a title
    comes before its subtitle and its author)."""
    numbered = [i for i, words in enumerate(texts) if _level(words)]
    return numbered[-1] if numbered else 0


def _unnumbered(text: str, spans: Sequence[Span], found: list[Kind], sure: Sequence[bool]) -> None:
    """Turn short lines without number or format into rows (many) or body text (the last of a document,
    unless it is a signature or date)."""
    for first, last in _runs([k if not s else None for k, s in zip(found, sure, strict=True)]):
        if first == 0:
            continue
        if last - first >= _LIST:
            found[first:last] = [Kind.ROW] * (last - first)
        elif last == len(spans):
            for i in range(first, last):
                if not _SIGNATURE.fullmatch(text[spans[i][0] : spans[i][1]]):
                    found[i] = Kind.BODY


def _runs(found: Sequence[Kind | None]) -> Iterator[Span]:
    """Index ranges of neighbouring headings."""
    first: int | None = None
    for i, kind in enumerate([*found, None]):
        if kind is Kind.HEADING:
            first = i if first is None else first
        elif first is not None:
            yield first, i
            first = None


def _formatted(cleaned: Cleaned, spans: Sequence[Span]) -> list[bool]:
    """Which lines the format itself marks as headings."""
    source, starts = cleaned.source, cleaned.aligned.starts
    if source.headings:
        firsts = [span[0] for span in source.headings]
        found = []
        for start, _ in spans:
            k = bisect_right(firsts, starts[start]) - 1
            found.append(k >= 0 and starts[start] < source.headings[k][1])
        return found
    if source.markup == "markdown" and "#" in source.text:
        return [_MARKED.fullmatch(_before(source, starts[start])) is not None for start, _ in spans]
    return [False] * len(spans)


def _is_item(cleaned: Cleaned, start: int) -> bool:
    if cleaned.source.markup != "markdown":
        return False
    return _ITEM.fullmatch(_before(cleaned.source, cleaned.aligned.starts[start])) is not None


def _before(source: Source, offset: int) -> str:
    """The part of the source's line before an offset."""
    return _SOURCE_LINE_END.split(source.text[max(0, offset - _LONGEST_MARK) : offset])[-1]


def _level(words: str) -> int:
    """The level of a line's numbering, 1 for chapters; 0 where it has none."""
    return next((level for level, pattern in enumerate(_NUMBERING, 1) if pattern.match(words)), 0)


def _is_short(words: str, *, level: int, first: bool, longest: int) -> bool:
    if len(words) > longest or "\t" in words or not _WORDS.search(words) or _NEVER.match(words):
        return False
    if level:
        words = words.removesuffix("：")
    if _ENDED.search(words) or _INNER_END.search(words):
        return False
    return level > 0 or first or "，" not in words


class Kind(Enum):
    """What a line is."""

    HEADING = "heading"
    BODY = "body"
    ROW = "row"  # of a table, or of a list of short lines: shares a passage with its neighbours
