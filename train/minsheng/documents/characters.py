"""What kind a character is: sets and rough frequencies that several cleaning steps share."""

from __future__ import annotations

from functools import cache

HAN = "㐀-䶿一-鿿豈-﫿〇\U00020000-\U000323af"  # for use inside [ ] of a regular expression
MARKS = "，。、；：？！“”‘’（）《》〈〉【】〔〕「」『』…—·～"  # Chinese punctuation
OPENING = "“‘（《〈【〔「『〖［"
CLOSING = "”’）》〉】〕」』〗］"
NUMERAL = "一二三四五六七八九十百零〇"

# Natural logarithms of the probability of a character in Chinese prose; only the order of magnitude counts.
_MARK, _FREQUENT, _DIGIT, _SECOND, _OTHER, _WRONG = -4.5, -8.0, -6.5, -13.0, -17.0, -20.0


@cache
def log_frequency(character: str) -> float:
    """Roughly how likely a character is in Chinese prose, by its place in GB 2312 and GBK.

    Level 1 of GB 2312 (rows 16 to 55) holds the 3,755 usual characters, level 2 the 3,008 less usual; a
    Traditional form counts as its Simplified one.
    """
    from minsheng.documents.script import simplest

    if character in MARKS:
        return _MARK
    if character.isascii():
        return _DIGIT if character.isdigit() or character in " %.,\n" else -10.0
    place = gb2312(simplest(character))
    if place is None or place[0] < 0xB0:
        return _WRONG if not character.isprintable() else _OTHER
    frequency = _FREQUENT if place[0] < 0xD8 else _SECOND
    return frequency if gb2312(character) else frequency - 1.0


@cache
def gb2312(character: str) -> tuple[int, int] | None:
    """The two bytes of a character in GB 2312, the Simplified standard set; None where it has none."""
    try:
        encoded = character.encode("gb2312")
    except UnicodeEncodeError:
        return None
    return (encoded[0], encoded[1]) if len(encoded) == 2 else None
