"""Krippendorff's alpha against his published examples, Cohen's kappa against scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from minsheng.corpus.agreement import agree, cohen_kappa, krippendorff_alpha, masi, nominal
from minsheng.corpus.records import Record
from minsheng.errors import DataError

DOMAINS = ("education", "healthcare", "housing")


def values(line: str) -> list[str | None]:
    return [None if value == "." else value for value in line.split()]


@pytest.mark.parametrize(
    ("coders", "published"),
    [
        # K. Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), sections A, B and C.
        (["0 1 0 0 0 0 0 0 1 0", "1 1 1 0 0 1 0 0 0 0"], 0.095),
        (["a a b b d c c c e d d a", "b a b b b c c c e d d d"], 0.692),
        (
            [
                "1 2 3 3 2 1 4 1 2 . . .",
                "1 2 3 3 2 2 4 1 2 5 . 3",
                ". 3 3 3 2 3 4 2 2 5 1 .",
                "1 2 3 3 2 4 4 1 2 5 1 .",
            ],
            0.743,
        ),
    ],
)
def test_alpha_of_the_published_examples(coders: list[str], published: float) -> None:
    assert krippendorff_alpha([values(line) for line in coders]) == pytest.approx(published, abs=5e-4)


def test_alpha_takes_any_distance_as_published() -> None:
    """The same example with interval and ratio data: 0.849 and 0.797."""
    lines = [
        "1 2 3 3 2 1 4 1 2 . . .",
        "1 2 3 3 2 2 4 1 2 5 . 3",
        ". 3 3 3 2 3 4 2 2 5 1 .",
        "1 2 3 3 2 4 4 1 2 5 1 .",
    ]
    coders = [[None if v is None else int(v) for v in values(line)] for line in lines]
    interval = krippendorff_alpha(coders, distance=lambda a, b: float((a - b) ** 2))
    ratio = krippendorff_alpha(coders, distance=lambda a, b: float(((a - b) / (a + b)) ** 2))
    assert interval == pytest.approx(0.849, abs=5e-4) and ratio == pytest.approx(0.797, abs=5e-4)


def brute_force(codings: Sequence[Sequence[int | None]]) -> float | None:
    """Alpha by its definition: mean distance over pairs within units, over pairs of all pairable values."""
    units = [[v for v in unit if v is not None] for unit in zip(*codings, strict=True)]
    units = [unit for unit in units if len(unit) > 1]
    pooled = [v for unit in units for v in unit]
    n = len(pooled)
    if n < 2:
        return None
    observed = sum(nominal(a, b) / (len(unit) - 1) for unit in units for a, b in permutations(unit, 2)) / n
    expected = sum(nominal(a, b) for a, b in permutations(pooled, 2)) / (n * (n - 1))
    return 1 - observed / expected if expected else None


@given(
    st.integers(2, 4).flatmap(
        lambda coders: st.lists(
            st.lists(st.sampled_from([None, 0, 1, 2]), min_size=coders, max_size=coders),
            min_size=1,
            max_size=12,
        )
    )
)
def test_alpha_equals_its_definition(units: list[list[int | None]]) -> None:
    codings = [list(coder) for coder in zip(*units, strict=True)]
    expected = brute_force(codings)
    found = krippendorff_alpha(codings)
    assert (found is None) == (expected is None)
    if expected is not None:
        assert found == pytest.approx(expected)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_kappa_equals_scikit_learn(pairs: list[tuple[bool, bool]]) -> None:
    first, second = (list(side) for side in zip(*pairs, strict=True))
    found = cohen_kappa(first, second)
    if len({*first, *second}) == 1:
        assert found is None
    else:
        assert found == pytest.approx(cohen_kappa_score(first, second))


@pytest.mark.parametrize(
    ("first", "second", "distance"),
    [
        ("", "", 0),
        ("a", "a", 0),
        ("a", "b", 1),
        ("", "a", 1),
        ("a", "ab", 1 - 1 / 3),
        ("ab", "bc", 1 - 1 / 9),
    ],
)
def test_masi(first: str, second: str, distance: float) -> None:
    assert masi(frozenset(first), frozenset(second)) == pytest.approx(distance)
    assert masi(frozenset(second), frozenset(first)) == pytest.approx(distance)


def record(number: int, *labels: str, text: str = "") -> Record:
    return Record(str(number), text or f"第{number}段文字", labels, group=str(number))


def test_agree_counts_and_hands_over_the_disagreements() -> None:
    first = [record(1, "education"), record(2), record(3, "housing", "healthcare"), record(4, "housing")]
    second = [record(3, "housing"), record(1, "education"), record(2), record(9, "housing")]
    result = agree({"甲": first, "乙": second}, DOMAINS)
    assert (result.coders, result.coded, result.texts, result.same) == (("甲", "乙"), (4, 4), 3, 2)
    by_domain = {domain.domain: domain for domain in result.domains}
    assert by_domain["education"].given == (1, 1) and by_domain["education"].kappa == 1.0
    healthcare = by_domain["healthcare"]
    assert (healthcare.given, healthcare.disagreements, healthcare.kappa) == ((1, 0), 1, 0.0)
    assert healthcare.alpha == pytest.approx(0.0)  # as much as chance: 1 - (2/6) / (10/30)
    (row,) = result.disagreements
    assert row["id"] == "3" and row["disputed"] == ["healthcare"] and "labels" not in row
    assert row["coders"] == {"甲": ["healthcare", "housing"], "乙": ["housing"]}


def test_three_coders_have_alpha_and_no_kappa() -> None:
    sides = {name: [record(1, "education"), record(2)] for name in "abc"} | {"d": [record(2)]}
    result = agree(sides, DOMAINS)
    education = result.domains[0]
    assert (education.alpha, education.kappa, result.alpha) == (1.0, None, 1.0)
    assert result.domains[1].alpha is None  # nobody gave it: nothing varies


def test_agree_refuses_what_cannot_be_compared() -> None:
    with pytest.raises(DataError, match="'1' is another text than a coded"):
        agree({"a": [record(1)], "b": [record(1, text="另一段文字")]}, DOMAINS)
    with pytest.raises(DataError, match="no id stands in two"):
        agree({"a": [record(1)], "b": [record(2)]}, DOMAINS)
