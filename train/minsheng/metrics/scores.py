"""Scores of multi-label decisions and of probabilities. scikit-learn computes.

Shapes: `truth` and `predicted` are `(examples, domains)` bool, `scores` `(examples, domains)` in [0, 1].

Where a score divides by zero it is undefined (NaN) and left out of the macro average, as scikit-learn does
with `zero_division=nan`: precision where nothing was given, recall and average precision where the truth
has no example, F1 where both hold. Neither 0 nor 1 would do: 0 punishes a slice for a domain that it does
not have, 1 rewards it. F1 of a domain with examples of which none was found is 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from minsheng.errors import DataError

Mask = NDArray[np.bool_]
Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Rates:
    """Precision, recall and F1 as one average; NaN where undefined."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Scores of one system. Vectors have one entry a domain; NaN where undefined (see the module)."""

    precision: Vector
    recall: Vector
    f1: Vector
    average_precision: Vector | None  # None: the system gives labels without scores
    support: Counts  # examples that have the domain
    given: Counts  # examples that were given the domain
    micro: Rates
    macro: Rates  # F1 is the mean of the domains' F1 (Opitz & Burst 2019, their "averaged F1")
    macro_average_precision: float | None
    exact_match: float  # share of examples whose whole label set is right
    hamming_loss: float  # share of wrong cells


@dataclass(frozen=True, slots=True, eq=False)
class Reliability:
    """Bins of one domain from low to high score; empty bins do not occur."""

    score: Vector  # mean score in the bin
    frequency: Vector  # share of the bin's examples that have the domain
    examples: Counts


def checked(truth: ArrayLike, other: ArrayLike, *, name: str) -> tuple[Mask, NDArray[np.float64]]:
    """Both as arrays `(examples, domains)`, the second numbers in [0, 1]; else `DataError`."""
    left, right = np.asarray(truth, dtype=bool), np.asarray(other, dtype=np.float64)
    if left.ndim != 2 or left.shape != right.shape:
        raise DataError(
            f"truth has shape {left.shape} and {name} {right.shape}: expected (examples, domains) twice"
        )
    if not left.size:
        raise DataError(
            f"nothing to score: truth has shape {left.shape}; give at least one example and domain"
        )
    if not ((right >= 0) & (right <= 1)).all():
        raise DataError(f"{name} hold a value outside [0, 1] or NaN; give probabilities, not logits")
    return left, right


def decide(scores: Matrix, thresholds: ArrayLike | None) -> Mask:
    """Labels given: `score >= threshold` a domain (one number, or one a domain).

    `None` is the single-label rule: the one domain with the highest score, the first of equals.
    """
    if thresholds is None:
        return np.asarray(np.arange(scores.shape[1]) == scores.argmax(axis=1)[:, None])
    return np.asarray(scores >= np.asarray(thresholds, dtype=np.float64), dtype=bool)


def score(truth: ArrayLike, predicted: ArrayLike, scores: ArrayLike | None = None) -> Scores:
    """Every score of one system; average precision only where `scores` are given. Raises `DataError`."""
    from sklearn.metrics import accuracy_score, average_precision_score, hamming_loss

    gold, guess = checked(truth, predicted, name="predicted")
    labels = guess > 0
    # A domain at a time and micro over all cells: scikit-learn reads one column as two classes otherwise.
    rates = [_rates(gold[:, domain], labels[:, domain]) for domain in range(gold.shape[1])]
    precision, recall, f1 = (
        np.array([getattr(rate, key) for rate in rates]) for key in ("precision", "recall", "f1")
    )
    average = None
    if scores is not None:
        _, probability = checked(truth, scores, name="scores")
        average = np.array(
            [
                average_precision_score(gold[:, domain], probability[:, domain])
                if gold[:, domain].any()
                else np.nan
                for domain in range(gold.shape[1])
            ]
        )
    return Scores(
        precision=precision,
        recall=recall,
        f1=f1,
        average_precision=average,
        support=gold.sum(axis=0),
        given=labels.sum(axis=0),
        micro=_rates(gold.ravel(), labels.ravel()),
        macro=Rates(mean(precision), mean(recall), mean(f1)),
        macro_average_precision=None if average is None else mean(average),
        exact_match=float(accuracy_score(gold, labels)),
        hamming_loss=float(hamming_loss(gold.ravel(), labels.ravel())),
    )


def _rates(truth: Mask, predicted: Mask) -> Rates:
    from sklearn.metrics import precision_recall_fscore_support

    values = precision_recall_fscore_support(truth, predicted, average="binary", zero_division=np.nan)
    return Rates(*(float(value) for value in values[:3]))


def mean(values: Vector) -> float:
    """Mean of the defined values; NaN where none is defined."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else float("nan")


def reliability(truth: ArrayLike, scores: ArrayLike, *, bins: int) -> Reliability:
    """Equal-mass bins of one domain; `truth` and `scores` are `(examples,)`.

    Equal scores stay in one bin, so the result does not depend on the order of the examples, and there may
    be fewer bins than asked for.
    """
    gold, probability = np.asarray(truth, dtype=bool), np.asarray(scores, dtype=np.float64)
    order = np.argsort(probability, kind="stable")
    ordered, gold = probability[order], gold[order]
    cuts = np.arange(1, bins) * len(ordered) // bins
    # A cut inside a run of equal scores moves to the end of the run.
    cuts = np.searchsorted(ordered, ordered[np.maximum(cuts - 1, 0)], side="right")
    edges = np.unique(np.concatenate(([0], cuts, [len(ordered)])))
    sizes = np.diff(edges)
    return Reliability(
        score=np.add.reduceat(ordered, edges[:-1]) / sizes,
        frequency=np.add.reduceat(gold.astype(np.float64), edges[:-1]) / sizes,
        examples=sizes,
    )


def calibration_error(truth: ArrayLike, scores: ArrayLike, *, bins: int) -> Vector:
    """Expected calibration error of each domain, `(domains,)`: the mean over examples of the distance between
    mean score and frequency in the example's bin.

    Expected calibration error: Naeini et al. 2015; bins of equal mass: Nixon et al. 2019. The estimate is
    biased upwards where bins are small.
    """
    gold, probability = checked(truth, scores, name="scores")
    errors = []
    for domain in range(gold.shape[1]):
        table = reliability(gold[:, domain], probability[:, domain], bins=bins)
        errors.append(np.average(np.abs(table.score - table.frequency), weights=table.examples))
    return np.array(errors)
