"""How far coders agree who labelled the same texts apart from each other.

- Krippendorff's alpha, any number of coders, missing values allowed (K. Krippendorff, Computing
  Krippendorff's Alpha-Reliability, 2011; Content Analysis, 4th edition, 2018, chapter 12): for each domain
  as given or not (nominal), and for whole label sets with the MASI distance (R. Passonneau, Measuring
  Agreement on Set-Valued Items, LREC 2006).
- Cohen's kappa of two coders (J. Cohen, A Coefficient of Agreement for Nominal Scales, 1960), a domain.
Krippendorff asks for alpha ≥ 0.800, and for 0.667 where tentative conclusions will do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from minsheng.corpus.exchange.rows import Row, row_of
from minsheng.corpus.records import Record
from minsheng.errors import DataError

RELIABLE, TENTATIVE = 0.8, 0.667
Distance = Callable[[Any, Any], float]


@dataclass(frozen=True, slots=True)
class DomainAgreement:
    """One domain as a yes-or-no question. None where a coefficient is not defined: nobody varied."""

    domain: str
    given: tuple[int, ...]  # how often each coder gave it
    disagreements: int  # texts on which coders differ
    alpha: float | None
    kappa: float | None  # None also for more than two coders


@dataclass(frozen=True, slots=True)
class Agreement:
    """Several codings of one set of texts compared."""

    coders: tuple[str, ...]
    coded: tuple[int, ...]  # texts that each coder coded
    texts: int  # coded by two coders or more: what the coefficients rest on
    same: int  # of these, with the same whole label set by all
    alpha: float | None  # of label sets, MASI
    domains: tuple[DomainAgreement, ...]
    disagreements: tuple[Row, ...]  # to adjudicate


def nominal(first: Hashable, second: Hashable) -> float:
    """0 for equal values, else 1."""
    return float(first != second)


def masi(first: frozenset[str], second: frozenset[str]) -> float:
    """MASI distance of two sets: 1 - Jaccard × monotonicity (1 equal, 2/3 subset, 1/3 overlap, 0 disjoint)."""
    if first == second:
        return 0.0
    common = len(first & second)
    monotonicity = 2 / 3 if first <= second or second <= first else 1 / 3
    return 1.0 - common / len(first | second) * monotonicity


def krippendorff_alpha(
    codings: Sequence[Sequence[Hashable | None]], *, distance: Distance = nominal
) -> float | None:
    """Alpha of a reliability matrix `(coders, units)`; None is a missing value.

    1 - observed / expected disagreement over all pairs of values within units / within the whole; units
    with fewer than two values do not count. None where fewer than two different values are paired.
    """
    observed, totals = 0.0, Counter[Hashable]()
    for unit in zip(*codings, strict=True):
        values = Counter(value for value in unit if value is not None)
        count = values.total()
        if count < 2:
            continue
        totals += values
        observed += _pairs(values, distance) / (count - 1)
    n = totals.total()
    expected = _pairs(totals, distance) / (n - 1) if n > 1 else 0.0
    return 1.0 - observed / expected if expected else None


def _pairs(values: Counter[Hashable], distance: Distance) -> float:
    """Sum of the distances over all ordered pairs of values."""
    return sum(m * n * distance(a, b) for a, m in values.items() for b, n in values.items() if a != b)


def cohen_kappa(first: Sequence[Hashable], second: Sequence[Hashable]) -> float | None:
    """Kappa of two coders over the same units; None where chance alone would make them agree always."""
    total = len(first)
    if not total:
        return None
    observed = sum(a == b for a, b in zip(first, second, strict=True)) / total
    one, other = Counter(first), Counter(second)
    chance = sum(one[value] * other[value] for value in one) / total**2
    return (observed - chance) / (1 - chance) if chance < 1 else None


def agree(codings: Mapping[str, Sequence[Record]], domains: Sequence[str]) -> Agreement:
    """Compare codings (coder → records), matched by id.

    Raises DataError where one id stands for two texts, or no text was coded twice.
    """
    coders = tuple(codings)
    labels: dict[str, dict[str, frozenset[str]]] = {}
    records: dict[str, Record] = {}
    for coder, coding in codings.items():
        for record in coding:
            known = records.setdefault(record.id, record)
            if known.text.strip() != record.text.strip():
                raise DataError(
                    f"{coder}: {record.id!r} is another text than {next(iter(labels[record.id]))} coded"
                )
            labels.setdefault(record.id, {})[coder] = frozenset(record.labels)
    shared = [identity for identity, said in labels.items() if len(said) > 1]
    if not shared:
        raise DataError(f"{', '.join(coders)}: no id stands in two of the files, so nothing can be compared")
    matrix = [[labels[identity].get(coder) for identity in shared] for coder in coders]
    disputed = [identity for identity in shared if len(set(labels[identity].values())) > 1]
    return Agreement(
        coders=coders,
        coded=tuple(len(coding) for coding in codings.values()),
        texts=len(shared),
        same=len(shared) - len(disputed),
        alpha=krippendorff_alpha(matrix, distance=masi),
        domains=tuple(_domain(domain, matrix) for domain in domains),
        disagreements=tuple(_to_adjudicate(records[i], labels[i], domains) for i in disputed),
    )


def _domain(domain: str, matrix: Sequence[Sequence[frozenset[str] | None]]) -> DomainAgreement:
    given = [[None if said is None else domain in said for said in row] for row in matrix]
    return DomainAgreement(
        domain,
        tuple(sum(value is True for value in row) for row in given),
        sum({True, False} <= set(unit) for unit in zip(*given, strict=True)),
        krippendorff_alpha(given),
        cohen_kappa(*given) if len(given) == 2 else None,
    )


def _to_adjudicate(record: Record, said: Mapping[str, frozenset[str]], domains: Sequence[str]) -> Row:
    """The text with each coder's labels, and no `labels` until somebody decides on them."""
    sides = list(said.values())
    agreed = frozenset.intersection(*sides)
    row = {key: value for key, value in row_of(record).items() if key not in ("labels", "annotator")}
    return row | {
        "disputed": [
            domain for domain in domains if any(domain in s for s in sides) and domain not in agreed
        ],
        "coders": {
            coder: [domain for domain in domains if domain in labels] for coder, labels in said.items()
        },
    }
