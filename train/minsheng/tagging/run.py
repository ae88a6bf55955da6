"""Tag many files in parts that are finished whole or not at all.

A part is a fixed window of documents, which also fixes its batches; it is written into a folder beside
its place and renamed. A run that was stopped goes on with the parts that are missing, so its end is byte
for byte that of a run that was not.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from minsheng.config.schema import TagConfig
from minsheng.documents.clean import clean
from minsheng.documents.find import STDIN, Found, find_files
from minsheng.documents.personal import masked
from minsheng.documents.read import read_safely
from minsheng.documents.readers import formats
from minsheng.documents.split import split
from minsheng.documents.values import Document, Failure, Source
from minsheng.errors import DocumentError, RunError
from minsheng.tagging.records import document_record, failure_record, passage_records, to_line
from minsheng.tagging.tagger import Tagger

STREAMS = ("tags", "documents", "failures")
_TABLES = {"csv", "tsv", "xlsx", "json", "jsonl"}
_ROWS = 16  # windows of rows of one table are this much longer: a row is one paragraph or little more

Item = Found | Failure


@dataclass(frozen=True, slots=True)
class Unit:
    """The work of one part: a few files, or the rows `[first, last)` of one table."""

    items: tuple[Item, ...]
    first: int | None = None
    last: int | None = None

    def name(self) -> str:
        """Changes when the part would hold something else."""
        names = [[item.document, *_stamp(item)] for item in self.items]
        return hashlib.sha256(json.dumps([names, self.first, self.last]).encode()).hexdigest()[:16]


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


def _stamp(item: Item) -> tuple[int, ...]:
    """Changes when a file was edited."""
    try:
        status = item.path.stat() if isinstance(item, Found) and item.document != STDIN else None
    except OSError:
        status = None
    return () if status is None else (status.st_size, status.st_mtime_ns)


def is_table(item: Item) -> bool:
    """Whether each row of a file is a document."""
    return isinstance(item, Found) and formats.KINDS.get(formats.suffix_of(item.document)) in _TABLES


def _lies_in(item: Item, folder: str) -> bool:
    return isinstance(item, Found) and os.path.abspath(item.path).startswith(folder + os.sep)  # noqa: PTH100


def files_in_windows(
    patterns: Sequence[str], *, window: int, without: Path | None = None
) -> Iterator[tuple[Item, ...]]:
    """`window` files at a time, in order; a table is a window of its own. Files below `without` are left out."""
    left_out = os.path.abspath(without) if without is not None else None  # noqa: PTH100 - does not follow links
    held: list[Item] = []
    for item in find_files(patterns):
        if left_out is not None and _lies_in(item, left_out):
            continue
        if is_table(item):
            if held:
                yield tuple(held)
                held = []
            yield (item,)
            continue
        held.append(item)
        if len(held) == window:
            yield tuple(held)
            held = []
    if held:
        yield tuple(held)


def _read(item: Item, config: TagConfig) -> Iterator[Source | Failure]:
    if isinstance(item, Failure):
        yield item
        return
    try:
        yield from read_safely(item, config=config.documents)
    except DocumentError as error:
        yield Failure(item.document, error.code, str(error))


def units(
    patterns: Sequence[str], *, config: TagConfig, without: Path | None = None
) -> Iterator[tuple[Unit, Iterator[Source | Failure]]]:
    """Every part's work, with its sources. The sources of a part must be used up before the next part."""
    for items in files_in_windows(patterns, window=config.window, without=without):
        if not is_table(items[0]):
            yield Unit(items), (source for item in items for source in _read(item, config))
            continue
        rows, first, size = _read(items[0], config), 0, config.window * _ROWS
        while chunk := list(islice(rows, size)):
            yield Unit(items, first, first + len(chunk)), iter(chunk)
            first += len(chunk)


def _prepare(sources: Iterator[Source | Failure], config: TagConfig) -> Iterator[Document | Failure]:
    for source in sources:
        if isinstance(source, Failure):
            yield source
        else:
            yield split(clean(source, config=config.documents.clean), config=config.documents.split)


def tag_part(
    tagger: Tagger, sources: Iterator[Source | Failure], *, config: TagConfig
) -> tuple[dict[str, list[str]], dict[str, int]]:
    """The lines of each stream of one part, and its counts. Memory: one part."""
    documents: list[Document] = []
    lines: dict[str, list[str]] = {name: [] for name in STREAMS}
    for item in _prepare(sources, config):
        if isinstance(item, Failure):
            lines["failures"].append(to_line(failure_record(item)))
        else:
            documents.append(item)
    texts = [passage.text for document in documents for passage in document.passages]
    tags = iter(tagger.tag(texts, evidence=config.evidence, clean=False))
    for document in documents:
        mine = list(islice(tags, len(document.passages)))
        if config.mask_personal:  # after tagging: the labels are those of the text as it is
            document = masked(document)
        lines["tags"] += [to_line(r) for r in passage_records(document, mine, model=tagger.fingerprint)]
        lines["documents"].append(to_line(document_record(document, mine, tagger.domains)))
    counts = {"documents": len(documents), "passages": len(texts), "failures": len(lines["failures"])}
    return lines, counts


def commit_part(place: Path, lines: dict[str, list[str]], record: dict[str, Any]) -> None:
    """Write a part's folder; it appears whole or not at all."""
    beside = place.with_name(f".{place.name}.{os.getpid()}.part")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    for name, text in [
        *((f"{name}.jsonl", "".join(lines[name])) for name in STREAMS),
        ("part.json", json.dumps(record)),
    ]:
        with (beside / name).open("wb") as out:
            out.write(text.encode("utf-8"))
            out.flush()
            os.fsync(out.fileno())
    beside.rename(place)


def tag_parts(
    tagger: Tagger, patterns: Sequence[str], parts: Path, *, config: TagConfig, rank: int = 0, ranks: int = 1
) -> Iterator[Counts]:
    """Finish every part of this rank that is not finished yet; yields the counts after each part.

    What lies beside `parts` is result and never input. Raises RunError where a finished part belongs to
    other input.
    """
    parts.mkdir(parents=True, exist_ok=True)
    counts, number = Counts(), -1
    changed = "the input changed since this run began (part {}); choose another --out, or add --overwrite"
    for number, (unit, sources) in enumerate(units(patterns, config=config, without=parts.parent)):
        if number % ranks != rank:
            continue
        place, name = parts / f"{number:08d}", unit.name()
        if place.is_dir():
            record = json.loads((place / "part.json").read_text(encoding="utf-8"))
            if record["unit"] != name:
                raise RunError(f"{parts.parent}: {changed.format(number)}")
        else:
            lines, done = tag_part(tagger, sources, config=config)
            record = {"unit": name, **done}
            commit_part(place, lines, record)
        counts.add(record)
        yield counts
    beyond = [
        int(place.name) for place in parts.iterdir() if place.name.isdigit() and int(place.name) > number
    ]
    if beyond:
        raise RunError(f"{parts.parent}: {changed.format(min(beyond))}")


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
