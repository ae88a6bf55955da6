"""PDF files by pdfium: printed lines rejoined into paragraphs, running headers and page numbers left out."""

from __future__ import annotations

import ctypes
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from minsheng.documents.readers import layout
from minsheng.documents.readers.extracted import Line, assemble
from minsheng.documents.readers.layout import Row, Run
from minsheng.documents.values import Failure, Source
from minsheng.errors import DocumentError

_PASSWORD = 4  # FPDF_ERR_PASSWORD
_UNMAPPED = 0.3  # share of characters without Unicode above which the text is unusable
_POINT = 0.01  # points: nothing that is drawn is smaller
_HYPHEN = 2  # what pdfium puts for a hyphen that breaks a word at the end of a line
_FEW_ROWS = 4  # a scan may carry a header and a page number as text
_OUTLINES = 50  # drawn paths on a page without text: letters turned into shapes, not a mere rule
_SHOWN = 10  # page numbers in a message
_FONTS = (
    "its fonts are neither in the file nor on this machine; "
    "install a Chinese font, for example Noto Sans CJK, and read it again"
)
_OCR = "run OCR first, for example `ocrmypdf --language chi_sim`, and read its result"


def read(path: Path, document: str) -> Iterator[Source | Failure]:
    """One Source with page offsets and headings (larger type); a Failure for pages whose text is lost.

    A paragraph that goes over a page break is one; `pages` then points into it. Raises DocumentError
    `encrypted`, `damaged`, `scanned` (no page holds text), `garbled` (fonts without Unicode), `fonts`
    (fonts neither in the file nor on this machine) or `empty`.
    """
    import pypdfium2

    try:
        opened = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == _PASSWORD:
            raise DocumentError(
                "encrypted", f"{document} is protected by a password: save a copy without one and read that"
            ) from None
        raise DocumentError(
            "damaged", f"{document} is damaged ({error}): it may be cut off; fetch or save it again"
        ) from None
    try:
        yield from _read(opened, document)
    finally:
        opened.close()


def _read(opened: Any, document: str) -> Iterator[Source | Failure]:
    pages: list[list[Row]] = []
    sizes: list[tuple[float, float]] = []
    pictures: list[bool] = []
    fontless: list[int] = []
    characters = unmapped = 0
    for number in range(len(opened)):
        rows, size, picture, lost, counted, bad = _page(opened, number)
        pages.append(rows)
        sizes.append(size)
        pictures.append(picture)
        fontless.extend([number + 1] if lost else [])
        characters += counted
        unmapped += bad
    if unmapped > _UNMAPPED * max(characters, 1):
        raise DocumentError("garbled", f"{document}: the fonts do not say which characters they show; {_OCR}")
    pages = layout.without_running_lines(pages, [height for _, height in sizes])
    unread = [number + 1 for number, rows in enumerate(pages) if not rows and pictures[number]]
    items = layout.paragraphs(pages, [width for width, _ in sizes])
    if not items:
        if fontless:
            raise DocumentError("fonts", f"{document}: {_FONTS}")
        if unread:
            raise DocumentError("scanned", f"{document} is a scan (its pages are pictures): {_OCR}")
        raise DocumentError("empty", f"{document}: no page holds text")
    body = layout.body_size(items)
    lines = [Line(item.text, layout.is_heading(item, body)) for item in items]
    text, headings = assemble(lines)
    title = text[slice(*headings[0])] if headings else None
    starts = _starts(items, len(pages), len(text))
    yield Source(document, text, headings=headings, pages=starts, title=title, markup="pdf")
    if fontless:
        yield Failure(
            document, "fonts", f"{document}: some text is lost (pages: {_listed(fontless)}): {_FONTS}"
        )
    if unread:
        some = f"{len(unread)} of {len(pages)} pages hold no text ({_listed(unread)})"
        yield Failure(document, "scanned_pages", f"{document}: {some}: {_OCR}")


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers[:_SHOWN])) + (" …" if len(numbers) > _SHOWN else "")


def _starts(items: list[layout.Paragraph], count: int, end: int) -> tuple[int, ...]:
    """The offset at which each page begins; a page without text begins where the next one does."""
    found: dict[int, int] = {}
    offset = 0
    for item in items:
        for page, within in item.pages:
            found.setdefault(page, offset + within)
        offset += len(item.text) + 1
    starts: list[int] = []
    for page in reversed(range(count)):
        end = min(found.get(page, end), end)
        starts.append(end)
    return tuple(reversed(starts))


def _page(opened: Any, number: int) -> tuple[list[Row], tuple[float, float], bool, bool, int, int]:
    """Rows, (width, height), whether it shows pictures, whether text is lost, characters, unmapped ones."""
    import pypdfium2

    try:
        page = opened[number]
    except pypdfium2.PdfiumError:
        return [], (595.0, 842.0), True, False, 0, 0  # reported with the pages that hold no text
    textpage = page.get_textpage()
    try:
        box = page.get_cropbox()
        runs, counted, bad = _runs(textpage, box, page.get_rotation())
        rows = layout.rows_of(runs, page=number)
        picture = len(rows) <= _FEW_ROWS and _shows_pictures(page)
        return rows, page.get_size(), picture, _loses_text(page), counted, bad
    finally:
        textpage.close()
        page.close()


def _shows_pictures(page: Any) -> bool:
    from pypdfium2 import raw

    kinds = Counter(item.type for item in page.get_objects(max_depth=2))
    return kinds[raw.FPDF_PAGEOBJ_IMAGE] > 0 or kinds[raw.FPDF_PAGEOBJ_PATH] > _OUTLINES


def _loses_text(page: Any) -> bool:
    """True if pdfium passes over text because nothing on this machine can draw its font.

    A font that is missing gives its characters no height, and pdfium drops single characters, whose
    extent is then nothing.
    """
    from pypdfium2 import raw

    bounds = [
        item.get_bounds()
        for item in page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT])
        if raw.FPDFFont_GetIsEmbedded(raw.FPDFTextObj_GetFont(item.raw)) == 0
    ]
    flat = [right - left for left, bottom, right, top in bounds if top - bottom < _POINT]
    missing = 2 * len(flat) >= len(bounds) > 0  # Latin letters and digits have a substitute
    return missing and any(width < _POINT for width in flat)


def _runs(textpage: Any, box: tuple[float, float, float, float], rotation: int) -> tuple[list[Run], int, int]:
    from pypdfium2 import raw

    runs: list[Run] = []
    text: list[str] = []
    left = right = bottom = size = 0.0
    pending = False  # a space that pdfium put in for a gap
    counted = bad = 0
    rect = raw.FS_RECTF()

    def finish() -> None:
        whole = "".join(text).strip()
        if whole:
            runs.append(Run(whole, left, right, bottom, size))
        text.clear()

    for index in range(textpage.count_chars()):
        code = raw.FPDFText_GetUnicode(textpage.raw, index)
        if raw.FPDFText_IsGenerated(textpage.raw, index) == 1:
            if code in (10, 13):
                finish()
            pending = code == 32
            continue
        counted += 1
        if _is_unmapped(code) or raw.FPDFText_HasUnicodeMapError(textpage.raw, index) == 1:
            bad += 1
        if not raw.FPDFText_GetLooseCharBox(textpage.raw, index, ctypes.byref(rect)):
            continue
        x0, y0, x1, y1 = _turn((rect.left, rect.bottom, rect.right, rect.top), box, rotation)
        char = "" if code < 32 and code != _HYPHEN else chr(code)
        if text and x0 - right > layout.CELL_GAP * max(size, y1 - y0):
            finish()
        elif text and pending:
            text.append(layout.glue(text[-1], char))
        pending = False
        if not text:
            left, bottom, size, right = x0, y0, y1 - y0, x1
        text.append(char)
        right, bottom, size = max(right, x1), min(bottom, y0), max(size, y1 - y0)
        if code == _HYPHEN:
            finish()  # pdfium marks no new line after it
    finish()
    return runs, counted, bad


def _is_unmapped(code: int) -> bool:
    return code in (0, 0xFFFD) or 0xE000 <= code <= 0xF8FF


def _turn(
    rect: tuple[float, float, float, float], box: tuple[float, float, float, float], rotation: int
) -> tuple[float, float, float, float]:
    """A rectangle of the page as it is shown: from the lower left corner, after the page's rotation."""
    x0, y0, x1, y1 = rect[0] - box[0], rect[1] - box[1], rect[2] - box[0], rect[3] - box[1]
    width, height = box[2] - box[0], box[3] - box[1]
    if rotation == 90:
        return y0, width - x1, y1, width - x0
    if rotation == 180:
        return width - x1, height - y1, width - x0, height - y0
    if rotation == 270:
        return height - y1, x0, height - y0, x1
    return x0, y0, x1, y1
