"""The unit of exchange: a row, which is the JSON object of the labelled-record contract as a plain dict.

A row without the key `labels` is not labelled yet; `labels: []` says that a person found no domain. The
column `suggestion` may hold what a model or a rule proposes: `{"labels": […], "scores": {domain: p},
"model": name}`. Columns that the contract does not know travel along unchanged.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from minsheng.corpus.records import KNOWN, Record, parse_labels
from minsheng.errors import DataError, nearest
from minsheng.taxonomy import Taxonomy

Row = dict[str, Any]
Line = tuple[int, Row | DataError]  # line of the file; what cannot be a row is the error that says why
NAMES = tuple(name for name in KNOWN if name not in ("text", "labels"))


def tidy(row: Mapping[str, Any]) -> Row:
    """The row without empty cells (but for `labels`, where empty has a meaning), known columns first.

    Names, dates and the like become text. Raises ValueError for a value that JSON, or a name, cannot hold.
    """
    full = {key: _plain(value) for key, value in row.items()}
    made: Row = {}
    for key in (*KNOWN, *(key for key in full if key not in KNOWN)):
        value = full.get(key)
        if key == "labels" and key in full:
            made[key] = value
        elif key in NAMES and isinstance(value, list | dict):
            raise ValueError(f"{key!r} must be text, got {value!r}")
        elif value is not None and value != "":
            made[key] = str(value) if key in NAMES else value
    return made


def _plain(value: Any) -> Any:
    """What JSON can hold: dates and decimals as text, NaN (the empty cell of pandas) as None."""
    if isinstance(value, datetime):
        return str(value.date() if value.time() == time() else value)
    if isinstance(value, date | time | Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and math.isnan(value):
        return None
    if value is None or isinstance(value, str | int | float):
        return value
    raise ValueError(f"{type(value).__name__} is neither text nor number")


def valid(row: Row, domains: Sequence[str], *, where: str) -> Row:
    """The row with its labels as a list in taxonomy order. Raises DataError that begins with `where`."""
    text = row.get("text")
    if "text" not in row:
        raise DataError(f"{where}: no 'text', or it is empty{nearest('text', map(str, row))}")
    if not isinstance(text, str) or not text.strip():
        raise DataError(f"{where}: 'text' is empty or not text")
    if not whole(text):
        raise DataError(f"{where}: 'text' holds half of a surrogate pair; export it again as UTF-8")
    if "labels" in row:
        return row | {"labels": list(parse_labels(row["labels"], domains, where))}
    return row


def with_keys(row: Row, taxonomy: Taxonomy, *, where: str) -> Row:
    """The row with labels as keys, where a person may have used display names (教育 for education).

    Raises DataError that begins with `where`."""
    if "labels" not in row:
        return row
    known = {name: domain.key for domain in taxonomy.domains for name in (domain.name.zh, domain.name.en)}
    known |= {key: key for key in taxonomy.keys}
    found = {known[label] for label in parse_labels(row["labels"], list(known), where)}
    return row | {"labels": [key for key in taxonomy.keys if key in found]}


def row_of(record: Record) -> Row:
    """A record as a row; `record_of` gives the record back."""
    row: Row = {name: getattr(record, name) for name in KNOWN} | dict(record.meta)
    return tidy(row | {"labels": list(record.labels)})


def record_of(row: Row) -> Record:
    """A valid, labelled row with an id as a record; without a group it is a group of its own."""
    return Record(
        id=row["id"],
        text=row["text"],
        labels=tuple(row["labels"]),
        group=row["group"] if "group" in row else row["id"],
        source=row.get("source"),
        register=row.get("register"),
        date=row.get("date"),
        annotator=row.get("annotator"),
        meta={key: value for key, value in row.items() if key not in KNOWN},
    )


def suggestion_of(row: Row) -> dict[str, Any] | None:
    """The suggestion of a row, if its column of that name holds one."""
    found = row.get("suggestion")
    return found if isinstance(found, dict) and isinstance(found.get("labels"), list) else None


def whole(text: str) -> bool:
    """Whether a text can be UTF-8; JSON may hold half of a surrogate pair."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def dump(value: Any) -> str:
    """One line of JSON. Raises ValueError for NaN and infinity, which JSON does not have."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return text if whole(text) else json.dumps(value, allow_nan=False)


def replace(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside its place and put it there when it is whole; makes the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".part")
    try:
        write(beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def read_lines(path: Path) -> Iterator[Line]:
    """JSONL, one object a line; a line that is no object is an error among the rows, and the rest is read.

    Raises DataError for a file that is not UTF-8."""
    try:
        with path.open("r", encoding="utf-8-sig", newline="\n") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                where = f"{path}, line {number}"
                try:
                    row = json.loads(line)
                except (ValueError, RecursionError) as error:
                    yield number, DataError(f"{where}: not valid JSON ({error})")
                    continue
                if isinstance(row, dict):
                    yield number, row
                else:
                    yield number, DataError(f"{where}: expected an object, got {type(row).__name__}")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 (byte {error.start}); save it as UTF-8") from error


def write_lines(rows: Sequence[Row], path: Path) -> None:
    """JSONL, one row a line."""

    def write(place: Path) -> None:
        with place.open("w", encoding="utf-8", newline="\n") as out:
            for row in rows:
                out.write(dump(row) + "\n")

    replace(path, write)
