"""Several models on the same paragraphs, and a paired bootstrap test of each difference."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from pydantic import TypeAdapter, ValidationError

from minsheng import metrics
from minsheng.config.schema import EvaluationConfig
from minsheng.errors import DataError
from minsheng.evaluation.estimates import STRICT, Estimate
from minsheng.evaluation.sections import View
from minsheng.evaluation.values import Evaluation
from minsheng.metrics.bootstrap import macro
from minsheng.metrics.scores import Mask, Vector


@dataclass(frozen=True, slots=True)
class PairedTest:
    """A difference of F1, the first model minus the second, and how sure it is.

    `p` is the two-sided bootstrap p-value: twice the smaller share of resamples on one side of zero, those
    at zero being on both (Efron & Tibshirani 1993, section 15.4; pairing: Koehn 2004). `adjusted` is `p`
    after Holm (1979) over the domains; for macro-F1 over the pairs of models.
    """

    difference: Estimate
    p: float | None  # None: undefined in every resample
    adjusted: float | None

    __pydantic_config__ = STRICT


@dataclass(frozen=True, slots=True)
class Pair:
    """Two models, by their places in `Comparison.models`."""

    first: int
    second: int
    macro_f1: PairedTest
    domains: tuple[PairedTest, ...]
    only_first: int  # paragraphs whose whole label set only the first has right
    only_second: int

    __pydantic_config__ = STRICT


@dataclass(frozen=True, slots=True)
class Contestant:
    """One model and its whole evaluation; `folder` holds its own report, beside the comparison."""

    name: str
    folder: str
    evaluation: Evaluation

    __pydantic_config__ = STRICT


@dataclass(frozen=True, slots=True)
class Comparison:
    """Models on the same paragraphs, in the order in which they were named, and every pair of them."""

    models: tuple[Contestant, ...]
    pairs: tuple[Pair, ...]
    about: dict[str, str] = field(default_factory=dict)

    __pydantic_config__ = STRICT

    def to_json(self) -> str:
        """Indented JSON with a final newline; `from_json` gives the same value back."""
        return TypeAdapter(Comparison).dump_json(self, indent=2).decode("utf-8") + "\n"

    @staticmethod
    def from_json(text: str) -> Comparison:
        """Raises `DataError` that names the first wrong key."""
        try:
            return TypeAdapter(Comparison).validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"]) or "(the whole)"
            raise DataError(
                f"not a comparison of this version: {key}: {first['msg']}; compare again"
            ) from error


def better(pair: Pair, *, level: float) -> int | None:
    """The place of the model that is better in macro-F1; None where the interval or the adjusted p leaves it
    open at `level`."""
    gap, p = pair.macro_f1.difference, pair.macro_f1.adjusted
    if gap.low is None or gap.high is None or p is None or p > 1 - level:
        return None
    return pair.first if gap.low > 0 else pair.second if gap.high < 0 else None


def two_sided(resampled: Vector) -> float | None:
    """The bootstrap p-value of resampled differences `(resamples,)`; never 0, which no finite number of
    resamples could show (Davison & Hinkley 1997, section 4.2.3)."""
    known = resampled[~np.isnan(resampled)]
    if not known.size:
        return None
    side = min(int((known <= 0).sum()), int((known >= 0).sum()))
    return min(1.0, 2 * (side + 1) / (known.size + 1))


def holm(values: Sequence[float | None]) -> list[float | None]:
    """p-values adjusted for their number by Holm's step-down method (1979); None stays None."""
    known = sorted((value, place) for place, value in enumerate(values) if value is not None)
    adjusted: list[float | None] = [None] * len(values)
    highest = 0.0
    for rank, (value, place) in enumerate(known):
        highest = max(highest, min(1.0, (len(known) - rank) * value))
        adjusted[place] = highest
    return adjusted


def compare(
    truth: Mask,
    decisions: Sequence[Mask],
    *,
    groups: Sequence[Hashable] | None,
    config: EvaluationConfig,
) -> tuple[Pair, ...]:
    """A paired test of every two systems; `truth` and each of `decisions` are (examples, domains)."""
    draws = metrics.resampling(len(truth), groups=groups, resamples=config.resamples, seed=config.seed)
    found = []
    for first, second in combinations(range(len(decisions)), 2):
        found.append(_pair(truth, decisions, first, second, draws, config.level))
    adjusted = holm([pair.macro_f1.p for pair in found])
    return tuple(
        Pair(
            pair.first,
            pair.second,
            PairedTest(pair.macro_f1.difference, pair.macro_f1.p, value),
            pair.domains,
            pair.only_first,
            pair.only_second,
        )
        for pair, value in zip(found, adjusted, strict=True)
    )


def _pair(
    truth: Mask,
    decisions: Sequence[Mask],
    first: int,
    second: int,
    draws: metrics.Resampling,
    level: float,
) -> Pair:
    one, two = decisions[first], decisions[second]
    columns: Mapping[str, Mask] = {
        "support": truth,
        "one": one,
        "two": two,
        "one right": truth & one,
        "two right": truth & two,
    }
    drawn = metrics.totals(draws, columns)
    resampled = (
        metrics.f1(drawn["one right"], drawn["support"], drawn["one"]),
        metrics.f1(drawn["two right"], drawn["support"], drawn["two"]),
    )
    points = metrics.score(truth, one), metrics.score(truth, two)
    view = View(truth, one.astype(np.float64), one, draws, level)
    gaps, differences = points[0].f1 - points[1].f1, resampled[0] - resampled[1]
    values = [two_sided(differences[:, d]) for d in range(truth.shape[1])]
    tests = [
        PairedTest(view.estimate(gaps[d], differences[:, d]), p, adjusted)
        for d, (p, adjusted) in enumerate(zip(values, holm(values), strict=True))
    ]
    whole = macro(resampled[0]) - macro(resampled[1])
    right = (one == truth).all(axis=1), (two == truth).all(axis=1)
    return Pair(
        first=first,
        second=second,
        macro_f1=PairedTest(
            view.estimate(points[0].macro.f1 - points[1].macro.f1, whole), two_sided(whole), None
        ),
        domains=tuple(tests),
        only_first=int((right[0] & ~right[1]).sum()),
        only_second=int((right[1] & ~right[0]).sum()),
    )
