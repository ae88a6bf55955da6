from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minsheng import metrics
from minsheng.config.schema import EvaluationConfig
from minsheng.errors import DataError
from minsheng.evaluation.comparison import Comparison, better, compare, holm, two_sided

CONFIG = EvaluationConfig(resamples=200, seed=3)
RANDOM = np.random.default_rng(7)
TRUTH = RANDOM.random((80, 3)) < 0.4
GROUPS = [f"g{n // 4}" for n in range(80)]
GOOD = TRUTH ^ (RANDOM.random(TRUTH.shape) < 0.05)
ALIKE = TRUTH ^ (RANDOM.random(TRUTH.shape) < 0.06)
BAD = TRUTH ^ (RANDOM.random(TRUTH.shape) < 0.4)


def f1(truth: np.ndarray, given_: np.ndarray) -> np.ndarray:
    return 2 * (truth & given_).sum(axis=0) / (truth.sum(axis=0) + given_.sum(axis=0))


def test_differences_against_a_bootstrap_by_hand() -> None:
    (pair,) = compare(TRUTH, [GOOD, BAD], groups=GROUPS, config=CONFIG)
    draws = metrics.resampling(80, groups=GROUPS, resamples=200, seed=3)
    gaps = []
    for weights in np.concatenate(list(draws.weights())):
        rows = np.repeat(np.arange(80), weights[draws.group].astype(int))
        gaps.append(f1(TRUTH[rows], GOOD[rows]) - f1(TRUTH[rows], BAD[rows]))
    resampled = np.array(gaps)
    for d, test in enumerate(pair.domains):
        assert test.difference.value == pytest.approx((f1(TRUTH, GOOD) - f1(TRUTH, BAD))[d])
        assert test.difference.low == pytest.approx(np.quantile(resampled[:, d], 0.025))
        assert test.p == pytest.approx(min(1, 2 * ((resampled[:, d] <= 0).sum() + 1) / 201))
    assert pair.macro_f1.difference.high == pytest.approx(np.quantile(resampled.mean(axis=1), 0.975))
    right = [(g == TRUTH).all(axis=1) for g in (GOOD, BAD)]
    assert (pair.only_first, pair.only_second) == ((right[0] & ~right[1]).sum(), (right[1] & ~right[0]).sum())


def test_every_pair_is_tested_and_only_real_differences_are_called_so() -> None:
    pairs = compare(TRUTH, [GOOD, ALIKE, BAD], groups=GROUPS, config=CONFIG)
    assert [(p.first, p.second) for p in pairs] == [(0, 1), (0, 2), (1, 2)]
    assert [better(pair, level=0.95) for pair in pairs] == [None, 0, 1]
    turned = compare(TRUTH, [BAD, GOOD], groups=GROUPS, config=CONFIG)[0]
    assert better(turned, level=0.95) == 1
    same = compare(TRUTH, [GOOD, GOOD], groups=None, config=CONFIG)[0]
    assert (
        same.macro_f1.p == 1.0 and same.macro_f1.difference.value == 0.0 and better(same, level=0.95) is None
    )


def test_a_domain_that_nobody_has_or_gives_is_undefined() -> None:
    truth, one = TRUTH.copy(), GOOD.copy()
    truth[:, 1] = one[:, 1] = False
    (pair,) = compare(truth, [one, one & GOOD], groups=None, config=CONFIG)
    assert pair.domains[1].p is None and pair.domains[1].adjusted is None
    assert pair.domains[1].difference.value is None and pair.macro_f1.p is not None


@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=8))
def test_holm_against_its_definition(values: list[float | None]) -> None:
    known = sorted(value for value in values if value is not None)
    for value, adjusted in zip(values, holm(values), strict=True):
        if value is None:
            assert adjusted is None
            continue
        last = max(i for i, other in enumerate(known) if other <= value)
        steps = [min(1.0, (len(known) - i) * known[i]) for i in range(last + 1)]
        assert adjusted == pytest.approx(max(steps))


def test_p_never_is_zero() -> None:
    assert two_sided(np.full(99, 0.3)) == pytest.approx(0.02)
    assert two_sided(np.array([np.nan])) is None


def test_json_of_another_version_names_the_key() -> None:
    with pytest.raises(DataError, match="pairs"):
        Comparison.from_json('{"models": []}')
