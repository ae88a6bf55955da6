"""Tables: CSV, TSV, Excel and Parquet, with one column a field and `labels` joined by `|` (Parquet: a list).

A cell has fewer types than JSON. What a cell cannot hold as it is (a list, in CSV also a number) is written
as JSON, and a text that would then read as JSON is written with quotation marks; so every value comes back.
A text that a spreadsheet would run as a formula is guarded (`formulas.guard`; in Excel by the type and the
style of its cell), and reading takes the guard off. A table cannot say "not labelled yet" of one row (an empty
cell is "no domain"): its rows are all labelled, or it has no column `labels`.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from minsheng.corpus.exchange.rows import Line, Row, dump, replace, whole
from minsheng.corpus.formulas import guard, is_formula, unguard
from minsheng.corpus.records import KNOWN
from minsheng.corpus.workbooks import full_disks_are_errors, save
from minsheng.documents import encoding
from minsheng.errors import DataError, DocumentError

EXCEL_ROWS = 1_048_576  # of a sheet, header included
EXCEL_CELL = 32_767  # characters
_EXACT = 10**15  # Excel keeps 15 digits of a number
_JSON_START = frozenset('{["-0123456789tfn')
# OOXML writes characters that XML cannot hold, and texts that look like such a thing, as _xHHHH_.
_ESCAPE = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_MARK = {b"minsheng": b"json"}  # metadata of a Parquet column whose cells are JSON
Native = Callable[[Any], bool]  # whether a cell can hold a value (not text) as it is


def columns_of(rows: Sequence[Row], path: Path) -> list[str]:
    """Every column of the rows, the known ones first. Raises DataError for rows that no table can hold."""
    unlabelled = [row for row in rows if "labels" not in row]
    if unlabelled and len(unlabelled) < len(rows):
        raise DataError(
            f"{path}: {len(unlabelled)} of {len(rows)} records have no labels yet (such as "
            f"{unlabelled[0].get('id')!r}), which a table cannot say; write JSONL"
        )
    seen = dict.fromkeys(key for row in rows for key in row)
    for row in rows:
        if "" in row:
            raise DataError(f"{path}: record {row.get('id')!r} has a column without a name; write JSONL")
        if not whole(json.dumps(row, ensure_ascii=False)):
            raise DataError(
                f"{path}: record {row.get('id')!r} holds half of a surrogate pair, which only JSONL can hold"
            )
    return [*(name for name in KNOWN if name in seen), *(name for name in seen if name not in KNOWN)]


def _decode(text: str, native: Native) -> Any:
    if text[:1] not in _JSON_START:
        return text
    try:
        value = json.loads(text)
        # 1.10, 1e5 and 007 are texts (a version, a number of a form): only what we would write is JSON.
        return value if dump(value) == text and not native(value) else text
    except (ValueError, RecursionError):
        return text


def _encode(value: Any, native: Native) -> Any:
    if isinstance(value, str):
        return value if _decode(value, native) == value else dump(value)
    return value if native(value) else dump(value)


def _cell(row: Row, column: str, native: Native) -> Any:
    if column not in row:
        return ""
    if column == "labels":
        return "|".join(row["labels"])
    return row[column] if column in KNOWN else _encode(row[column], native)


def _row(header: Sequence[str], cells: Sequence[Any], native: Native) -> Row:
    return {
        name: cell if name in KNOWN or not isinstance(cell, str) else _decode(cell, native)
        for name, cell in zip(header, cells, strict=True)
        if name
    }


def _nothing(_: Any) -> bool:
    return False


def _unique(header: Sequence[str], path: Path) -> Sequence[str]:
    for name in header:
        if name and header.count(name) > 1:
            raise DataError(f"{path}, line 1: two columns are called {name!r}")
    return header


def read_csv(path: Path) -> Iterator[Line]:
    """Rows of CSV, or of TSV by the suffix; UTF-8, or the encoding that is likeliest (Excel in China: GBK).

    Raises DataError for a file that is no text."""
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = encoding.decode(data, document=str(path)).text
        except DocumentError as error:
            raise DataError(str(error)) from error
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter)
    begin = 1
    try:
        header = _unique([*map(unguard, next(reader, []))], path)
        while True:
            begin = reader.line_num + 1
            cells = next(reader, None)
            if cells is None:
                return
            if len(cells) == len(header):
                yield begin, _row(header, [*map(unguard, cells)], _nothing)
            elif cells:
                yield (
                    begin,
                    DataError(f"{path}, line {begin}: {len(cells)} cells where the header has {len(header)}"),
                )
    except csv.Error as error:
        yield begin, DataError(f"{path}, line {begin}: {error}")


def _guarded(row: Row, column: str) -> Any:
    cell = _cell(row, column, _nothing)
    # A number such as -5 is written as a cell of JSON, and is no formula.
    return guard(cell) if isinstance(row.get(column), str) or column == "labels" else cell


def write_csv(rows: Sequence[Row], path: Path) -> None:
    """UTF-8 with BOM and CRLF, as Excel expects; tabs where the suffix is `.tsv`."""
    columns = columns_of(rows, path)
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","

    def write(place: Path) -> None:
        with place.open("w", encoding="utf-8-sig", newline="") as out:
            table = csv.writer(out, delimiter=delimiter)
            table.writerow(map(guard, columns))
            table.writerows([_guarded(row, column) for column in columns] for row in rows)

    replace(path, write)


def _excel_number(value: Any) -> bool:
    if isinstance(value, float):
        return float(f"{value:.15g}") == value and not value.is_integer()  # 2.0 would come back as 2
    return isinstance(value, int) and abs(value) < _EXACT


def read_excel(path: Path) -> Iterator[Line]:
    """Rows of the first sheet."""
    import openpyxl

    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        sheet = book.worksheets[0].iter_rows(values_only=True)
        header = _unique(["" if cell is None else str(_unescaped(cell)) for cell in next(sheet, ())], path)
        for number, cells in enumerate(sheet, 2):
            if any(cell is not None for cell in cells):
                # Some writers leave out the empty cells at the end of a row.
                padded = [*map(_unescaped, cells), *[None] * (len(header) - len(cells))][: len(header)]
                yield number, _row(header, padded, _excel_number)
    finally:
        book.close()


def _unescaped(cell: Any) -> Any:
    return _ESCAPED.sub(lambda m: chr(int(m[1], 16)), cell) if isinstance(cell, str) else cell


@full_disks_are_errors()
def write_excel(rows: Sequence[Row], path: Path) -> None:
    """One sheet with a frozen header. Raises DataError for what Excel cannot hold."""
    from openpyxl import Workbook
    from openpyxl.cell.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    columns = columns_of(rows, path)
    if len(rows) >= EXCEL_ROWS:
        raise DataError(f"{path}: {len(rows):,} records, and a sheet holds {EXCEL_ROWS - 1:,}; write CSV")
    lines = [[_excel_value(row, name, path) for name in columns] for row in rows]
    book = Workbook(write_only=True)
    sheet = book.create_sheet("records")
    sheet.freeze_panes = "A2"
    for number, name in enumerate(columns, 1):
        sheet.column_dimensions[get_column_letter(number)].width = {"text": 90, "labels": 24}.get(name, 14)

    def cell(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        made = WriteOnlyCell(sheet, value)
        made.data_type = "s"  # as text whatever it begins with: "=1+1" in a report is no formula
        made.quotePrefix = is_formula(value)  # nor does it become one when somebody edits the cell
        return made

    header = [cell(_escaped(name)) for name in columns]
    for made in header:
        made.font = Font(bold=True)
    sheet.append(header)
    for line in lines:
        sheet.append([cell(value) for value in line])
    replace(path, partial(save, book))


def _escaped(text: str) -> str:
    return _ESCAPE.sub(lambda m: f"_x{ord(m[0]):04X}_", text)


def _excel_value(row: Row, column: str, path: Path) -> Any:
    if column not in row:
        return None
    value = _cell(row, column, _excel_number)
    if not isinstance(value, str):
        return value
    escaped = _escaped(value)
    if len(escaped) > EXCEL_CELL:
        raise DataError(
            f"{path}: record {row.get('id')!r}: {column!r} has {len(escaped):,} characters, and a cell holds "
            f"{EXCEL_CELL:,}; write CSV"
        )
    return escaped


def read_parquet(path: Path) -> Iterator[Line]:
    """Rows of a Parquet file; what its schema types stays of that type."""
    import pyarrow.parquet as parquet

    table = parquet.read_table(path)
    coded = {field.name for field in table.schema if (field.metadata or {}).items() >= _MARK.items()}
    _unique(table.schema.names, path)
    for number, row in enumerate(table.to_pylist(), 1):
        for name in coded:
            if row[name] is not None:
                row[name] = json.loads(row[name])
        yield number, row


def write_parquet(rows: Sequence[Row], path: Path) -> None:
    """Text, numbers and switches as such where a column holds one type; other columns as JSON, marked so."""
    import pyarrow as pa
    import pyarrow.parquet as parquet

    fields, arrays = [], []
    for name in columns_of(rows, path):
        values = [row.get(name) for row in rows]
        if name == "labels":
            kind, mark = pa.list_(pa.string()), None
        else:
            kind, mark = _parquet_type([value for value in values if value is not None], pa)
            if mark:
                values = [None if value is None else dump(value) for value in values]
        fields.append(pa.field(name, kind, metadata=mark))
        arrays.append(pa.array(values, type=kind))
    table = pa.Table.from_arrays(arrays, schema=pa.schema(fields))
    replace(path, lambda place: parquet.write_table(table, place))


def _parquet_type(values: Sequence[Any], pa: Any) -> tuple[Any, Mapping[bytes, bytes] | None]:
    kinds = {type(value) for value in values}
    if kinds == {int} and all(abs(value) < 2**63 for value in values):
        return pa.int64(), None
    plain = {str: pa.string(), bool: pa.bool_(), float: pa.float64()}
    if len(kinds) == 1 and (kind := kinds.pop()) in plain:
        return plain[kind], None
    return pa.string(), _MARK
