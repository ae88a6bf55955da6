"""Pure scores on arrays: multi-label scores, calibration error, bootstrap; the local `evaluate` module."""

from __future__ import annotations

from minsheng.metrics.bootstrap import (
    Resampling,
    average_precisions,
    difference,
    f1,
    interval,
    resampling,
    totals,
)
from minsheng.metrics.module import load_metric, metric_path
from minsheng.metrics.scores import (
    Mask,
    Matrix,
    Rates,
    Reliability,
    Scores,
    Vector,
    calibration_error,
    decide,
    reliability,
    score,
)

__all__ = [
    "Mask",
    "Matrix",
    "Rates",
    "Reliability",
    "Resampling",
    "Scores",
    "Vector",
    "average_precisions",
    "calibration_error",
    "decide",
    "difference",
    "f1",
    "interval",
    "load_metric",
    "metric_path",
    "reliability",
    "resampling",
    "score",
    "totals",
]
