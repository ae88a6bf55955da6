"""Numbers and addresses of persons in a text, masked so that every other character keeps its place.

Identity cards: 18 digits with the check digit of GB 11643-1999 (ISO 7064, MOD 11-2) and a date of birth, or
the 15 digits of cards before 1999 by province and date. Phones: mobile numbers, land lines with an area code
or after a word for telephone. Bank cards: 16 to 19 digits with the check digit of ISO/IEC 7812 (Luhn). E-mail
addresses. Not recognised: names, home addresses, mistyped numbers, numbers written in Chinese characters.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import replace

from minsheng.documents.values import Document, Heading, Passage

MASK = "*"

# Full-width forms, dashes and spaces as ASCII, one character for one.
_PLAIN = str.maketrans(
    {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
    | {ord(c): " " for c in "\u00a0\u2002\u2003\u2009\u202f\u3000"}
    | {ord(c): "-" for c in "‐‑‒–—−﹣"}
)
_BEFORE, _AFTER = r"(?<![0-9A-Za-z])(?<![0-9]\.)", r"(?![0-9A-Za-z])"
_IDENTITY = re.compile(rf"{_BEFORE}\d{{6}}[ -]?\d{{8}}[ -]?\d{{3}}[0-9Xx]{_AFTER}")
_OLD_IDENTITY = re.compile(rf"{_BEFORE}\d{{15}}{_AFTER}")
_CARD = re.compile(
    rf"{_BEFORE}[3-9](?:\d{{15,18}}|\d{{3}}([ -])\d{{4}}\1\d{{4}}\1\d{{4}}(?:\1\d{{1,3}})?){_AFTER}"
)
_MOBILE = re.compile(
    rf"{_BEFORE}(?:(?:\+|00)?86[ -]?)?1[3-9]\d(?:[ -]?\d{{4}}[ -]?\d{{4}}|[ -]\d{{3}}[ -]\d{{5}}){_AFTER}"
)
_AREA = r"(?:10|2\d|[3-9]\d{2})"
_LAND_LINE = re.compile(
    rf"(?:\(0{_AREA}\) ?|{_BEFORE}(?:0|(?:\+|00)86[ -]?){_AREA}[ -]?)[2-9]\d{{2,3}}[ -]?\d{{4}}"
    rf"(?:[-转]\d{{1,6}})?{_AFTER}"
)
_NAMED_LINE = re.compile(
    r"(?:电话|電話|座机|座機|传真|傳真|手机|手機|联系方式|聯繫方式|[Tt]el\.?|TEL\.?|[Ff]ax\.?|FAX\.?)(?:号码|號碼|号|號)?"
    rf"[ :]{{0,3}}([2-9]\d{{2,3}}[ -]?\d{{4}}(?:[-转]\d{{1,6}})?){_AFTER}"
)
_MAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}"
)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_PROVINCES = frozenset(
    [*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66)]
)
_DIGITS = re.compile(r"\d")


def mask_personal(text: str) -> str:
    """The text, as long as before, with `*` for each character of a personal number or address."""
    if not _DIGITS.search(text) and "@" not in text and "＠" not in text:
        return text
    parts: list[str] = []
    position = 0
    for start, end in sorted(_spans(text.translate(_PLAIN))):
        if end > position:
            first = max(start, position)
            parts += (text[position:first], MASK * (end - first))
            position = end
    return "".join([*parts, text[position:]])


def masked(document: Document) -> Document:
    """The document with passages, headings and title masked; offsets into the source stay as they are."""
    source = document.source
    title = None if source.title is None else mask_personal(source.title)
    return replace(
        document,
        source=replace(source, title=title),
        passages=tuple(_masked_passage(passage) for passage in document.passages),
        headings=tuple(Heading(mask_personal(h.text), h.start, h.end) for h in document.headings),
    )


def _masked_passage(passage: Passage) -> Passage:
    heading = None if passage.heading is None else mask_personal(passage.heading)
    return replace(passage, text=mask_personal(passage.text), heading=heading)


def _spans(plain: str) -> Iterator[tuple[int, int]]:
    for match in _IDENTITY.finditer(plain):
        if _is_identity(_digits(match.group())):
            yield match.span()
    for match in _OLD_IDENTITY.finditer(plain):
        digits = match.group()
        if int(digits[:2]) in _PROVINCES and _is_date("19" + digits[6:12]):
            yield match.span()
    for match in _CARD.finditer(plain):
        if _is_luhn(_digits(match.group())):
            yield match.span()
    for pattern in (_MOBILE, _LAND_LINE, _MAIL):
        yield from (match.span() for match in pattern.finditer(plain))
    yield from (match.span(1) for match in _NAMED_LINE.finditer(plain))


def _digits(text: str) -> str:
    return text.replace(" ", "").replace("-", "").upper()


def _is_identity(digits: str) -> bool:
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=False))
    return digits[17] == _CHECK[total % 11] and _is_date(digits[6:14])


def _is_date(digits: str) -> bool:
    try:
        born = datetime.date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return False
    return 1850 <= born.year <= 2100


def _is_luhn(digits: str) -> bool:
    doubled = [2 * int(digit) for digit in digits[-2::-2]]
    return (sum(map(int, digits[-1::-2])) + sum(d - 9 if d > 9 else d for d in doubled)) % 10 == 0
