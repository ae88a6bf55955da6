"""Shares of a domain in tagged passages, corrected for the model's errors.

Counting labels is biased: a model that finds 90 % of the passages of a rare domain and gives it to 3 % of the
others counts more false ones than it misses. With the true and false positive rate from labelled data,
`share = (counted - fpr) / (tpr - fpr)`, cut to [0, 1]: the "adjusted count" of Forman (2008, Quantifying
counts and costs via classification, Data Mining and Knowledge Discovery 17), in epidemiology the estimator of
Rogan & Gladen (1978). It holds where the model errs on the new passages as often, among those that have the
domain and among those that have not, as on the validation data (prior probability shift; Saerens, Latinne &
Decaestecker 2002 correct under the same assumption).

The interval is a parametric bootstrap (Davison & Hinkley 1997, section 2.2) over the validation counts and the
passages. Half a count is added to each cell (Jeffreys; recommended for a proportion by Brown, Cai & DasGupta
2001), since a rate of 0 among 30 examples is not known to be 0. Passages count as independent, and as a sample
of more like them; for these passages alone the interval is a little too wide.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from minsheng.errors import ModelError
from minsheng.evaluation.estimates import Estimate

CELLS = ("true_positives", "false_negatives", "false_positives", "true_negatives")
UNDEFINED = Estimate(None, None, None)


def corrected_share(
    given: int, passages: int, confusion: Mapping[str, int] | None, *, resamples: int, level: float, seed: int
) -> Estimate:
    """The share of `passages` that have a domain, of which the model gave it to `given`.

    `confusion` has the counts of `CELLS` on data that the model did not train on. Undefined without
    passages, without such counts, without a positive or a negative among them, or where the model gives the
    domain no more often to passages that have it than to others. Raises ModelError for negative counts.
    """
    if not confusion or not passages:
        return UNDEFINED
    found, missed, false, refused = (_count(confusion, name) for name in CELLS)
    if not found + missed or not false + refused:
        return UNDEFINED
    value = adjusted_count(
        given / passages,
        true_positive_rate=found / (found + missed),
        false_positive_rate=false / (false + refused),
    )
    if value is None:
        return UNDEFINED
    random = np.random.default_rng(seed)
    hit = random.beta(found + 0.5, missed + 0.5, resamples)
    alarm = random.beta(false + 0.5, refused + 0.5, resamples)
    counted = random.beta(given + 0.5, passages - given + 0.5, resamples)
    low, high = np.quantile(_resampled(counted, hit, alarm), [(1 - level) / 2, (1 + level) / 2])
    # The bootstrap's half counts could move an end past the plain estimate where that lies at 0 or 1.
    return Estimate(value, min(float(low), value), max(float(high), value))


def adjusted_count(counted: float, *, true_positive_rate: float, false_positive_rate: float) -> float | None:
    """Forman's adjusted count, in [0, 1]; None where the rates do not tell the two kinds apart."""
    gap = true_positive_rate - false_positive_rate
    if gap <= 0:
        return None
    return min(1.0, max(0.0, (counted - false_positive_rate) / gap))


def _resampled(
    counted: NDArray[np.float64], hit: NDArray[np.float64], alarm: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The adjusted count of each resample; one with rates that say nothing says 0 and 1 in turn."""
    gap = hit - alarm
    useful = gap > 0
    shares = np.clip((counted - alarm) / np.where(useful, gap, 1.0), 0.0, 1.0)
    return np.where(useful, shares, np.arange(len(counted)) % 2)


def _count(confusion: Mapping[str, int], name: str) -> int:
    value = confusion.get(name)
    if not isinstance(value, int) or value < 0:
        raise ModelError(f"validation counts: {name} is {value!r}; expected a count, train the model again")
    return value
