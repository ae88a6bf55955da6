"""Labelled records: the schema, loading from JSONL, CSV, Parquet and Excel, splits and the fingerprint."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minsheng.corpus.formulas import unguard
from minsheng.errors import DataError, nearest

if TYPE_CHECKING:
    import numpy as np
    from datasets import Dataset
    from numpy.typing import NDArray

KNOWN = ("id", "text", "labels", "group", "source", "register", "date", "annotator")
_SEPARATORS = "|;,；，、"  # between labels in one cell of a table


@dataclass(frozen=True, slots=True)
class Record:
    """One labelled paragraph. `labels` are domain keys in taxonomy order; empty: no domain."""

    id: str
    text: str
    labels: tuple[str, ...]
    group: str  # never split across sets; a record without one is a group of its own
    source: str | None = None
    register: str | None = None
    date: str | None = None
    annotator: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)  # columns that we do not know


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; ValueError where a key stands twice, of which JSON would quietly take the last."""
    made = dict(pairs)
    if len(made) < len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise ValueError(f"the key {twice!r} stands twice")
    return made


def _jsonl_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with path.open("r", encoding="utf-8-sig", newline="\n") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line, object_pairs_hook=_object)
            except (ValueError, RecursionError) as error:
                raise DataError(f"{path}, line {number}: not valid JSON ({error})") from error
            if not isinstance(row, dict):
                raise DataError(f"{path}, line {number}: expected an object, got {type(row).__name__}")
            yield number, row


def _csv_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    text = path.read_text(encoding="utf-8-sig")
    reader = csv.DictReader(
        io.StringIO(text, newline=""), strict=True, delimiter="\t" if path.suffix.lower() == ".tsv" else ","
    )
    try:
        for row in reader:
            if None in row or None in row.values():
                raise DataError(
                    f"{path}, line {reader.line_num}: the number of cells differs from the header's"
                )
            yield reader.line_num, {unguard(name): unguard(cell) for name, cell in row.items()}
    except csv.Error as error:
        # The line where the broken row begins: a quote that never closes is noticed at the end of the file.
        raise DataError(f"{path}, line {reader.line_num + 1}: {error}") from error


def _parquet_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    import pyarrow.parquet as parquet

    yield from enumerate(parquet.read_table(path).to_pylist(), 1)


def _excel_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    import openpyxl

    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        rows = book.worksheets[0].iter_rows(values_only=True)
        header = [str(cell) if cell is not None else "" for cell in next(rows, ())]
        for number, cells in enumerate(rows, 2):
            if any(cell is not None for cell in cells):
                # Some writers leave out the empty cells at the end of a row.
                padded = [*cells, *[None] * (len(header) - len(cells))]
                yield number, {name: cell for name, cell in zip(header, padded, strict=False) if name}
    finally:
        book.close()


_READERS = {
    ".jsonl": _jsonl_rows,
    ".json": _jsonl_rows,
    ".csv": _csv_rows,
    ".tsv": _csv_rows,
    ".parquet": _parquet_rows,
    ".xlsx": _excel_rows,
}
SUFFIXES = tuple(_READERS)  # of labelled files


def parse_labels(value: Any, domains: Sequence[str], where: str) -> tuple[str, ...]:
    """A cell or list of labels → domain keys in taxonomy order; an empty one is no domain.

    In a cell they stand apart by one of `| ; ,` (also full-width) or as a JSON list. Raises DataError that
    begins with `where`.
    """
    if value is None:
        value = []
    if isinstance(value, str):
        text = value.strip()
        if text.startswith("["):
            try:
                value = json.loads(text)
            except ValueError as error:
                raise DataError(f"{where}: labels {text!r} begin like a list and are none") from error
        else:
            for separator in _SEPARATORS:
                text = text.replace(separator, "|")
            value = [part.strip() for part in text.split("|") if part.strip()]
    if not isinstance(value, list | tuple) or not all(isinstance(label, str) for label in value):
        raise DataError(f"{where}: labels must be a list of names, got {value!r}")
    for label in value:
        if label not in domains:
            hint = nearest(label, domains) or f"; known: {', '.join(domains)}"
            raise DataError(f"{where}: unknown label {label!r}{hint}")
    return tuple(domain for domain in domains if domain in value)


def _optional(row: Mapping[str, Any], name: str) -> str | None:
    value = row.get(name)
    if isinstance(value, datetime) and value.time() == time():
        value = value.date()  # Excel has no days, only midnights
    return None if value is None or value == "" else str(value)


def is_whole(text: str) -> bool:
    """Whether a text can be UTF-8: JSON may hold half of a surrogate pair, which no tokenizer takes."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _broken(row: Mapping[str, Any]) -> str | None:
    """The first field with text, or a name, that cannot be UTF-8, however deep."""
    for name, value in row.items():
        texts = (
            (str(name), value)
            if isinstance(value, str)
            else (json.dumps({str(name): value}, ensure_ascii=False, default=str),)
        )
        if not all(map(is_whole, texts)):
            return str(name)
    return None


def read_records(path: str | Path, domains: Sequence[str]) -> list[Record]:
    """Every record of a file, in its order.

    Raises DataError that names file and line for a missing `text`, an unknown label or a repeated id.
    """
    path = Path(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise DataError(
            f"{path}: cannot read {path.suffix or 'a file without suffix'}; give {', '.join(SUFFIXES)}"
        )
    if not path.is_file():
        names = [p.name for p in path.parent.glob("*")] if path.parent.is_dir() else []
        raise DataError(f"{path}: no such file{nearest(path.name, names)}")
    records: list[Record] = []
    seen: dict[str, int] = {}
    try:
        for number, row in reader(path):
            where = f"{path}, line {number}"
            if "text" not in row:
                raise DataError(f"{where}: no field 'text'{nearest('text', map(str, row))}")
            if not isinstance(row["text"], str) or not row["text"].strip():
                raise DataError(f"{where}: 'text' is empty or not text")
            if (broken := _broken(row)) is not None:
                raise DataError(
                    f"{where}: {broken!r} holds half of a surrogate pair; export it again as UTF-8"
                )
            if "labels" not in row:
                raise DataError(f"{where}: no field 'labels'{nearest('labels', map(str, row))}")
            identity = _optional(row, "id") or f"{path.stem}-{number}"
            if identity in seen:
                raise DataError(f"{where}: the id {identity!r} stands on line {seen[identity]} already")
            seen[identity] = number
            records.append(
                Record(
                    id=identity,
                    text=row["text"],
                    labels=parse_labels(row["labels"], domains, where),
                    group=_optional(row, "group") or identity,
                    source=_optional(row, "source"),
                    register=_optional(row, "register"),
                    date=_optional(row, "date"),
                    annotator=_optional(row, "annotator"),
                    # Without empty cells, which a table has for every row and JSONL for none.
                    meta={k: v for k, v in row.items() if k not in KNOWN and v is not None and v != ""},
                )
            )
    except DataError:
        raise
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except Exception as error:  # a damaged Parquet or Excel file raises whatever its reader raises
        raise DataError(f"{path}: cannot be read: {error}") from error
    if not records:
        raise DataError(f"{path}: holds no records")
    return records


def read_files(paths: Iterable[str | Path], domains: Sequence[str]) -> list[Record]:
    """The records of several files together. Raises DataError."""
    return [record for path in paths for record in read_records(path, domains)]


def to_dataset(records: Sequence[Record]) -> Dataset:
    """The same records as a `datasets.Dataset` with the contract's columns."""
    from datasets import Dataset

    columns: dict[str, list[Any]] = {name: [getattr(r, name) for r in records] for name in KNOWN}
    columns["labels"] = [list(labels) for labels in columns["labels"]]
    columns["meta"] = [json.dumps(dict(r.meta), ensure_ascii=False, default=str) for r in records]
    return Dataset.from_dict(columns)


def label_matrix(records: Sequence[Record], domains: Sequence[str]) -> NDArray[np.bool_]:
    """(records, domains) bool."""
    import numpy as np

    return np.array(
        [[domain in record.labels for domain in domains] for record in records], dtype=bool
    ).reshape(len(records), len(domains))


def split_by_group(
    records: Sequence[Record], *, share: float, seed: int
) -> tuple[list[Record], list[Record]]:
    """(kept, held out): whole groups, about `share` of the records, each label about in proportion.

    Greedy: groups in a random order, largest first, go to the side whose label counts are furthest
    behind (iterative stratification: Sechidis et al. 2011). Deterministic.
    """
    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(record.group, []).append(record)

    def chance(name: str) -> bytes:
        return hashlib.sha256(f"{seed}\0{name}".encode("utf-8", "surrogatepass")).digest()

    order = sorted(groups, key=lambda name: (-len(groups[name]), chance(name)))
    total = _label_counts(records)
    held: Counter[str] = Counter()
    chosen: set[str] = set()
    for name in order:
        counts = _label_counts(groups[name])
        # What is missing of each label on the held-out side, in units of that label's target.
        need = sum(counts[k] * (share * total[k] - held[k] - counts[k] / 2) / total[k] for k in counts)
        if need > 0:
            chosen.add(name)
            held.update(counts)
    return [r for r in records if r.group not in chosen], [r for r in records if r.group in chosen]


def _label_counts(records: Sequence[Record]) -> Counter[str]:
    counts: Counter[str] = Counter({"": len(records)})
    for record in records:
        counts.update(record.labels or ("(none)",))
    return counts


def fingerprint(records: Sequence[Record]) -> str:
    """SHA-256 over texts and labels, whatever the order and the file format."""
    lines = sorted(json.dumps([r.text, list(r.labels)], ensure_ascii=False) for r in records)
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()
