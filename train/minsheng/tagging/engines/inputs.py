"""Documents and tables on any file system of pyarrow: local, S3 and its like."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from minsheng.config.schema import TagConfig
from minsheng.documents.find import Found
from minsheng.documents.read import read_safely
from minsheng.documents.readers import formats
from minsheng.documents.readers.rows import as_text, column_error
from minsheng.documents.values import Failure, Source
from minsheng.errors import DataError, DocumentError
from minsheng.tagging.engines.stages import Row

if TYPE_CHECKING:
    from pyarrow.fs import FileInfo, FileSystem

_ROWS = 1024  # of a Parquet file that are read at once


def resolve(place: str, filesystem: FileSystem | None) -> tuple[FileSystem, str]:
    """The file system of a path or URI, and the path on it. Raises DataError for an unknown scheme."""
    from pyarrow import ArrowException
    from pyarrow.fs import FileSystem, LocalFileSystem

    if filesystem is not None:
        return filesystem, place
    if "://" not in place:
        return LocalFileSystem(), Path(place).absolute().as_posix()
    try:
        found, path = FileSystem.from_uri(place)
    except (ArrowException, ValueError, OSError) as error:
        raise DataError(f"{place}: {error}") from error
    return found, path


def listed(system: FileSystem, folder: str) -> Iterator[FileInfo]:
    """All files below a folder, folder by folder in the order of names; hidden ones are passed over."""
    from pyarrow.fs import FileSelector, FileType

    stack = [iter([folder])]
    while stack:
        current = next(stack[-1], None)
        if current is None:
            stack.pop()
            continue
        below: list[str] = []
        for info in sorted(system.get_file_info(FileSelector(current)), key=lambda info: str(info.path)):
            if info.base_name.startswith((".", "~$")):
                continue
            if info.type == FileType.Directory:
                below.append(info.path)
            elif info.type == FileType.File:
                yield info
        stack.append(iter(below))


def is_input(name: str) -> bool:
    """Whether a file of this name is read where a folder is given."""
    return formats.is_document(name) or name.lower().endswith(".parquet")


def is_table(name: str) -> bool:
    """Whether each row of a file of this name is a document."""
    kinds = {"csv", "tsv", "xlsx", "json", "jsonl"}
    return name.lower().endswith(".parquet") or formats.KINDS.get(formats.suffix_of(name)) in kinds


def sources(system: FileSystem, path: str, name: str, config: TagConfig) -> Iterator[Source | Failure]:
    """The sources of a file; what cannot be read is a Failure."""
    from pyarrow.fs import LocalFileSystem

    try:
        if name.lower().endswith(".parquet"):
            yield from _parquet(system, path, name, config)
        elif isinstance(system, LocalFileSystem):
            yield from read_safely(Found(Path(path), name), config=config.documents)
        else:
            with tempfile.TemporaryDirectory() as folder:
                copy = Path(folder) / f"copy{formats.suffix_of(name)}"
                with system.open_input_stream(path) as source, copy.open("wb") as target:
                    while block := source.read(1 << 20):
                        target.write(block)
                yield from read_safely(Found(copy, name), config=config.documents)
    except DocumentError as error:
        yield Failure(name, error.code, str(error))
    except OSError as error:
        yield Failure(name, "unreadable", f"{name}: cannot be read ({error})")


def _parquet(system: FileSystem, path: str, name: str, config: TagConfig) -> Iterator[Source | Failure]:
    """A source a row, as of other tables. Memory: some rows. Raises DocumentError `damaged`, `column`."""
    import pyarrow as pa
    import pyarrow.parquet as parquet

    asked = config.documents
    try:
        with system.open_input_file(path) as handle, parquet.ParquetFile(handle) as file:
            there = file.schema_arrow.names
            if asked.text_column not in there:
                raise column_error(name, there, asked.text_column)
            columns = [c for c in (asked.text_column, asked.id_column, asked.date_column) if c in there]
            number = 0
            for batch in file.iter_batches(batch_size=_ROWS, columns=columns):
                for row in batch.to_pylist():
                    number += 1
                    yield _row(row, number, name, config)
    except pa.ArrowException as error:
        raise DocumentError("damaged", f"{name}: no whole Parquet file ({error})") from error


def _row(row: Row, number: int, name: str, config: TagConfig) -> Source | Failure:
    asked = config.documents
    document = f"{name}#{as_text(row.get(asked.id_column)) or number}"
    text = row[asked.text_column]
    if text is not None and not isinstance(text, str):
        return Failure(document, "column", f"{name}, row {number}: {asked.text_column!r} holds no text")
    if not text or not text.strip():
        return Failure(document, "empty", f"{name}, row {number}: {asked.text_column!r} is empty")
    return Source(document, text, date=as_text(row.get(asked.date_column)) or None, markup="table")
