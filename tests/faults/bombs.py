"""Small files that would unpack, nest or repeat into something enormous."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable

from conftest import EXAMPLES

_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PROSE = EXAMPLES["education"].format(n=7, m=77)


def zipped(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def word(body: str, *, head: str = "") -> bytes:
    """A Word file with this body."""
    import docx

    saved = io.BytesIO()
    docx.Document().save(saved)
    with zipfile.ZipFile(saved) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    parts["word/document.xml"] = (
        f'{head}<w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>'.encode()
    )
    return zipped(parts)


def sheet(content: str, *, strings: str | None = None) -> bytes:
    """A workbook with this content of its one sheet."""
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["text"])
    saved = io.BytesIO()
    book.save(saved)
    with zipfile.ZipFile(saved) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    parts["xl/worksheets/sheet1.xml"] = content.encode()
    if strings is not None:
        parts["xl/sharedStrings.xml"] = strings.encode()
    return zipped(parts)


def text_row(number: int, column: str, text: str) -> str:
    return f'<row r="{number}"><c r="{column}{number}" t="inlineStr"><is><t>{text}</t></is></c></row>'


def worksheet(rows: str) -> str:
    return f'<worksheet xmlns="{_SHEET}"><dimension ref="A1:XFD1048576"/><sheetData>{rows}</sheetData></worksheet>'


def laughs(name: str = "lol") -> str:
    """The declaration of an entity `j` of ten billion characters (the "billion laughs" attack)."""
    nested = "".join(f'<!ENTITY {chr(c + 1)} "{f"&{chr(c)};" * 10}">' for c in range(97, 106))
    return f'<!DOCTYPE {name} [<!ENTITY a "哈哈哈哈哈哈哈哈哈哈">{nested}]>'


def pdf(*objects: bytes) -> bytes:
    """A PDF of these objects, the first of which is the catalogue."""
    out = bytearray(b"%PDF-1.7\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    return bytes(
        out + b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    )


def stream(content: bytes, *, head: bytes = b"") -> bytes:
    packed = zlib.compress(content, 9)
    return b"<< /Length %d /Filter /FlateDecode %s >>\nstream\n%s\nendstream" % (len(packed), head, packed)


_CATALOGUE = b"<< /Type /Catalog /Pages 2 0 R >>"
_ONE = b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>"
_FONT = b"/Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>"


def page(content: bytes, *, more: bytes = b"", objects: tuple[bytes, ...] = ()) -> bytes:
    """A PDF of one page with this content."""
    described = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << %s %s >> >>"
    )
    return pdf(_CATALOGUE, _ONE, described % (_FONT, more), stream(content), *objects)


def endless_forms() -> bytes:
    """Each form draws the next one ten times."""
    forms = []
    for number in range(5, 25):
        inner = b"/Resources << /XObject << /X %d 0 R >> >>" % (number + 1)
        head = b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] " + inner
        forms.append(stream(b"/X Do\n" * 10, head=head))
    last = stream(b"BT /F1 9 Tf (x) Tj ET", head=b"/Type /XObject /Subtype /Form /BBox [0 0 9 9]")
    return page(b"/X Do", more=b"/XObject << /X 5 0 R >>", objects=(*forms, last))


BOMBS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "word of one part of 600 MiB": (
        ".docx",
        lambda: zipped({"[Content_Types].xml": b"x", "word/document.xml": bytes(600 << 20)}),
    ),
    "word of a hundred thousand parts": (
        ".docx",
        lambda: zipped({"[Content_Types].xml": b"x"} | {f"word/{n}.xml": b"" for n in range(100_000)}),
    ),
    "word with billion laughs": (
        ".docx",
        lambda: word(f"<w:p><w:r><w:t>{PROSE}&j;</w:t></w:r></w:p>", head=laughs("w:document")),
    ),
    "word nested deeply": (".docx", lambda: word("<w:sdt><w:sdtContent>" * 100_000)),
    "word with tables in tables": (".docx", lambda: word("<w:tbl><w:tr><w:tc>" * 200 + f"<w:p><w:r><w:t>{PROSE}")),
    "word of a million empty paragraphs": (
        ".docx",
        lambda: word("<w:p/>" * 1_000_000 + f"<w:p><w:r><w:t>{PROSE}</w:t></w:r></w:p>"),
    ),
    "word with an outside entity": (
        ".docx",
        lambda: word(
            "<w:p><w:r><w:t>&e;</w:t></w:r></w:p>",
            head='<!DOCTYPE w:document [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
        ),
    ),
    "sheet with a cell in the last corner": (
        ".xlsx",
        lambda: sheet(worksheet(text_row(1, "A", "text") + text_row(1048576, "XFD", "字"))),
    ),
    "sheet with wide rows": (
        ".xlsx",
        lambda: sheet(worksheet(text_row(1, "A", "text") + "".join(text_row(n, "XFD", "字") for n in range(2, 1500)))),
    ),
    "sheet with billion laughs": (
        ".xlsx",
        lambda: sheet(laughs("worksheet") + worksheet(text_row(1, "A", "text") + text_row(2, "A", "&j;"))),
    ),
    "sheet of huge strings": (
        ".xlsx",
        lambda: sheet(
            worksheet(text_row(1, "A", "text") + '<row r="2"><c r="A2" t="s"><v>0</v></c></row>'),
            strings=f'<sst xmlns="{_SHEET}"><si><t>{"字" * 20_000_000}</t></si></sst>',
        ),
    ),
    "pdf of a billion pages": (
        ".pdf",
        lambda: pdf(_CATALOGUE, b"<< /Type /Pages /Count 1000000000 /Kids [3 0 R] >>", b"<< /Type /Page >>"),
    ),
    "pdf whose pages go in a circle": (
        ".pdf",
        lambda: pdf(_CATALOGUE, b"<< /Type /Pages /Count 9 /Kids [2 0 R 2 0 R 2 0 R] /Parent 2 0 R >>"),
    ),
    "pdf that unpacks to 1 GiB": (".pdf", lambda: page(b" " * (1 << 30))),
    "pdf of endless forms": (".pdf", endless_forms),
    "pdf of half a million letters in one place": (
        ".pdf",
        lambda: page(b"BT /F1 9 Tf " + b"1 0 0 1 9 9 Tm (x) Tj " * 500_000 + b"ET"),
    ),
    "page of one line of 2 MiB": (
        ".html",
        lambda: ("<html><body>" + f"<p>{PROSE}</p>" * (2_000_000 // (len(PROSE) * 3))).encode(),
    ),
    "page of one line of 30 MiB": (
        ".html",
        lambda: ("<html><body>" + f"<p>{PROSE}</p>" * (30_000_000 // (len(PROSE) * 3))).encode(),
    ),
    "page nested a hundred thousand deep": (".html", lambda: ("<html>" + "<div>" * 100_000 + PROSE).encode()),
    "page of tables in tables": (".html", lambda: ("<html>" + "<table><tr><td>" * 5_000 + PROSE).encode()),
    "page of open tags": (".html", lambda: b"<html>" + b"<b><i><p>" * 20_000),
    "text of a paragraph of 2 million characters": (".txt", lambda: (PROSE * (2_000_000 // len(PROSE))).encode()),
    "text of a sentence of 2 million characters": (".txt", lambda: ("学" * 2_000_000).encode()),
    "text of nothing but brackets": (".txt", lambda: b"(" * 100_000 + "字".encode()),
    "text of nothing but question marks": (".txt", lambda: b"?" * 1_000_000),
    "text of a million short lines": (".txt", lambda: "一、\n".encode() * 1_000_000),
    "text of right-to-left marks": (".txt", lambda: "\u202e学\u200b".encode() * 200_000),
    "markdown of nothing but marks": (".md", lambda: b"<!--[](**__" * 20_000),
    "lines of JSON nested deeply": (".jsonl", lambda: b"[" * 5_000_000 + b"\n" + '{"text": "字"}\n'.encode()),
    "array of JSON nested deeply": (".json", lambda: b'[{"text":' * 500_000),
    "table of one cell of 20 million characters": (".csv", lambda: b'text\n"' + "学".encode() * 7_000_000 + b'"\n'),
}  # fmt: skip
# Those that take less than a second or two.
QUICK = [
    "array of JSON nested deeply", "lines of JSON nested deeply", "page of tables in tables", "pdf of a billion pages",
    "pdf whose pages go in a circle", "sheet with billion laughs", "text of nothing but brackets",
    "text of nothing but question marks", "word nested deeply", "word with an outside entity",
    "word with billion laughs", "word with tables in tables",
]  # fmt: skip
# What must not be read, with the codes that say why.
REFUSED = {
    "word of one part of 600 MiB": {"too_large"},
    "word with billion laughs": {"damaged", "empty", "too_large"},
    "word with an outside entity": {"damaged", "empty"},
    "sheet with billion laughs": {"damaged"},
    "array of JSON nested deeply": {"damaged"},
}
