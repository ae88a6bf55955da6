"""Scores against scikit-learn and brute force; the bootstrap against resampled examples; the local metric."""

from __future__ import annotations

import math
import socket
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as sk

from minsheng import metrics
from minsheng.errors import DataError
from minsheng.metrics import bootstrap


@st.composite
def tables(draw: st.DrawFn, examples: int = 12, domains: int = 4) -> tuple[Any, Any]:
    shape = (draw(st.integers(1, examples)), draw(st.integers(1, domains)))
    truth = draw(arrays(bool, shape))
    # Few distinct values, so that equal scores are common.
    scores = draw(arrays(np.float64, shape, elements=st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.7, 1.0])))
    return truth, scores


def brute_f1(truth: Any, predicted: Any) -> float:
    correct = sum(1 for t, p in zip(truth, predicted, strict=True) if t and p)
    wrong = sum(1 for t, p in zip(truth, predicted, strict=True) if t != p)
    return math.nan if correct + wrong == 0 else 2 * correct / (2 * correct + wrong)


@settings(max_examples=60)
@given(tables())
def test_scores_agree_with_brute_force(table: tuple[Any, Any]) -> None:
    truth, scores = table
    predicted = metrics.decide(scores, 0.5)
    found = metrics.score(truth, predicted, scores)
    by_domain = [brute_f1(truth[:, d], predicted[:, d]) for d in range(truth.shape[1])]
    np.testing.assert_allclose(found.f1, by_domain)
    defined = [value for value in by_domain if not math.isnan(value)]
    assert found.macro.f1 == pytest.approx(np.mean(defined) if defined else math.nan, nan_ok=True)
    assert found.micro.f1 == pytest.approx(brute_f1(truth.ravel(), predicted.ravel()), nan_ok=True)
    assert found.exact_match == np.mean([list(t) == list(p) for t, p in zip(truth, predicted, strict=True)])
    assert found.hamming_loss == pytest.approx(np.mean(truth != predicted))
    assert found.support.tolist() == truth.sum(axis=0).tolist()
    assert found.given.tolist() == predicted.sum(axis=0).tolist()


def test_macro_agrees_with_scikit_learn_and_leaves_undefined_scores_out() -> None:
    truth = np.array([[1, 0, 0], [1, 0, 1], [0, 0, 1]], dtype=bool)
    predicted = np.array([[1, 0, 0], [0, 0, 0], [0, 0, 0]], dtype=bool)
    found = metrics.score(truth, predicted)
    expected = sk.precision_recall_fscore_support(truth, predicted, average="macro", zero_division=np.nan)
    assert (found.macro.precision, found.macro.recall, found.macro.f1) == pytest.approx(expected[:3])
    assert np.isnan(found.f1[1]) and found.f1[2] == 0.0 and np.isnan(found.precision[2])
    assert found.average_precision is None and found.macro_average_precision is None


def test_single_label_gives_the_highest_score_once() -> None:
    given_labels = metrics.decide(np.array([[0.2, 0.2, 0.1], [0.1, 0.2, 0.7]]), None)
    assert given_labels.tolist() == [[True, False, False], [False, False, True]]


@pytest.mark.parametrize(
    ("truth", "scores", "message"),
    [
        (np.zeros((2, 3)), np.zeros((2, 2)), r"\(2, 3\)"),
        (np.zeros((2, 1)), np.array([[0.5], [1.5]]), "outside"),
        (np.zeros((2, 1)), np.array([[0.5], [np.nan]]), "outside"),
        (np.zeros((0, 3)), np.zeros((0, 3)), "nothing to score"),
    ],
)
def test_wrong_arrays_are_refused(truth: Any, scores: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        metrics.calibration_error(truth, scores, bins=3)


@given(tables(), st.integers(1, 8), st.randoms())
def test_calibration_error_does_not_depend_on_order(table: tuple[Any, Any], bins: int, random: Any) -> None:
    truth, scores = table
    order = list(range(len(truth)))
    random.shuffle(order)
    errors = metrics.calibration_error(truth, scores, bins=bins)
    np.testing.assert_allclose(errors, metrics.calibration_error(truth[order], scores[order], bins=bins))
    for domain in range(truth.shape[1]):
        bin_table = metrics.reliability(truth[:, domain], scores[:, domain], bins=bins)
        assert bin_table.examples.sum() == len(truth) and len(bin_table.examples) <= bins
        assert (np.diff(bin_table.score) > 0).all()


def test_calibration_error_by_hand() -> None:
    scores = np.array([[0.1], [0.2], [0.6], [0.8]])
    truth = np.array([[0], [1], [1], [1]], dtype=bool)
    # Bins {0.1, 0.2} and {0.6, 0.8}: |0.15 − 0.5| and |0.7 − 1|, half the examples each.
    assert metrics.calibration_error(truth, scores, bins=2)[0] == pytest.approx((0.35 + 0.3) / 2)
    assert metrics.calibration_error(truth, scores, bins=1)[0] == pytest.approx(abs(0.425 - 0.75))


def drawn_examples(draws: metrics.Resampling) -> list[list[int]]:
    """The examples of each resample, written out."""
    weights = np.concatenate(list(draws.weights()))
    members = [np.flatnonzero(draws.group == g) for g in range(draws.groups)]
    return [[i for g, times in enumerate(row) for i in list(members[g]) * int(times)] for row in weights]


@settings(max_examples=20, deadline=None)
@given(tables(), st.booleans())
def test_bootstrap_equals_scoring_the_resampled_examples(table: tuple[Any, Any], grouped: bool) -> None:
    truth, scores = table
    predicted = scores >= 0.5
    groups = [f"g{i // 3}" for i in range(len(truth))] if grouped else None
    draws = metrics.resampling(len(truth), groups=groups, resamples=4, seed=5)
    counts = metrics.totals(
        draws,
        {"correct": truth & predicted, "support": truth, "given": predicted, "ones": np.ones(len(truth))},
    )
    f1 = metrics.f1(counts["correct"], counts["support"], counts["given"])
    average = metrics.average_precisions(draws, truth, scores)
    paired = metrics.difference(draws, truth, predicted, ~predicted)
    for row, examples in enumerate(drawn_examples(draws)):
        expected = metrics.score(truth[examples], predicted[examples], scores[examples])
        assert counts["ones"][row] == len(examples)
        np.testing.assert_allclose(f1[row], expected.f1)
        np.testing.assert_allclose(average[row], expected.average_precision)
        other = metrics.score(truth[examples], ~predicted[examples])
        assert paired[row] == pytest.approx(expected.macro.f1 - other.macro.f1, nan_ok=True)


def test_groups_are_drawn_whole_and_blocks_do_not_repeat(monkeypatch: pytest.MonkeyPatch) -> None:
    draws = metrics.resampling(6, groups=["a", "a", "a", "b", "b", "c"], resamples=50, seed=1)
    weights = np.concatenate(list(draws.weights()))
    assert weights.shape == (50, 3) and (weights.sum(axis=1) == 3).all()
    monkeypatch.setattr(bootstrap, "_CELLS", 6)
    again = list(draws.weights())
    assert len(again) == 25 and len(np.unique(np.concatenate(again), axis=0)) > 5
    with pytest.raises(DataError, match="2 groups for 3"):
        metrics.resampling(3, groups=["a", "b"], resamples=1, seed=0)


def test_interval_has_its_level_and_grows_with_groups() -> None:
    """The known answer for a mean: about 1.96 standard errors; examples that are copies count once."""
    random = np.random.default_rng(0)
    values = random.normal(size=300)
    draws = metrics.resampling(300, resamples=2000, seed=0)
    sums = metrics.totals(draws, {"value": values, "ones": np.ones(300)})
    low, high = metrics.interval(sums["value"] / sums["ones"], level=0.95)
    assert high - low == pytest.approx(2 * 1.96 * values.std() / np.sqrt(300), rel=0.1)
    tripled = metrics.resampling(900, groups=[i // 3 for i in range(900)], resamples=2000, seed=0)
    sums = metrics.totals(tripled, {"value": np.repeat(values, 3), "ones": np.ones(900)})
    wide = metrics.interval(sums["value"] / sums["ones"], level=0.95)
    assert wide[1] - wide[0] == pytest.approx(high - low, rel=0.1)
    assert all(math.isnan(end) for end in metrics.interval(np.array([np.nan, np.nan]), level=0.95))


def test_bootstrap_is_fast() -> None:
    random = np.random.default_rng(0)
    truth = random.random((5000, 5)) < 0.1
    predicted = truth ^ (random.random((5000, 5)) < 0.02)
    draws = metrics.resampling(5000, resamples=1000, seed=0)
    start = time.process_time()
    values = metrics.difference(draws, truth, predicted, truth)
    assert values.shape == (1000,) and time.process_time() - start < 5  # about 0.3 s; slow machines pass


def test_the_local_metric_fetches_nothing_and_gives_the_same_scores(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a connection was opened")

    random = np.random.default_rng(3)
    truth = random.random((40, 3)) < 0.3
    scores = random.random((40, 3))
    thresholds = [0.4, 0.5, 0.6]
    monkeypatch.setattr(socket.socket, "connect", refuse)
    metric = metrics.load_metric()
    found = metric.compute(predictions=scores, references=truth, thresholds=thresholds, bins=5)
    expected = metrics.score(truth, scores >= np.array(thresholds), scores)
    assert found["macro_f1"] == expected.macro.f1 and found["exact_match"] == expected.exact_match
    assert expected.average_precision is not None
    assert found["average_precision"] == expected.average_precision.tolist()
    assert found["calibration_error"] == metrics.calibration_error(truth, scores, bins=5).tolist()
    for start in range(0, 40, 10):
        metric.add_batch(predictions=scores[start : start + 10], references=truth[start : start + 10])
    assert metric.compute()["micro_f1"] == metrics.score(truth, scores >= 0.5).micro.f1


def test_the_local_metric_loads_where_the_cache_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    import evaluate

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError("read-only file system")

    monkeypatch.setattr(evaluate, "load", refuse)
    found = metrics.load_metric().compute(predictions=[[0.9], [0.2]], references=[[True], [False]])
    assert found["macro_f1"] == 1.0
