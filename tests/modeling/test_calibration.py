"""Temperature, thresholds and the bound for `auto` against brute force and known answers."""

from __future__ import annotations

import itertools
import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from minsheng.config.schema import CalibrationConfig
from minsheng.errors import DataError, ModelError
from minsheng.modeling import calibration as cal

LEVELS = st.sampled_from([0.0, 0.1, 0.2, 0.4, 0.5, 0.8, 1.0])


def loss(logits: Any, truth: Any, temperature: float, *, single_label: bool) -> float:
    guess = cal.probabilities(logits / temperature, single_label=single_label).clip(1e-300, 1)
    if single_label:
        return float(-np.log(guess[truth]).mean())
    signed = np.where(truth, logits, -logits) / temperature
    return float(np.logaddexp(0.0, -signed).mean())


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_temperature_minimises_the_loss(seed: int, single_label: bool) -> None:
    random = np.random.default_rng(seed)
    logits = random.normal(size=(25, 3)) * random.uniform(0.2, 8)
    truth = random.random((25, 3)) < cal.probabilities(logits / 2, single_label=False)
    if single_label:
        truth = np.arange(3) == random.integers(0, 3, 25)[:, None]
    found = cal.fit_temperature(logits, truth, single_label=single_label)
    best = min(loss(logits, truth, t, single_label=single_label) for t in np.geomspace(0.1, 10, 300))
    assert cal.COLDEST * 0.999 <= found <= cal.HOTTEST * 1.001
    assert loss(logits, truth, found, single_label=single_label) <= best + 1e-9


def test_temperature_finds_the_scale_of_logits_that_were_true_probabilities() -> None:
    random = np.random.default_rng(0)
    logits = random.normal(size=(20_000, 2)) * 2
    truth = random.random(logits.shape) < cal.probabilities(logits, single_label=False)
    assert cal.fit_temperature(logits * 3, truth) == pytest.approx(3, rel=0.05)


@pytest.mark.parametrize(("logits", "truth"), [([[2.0]], [[True]]), ([[0.0], [0.0]], [[True], [False]])])
def test_temperature_is_one_where_nothing_can_be_learnt(logits: Any, truth: Any) -> None:
    assert cal.fit_temperature(logits, truth) == 1.0


def test_temperature_refuses_a_broken_model() -> None:
    with pytest.raises(DataError, match="finite"):
        cal.fit_temperature([[math.nan], [1.0]], [[True], [False]])


def f1(truth: Any, given_labels: Any) -> float:
    return float(2 * (truth & given_labels).sum() / (truth.sum() + given_labels.sum()))


@given(
    st.integers(1, 12).flatmap(lambda n: st.tuples(arrays(np.float64, n, elements=LEVELS), arrays(bool, n)))
)
def test_best_threshold_has_the_best_f1(table: tuple[Any, Any]) -> None:
    scores, truth = table
    truth[0] = True
    found = cal.best_threshold(scores, truth)
    best = max(f1(truth, scores >= cut) for cut in scores)
    assert f1(truth, scores >= found) == pytest.approx(best)


def test_best_threshold_separates_neighbours_in_floating_point() -> None:
    low = 0.5
    high = math.nextafter(low, 1.0)
    assert low < cal.best_threshold(np.array([low, high]), np.array([False, True])) <= high


def test_few_examples_move_a_threshold_little() -> None:
    scores = np.array([[0.9], [0.8], [0.1]])
    truth = np.array([[True], [False], [False]])
    free = cal.fit_thresholds(scores, truth, prior=0.0)[0]
    # Best expected F1 of 0.9, 0.8, 0.1: two labels, 2 × 1.7 / (2 + 1.8).
    anchor = 1.7 / 3.8
    assert free == pytest.approx(0.85)
    assert cal.fit_thresholds(scores, truth, prior=3.0)[0] == pytest.approx(0.25 * free + 0.75 * anchor)
    assert cal.fit_thresholds(scores, np.zeros((3, 1), dtype=bool), prior=3.0)[0] == 0.5


def test_fitted_thresholds_beat_one_half_where_half_is_wrong() -> None:
    random = np.random.default_rng(2)
    scores = random.beta(0.6, 4, size=(6000, 1))
    truth = random.random(scores.shape) < scores
    found = cal.fit_thresholds(scores[:500], truth[:500], prior=100)
    new = scores[500:], truth[500:]
    assert f1(new[1], new[0] >= found) > f1(new[1], new[0] >= 0.5) + 0.02


def test_set_confidence_is_the_probability_of_the_set() -> None:
    scores = np.array([[0.9, 0.3, 0.4]])
    total = 0.0
    for labels in itertools.product([False, True], repeat=3):
        cuts = np.where(labels, 0.0, 1.1)  # thresholds that make exactly this decision
        total += cal.set_confidence(scores, cuts)[0]
    assert total == pytest.approx(1)
    assert cal.set_confidence(scores, 0.35)[0] == pytest.approx(0.9 * 0.7 * 0.4)
    assert cal.set_confidence(scores, None)[0] == 0.9


@pytest.mark.parametrize(("rate", "level"), [(0.05, 0.05), (0.1, 0.2), (0.3, 0.01)])
def test_allowed_errors_is_the_exact_binomial_test(rate: float, level: float) -> None:
    allowed = cal._allowed_errors(300, rate=rate, level=level)
    for trials, errors in enumerate(allowed, start=1):
        assert errors == -1 or stats.binom.cdf(errors, trials, rate) <= level
        assert errors == trials or stats.binom.cdf(errors + 1, trials, rate) > level
    assert allowed.max() > 0


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.6, 0.8, 0.9]))
def test_bound_is_the_lowest_that_passes_the_test(seed: int, precision: float) -> None:
    random = np.random.default_rng(seed)
    scores = random.choice([0.02, 0.1, 0.3, 0.7, 0.95, 0.99], size=(60, 2))
    truth = random.random((60, 2)) < scores
    rule = cal.fit_abstention(scores, 0.5, truth, precision=precision, confidence=0.8)
    sure = cal.set_confidence(scores, 0.5)
    right = ((scores >= 0.5) == truth).all(axis=1)

    def passes(bound: float) -> bool:
        kept = sure >= bound
        return bool(stats.binom.cdf((kept & ~right).sum(), kept.sum(), 1 - precision) <= 0.2)

    passing = [bound for bound in np.unique(sure) if passes(bound)]
    accepted = rule.accept(scores, 0.5)
    assert (rule.bound is None) == (not passing)
    expected = sure >= min(passing) if passing else np.zeros(60, dtype=bool)
    assert accepted.tolist() == expected.tolist()
    assert (rule.examples, rule.accepted, rule.right) == (60, expected.sum(), (expected & right).sum())


def test_accepted_sets_are_as_precise_as_promised_on_new_data() -> None:
    """On new data the precision is rarely missed, and then by little (the docstring's claim)."""
    random = np.random.default_rng(4)

    def draw(examples: int) -> tuple[Any, Any]:
        logits = np.where(random.random((examples, 3)) < 0.2, 4.0, -5.0) + 3 * random.normal(
            size=(examples, 3)
        )
        scores = cal.probabilities(logits, single_label=False)
        return scores, random.random(scores.shape) < scores

    new, _ = draw(50_000)
    sure = cal.set_confidence(new, 0.5)  # the true probability here
    reached = []
    for _ in range(60):
        rule = cal.fit_abstention(*_with_half(*draw(500)), precision=0.95, confidence=0.95)
        accepted = rule.accept(new, 0.5)
        reached.append(sure[accepted].mean() if accepted.any() else math.nan)
    kept = np.array(reached)[~np.isnan(reached)]
    assert len(kept) > 30
    assert (kept < 0.95).mean() <= 0.2 and (kept < 0.935).mean() <= 0.05


def _with_half(scores: Any, truth: Any) -> tuple[Any, float, Any]:
    return scores, 0.5, truth


def test_too_little_data_accepts_nothing() -> None:
    scores, truth = np.full((58, 1), 0.99), np.ones((58, 1), dtype=bool)
    rule = cal.fit_abstention(scores, 0.5, truth, precision=0.95, confidence=0.95)
    assert rule.bound is None and not rule.accept(scores, 0.5).any()
    more = cal.fit_abstention(np.full((59, 1), 0.99), 0.5, np.ones((59, 1)), precision=0.95, confidence=0.95)
    assert more.bound is not None and more.accept(scores, 0.5).all()


@pytest.mark.parametrize("single_label", [False, True])
def test_calibration_round_trips_exactly(single_label: bool) -> None:
    random = np.random.default_rng(1)
    logits = random.normal(size=(200, 3)) * 20
    truth = random.random(logits.shape) < cal.probabilities(logits, single_label=False)
    if single_label:
        truth = np.arange(3) == logits.argmax(axis=1)[:, None]
    fitted = cal.fit_calibration(
        logits, truth, domains=["a", "b", "c"], single_label=single_label, config=CalibrationConfig()
    )
    again = cal.calibration_from(json.loads(json.dumps(fitted.to_dict())), where="minsheng.json")
    assert again == fitted
    scores = again.scores(logits)
    assert again.decide(scores).shape == (200, 3) and again.accept(scores).any()
    if single_label:
        assert again.thresholds is None and (again.decide(scores).sum(axis=1) == 1).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"temperature": "hot"}, "minsheng.json: calibration: temperature"),
        ({"heat": 1.0}, "heat"),
        ({"thresholds": [0.5]}, "1 thresholds for 2 domains"),
    ],
)
def test_a_damaged_calibration_names_the_key(change: dict[str, Any], message: str) -> None:
    rule = cal.AbstentionRule(0.9, 0.95, 0.95, 100, 60, 60)
    values = cal.Calibration(("a", "b"), 1.0, (0.4, 0.5), rule).to_dict() | change
    with pytest.raises(ModelError, match=message):
        cal.calibration_from(values, where="minsheng.json")
