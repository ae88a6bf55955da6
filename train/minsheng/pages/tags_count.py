"""Counting a finished tagging run: by domain, by document, by year. One pass, no text is kept."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from minsheng.documents.readers.formats import KINDS, suffix_of

_TABLES = ("csv", "tsv", "xlsx", "json", "jsonl")  # each row of such a file is a document of its own
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?=\d{4}(?!\d)|(?!\d))")
_PROBLEMS = 3  # kinds of a table's problems that are named

Record = dict[str, Any]


@dataclass(slots=True)
class Slice:
    """Counts of some passages; the lists have one entry a domain."""

    domains: int
    passages: int = 0
    characters: int = 0
    review: int = 0
    without: int = 0  # passages of no domain
    labels: list[int] = field(init=False)  # passages of the domain
    label_characters: list[int] = field(init=False)  # characters of those passages

    def __post_init__(self) -> None:
        self.labels = [0] * self.domains
        self.label_characters = [0] * self.domains

    def add(self, record: Record, given: Sequence[int]) -> None:
        """Take in one passage; `given` are the numbers of its domains."""
        length = len(record["text"])
        self.passages += 1
        self.characters += length
        self.review += record["decision"] == "review"
        self.without += not given
        for domain in given:
            self.labels[domain] += 1
            self.label_characters[domain] += length


@dataclass(slots=True)
class DocumentCount:
    """What is read as one document: a file, a table with all its rows included."""

    name: str
    title: str | None
    date: str | None  # None for a table, whose rows have dates of their own
    counts: Slice
    problems: Counter[str] = field(default_factory=Counter)

    def problem_text(self) -> str:
        """`mojibake × 3; no passages`."""
        return "; ".join(
            name if count == 1 else f"{name} × {count}"
            for name, count in self.problems.most_common(_PROBLEMS)
        )


@dataclass(frozen=True, slots=True)
class RunCount:
    """A whole run. `years` holds only passages with a date, in the order of years."""

    total: Slice
    years: dict[str, Slice]
    documents: list[DocumentCount]


def file_and_row(document: str) -> tuple[str, str | None]:
    """`path#id` of a row of a table → path and id; anything else is a file without a row."""
    at = document.find("#")
    while at >= 0:
        if KINDS.get(suffix_of(document[:at])) in _TABLES:
            return document[:at], document[at + 1 :]
        at = document.find("#", at + 1)
    return document, None


def year_of(date: str | None) -> str | None:
    """The first year from 1900 to 2099 in a date of whatever form."""
    found = _YEAR.search(date or "")
    return found[0] if found else None


def count_run(documents: Iterable[Record], tags: Iterable[Record], domains: Sequence[str]) -> RunCount:
    """Counts of the lines of `documents` and `tags`, as tagging wrote them and in their order."""
    size, number = len(domains), {domain: i for i, domain in enumerate(domains)}
    found: dict[str, DocumentCount] = {}
    for record in documents:
        name, row = file_and_row(record["document"])
        date = record["date"] if row is None else None
        document = found.setdefault(name, DocumentCount(name, record["title"], date, Slice(size)))
        for problem in filter(None, str(record["problems"]).split("; ")):
            kind, _, times = problem.partition(" × ")
            document.problems[kind] += int(times or 1)
    total, years = Slice(size), dict[str, Slice]()
    for record in tags:
        given = [number[label] for label in record["labels"]]
        slices = [total, found[file_and_row(record["document"])[0]].counts]
        if year := year_of(record["date"]):
            slices.append(years.setdefault(year, Slice(size)))
        for counts in slices:
            counts.add(record, given)
    return RunCount(total, dict(sorted(years.items())), list(found.values()))
