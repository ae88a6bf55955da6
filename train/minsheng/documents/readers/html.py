"""Web pages: the main content by trafilatura (Barbaresi 2021), the whole body where that misses text."""

from __future__ import annotations

import datetime
import logging
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

from minsheng.documents.encoding import decode
from minsheng.documents.readers.extracted import Line, assemble, row_lines
from minsheng.documents.values import Source
from minsheng.errors import DocumentError

MOST_BYTES = 32 << 20  # the longest law is below 2 MiB as a page; the tree takes some 20 times the bytes
_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")  # lxml refuses it in text that is decoded already
_CHARSET_BYTES = 4096  # the declaration must stand early: browsers look at 1,024 bytes
# trafilatura takes what it found for too little below 250 characters, which is measured on English: a
# whole Chinese notice is shorter, and the page with its menus would be taken instead.
_SMALLEST = "40"
_COVERED = 0.75  # below this share of the page's sentences the main content was missed
_SENTENCE = re.compile(r"[。；！？]")
_DATE = re.compile(r"((?:19|20)\d\d)\s*[-/.年]?\s*(\d{1,2})\s*[-/.月]?\s*(\d{1,2})")
# The names that the Chinese guideline for government sites (2017) and news systems use, lower case.
_DATE_NAMES = ("pubdate", "publishdate", "article:published_time", "datepublished", "og:release_date", "date")
_TITLE_NAMES = ("articletitle", "og:title")
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_BLOCKS = _HEADINGS | frozenset(
    {"address", "article", "aside", "blockquote", "body", "br", "center", "dd", "div", "dl", "dt", "fieldset"}
    | {"figcaption", "figure", "footer", "form", "head", "header", "hr", "html", "li", "main", "nav", "ol"}
    | {"p", "pre", "section", "table", "tbody", "td", "tfoot", "th", "thead", "title", "tr", "ul"}
)
_UNSEEN = frozenset(
    {
        "script",
        "style",
        "noscript",
        "template",
        "svg",
        "math",
        "select",
        "textarea",
        "button",
        "iframe",
        "object",
    }
)
_AROUND = frozenset({"nav", "aside", "footer"})


def from_bytes(data: bytes, document: str, *, encoding: str | None) -> Source:
    """The main content of a page, one line a block or table row, with its headings, date and title.

    Raises the errors of `encoding.decode`, and DocumentError `too_large` or `empty`.
    """
    if len(data) > MOST_BYTES:
        raise DocumentError(
            "too_large",
            f"{document}: {len(data) >> 20} MiB is no single page (limit {MOST_BYTES >> 20} MiB): split it",
        )
    declared = _CHARSET.search(data[:_CHARSET_BYTES])
    hint = declared[1].decode("ascii", "ignore") if declared else None
    decoded = decode(data, encoding=encoding, hint=hint, document=document)
    page = _Page(skip=_UNSEEN | _AROUND)
    page.read(decoded.text)
    text, headings = assemble(_main_lines(decoded.text))
    if not _covers(text, page.lines):
        if not page.lines:
            page = _Page(skip=_UNSEEN)  # a menu that is never closed swallows the page
            page.read(decoded.text)
        text, headings = assemble(page.lines)
    if not text:
        raise DocumentError("empty", f"{document}: the page holds no text (is it built by a script?)")
    return Source(
        document=document,
        text=text,
        headings=headings,
        date=_date(page),
        title=_title(page),
        encoding=decoded.encoding,
        confidence=decoded.confidence,
        markup="html",
    )


def _covers(text: str, lines: list[Line]) -> bool:
    """True if `text` holds most of the sentences that stand on the page."""
    kept = set(_sentences(text))
    found = [sentence for line in lines for sentence in _sentences(line.text)]
    held = sum(len(sentence) for sentence in found if sentence in kept)
    return bool(text) and held >= _COVERED * sum(map(len, found))


def _sentences(text: str) -> list[str]:
    # Without the piece after the last mark: menus and captions have no mark.
    return [piece for line in text.splitlines() for piece in _SENTENCE.split("".join(line.split()))[:-1]]


def _main_lines(page: str) -> list[Line]:
    """What trafilatura takes for the main content; nothing where it gives up."""
    from trafilatura import bare_extraction
    from trafilatura.settings import use_config

    # It logs what it discards; without a handler Python prints that on the user's console.
    logging.getLogger("trafilatura").addHandler(logging.NullHandler())
    settings = use_config()
    settings.set("DEFAULT", "MIN_EXTRACTED_SIZE", _SMALLEST)
    settings.set("DEFAULT", "MIN_OUTPUT_SIZE", "1")
    settings.set("DEFAULT", "MAX_FILE_SIZE", str(MOST_BYTES))
    try:
        found = bare_extraction(
            _DECLARATION.sub("", page), include_comments=False, include_tables=True, config=settings
        )
    except Exception:  # a page that defeats it is read without it
        return []
    body = getattr(found, "body", None)
    return [] if body is None else list(_lines(body))


def _lines(body: Any) -> Iterator[Line]:
    """trafilatura's TEI-like tree as lines: a cell, row or table ends what stands before it."""
    from lxml import etree

    parts: list[str] = []
    cell: list[Line] = []
    row: list[list[Line]] | None = None
    depth = 0  # of headings

    def flush() -> list[Line]:
        text = _squeeze("".join(parts))
        parts.clear()
        return [Line(text, heading=depth > 0)] if text else []

    # Events and not recursion: the tree may be deeper than Python's limit.
    for event, element in etree.iterwalk(body, events=("start", "end")):
        tag = element.tag if isinstance(element.tag, str) else ""
        breaks = tag not in ("", "hi", "ref", "del", "span")
        if event == "start":
            if breaks:
                ready = flush()
                if row is None:
                    yield from ready
                else:
                    cell.extend(ready)
            if tag == "row":
                row = []
            elif tag == "cell":
                cell = []
            depth += tag == "head"
            parts.append((element.text or "") if tag else "")
            continue
        if breaks:
            ready = flush()
            if row is None:
                yield from ready
            else:
                cell.extend(ready)
        depth -= tag == "head"
        if tag == "cell" and row is not None:
            row.append(cell)
            cell = []
        elif tag == "row" and row is not None:
            yield from row_lines([*row, cell])
            row, cell = None, []
        if element is not body:
            parts.append(element.tail or "")
    yield from flush()


class _Page(HTMLParser):
    """The text of the whole body as lines, and what the head declares. Works at any depth of nesting."""

    def __init__(self, *, skip: frozenset[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[Line] = []
        self.declared: dict[str, str] = {}
        self.heads: dict[str, str] = {}  # the first text within `title` and within `h1`
        self._skip = skip
        self._skipping: list[str] = []
        self._parts: list[str] = []
        self._cells: list[list[Line]] | None = None  # of the table row that is open
        self._block = ""

    def read(self, text: str) -> None:
        """Feed the whole page."""
        self.feed(text)
        self.close()
        self._flush()
        self._end_row()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "meta":
            named = {key: value or "" for key, value in attrs}
            name = named.get("name") or named.get("property") or named.get("itemprop") or ""
            self.declared.setdefault(name.strip().lower(), named.get("content", "").strip())
        elif tag in self._skip:
            self._skipping.append(tag)
        if tag in _BLOCKS:
            self._flush()
            self._block = tag
        if tag in ("table", "tr"):  # a table within a cell makes the outer row layout
            self._end_row()
            self._cells = [] if tag == "tr" else None
        elif tag in ("td", "th") and self._cells is not None:
            self._cells.append([])

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._flush()
            self._block = ""
        if tag in ("table", "tr"):
            self._end_row()
        if tag in self._skipping:  # closes what was left open within it, too
            del self._skipping[self._skipping.index(tag) :]

    def handle_data(self, data: str) -> None:
        if not self._skipping:
            self._parts.append(data)

    def _flush(self) -> None:
        text = _squeeze("".join(self._parts))
        self._parts.clear()
        if not text:
            return
        if self._block in ("title", "h1"):
            self.heads.setdefault(self._block, text)
        if self._block != "title":
            line = Line(text, heading=self._block in _HEADINGS)
            (self._cells[-1] if self._cells else self.lines).append(line)

    def _end_row(self) -> None:
        self.lines.extend(row_lines(self._cells or []))
        self._cells = None


def _squeeze(text: str) -> str:
    return " ".join(text.split())


def _title(page: _Page) -> str | None:
    declared = next((page.declared[name] for name in _TITLE_NAMES if page.declared.get(name)), None)
    return declared or page.heads.get("h1") or page.heads.get("title")


def _date(page: _Page) -> str | None:
    """The first date that the head declares, as YYYY-MM-DD; the text is not searched for one."""
    for name in _DATE_NAMES:
        found = _DATE.match(page.declared.get(name, ""))
        if found:
            try:
                return datetime.date(*map(int, found.groups())).isoformat()
            except ValueError:
                continue
    return None
