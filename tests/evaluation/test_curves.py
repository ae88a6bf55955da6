from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from minsheng.evaluation.curves import precision_recall

CASES = st.lists(st.tuples(st.booleans(), st.integers(0, 9)), min_size=1, max_size=40)


@given(CASES)
def test_each_point_is_what_its_threshold_gives(cells: list[tuple[bool, int]]) -> None:
    truth, scores = np.array([c[0] for c in cells]), np.array([c[1] / 10 for c in cells])
    curve = precision_recall(truth, scores, most=1000)
    assert bool(curve) == bool(truth.any())
    for point in curve:
        given_ = scores >= point.threshold
        assert point.precision == pytest.approx(truth[given_].mean())
        assert point.recall == pytest.approx(given_[truth].mean())
    # A point for each score at which an example stands, the last of full recall.
    assert [p.threshold for p in curve] == sorted({*scores[truth].tolist()}, reverse=True)
    assert not curve or curve[-1].recall == 1.0


@given(CASES)
def test_the_steps_hold_the_average_precision(cells: list[tuple[bool, int]]) -> None:
    truth, scores = np.array([c[0] for c in cells]), np.array([c[1] / 10 for c in cells])
    if not truth.any():
        return
    curve = precision_recall(truth, scores, most=1000)
    recalls = [0.0, *(point.recall for point in curve)]
    area = sum((b - a) * p.precision for a, b, p in zip(recalls, recalls[1:], curve, strict=False))
    assert area == pytest.approx(average_precision_score(truth, scores))


@pytest.mark.parametrize("most", [2, 7, 200])
def test_a_long_curve_is_thinned_and_keeps_its_ends(most: int) -> None:
    random = np.random.default_rng(0)
    truth, scores = random.random(3000) < 0.4, random.random(3000)
    whole, thin = (precision_recall(truth, scores, most=n) for n in (10**6, most))
    assert len(whole) == truth.sum() and len(thin) == most
    assert set(thin) <= set(whole) and (thin[0], thin[-1]) == (whole[0], whole[-1])
