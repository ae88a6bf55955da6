"""Traditional to Simplified characters with OpenCC, without harm to text that is Simplified already.

OpenCC's t2s is not quite the identity on Simplified text: it turns 李乾 into 李干, 象徵 is right but so was
宫商角徵羽. The characters at fault are those of the Simplified standard set (GB 2312) that OpenCC takes for
Traditional; they are left alone unless the text as a whole is Traditional.
"""

from __future__ import annotations

import re
from collections.abc import Set
from functools import cache
from typing import Any

from minsheng.documents.characters import HAN, gb2312

_SHARE = 0.02  # of the Chinese characters: from here a text counts as Traditional
_ALWAYS = "後麽"  # in GB 2312 for the sake of old texts; no Simplified word is written with them

# 著 stays in these words; elsewhere Traditional text writes 着 with it.
_KEEP_AFTER = "名作称稱述者录錄"
_KEEP_BEFORE = "名显顯编編原专專昭土论論巨译譯合遗遺新旧舊拙卓撰所钜鉅历歷自知"
_VERBS = (
    "看随隨沿跟接朝顺順凭憑靠伴围圍绕繞带帶抱拿握站坐住活向对對为為借藉意味面望听聽说說走笑哭想等盯迎冒顶頂"
    "忙背着牵牽捧扛骑騎开開有存持本照按连連陪守领領指关關睁睜闭閉张張挂掛写寫放摆擺压壓包试試急循"
)
_TITLES = "书書论論说說文有成立"
# Simplified text has 着 for itself; 著 in it is a slip only after verbs that take nothing else.
_SLIP = re.compile("(?<=[看随隨沿跟接朝顺凭靠伴围绕带抱拿握])著(?![名作称述者录书])")
_PARTICLE = re.compile(
    f"(?:(?<=[{_VERBS}])著(?![{_KEEP_AFTER}])|(?<![{_KEEP_BEFORE}{_VERBS}])著(?![{_KEEP_AFTER}{_TITLES}]))"
)


def simplify(text: str, characters: Set[str]) -> str:
    """The text in Simplified characters, of the same length; `characters` are those that occur in it.

    Text in which several characters and at least 2 % of the Chinese ones are Traditional is converted by
    OpenCC with its phrases; in other text only characters that are never Simplified are, one by one.
    """
    traditional, always, _ = _tables()
    found = characters & traditional
    if len(found) > 1:
        count = sum(map(text.count, found))
        if count >= _SHARE * len(re.findall(f"[{HAN}]", text)):
            return _PARTICLE.sub("着", _convert(text))
    if not always.keys().isdisjoint(characters):
        text = text.translate({ord(c): always[c] for c in characters & always.keys()})
    return _SLIP.sub("着", text) if "著" in characters else text


@cache
def simplest(character: str) -> str:
    """The Simplified form of one character by itself."""
    return _tables()[2].get(character, character)


def _convert(text: str) -> str:
    """OpenCC's conversion, kept to the length of the text: where a piece changes its length, a smaller piece
    is converted, in the end each character by itself."""
    converted: str = _converter().convert(text)
    if len(converted) == len(text):
        return converted
    for pattern in (r"[^\n]*\n?", r"[^，。；！？]*[，。；！？]?"):
        pieces = re.findall(pattern, text)
        if len(pieces) > 2:  # the last is empty
            return "".join(map(_convert, pieces))
    table = _tables()[2]
    return "".join(table.get(c, c) for c in text)


@cache
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("t2s")


@cache
def _tables() -> tuple[frozenset[str], dict[str, str], dict[str, str]]:
    """The characters that only Traditional text has; what each becomes; the same for all characters."""
    han = [chr(c) for first, last in ((0x3400, 0x9FFF), (0x20000, 0x323AF)) for c in range(first, last + 1)]
    lines = _converter().convert("\n".join(han)).split("\n")
    every = {a: b for a, b in zip(han, lines, strict=True) if a != b and len(b) == 1}
    always = {a: b for a, b in every.items() if a in _ALWAYS or not gb2312(a)}
    return frozenset(always.keys() - set(_ALWAYS)), always, every
