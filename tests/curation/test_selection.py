"""BADGE against gradients that are really built; uncertain and different passages are taken."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from minsheng.config.corpus import SelectionConfig
from minsheng.curation.selection import features_of, residuals, select, spread

THEMES = ["新建小学三所", "村卫生室添了设备", "公租房交付二百套", "调解邻里纠纷", "养老床位不足"]


def explicit(residual: np.ndarray, features: np.ndarray, *, count: int, seed: int) -> list[int]:
    """k-means++ seeding over the gradients themselves (residual ⊗ features, flattened) and zero."""
    gradients = np.einsum("nd,nf->ndf", residual, features).reshape(len(residual), -1)
    random = np.random.default_rng(seed)
    chosen = [int((gradients**2).sum(axis=1).argmax())]
    while len(chosen) < count:
        centres = np.vstack([np.zeros((1, gradients.shape[1])), gradients[chosen]])
        distances = ((gradients[:, None] - centres[None]) ** 2).sum(axis=2).min(axis=1)
        distances[distances < 1e-9] = 0
        if distances.max() == 0:
            break
        chosen.append(int(random.choice(len(gradients), p=distances / distances.sum())))
    return chosen


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 20), st.integers(1, 6))
def test_the_trick_equals_explicit_gradients(seed: int, texts: int, count: int) -> None:
    random = np.random.default_rng(seed)
    features = random.random((texts, 7)) * (random.random((texts, 7)) < 0.6) + 1e-3
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    residual = residuals(random.random((texts, 3)))
    count = min(count, texts)
    assert spread(residual, csr_matrix(features), count=count, seed=seed) == explicit(
        residual, features, count=count, seed=seed
    )


def test_residuals_are_largest_at_a_half() -> None:
    found = residuals(np.array([[0.0, 0.4, 0.5, 0.9, 1.0]]))
    np.testing.assert_allclose(found, [[0.0, 0.4, -0.5, -0.1, 0.0]])


def passages(copies: int) -> list[str]:
    return [f"{theme}，第{n}批。" for n in range(copies) for theme in THEMES]


def test_uncertain_passages_come_first_and_themes_are_mixed() -> None:
    texts = passages(40)
    scores = np.full((len(texts), 5), 0.01)
    unsure = np.arange(0, 100)  # twenty of each theme
    scores[unsure, unsure % 5] = 0.5
    chosen = select(texts, scores, config=SelectionConfig(count=20))
    assert len(set(chosen)) == 20 and chosen[0] in unsure
    assert sum(i in unsure for i in chosen) >= 19
    assert len({i % 5 for i in chosen}) == 5


def test_selection_is_deterministic_and_the_seed_matters() -> None:
    texts, scores = passages(30), np.random.default_rng(0).random((150, 5))
    first = select(texts, scores, config=SelectionConfig(count=10))
    assert select(texts, scores, config=SelectionConfig(count=10)) == first
    assert select(texts, scores, config=SelectionConfig(count=10, seed=99)) != first


def test_equal_passages_are_taken_once_and_certain_ones_never() -> None:
    texts = ["新建小学三所"] * 5 + ["公租房交付"] * 5 + ["修路"]
    scores = np.array([[0.5]] * 10 + [[0.0]])
    assert len(select(texts, scores, config=SelectionConfig(count=8))) == 2
    assert select([], np.zeros((0, 1)), config=SelectionConfig()) == []


def test_the_pool_keeps_the_most_uncertain() -> None:
    texts, scores = passages(10), np.linspace(0.0, 0.49, 50)[:, None]
    chosen = select(texts, scores, config=SelectionConfig(count=10, pool=12))
    assert len(chosen) == 10 and min(chosen) >= 38


def test_features_have_length_one() -> None:
    features = features_of(passages(2), characters=2)
    assert np.asarray(features.multiply(features).sum(axis=1)).ravel() == pytest.approx(1.0)
