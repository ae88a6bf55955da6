"""The sentences of a Chinese text."""

from __future__ import annotations

import re

from minsheng.documents.characters import CLOSING, HAN

# What ends a sentence: Chinese marks with the quotes and brackets that close after them; a line end; an
# ASCII mark after a Chinese character or before white space, but not the dot of a decimal, an abbreviation
# (U.S.), a name (沙特.阿) or a numbered item (1. …).
_END = re.compile(
    rf"(?:[。！？；]+|…{{2,}}|(?<=[{HAN}{CLOSING}%])[.!?]+(?![0-9A-Za-z.，、；：{HAN}])|(?<=[A-Za-z]{{2}})[.!?]+(?=\s|$)"
    # A run is tried from its first character only: a million of them cost one pass.
    rf"|(?<![!?])[!?]++(?=\s|$))[{CLOSING}\"'。！？；…!?]*\s*|(?<!\s)[^\S\n]*+\n\s*"
)
_ITEM = re.compile(r"[\s（(]*(?:[一二三四五六七八九十]{1,3}|[0-9]{1,2})[）)]?\.\s*")


def sentences(text: str) -> list[tuple[int, int]]:
    """Spans of the sentences of a text, in order; together they cover it completely.

    A sentence ends with 。！？； or ……, the quotes and brackets that close after it, and white space; a line
    end ends one too. A clause after ；counts as a sentence: in reports it states a measure of its own.
    """
    spans: list[tuple[int, int]] = []
    start = 0
    for match in _END.finditer(text):
        if _ITEM.fullmatch(text, start, match.end()) or not text[start : match.end()].strip():
            continue
        spans.append((start, match.end()))
        start = match.end()
    if start < len(text):
        if spans and not text[start:].strip():
            spans[-1] = (spans[-1][0], len(text))
        else:
            spans.append((start, len(text)))
    return spans
