"""Gold and scores → one `Evaluation`. Arrays in, plain values out; no model, no files.

The points come from the local `evaluate` module (scikit-learn computes), the intervals from one set of
resamples that all systems share.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from minsheng import metrics
from minsheng.config.schema import EvaluationConfig
from minsheng.errors import DataError
from minsheng.evaluation import sections
from minsheng.evaluation import values as v
from minsheng.evaluation.evidence import EvidenceCase, agreement
from minsheng.evaluation.sections import View
from minsheng.metrics.bootstrap import macro, ratio
from minsheng.metrics.scores import Mask, Matrix, Vector, checked

_RATES = ("precision", "recall", "f1")

Counts = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """The labelled set; every sequence has one entry an example.

    `slices` maps the name of a property (source, register, …) to its values, None where unknown; the length
    of the text is added to them. `groups` (document, issuer) are drawn whole by the bootstrap.
    """

    truth: Mask  # (examples, domains)
    domains: Sequence[str]
    texts: Sequence[str]
    ids: Sequence[str]
    groups: Sequence[Hashable] | None = None
    slices: Mapping[str, Sequence[str | None]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class System:
    """What the model said of the examples. `thresholds` None is the single-label rule."""

    scores: Matrix  # (examples, domains), calibrated
    thresholds: ArrayLike | None  # one number, or (domains,)
    uncalibrated: Matrix | None = None  # scores before the temperature
    accepted: Mask | None = None  # (examples,): decided `auto`; None: the model has no rule for that
    target: float | None = None  # precision of whole label sets that this rule was fitted for


def evaluate(
    examples: Examples,
    system: System,
    *,
    baselines: Mapping[str, ArrayLike],
    evidence: Sequence[EvidenceCase] = (),
    contrast: v.Contrast | None = None,
    about: Mapping[str, str] | None = None,
    config: EvaluationConfig,
) -> v.Evaluation:
    """The whole report.

    `baselines` holds, by name, scores or bare decisions (bool) `(examples, domains)`. Raises `DataError`
    where lengths or shapes do not fit or a score is no probability.
    """
    truth, scores = checked(examples.truth, system.scores, name="scores")
    _check_lengths(examples, system, truth.shape)
    draws = metrics.resampling(
        len(truth), groups=examples.groups, resamples=config.resamples, seed=config.seed
    )
    view = View(truth, scores, metrics.decide(scores, system.thresholds), draws, config.level)
    thresholds = system.thresholds
    if thresholds is not None:
        thresholds = np.asarray(thresholds, dtype=np.float64).tolist()
    points: Mapping[str, Any] = metrics.load_metric().compute(
        predictions=scores, references=truth, thresholds=thresholds, bins=config.bins
    )
    before = system.uncalibrated
    if before is not None:
        before = metrics.calibration_error(truth, before, bins=config.bins)
    accepted = None if system.accepted is None else np.asarray(system.accepted, dtype=bool)
    counts = sections.counted(view, view.given)
    average = metrics.average_precisions(draws, truth, scores)
    named = {"texts": examples.texts, "ids": examples.ids, "domains": examples.domains}
    return v.Evaluation(
        examples=len(truth),
        groups=None if examples.groups is None else draws.groups,
        without_label=int((~truth.any(axis=1)).sum()),
        domains=_domains(
            view, examples.domains, thresholds, points, counts, average, before, bins=config.bins
        ),
        overall=_overall(view, points, counts, average),
        calibration=v.Calibration(
            bins=config.bins,
            after=points["mean_calibration_error"],
            before=None if before is None else float(before.mean()),
        ),
        automatic=None if accepted is None else sections.automatic(view, accepted, target=system.target),
        evidence=agreement(evidence, domains=examples.domains),
        contrast=contrast,
        slices=_slices(view, examples, accepted, config),
        baselines=tuple(
            sections.rival(view, name, labels, single_label=thresholds is None)
            for name, labels in baselines.items()
        ),
        false_alarms=sections.mistakes(view, "false_alarm", **named, most=config.worst),
        misses=sections.mistakes(view, "miss", **named, most=config.worst),
        settings=v.Settings(config.seed, config.resamples, config.level),
        about=dict(about or {}),
    )


def _check_lengths(examples: Examples, system: System, shape: tuple[int, ...]) -> None:
    if len(examples.domains) != shape[1]:
        raise DataError(
            f"{len(examples.domains)} domains for {shape[1]} columns of truth: give one name a column"
        )
    columns: dict[str, Any] = {"texts": examples.texts, "ids": examples.ids, "groups": examples.groups}
    columns |= {f"slice {name!r}": column for name, column in examples.slices.items()}
    columns |= {"accepted": system.accepted, "uncalibrated": system.uncalibrated}
    for name, column in columns.items():
        if column is not None and len(column) != shape[0]:
            raise DataError(
                f"{name}: {len(column)} entries for {shape[0]} examples; give one entry an example"
            )


def _slices(
    view: View, examples: Examples, accepted: Mask | None, config: EvaluationConfig
) -> tuple[v.Slice, ...]:
    properties = {**examples.slices, "length": sections.by_length(examples.texts, config.lengths)}
    orders = {"length": sections.length_classes(config.lengths)}
    return sections.slices(view, properties, orders=orders, accepted=accepted)


def _domains(
    view: View,
    names: Sequence[str],
    thresholds: Any,
    points: Mapping[str, Any],
    counts: Counts,
    average: Matrix,
    before: Vector | None,
    *,
    bins: int,
) -> tuple[v.Domain, ...]:
    cuts = None if thresholds is None else np.broadcast_to(thresholds, (len(names),))
    resampled = {
        "precision": ratio(counts["correct"], counts["given"]),
        "recall": ratio(counts["correct"], counts["support"]),
        "f1": metrics.f1(counts["correct"], counts["support"], counts["given"]),
        "average_precision": average,
    }
    rows = []
    for d, name in enumerate(names):
        truth, given = view.truth[:, d], view.given[:, d]
        curve = metrics.reliability(truth, view.scores[:, d], bins=bins)
        points_of_curve = zip(
            curve.score.tolist(), curve.frequency.tolist(), curve.examples.tolist(), strict=True
        )
        rows.append(
            v.Domain(
                name=name,
                support=int(truth.sum()),
                correct=int((truth & given).sum()),
                false_alarms=int((~truth & given).sum()),
                misses=int((truth & ~given).sum()),
                threshold=None if cuts is None else float(cuts[d]),
                **{key: view.estimate(points[key][d], draws[:, d]) for key, draws in resampled.items()},
                calibration_error=points["calibration_error"][d],
                calibration_error_before=None if before is None else float(before[d]),
                reliability=tuple(v.Bin(*point) for point in points_of_curve),
            )
        )
    return tuple(rows)


def _overall(view: View, points: Mapping[str, Any], counts: Counts, average: Matrix) -> v.Overall:
    correct, support, given = counts["correct"], counts["support"], counts["given"]
    all_correct, all_support, all_given = (column.sum(axis=1) for column in (correct, support, given))
    micro = (
        ratio(all_correct, all_given),
        ratio(all_correct, all_support),
        metrics.f1(all_correct, all_support, all_given),
    )
    by_domain = (ratio(correct, given), ratio(correct, support), metrics.f1(correct, support, given))
    wrong = all_support + all_given - 2 * all_correct

    def averages(kind: str, draws: Sequence[Vector]) -> v.Averages:
        return v.Averages(
            *(
                view.estimate(points[f"{kind}_{rate}"], values)
                for rate, values in zip(_RATES, draws, strict=True)
            )
        )

    return v.Overall(
        micro=averages("micro", micro),
        macro=averages("macro", [macro(values) for values in by_domain]),
        macro_average_precision=view.estimate(points["macro_average_precision"], macro(average)),
        exact_match=view.estimate(points["exact_match"], counts["exact"] / counts["examples"]),
        hamming_loss=view.estimate(
            points["hamming_loss"], wrong / (counts["examples"] * view.truth.shape[1])
        ),
    )
