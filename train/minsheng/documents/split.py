"""Cleaned → Document: lines become headings and passages; long blocks are cut at sentence ends."""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from minsheng.config.schema import SplitConfig
from minsheng.documents import align
from minsheng.documents.align import separable, source_span
from minsheng.documents.headings import Kind, Span, kinds, main_heading
from minsheng.documents.sentences import sentences
from minsheng.documents.values import Aligned, Cleaned, Document, Dropped, Heading, Passage

_CLAUSE = re.compile("[，；、,：]+")
_PARAGRAPH_BREAK = re.compile("(?<=[。！？…”）]) (?=\\S)")
_SENTENCE_END = re.compile("[。！？…][”’）》]?")
_TINY = 0.08  # of the limit: a paragraph shorter than this does not stand alone in a cut block
_WEAK = 0.1  # of the limit: how far a cut may move away from the best place to stand at 。 and not at ；


def split(cleaned: Cleaned, *, config: SplitConfig) -> Document:
    """Split a cleaned text into passages of at most `max_characters`.

    A line is a paragraph; rows of a table (and of a list of short lines) that follow each other are one
    passage as far as they fit. A longer block is cut where it seems to have lost paragraph breaks, then at
    sentence ends into pieces of balanced length, a longer sentence at commas, else anywhere.
    `Passage.heading` is the nearest heading before it, not its parents: `headings` has all of them.
    Passages are in order and do not overlap. Every source character that is not white space lies in a
    passage, a heading or a dropped span.
    """
    text, aligned = cleaned.aligned.text, cleaned.aligned
    spans = _lines(text)
    headings: list[Heading] = []
    passages: list[Passage] = []
    above: list[str] = []  # headings in a row, not yet followed by a passage
    heading: str | None = None
    for is_heading, start, end in _blocks(cleaned, spans, config=config):
        if is_heading:
            headings.append(Heading(text[start:end], *source_span(aligned, start, end)))
            above.append(text[start:end])
            continue
        if above:
            heading = above[main_heading(above)]
            above.clear()
        for a, b in _pieces(aligned, start, end, config.max_characters):
            first, last = source_span(aligned, a, b)
            passages.append(Passage(text[a:b], first, last, heading, _page(cleaned.source.pages, first)))
    dropped = _all_dropped(cleaned, passages, headings)
    return Document(cleaned.source, tuple(passages), tuple(headings), dropped, cleaned.flags)


def _lines(text: str) -> list[Span]:
    spans: list[Span] = []
    start = 0
    for line in text.split("\n"):
        if line:
            spans.append((start, start + len(line)))
        start += len(line) + 1
    return spans


def _blocks(
    cleaned: Cleaned, spans: Sequence[Span], *, config: SplitConfig
) -> Iterator[tuple[bool, int, int]]:
    """Spans of the cleaned text in order, each with whether it is a heading; rows are put together."""
    rows: Span | None = None
    found = kinds(cleaned, spans, longest=config.heading_characters)
    for kind, (start, end) in zip(found, spans, strict=True):
        if rows and (kind is not Kind.ROW or end - rows[0] > config.max_characters):
            yield False, *rows
            rows = None
        if kind is Kind.ROW:
            rows = (rows[0] if rows else start, end)
        else:
            yield kind is Kind.HEADING, start, end
    if rows:
        yield False, *rows


def _pieces(aligned: Aligned, start: int, end: int, longest: int) -> Iterator[Span]:
    """Cut `[start, end)` of the text into spans of at most `longest` characters."""
    if end - start <= longest:
        yield start, end
        return
    text = aligned.text
    breaks = [m.start() for m in _PARAGRAPH_BREAK.finditer(text, start, end) if separable(aligned, m.start())]
    # Where every other sentence has a space after it, that is how the author types.
    if breaks and len(breaks) < 0.5 * len(_SENTENCE_END.findall(text, start, end)):
        paragraphs = list(zip([start, *(p + 1 for p in breaks)], [*breaks, end], strict=True))
        for a, b in _without_tiny(paragraphs, longest):
            yield from _balanced(aligned, a, b, longest)
    else:
        yield from _balanced(aligned, start, end, longest)


def _without_tiny(paragraphs: Sequence[Span], longest: int) -> list[Span]:
    """Put salutations, dates and leads together with what follows, else with what precedes, if it fits."""
    tiny = _TINY * longest
    merged: list[Span] = []
    for start, end in paragraphs:
        fits = bool(merged) and end - merged[-1][0] <= longest
        last_tiny = end == paragraphs[-1][1] and end - start < tiny
        if fits and (merged[-1][1] - merged[-1][0] < tiny or last_tiny):
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def _balanced(aligned: Aligned, start: int, end: int, longest: int) -> Iterator[Span]:
    text = aligned.text
    if end - start > longest:
        places = [start + b for _, b in sentences(text[start:end])]
    while end - start > longest:
        pieces = math.ceil((end - start) / longest)
        target = start + (end - start) / pieces
        # From `least` on, what is left fits into one piece less.
        least = max(start + 1, end - (pieces - 1) * longest)
        for first in (least, start + longest // 4):
            near = places[bisect_left(places, first) : bisect_right(places, start + longest)]
            near = [p for p in near if p < end and separable(aligned, p)]
            if near:
                break
        else:
            clauses = [m.end() for m in _CLAUSE.finditer(text, least, start + longest)]
            near = [p for p in clauses if p < end and separable(aligned, p)]
            near = near or [_anywhere(aligned, int(target), start)]
        place = min(near, key=lambda p: abs(p - target) + (_WEAK * longest if text[p - 1] == "；" else 0))
        yield _stripped(text, start, place)
        start = place
    if start < end:
        yield _stripped(text, start, end)


def _anywhere(aligned: Aligned, place: int, start: int) -> int:
    while place > start + 1 and not separable(aligned, place):
        place -= 1
    return place


def _stripped(text: str, start: int, end: int) -> Span:
    while end > start + 1 and text[end - 1].isspace():
        end -= 1
    while start < end - 1 and text[start].isspace():
        start += 1
    return start, end


def _page(pages: Sequence[int], offset: int) -> int | None:
    return max(1, bisect_right(pages, offset)) if pages else None


def _all_dropped(
    cleaned: Cleaned, passages: Sequence[Passage], headings: Sequence[Heading]
) -> tuple[Dropped, ...]:
    """What cleaning dropped, and the white space between passages."""
    kept = [(p.start, p.end) for p in passages] + [(h.start, h.end) for h in headings]
    known = sorted(kept + [(d.start, d.end) for d in cleaned.dropped])
    between = [Dropped(a, b, "space") for a, b in align.gaps(known, len(cleaned.source.text))]
    merged: list[Dropped] = []
    for span in sorted([*cleaned.dropped, *between], key=lambda d: d.start):
        if merged and span.reason == merged[-1].reason == "space" and span.start == merged[-1].end:
            merged[-1] = Dropped(merged[-1].start, span.end, "space")
        else:
            merged.append(span)
    return tuple(merged)
