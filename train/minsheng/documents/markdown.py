"""Markdown marks taken out of a text: headings, lists, quotes, emphasis, links, images, tables, fences."""

from __future__ import annotations

import re
from collections.abc import Iterator

from minsheng.documents.align import Edit, edit_text

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(?:[^\n]*\n){0,60}?---[ \t]*(?:\n|\Z)")
_LONGEST_COMMENT = 2000  # characters
# Possessive repeats: long runs of blanks or bars that fit no pattern cost one pass.
_RULE_ROW = re.compile(
    r"^[ \t]*+\|?[ \t]*+:?-{2,}+:?[ \t]*+(?:\|[ \t]*+:?-{2,}+:?[ \t]*+)*+\|?[ \t]*+$", re.MULTILINE
)
_FENCE = re.compile(r"^[ \t]*+(?:`{3,}|~{3,}+)[^\n`]*$", re.MULTILINE)
_LEAD = re.compile(
    r"^[ \t]*+(?:>[ \t]?)*(?:#{1,6}[ \t]+|[-*+][ \t]+(?:\[[ xX]\][ \t]+)?|(?<=>)[ \t]?)", re.MULTILINE
)
_HEADING_TAIL = re.compile(r"(?<=\S)[ \t]++#+[ \t]*$", re.MULTILINE)
_IMAGE = re.compile(r"!\[([^\]\n]{0,300})\]\([^)\n]{0,1000}\)")
_LINK = re.compile(r"\[([^\]\n]{1,300})\]\([^)\s]{0,1000}(?:[ \t]+\"[^\"\n]*\")?\)")
_EMPHASIS = re.compile(
    r"(\*\*\*|\*\*|\*|~~|`)(?=\S)([^*`~\n]+?)(?<=\S)\1|(?<!\w)(__|_)(?=\S)([^_\n]+?)(?<=\S)\3(?!\w)"
)
_ROW = re.compile(r"^[ \t]*+\|([^|\n]*+(?:\|[^|\n]*+)*)\|[ \t]*$", re.MULTILINE)


def markdown(text: str) -> list[list[Edit]]:
    """Edits that take the marks out, in rounds: offsets point into the text as the last round left it."""
    rounds: list[list[Edit]] = []
    for step in (_blocks, _leads, _links, _emphasis, _cells):
        edits = list(step(text))
        if edits:
            rounds.append(edits)
            text = edit_text(text, edits)
    return rounds


def _blocks(text: str) -> Iterator[Edit]:
    position = 0
    spans = [m.span() for p in (_FRONT_MATTER, _RULE_ROW, _FENCE) for m in p.finditer(text)]
    for start, end in sorted([*spans, *_comments(text)], key=lambda span: (span[0], -span[1])):
        if start >= position and start < end:
            yield start, end, ""
            position = end


def _comments(text: str) -> Iterator[tuple[int, int]]:
    # By hand: as a pattern, each of a thousand openings would be followed for the longest comment.
    start, close = text.find("<!--"), 0
    while start >= 0:
        if close < start + 4:
            close = text.find("-->", start + 4)
            if close < 0:
                return
        whole = close - start - 4 <= _LONGEST_COMMENT
        if whole:
            yield start, close + 3
        start = text.find("<!--", close + 3 if whole else start + 4)


def _leads(text: str) -> Iterator[Edit]:
    position = 0
    matches = [m for p in (_LEAD, _HEADING_TAIL) for m in p.finditer(text) if m.group().strip()]
    for match in sorted(matches, key=lambda m: m.start()):
        if match.start() >= position:
            yield match.start(), match.end(), ""
            position = match.end()


def _links(text: str) -> Iterator[Edit]:
    for match in re.finditer(f"{_IMAGE.pattern}|{_LINK.pattern}", text):
        group = 1 if match.group(1) is not None else 2
        yield from _around(match, group)


def _emphasis(text: str) -> Iterator[Edit]:
    for match in _EMPHASIS.finditer(text):
        yield from _around(match, 2 if match.group(2) is not None else 4)


def _cells(text: str) -> Iterator[Edit]:
    for row in _ROW.finditer(text):
        yield row.start(), row.start(1), ""
        for bar in re.finditer(r"[ \t]*\|[ \t]*", text[row.start(1) : row.end(1)]):
            yield row.start(1) + bar.start(), row.start(1) + bar.end(), "\t"
        yield row.end(1), row.end(), ""


def _around(match: re.Match[str], group: int) -> Iterator[Edit]:
    if match.start() < match.start(group):
        yield match.start(), match.start(group), ""
    if match.end(group) < match.end():
        yield match.end(group), match.end(), ""
