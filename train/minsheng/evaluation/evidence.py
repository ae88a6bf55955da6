"""Evidence against marked sentences: does the sentence shown for a label say what a person marked?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from minsheng.errors import DataError
from minsheng.evaluation.values import Agreement, Evidence

Span = tuple[int, int]  # [start, end) in characters of the passage


@dataclass(frozen=True, slots=True)
class EvidenceCase:
    """One label that was given and is true, in a passage where a person marked sentences for it."""

    domain: str
    chosen: Span  # the evidence of the tag
    marked: tuple[Span, ...]
    sentences: tuple[Span, ...]  # all sentences of the passage, for the rate by chance


def agreement(cases: Sequence[EvidenceCase], *, domains: Sequence[str]) -> Evidence | None:
    """None where there is no case. Raises `DataError` on a case with an empty span or no sentences."""
    if not cases:
        return None
    named = {domain: [case for case in cases if case.domain == domain] for domain in domains}
    rows = tuple(_row(domain, own) for domain, own in named.items() if own)
    return Evidence(_row("all", list(cases)), rows)


def _row(name: str, cases: list[EvidenceCase]) -> Agreement:
    right = sum(_right(case.chosen, case) for case in cases)
    chance = 0.0
    for case in cases:
        if not case.sentences:
            raise DataError(
                f"evidence of {case.domain!r}: the passage has no sentences; give the spans of all of them"
            )
        chance += sum(_right(sentence, case) for sentence in case.sentences) / len(case.sentences)
    return Agreement(name, len(cases), right, right / len(cases), chance / len(cases))


def _right(span: Span, case: EvidenceCase) -> bool:
    """Whether at least half of the characters of `span` are marked."""
    start, end = span
    if end <= start:
        raise DataError(
            f"evidence of {case.domain!r}: the span {span} is empty; give [start, end) in characters"
        )
    marked = {place for low, high in case.marked for place in range(max(low, start), min(high, end))}
    return 2 * len(marked) >= end - start
