"""A document as lines of plain text for `minsheng read`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from minsheng.documents.values import Document, Dropped, Flag, one_line

_EXCERPT = 60  # characters shown of a dropped or flagged span
_COUNTED = ("space", "invisible", "markup", "gloss")  # small and many: shown as numbers
# Why something was dropped or flagged, as a person reads it.
REASONS = {
    "byline": "byline",
    "contents": "table of contents",
    "copyright": "legal notice",
    "download": "download prompt",
    "footer": "page footer",
    "gloss": "pinyin glosses",
    "invisible": "invisible characters",
    "keywords": "keywords",
    "links": "list of links",
    "markup": "format marks",
    "mojibake": "mojibake",
    "navigation": "navigation",
    "ornament": "ornament",
    "page_header": "running header",
    "page_number": "page number",
    "repaired": "repaired mojibake",
    "share": "share buttons",
    "space": "white space",
}

Say = Callable[..., str]  # (template, **values) → the text in the person's language


def render(document: Document, *, dropped: bool = False, say: Say = str.format) -> Iterator[str]:
    """Lines that show a document as it will be tagged: a line about the source, then headings and numbered
    passages (numbers from 0 as in `tags.jsonl`) in order, then flags; with `dropped` also what was dropped
    and why, with offsets into the source. No line has a line end or control sequence in it. `say` words what
    is not of the document itself."""
    yield from _head(document, say)
    parts = [(h.start, -1, h.text) for h in document.headings]
    parts += [(p.start, number, p.text) for number, p in enumerate(document.passages)]
    for _, number, text in sorted(parts):
        if number < 0:
            yield ""
            yield f"# {text}"
            continue
        passage = document.passages[number]
        facts = [] if passage.page is None else [say("page {page}", page=passage.page)]
        facts += [say("under: {heading}", heading=passage.heading)] if passage.heading else []
        yield ""
        yield "  ".join([f"[{number}]", *facts])
        yield from (f"  {line}" for line in text.replace("\t", "  |  ").split("\n"))
    yield from _flags(document, say)
    if dropped:
        yield from _dropped(document, say)


def _head(document: Document, say: Say) -> Iterator[str]:
    source = document.source
    yield one_line(source.document)
    facts = [
        say("{count:,} passages", count=len(document.passages)),
        say("{count:,} headings", count=len(document.headings)),
        say("{count:,} characters", count=sum(len(p.text) for p in document.passages)),
    ]
    facts += [say("{count:,} pages", count=len(source.pages))] if source.pages else []
    if source.encoding and source.confidence is not None:
        sure = f"{source.confidence:.0%}"
        facts.append(say("encoding {name} ({sure})", name=source.encoding, sure=sure))
    elif source.encoding:
        facts.append(say("encoding {name}", name=source.encoding))
    facts += [say("date {date}", date=one_line(source.date))] if source.date else []
    facts += [say("title {title}", title=one_line(source.title))] if source.title else []
    yield " · ".join(facts)


def _flags(document: Document, say: Say) -> Iterator[str]:
    if document.flags:
        yield ""
        yield say("Flagged ({count})", count=len(document.flags))
    for flag in document.flags:
        yield _span(flag, document.source.text, say)


def _dropped(document: Document, say: Say) -> Iterator[str]:
    text = document.source.text
    yield ""
    yield say("Dropped ({count})", count=len(document.dropped))
    for span in document.dropped:
        if span.reason not in _COUNTED:
            yield _span(span, text, say)
    counts = Counter(span.reason for span in document.dropped if span.reason in _COUNTED)
    for reason, count in sorted(counts.items()):
        known = {"reason": _reason(reason, say), "count": count}
        if reason == "gloss":
            spans = [span for span in document.dropped if span.reason == reason][:5]
            words = " ".join(text[max(0, s.start - 1) : s.end] for s in spans)
            yield say("  {reason}: {count}, such as {words}", **known, words=words)
        else:
            yield say("  {reason}: {count}", **known)


def _span(span: Dropped | Flag, text: str, say: Say) -> str:
    excerpt = _excerpt(text[span.start : span.end], say)
    return say(
        "  {reason} at {place}: {excerpt}",
        reason=_reason(span.reason, say),
        place=span.start,
        excerpt=excerpt,
    )


def _reason(code: str, say: Say) -> str:
    return say(REASONS.get(code, code))


def _excerpt(text: str, say: Say) -> str:
    words = " ".join("".join(c if c.isprintable() or c.isspace() else "\ufffd" for c in text).split())
    if len(words) <= _EXCERPT:
        return words
    return say("{words}… ({count} characters)", words=words[: _EXCERPT - 1], count=len(text))
