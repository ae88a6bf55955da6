"""Temperature, thresholds and the bound for `auto`, fitted on data that the model did not train on.

Shapes: `logits`, `scores` and `truth` are `(examples, domains)`. In a single-label problem one column of
`truth` is true in each row, scores are a softmax, and `thresholds` is None: the highest score wins.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from pydantic import ConfigDict, TypeAdapter, ValidationError

from minsheng.config.schema import CalibrationConfig
from minsheng.errors import DataError, ModelError
from minsheng.metrics.scores import Mask, Matrix, Vector, checked, decide

COLDEST, HOTTEST = 0.1, 10.0  # a temperature outside would mean a broken model, or separable validation data


@dataclass(frozen=True, slots=True)
class AbstentionRule:
    """Accept a whole label set where its confidence (`set_confidence`) reaches `bound`.

    `bound` is None where the fitting data could not show the precision for any bound: accept nothing.
    """

    bound: float | None
    precision: float  # aimed at, of whole label sets among those accepted
    confidence: float  # level of the test that it is reached
    examples: int  # fitted on
    accepted: int  # of them
    right: int  # of those accepted

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)

    def accept(self, scores: Matrix, thresholds: ArrayLike | None) -> Mask:
        """Which examples need no review, `(examples,)`."""
        if self.bound is None:
            return np.zeros(len(scores), dtype=bool)
        return np.asarray(set_confidence(scores, thresholds) >= self.bound, dtype=bool)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Everything fitted after training; `thresholds` in the order of `domains`, None if single-label."""

    domains: tuple[str, ...]
    temperature: float
    thresholds: tuple[float, ...] | None
    abstention: AbstentionRule

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)

    def scores(self, logits: Matrix) -> Matrix:
        """Calibrated probabilities of raw logits (from a head into which no temperature was folded)."""
        return probabilities(logits / self.temperature, single_label=self.thresholds is None)

    def decide(self, scores: Matrix) -> Mask:
        """Labels given, `(examples, domains)`."""
        return decide(scores, self.thresholds)

    def accept(self, scores: Matrix) -> Mask:
        """Which examples need no review, `(examples,)`."""
        return self.abstention.accept(scores, self.thresholds)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; `calibration_from` reads them back exactly."""
        values: dict[str, Any] = TypeAdapter(Calibration).dump_python(self, mode="json")
        return values


def calibration_from(values: dict[str, Any], *, where: str) -> Calibration:
    """Reads what `Calibration.to_dict` gave. Raises `ModelError` that names `where` and the key."""
    try:
        found = TypeAdapter(Calibration).validate_json(json.dumps(values))  # strict, with lists for tuples
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ModelError(f"{where}: calibration: {key}: {first['msg']}; save the model again") from error
    if found.thresholds is not None and len(found.thresholds) != len(found.domains):
        raise ModelError(
            f"{where}: calibration: {len(found.thresholds)} thresholds for {len(found.domains)} domains"
        )
    return found


def fit_calibration(
    logits: Matrix, truth: Mask, *, domains: Sequence[str], single_label: bool, config: CalibrationConfig
) -> Calibration:
    """Temperature, then thresholds, then the bound, each on the scores that the one before gives."""
    temperature = fit_temperature(logits, truth, single_label=single_label)
    scores = probabilities(logits / temperature, single_label=single_label)
    thresholds = None if single_label else fit_thresholds(scores, truth, prior=config.prior)
    rule = fit_abstention(scores, thresholds, truth, precision=config.precision, confidence=config.confidence)
    values = None if thresholds is None else tuple(float(value) for value in thresholds)
    return Calibration(tuple(domains), temperature, values, rule)


def probabilities(logits: Matrix, *, single_label: bool) -> Matrix:
    """Sigmoid a domain, or softmax over the domains."""
    if single_label:
        raised = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(raised / raised.sum(axis=1, keepdims=True))
    return np.asarray(np.exp(-np.logaddexp(0.0, -logits)))


def fit_temperature(logits: ArrayLike, truth: ArrayLike, *, single_label: bool = False) -> float:
    """The one temperature that minimises the mean binary (single-label: softmax) cross-entropy of
    `logits / temperature` (Guo et al. 2017), between `COLDEST` and `HOTTEST`.

    The loss is convex in 1/temperature, so the root of its slope is found by bisection. Where `truth` is
    all true or all false (or there is no example) nothing can be learnt and the answer is 1.
    """
    values, gold = np.asarray(logits, dtype=np.float64), np.asarray(truth, dtype=bool)
    if values.shape != gold.shape or values.ndim != 2 or not np.isfinite(values).all():
        raise DataError(f"logits {values.shape} must be finite and of the shape of truth {gold.shape}")
    if gold.all() or not gold.any() or not values.any():
        return 1.0
    low, high = math.log(1 / HOTTEST), math.log(1 / COLDEST)  # of the inverse temperature
    for _ in range(60):
        middle = (low + high) / 2
        guess = probabilities(values * math.exp(middle), single_label=single_label)
        slope = (values * (guess - gold)).sum()
        low, high = (low, middle) if slope > 0 else (middle, high)
    return math.exp(-(low + high) / 2)


def fit_thresholds(scores: ArrayLike, truth: ArrayLike, *, prior: float) -> Vector:
    """A threshold for each domain, `(domains,)`, for the best F1 on new data.

    The threshold with the best F1 on few examples is mostly luck (on 400 paragraphs it does worse than 0.5),
    so it is drawn towards the threshold that would be best if the scores were true probabilities: half of
    the best expected F1 (Lipton, Elkan & Naryanaswamy 2014). With `support` examples of the domain the data
    have the weight `support / (support + prior)`. A domain without an example keeps 0.5.
    """
    gold, values = checked(truth, scores, name="scores")
    thresholds = np.full(values.shape[1], 0.5)
    for domain in range(values.shape[1]):
        support = int(gold[:, domain].sum())
        if support:
            weight = support / (support + prior)
            best = best_threshold(values[:, domain], gold[:, domain])
            thresholds[domain] = weight * best + (1 - weight) * _expected_threshold(values[:, domain])
    return thresholds


def best_threshold(scores: Vector, truth: Mask) -> float:
    """The threshold with the highest F1 on these examples `(examples,)`: halfway between neighbouring scores
    (or the lowest score and 0), and of equally good ones the nearest to 0.5."""
    order = np.argsort(-scores, kind="stable")
    ordered, correct = scores[order], np.cumsum(truth[order])
    below = np.append(ordered[1:], 0.0)
    f1 = 2 * correct / (np.arange(1, len(ordered) + 1) + truth.sum())
    # A cut between equal scores does not exist.
    f1 = np.where((ordered > below) | (np.arange(len(ordered)) == len(ordered) - 1), f1, -1.0)
    halfway = (ordered + below) / 2
    cuts = np.where(halfway > below, halfway, ordered)[f1 >= f1.max() - 1e-12]  # neighbours in floating point
    return float(cuts[np.argmin(np.abs(cuts - 0.5))])


def _expected_threshold(scores: Vector) -> float:
    """Half of the best expected F1 if each score is the probability of its label."""
    ordered = np.sort(scores)[::-1]
    expected = 2 * np.cumsum(ordered) / (np.arange(1, len(ordered) + 1) + ordered.sum())
    return float(expected.max() / 2)


def set_confidence(scores: Matrix, thresholds: ArrayLike | None) -> Vector:
    """Estimated probability that the whole label set is right, `(examples,)`: the product over domains of the
    probability of what was decided there; single-label: that of the label given."""
    decided = decide(scores, thresholds)
    if thresholds is None:
        return np.asarray(scores.max(axis=1))
    return np.asarray(np.where(decided, scores, 1 - scores).prod(axis=1))


def fit_abstention(
    scores: Matrix, thresholds: ArrayLike | None, truth: Mask, *, precision: float, confidence: float
) -> AbstentionRule:
    """The lowest bound at which the data show that label sets above it are right with `precision`.

    Shown means: were the precision only `precision`, so few wrong sets among so many would have a probability
    of at most `1 - confidence` (exact binomial test, Clopper & Pearson 1934; choosing a prediction rule by a
    test of its risk: Geifman & El-Yaniv 2017, Angelopoulos et al. 2021). It takes 59 accepted sets without
    an error to show 95 % at a confidence of 95 %. All bounds are tried without a correction for their number,
    since their tests share most examples: in simulation the precision is missed up to three times as often
    as `1 - confidence` says, and then by about a point. Examples count as independent.
    """
    gold, values = checked(truth, scores, name="scores")
    right = (decide(values, thresholds) == gold).all(axis=1)
    certainty = set_confidence(values, thresholds)
    order = np.argsort(-certainty, kind="stable")
    ordered, wrong = certainty[order], np.cumsum(~right[order])
    allowed = _allowed_errors(len(ordered), rate=1 - precision, level=1 - confidence)
    below = np.append(ordered[1:], -1.0)
    shown = np.flatnonzero((wrong <= allowed) & (ordered > below))
    if not shown.size:
        return AbstentionRule(None, precision, confidence, len(ordered), 0, 0)
    last = int(shown[-1])
    halfway = (ordered[last] + max(below[last], 0.0)) / 2
    # Between two examples, so that rounding cannot move either across; never so low that it accepts the next.
    bound = halfway if halfway > below[last] else ordered[last]
    return AbstentionRule(
        float(bound), precision, confidence, len(ordered), last + 1, last + 1 - int(wrong[last])
    )


def _allowed_errors(most: int, *, rate: float, level: float) -> np.ndarray[Any, np.dtype[np.int64]]:
    """For 1 … `most` trials, the most errors k with P(errors <= k) <= `level` at the error rate; -1: none."""
    logs = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, most + 1)))))
    allowed = np.full(most, -1, dtype=np.int64)
    errors = -1
    for trials in range(1, most + 1):
        # With each trial the number allowed stays or grows by one.
        k = np.arange(errors + 2)
        k = k[k <= trials]
        terms = (
            logs[trials] - logs[k] - logs[trials - k] + k * math.log(rate) + (trials - k) * math.log1p(-rate)
        )
        if len(k) == errors + 2 and np.exp(terms).sum() <= level:
            errors += 1
        allowed[trials - 1] = errors
    return allowed
