"""What is wrong, or odd, in labelled files: problems with file and line, and a table of counts.

Each file counts as one set (train, validation, test): what stands in two files leaks from one into another.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from minsheng.config.corpus import CheckConfig
from minsheng.corpus.duplicates import Duplicate, duplicates_across, duplicates_within
from minsheng.corpus.exchange.formats import lines_of
from minsheng.corpus.exchange.rows import Row, record_of, valid
from minsheng.corpus.records import KNOWN, Record, read_records
from minsheng.documents.mojibake import mojibake
from minsheng.documents.script import simplify
from minsheng.errors import DataError, nearest
from minsheng.taxonomy import Taxonomy

ERROR, WARNING = "error", "warning"
NONE = "(none)"


@dataclass(frozen=True, slots=True)
class Problem:
    """`code` is a stable word for programs; `line` is 0 where the file as a whole is meant."""

    file: str
    line: int
    severity: str  # error | warning
    code: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.severity}: {self.message} [{self.code}]"


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found. `counts`: table → row → count in each file, in the order of `files`."""

    files: tuple[str, ...]
    records: tuple[int, ...]
    problems: tuple[Problem, ...]
    counts: dict[str, dict[str, tuple[int, ...]]]

    @property
    def errors(self) -> int:
        """How many problems are errors: with any, the files should not be trained on."""
        return sum(problem.severity == ERROR for problem in self.problems)


@dataclass
class _File:
    """A file under check: its readable records with their lines, and its problems."""

    path: Path
    records: list[Record]
    lines: dict[int, int]  # id(record) → line; records are not hashable
    grouped: list[Record]  # those that name their group themselves
    problems: list[Problem]

    def say(self, line: int, severity: str, code: str, message: str) -> None:
        self.problems.append(Problem(str(self.path), line, severity, code, message))

    def place(self, record: Record) -> str:
        return f"{self.path.name}, line {self.lines[id(record)]}"

    @cached_property
    def labels(self) -> Counter[str]:
        """Records a domain, and `(none)`."""
        return Counter(label for record in self.records for label in record.labels or (NONE,))


def check(paths: Sequence[str | Path], *, taxonomy: Taxonomy, config: CheckConfig) -> Report:
    """Check labelled files (JSONL, CSV, Excel, Parquet) one by one and against each other.

    Raises DataError for a file that is missing or of an unknown kind; all else is a problem of the report.
    """
    files = [_read(Path(path), taxonomy, config) for path in paths]
    for number, file in enumerate(files):
        _same_texts(file, files[: number + 1])
        _near_texts(file, files[:number])
        _groups(file, files[:number])
        _counts(file, taxonomy.keys, config)
    _imbalance(files, taxonomy.keys, config)
    return Report(
        files=tuple(str(file.path) for file in files),
        records=tuple(len(file.records) for file in files),
        problems=tuple(
            problem for file in files for problem in sorted(file.problems, key=lambda p: (p.line, p.severity))
        ),
        counts=_tables(files, taxonomy.keys, config),
    )


def _read(path: Path, taxonomy: Taxonomy, config: CheckConfig) -> _File:
    file = _File(path, [], {}, [], [])
    ids: dict[str, int] = {}
    columns: set[str] = set()
    for number, row in lines_of(path):
        where = f"{path}, line {number}"
        try:
            if isinstance(row, DataError):
                raise row
            row = valid(row, taxonomy.keys, where=where)
            if "labels" not in row:
                raise DataError(f"{where}: no field 'labels'{nearest('labels', row)}")
        except DataError as error:
            file.say(number, ERROR, "schema", str(error).removeprefix(f"{where}: "))
            continue
        for column in sorted(row.keys() - columns - {*KNOWN}):
            if hint := nearest(column, KNOWN):
                file.say(number, WARNING, "column", f"unknown column {column!r}{hint}")
        columns |= row.keys()
        identity = row.setdefault("id", f"{path.stem}-{number}")
        if ids.setdefault(identity, number) != number:
            message = f"the id {identity!r} stands on line {ids[identity]} already"
            file.say(number, ERROR, "id", message)
        record = record_of(row)
        file.records.append(record)
        file.lines[id(record)] = number
        if "group" in row:
            file.grouped.append(record)
        for severity, code, message in [*_text_problems(record.text, config), *_evidence_problems(row)]:
            file.say(number, severity, code, message)
    if not any(problem.severity == ERROR for problem in file.problems):
        try:  # the last word has the reader that training uses
            read_records(path, taxonomy.keys)
        except DataError as error:
            file.say(0, ERROR, "schema", str(error).removeprefix(f"{path}: "))
    return file


def _text_problems(text: str, config: CheckConfig) -> Iterator[tuple[str, str, str]]:
    length = len(text.strip())
    if length < config.shortest:
        yield WARNING, "short", f"only {length} characters"
    if length > config.longest:
        yield WARNING, "long", f"{length} characters; a model reads the first {config.longest} or so"
    characters = frozenset(text)
    repairs, damaged = mojibake(text, characters)
    for start, end, repaired in repairs:
        yield WARNING, "mojibake", f"{_short(text[start:end])!r} was decoded wrongly: {_short(repaired)!r}"
    for start, end in damaged:
        yield WARNING, "mojibake", f"{_short(text[start:end])!r} is damaged and cannot be repaired"
    changed = {a: b for a, b in zip(text, simplify(text, characters), strict=True) if a != b}
    if len(changed) > 1:  # one alone is a rare character without a Simplified form in common use
        few = "".join(list(changed)[:8]) + ("…" if len(changed) > 8 else "")
        yield WARNING, "traditional", f"Traditional characters: {few}"


def _short(text: str, longest: int = 16) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _evidence_problems(row: Row) -> Iterator[tuple[str, str, str]]:
    """Sentences marked as evidence must stand in the text, for a label that the record has."""
    marks = row.get("evidence")
    if marks is None:
        return
    if not isinstance(marks, dict):
        yield ERROR, "evidence", "evidence must map a domain to its sentences"
        return
    for domain, quotes in marks.items():
        if domain not in row["labels"]:
            yield ERROR, "evidence", f"evidence for {domain!r}, which is no label of this record"
        for quote in quotes if isinstance(quotes, list) else [quotes]:
            if not isinstance(quote, str) or quote not in row["text"]:
                yield ERROR, "evidence", f"the evidence for {domain!r} does not stand in the text: {quote!r}"


def _key(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum())


def _same_texts(file: _File, known: Sequence[_File]) -> None:
    """Texts that are the same but for marks and space, within the file and in those before it."""
    first: dict[str, tuple[_File, Record]] = {}
    for other in known:
        for record in other.records:
            before, twin = first.setdefault(_key(record.text), (other, record))
            if twin is record or other is not file:
                continue
            line, place = file.lines[id(record)], before.place(twin)
            if twin.labels != record.labels:
                mine, theirs = (", ".join(r.labels) or "none" for r in (record, twin))
                file.say(line, ERROR, "conflict", f"labelled {mine}; the same text in {place}: {theirs}")
            else:
                code = "duplicate" if before is file else "leak"
                file.say(line, ERROR, code, f"the same text stands in {place}")


def _near_texts(file: _File, before: Sequence[_File]) -> None:
    """Near duplicates; across files they are errors, because training refuses them."""

    def say(found: Sequence[Duplicate], severity: str, code: str, owners: Sequence[_File]) -> None:
        for pair in found:
            if _key(pair.first.text) == _key(pair.second.text):
                continue  # said already
            owner = next(other for other in owners if id(pair.first) in other.lines)
            message = f"{pair.share:.0%} of the text stands in {owner.place(pair.first)}, too"
            file.say(file.lines[id(pair.second)], severity, code, message)

    earlier = [record for other in before for record in other.records]
    say(duplicates_across(earlier, file.records), ERROR, "leak", before)
    say(duplicates_within(file.records), WARNING, "near-duplicate", [file])


def _groups(file: _File, before: Sequence[_File]) -> None:
    seen = {record.group: (other, record) for other in reversed(before) for record in reversed(other.grouped)}
    mine = Counter(record.group for record in file.grouped)
    for record in file.grouped:
        if record.group in seen and mine[record.group]:
            other, first = seen[record.group]
            count = mine.pop(record.group)
            more = f" ({count} records here)" if count > 1 else ""
            message = f"the group {record.group!r} begins in {other.place(first)}{more}"
            file.say(file.lines[id(record)], ERROR, "group", message)


def _counts(file: _File, domains: Sequence[str], config: CheckConfig) -> None:
    for domain in domains:
        if file.records and file.labels[domain] < config.fewest:
            count = file.labels[domain]
            message = (
                f"only {count} records of {domain}: too few to rely on" if count else f"no record of {domain}"
            )
            file.say(0, WARNING, "imbalance", message)


def _imbalance(files: Sequence[_File], domains: Sequence[str], config: CheckConfig) -> None:
    total = sum((file.labels for file in files), Counter[str]())
    ranked = sorted(domains, key=lambda domain: total[domain])
    least, most = ranked[0], ranked[-1]
    if not files[0].records:
        return
    if total[most] > config.imbalance * total[least]:
        message = f"{most} has {total[most]} records and {least} {total[least]} in all files"
        files[0].say(0, WARNING, "imbalance", message)
    if not total[NONE]:
        message = "no record without a label: a model cannot learn when to give none"
        files[0].say(0, WARNING, "imbalance", message)


def _tables(
    files: Sequence[_File], domains: Sequence[str], config: CheckConfig
) -> dict[str, dict[str, tuple[int, ...]]]:
    registers = [Counter(record.register or "(not given)" for record in file.records) for file in files]
    sizes = [Counter(bisect_left(config.lengths, len(r.text)) for r in file.records) for file in files]
    several = [sum(len(record.labels) > 1 for record in file.records) for file in files]
    lows = [0, *(upper + 1 for upper in config.lengths)]
    spans = [f"{a}–{b}" for a, b in zip(lows, config.lengths, strict=False)] + [f"{lows[-1]} and more"]
    names = [name for name, _ in sum(registers, Counter[str]()).most_common()]
    tables = {
        "label": {name: tuple(file.labels[name] for file in files) for name in (*domains, NONE)}
        | {"(two or more)": tuple(several)},
        "register": {name: tuple(counts[name] for counts in registers) for name in names},
        "characters": {span: tuple(counts[i] for counts in sizes) for i, span in enumerate(spans)},
    }
    tables["characters"] = {span: counts for span, counts in tables["characters"].items() if any(counts)}
    if names == ["(not given)"]:
        del tables["register"]
    return tables
