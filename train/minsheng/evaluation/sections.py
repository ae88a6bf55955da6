"""The sections of a report beside the main tables: review, slices, baselines."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from minsheng import metrics
from minsheng.evaluation import values as v
from minsheng.evaluation.estimates import Estimate
from minsheng.metrics.bootstrap import macro, ratio
from minsheng.metrics.scores import Mask, Matrix, Scores, Vector, checked

_VALUES = 12  # rows of one property; the rarer values are taken together


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Truth, scores, decisions and resamples, checked: what each section is computed from."""

    truth: Mask  # (examples, domains)
    scores: Matrix
    given: Mask
    draws: metrics.Resampling
    level: float

    def estimate(self, value: float, resampled: Vector) -> Estimate:
        """The value with the percentile interval of its resampled values."""
        low, high = metrics.interval(resampled, level=self.level)
        return Estimate(_plain(value), _plain(low), _plain(high))


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def counted(view: View, given: Mask) -> dict[str, NDArray[np.float64]]:
    """Counts in each resample for decisions `given`: `correct`, `support` and `given` `(resamples, domains)`,
    `exact` and `examples` `(resamples,)`."""
    exact = (view.truth == given).all(axis=1)
    columns: dict[str, ArrayLike] = {"correct": view.truth & given, "support": view.truth, "given": given}
    return metrics.totals(view.draws, {**columns, "exact": exact, "examples": np.ones(len(exact))})


def _summary(view: View, given: Mask, points: Scores) -> dict[str, Estimate]:
    """Macro-F1, micro-F1 and exact match of decisions `given`."""
    counts = counted(view, given)
    table = (counts["correct"], counts["support"], counts["given"])
    return {
        "macro_f1": view.estimate(points.macro.f1, macro(metrics.f1(*table))),
        "micro_f1": view.estimate(points.micro.f1, metrics.f1(*(column.sum(axis=1) for column in table))),
        "exact_match": view.estimate(points.exact_match, counts["exact"] / counts["examples"]),
    }


def automatic(view: View, accepted: Mask, *, target: float | None) -> v.Automatic:
    """What remains right and what is lost if only `accepted` paragraphs `(examples,)` are taken."""
    exact, hits = (view.truth == view.given).all(axis=1), (view.truth & view.given).sum(axis=1)
    columns: dict[str, NDArray[Any]] = {
        "accepted": accepted,
        "exact": accepted & exact,
        "given": np.where(accepted, view.given.sum(axis=1), 0),
        "correct": np.where(accepted, hits, 0),
        "lost": np.where(accepted, 0, hits),
        "examples": np.ones(len(accepted)),
        "labels": view.truth.sum(axis=1),
    }
    drawn = metrics.totals(view.draws, columns)

    def share(part: str, of: str) -> Estimate:
        point = ratio(columns[part].sum(), columns[of].sum())
        return view.estimate(float(point), ratio(drawn[part], drawn[of]))

    return v.Automatic(
        target=target,
        accepted=int(accepted.sum()),
        share=share("accepted", "examples"),
        set_precision=share("exact", "accepted"),
        label_precision=share("correct", "given"),
        recall=share("correct", "labels"),
        recall_lost=share("lost", "labels"),
    )


def slices(
    view: View,
    properties: Mapping[str, Sequence[str | None]],
    *,
    orders: Mapping[str, Sequence[str]],
    accepted: Mask | None,
) -> tuple[v.Slice, ...]:
    """The scores within each value of each property: in the order given in `orders`, else the most frequent
    value first, with the rarest values of a long list taken together; the unknown last."""
    rows = []
    for name, column in properties.items():
        counts = Counter(value for value in column if value is not None)
        ranked = [value for value, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
        rest: list[str] = []
        if name in orders:
            ranked = [value for value in orders[name] if value in counts]
        elif len(ranked) > _VALUES:
            ranked, rest = ranked[: _VALUES - 1], ranked[_VALUES - 1 :]
        shown: dict[str | None, tuple[str | None, int]] = {value: (value, 0) for value in ranked}
        shown |= {value: ("", len(rest)) for value in rest} | {None: (None, 0)}
        cells = [shown[value] for value in column]
        for key in dict.fromkeys(shown.values()):
            places = np.flatnonzero([cell == key for cell in cells])
            if len(places):
                rows.append(_slice(view, name, key, places, accepted))
    return tuple(rows)


def _slice(
    view: View, name: str, key: tuple[str | None, int], rows: NDArray[np.int64], accepted: Mask | None
) -> v.Slice:
    draws = metrics.resampling(
        len(rows),
        groups=view.draws.group[rows].tolist(),
        resamples=view.draws.resamples,
        seed=view.draws.seed,
    )
    part = View(view.truth[rows], view.scores[rows], view.given[rows], draws, view.level)
    return v.Slice(
        name=name,
        value=key[0],
        others=key[1],
        examples=len(rows),
        labels=int(part.truth.sum()),
        accepted=None if accepted is None else float(accepted[rows].mean()),
        **_summary(part, part.given, metrics.score(part.truth, part.given)),
    )


def length_classes(edges: Sequence[int]) -> list[str]:
    """Names of the length classes in characters; `edges` are their upper ends, rising."""
    names = [f"{low + 1}–{high}" for low, high in zip([0, *edges], edges, strict=False)]
    return [*names, f"> {edges[-1] if edges else 0}"]


def by_length(texts: Sequence[str], edges: Sequence[int]) -> list[str]:
    """The length class of each text."""
    places = np.searchsorted(np.array(edges, dtype=np.int64), [len(text) for text in texts], side="left")
    names = length_classes(edges)
    return [names[place] for place in places]


def rival_decisions(truth: Mask, name: str, labels: ArrayLike, *, single_label: bool) -> Mask:
    """The decisions of a baseline; `labels` are they (bool) or its scores `(examples, domains)`."""
    _, scores = checked(truth, labels, name=f"baseline {name!r}")
    bare = np.asarray(labels).dtype == np.bool_
    return metrics.decide(scores, None if single_label and not bare else 0.5)


def rival(view: View, name: str, labels: ArrayLike, given: Mask) -> v.Rival:
    """A baseline beside the model; `labels` are its decisions (bool) or its scores, `given` its decisions."""
    bare = np.asarray(labels).dtype == np.bool_
    points = metrics.score(view.truth, given, None if bare else labels)
    ahead = metrics.difference(view.draws, view.truth, view.given, given)
    gap = metrics.score(view.truth, view.given).macro.f1 - points.macro.f1
    return v.Rival(
        name=name,
        f1=tuple(_plain(value) for value in points.f1),
        macro_average_precision=(
            None if points.macro_average_precision is None else _plain(points.macro_average_precision)
        ),
        difference=view.estimate(gap, ahead),
        ahead=float((ahead > 0).mean()),
        **_summary(view, given, points),
    )
