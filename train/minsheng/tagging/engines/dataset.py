"""Documents and tables on any file system of pyarrow (local, S3 and its like) → a dataset of Parquet files.

`out/tags/KEY.parquet` holds the passages of some documents; `out/documents/KEY.parquet` appears after it and
makes it valid; `out/failures/KEY.parquet` are of the last run. KEY follows from the documents and the model.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np

from minsheng.config.schema import TagConfig
from minsheng.documents.values import Failure, Source
from minsheng.errors import DataError
from minsheng.tagging.engines.inputs import is_input, is_table, listed, resolve, sources
from minsheng.tagging.engines.plan import SLICES, Slices, read_slice
from minsheng.tagging.engines.stages import Row, Work
from minsheng.tagging.run import Records, prepared
from minsheng.tagging.sinks import tag_schema, whole

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyarrow.fs import FileSystem

_ROWS = 16  # as in `units`: a row is one paragraph or little more
_STREAMS = ("tags", "documents", "failures")


def _digest(document: str) -> bytes:
    return urlsafe_b64encode(
        hashlib.blake2b(document.encode("utf-8", "surrogatepass"), digest_size=12).digest()
    )


@dataclass(frozen=True, slots=True)
class DatasetStore:
    """See `Store`. `inputs`: each as given, its file system, and its path there."""

    inputs: tuple[tuple[str, FileSystem, str], ...]
    system: FileSystem
    folder: str
    model: str
    domains: tuple[str, ...]
    config: TagConfig
    finished: NDArray[np.bytes_]  # sorted digests of the documents that are done
    plan: str

    @classmethod
    def open(
        cls,
        inputs: Sequence[str],
        out: str,
        *,
        model: str,
        domains: tuple[str, ...],
        config: TagConfig,
        filesystem: FileSystem | None,
    ) -> DatasetStore:
        """Make `out` if missing, drop what a stopped run left half, and find what is finished.

        Raises DataError where an input does not exist.
        """
        import pyarrow.parquet as parquet
        from pyarrow.fs import FileSelector, FileType

        places = tuple((given, *resolve(given, filesystem)) for given in inputs)
        for given, system, path in places:
            if system.get_file_info([path])[0].type == FileType.NotFound:
                raise DataError(f"{given}: no such file or folder")
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
        plan = f"{folder}/.plan-{uuid4().hex}.part"
        return cls(places, system, folder, model, domains, config, finished, plan)

    def is_finished(self, document: str) -> bool:
        """Whether an earlier run tagged it with this model."""
        place = int(np.searchsorted(self.finished, _digest(document)))
        return place < len(self.finished) and bool(self.finished[place] == _digest(document))

    def write_plan(self) -> list[Row]:
        """List the files that are to be read into the plan; its slices. Memory: one window."""
        slices = Slices(SLICES)
        with self.system.open_output_stream(self.plan) as out:
            for window in self._windows():
                line = json.dumps(window).encode() + b"\n"
                out.write(line)
                slices.add(len(line))
        return slices.rows()

    def close(self) -> None:
        """Drop the plan."""
        self.system.delete_file(self.plan)

    def _windows(self) -> Iterator[tuple[int, list[list[str]]]]:
        """The number of an input, and `config.window` of its files that are to be read; a table by itself."""
        from pyarrow.fs import FileType

        for number, (given, system, path) in enumerate(self.inputs):
            (info,) = system.get_file_info([path])
            held: list[list[str]] = []
            for found in listed(system, path) if info.type == FileType.Directory else [info]:
                below = found.path[len(path) :].lstrip("/")
                name = posixpath.join(given, below) if below else given
                own = found.path.startswith(self.folder + "/") and system.equals(self.system)
                if own or not is_input(name):
                    continue
                if is_table(name):
                    yield number, [[found.path, name]]
                elif not self.is_finished(name):
                    held.append([found.path, name])
                if len(held) == self.config.window:
                    yield number, held
                    held = []
            if held:
                yield number, held

    def read(self, row: Row) -> Iterator[Work | dict[str, int]]:
        """See Store."""
        with self.system.open_input_file(self.plan) as source:
            for _, line in read_slice(source, row):
                number, files = json.loads(line)
                yield from self._read(self.inputs[number][1], files)

    def _read(self, system: FileSystem, files: Sequence[tuple[str, str]]) -> Iterator[Work]:
        size = self.config.window
        items: list[Source | Failure] = []
        for path, name in files:
            for item in sources(system, path, name, self.config):
                if not self.is_finished(item.document):
                    items.append(item)
                if is_table(name) and len(items) == size * _ROWS:
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
