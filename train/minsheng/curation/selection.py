"""Which passages to label next: BADGE (Ash et al., Deep Batch Active Learning by Diverse, Uncertain Gradient
Lower Bounds, ICLR 2020).

A passage is represented by the gradient of the loss at the last layer, were the model's own decision the true
label: residuals ⊗ features. The gradient is long where the model is unsure, and two gradients lie apart where
the texts differ or the doubt is about different domains; k-means++ sampling (Arthur & Vassilvitskii 2007)
therefore takes uncertain and different passages with nothing to tune. Two things differ from the paper: the
features are TF-IDF vectors of length 1 and not the encoder's, so that a selection needs only probabilities;
and the zero vector counts as taken already, so that passages without any doubt are never drawn. The inner
product of two gradients is the product of those of residuals and features: no gradient is ever built.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minsheng.config.corpus import SelectionConfig

if TYPE_CHECKING:
    from numpy.typing import NDArray


def residuals(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Derivative of the cross-entropy at the logits, `(texts, domains)`, were each decision at 0.5 right."""
    return probabilities - (probabilities >= 0.5)


def features_of(texts: Sequence[str], *, characters: int) -> Any:
    """TF-IDF of character n-grams, `(texts, n-grams)` sparse, rows of length 1."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(
        analyzer="char", ngram_range=(1, characters), sublinear_tf=True, dtype=np.float32
    )
    return vectorizer.fit_transform(texts)


def spread(residual: NDArray[np.float64], features: Any, *, count: int, seed: int) -> list[int]:
    """At most `count` rows, in the order in which k-means++ seeding takes them.

    The first is the one with the longest gradient; each next is drawn with a probability that grows with
    the square of its distance to the nearest of those before and of zero. Fewer where nothing is left.
    """
    random = np.random.default_rng(seed)
    length = (residual**2).sum(axis=1)  # of the gradient, squared: features have length 1
    chosen: list[int] = []
    nearest = length.copy()
    while len(chosen) < min(count, len(length)) and nearest.max() > 1e-12:
        row = int(random.choice(len(length), p=nearest / nearest.sum())) if chosen else int(length.argmax())
        chosen.append(row)
        likeness = np.asarray((features @ features[[row]].T).todense()).ravel().astype(np.float64)
        distance = length + length[row] - 2 * (residual @ residual[row]) * likeness
        distance[distance < 1e-6 * (length + length[row])] = 0.0  # the same text, but for rounding
        distance[row] = 0.0
        nearest = np.minimum(nearest, distance)
    return chosen


def select(texts: Sequence[str], probabilities: NDArray[np.float64], *, config: SelectionConfig) -> list[int]:
    """Indices of at most `config.count` texts worth labelling, the first the most.

    `probabilities` `(texts, domains)` are the model's. Deterministic for one seed.
    """
    if not len(texts):
        return []
    residual = residuals(probabilities)
    unsure = np.argsort(-(residual**2).sum(axis=1), kind="stable")[: config.pool]
    found = spread(
        residual[unsure],
        features_of([texts[i] for i in unsure], characters=config.characters),
        count=config.count,
        seed=config.seed,
    )
    return [int(unsure[i]) for i in found]
