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
_COMMON = 50  # a run in more records than this is a set phrase, and pairs through it would be endless


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Two records; `share` of the runs of `second` that stand in `first` (1.0: the same text)."""

    first: Record
    second: Record
    share: float


def runs(text: str) -> set[str]:
    """The runs of 13 characters of a text; a shorter text is one run."""
    bare = _SKIP.sub("", text).lower()
    return {bare[i : i + RUN] for i in range(max(1, len(bare) - RUN + 1))} if bare else set()


def _index(records: Sequence[Record]) -> dict[str, list[int]]:
    index: dict[str, list[int]] = {}
    for number, record in enumerate(records):
        for run in runs(record.text):
            index.setdefault(run, []).append(number)
    return index


def duplicates_across(first: Sequence[Record], second: Sequence[Record]) -> list[Duplicate]:
    """For each record of `second` its closest near duplicate in `first`, if it has one."""
    index = _index(first)
    found: list[Duplicate] = []
    for record in second:
        mine = runs(record.text)
        shared = Counter(number for run in mine for number in index.get(run, ())[:_COMMON])
        if shared:
            number, count = min(shared.items(), key=lambda item: (-item[1], item[0]))
            if count >= NEAR * len(mine):
                found.append(Duplicate(first[number], record, count / len(mine)))
    return found


def duplicates_within(records: Sequence[Record]) -> list[Duplicate]:
    """For each record its closest near duplicate among those before it, if it has one."""
    index: dict[str, list[int]] = {}
    found: list[Duplicate] = []
    for number, record in enumerate(records):
        mine = runs(record.text)
        shared = Counter(earlier for run in mine for earlier in index.get(run, ())[:_COMMON])
        if shared:
            earlier, count = min(shared.items(), key=lambda item: (-item[1], item[0]))
            if count >= NEAR * len(mine):
                found.append(Duplicate(records[earlier], record, count / len(mine)))
        for run in mine:
            index.setdefault(run, []).append(number)
    return found
