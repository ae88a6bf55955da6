"""The main tables of a report: each domain, all domains together, calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from minsheng import metrics
from minsheng.config.schema import EvaluationConfig
from minsheng.evaluation import rules, sections
from minsheng.evaluation import values as v
from minsheng.evaluation.curves import precision_recall
from minsheng.evaluation.estimates import Averages, Bin, Name
from minsheng.evaluation.sections import View
from minsheng.metrics.bootstrap import macro, ratio
from minsheng.metrics.scores import Matrix, Vector

_RATES = ("precision", "recall", "f1")


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What the tables share: points on this data, counts and average precision in each resample."""

    view: View
    points: Mapping[str, Any]
    counts: Mapping[str, NDArray[np.float64]]
    average: Matrix  # (resamples, domains)
    thresholds: Vector | None  # (domains,)
    uncalibrated: Matrix | None


def measured(view: View, *, thresholds: ArrayLike | None, uncalibrated: Matrix | None, bins: int) -> Measured:
    """Everything computed once; `thresholds` is one number, one a domain, or None (single-label)."""
    cuts = None
    if thresholds is not None:
        cuts = np.broadcast_to(np.asarray(thresholds, dtype=np.float64), view.truth.shape[1:])
    points: Mapping[str, Any] = metrics.load_metric().compute(
        predictions=view.scores,
        references=view.truth,
        thresholds=None if cuts is None else cuts.tolist(),
        bins=bins,
    )
    average = metrics.average_precisions(view.draws, view.truth, view.scores)
    return Measured(view, points, sections.counted(view, view.given), average, cuts, uncalibrated)


def domains(
    m: Measured, keys: Sequence[str], names: Sequence[Name] | None, *, config: EvaluationConfig
) -> tuple[v.Domain, ...]:
    """One row a domain; without `names` the keys are shown."""
    counts, before = m.counts, None
    if m.uncalibrated is not None:
        before = metrics.calibration_error(m.view.truth, m.uncalibrated, bins=config.bins)
    resampled = {
        "precision": ratio(counts["correct"], counts["given"]),
        "recall": ratio(counts["correct"], counts["support"]),
        "f1": metrics.f1(counts["correct"], counts["support"], counts["given"]),
        "average_precision": m.average,
    }
    rows = []
    for d, key in enumerate(keys):
        truth, given = m.view.truth[:, d], m.view.given[:, d]
        rates = {name: m.view.estimate(m.points[name][d], draws[:, d]) for name, draws in resampled.items()}
        correct, support, tagged = int((truth & given).sum()), int(truth.sum()), int(given.sum())
        rows.append(
            v.Domain(
                name=key,
                label=Name(zh=key, en=key) if names is None else names[d],
                judgement=rules.judgement(
                    rates["precision"],
                    rates["recall"],
                    correct=correct,
                    given=tagged,
                    support=support,
                    config=config,
                ),
                support=support,
                correct=correct,
                false_alarms=tagged - correct,
                misses=support - correct,
                threshold=None if m.thresholds is None else float(m.thresholds[d]),
                **rates,
                calibration_error=m.points["calibration_error"][d],
                calibration_error_before=None if before is None else float(before[d]),
                reliability=_bins(m, m.view.scores, d, config.bins),
                reliability_before=None
                if m.uncalibrated is None
                else _bins(m, m.uncalibrated, d, config.bins),
                curve=precision_recall(truth, m.view.scores[:, d], most=config.curve),
            )
        )
    return tuple(rows)


def _bins(m: Measured, scores: Matrix, d: int, bins: int) -> tuple[Bin, ...]:
    table = metrics.reliability(m.view.truth[:, d], np.asarray(scores)[:, d], bins=bins)
    rows = zip(table.score.tolist(), table.frequency.tolist(), table.examples.tolist(), strict=True)
    return tuple(Bin(*row) for row in rows)


def calibration(m: Measured, rows: Sequence[v.Domain], *, bins: int) -> v.Calibration:
    """The mean over the domains."""
    before = [row.calibration_error_before for row in rows if row.calibration_error_before is not None]
    return v.Calibration(
        bins=bins,
        after=m.points["mean_calibration_error"],
        before=float(np.mean(before)) if before else None,
    )


def overall(m: Measured) -> v.Overall:
    """Micro and macro averages, and the scores of whole label sets."""
    view, points, counts, average = m.view, m.points, m.counts, m.average
    correct, support, given = counts["correct"], counts["support"], counts["given"]
    all_correct, all_support, all_given = (column.sum(axis=1) for column in (correct, support, given))
    micro = (
        ratio(all_correct, all_given),
        ratio(all_correct, all_support),
        metrics.f1(all_correct, all_support, all_given),
    )
    by_domain = (ratio(correct, given), ratio(correct, support), metrics.f1(correct, support, given))
    wrong = all_support + all_given - 2 * all_correct

    def averages(kind: str, draws: Sequence[Vector]) -> Averages:
        return Averages(
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
