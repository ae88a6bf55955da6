"""Table files → their rows, streamed where the format allows it."""

from __future__ import annotations

import csv
import datetime
import io
import itertools
import json
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from minsheng.documents.readers import formats
from minsheng.errors import DocumentError, nearest

_FIELD = 1 << 30  # characters in a CSV cell; Python's own limit of 131,072 is below a long report
_HEADER_ROWS = 10  # a sheet may begin with a title above the row of column names
_MISSING_ROWS = 100  # records in a row without the text key before the whole file is given up
_SHOWN = 12  # column names in a message


@dataclass(frozen=True, slots=True)
class Row:
    """A row, or what is wrong with it (code and message).

    `number` counts rows from 1, blank ones included; `place` tells a person where the row is.
    """

    number: str
    place: str
    cells: Mapping[str, Any] = field(default_factory=dict)
    problem: tuple[str, str] | None = None


def separated(path: Path, document: str, *, encoding: str, tabs: bool, text_column: str) -> Iterator[Row]:
    """Rows of a CSV or TSV file. DocumentError `column` if the header lacks the text column."""
    with _open(path, encoding) as lines:
        header = next((line for line in lines if line.strip()), "")
        mark = "\t" if tabs else _delimiter(header, text_column)
        # The header may itself hold line breaks within quotes.
        reader = csv.reader(itertools.chain([header], lines), delimiter=mark)
        columns = [name.strip() for name in _next(reader) or []]
        if text_column not in columns:
            raise column_error(document, columns, text_column)
        for number in itertools.count(1):
            try:
                cells = _next(reader)
            except csv.Error as error:
                yield Row(str(number), "", problem=("row", f"line {reader.line_num}: {error}"))
                continue
            if cells is None:
                return
            if any(cell.strip() for cell in cells):
                yield _separated_row(cells, columns, number, f"line {reader.line_num}")


def json_lines(path: Path, document: str, *, encoding: str, text_column: str) -> Iterator[Row]:
    """Rows of a JSON-lines file. DocumentError `column` if the first rows all lack the text key."""
    with _open(path, encoding) as lines:
        yield from _with_key(_json_rows(lines), document, text_column)


def json_whole(text: str, document: str, *, text_column: str) -> Iterator[Row]:
    """Rows of a JSON text: an array of objects, one object, an object with one array, or JSON lines."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        lines = text.split("\n")
        first = next((line for line in lines if line.strip()), "")
        if _json_row(first, 1).problem is not None:
            raise DocumentError("damaged", f"{document}: no valid JSON ({error})") from None
        yield from _with_key(_json_rows(lines), document, text_column)
        return
    if isinstance(value, dict) and text_column not in value:
        arrays = [item for item in value.values() if isinstance(item, list)]
        value = arrays[0] if len(arrays) == 1 else value
    records = value if isinstance(value, list) else [value]
    rows = (_record(record, number, f"record {number}") for number, record in enumerate(records, start=1))
    yield from _with_key(rows, document, text_column)


def workbook(path: Path, document: str, *, text_column: str) -> Iterator[Row]:
    """Rows of all visible sheets that have the text column; numbers of later ones are `sheet!number`.

    Raises DocumentError `damaged`, `too_large`, or `column` if no sheet has the column.
    """
    formats.check_unpacked(path, document)
    import openpyxl

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about styles and validation rules, which are not read
        try:
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        except Exception as error:  # openpyxl raises whatever a damaged file leads it to
            raise DocumentError(
                "damaged",
                f"{document} cannot be read as a workbook ({error}): open it in Excel and save it again",
            ) from error
    try:
        columns: list[str] = []
        read_one = False
        for sheet in book.worksheets:
            if sheet.sheet_state == "visible":
                header, rows = _sheet(sheet, text_column)
                columns.extend(name for name in header if name not in columns)
                if text_column in header:
                    prefix = f"{sheet.title}!" if read_one else ""
                    read_one = True
                    yield from _sheet_rows(rows, header, prefix, sheet.title)
        if not read_one:
            raise column_error(document, columns, text_column)
    finally:
        book.close()


def column_error(document: str, columns: Iterable[str], text_column: str) -> DocumentError:
    """DocumentError `column`, naming the columns that there are."""
    names = [name for name in columns if name]
    shown = ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
    return DocumentError(
        "column",
        f"{document} has no column {text_column!r}{nearest(text_column, names)}; "
        f"its columns are: {shown or 'none'}. Set documents.text_column",
    )


def as_text(value: Any) -> str:
    """A cell as text: whole numbers without a fraction, dates as in ISO 8601, None as nothing."""
    if value is None:
        return ""
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        value = value.date()
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def _open(path: Path, encoding: str) -> io.TextIOWrapper:
    # Bytes that do not fit come through as lone surrogates, so that only their row fails.
    return path.open(encoding=encoding, errors="surrogateescape", newline="\n")


def _separated_row(cells: list[str], columns: list[str], number: int, place: str) -> Row:
    problem = None
    if any(cell.strip() for cell in cells[len(columns) :]):
        advice = "put cells that hold the separator in quotes"
        problem = ("row", f"{place}: {len(cells)} cells under {len(columns)} columns; {advice}")
    return Row(str(number), place, dict(zip(columns, cells, strict=False)), problem)


def _delimiter(header: str, text_column: str) -> str:
    # Excel writes semicolons or tabs under some regional settings and still says .csv.
    names = {mark: [name.strip(' "\r\n') for name in header.split(mark)] for mark in ",;\t"}
    return next((mark for mark, found in names.items() if text_column in found and len(found) > 1), ",")


def _next(reader: Any) -> list[str] | None:
    # The limit is global to the csv module, so it is put back before anyone else can see it.
    before = csv.field_size_limit(_FIELD)
    try:
        row: list[str] | None = next(reader, None)
        return row
    finally:
        csv.field_size_limit(before)


def _json_rows(lines: Iterable[str]) -> Iterator[Row]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _json_row(line, number)


def _json_row(line: str, number: int) -> Row:
    place = f"line {number}"
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        return Row(str(number), place, problem=("row", f"{place}: no valid JSON ({error})"))
    return _record(value, number, place)


def _record(value: Any, number: int, place: str) -> Row:
    if isinstance(value, dict):
        return Row(str(number), place, value)
    found = type(value).__name__
    return Row(str(number), place, problem=("row", f"{place}: expected an object, found {found}"))


def _with_key(rows: Iterable[Row], document: str, text_column: str) -> Iterator[Row]:
    """The rows; those without the text key fail, and the whole file if none of the first has it."""
    waiting: list[Row] = []
    columns: dict[str, None] = {}
    found = False
    for row in rows:
        if row.problem is not None:
            yield row
        elif text_column in row.cells:
            found = True
            yield from waiting
            waiting.clear()
            yield row
        else:
            problem = ("column", f"{row.place}: no key {text_column!r}")
            failed = Row(row.number, row.place, row.cells, problem)
            if found:
                yield failed
                continue
            columns.update(dict.fromkeys(map(str, row.cells)))
            waiting.append(failed)
            if len(waiting) >= _MISSING_ROWS:
                break
    if waiting:
        raise column_error(document, columns, text_column)


def _sheet(sheet: Any, text_column: str) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
    """The column names of a sheet, and an iterator that stands on the first row below them."""
    sheet.reset_dimensions()  # what the file says of its size is often wrong
    rows = iter(sheet.iter_rows(values_only=True))
    first: list[str] = []
    for row in itertools.islice(rows, _HEADER_ROWS):
        names = [as_text(value) for value in row]
        if text_column in names:
            return names, rows
        first = first or [name for name in names if name]
    return first, iter(())


def _sheet_rows(rows: Iterator[tuple[Any, ...]], header: list[str], prefix: str, title: str) -> Iterator[Row]:
    for number, row in enumerate(rows, start=1):
        cells = {name: as_text(value) for name, value in zip(header, row, strict=False) if name}
        if any(cells.values()):
            yield Row(f"{prefix}{number}", f"sheet {title}, row {number} below the names", cells)
