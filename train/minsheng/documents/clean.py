"""Source → Cleaned: the one way in which text is prepared, in training (`clean_text`) and in tagging."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence, Set

from minsheng.config.schema import CleanConfig
from minsheng.documents import align
from minsheng.documents.align import Edit
from minsheng.documents.boilerplate import Drop, boilerplate
from minsheng.documents.glosses import glosses
from minsheng.documents.lines import Line, joint, lines, page_furniture, trimmed, wrapped
from minsheng.documents.markdown import markdown
from minsheng.documents.mojibake import mojibake
from minsheng.documents.punctuation import compatible, narrow, widen
from minsheng.documents.script import simplify
from minsheng.documents.spaces import blanks, inner_spaces, invisible, line_ends
from minsheng.documents.values import Cleaned, Dropped, Flag, Source

_WRAPPED = ("text", "markdown")  # formats in which a line end may stand in mid-paragraph


def clean(source: Source, *, config: CleanConfig) -> Cleaned:
    """Clean a document. `aligned.text` has one paragraph a line (rows of tables: one line a row).

    Every source character either stands behind a character of `aligned.text` or lies in a dropped span;
    dropped spans do not overlap each other. Flags: `repaired` (mojibake that was undone), `mojibake` (that
    could not be).
    """
    work = _Work(source.text)
    _characters(work, config=config, markup=source.markup)
    text = work.text
    found = lines(text)
    drops: list[Drop] = []
    reasons: dict[int, str] = {}
    if config.boilerplate:
        reasons, drops = boilerplate(text, found)
        found = [trimmed(text, line, mine) for line, mine in _with_drops(found, drops)] if drops else found
        reasons.update(page_furniture(text, found, title=source.title))
    joins = wrapped(text, found, reasons) if source.markup in _WRAPPED else {}
    for start, end, reason in [*drops, *_whole_lines(found, reasons)]:
        work.drop(start, end, reason)
    _assemble(work, found, [i for i in range(len(found)) if i not in reasons], drops, joins)
    dropped = align.with_spaces(work.aligned, work.dropped, len(source.text))
    return Cleaned(source, work.aligned, dropped, tuple(sorted(work.flags, key=lambda flag: flag.start)))


def clean_text(text: str, *, config: CleanConfig) -> str:
    """Clean one paragraph as `clean` does the characters of a document: script, glosses, marks, mojibake,
    white space. Lines stay apart (rows of a table), blank ones go; nothing counts as boilerplate."""
    work = _Work(text)
    _characters(work, config=config, markup="text")
    found = lines(work.text)
    _assemble(work, found, range(len(found)), [], {})
    return work.text


def _characters(work: _Work, *, config: CleanConfig, markup: str) -> None:
    """All that is done character by character, in the order in which each step helps the next."""
    if config.mojibake:  # first: what cannot be seen may be part of it
        repairs, damaged = mojibake(work.text, work.characters)
        for start, end, _ in repairs:
            work.flag(start, end, "repaired")
        for start, end in damaged:
            work.flag(start, end, "mojibake")
        work.edit(repairs, reason="mojibake")
    work.edit(line_ends(work.text), reason="space")
    work.retext(blanks(work.text))
    work.edit(invisible(work.text), reason="invisible")
    if markup == "markdown":
        for edits in markdown(work.text):
            work.edit(edits, reason="markup")
    work.edit(compatible(work.text, work.characters), reason="markup")
    if config.glosses:
        work.edit(glosses(work.text), reason="gloss")
    if config.punctuation:
        work.retext(narrow(work.text, work.characters))
        work.retext(widen(work.text))
    if config.simplify:
        work.retext(simplify(work.text, work.characters))


def _whole_lines(found: Sequence[Line], reasons: Mapping[int, str]) -> list[Drop]:
    """Dropped lines as spans; neighbours with one reason are one span."""
    spans: list[Drop] = []
    last = -2
    for index in sorted(reasons):
        line, reason = found[index], reasons[index]
        if line.start == line.end:
            continue
        if index == last + 1 and spans and spans[-1][2] == reason:
            spans[-1] = (spans[-1][0], line.end, reason)
        else:
            spans.append((line.start, line.end, reason))
        last = index
    return spans


def _with_drops(found: Sequence[Line], drops: Sequence[Drop]) -> Iterator[tuple[Line, Sequence[Drop]]]:
    """Each line with the drops that begin in it."""
    starts = [start for start, _, _ in drops]
    for line in found:
        yield line, drops[bisect_left(starts, line.start) : bisect_left(starts, line.end)]


def _assemble(
    work: _Work, found: Sequence[Line], kept: Sequence[int], drops: Sequence[Drop], joins: Mapping[int, int]
) -> None:
    """Leave the kept lines with single line ends between them, wrapped lines joined, and single spaces."""
    text = work.text
    kept = [i for i in kept if found[i].start < found[i].end]
    edits: list[Edit] = []
    position = 0
    lines_and_drops = _with_drops([found[i] for i in kept], drops)
    for before, index, (line, mine) in zip([None, *kept], kept, lines_and_drops, strict=False):
        if before is None:
            edits.append((position, line.start, ""))
        elif joins.get(before) == index:
            edits.append((position, line.start, joint(text, found[before], line)))
        else:
            line_end = text.index("\n", position)
            edits += [(position, line_end, ""), (line_end + 1, line.start, "")]
        edits += [(start, end, "") for start, end, _ in mine if line.start < start and end < line.end]
        position = line.end
    edits.append((position, len(text), ""))
    work.edit([edit for edit in edits if edit[0] < edit[1]], reason="space")
    work.edit(list(inner_spaces(work.text)), reason="space")


class _Work:
    """A text under cleaning: its alignment so far, and what was dropped and flagged."""

    def __init__(self, text: str) -> None:
        self.aligned = align.identity(text)
        self.dropped: list[Dropped] = []
        self.flags: list[Flag] = []
        self._counted = text
        self._characters: Set[str] = frozenset(text)

    @property
    def text(self) -> str:
        return self.aligned.text

    @property
    def characters(self) -> Set[str]:
        """The characters that occur in the text: what lets clean text pass quickly."""
        if self._counted is not self.aligned.text:
            self._counted = self.aligned.text
            self._characters = frozenset(self._counted)
        return self._characters

    def edit(self, edits: Sequence[Edit], *, reason: str) -> None:
        """Apply edits; what they delete is dropped for `reason`, white space is accounted for at the end."""
        for start, end, replacement in edits:
            if not replacement:
                self.drop(start, end, reason)
        self.aligned = align.edit(self.aligned, edits)

    def retext(self, text: str) -> None:
        if text is not self.aligned.text:
            self.aligned = align.retext(self.aligned, text)

    def drop(self, start: int, end: int, reason: str) -> None:
        if reason != "space":
            self.dropped.append(Dropped(*align.source_span(self.aligned, start, end), reason))

    def flag(self, start: int, end: int, reason: str) -> None:
        self.flags.append(Flag(*align.source_span(self.aligned, start, end), reason))
