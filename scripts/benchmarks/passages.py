"""Bench texts from the corpus that ships: no text twice, about 200 characters in the mean, the tail at 500."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path

LONGEST = 500  # characters
_JOINED = 0.11  # share of the paragraphs that are joined with those after them


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph, or a few neighbours joined, with the labels of all its parts."""

    text: str
    labels: tuple[str, ...]


def read_passages(corpus: Path) -> list[Passage]:
    """Passages of all files of the corpus, in their order. Every paragraph is in one of them."""
    rows: dict[str, tuple[str, ...]] = {}
    for place in sorted(corpus.glob("*.jsonl")):
        with place.open(encoding="utf-8") as lines:
            rows |= {row["text"]: tuple(row["labels"]) for row in map(json.loads, lines)}
    if not rows:
        raise SystemExit(f"{corpus}: no *.jsonl with labelled paragraphs")
    rng = random.Random(13)
    passages: list[Passage] = []
    target, joining = 0, False
    for text, labels in rows.items():
        last = passages[-1] if passages else None
        if last and joining and len(last.text) < target and len(last.text) + len(text) <= LONGEST:
            passages[-1] = Passage(last.text + text, tuple(sorted({*last.labels, *labels})))
            continue
        joining = rng.random() < _JOINED
        target = rng.randint(250, LONGEST)
        passages.append(Passage(text[:LONGEST], labels))
    return passages


def deal(passages: list[Passage], *, rounds: int, each: int) -> list[list[Passage]]:
    """`rounds` sets of `each` different passages whose lengths are spread alike; no passage is in two.

    Fewer a set where there are not enough.
    """
    each = min(each, len(passages) // rounds)
    order = sorted(passages, key=lambda passage: len(passage.text))
    step = len(order) / (rounds * each)
    chosen = [order[int(i * step)] for i in range(rounds * each)]
    rng = random.Random(13)
    sets: list[list[Passage]] = [[] for _ in range(rounds)]
    for start in range(0, len(chosen), rounds):
        for number, passage in zip(rng.sample(range(rounds), rounds), chosen[start:], strict=False):
            sets[number].append(passage)
    for part in sets:
        rng.shuffle(part)
    return sets
