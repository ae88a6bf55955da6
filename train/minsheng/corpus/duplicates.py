"""Exact and near duplicates: texts that share too many runs of 13 characters.

Runs of 13 (as in the GPT-3 contamination study, Brown et al. 2020, there of words) are long enough that
set phrases seldom fill them. Punctuation, space and case do not count.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from minsheng.corpus.records import Record

RUN = 13  # characters
NEAR = 0.25  # share of a text's runs in common from which it is a near duplicate
_SKIP = re.compile(r"[\W_]+")
_COMMON = (
    50  # records kept a run: one that stands in more is a set phrase, and pairs through it would be endless
)


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Two records; `share` of the runs of `second` that stand in `first` (1.0: the same text)."""

    first: Record
    second: Record
    share: float


def _bare(text: str) -> str:
    return _SKIP.sub("", text).lower()


def runs(text: str) -> set[str]:
    """The runs of 13 characters of a text; a shorter text is one run."""
    bare = _bare(text)
    return {bare[i : i + RUN] for i in range(max(1, len(bare) - RUN + 1))} if bare else set()


class _Index:
    """Which records hold a run, and which was the first with a text."""

    def __init__(self) -> None:
        self._records: list[Record] = []
        self._runs: dict[str, list[int]] = {}
        self._texts: dict[str, int] = {}

    def add(self, record: Record) -> None:
        number = len(self._records)
        self._records.append(record)
        self._texts.setdefault(_bare(record.text), number)
        for run in runs(record.text):
            numbers = self._runs.setdefault(run, [])
            if len(numbers) < _COMMON:
                numbers.append(number)

    def closest(self, record: Record) -> Duplicate | None:
        mine = runs(record.text)
        shared = Counter(number for run in mine for number in self._runs.get(run, ()))
        same = self._texts.get(_bare(record.text))
        if same is not None and mine:  # also where every run of it is common
            shared[same] = len(mine)
        if not shared:
            return None
        number, count = min(shared.items(), key=lambda item: (-item[1], item[0]))
        return (
            Duplicate(self._records[number], record, count / len(mine)) if count >= NEAR * len(mine) else None
        )


def duplicates_across(first: Sequence[Record], second: Sequence[Record]) -> list[Duplicate]:
    """For each record of `second` its closest near duplicate in `first`, if it has one."""
    index = _Index()
    for record in first:
        index.add(record)
    found = (index.closest(record) for record in second)
    return [duplicate for duplicate in found if duplicate is not None]


def duplicates_within(records: Sequence[Record]) -> list[Duplicate]:
    """For each record its closest near duplicate among those before it, if it has one."""
    index = _Index()
    found: list[Duplicate] = []
    for record in records:
        if (duplicate := index.closest(record)) is not None:
            found.append(duplicate)
        index.add(record)
    return found
