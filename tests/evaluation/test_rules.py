from __future__ import annotations

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minsheng.config.schema import EvaluationConfig
from minsheng.evaluation.estimates import Estimate
from minsheng.evaluation.rules import binomial_bound, judgement, lower_bound, payoff
from minsheng.evaluation.values import Rival

CONFIG = EvaluationConfig(precision=0.8, recall=0.7, positives=50)
NONE = Estimate(None, None, None)


@given(st.integers(1, 60), st.integers(0, 60), st.sampled_from([0.8, 0.95, 0.99]))
def test_the_bound_is_the_share_at_which_so_many_are_just_possible(
    whole: int, less: int, level: float
) -> None:
    part = max(whole - less, 0)
    share = binomial_bound(part, whole, level=level)
    at_least = sum(comb(whole, k) * share**k * (1 - share) ** (whole - k) for k in range(part, whole + 1))
    assert at_least == pytest.approx((1 - level) / 2) if part else share == 0


def judged(low: tuple[float | None, float | None], *, right: int = 190, support: int = 200) -> str:
    estimates = [Estimate(value, value, value) for value in low]
    found = judgement(*estimates, correct=right, given=200, support=support, config=CONFIG)
    return found.verdict


@pytest.mark.parametrize(
    ("bounds", "verdict"),
    [
        ((0.9, 0.9), "usable"),
        ((0.8, 0.7), "usable"),  # reached, not passed
        ((0.79, 0.9), "review"),
        ((0.9, 0.69), "review"),
        ((None, 0.9), "review"),  # never given: nothing is known of its precision
    ],
)
def test_a_domain_is_usable_where_both_bounds_reach_theirs(
    bounds: tuple[float | None, float | None], verdict: str
) -> None:
    assert judged(bounds) == verdict


def test_few_positives_give_no_verdict_however_good() -> None:
    assert judged((1.0, 1.0), right=49, support=49) == "few"
    assert judged((1.0, 1.0), right=200, support=50) != "few"


def test_no_error_in_few_is_no_certainty() -> None:
    """The bootstrap knows no error that it has not seen; the binomial bound does."""
    assert lower_bound(Estimate(1.0, 1.0, 1.0), 20, 20, level=0.95) == pytest.approx(0.025 ** (1 / 20))
    assert lower_bound(Estimate(0.9, 0.5, 1.0), 180, 200, level=0.95) == 0.5
    assert lower_bound(NONE, 0, 0, level=0.95) is None


def rival(name: str, low: float | None, high: float | None) -> Rival:
    middle = None if low is None or high is None else (low + high) / 2
    return Rival(name, (), NONE, NONE, NONE, None, Estimate(middle, low, high), 0.5)


@pytest.mark.parametrize(
    ("leads", "expected"),
    [
        ([(0.02, 0.1), (0.03, 0.2)], ("worth", "r0")),
        ([(0.2, 0.3), (0.005, 0.1)], ("open", "r1")),
        ([(0.2, 0.3), (-0.1, 0.009)], ("not_worth", "r1")),
        ([(-0.5, 0.5), (-0.1, 0.0)], ("not_worth", "r1")),
        ([(None, None), (0.02, 0.1)], ("worth", "r1")),
        ([(None, None)], None),
        ([], None),
    ],
)
def test_worth_its_cost_against_every_baseline(
    leads: list[tuple[float | None, float | None]], expected: tuple[str, str] | None
) -> None:
    found = payoff([rival(f"r{n}", *lead) for n, lead in enumerate(leads)], margin=0.01)
    assert (found and (found.verdict, found.against)) == expected
