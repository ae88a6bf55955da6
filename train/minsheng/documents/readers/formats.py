"""Which suffixes are read, which are named as unreadable, and what the first bytes say about a file."""

from __future__ import annotations

import zipfile
from pathlib import Path

from minsheng.errors import DocumentError, nearest

KINDS = {
    ".txt": "text",
    ".text": "text",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".docx": "docx",
    ".pdf": "pdf",
    ".csv": "csv",
    ".tsv": "tsv",
    ".xlsx": "xlsx",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".doc": "office",
    ".wps": "office",
    ".rtf": "office",
    ".odt": "office",
}
# Formats of whole documents that cannot be read. In a folder they are named as failures, while images,
# archives and programs are passed over in silence: nobody expects tags for those.
ADVICE = {
    ".ofd": ("ofd", "is an OFD file, which is not read: open it in an OFD reader and save it as PDF"),
    ".xls": ("unsupported", "is an old Excel file: save it as .xlsx"),
    ".et": ("unsupported", "is a WPS spreadsheet: save it as .xlsx"),
    ".ods": ("unsupported", "is an OpenDocument spreadsheet: save it as .xlsx"),
    ".docm": ("unsupported", "is a Word file with macros: save it as .docx"),
    ".xlsm": ("unsupported", "is an Excel file with macros: save it as .xlsx"),
    ".ppt": ("unsupported", "holds slides, which are not read: save its text as .docx or .pdf"),
    ".pptx": ("unsupported", "holds slides, which are not read: save its text as .docx or .pdf"),
    ".dps": ("unsupported", "holds slides, which are not read: save its text as .docx or .pdf"),
    ".mht": ("unsupported", "is a web archive: open it in a browser and save it as .html"),
    ".mhtml": ("unsupported", "is a web archive: open it in a browser and save it as .html"),
    ".eml": ("unsupported", "is an e-mail: save its text as .txt or its attachment apart"),
    ".epub": ("unsupported", "is an e-book: save it as .html or .txt"),
    ".caj": ("unsupported", "is a CAJ file: save it as PDF in CAJViewer"),
}
# A report of 300 pages unpacks to some 20 MiB of XML; pictures are loaded too. Above this a file is a zip
# bomb or no report.
MOST_UNPACKED = 512 << 20
HEAD = 4096  # bytes that `content` needs

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # Compound File Binary: Office 97–2003, and encrypted OOXML
_MAGIC = (
    (_OLE, "ole"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"{\\rtf", "rtf"),
    (b"\x89PNG", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"),
    (b"II*\0", "image"),
    (b"MM\0*", "image"),
    (b"Rar!", "archive"),
    (b"7z\xbc\xaf", "archive"),
    (b"\x1f\x8b", "archive"),
    (b"MZ\x90", "program"),
    (b"\x7fELF", "program"),
)
_NAMES = {
    "pdf": ("a PDF", ".pdf"),
    "docx": ("a Word file", ".docx"),
    "xlsx": ("an Excel file", ".xlsx"),
    "odt": ("an OpenDocument text", ".odt"),
    "ofd": ("an OFD file", ".ofd"),
    "doc": ("an old Word file", ".doc"),
    "xls": ("an old Excel file", ".xls"),
    "ole": ("an old Office file", ".doc"),
    "rtf": ("an RTF file", ".rtf"),
    "html": ("a web page", ".html"),
    "zip": ("a zip archive", None),
    "image": ("an image", None),
    "archive": ("a compressed archive", None),
    "program": ("a program", None),
}
# What the content of a kind may be found to be; `None` is plain text or nothing that is known.
_ALLOWED: dict[str, frozenset[str | None]] = {
    "text": frozenset({None, "html"}),
    "markdown": frozenset({None, "html"}),
    "html": frozenset({None, "html"}),
    "csv": frozenset({None}),
    "tsv": frozenset({None}),
    "json": frozenset({None}),
    "jsonl": frozenset({None}),
    "docx": frozenset({"docx"}),
    "xlsx": frozenset({"xlsx"}),
    "pdf": frozenset({"pdf"}),
    # Websites name web pages, RTF and .docx files ".doc"; LibreOffice goes by the content.
    "office": frozenset({"doc", "ole", "rtf", "odt", "docx", "html", None}),
}


def kind_of(document: str) -> str:
    """The format that a suffix stands for; DocumentError `ofd` or `unsupported` with what to do."""
    suffix = suffix_of(document)
    if suffix in KINDS:
        return KINDS[suffix]
    if suffix in ADVICE:
        code, advice = ADVICE[suffix]
        raise DocumentError(code, f"{document} {advice}")
    name = f"the suffix {suffix}" if suffix else "a file without a suffix"
    raise DocumentError(
        "unsupported",
        f"{document}: {name} is not read{nearest(suffix, KINDS)}; what is read: {' '.join(sorted(KINDS))}",
    )


def suffix_of(document: str) -> str:
    """The lower-case suffix of a path, with its dot."""
    return Path(document).suffix.lower()


def is_document(name: str) -> bool:
    """True for a file of a folder that is read, or named as a failure, by its suffix."""
    suffix = suffix_of(name)
    return suffix in KINDS or suffix in ADVICE


def content(path: Path, head: bytes) -> str | None:
    """What a file is by its content, whatever its name: a key of `_NAMES`, or None for text and unknown.

    `head` holds the first `HEAD` bytes; `path` is opened only for containers (zip, Office 97).
    """
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:256].lower()
    if start.startswith(b"%pdf-"):
        return "pdf"
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return _inside_zip(path) if name == "zip" else _inside_ole(path) if name == "ole" else name
    return "html" if start.startswith((b"<!doctype html", b"<html")) else None


def check(document: str, kind: str, path: Path, head: bytes) -> str | None:
    """`content`, if it agrees with `kind`; else DocumentError.

    Codes: `empty`, `encrypted` (an Office file with a password), `damaged` (not the format at all) and
    `mismatch` (another format than the name says).
    """
    if not head:
        raise DocumentError("empty", f"{document}: the file is empty (0 bytes)")
    # The specification lets other bytes stand before the mark of a PDF.
    found = "pdf" if kind == "pdf" and b"%PDF-" in head[:1024] else content(path, head)
    if found in _ALLOWED[kind]:
        return found
    if found == "encrypted":
        raise DocumentError(
            "encrypted", f"{document} is protected by a password: save a copy without one and read that"
        )
    if found is None or (found == "zip" and kind in ("docx", "xlsx")):
        raise DocumentError(
            "damaged", f"{document} is no whole {kind} file: it may be cut off; fetch or save it again"
        )
    name, suffix = _NAMES[found]
    advice = f"rename it to {suffix}" if suffix else "give the document itself"
    raise DocumentError("mismatch", f"{document} is {name} by its content: {advice}")


def check_unpacked(path: Path, document: str) -> None:
    """DocumentError `too_large` if an Office file would unpack to more than `MOST_UNPACKED` bytes."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        raise DocumentError(
            "damaged", f"{document} is damaged ({error}): it may be cut off; fetch or save it again"
        ) from error
    # zipfile never unpacks more of a member than the size that it states.
    if size > MOST_UNPACKED:
        raise DocumentError(
            "too_large",
            f"{document} unpacks to {size >> 20} MiB, more than the {MOST_UNPACKED >> 20} MiB allowed: "
            "split it, or save its text apart",
        )


def _inside_zip(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            members = set(archive.namelist())
            if "mimetype" in members and archive.getinfo("mimetype").file_size < 200:
                kind = archive.read("mimetype")
                if kind.startswith(b"application/vnd.oasis.opendocument.text"):
                    return "odt"
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, EOFError):
        return "zip"
    if "OFD.xml" in members:
        return "ofd"
    if "[Content_Types].xml" in members:
        if any(name.startswith("word/") for name in members):
            return "docx"
        if any(name.startswith("xl/") for name in members):
            return "xlsx"
    return "zip"


def _inside_ole(path: Path) -> str:
    # Stream names stand in UTF-16 in the directory, which may lie anywhere in the file.
    data = path.read_bytes()
    if "EncryptedPackage".encode("utf-16-le") in data:
        return "encrypted"
    if "WordDocument".encode("utf-16-le") in data:
        return "doc"
    return "xls" if "Workbook".encode("utf-16-le") in data else "ole"
