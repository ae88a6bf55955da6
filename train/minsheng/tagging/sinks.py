"""Tables derived from finished JSONL: CSV, Excel and Parquet. Memory does not grow with the rows."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from minsheng.corpus.formulas import guard, is_formula
from minsheng.corpus.workbooks import full_disks_are_errors, save

EXCEL_ROWS = 1_048_576  # of a sheet, header included
_EXCEL_CELL = 32_767  # characters
_CHUNK = 5_000
_MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*")  # openpyxl writes the time of saving


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSONL file; half a surrogate pair, which no table holds, as its escape."""
    with path.open("r", encoding="utf-8", newline="\n") as lines:
        for line in lines:
            record = json.loads(line)
            yield whole(record) if "\\ud" in line else record


def whole(value: Any) -> Any:
    """A value of JSON that UTF-8 can hold: half a surrogate pair becomes its escape."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {name: whole(inner) for name, inner in value.items()}
    return [whole(inner) for inner in value] if isinstance(value, list) else value


def tag_columns(domains: Sequence[str]) -> list[str]:
    """Columns of the tag table: a column a domain, then a score column a domain."""
    return [
        "document", "date", "passage", "page", "heading", "text", "labels",
        *domains, *(f"{domain}_score" for domain in domains),
        "evidence", "decision", "start", "end", "model",
    ]  # fmt: skip


def flatten(tag: dict[str, Any], domains: Sequence[str]) -> dict[str, Any]:
    """A line of `tags.jsonl` as a flat row; 1 or 0 a domain, evidence as text."""
    row = {name: tag[name] for name in ("document", "date", "passage", "page", "heading", "text")}
    row["labels"] = "|".join(tag["labels"])
    row |= {domain: int(domain in tag["labels"]) for domain in domains}
    row |= {f"{domain}_score": tag["scores"][domain] for domain in domains}
    row["evidence"] = " ¶ ".join(
        f"{e['label']}: {tag['text'][e['start'] : e['end']].strip()}" for e in tag["evidence"]
    )
    return row | {name: tag[name] for name in ("decision", "start", "end", "model")}


def _replace(place: Path, write: Callable[[Path], None]) -> None:
    beside = place.with_name(place.name + ".part")
    write(beside)
    with beside.open("rb+") as whole:  # before the run is marked as finished
        os.fsync(whole.fileno())
    beside.replace(place)


def write_csv(rows: Iterator[dict[str, Any]], columns: Sequence[str], place: Path) -> None:
    """UTF-8 with BOM and CRLF, as Excel expects; cells that would begin a formula are guarded (`formulas.unguard`)."""

    def write(path: Path) -> None:
        with path.open("w", encoding="utf-8-sig", errors="backslashreplace", newline="") as out:
            table = csv.DictWriter(out, columns)
            table.writeheader()
            for row in rows:
                table.writerow({k: guard(v) if isinstance(v, str) else v for k, v in row.items()})

    _replace(place, write)


@full_disks_are_errors()
def write_excel(rows: Iterator[dict[str, Any]], columns: Sequence[str], place: Path) -> int:
    """One sheet with a frozen header; returns how many rows did not fit."""
    from datetime import datetime

    from openpyxl import Workbook
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    book.properties.created = datetime(2000, 1, 1)
    sheet = book.create_sheet("tags")
    sheet.freeze_panes = "A2"
    widths = {"document": 30, "heading": 24, "text": 80, "evidence": 60, "labels": 20}
    for number, name in enumerate(columns, 1):
        sheet.column_dimensions[get_column_letter(number)].width = widths.get(name, 12)

    def cell(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        # As text whatever it begins with: "=1+1" in a report is no formula, and marked as text, so that it
        # becomes none when somebody edits the cell. The value itself stays as it is.
        made = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", value)[:_EXCEL_CELL])
        made.data_type = "s"
        made.quotePrefix = is_formula(value)
        return made

    header = [WriteOnlyCell(sheet, name) for name in columns]
    for made in header:
        made.font = Font(bold=True)
    sheet.append(header)
    for row in islice(rows, EXCEL_ROWS - 1):
        sheet.append([cell(row[name]) for name in columns])
    left = sum(1 for _ in rows)

    def write(path: Path) -> None:
        save(book, path)
        _fix_times(path)

    _replace(place, write)
    return left


def _fix_times(path: Path) -> None:
    """Take the time of day out of a workbook, so that equal content is equal bytes."""
    beside = path.with_name(path.name + ".zip")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            member = zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0))
            member.compress_type, member.file_size = zipfile.ZIP_DEFLATED, old.getinfo(name).file_size
            with old.open(name) as source, new.open(member, "w") as target:
                if name == "docProps/core.xml":
                    target.write(_MODIFIED.sub(rb"\g<1>2000-01-01T00:00:00Z", source.read()))
                else:
                    shutil.copyfileobj(source, target, 1 << 20)  # a sheet may be larger than memory
    beside.replace(path)


def tag_schema(domains: Sequence[str]) -> Any:
    """The Arrow schema of the tags as they are, nested columns included."""
    import pyarrow as pa

    return pa.schema(
        [
            ("document", pa.string()), ("date", pa.string()), ("passage", pa.int32()), ("page", pa.int32()),
            ("heading", pa.string()), ("start", pa.int64()), ("end", pa.int64()), ("text", pa.string()),
            ("labels", pa.list_(pa.string())),
            ("scores", pa.struct([(domain, pa.float64()) for domain in domains])),
            ("evidence", pa.list_(pa.struct([
                ("label", pa.string()), ("start", pa.int32()), ("end", pa.int32()), ("score", pa.float64()),
            ]))),
            ("decision", pa.string()), ("model", pa.string()),
        ]
    )  # fmt: skip


def write_parquet(tags: Iterator[dict[str, Any]], domains: Sequence[str], place: Path) -> None:
    """The tags as they are, nested columns included."""
    import pyarrow as pa
    import pyarrow.parquet as parquet

    schema = tag_schema(domains)

    def write(path: Path) -> None:
        with parquet.ParquetWriter(path, schema) as out:
            while chunk := list(islice(tags, _CHUNK)):
                out.write_table(pa.Table.from_pylist(chunk, schema=schema))

    _replace(place, write)
