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
MOST_BYTES = 256 << 20  # of a file that is decoded as a whole: a novel is 2 MiB, so this is no document


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
    """`read_sources`, in a process of its own where a parser of somebody else could hang or crash.

    Raises DocumentError as `read_sources`, and `timeout`.
    """
    answers = read_apart(found, config=config) if _is_risky(found) else None
    yield from read_sources(found, config=config) if answers is None else answers


def _is_risky(found: Found) -> bool:
    """Whether a file is more than plain text and tables of it."""
    if found.document == STDIN:
        return False
    if formats.KINDS.get(formats.suffix_of(found.document)) not in _PLAIN:
        return True
    try:
        if not stat.S_ISREG(found.path.stat().st_mode):
            return False
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
        raise DocumentError(
            "too_large",
            f"{file.document}: reading it takes too much memory; split it, or save its text apart",
        ) from None
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
        raise DocumentError(
            "too_large",
            f"{document}: {status.st_size >> 20} MiB of text is no single document; "
            "split it, or make it a table",
        )
    elif kind == "html":
        yield html.from_bytes(path.read_bytes(), document, encoding=config.encoding)
    else:
        yield text.from_bytes(path.read_bytes(), document, encoding=config.encoding, markup=kind)


def _standard_input(config: DocumentsConfig) -> Source:
    data = sys.stdin.buffer.read()
    content = formats.check("standard input", "text", Path(os.devnull), data[: formats.HEAD])
    if content == "html":
        return html.from_bytes(data, STDIN, encoding=config.encoding)
    return text.from_bytes(data, STDIN, encoding=config.encoding)
