"""Contrast pairs: two paragraphs that are nearly the same and differ in their labels.

Contrast sets test whether a model reads what decides or only what usually stands near it (Gardner et al.
2020, "Evaluating Models' Local Decision Boundaries via Contrast Sets"): a pair counts where both are right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from minsheng import metrics
from minsheng.config.schema import EvaluationConfig
from minsheng.errors import DataError
from minsheng.evaluation.estimates import Estimate
from minsheng.evaluation.values import Contrast, ContrastShare
from minsheng.metrics.scores import Mask

MODEL = "model"


def pairs_of(groups: Sequence[str]) -> NDArray[np.int64]:
    """Positions of the two paragraphs of each pair, (pairs, 2): they share a `group`.

    Raises DataError where a group has another number of paragraphs than two.
    """
    members: dict[str, list[int]] = {}
    for position, group in enumerate(groups):
        members.setdefault(group, []).append(position)
    for group, found in members.items():
        if len(found) != 2:
            raise DataError(
                f"contrast set: group {group!r} has {len(found)} record(s); each pair has a group of its own"
            )
    return np.array(list(members.values()), dtype=np.int64).reshape(-1, 2)


def contrast(
    truth: Mask, decisions: Mapping[str, Mask], pairs: NDArray[np.int64], *, config: EvaluationConfig
) -> Contrast:
    """Shares of pairs with both whole label sets right.

    `truth` and each system's decisions are (paragraphs, domains); `decisions` must hold `MODEL`.
    """
    draws = metrics.resampling(len(pairs), resamples=config.resamples, seed=config.seed)
    rows = {name: _row(name, truth, given, pairs, draws, config.level) for name, given in decisions.items()}
    own = rows.pop(MODEL)
    return Contrast(pairs=len(pairs), model=own, baselines=tuple(rows.values()))


def _row(
    name: str, truth: Mask, given: Mask, pairs: NDArray[np.int64], draws: metrics.Resampling, level: float
) -> ContrastShare:
    right = (truth == given).all(axis=1)[pairs].sum(axis=1)
    both = right == 2
    resampled = metrics.totals(draws, {"both": both})["both"] / len(pairs)
    low, high = metrics.interval(resampled, level=level)
    return ContrastShare(
        name=name,
        both=int(both.sum()),
        one=int((right == 1).sum()),
        share=Estimate(float(both.mean()), low, high),
    )
