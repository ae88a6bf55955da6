"""What a web page puts around a text: bylines, share bars, link lists, download prompts, legal notices.

Precision comes first: a rule needs words that only such debris has, in the place where it has them (a line
of its own, the end or the beginning of a block), and nothing that reads like a sentence in it. The patterns
in `debris` are written for the half-width, Simplified form of a line (`plain`), which has the same length.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from minsheng.documents import debris
from minsheng.documents.lines import Line
from minsheng.documents.script import simplest

Drop = tuple[int, int, str]

_LONGEST_TAIL = 900  # characters; a list of links may have 800
# So many tails of a line are tried, and one more for so many characters: time grows with the length.
_TRIES, _CHARACTERS_A_TRY = 16, 8
_SENTENCE = re.compile("[。;](?!$)|[。;!?]$")
_HALF = str.maketrans("，；：？！（）【】［］｜＞〉《　\u00a0", ",;:?!()[][]|>><  ")


def boilerplate(text: str, found: Sequence[Line]) -> tuple[dict[int, str], list[Drop]]:
    """Which whole lines are debris and why, and the debris inside other lines as spans of the text."""
    marked = _marked(text, found)
    reasons: dict[int, str] = {}
    inside: list[Drop] = []
    for index in marked:
        if index in reasons:
            continue
        line = found[index]
        words = plain(text[line.start : line.end])
        reason = _line_reason(words)
        if reason:
            reasons[index] = reason
            reasons.update(_followers(text, found, index, words, reason))
        else:
            drops = list(_inside(words))
            if len(drops) == 1 and drops[0][:2] == (0, len(words)):
                reasons[index] = drops[0][2]
            else:
                inside += [(line.start + a, line.start + b, why) for a, b, why in drops]
    reasons.update(_footer_neighbours(text, found, reasons))
    return reasons, sorted(drop for drop in inside if drop[0] < drop[1])


def plain(words: str) -> str:
    """The half-width, Simplified form of a line, character by character."""
    return "".join(map(simplest, words.translate(_HALF)))


def _marked(text: str, found: Sequence[Line]) -> list[int]:
    """The lines that hold a sign of debris."""
    starts = [line.start for line in found]
    marked: set[int] = set()
    for sign in debris.SIGNS:
        position = text.find(sign)
        while position >= 0:
            index = bisect_right(starts, position) - 1
            marked.add(index)
            if index + 1 == len(starts):
                break
            position = text.find(sign, starts[index + 1])
    return sorted(marked)


def _line_reason(words: str) -> str | None:
    """Why a whole line is debris; None where it is not."""
    if len(words) <= 200 and debris.FOOTER.fullmatch(words) and "。" not in words:
        return "footer"
    if len(words) <= 40 and debris.NOTICE_TITLE.fullmatch(words):
        return "copyright"
    if _is_notice(words):
        return "copyright"
    if len(words) > 160 or "。" in words[:-1]:
        return None
    if debris.LINKS_LINE.fullmatch(words):
        return "links"
    if debris.KEYWORDS.fullmatch(words):
        return "keywords"
    if _is_bar(words):
        return "share" if debris.SHARE.search(words) else "navigation"
    if debris.CRUMBS.fullmatch(words) or debris.TURNING.fullmatch(words):
        return "navigation"
    if debris.MORE.fullmatch(words):
        return "download"
    if len(words) <= 60 and debris.DOWNLOAD.fullmatch(words) and not _SENTENCE.search(words):
        return "download"
    return "byline" if _is_byline(words) else None


def _is_bar(words: str) -> bool:
    """Whether a line is made of buttons only, one of them unmistakable or several."""
    if not debris.BUTTONS.fullmatch(words):
        return False
    buttons = re.findall(debris.BUTTON, words)
    bracketed = len(buttons) > 1 and words.count("[") >= len(buttons)
    return bracketed or len(buttons) > 2 or not all(map(debris.WEAK_BUTTON.fullmatch, buttons))


def _is_byline(words: str) -> bool:
    """Whether a line is made of fields such as `来源:…` and `责任编辑:…` only."""
    if len(words) > 160:
        return False
    bare = re.sub(debris.DATE, lambda m: " " * len(m.group()), words).strip(" ()[]|")
    fields = list(debris.FIELD.finditer(bare))
    if not fields or not debris.BAR.fullmatch(bare[: fields[0].start()].strip("([ ")):
        return False
    edges = [f.start() for f in fields] + [len(bare)]
    for field, end in zip(fields, edges[1:], strict=False):
        value = bare[field.end() : end]
        if not debris.VALUE.fullmatch(value.rstrip()) and not debris.BAR.fullmatch(value.lstrip(" :")):
            return False
        if len(fields) == 1 and field.group() == "来源" and not debris.PUBLISHER.fullmatch(value):
            return False
    return any(field.group(1) or field.group(2) for field in fields)


def _is_notice(words: str) -> bool:
    """Whether a line is a legal notice: it names its site, and every sentence has a word of notices."""
    if len(words) > 600 or not debris.SELF.search(words):
        return False
    if sum(word in words for word in debris.LEGAL) < (2 if debris.NOTICE_LEAD.match(words) else 3):
        return False
    return all(any(word in s for word in debris.LEGAL) for s in re.split("[。!]", words) if s.strip('"” '))


def _followers(text: str, found: Sequence[Line], index: int, words: str, reason: str) -> dict[int, str]:
    """The lines that belong to a debris line before them: items of a notice, links of a list."""
    if reason == "copyright":
        return dict.fromkeys(_notice_items(text, found, index + 1), reason)
    if reason != "links":
        return {}
    run: list[int] = []
    for i in range(index + 1, len(found)):
        line = plain(text[found[i].start : found[i].end])
        if debris.NUMBERED.match(line) or _line_reason(line):
            break
        if len(line) > 60 or "。" in line or line.endswith((":", ";", ",")):
            # A short line right before text may be its heading.
            return dict.fromkeys(run[:-1], reason)
        run.append(i)
    return dict.fromkeys(run, reason)


def _notice_items(text: str, found: Sequence[Line], first: int) -> Iterator[int]:
    for i in range(first, len(found)):
        words = plain(text[found[i].start : found[i].end])
        hits = sum(word in words for word in debris.LEGAL) + (debris.SELF.search(words) is not None)
        if hits < (1 if debris.ITEM.match(words) else 2) or len(words) > 600:
            return
        yield i


def _footer_neighbours(text: str, found: Sequence[Line], reasons: dict[int, str]) -> dict[int, str]:
    more: dict[int, str] = {}
    for index in [i for i, reason in reasons.items() if reason == "footer"]:
        for step in (-1, 1):
            i = index + step
            while 0 <= i < len(found) and i not in reasons and found[i].end - found[i].start <= 100:
                words = plain(text[found[i].start : found[i].end])
                if not debris.FOOTER_PART.fullmatch(words) or "。" in words:
                    break
                more[i] = "footer"
                i += step
    return more


def _inside(words: str) -> Iterator[Drop]:
    """Debris inside a line: before its text, after it, and marks that can be anywhere."""
    begin, end = _lead_end(words), len(words)
    if begin:
        yield 0, begin, "byline"
    # A longer tail is no debris, whatever begins it.
    last = len(words.rstrip(" |\t"))
    latest = max(begin, last - _LONGEST_TAIL)
    tries = iter(range(_TRIES + (last - latest) // _CHARACTERS_A_TRY))
    for start in debris.TAIL_START.finditer(words, latest):
        reason = _tail_reason(words[start.end() : last], tries)
        if reason:
            end = start.end()
            yield end, len(words), reason
            break
    kept = words[begin:end].rstrip(" |\t")
    if "|" in words[begin + len(kept) : end] and "|" not in kept:  # a separator whose other side is gone
        yield begin + len(kept), end, "ornament"
        end = begin + len(kept)
    for pattern, reason in ((debris.MORE_ANYWHERE, "download"), (debris.PAGES_ANYWHERE, "page_number")):
        yield from ((m.start(), m.end(), reason) for m in pattern.finditer(words, begin, end))


def _tail_reason(tail: str, tries: Iterator[int]) -> str | None:
    """Why all that is left of a line is debris; None where it is not, or where all `tries` are used up."""
    stripped = tail.strip().strip("|").strip()
    if not stripped or next(tries, None) is None:
        return None
    if debris.LINKS_TAIL.fullmatch(stripped) and "。" not in stripped and len(stripped) <= 800:
        return "links"
    reason = _line_reason(stripped)
    if reason or len(stripped) > 300 or "。" in stripped[:-1]:
        return reason
    # Several kinds in a row: 责任编辑:… 分享到 微信 关键词:…
    first: str | None = None
    while stripped and not reason:
        starts = [m.end() for m in debris.TAIL_START.finditer(stripped, 1)]
        found = ((p, _line_reason(stripped[:p].strip(" |"))) for p, _ in zip(starts, tries, strict=False))
        place, here = next(((p, why) for p, why in found if why), (0, None))
        if here is None:
            return None
        first = first or here
        stripped = stripped[place:].strip(" |")
        reason = _line_reason(stripped) or ("links" if debris.LINKS_TAIL.fullmatch(stripped) else None)
    return first


def _lead_end(words: str) -> int:
    """Where the text begins after a breadcrumb trail or fields at the beginning of a block."""
    crumbs = debris.LEADING_CRUMBS.match(words)
    position = crumbs.end() if crumbs else 0
    fields, strong, start = 0, 0, position
    while match := debris.LEADING_FIELD.match(words, position):
        position = match.end()
        fields += 1
        strong += match.group(1) is not None and "来源" not in match.group(1)
    return position if strong or (fields > 1 and "来源" in words[start:position]) else start
