"""White space and characters that cannot be seen."""

from __future__ import annotations

import re
from collections.abc import Iterator

from minsheng.documents.align import Edit
from minsheng.documents.characters import CLOSING, HAN, OPENING

_LINE_END = re.compile("\r\n|[\r\u2028\u2029\x0b\x0c\x85\x1c-\x1e]")
_LINE_ENDS = "\r\u2028\u2029\x0b\x0c\x85\x1c\x1d\x1e"
_BLANKS = "\u00a0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u202f\u205f\u3000\x1f"
_TO_BLANK = dict.fromkeys(map(ord, _BLANKS), " ")
# Control, zero-width and direction characters, variation selectors, byte order marks, lone surrogates.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff\ud800-\udfff]+"
)
_SPACES = re.compile("[ \t]+")
_ENDERS = "。！？…；" + CLOSING
_MARKS = f"，、：（《“‘【「『〈〔{_ENDERS}{OPENING}"


def line_ends(text: str) -> list[Edit]:
    """Edits that make every line end `\\n`."""
    if not any(end in text for end in _LINE_ENDS):
        return []
    return [(m.start(), m.end(), "\n") for m in _LINE_END.finditer(text)]


def blanks(text: str) -> str:
    """Every blank but the tab as a plain space; the length stays."""
    return text.translate(_TO_BLANK) if any(blank in text for blank in _BLANKS) else text


def invisible(text: str) -> list[Edit]:
    """Edits that delete characters that cannot be seen."""
    return [(m.start(), m.end(), "") for m in _INVISIBLE.finditer(text)]


def inner_spaces(text: str) -> Iterator[Edit]:
    """Edits on the white space inside lines that are stripped already.

    A run with a tab in it becomes a tab (cells of a table), another one space; none stays beside Chinese
    marks or between a Chinese character and a digit. A space after the end of a sentence stays: in scraped
    text it is what is left of a paragraph break.
    """
    for run in _SPACES.finditer(text):
        start, end = run.span()
        before, after = text[start - 1 : start], text[end : end + 1]
        if not before or not after or before == "\n" or after == "\n":
            continue
        wanted = "\t" if "\t" in run.group() else _between(before, after)
        if wanted != run.group():
            yield start, end, wanted


def _between(before: str, after: str) -> str:
    if before in _ENDERS:
        return " " if after not in _MARKS or after in OPENING else ""
    if before in _MARKS or after in _MARKS:
        return ""
    digit_beside = (before.isdigit() and _is_han(after)) or (_is_han(before) and after.isdigit())
    return "" if digit_beside and (before.isascii() or after.isascii()) else " "


def _is_han(character: str) -> bool:
    return re.match(f"[{HAN}]", character) is not None
