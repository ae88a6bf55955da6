"""The baseline that stands beside every model: TF-IDF of character n-grams + logistic regression.

N-grams are hashed (Weinberger et al. 2009), so a saved baseline holds no text of the data: the buckets that
are kept, their idf and one weight a domain. The space of hashes is so large that n-grams hardly ever share a
bucket; folding all n-grams into as few buckets as are kept would cost about five points of macro-F1, because
the many n-grams seen once or never would speak with the weights of others.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from minsheng.config.schema import BaselineConfig
from minsheng.errors import DataError, ModelError
from minsheng.metrics.scores import Mask, Matrix

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix  # type: ignore[import-untyped]

_SPACE = 2**30  # hash values; two of 200,000 n-grams then share one with a probability of 1 in 5,000 each
_WEIGHTS, _SETTINGS = "tfidf.safetensors", "tfidf.json"
_VERSION = 1
_ITERATIONS = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """A fitted baseline. Weights are held in half precision, so that a saved one gives the same scores."""

    domains: tuple[str, ...]
    characters: int  # longest n-gram
    buckets: NDArray[np.int32]  # (features,) hash values kept, rising
    idf: NDArray[np.float16]  # (features,)
    weights: NDArray[np.float16]  # (features, domains)
    bias: NDArray[np.float32]  # (domains,)

    def scores(self, texts: Sequence[str]) -> Matrix:
        """Probability of each domain, `(texts, domains)`; a label is given from 0.5 on."""
        if not len(texts):
            return np.zeros((0, len(self.domains)))
        features = _weighted(_counts(texts, self.characters, self.buckets), self.idf.astype(np.float64))
        logits = features @ self.weights.astype(np.float64) + self.bias.astype(np.float64)
        return np.asarray(np.exp(-np.logaddexp(0.0, -logits)))

    def save(self, folder: Path) -> None:
        """Writes `tfidf.safetensors` and `tfidf.json` into `folder`, which is made if missing."""
        from safetensors.numpy import save_file

        folder.mkdir(parents=True, exist_ok=True)
        tensors = {
            key: np.ascontiguousarray(getattr(self, key)) for key in ("buckets", "idf", "weights", "bias")
        }
        save_file(tensors, folder / _WEIGHTS)
        settings = {"version": _VERSION, "domains": list(self.domains), "characters": self.characters}
        (folder / _SETTINGS).write_text(
            json.dumps(settings, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
        )


def load_baseline(folder: Path) -> Baseline:
    """Reads what `Baseline.save` wrote. Raises `ModelError` that names the file."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    for name in (_WEIGHTS, _SETTINGS):
        if not (folder / name).is_file():
            raise ModelError(f"{folder / name}: missing; train the model again, its baseline is made with it")
    try:
        settings = json.loads((folder / _SETTINGS).read_text(encoding="utf-8"))
        tensors = load_file(folder / _WEIGHTS)
        found = Baseline(
            domains=tuple(settings["domains"]),
            characters=int(settings["characters"]),
            **{key: tensors[key] for key in ("buckets", "idf", "weights", "bias")},
        )
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"{folder}: not a baseline of this version ({error}); train the model again"
        ) from error
    if found.weights.shape != (len(found.buckets), len(found.domains)) or settings.get("version") != _VERSION:
        raise ModelError(f"{folder}: not a baseline of version {_VERSION}, or damaged; train the model again")
    return found


def fit_baseline(
    texts: Sequence[str], truth: Mask, *, domains: Sequence[str], config: BaselineConfig, seed: int
) -> Baseline:
    """TF-IDF (logarithmic term frequency, cosine norm) and one balanced logistic regression a domain.

    `truth` is `(texts, domains)`. A domain that all texts or none have gets its smoothed share as a constant.
    """
    gold = np.asarray(truth, dtype=bool)
    if not len(texts) or gold.shape != (len(texts), len(domains)):
        raise DataError(
            f"truth has shape {gold.shape}: expected ({len(texts)} texts, {len(domains)} domains)"
        )
    buckets = _kept(texts, config)
    counts = _counts(texts, config.characters, buckets)
    frequency = np.bincount(counts.indices, minlength=len(buckets))
    idf = (np.log((1 + len(texts)) / (1 + frequency)) + 1).astype(np.float16)
    features = _weighted(counts, idf.astype(np.float64))
    fitted = [
        _regression(features, gold[:, d], strength=config.strength, seed=seed) for d in range(len(domains))
    ]
    return Baseline(
        domains=tuple(domains),
        characters=config.characters,
        buckets=buckets,
        idf=idf,
        weights=np.stack([weights for weights, _ in fitted], axis=1).astype(np.float16),
        bias=np.array([bias for _, bias in fitted], dtype=np.float32),
    )


def _regression(features: csr_matrix, truth: Mask, *, strength: float, seed: int) -> tuple[Any, float]:
    """Weights `(features,)` and bias."""
    from sklearn.linear_model import LogisticRegression

    if truth.all() or not truth.any() or not features.shape[1]:
        share = (truth.sum() + 1) / (len(truth) + 2)
        return np.zeros(features.shape[1]), float(np.log(share / (1 - share)))
    model = LogisticRegression(C=strength, class_weight="balanced", max_iter=_ITERATIONS, random_state=seed)
    model.fit(features, truth)
    return model.coef_[0], float(model.intercept_[0])


def _hashed(texts: Sequence[str], characters: int) -> csr_matrix:
    from sklearn.feature_extraction.text import HashingVectorizer

    return HashingVectorizer(
        analyzer="char", ngram_range=(1, characters), n_features=_SPACE, alternate_sign=False, norm=None
    ).transform(texts)


def _kept(texts: Sequence[str], config: BaselineConfig) -> NDArray[np.int32]:
    """Hash values of the n-grams that stand in most texts; of equally frequent ones the lower hash values."""
    values, frequency = np.unique(_hashed(texts, config.characters).indices, return_counts=True)
    order = np.argsort(-frequency, kind="stable")
    order = order[frequency[order] >= config.texts][: config.features]
    return np.sort(values[order]).astype(np.int32)


def _counts(texts: Sequence[str], characters: int, buckets: NDArray[np.int32]) -> csr_matrix:
    """Counts of the kept n-grams, `(texts, features)`."""
    from scipy.sparse import csr_matrix

    hashed = _hashed(texts, characters)
    if not len(buckets):
        return csr_matrix((len(texts), 0))
    column = np.minimum(np.searchsorted(buckets, hashed.indices), len(buckets) - 1)
    known = buckets[column] == hashed.indices
    row = np.repeat(np.arange(len(texts)), np.diff(hashed.indptr))
    return csr_matrix((hashed.data[known], (row[known], column[known])), shape=(len(texts), len(buckets)))


def _weighted(counts: csr_matrix, idf: NDArray[np.float64]) -> csr_matrix:
    """(1 + log count) × idf, each row scaled to length 1."""
    from scipy.sparse import diags
    from sklearn.preprocessing import normalize

    if not counts.shape[1]:
        return counts
    weighted = counts.copy()
    weighted.data = 1 + np.log(weighted.data)
    return normalize(weighted @ diags(idf))
