"""Lines of extracted text → the text of a source and the spans of its headings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# A "heading" longer than this is a paragraph in the wrong style: as a heading it would get no labels.
_HEADING_CHARACTERS = 100
# A table cell of several paragraphs and more characters than this is page layout, not data.
_LAYOUT_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Line:
    """One paragraph of extracted text, without line breaks."""

    text: str
    heading: bool = False


def split_lines(text: str, *, heading: bool = False) -> list[Line]:
    """The lines of a paragraph with forced breaks, trimmed, without empty ones."""
    return [Line(line, heading) for part in text.splitlines() if (line := part.strip())]


def row_lines(cells: Iterable[Sequence[Line]]) -> list[Line]:
    """A table row as one line, cells joined by tabs.

    A row with one filled cell, or with whole paragraphs in one, is layout: its lines stay apart.
    """
    filled = [cell for cell in cells if cell]
    longest = max((sum(len(line.text) for line in cell) for cell in filled if len(cell) > 1), default=0)
    if len(filled) < 2 or longest > _LAYOUT_CHARACTERS:
        return [line for cell in filled for line in cell]
    return [Line("\t".join(" ".join(line.text for line in cell) for cell in filled))]


def assemble(lines: Iterable[Line]) -> tuple[str, tuple[tuple[int, int], ...]]:
    """The lines joined by line feeds, and the spans of the headings in that text."""
    texts: list[str] = []
    headings: list[tuple[int, int]] = []
    offset = 0
    for line in lines:
        texts.append(line.text)
        end = offset + len(line.text)
        if line.heading and len(line.text) <= _HEADING_CHARACTERS:
            headings.append((offset, end))
        offset = end + 1
    return "\n".join(texts), tuple(headings)
