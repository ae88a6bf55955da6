"""doccano's JSONL. Its versions name the same two columns differently: up to 1.1 `text` and `labels`, then
`data` and `label`, since 1.5 `text` and `label`; all are read, the first and the last can be written.

doccano keeps further columns of what it imports, our `id` among them, and puts them back into its exports.
An unlabelled text and one without any domain look the same there: export approved texts only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from minsheng.corpus.exchange.rows import Line, Row, read_lines, write_lines
from minsheng.errors import DataError


def read(path: Path) -> Iterator[Line]:
    """Rows of an export, whichever version wrote it. Raises DataError as `read_lines`."""
    for number, row in read_lines(path):
        yield number, row if isinstance(row, DataError) else _row(row, f"{path}, line {number}")


def _row(row: Row, where: str) -> Row | DataError:
    for old, name in (("data", "text"), ("label", "labels")):
        if name not in row and old in row:
            row = {name if key == old else key: value for key, value in row.items()}
    if "labels" not in row and "annotations" in row:
        return DataError(
            f"{where}: labels are numbers here (annotations); export as 'JSONL (Text label)' or as 'JSONL'"
        )
    return row


def write(rows: Sequence[Row], path: Path, *, column: str = "label") -> None:
    """Write rows with their labels in `column`. Raises DataError where a row has a column of that name."""
    if column != "labels":
        for row in rows:
            if column in row:
                raise DataError(
                    f"{path}: record {row.get('id')!r} has a column {column!r} of its own, which doccano "
                    "reads as the labels; rename it, or use the format doccano-1"
                )
        rows = [{column if key == "labels" else key: row[key] for key in row} for row in rows]
    write_lines(rows, path)
