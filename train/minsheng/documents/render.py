"""A document as lines of plain text for `minsheng read`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from minsheng.documents.values import Document, Dropped, one_line

_EXCERPT = 60  # characters shown of a dropped or flagged span
_COUNTED = ("space", "invisible", "markup", "gloss")  # small and many: shown as numbers
_NAMES = {
    "gloss": "pinyin glosses",
    "invisible": "invisible characters",
    "markup": "format marks",
    "space": "white space",
}


def render(document: Document, *, dropped: bool = False) -> Iterator[str]:
    """Lines that show a document as it will be tagged: a line about the source, then headings and numbered
    passages (numbers from 0 as in `tags.jsonl`) in order, then flags; with `dropped` also what was dropped
    and why, with offsets into the source. No line has a line end or control sequence in it."""
    yield from _head(document)
    parts = [(h.start, -1, h.text) for h in document.headings]
    parts += [(p.start, number, p.text) for number, p in enumerate(document.passages)]
    for _, number, text in sorted(parts):
        if number < 0:
            yield ""
            yield f"# {text}"
            continue
        passage = document.passages[number]
        page = f"  page {passage.page}" if passage.page is not None else ""
        under = f"  under: {passage.heading}" if passage.heading else ""
        yield ""
        yield f"[{number}]{page}{under}"
        yield from (f"  {line}" for line in text.replace("\t", "  |  ").split("\n"))
    yield from _flags(document)
    if dropped:
        yield from _dropped(document)


def _head(document: Document) -> Iterator[str]:
    source = document.source
    yield one_line(source.document)
    facts = [f"{len(document.passages)} passages", f"{len(document.headings)} headings"]
    facts += [f"{sum(len(p.text) for p in document.passages):,} characters"]
    facts += [f"{len(source.pages)} pages"] if source.pages else []
    if source.encoding:
        sure = f" ({source.confidence:.0%})" if source.confidence is not None else ""
        facts.append(f"encoding {source.encoding}{sure}")
    facts += [f"date {one_line(source.date)}"] if source.date else []
    facts += [f"title {one_line(source.title)}"] if source.title else []
    yield " · ".join(facts)


def _flags(document: Document) -> Iterator[str]:
    if document.flags:
        yield ""
        yield f"Flagged ({len(document.flags)})"
    for flag in document.flags:
        yield f"  {flag.reason} at {flag.start}: {_excerpt(document.source.text[flag.start : flag.end])}"


def _dropped(document: Document) -> Iterator[str]:
    text = document.source.text
    yield ""
    yield f"Dropped ({len(document.dropped)})"
    for span in document.dropped:
        if span.reason not in _COUNTED:
            yield f"  {span.reason} at {span.start}: {_excerpt(text[span.start : span.end])}"
    counts = Counter(span.reason for span in document.dropped if span.reason in _COUNTED)
    for reason, count in sorted(counts.items()):
        yield f"  {_NAMES[reason]}: {count}{_examples(document, reason)}"


def _examples(document: Document, reason: str) -> str:
    if reason != "gloss":
        return ""
    spans: list[Dropped] = [span for span in document.dropped if span.reason == reason][:5]
    return ", such as " + " ".join(document.source.text[max(0, s.start - 1) : s.end] for s in spans)


def _excerpt(text: str) -> str:
    words = " ".join("".join(c if c.isprintable() or c.isspace() else "\ufffd" for c in text).split())
    return words if len(words) <= _EXCERPT else f"{words[: _EXCERPT - 1]}… ({len(text)} characters)"
