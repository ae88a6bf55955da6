"""Documents and tables on any file system of pyarrow (local, S3 and its like) → a dataset of Parquet files.

`out/tags/KEY.parquet` holds the passages of some documents; `out/documents/KEY.parquet` appears after it and
makes it valid; `out/failures/KEY.parquet` are of the last run. KEY follows from the documents and the model.
"""

from __future__ import annotations

import hashlib
import posixpath
import tempfile
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np

from minsheng.config.schema import TagConfig
from minsheng.documents.find import Found
from minsheng.documents.read import read_safely
from minsheng.documents.readers import formats
from minsheng.documents.readers.rows import as_text, column_error
from minsheng.documents.values import Failure, Source
from minsheng.errors import DataError, DocumentError
from minsheng.tagging.engines.stages import Row, Work
from minsheng.tagging.run import Records, prepared
from minsheng.tagging.sinks import tag_schema, whole

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyarrow.fs import FileInfo, FileSystem

_ROWS = 16  # as in `units`: a row is one paragraph or little more
_STREAMS = ("tags", "documents", "failures")


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


def _listed(system: FileSystem, folder: str) -> Iterator[FileInfo]:
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


def _is_input(name: str) -> bool:
    return formats.is_document(name) or name.lower().endswith(".parquet")


def _is_table(name: str) -> bool:
    kinds = {"csv", "tsv", "xlsx", "json", "jsonl"}
    return name.lower().endswith(".parquet") or formats.KINDS.get(formats.suffix_of(name)) in kinds


def _digest(document: str) -> bytes:
    return urlsafe_b64encode(
        hashlib.blake2b(document.encode("utf-8", "surrogatepass"), digest_size=12).digest()
    )


@dataclass(frozen=True, slots=True)
class DatasetStore:
    """See `Store`. `finished`: sorted digests of the documents that are done."""

    system: FileSystem
    folder: str
    model: str
    domains: tuple[str, ...]
    config: TagConfig
    finished: NDArray[np.bytes_]

    @classmethod
    def open(
        cls,
        out: str,
        *,
        model: str,
        domains: tuple[str, ...],
        config: TagConfig,
        filesystem: FileSystem | None,
    ) -> DatasetStore:
        """Make `out` if missing, drop what a stopped run left half, and find what is finished."""
        import pyarrow.parquet as parquet
        from pyarrow.fs import FileSelector

        system, folder = resolve(out, filesystem)
        for stream in _STREAMS:
            system.create_dir(f"{folder}/{stream}", recursive=True)
        system.delete_dir_contents(f"{folder}/failures")
        for info in system.get_file_info(FileSelector(folder)):
            if info.base_name.endswith(".part"):
                system.delete_file(info.path)
        names = {
            stream: {info.base_name for info in system.get_file_info(FileSelector(f"{folder}/{stream}"))}
            for stream in ("tags", "documents")
        }
        for name in names["tags"] - names["documents"]:
            system.delete_file(f"{folder}/tags/{name}")
        digests: list[NDArray[np.bytes_]] = []
        for name in sorted(names["documents"]):
            if not name.endswith(".parquet"):
                system.delete_file(f"{folder}/documents/{name}")
                continue
            table = parquet.read_table(
                f"{folder}/documents/{name}", columns=["document", "model"], filesystem=system
            )
            done = zip(table["document"].to_pylist(), table["model"].to_pylist(), strict=True)
            digests.append(np.array([_digest(document) for document, by in done if by == model], dtype="S16"))
        finished = np.sort(np.concatenate(digests)) if digests else np.empty(0, dtype="S16")
        return cls(system, folder, model, domains, config, finished)

    def is_finished(self, document: str) -> bool:
        """Whether an earlier run tagged it with this model."""
        place = int(np.searchsorted(self.finished, _digest(document)))
        return place < len(self.finished) and bool(self.finished[place] == _digest(document))

    def windows(self, inputs: Sequence[str], *, filesystem: FileSystem | None) -> Iterator[Row]:
        """The files that are to be read, `config.window` at a time; a table by itself. Raises DataError."""
        from pyarrow.fs import FileType

        held: list[list[str]] = []
        for given in inputs:
            system, path = resolve(given, filesystem)
            (info,) = system.get_file_info([path])
            if info.type == FileType.NotFound:
                raise DataError(f"{given}: no such file or folder")
            infos = _listed(system, path) if info.type == FileType.Directory else iter([info])
            for found in infos:
                if found.path.startswith(self.folder + "/") and system.equals(self.system):
                    continue
                name = (
                    given
                    if found.path == path
                    else posixpath.join(given, found.path[len(path) :].lstrip("/"))
                )
                if not _is_input(name):
                    continue
                if _is_table(name):
                    yield {"system": system, "files": [[found.path, name]]}
                elif not self.is_finished(name):
                    held.append([found.path, name])
                if len(held) == self.config.window:
                    yield {"system": system, "files": held}
                    held = []
            if held:
                yield {"system": system, "files": held}
                held = []

    def read(self, window: Row) -> Iterator[Work | dict[str, int]]:
        """See Store."""
        size = self.config.window
        (_, first), *_ = window["files"]
        items: list[Source | Failure] = []
        for path, name in window["files"]:
            for item in _sources(window["system"], path, name, self.config):
                if not self.is_finished(item.document):
                    items.append(item)
                if _is_table(first) and len(items) == size * _ROWS:
                    yield self._work(items)
                    items = []
        if items:
            yield self._work(items)

    def _work(self, items: list[Source | Failure]) -> Work:
        names = "\n".join([self.model, *(item.document for item in items)])
        key = hashlib.sha256(names.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        return Work(key, tuple(prepared(items, self.config)))

    def put(self, key: Any, records: Records) -> None:
        """See Store."""
        import pyarrow as pa

        documents = [
            {"document": row["document"], "model": self.model, "passages": row["passages"],
             "problems": row["problems"]} for row in records.documents
        ]  # fmt: skip
        text = {name: pa.string() for name in ("document", "code", "message")}
        if records.tags:
            self._write("tags", key, records.tags, tag_schema(self.domains))
        if records.failures:
            self._write("failures", key, records.failures, pa.schema(text))
        schema = {
            "document": pa.string(),
            "model": pa.string(),
            "passages": pa.int64(),
            "problems": pa.string(),
        }
        self._write("documents", key, documents, pa.schema(schema))  # last: it makes the others valid

    def _write(self, stream: str, key: str, rows: list[Row], schema: Any) -> None:
        import pyarrow as pa
        import pyarrow.parquet as parquet

        place = f"{self.folder}/{stream}/{key}.parquet"
        beside = f"{self.folder}/.{stream}-{key}-{uuid4().hex}.part"
        parquet.write_table(
            pa.Table.from_pylist([whole(row) for row in rows], schema=schema), beside, filesystem=self.system
        )
        self.system.move(beside, place)


def _sources(system: FileSystem, path: str, name: str, config: TagConfig) -> Iterator[Source | Failure]:
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
            for batch in file.iter_batches(batch_size=config.window * _ROWS, columns=columns):
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
