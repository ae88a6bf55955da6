"""Files → sources: the one entrance to the readers."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from minsheng.config.schema import DocumentsConfig
from minsheng.documents import encoding
from minsheng.documents.apart import read_apart
from minsheng.documents.find import STDIN, Found, find_files, readable_name
from minsheng.documents.readers import formats, html, office, pdf, table, text, word
from minsheng.documents.values import Failure, Source
from minsheng.errors import DocumentError, MinshengError

_PLAIN = frozenset({"text", "markdown", "csv", "tsv", "json", "jsonl"})
_WHOLE = frozenset({"text", "markdown", "json"})  # plain formats that are read in one piece
_LARGE = 8 << 20  # bytes of such a file that may take long; a smaller one is read faster here
# Of a text: a novel is 2 MiB. Cleaning, in the run itself, takes 11 bytes of memory and 0.1 µs a byte of prose, and
# 95 bytes and 2 µs a byte where each line holds two characters.
MOST_BYTES = 64 << 20


def read_all(patterns: Sequence[str], *, config: DocumentsConfig) -> Iterator[Source | Failure]:
    """Every source that the patterns of `find_files` name, in order; what cannot be read is a Failure.

    Raises ConfigError for an unknown encoding in `config`, before any file is opened.

    >>> from minsheng.config.schema import DocumentsConfig
    >>> for item in read_all(["no-such-report.docx"], config=DocumentsConfig()):
    ...     print(item.code, item.message, sep=": ")
    missing: no-such-report.docx: no such file or folder
    """
    if config.encoding is not None:
        encoding.names(config.encoding)
    for found in find_files(patterns):
        if isinstance(found, Failure):
            yield found
            continue
        try:
            yield from read_safely(found, config=config)
        except DocumentError as error:
            yield Failure(found.document, error.code, str(error))


def read_safely(found: Found, *, config: DocumentsConfig) -> Iterator[Source | Failure]:
    """`read_sources`, in a process of its own where a parser could hang, crash or take too much memory.

    Raises DocumentError as `read_sources`, and `timeout`.
    """
    answers = read_apart(found, config=config) if _is_risky(found) else None
    yield from read_sources(found, config=config) if answers is None else answers


def _is_risky(found: Found) -> bool:
    """Whether a file is more than plain text and tables of it, or a large one in one piece."""
    if found.document == STDIN:
        return False
    kind = formats.KINDS.get(formats.suffix_of(found.document))
    if kind not in _PLAIN:
        return True
    try:
        status = found.path.stat()
        if not stat.S_ISREG(status.st_mode):
            return False
        if kind in _WHOLE and status.st_size > _LARGE:
            return True
        with found.path.open("rb") as handle:
            return formats.content(Path(os.devnull), handle.read(formats.HEAD)) == "html"
    except OSError:
        return False  # which `read_sources` says in its own words


def read_sources(file: Found | str | Path, *, config: DocumentsConfig) -> Iterator[Source | Failure]:
    """The sources in one file: one, or one a row of a table; `-` is standard input, read as text.

    A Failure among them is a row, or pages of a PDF, that could not be read while the rest was. Raises
    DocumentError for a whole file (after what came before it, where the damage lies further down).
    """
    if not isinstance(file, Found):
        file = Found(Path(file), readable_name(str(file)))
    try:
        yield from _read(file.path, file.document, config)
    except MinshengError:
        raise
    except MemoryError:
        raise too_much_memory(file.document) from None
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        reason = "no such file" if missing else f"cannot be read ({error.strerror or error})"
        raise DocumentError("missing" if missing else "unreadable", f"{file.document}: {reason}") from error
    except Exception as error:  # parsers of third parties raise anything on damaged input; the run goes on
        raise DocumentError(
            "damaged",
            f"{file.document} cannot be read ({type(error).__name__}: {error}): it may be damaged; "
            "open it and save it again",
        ) from error


def too_much_memory(document: str) -> DocumentError:
    """What is raised where a file does not fit into memory."""
    return DocumentError(
        "too_large", f"{document}: reading it takes too much memory; split it, or save its text apart"
    )


def _read(path: Path, document: str, config: DocumentsConfig) -> Iterator[Source | Failure]:
    if document == STDIN:
        yield _standard_input(config)
        return
    kind = formats.kind_of(document)
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for ever
        raise DocumentError("not_a_file", f"{document} is no file: give a file, or `-` for standard input")
    with path.open("rb") as handle:
        head = handle.read(formats.HEAD)
    content = formats.check(document, kind, path, head)
    # Scraped pages are often saved as .txt, and web pages and .docx files are often named .doc.
    kind = content if content in ("html", "docx") and kind in ("text", "office") else kind
    if kind == "pdf":
        yield from pdf.read(path, document)
    elif kind in ("csv", "tsv", "xlsx", "json", "jsonl"):
        yield from table.read(path, document, kind, config=config)
    elif kind == "docx":
        yield word.read(path, document)
    elif kind == "office":
        yield office.read(path, document)
    elif status.st_size > MOST_BYTES:
        raise _too_large(document, f"{status.st_size >> 20} MiB")
    elif kind == "html":
        yield html.from_bytes(path.read_bytes(), document, encoding=config.encoding)
    else:
        yield text.from_bytes(path.read_bytes(), document, encoding=config.encoding, markup=kind)


def _too_large(document: str, size: str) -> DocumentError:
    return DocumentError(
        "too_large", f"{document}: {size} of text is no single document; split it, or make it a table"
    )


def _standard_input(config: DocumentsConfig) -> Source:
    data = sys.stdin.buffer.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise _too_large("standard input", f"more than {MOST_BYTES >> 20} MiB")
    content = formats.check("standard input", "text", Path(os.devnull), data[: formats.HEAD])
    if content == "html":
        return html.from_bytes(data, STDIN, encoding=config.encoding)
    return text.from_bytes(data, STDIN, encoding=config.encoding)
