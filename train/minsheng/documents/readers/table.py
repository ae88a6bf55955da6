"""Tables (.csv .tsv .xlsx .json .jsonl): each row is a document `path#id`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from minsheng.config.schema import DocumentsConfig
from minsheng.documents import encoding
from minsheng.documents.readers import rows
from minsheng.documents.values import Failure, Source
from minsheng.errors import DocumentError

MOST_JSON_BYTES = 256 << 20  # an array is parsed as a whole, into some ten times its bytes; lines are not


def read(path: Path, document: str, kind: str, *, config: DocumentsConfig) -> Iterator[Source | Failure]:
    """A Source for each row with text, in order; a Failure for each row that is broken or without text.

    The columns are those of `config`; a row without an id is named by its number. Memory does not grow
    with the table, but for `.json`. Raises DocumentError `column` (no such text column), `damaged`,
    `too_large`, `empty` (no rows), and those of the encoding.
    """
    column = config.text_column
    name: str | None = None
    confidence: float | None = None
    if kind == "xlsx":
        found = rows.workbook(path, document, text_column=column)
    elif kind == "json":
        name, confidence, found = _json(path, document, config)
    else:
        name, confidence = encoding.detect(path, encoding=config.encoding, document=document)
        if kind == "jsonl":
            found = rows.json_lines(path, document, encoding=name, text_column=column)
        else:
            tabs = kind == "tsv"
            found = rows.separated(path, document, encoding=name, tabs=tabs, text_column=column)
    seen = False
    for row in found:
        seen = True
        yield _item(row, document, name, confidence, config)
    if not seen:
        raise DocumentError("empty", f"{document}: the table holds no rows")


def _item(
    row: rows.Row, document: str, encoding_name: str | None, confidence: float | None, config: DocumentsConfig
) -> Source | Failure:
    by_number = f"{document}#{row.number}"
    row_id = rows.as_text(row.cells.get(config.id_column))
    name = f"{document}#{row_id}" if row_id and _is_whole(row_id) else by_number
    if row.problem is not None:
        code, message = row.problem
        return Failure(name, code, f"{document}, {message}")
    where = f"{document}, {row.place}: {config.text_column!r}"
    value = row.cells.get(config.text_column)
    if value is not None and not isinstance(value, str):
        return Failure(name, "column", f"{where} holds {type(value).__name__} and not text")
    if not value or not value.strip():
        return Failure(name, "empty", f"{where} is empty")
    date = rows.as_text(row.cells.get(config.date_column))
    if not _is_whole(row_id + value + date):
        # Bytes that do not fit the encoding, or half of a surrogate pair in JSON.
        advice = "repair the row, or set documents.encoding"
        return Failure(by_number, "encoding", f"{where} is not whole {encoding_name or 'Unicode'}; {advice}")
    return Source(
        document=name,
        text=value,
        date=date or None,
        encoding=encoding_name,
        confidence=confidence,
        markup="table",
    )


def _is_whole(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _json(path: Path, document: str, config: DocumentsConfig) -> tuple[str, float, Iterator[rows.Row]]:
    size = path.stat().st_size
    if size > MOST_JSON_BYTES:
        raise DocumentError(
            "too_large",
            f"{document}: {size >> 20} MiB of JSON in one piece; save it as .jsonl, one object a line",
        )
    decoded = encoding.decode(path.read_bytes(), encoding=config.encoding, document=document)
    found = rows.json_whole(decoded.text, document, text_column=config.text_column)
    return decoded.encoding, decoded.confidence, found
