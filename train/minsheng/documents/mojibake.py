"""Text that was decoded with the wrong codec: found, repaired where certain, else flagged.

Four accidents leave Chinese text that can be undone exactly:
- UTF-8 read as GBK: `中国` became `涓浗`-like strings of rare characters;
- UTF-8 read as Latin-1 or Windows-1252: `ä¸­å›½`;
- GBK read as Latin-1: `ÖÐ¹ú`;
- GBK read one byte off: a lead byte was lost (now `?`) and every pair after it straddles two characters,
  until a character whose second byte is an ASCII letter puts the reader back in step.
A repair must give nothing but usual characters, be far likelier than what stands there (`log_frequency`),
and lead back to the same damaged text when it is damaged again.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Set
from functools import cache

from minsheng.documents.align import Edit
from minsheng.documents.characters import HAN, MARKS, gb2312, log_frequency
from minsheng.documents.script import simplest

Span = tuple[int, int]

_GAIN = 10.0  # in log-likelihood: a repair must be this much likelier (e^10 = 22,000 times)
_LONGEST = 400  # characters that a run of GBK read one byte off is followed for

# U+FFFD, private use, empty boxes in a row, and what U+FFFD in UTF-8 looks like when read as GBK.
_DEBRIS = re.compile("(?:[\ufffd\ue000-\uf8ff]|□{2,}|锟斤拷)+[□\ufffd]*")
_DEBRIS_SIGNS = ("\ufffd", "□□", "锟斤拷")

_WESTERN_LETTERS = frozenset(map(chr, range(0xB0, 0xF8))) - set("°±·×")
_WESTERN_RUN = re.compile("[\u0080-\u00ffŒœŠšŽžŸƒˆ˜–—‘’‚“”„†‡•…‰‹›€™]{6,}")
_LATIN_RUN = re.compile("[\u00a1-\u00fe]{6,}")
_UTF8_CHARACTERS = re.compile(rb"(?:[\xe2-\xe9\xef][\x80-\xbf]{2}){2,}")
_LOST = re.compile("[?\ufffd](?=[,.!;:?()]?[^\x00-\x7f])")
_HALF_WIDTH = {",": "，", "!": "！", ";": "；", ":": "：", "(": "（", ")": "）"}


def mojibake(text: str, found: Set[str]) -> tuple[list[Edit], list[Span]]:
    """Edits that repair what is certain, and the spans of what is damaged and stays.

    `found` are the characters that occur in the text."""
    edits: list[Edit] = []
    for sign, repairs in _FINDERS:
        if sign(found):
            edits += repairs(text)
    edits = _in_order(edits)
    starts = [edit[0] for edit in edits]
    return edits, [span for span in _damaged(text, found) if not _within(span, edits, starts)]


def _utf8_as_gbk(text: str) -> Iterator[Edit]:
    for run in re.finditer("[^\x00-\x7f\ufffd]{2,}", text):
        if _utf8_signs().isdisjoint(run.group()):
            continue
        encoded = [c.encode("gb18030", "replace") for c in run.group()]
        # Byte offsets at which characters begin; a repair must begin and end at one.
        offsets = {0: 0}
        total = 0
        for k, part in enumerate(encoded, 1):
            total += len(part)
            offsets[total] = k
        for match in _UTF8_CHARACTERS.finditer(b"".join(encoded)):
            first, last = match.span()
            while last > first and last not in offsets:
                last -= 3
            if first in offsets and last - first >= 6:
                old = run.group()[offsets[first] : offsets[last]]
                new = match.group()[: last - first].decode("utf-8", "replace")
                if _better(old, new):
                    yield run.start() + offsets[first], run.start() + offsets[last], new


def _utf8_as_western(text: str) -> Iterator[Edit]:
    for run in _WESTERN_RUN.finditer(text):
        encoded = b"".join(_western_byte(c) for c in run.group())
        for match in _UTF8_CHARACTERS.finditer(encoded):
            old = run.group()[match.start() : match.end()]
            new = match.group().decode("utf-8", "replace")
            if _better(old, new):
                yield run.start() + match.start(), run.start() + match.end(), new


def _gbk_as_latin(text: str) -> Iterator[Edit]:
    for run in _LATIN_RUN.finditer(text):
        old = run.group()[: len(run.group()) // 2 * 2]
        letters = sum(c.isalpha() for c in old)
        try:
            new = old.encode("latin-1").decode("gb2312")
        except UnicodeDecodeError:
            continue
        # Rows of · and × are leaders and blanks; real damage holds many different letters.
        if 2 * letters >= len(old) and 2 * len(set(old)) > len(old) and _better(old, new):
            yield run.start(), run.start() + len(old), new


def _gbk_one_byte_off(text: str) -> Iterator[Edit]:
    for lost in _LOST.finditer(text):
        nearby = text[lost.end() : lost.end() + 12]
        if not any(log_frequency(c) < -14 for c in nearby if not c.isascii()):
            continue
        start = lost.start()
        back = _in_step(text, start + 1)
        if back is None:
            continue
        end, tail = back
        first = _first(tail[0])
        old, new = text[start:end], first + tail[1]
        if (first != "?" or len(new) > 3) and _better(old, new):
            yield start, end, new


def _in_step(text: str, start: int) -> tuple[int, tuple[int, str]] | None:
    """Read on from `start` as if each byte pair began one byte earlier.

    Returns where the reader is back in step, the first byte of the text (the second one of the lost
    character) and the repaired characters after the lost one; None where the bytes make no characters.
    """
    pending: int | None = None
    first = 0
    repaired: list[str] = []
    for position in range(start, min(len(text), start + _LONGEST)):
        character = _HALF_WIDTH.get(text[position], text[position])
        code = character.encode("gb18030", "replace")
        if character.isascii():
            if pending is None or not 0x40 <= code[0] <= 0x7E:
                return None
            closing = _pair(pending, code[0])
            return None if closing is None else (position + 1, (first, "".join(repaired) + closing))
        if len(code) != 2:
            return None
        if pending is None:
            first = code[0]
        else:
            made = _pair(pending, code[0])
            if made is None:
                return None
            repaired.append(made)
        pending = code[1]
    return None


def _pair(lead: int, trail: int) -> str | None:
    try:
        return bytes((lead, trail)).decode("gbk")
    except UnicodeDecodeError:
        return None


def _first(trail: int) -> str:
    """The lost character, where its second byte leaves one choice among the usual marks, else `?`."""
    pairs = (_pair(lead, trail) for lead in (0xA1, 0xA3))
    marks = [mark for mark in pairs if mark and mark in "，。、；：？！“”‘’（）《》…"]
    return marks[0] if len(marks) == 1 else "?"


def _better(old: str, new: str) -> bool:
    usual = sum(log_frequency(c) >= -9.0 for c in new)
    if usual < 0.9 * len(new) or not re.search(f"[{HAN}]", new):
        return False
    gain = sum(map(log_frequency, new)) - sum(map(log_frequency, old)) * len(new) / max(len(old), len(new))
    return gain >= _GAIN


def _damaged(text: str, found: Set[str]) -> Iterator[Span]:
    unusual = found - _usual()
    if any(sign in text for sign in _DEBRIS_SIGNS) or any("\ue000" <= c <= "\uf8ff" for c in unusual):
        yield from (m.span() for m in _DEBRIS.finditer(text))
    rare = [c for c in unusual if _is_rare(c)]
    if len(rare) > 1:
        pattern = re.compile("[" + re.escape("".join(rare)) + "]{3,}")
        yield from (m.span() for m in pattern.finditer(text))


def _is_rare(character: str) -> bool:
    return re.match(f"[{HAN}]", character) is not None and gb2312(simplest(character)) is None


@cache
def _usual() -> frozenset[str]:
    """ASCII, Chinese marks and the characters of GB 2312: what most text is made of."""
    pairs = (bytes((row, cell)) for row in range(0xB0, 0xF8) for cell in range(0xA1, 0xFF))
    return frozenset(map(chr, range(128))) | set(MARKS) | {pair.decode("gb2312", "ignore") for pair in pairs}


@cache
def _utf8_signs() -> frozenset[str]:
    """Characters outside GB 2312 that the first two bytes of Chinese text in UTF-8 make in GBK."""
    pairs = [(lead, trail) for lead in range(0xE4, 0xEA) for trail in range(0x80, 0xA1)]
    pairs += [(0xEF, 0xBC), (0xE3, 0x80), (0xE2, 0x80)]
    return frozenset(filter(None, (_pair(*pair) for pair in pairs)))


def _western_byte(character: str) -> bytes:
    try:
        return character.encode("cp1252")
    except UnicodeEncodeError:
        return character.encode("latin-1")  # the five bytes that Windows-1252 leaves out


def _in_order(edits: list[Edit]) -> list[Edit]:
    kept: list[Edit] = []
    for edit in sorted(edits):
        if not kept or edit[0] >= kept[-1][1]:
            kept.append(edit)
    return kept


def _within(span: Span, edits: list[Edit], starts: list[int]) -> bool:
    before = bisect_right(starts, span[0]) - 1
    return before >= 0 and span[1] <= edits[before][1]


# A sign that the accident may be there at all, and the search that is made only then.
_FINDERS: tuple[tuple[Callable[[Set[str]], bool], Callable[[str], Iterator[Edit]]], ...] = (
    (lambda found: not found.isdisjoint(_utf8_signs()), _utf8_as_gbk),
    (lambda found: not found.isdisjoint(_WESTERN_LETTERS), _utf8_as_western),
    (lambda found: not found.isdisjoint(_WESTERN_LETTERS), _gbk_as_latin),
    (lambda found: "?" in found or "\ufffd" in found, _gbk_one_byte_off),
)
