"""Tag many files in parts that are finished whole or not at all.

A part is a fixed window of documents, which also fixes its batches; it is written into a folder beside
its place and renamed. A run that was stopped goes on with the parts that are missing, so its end is byte
for byte that of a run that was not.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from minsheng.config.schema import TagConfig
from minsheng.documents.clean import clean
from minsheng.documents.personal import masked
from minsheng.documents.split import split
from minsheng.documents.values import Document, Failure, Source
from minsheng.errors import RunError
from minsheng.modeling.batches import Ids
from minsheng.tagging.records import document_record, failure_record, passage_records, to_line
from minsheng.tagging.tagger import Tagger
from minsheng.tagging.units import Unit, Window, find_windows, place_name, units

STREAMS = ("tags", "documents", "failures")

T = TypeVar("T")


@dataclass(slots=True)
class Counts:
    """What a run has done so far."""

    documents: int = 0
    passages: int = 0
    failures: int = 0

    def add(self, other: dict[str, int]) -> None:
        """Take in the counts of a part."""
        self.documents += other["documents"]
        self.passages += other["passages"]
        self.failures += other["failures"]


def ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items in order; a thread makes the next one while the one before is worked on."""
    end = object()
    pool = ThreadPoolExecutor(1, thread_name_prefix="ahead")
    try:
        waiting: Future[Any] = pool.submit(next, items, end)
        while (item := waiting.result()) is not end:
            waiting = pool.submit(next, items, end)
            yield item
    finally:  # whoever stops early does not wait for a document that is being read
        pool.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True, slots=True)
class Records:
    """What tagging says of some documents: the values of the lines of each stream."""

    tags: list[dict[str, Any]]
    documents: list[dict[str, Any]]
    failures: list[dict[str, Any]]

    def counts(self) -> dict[str, int]:
        """How many documents, passages and failures these are."""
        return {"documents": len(self.documents), "passages": len(self.tags), "failures": len(self.failures)}

    def lines(self) -> dict[str, list[str]]:
        """The lines of each stream, for `commit_part`."""
        return {name: [to_line(record) for record in getattr(self, name)] for name in STREAMS}


def prepared(sources: Iterable[Source | Failure], config: TagConfig) -> Iterator[Document | Failure]:
    """Sources after cleaning and splitting, one by one."""
    for source in sources:
        if isinstance(source, Failure):
            yield source
        else:
            yield split(clean(source, config=config.documents.clean), config=config.documents.split)


def texts_of(items: Iterable[Document | Failure]) -> list[str]:
    """The passages of the documents, in order."""
    return [passage.text for item in items if isinstance(item, Document) for passage in item.passages]


def tag_part(
    tagger: Tagger,
    items: Sequence[Document | Failure],
    *,
    config: TagConfig,
    encoded: list[Ids] | None = None,
) -> Records:
    """Tag the documents of one part together: its batches, and so its labels, follow from it alone.

    `encoded`: `texts_of` the items as token ids, where they are at hand.
    """
    tags = iter(tagger.tag(texts_of(items), evidence=config.evidence, clean=False, encoded=encoded))
    found = Records([], [], [failure_record(item) for item in items if isinstance(item, Failure)])
    for document in (item for item in items if isinstance(item, Document)):
        mine = list(islice(tags, len(document.passages)))
        if config.mask_personal:  # after tagging: the labels are those of the text as it is
            document = masked(document)
        found.tags.extend(passage_records(document, mine, model=tagger.fingerprint))
        found.documents.append(document_record(document, mine, tagger.domains))
    return found


def commit_part(place: Path, lines: dict[str, list[str]], record: dict[str, Any]) -> None:
    """Write a part's folder; it appears whole or not at all."""
    # Process ids are not different on different machines.
    beside = place.with_name(f".{place.name}.{uuid4().hex}.part")
    beside.mkdir(parents=True)
    for name, text in [
        *((f"{name}.jsonl", "".join(lines[name])) for name in STREAMS),
        ("part.json", json.dumps(record)),
    ]:
        with (beside / name).open("wb") as out:
            out.write(text.encode("utf-8"))
            out.flush()
            os.fsync(out.fileno())
    try:
        beside.rename(place)
    except OSError:
        if not place.is_dir():
            raise
        # A process that was taken for lost has finished it since, from the same sources.
        shutil.rmtree(beside, ignore_errors=True)


def tag_parts(
    tagger: Tagger,
    patterns: Sequence[str],
    parts: Path,
    *,
    config: TagConfig,
    rank: int = 0,
    ranks: int = 1,
    windows: Iterable[Window] | None = None,
) -> Iterator[Counts]:
    """Finish every part of this rank that is not finished yet; yields the counts after each part.

    `rank`, `ranks`, `windows`: see `units`. What lies beside `parts` is result and never input. Raises
    RunError where a finished part belongs to other input.
    """
    parts.mkdir(parents=True, exist_ok=True)
    counts, total = Counts(), 0
    if windows is None:
        windows = find_windows(patterns, window=config.window, without=parts.parent, ranks=ranks)

    def counted(windows: Iterable[Window]) -> Iterator[Window]:
        nonlocal total
        for window in windows:
            total += 1
            yield window

    def work() -> Iterator[tuple[Unit, dict[str, Any] | None, list[Document | Failure], list[Ids]]]:
        for unit, sources in units(patterns, config=config, rank=rank, ranks=ranks, windows=counted(windows)):
            record = finished_part(parts, unit)
            items = [] if record else list(prepared(sources, config))
            yield unit, record, items, tagger.encode(texts_of(items))

    for unit, record, items, encoded in ahead(work()):
        if record is None:
            found = tag_part(tagger, items, config=config, encoded=encoded)
            record = part_record(unit, found.counts())
            commit_part(parts / unit.place, found.lines(), record)
        counts.add(record)
        yield counts
    refuse_parts_beyond(parts, total)


def part_record(unit: Unit, counts: dict[str, int]) -> dict[str, Any]:
    """What `part.json` says of a part."""
    return {"unit": unit.name(), "ends": unit.ends, **counts}


def finished_part(parts: Path, unit: Unit) -> dict[str, Any] | None:
    """`part.json` of a finished part; None: it is to be done. Raises RunError where it is of other input."""
    place = parts / unit.place
    if not place.is_dir():
        return None
    record: dict[str, Any] = json.loads((place / "part.json").read_text(encoding="utf-8"))
    if record["unit"] != unit.name():
        raise _changed(parts, unit.place)
    return record


def refuse_parts_beyond(parts: Path, total: int) -> None:
    """Raises RunError where there are parts of more than `total` windows."""
    beyond = place_name(total)
    names = [p.name for p in parts.iterdir() if p.name.isdigit() and p.name >= beyond]
    if names:
        raise _changed(parts, min(names))


def _changed(parts: Path, part: str) -> RunError:
    return RunError(
        f"{parts.parent}: the input changed since this run began (part {part}); "
        "choose another --out, or add --overwrite"
    )


def join_parts(parts: Path, out: Path, stream: str) -> None:
    """All parts of a stream in one file, in order. The file appears whole or not at all."""
    beside = out.with_name(out.name + ".part")
    with beside.open("wb") as joined:
        for place in sorted(p for p in parts.iterdir() if not p.name.startswith(".")):
            with (place / f"{stream}.jsonl").open("rb") as part:
                shutil.copyfileobj(part, joined, 1 << 20)
        joined.flush()
        os.fsync(joined.fileno())
    beside.replace(out)
