"""Shares of contrast pairs against counting by hand and by brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minsheng.config.schema import EvaluationConfig
from minsheng.errors import DataError
from minsheng.evaluation.contrast import contrast, pairs_of

CONFIG = EvaluationConfig(resamples=200)


def test_pairs_are_records_of_one_group() -> None:
    assert pairs_of(["a", "b", "a", "b"]).tolist() == [[0, 2], [1, 3]]


@pytest.mark.parametrize("groups", [["a", "a", "b"], ["a", "a", "a"]])
def test_a_group_that_is_no_pair_is_named(groups: list[str]) -> None:
    with pytest.raises(DataError, match=f"group '{groups[-1]}' has {groups.count(groups[-1])} record"):
        pairs_of(groups)


def test_a_pair_counts_where_both_whole_label_sets_are_right() -> None:
    truth = np.array([[1, 0], [0, 0], [1, 1], [0, 1]], dtype=bool)
    half = truth.copy()
    half[2, 1] = False  # one label of two is missing
    found = contrast(truth, {"model": half, "rule": truth}, np.array([[0, 1], [2, 3]]), config=CONFIG)
    assert (found.pairs, found.model.both, found.model.one, found.model.share.value) == (2, 1, 1, 0.5)
    assert (found.model.share.low, found.model.share.high) == (0.0, 1.0)
    assert [(row.name, row.both, row.one) for row in found.baselines] == [("rule", 2, 0)]


@given(st.integers(1, 8).flatmap(lambda n: st.lists(st.booleans(), min_size=4 * n, max_size=4 * n)))
def test_counts_are_those_of_brute_force(cells: list[bool]) -> None:
    given_labels = np.array(cells).reshape(-1, 2)
    truth = np.zeros_like(given_labels)
    pairs = np.arange(len(truth)).reshape(-1, 2)
    row = contrast(truth, {"model": given_labels}, pairs, config=CONFIG).model
    right = [[not any(given_labels[i]) for i in pair] for pair in pairs]
    assert row.both == sum(all(pair) for pair in right)
    assert row.one == sum(sum(pair) == 1 for pair in right)
    assert row.share.low is not None and row.share.value is not None and row.share.high is not None
    assert 0 <= row.share.low <= row.share.high <= 1
