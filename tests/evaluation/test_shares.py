from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minsheng.errors import ModelError
from minsheng.evaluation.estimates import Estimate
from minsheng.evaluation.shares import CELLS, UNDEFINED, adjusted_count, corrected_share

counts = st.integers(0, 60)


def share(given: int, passages: int, cells: tuple[int, int, int, int], **options: float) -> Estimate:
    settings = {"resamples": 400, "level": 0.95, "seed": 5} | options
    return corrected_share(given, passages, dict(zip(CELLS, cells, strict=True)), **settings)  # type: ignore[arg-type]


@settings(max_examples=200, deadline=None)
@given(st.tuples(counts, counts, counts, counts), st.integers(1, 80), st.data())
def test_the_value_is_the_share_that_explains_the_count_best(
    cells: tuple[int, int, int, int], passages: int, data: st.DataObject
) -> None:
    given_ = data.draw(st.integers(0, passages))
    found, missed, false, refused = cells
    result = share(given_, passages, cells, resamples=20)
    if not found + missed or not false + refused:
        assert result == UNDEFINED
        return
    hit, alarm = Fraction(found, found + missed), Fraction(false, false + refused)
    if hit <= alarm:
        assert result == UNDEFINED
        return
    # Brute force: of a fine grid of true shares, the one that would make the model count what it counted.
    grid = [Fraction(k, 2000) for k in range(2001)]
    best = min(grid, key=lambda true: abs(true * hit + (1 - true) * alarm - Fraction(given_, passages)))
    assert result.value is not None and result.low is not None and result.high is not None
    assert result.value == pytest.approx(float(best), abs=1 / 3000)
    assert 0 <= result.low <= result.value <= result.high <= 1


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_true_share_is_found_again(true: float, hit: float, alarm: float) -> None:
    found = adjusted_count(true * hit + (1 - true) * alarm, true_positive_rate=hit, false_positive_rate=alarm)
    if hit <= alarm:
        assert found is None
    elif hit - alarm > 1e-6:
        assert found == pytest.approx(true, abs=1e-8)


@pytest.mark.parametrize(
    ("validation", "positives", "hit", "alarm", "passages", "true"),
    [
        (211, 0.19, 0.80, 0.03, 1000, 0.16),
        (211, 0.19, 0.90, 0.01, 300, 0.05),
        (150, 0.25, 0.70, 0.05, 200, 0.4),
    ],
)
def test_the_interval_holds_the_true_share_as_often_as_it_says(
    validation: int, positives: float, hit: float, alarm: float, passages: int, true: float
) -> None:
    random, runs, held = np.random.default_rng(3), 400, 0
    raw_held = 0
    for run in range(runs):
        having = int(random.binomial(validation, positives))
        found, false = int(random.binomial(having, hit)), int(random.binomial(validation - having, alarm))
        there = int(random.binomial(passages, true))
        counted = int(random.binomial(there, hit) + random.binomial(passages - there, alarm))
        made = share(counted, passages, (found, having - found, false, validation - having - false), seed=run)
        assert made.low is not None and made.high is not None
        held += made.low <= true <= made.high
        raw_held += made.low <= counted / passages <= made.high
    assert 0.91 <= held / runs <= 0.99  # 95 % promised; 0.022 is two standard errors of 400 runs
    assert raw_held > 0


def test_counts_of_zero_leave_doubt() -> None:
    nothing = share(0, 44, (30, 0, 0, 180), resamples=4000)
    assert nothing.value == 0 and nothing.high is not None and 0.02 < nothing.high < 0.12
    everything = share(44, 44, (30, 0, 0, 180), resamples=4000)
    assert everything.value == 1 and everything.low is not None and 0.88 < everything.low < 0.98


def test_more_data_narrow_the_interval_and_a_seed_fixes_it() -> None:
    few, many = share(20, 100, (16, 4, 3, 97)), share(2000, 10000, (1600, 400, 300, 9700))
    assert few.value == many.value == pytest.approx((0.2 - 0.03) / 0.77)
    assert few.low is not None and few.high is not None and many.low is not None and many.high is not None
    assert few.high - few.low > 3 * (many.high - many.low)
    assert few == share(20, 100, (16, 4, 3, 97))
    assert few != share(20, 100, (16, 4, 3, 97), seed=6)


def test_undefined_and_damaged_counts() -> None:
    assert corrected_share(1, 9, None, resamples=9, level=0.9, seed=1) == UNDEFINED
    assert share(0, 0, (9, 1, 1, 9)) == UNDEFINED
    assert share(5, 9, (5, 5, 5, 5)) == UNDEFINED
    with pytest.raises(ModelError, match="false_positives is -1"):
        share(5, 9, (5, 5, -1, 5))
    with pytest.raises(ModelError, match="true_positives is None"):
        corrected_share(1, 9, {"false_positives": 1}, resamples=9, level=0.9, seed=1)
