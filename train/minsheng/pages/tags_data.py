"""The tags as the page's script reads them: compact, in blocks that are parsed when they are shown.

A passage is `[text, heading, page, start, end, labels, scores, evidence, review]`, for a row of a table with
a tenth entry. `heading` is 0 where it is that of the passage before; labels are numbers of domains, scores
thousandths; evidence is `[domain, start, end, score]`.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

from minsheng.errors import RunError
from minsheng.pages.tags_count import DocumentCount, Record, file_and_row

_BLOCK = 200  # passages: documents are parsed together up to this many


@dataclass(frozen=True, slots=True)
class Piece:
    """The passages `[first, first + passages)` of a document; the whole of it unless it is very long."""

    document: DocumentCount
    first: int
    passages: int


def pieces_in_parts(documents: Sequence[DocumentCount], *, most: int) -> list[list[Piece]]:
    """Every document, in order, in parts of at most `most` passages; only a longer document is cut."""
    parts: list[list[Piece]] = [[]]
    held = 0
    for document in documents:
        left, first = document.counts.passages, 0
        while True:
            if held and held + left > most:
                parts.append([])
                held = 0
            here = min(left, most)
            parts[-1].append(Piece(document, first, here))
            held, first, left = held + here, first + here, left - here
            if not left:
                break
    return parts


def blocks_of(
    pieces: Sequence[Piece], tags: Iterator[Record], domains: Sequence[str]
) -> tuple[list[list[list[Any]]], list[tuple[int, int]]]:
    """The blocks of a part, and for each piece (block, place in it). Takes the part's lines from `tags`.

    Raises RunError where the lines are not those that were counted.
    """
    blocks: list[list[list[Any]]] = []
    places: list[tuple[int, int]] = []
    held = 0
    for piece in pieces:
        if not blocks or held + piece.passages > _BLOCK:  # the first document may have no passage
            blocks.append([])
            held = 0
        lines = list(islice(tags, piece.passages))
        if len(lines) < piece.passages or any(
            file_and_row(line["document"])[0] != piece.document.name for line in lines
        ):
            raise RunError(
                f"{piece.document.name}: its tags changed while the page was written; tag it again"
            )
        places.append((len(blocks) - 1, len(blocks[-1])))
        blocks[-1].append(compact(lines, domains))
        held += piece.passages
    return blocks, places


def compact(lines: Sequence[Record], domains: Sequence[str]) -> list[Any]:
    """The passages of one document."""
    number = {domain: i for i, domain in enumerate(domains)}
    made: list[Any] = []
    before: str | None = None
    seen: Counter[tuple[str, int]] = Counter()
    for line in lines:
        at = utf16_offsets(line["text"])
        heading = line["heading"]
        passage = [
            line["text"], 0 if heading == before else heading, line["page"], line["start"], line["end"],
            [number[label] for label in line["labels"]],
            [round(1000 * line["scores"][domain]) for domain in domains],
            [[number[e["label"]], at(e["start"]), at(e["end"]), round(1000 * e["score"])]
             for e in line["evidence"]],
            int(line["decision"] == "review"),
        ]  # fmt: skip
        row = file_and_row(line["document"])[1]
        if row is not None:
            key = (row, line["passage"])
            seen[key] += 1  # two rows may have the same id, and a correction needs one of its own
            passage.append([row, line["date"], line["passage"], seen[key]])
        made.append(passage)
        before = heading
    return made


def utf16_offsets(text: str) -> Callable[[int], int]:
    """Offset in characters → offset in a string of JavaScript, where 𠮷 counts as two."""
    wide = [i for i, c in enumerate(text) if c > "\uffff"]
    return lambda offset: offset + sum(i < offset for i in wide)


def source_link(document: str, folder: Path) -> str | None:
    """Where a page in `folder` finds the file, as a relative link; None for what is no file here."""
    path = Path(document)
    try:
        if not path.is_file():
            return None
        # Of names that are not UTF-8 the document's name is a reading, which is no file.
        return quote(os.path.relpath(path, folder).replace(os.sep, "/"))
    except (OSError, ValueError):  # ValueError: another drive, or a character that no path has
        return None
