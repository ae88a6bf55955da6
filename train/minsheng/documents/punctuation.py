"""Widths and marks: full-width digits and letters become ASCII, half-width marks in Chinese text full-width.

All mappings keep the meaning of the text; a few characters (`㈠`, `⒈`) become several.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Set
from functools import cache

from minsheng.documents.align import Edit
from minsheng.documents.characters import CLOSING, HAN, OPENING

# Chinese marks keep their full width; all other full-width ASCII loses it.
_WIDE = "！（），：；？［］～"
_SMALL = dict(
    zip("﹐﹑﹒﹔﹕﹖﹗﹙﹚﹝﹞﹟﹠﹢﹤﹥﹦﹩﹪〝〞", "，、.；：？！（）〔〕#&+<>=$%“”", strict=True)
)
# Radicals that PDF files hold in place of the characters and that Unicode does not map to them.
_RADICALS = dict(
    zip(
        "⺠⺟⻁⻄⻅⻆⻉⻋⻓⻔⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻧⻨⻩⻬⻮⻰",
        "民母虎西见角贝车长门青韦页风飞食马骨鬼鱼鸟卤麦黄齐齿龙",
        strict=True,
    )
)
_BETWEEN_DIGITS = re.compile("(?<=[0-9])：(?=[0-9])")

_HALF = dict(zip(",;:?!()", "，；：？！（）", strict=True))
_TO_WIDE = str.maketrans(_HALF)
_CHINESE = f"{HAN}{OPENING}{CLOSING}，。、；：？！…—"
# A mark belongs to Chinese text where a Chinese character or mark stands before it or a Chinese character
# after it; digits on both sides (1,000 and 10:30) are out of reach of either.
_MARK = re.compile(f"(?<=[{_CHINESE}])[,;:?!]++|(?<![,;:?!])[,;:?!]++(?= ?[{HAN}{OPENING}])")
_STOP = re.compile(f"(?<=[{HAN}])\\.(?=[”’」』）]*[ \\t]*$)", re.MULTILINE)
_NUMBERED = re.compile("^[ \\t]*[（(]?[一二三四五六七八九十百]+[）)]?\\.$", re.MULTILINE)
_ROUNDS = 8  # prose needs three or four; thousands of brackets in a row would take one each
_BRACKET = re.compile(r"[()（）\n]")
_HAN = re.compile(f"[{HAN}]")
_BESIDE = re.compile(f"[{_CHINESE}]")
_WORD = re.compile("[A-Za-z0-9_]")


def compatible(text: str, characters: Set[str]) -> list[Edit]:
    """Edits that give characters their plain form: radicals and compatibility ideographs, `㈠`, `⒈`.

    `characters` are those that occur in the text, here and below."""
    table = _compatibility()
    found = characters & table.keys()
    if not found:
        return []
    pattern = re.compile("[" + "".join(sorted(found)) + "]")
    return [(m.start(), m.end(), table[m.group()]) for m in pattern.finditer(text)]


def narrow(text: str, characters: Set[str]) -> str:
    """Full-width digits, letters and signs as ASCII, small marks as usual ones; the length stays."""
    table = _widths()
    found = characters & table.keys()
    if not found:
        return text
    text = text.translate({ord(c): table[c] for c in found})
    return _BETWEEN_DIGITS.sub(":", text) if "：" in text else text


def widen(text: str) -> str:
    """Half-width `, ; : ? ! ( )` and a closing `.` as full-width marks in Chinese text; the length stays.

    Numbers (`1,000`), times (`10:30`), addresses (`http://…`) and Latin text keep theirs.
    """
    brackets = "(" in text or ")" in text
    for _ in range(_ROUNDS):  # a mark that became Chinese makes the next one so: 见附件:(1)
        before = text
        if any(mark in text for mark in ",;:?!"):
            text = _MARK.sub(lambda m: m.group().translate(_TO_WIDE), text)
        if brackets:
            text = _widen_brackets(text)
        if not brackets or text == before:
            break
    if "." in text:
        numbered = {m.end() - 1 for m in _NUMBERED.finditer(text)}
        text = _STOP.sub(lambda m: "." if m.start() in numbered else "。", text)
    return text


def _widen_brackets(text: str) -> str:
    characters = list(text)
    for position in _chinese_brackets(text):
        characters[position] = _HALF.get(text[position], text[position])
    return "".join(characters)


def _chinese_brackets(text: str) -> Iterator[int]:
    """Positions of the brackets that stand in Chinese text; pairs are judged together, line by line."""
    open_ones: list[int] = []
    before, han = 0, -1  # the last bracket; a place of Chinese characters that has no bracket after it yet
    for match in _BRACKET.finditer(text):
        position, bracket = match.start(), match.group()
        # What stands between two brackets is searched once, however many pairs are around it.
        found = _HAN.search(text, before, position)
        before, han = position, found.start() if found else han
        if bracket in "(（":
            open_ones.append(position)
        elif bracket in ")）" and open_ones:
            first = open_ones.pop()
            if _chinese_pair(text, first, position, has_han=han > first):
                yield from (first, position)
        else:
            alone = [*open_ones, position] if bracket in ")）" else open_ones
            yield from (p for p in alone if _chinese_at(text, p - 1) or _chinese_at(text, p + 1))
            open_ones = []
    yield from (p for p in open_ones if _chinese_at(text, p - 1) or _chinese_at(text, p + 1))


def _chinese_pair(text: str, first: int, last: int, *, has_han: bool) -> bool:
    if text[first] == "（" or text[last] == "）" or has_han:
        return True
    if first and _WORD.match(text[first - 1]):  # f(x) in Chinese text too
        return False
    return _chinese_at(text, first - 1) or _chinese_at(text, last + 1)


def _chinese_at(text: str, position: int) -> bool:
    return 0 <= position < len(text) and _BESIDE.match(text[position]) is not None


@cache
def _widths() -> dict[str, str]:
    wide = {chr(c): chr(c - 0xFEE0) for c in range(0xFF01, 0xFF5F)}
    return {k: v for k, v in wide.items() if k not in _WIDE} | _SMALL


@cache
def _compatibility() -> dict[str, str]:
    blocks = ((0x2E80, 0x2FD5), (0x3220, 0x3243), (0x2474, 0x249B), (0xF900, 0xFAFF))
    every = (chr(c) for first, last in blocks for c in range(first, last + 1))
    plain = {c: unicodedata.normalize("NFKC", c) for c in every}
    table = {c: form for c, form in plain.items() if form != c} | _RADICALS
    return {c: form.replace("(", "（").replace(")", "）") for c, form in table.items()}
