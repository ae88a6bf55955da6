"""Pinyin in brackets after a character, as scraped pages have it: `濟(jì)`.

A gloss is exactly one valid syllable, with or without white space, right after a Chinese character. It must
carry a tone mark, or be the neutral tone of a character that has one (`們(men)`): `（a）` and `(GDP)` stay.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from minsheng.documents.align import Edit
from minsheng.documents.characters import HAN

_TONES = "\u0304\u0301\u030c\u0300"  # combining macron, acute, caron, grave
_BREVE = "\u0306"  # scrapers write ă for ǎ
_BRACKETED = re.compile(
    f"(?<=[{HAN}])[(（]\\s?([a-zɑɡü\u00e0-\u00fc\u0100-\u01dc\u1e3f{_TONES}\u0308]{{1,9}})\\s?[)）]"
)
# Characters and the neutral-tone syllable that they are read with in some words.
_NEUTRAL = """
的de 地de 得de 了le 着zhe 著zhe 們men 们men 嗎ma 吗ma 嘛ma 呢ne 吧ba 罷ba 啊a 個ge 个ge 麼me 么me 子zi 頭tou
头tou 裡li 裏li 里li 過guo 过guo 上shang 下xia 來lai 来lai 去qu 家jia 和huo 處chu 边bian 邊bian 見jian
见jian 夫fu 友you 氣qi 气qi 候hou 識shi 识shi 務wu 分fen 量liang 息xi 當dang"""
# Finals by the initials that take them (Scheme for the Chinese Phonetic Alphabet, 1958).
_FINALS = {
    "a": "bpmfdtnlgkh zh ch sh z c s",
    "o": "bpmf",
    "e": "mdtnlgkh zh ch sh r z c s",
    "i": "bpmdtnljqx zh ch sh r z c s",
    "u": "bpmfdtnlgkhjqx zh ch sh r z c s",
    "ü": "nl",
    "ai": "bpmdtnlgkh zh ch sh z c s",
    "ei": "bpmfdnlghk zh sh z",
    "ao": "bpmdtnlgkh zh ch sh r z c s",
    "ou": "pmfdtnlgkh zh ch sh r z c s",
    "an": "bpmfdtnlgkh zh ch sh r z c s",
    "en": "bpmfdngkh zh ch sh r z c s",
    "ang": "bpmfdtnlgkh zh ch sh r z c s",
    "eng": "bpmfdtnlgkh zh ch sh r z c s",
    "ong": "dtnlgkh zh ch r z c s",
    "ia": "dljqx",
    "ie": "bpmdtnljqx",
    "iao": "bpmdtnljqx",
    "iu": "mdnljqx",
    "ian": "bpmdtnljqx",
    "in": "bpmnljqx",
    "iang": "nljqx",
    "ing": "bpmdtnljqx",
    "iong": "jqx",
    "ua": "gkh zh ch sh r",
    "uo": "dtnlgkh zh ch sh r z c s",
    "uai": "gkh zh ch sh",
    "ui": "dtgkh zh ch sh r z c s",
    "uan": "dtnlgkhjqx zh ch sh r z c s",
    "un": "dtnlgkhjqx zh ch sh r z c s",
    "uang": "gkh zh ch sh",
    "ue": "jqxnl",
    "üe": "nl",
}
_BARE = (
    "a o e ai ei ao ou an en ang eng er yi ya yo ye yao you yan yin yang ying yong yu yue yuan yun "
    "wu wa wo wai wei wan wen wang weng m n ng hm"
)


def glosses(text: str) -> list[Edit]:
    """Edits that delete the pinyin glosses of a text."""
    if "(" not in text and "（" not in text:
        return []
    return [(m.start(), m.end(), "") for m in _BRACKETED.finditer(text) if _is_gloss(m)]


def _is_gloss(match: re.Match[str]) -> bool:
    syllable, tones = _plain(match.group(1))
    if tones == 1:
        return syllable in _syllables()
    return tones == 0 and match.string[match.start() - 1] + syllable in _neutral()


@cache
def _neutral() -> frozenset[str]:
    return frozenset(_NEUTRAL.split())


@cache
def _plain(written: str) -> tuple[str, int]:
    """The syllable without its tone, and how many tone marks it had."""
    letters = unicodedata.normalize("NFD", written.replace("ɑ", "a").replace("ɡ", "g")).replace(
        _BREVE, "\u030c"
    )
    tones = sum(letters.count(tone) for tone in _TONES)
    toneless = "".join(c for c in letters if c not in _TONES)
    return unicodedata.normalize("NFC", toneless).replace("v", "ü"), tones


@cache
def _syllables() -> frozenset[str]:
    found = set(_BARE.split())
    for final, initials in _FINALS.items():
        single, *double = initials.split()
        found.update(initial + final for initial in (*(c for c in single), *double))
    return frozenset(found)
