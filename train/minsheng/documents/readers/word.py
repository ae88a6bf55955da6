"""Word files (.docx): paragraphs and tables in reading order.

The XML is walked here because python-docx's `Paragraph.text` leaves out what stands in content controls,
tracked insertions, smart tags and text boxes. Automatic numbering is no text in the file and is lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from minsheng.documents.readers import formats
from minsheng.documents.readers.extracted import Line, assemble, row_lines, split_lines
from minsheng.documents.values import Source
from minsheng.errors import DocumentError

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_MATH_TEXT = "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"
_NOTES = ("/footnotes", "/endnotes")
_HEADING = re.compile(r"(heading|标题|標題)\s*\d*|title|subtitle|副标题|副標題", re.IGNORECASE)
_TITLE = re.compile(r"title|标题|標題", re.IGNORECASE)
_CONTENTS = re.compile(r"(toc|目录|目錄)\s*(\d+|heading|标题)?", re.IGNORECASE)
_WRAPPERS = frozenset(_W + name for name in ("ins", "moveTo", "customXml", "smartTag", "sdtContent"))
# Properties, deleted text, the phonetic part of ruby, and drawings, whose text boxes are read apart.
_SKIPPED = frozenset(
    _W + name for name in ("pPr", "rPr", "del", "moveFrom", "rt", "drawing", "pict", "object", "sdtPr")
) | {_MC + "Fallback"}
_PIECES = {_W + "tab": "\t", _W + "br": "\n", _W + "cr": "\n", _W + "noBreakHyphen": "-"}


def read(path: Path, document: str) -> Source:
    """The text of a Word file, one line a paragraph or table row, with the headings that styles mark.

    Text boxes follow the paragraph that anchors them, footnotes the text; the table of contents, page
    headers and comments are left out. Raises DocumentError `damaged`, `too_large` or `empty`.
    """
    formats.check_unpacked(path, document)
    import docx

    try:
        opened = docx.Document(str(path))
        styles = _styles(opened.styles.element)
        lines = list(_blocks(opened.element.body, styles))
        for notes in _notes(opened.part):
            lines.extend(_blocks(notes, styles))
    except Exception as error:  # python-docx raises whatever a damaged file leads it to
        raise DocumentError(
            "damaged",
            f"{document} cannot be read as a Word file ({error}): open it in Word and save it again",
        ) from error
    text, headings = assemble(lines)
    if not text:
        raise DocumentError("empty", f"{document}: the Word file holds no text (only pictures?)")
    return Source(document, text, headings=headings, title=_title(opened.element.body, styles), markup="docx")


def _styles(element: Any) -> dict[str, tuple[str, bool]]:
    """Style id → its name, and whether it marks headings itself or by the style it is based on."""
    found: dict[str, tuple[str, str, bool]] = {}
    for style in element.iter(_W + "style"):
        name = _value(style.find(_W + "name")).strip()
        level = _value(style.find(f"{_W}pPr/{_W}outlineLvl"))
        marks = bool(_HEADING.fullmatch(name)) or level in set("012345678")
        found[style.get(_W + "styleId", "")] = (name, _value(style.find(_W + "basedOn")), marks)

    def is_heading(style_id: str) -> bool:
        passed: set[str] = set()  # a damaged file may base styles on each other in a circle
        while style_id in found and style_id not in passed:
            passed.add(style_id)
            _, style_id, marks = found[style_id]
            if marks:
                return True
        return False

    return {key: (name, is_heading(key)) for key, (name, _, _) in found.items()}


def _value(element: Any) -> str:
    return "" if element is None else str(element.get(_W + "val", ""))


def _notes(part: Any) -> Iterator[Any]:
    from lxml import etree

    for relation in part.rels.values():
        if relation.reltype.endswith(_NOTES) and not relation.is_external:
            parser = etree.XMLParser(resolve_entities=False, no_network=True)
            for note in etree.fromstring(relation.target_part.blob, parser):
                if note.get(_W + "type", "normal") == "normal":  # others are separator lines
                    yield note


def _blocks(parent: Any, styles: Mapping[str, tuple[str, bool]]) -> Iterator[Line]:
    # Depth is bounded: libxml2 refuses documents nested deeper than 256.
    for child in parent:
        if child.tag == _W + "p":
            yield from _paragraph(child, styles)
        elif child.tag == _W + "tbl":
            for row in _descendants(child, _W + "tr"):
                if row.find(f"{_W}trPr/{_W}del") is None:
                    cells = [cell for cell in _descendants(row, _W + "tc") if not _continues(cell)]
                    yield from row_lines([list(_blocks(cell, styles)) for cell in cells])
        elif child.tag == _W + "sdt":
            gallery = child.find(f"{_W}sdtPr/{_W}docPartObj/{_W}docPartGallery")
            if _value(gallery) != "Table of Contents":
                yield from _blocks(child, styles)
        elif child.tag in _WRAPPERS:
            yield from _blocks(child, styles)


def _descendants(element: Any, tag: str) -> Iterator[Any]:
    # Rows and cells may be wrapped, and a table in a cell has rows of its own that are not meant.
    for child in element:
        if child.tag == tag:
            yield child
        elif child.tag == _W + "sdt" or child.tag in _WRAPPERS:
            yield from _descendants(child, tag)


def _continues(cell: Any) -> bool:
    """True for the lower parts of a vertically merged cell, which may hold stale text."""
    merge = cell.find(f"{_W}tcPr/{_W}vMerge")
    return merge is not None and _value(merge) != "restart"


def _paragraph(element: Any, styles: Mapping[str, tuple[str, bool]]) -> Iterator[Line]:
    name, heading = _style(element, styles)
    if not _CONTENTS.fullmatch(name):
        yield from split_lines("".join(_pieces(element)), heading=heading)
    for box in element.iter(_W + "txbxContent"):
        # Word writes a text box twice, the second time for old programs; a box may hold another.
        twice = next(box.iterancestors(_MC + "Fallback"), None) is not None
        if not twice and next(box.iterancestors(_W + "p")) is element:
            yield from _blocks(box, styles)


def _style(element: Any, styles: Mapping[str, tuple[str, bool]]) -> tuple[str, bool]:
    name, heading = styles.get(_value(element.find(f"{_W}pPr/{_W}pStyle")), ("", False))
    level = _value(element.find(f"{_W}pPr/{_W}outlineLvl"))
    return name, level in set("012345678") if level else heading


def _pieces(element: Any) -> Iterator[str]:
    for child in element:
        tag = child.tag
        if tag in (_W + "t", _MATH_TEXT):
            yield child.text or ""
        elif tag in _PIECES:
            yield _PIECES[tag]
        elif tag not in _SKIPPED and not _is_hidden(child):
            yield from _pieces(child)


def _is_hidden(run: Any) -> bool:
    hidden = run.find(f"{_W}rPr/{_W}vanish") if run.tag == _W + "r" else None
    return hidden is not None and _value(hidden) not in ("0", "false")


def _title(body: Any, styles: Mapping[str, tuple[str, bool]]) -> str | None:
    for paragraph in body.iter(_W + "p"):
        if _TITLE.fullmatch(_style(paragraph, styles)[0]):
            text = " ".join(line.text for line in split_lines("".join(_pieces(paragraph))))
            if text:
                return text
    return None
