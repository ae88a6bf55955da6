"""What the workers of an engine do: read and split a window, tag it, put it away. No engine is named here.

A stage takes a row and gives rows, plain values that travel between machines. What a worker needs is loaded
where the worker is.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from minsheng.config.schema import TagConfig
from minsheng.documents.clean import clean
from minsheng.documents.personal import masked
from minsheng.documents.split import split
from minsheng.documents.values import Document, Failure
from minsheng.tagging.records import document_record, failure_record, passage_records
from minsheng.tagging.tagger import Tagger

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Work:
    """Documents that are tagged together, and what `Store.put` needs to know of them."""

    key: Any
    items: tuple[Document | Failure, ...]


@dataclass(frozen=True, slots=True)
class Records:
    """What tagging says of some documents: the values of the lines of each stream."""

    tags: list[Row]
    documents: list[Row]
    failures: list[Row]

    def counts(self) -> dict[str, int]:
        """How many documents, passages and failures these are."""
        return {
            "documents": len(self.documents),
            "passages": len(self.tags),
            "failures": len(self.failures),
        }


class Store(Protocol):
    """Where the work comes from and where it goes. It travels to the workers."""

    def read(self, window: Row) -> Iterator[Work | dict[str, int]]:
        """The work of one window; counts stand for work that is done already."""

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


def prepared(sources: Iterator[Any], config: TagConfig) -> tuple[Document | Failure, ...]:
    """Sources after cleaning and splitting."""
    return tuple(
        source
        if isinstance(source, Failure)
        else split(clean(source, config=config.documents.clean), config=config.documents.split)
        for source in sources
    )


def records_of(tagger: Tagger, items: Sequence[Document | Failure], *, config: TagConfig) -> Records:
    """Tag documents together, as `tag_part` does: the same batches, and so the same labels."""
    documents = [item for item in items if isinstance(item, Document)]
    texts = [passage.text for document in documents for passage in document.passages]
    tags = iter(tagger.tag(texts, evidence=config.evidence, clean=False))
    found = Records([], [], [failure_record(item) for item in items if isinstance(item, Failure)])
    for document in documents:
        mine = list(islice(tags, len(document.passages)))
        if config.mask_personal:
            document = masked(document)
        found.tags.extend(passage_records(document, mine, model=tagger.fingerprint))
        found.documents.append(document_record(document, mine, tagger.domains))
    return found


def read_stage(batch: Row, *, store: Store) -> Iterator[Row]:
    """Windows (`window`: pickled) → work (`work`), or counts of what is done."""
    for window in batch["window"]:
        for found in store.read(pickle.loads(window)):
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
                out.append(
                    pickle.dumps((work.key, records_of(self._tagger, work.items, config=self._config)))
                )
            else:
                out.append(packed)
        return {"records": out}


@dataclass(frozen=True, slots=True)
class PartsStore:
    """The parts of a run in a folder that all workers share: those of a single process, byte for byte."""

    parts: Path
    config: TagConfig

    def read(self, window: Row) -> Iterator[Work | dict[str, int]]:
        """See Store. `window`: `number` and `items` (packed). Raises RunError where the input changed."""
        from minsheng.tagging.engines.plan import unpacked
        from minsheng.tagging.run import finished_part
        from minsheng.tagging.units import Window, units_of

        items = Window(tuple(unpacked(values) for values in window["items"]))
        for unit, sources in units_of(window["number"], items, config=self.config):
            done = finished_part(self.parts, unit)
            if done is not None:
                yield {name: done[name] for name in ("documents", "passages", "failures")}
            else:
                yield Work(unit, prepared(sources, self.config))

    def put(self, key: Any, records: Records) -> None:
        """See Store. `key`: the Unit."""
        from minsheng.tagging.records import to_line
        from minsheng.tagging.run import commit_part, part_record

        lines = {
            name: [to_line(record) for record in getattr(records, name)]
            for name in ("tags", "documents", "failures")
        }
        commit_part(self.parts / key.place, lines, part_record(key, records.counts()))
