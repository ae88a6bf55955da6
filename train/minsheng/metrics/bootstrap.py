"""Bootstrap percentile intervals (Efron 1979) of scores that are made of sums over examples.

Whole groups (documents, issuers) are drawn with replacement, since paragraphs of one document are alike
(cluster bootstrap; Davison & Hinkley 1997, section 3.8). A resample is a vector of weights, so that a
thousand resamples of counts are one matrix product. The same `Resampling` gives the same resamples each
time, which is what pairs two systems (Koehn 2004). With fewer than about 20 groups the intervals are too
narrow.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from minsheng.errors import DataError
from minsheng.metrics.scores import Mask, Matrix, Vector

_CELLS = 2_000_000  # weights held at once: 16 MB


@dataclass(frozen=True, slots=True, eq=False)
class Resampling:
    """`resamples` draws of `groups` groups with replacement; `group[i]` is the group of example `i`."""

    group: NDArray[np.int64]
    groups: int
    resamples: int
    seed: int

    def weights(self) -> Iterator[NDArray[np.float64]]:
        """How often each group was drawn, `(some resamples, groups)`, until all resamples were given."""
        random = np.random.default_rng(self.seed)
        block = max(1, _CELLS // self.groups)
        for start in range(0, self.resamples, block):
            rows = min(block, self.resamples - start)
            drawn = random.integers(0, self.groups, size=(rows, self.groups))
            drawn += self.groups * np.arange(rows)[:, None]
            counts = np.bincount(drawn.ravel(), minlength=rows * self.groups)
            yield counts.reshape(rows, self.groups).astype(np.float64)


def resampling(
    examples: int, *, groups: Sequence[Hashable] | None = None, resamples: int, seed: int
) -> Resampling:
    """Draws of groups, or of single examples where `groups` is None. Raises `DataError` on a wrong length."""
    if groups is None:
        return Resampling(np.arange(examples), examples, resamples, seed)
    if len(groups) != examples:
        raise DataError(f"{len(groups)} groups for {examples} examples: give one group an example")
    number: dict[Hashable, int] = {}
    index = np.array([number.setdefault(group, len(number)) for group in groups], dtype=np.int64)
    return Resampling(index, len(number), resamples, seed)


def totals(draws: Resampling, columns: Mapping[str, ArrayLike]) -> dict[str, NDArray[np.float64]]:
    """The sum of each column over the examples of each resample.

    A column is `(examples,)` or `(examples, k)`; the answer is `(resamples,)` or `(resamples, k)`.
    """
    arrays = {name: np.asarray(column, dtype=np.float64) for name, column in columns.items()}
    flat = np.concatenate([array.reshape(len(array), -1) for array in arrays.values()], axis=1)
    sums = np.zeros((draws.groups, flat.shape[1]))
    np.add.at(sums, draws.group, flat)
    result = np.concatenate([weights @ sums for weights in draws.weights()])
    found, start = {}, 0
    for name, array in arrays.items():
        width = 1 if array.ndim == 1 else array.shape[1]
        part = result[:, start : start + width]
        found[name] = part[:, 0] if array.ndim == 1 else part
        start += width
    return found


def average_precisions(draws: Resampling, truth: Mask, scores: Matrix) -> Matrix:
    """Average precision of each domain in each resample, `(resamples, domains)`; NaN without an example.

    As scikit-learn's with the resample as weights: the sum over scores of recall gained × precision there.
    """
    ranked = [_runs(truth[:, domain], scores[:, domain]) for domain in range(truth.shape[1])]
    blocks = []
    for weights in draws.weights():
        block = np.full((len(weights), truth.shape[1]), np.nan)
        for domain, (order, starts, hits, starts_of_hits) in enumerate(ranked):
            if not len(hits):
                continue
            # Only scores at which an example of the domain stands add recall: sum up to each of them.
            seen = np.add.reduceat(weights[:, draws.group[order]], starts, axis=1).cumsum(axis=1)
            found = np.add.reduceat(weights[:, draws.group[hits]], starts_of_hits, axis=1)
            with np.errstate(invalid="ignore"):
                precision = found.cumsum(axis=1) / np.maximum(seen, 1)
                block[:, domain] = (found * precision).sum(axis=1) / found.sum(axis=1)
        blocks.append(block)
    return np.concatenate(blocks)


def _runs(truth: Mask, scores: Vector) -> tuple[NDArray[np.int64], ...]:
    """Examples by falling score cut into segments that end where a score with an example of the domain ends.

    Gives the examples up to the last such score, the start of each segment among them, the examples that
    have the domain, and the start of each segment among those.
    """
    order = np.argsort(-scores, kind="stable")
    ordered, gold = scores[order], truth[order]
    hits = np.flatnonzero(gold)
    if not hits.size:
        empty = np.zeros(0, dtype=np.int64)
        return empty, empty, empty, empty
    first = np.flatnonzero(np.concatenate(([True], ordered[hits][1:] != ordered[hits][:-1])))
    ends = np.searchsorted(-ordered, -ordered[hits[first]], side="right")
    starts = np.concatenate(([0], ends[:-1]))
    return order[: ends[-1]], starts, order[hits], first


def f1(correct: ArrayLike, support: ArrayLike, given: ArrayLike) -> NDArray[np.float64]:
    """F1 from counts: `2 × correct / (support + given)`; NaN where both are 0."""
    return ratio(2 * np.asarray(correct, dtype=np.float64), np.asarray(support) + np.asarray(given))


def ratio(part: ArrayLike, whole: ArrayLike) -> NDArray[np.float64]:
    """`part / whole`, NaN where `whole` is 0."""
    top, bottom = np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    undefined = np.full(np.broadcast(top, bottom).shape, np.nan)
    return np.asarray(np.divide(top, bottom, out=undefined, where=bottom != 0))


def macro(values: Matrix) -> Vector:
    """Mean over domains (the last axis) of the defined values; NaN where none is defined."""
    defined = ~np.isnan(values)
    return ratio(np.where(defined, values, 0.0).sum(axis=-1), defined.sum(axis=-1))


def interval(values: Vector, *, level: float) -> tuple[float, float]:
    """Percentile interval of resampled values `(resamples,)`; undefined ones are left out, NaN if all are."""
    defined = values[~np.isnan(values)]
    if not defined.size:
        return float("nan"), float("nan")
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def difference(draws: Resampling, truth: Mask, first: Mask, second: Mask) -> Vector:
    """Macro-F1 of decisions `first` minus that of `second` in each resample, `(resamples,)`; paired."""
    counts = totals(
        draws,
        {
            "support": truth,
            "first": first,
            "second": second,
            "first correct": truth & first,
            "second correct": truth & second,
        },
    )
    one, two = (f1(counts[f"{key} correct"], counts["support"], counts[key]) for key in ("first", "second"))
    return macro(one) - macro(two)
