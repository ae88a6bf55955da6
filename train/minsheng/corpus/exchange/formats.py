"""Files ↔ rows in every format: the entrance to this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType

from minsheng.corpus.exchange import doccano, label_studio, tables
from minsheng.corpus.exchange.rows import (
    Line,
    Row,
    dump,
    read_lines,
    tidy,
    valid,
    with_keys,
    write_lines,
)
from minsheng.errors import DataError, nearest
from minsheng.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True)
class Format:
    """How a format is read and written."""

    read: Callable[[Path], Iterator[Line]]
    write: Callable[[Sequence[Row], Path], None]
    suffixes: tuple[str, ...]  # of the first of a suffix a file is, unless told


FORMATS = {
    "jsonl": Format(read_lines, write_lines, (".jsonl",)),
    "csv": Format(tables.read_csv, tables.write_csv, (".csv", ".tsv")),
    "excel": Format(tables.read_excel, tables.write_excel, (".xlsx",)),
    "parquet": Format(tables.read_parquet, tables.write_parquet, (".parquet",)),
    "label-studio": Format(label_studio.read, label_studio.write, (".json",)),
    "doccano": Format(doccano.read, doccano.write, (".jsonl",)),
    "doccano-1": Format(doccano.read, partial(doccano.write, column="labels"), (".jsonl",)),
}


def format_of(path: Path, given: str | None = None) -> str:
    """The format of a file by its suffix, unless given by name. Raises DataError for an unknown one."""
    if given is not None:
        if given not in FORMATS:
            hint = nearest(given, FORMATS) or f"; there are {', '.join(FORMATS)}"
            raise DataError(f"no format is called {given!r}{hint}")
        return given
    for name, known in FORMATS.items():
        if path.suffix.lower() in known.suffixes:
            return name
    suffixes = ", ".join(dict.fromkeys(s for known in FORMATS.values() for s in known.suffixes))
    raise DataError(
        f"{path}: which format is {path.suffix or 'this'}? Known suffixes: {suffixes}; or name it"
    )


def lines_of(
    path: Path,
    *,
    format: str | None = None,
    annotator: str | None = None,
    rename: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Line]:
    """Every row of a file as it stands there, with its line (Excel, Parquet: row), tidied but not checked.

    `rename` maps columns of the file to those of the contract. What cannot be a row is an error among them.
    Raises DataError for a file that cannot be read at all.
    """
    name = format_of(path, format)
    if not path.is_file():
        names = [p.name for p in path.parent.glob("*")] if path.parent.is_dir() else []
        raise DataError(f"{path}: no such file{nearest(path.name, names)}")
    read = FORMATS[name].read
    if name == "label-studio":
        read = partial(label_studio.read, annotator=annotator)
    try:
        for number, row in read(path):
            try:
                yield number, row if isinstance(row, DataError) else tidy(_renamed(row, rename))
            except ValueError as error:
                yield number, DataError(f"{path}, line {number}: {error}")
    except DataError:
        raise
    except Exception as error:  # a damaged Parquet or Excel file raises whatever its reader raises
        raise DataError(f"{path}: cannot be read: {error}") from error


def _renamed(row: Row, rename: Mapping[str, str]) -> Row:
    for column, name in rename.items():
        if column != name and name in row:
            there = column in row
            raise ValueError(
                f"there is a column {name!r} besides {column!r}; rename it"
                if there
                else f"no column {column!r}{nearest(column, row)}"
            )
    return {rename.get(column, column): value for column, value in row.items()}


def read(
    path: Path,
    taxonomy: Taxonomy,
    *,
    format: str | None = None,
    annotator: str | None = None,
    text_column: str = "text",
    labels_column: str = "labels",
) -> list[Row]:
    """The rows of a file, checked: each has text, its own id, and known labels if it is labelled.

    Labels may be keys or display names. A row without an id gets one from the file's name and its line.
    Raises DataError that names file and line.
    """
    rows: list[Row] = []
    seen: dict[str, int] = {}
    rename = {text_column: "text", labels_column: "labels"}
    for number, row in lines_of(path, format=format, annotator=annotator, rename=rename):
        if isinstance(row, DataError):
            raise row
        where = f"{path}, line {number}"
        if text_column != "text" and "text" not in row:
            raise DataError(f"{where}: no column {text_column!r}, or it is empty{nearest(text_column, row)}")
        if "label" in row and "labels" not in row and format is None and path.suffix.lower() == ".jsonl":
            raise DataError(
                f"{where}: 'label' and no 'labels'; for an export of doccano add --format doccano"
            )
        row = valid(with_keys(row, taxonomy, where=where), taxonomy.keys, where=where)
        row = {"id": f"{path.stem}-{number}"} | row
        if row["id"] in seen:
            raise DataError(f"{where}: the id {row['id']!r} stands on line {seen[row['id']]} already")
        seen[row["id"]] = number
        rows.append(tidy(row))
    if not rows:
        raise DataError(f"{path}: holds no records")
    return rows


def write(rows: Sequence[Row], path: Path, *, format: str | None = None) -> None:
    """Write rows in a format. Raises DataError for what the format cannot hold; nothing is lost silently."""
    name = format_of(path, format)
    for row in rows:
        try:
            dump(row)
        except (TypeError, ValueError) as error:
            raise DataError(f"{path}: record {row.get('id')!r} cannot be written: {error}") from error
    FORMATS[name].write(rows, path)


def as_suggestions(rows: Sequence[Row]) -> list[Row]:
    """Labels turned into suggestions for a person to confirm, in the name of whoever gave them."""
    made = []
    for row in rows:
        kept = {key: value for key, value in row.items() if key not in ("labels", "annotator")}
        if "labels" in row:
            by = {"model": row["annotator"]} if "annotator" in row else {}
            kept = {"suggestion": {"labels": row["labels"]} | by} | kept
        made.append(tidy(kept))
    return made
