"""What the workers of an engine do: read and split a window, tag it, put it away. No engine is named here.

A stage takes a row and gives rows, plain values that travel between machines. What a worker needs is loaded
where the worker is.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from minsheng.config.schema import TagConfig
from minsheng.documents.values import Document, Failure
from minsheng.tagging.engines.plan import read_slice, window_of
from minsheng.tagging.run import Records, commit_part, finished_part, part_record, prepared, tag_part
from minsheng.tagging.tagger import Tagger
from minsheng.tagging.units import units_of

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Work:
    """Documents that are tagged together, and what `Store.put` needs to know of them."""

    key: Any
    items: tuple[Document | Failure, ...]


class Store(Protocol):
    """Where the work comes from and where it goes. It travels to the workers."""

    def read(self, row: Row) -> Iterator[Work | dict[str, int]]:
        """The work of one slice of the plan; counts stand for work that is done already.

        Always as many, in the same order: what is lost is looked up by its place in a second reading.
        """

    def put(self, key: Any, records: Records) -> None:
        """Put records away, whole or not at all, the same at the second time: a task may be done twice."""


@dataclass(frozen=True, slots=True)
class Loading:
    """Loads the tagger in a worker."""

    model: str
    config: TagConfig
    threads: int  # where the config leaves it open

    def __call__(self) -> Tagger:
        """The tagger. Raises ModelError."""
        config = self.config
        threads = config.threads or self.threads
        return Tagger.load(
            self.model, precision=config.precision, threads=threads, batch_tokens=config.batch_tokens
        )


def read_stage(batch: Row, *, store: Store) -> Iterator[Row]:
    """Slices of the plan (`slice`: pickled) → work (`work`), or counts of what is done."""
    for packed in batch["slice"]:
        for found in store.read(pickle.loads(packed)):
            yield {"work": [pickle.dumps(found)]}


def put_stage(batch: Row, *, store: Store) -> Row:
    """Records (`records`) → counts."""
    counts = []
    for packed in batch["records"]:
        found = pickle.loads(packed)
        if isinstance(found, dict):
            counts.append(found)
            continue
        key, records = found
        store.put(key, records)
        counts.append(records.counts())
    return {name: [count[name] for count in counts] for name in ("documents", "passages", "failures")}


class TagStage:
    """Work (`work`) → records (`records`). One in each process that tags; it loads the model once."""

    def __init__(self, load: Any, config: TagConfig) -> None:
        self._tagger: Tagger = load()
        self._config = config

    def __call__(self, batch: Row) -> Row:
        """Tag each work of a batch by itself."""
        out = []
        for packed in batch["work"]:
            work = pickle.loads(packed)
            if isinstance(work, Work):
                out.append(pickle.dumps((work.key, tag_part(self._tagger, work.items, config=self._config))))
            else:
                out.append(packed)
        return {"records": out}


@dataclass(frozen=True, slots=True)
class PartsStore:
    """The parts of a run in a folder that all workers share: those of a single process, byte for byte."""

    parts: Path
    config: TagConfig
    plan: Path
    folder: Path  # that relative paths in the plan are of

    def read(self, row: Row) -> Iterator[Work | dict[str, int]]:
        """See Store. Raises RunError where the input changed."""
        with self.plan.open("rb") as source:
            for number, line in read_slice(source, row):
                for unit, sources in units_of(number, window_of(line, self.folder), config=self.config):
                    done = finished_part(self.parts, unit)
                    if done is not None:
                        yield {name: done[name] for name in ("documents", "passages", "failures")}
                    else:
                        yield Work(unit, tuple(prepared(sources, self.config)))

    def put(self, key: Any, records: Records) -> None:
        """See Store. `key`: the Unit."""
        commit_part(self.parts / key.place, records.lines(), part_record(key, records.counts()))
