"""The values that pass between reading, cleaning and splitting. All offsets are characters."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

_LONGEST_MESSAGE = 1200  # characters: a path may have 4,096


def one_line(text: str) -> str:
    """The text without line ends and with control characters as escapes: fit for a terminal and for a log."""
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() else " " if c.isspace() else c.encode("unicode_escape").decode("ascii")
        for c in text
    )


@dataclass(frozen=True, slots=True)
class Source:
    """One document as decoded, before cleaning.

    `text` is the decoded file; for docx, pdf and html the extracted text, with one line a paragraph.
    All offsets that leave this room point into it.
    """

    document: str  # path as given; for a row of a table `path#id`
    text: str
    headings: tuple[tuple[int, int], ...] = ()  # spans that the format itself marks as headings
    pages: tuple[int, ...] = ()  # offset at which page 1, 2, … starts; empty: the format has no pages
    date: str | None = None
    title: str | None = None
    encoding: str | None = None  # None where the format fixes it
    confidence: float | None = None  # of the encoding, 0 to 1
    markup: str = "text"  # text | markdown | docx | pdf | html | table


@dataclass(frozen=True, slots=True)
class Aligned:
    """A cleaned text in which character `i` came from `source[starts[i]:ends[i]]`.

    `starts` and `ends` never fall. One source character may have become several (`㈠` → `(一)`), several
    may have become one; what stands between two neighbours was dropped.
    """

    text: str
    starts: array[int]
    ends: array[int]


@dataclass(frozen=True, slots=True)
class Dropped:
    """A span of the source that reaches no passage and no heading, and the reason in one word."""

    start: int
    end: int
    reason: str  # gloss | boilerplate | page_header | page_number | space | markup | …


@dataclass(frozen=True, slots=True)
class Flag:
    """A span of the source that a person should look at, e.g. mojibake that could not be repaired."""

    start: int
    end: int
    reason: str


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A source after cleaning: paragraphs stand on lines of `aligned.text`."""

    source: Source
    aligned: Aligned
    dropped: tuple[Dropped, ...] = ()
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph (or a piece of a long one): what gets labels.

    `text` is cleaned; each of its characters came from `[start, end)` of the source.
    """

    text: str
    start: int
    end: int
    heading: str | None = None
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Heading:
    """A line that heads the passages after it and is not labelled itself."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Document:
    """A source that was read, cleaned and split."""

    source: Source
    passages: tuple[Passage, ...]
    headings: tuple[Heading, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    flags: tuple[Flag, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be read: a line of `failures.jsonl`."""

    document: str
    code: str  # stable word for programs: encrypted | scanned | unsupported | damaged | missing | …
    message: str  # one line for a person, with what to do

    def __post_init__(self) -> None:
        # A file name and the words of a parser may hold anything.
        message = one_line(self.message)
        if len(message) > _LONGEST_MESSAGE:
            message = message[: _LONGEST_MESSAGE - 1] + "…"
        object.__setattr__(self, "message", message)
