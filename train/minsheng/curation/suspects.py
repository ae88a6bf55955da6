"""Records whose label a model doubts that did not train on them: confident learning (Northcutt et al. 2021).

The model is the TF-IDF baseline, fitted once a fold of groups, so that no text is judged by a model that saw
its neighbours. cleanlab finds and ranks the doubts a domain. It is optional, and 2.8 or later: the licence of
2.7 and before is AGPL, that of 2.8 and after Apache-2.0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from minsheng.config.corpus import SuspectsConfig
from minsheng.corpus.records import Record, label_matrix
from minsheng.errors import ConfigError, DataError
from minsheng.evaluation.baselines import fit_baseline
from minsheng.metrics.scores import score

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Doubt:
    """A label that is given and looks wrong, or is missing and looks right."""

    domain: str
    given: bool
    probability: float  # of the domain, by a model that did not train on the record's group


@dataclass(frozen=True, slots=True)
class Suspect:
    """A record with doubts, the strongest first. `quality` (0 to 1) ranks records: the lowest look worst."""

    record: Record
    quality: float
    doubts: tuple[Doubt, ...]
    scores: dict[str, float]  # out-of-fold probability of every domain

    @property
    def proposed(self) -> tuple[str, ...]:
        """The labels if every doubt is right."""
        doubted = {doubt.domain for doubt in self.doubts}
        return tuple(
            domain for domain in self.scores if (domain in self.record.labels) != (domain in doubted)
        )


@dataclass(frozen=True, slots=True)
class Suspects:
    """The suspects among so many records, the worst first; how good the model is that doubts them."""

    ranked: tuple[Suspect, ...]
    records: int
    macro_f1: float  # out of fold, against the labels as given


def out_of_fold(
    texts: Sequence[str],
    truth: NDArray[np.bool_],
    groups: Sequence[str],
    *,
    domains: Sequence[str],
    config: SuspectsConfig,
    fitted: Callable[[int], None] | None = None,
) -> NDArray[np.float64]:
    """Probabilities `(texts, domains)`, each from a baseline fitted without the text's group.

    `fitted` is told how many folds are done. Raises DataError for fewer groups than folds.
    """
    from sklearn.model_selection import GroupKFold

    if len(set(groups)) < config.folds:
        raise DataError(
            f"{len(set(groups))} groups cannot be split into {config.folds} folds; give more records, "
            "or a `group` to each"
        )
    scores = np.zeros(truth.shape)
    folds = GroupKFold(n_splits=config.folds, shuffle=True, random_state=config.seed)
    parts = folds.split(np.zeros(len(texts)), groups=list(groups))
    for done, (train, held) in enumerate(parts, 1):
        model = fit_baseline(
            [texts[i] for i in train], truth[train], domains=domains, config=config.baseline, seed=config.seed
        )
        scores[held] = model.scores([texts[i] for i in held])
        if fitted is not None:
            fitted(done)
    return scores


def doubts_of(
    truth: NDArray[np.bool_], scores: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """What looks wrong `(texts, domains)`, and a quality `(texts,)`. Raises ConfigError without cleanlab."""
    try:
        from cleanlab.multilabel_classification.filter import find_multilabel_issues_per_class
        from cleanlab.multilabel_classification.rank import get_label_quality_scores
    except ImportError as error:
        raise ConfigError('suspects need cleanlab: pip install "minsheng[curation]"') from error
    labels = [np.flatnonzero(row).tolist() for row in truth]
    # One process: more would start the whole program anew on Windows.
    wrong = find_multilabel_issues_per_class(labels, scores, n_jobs=1)
    return np.asarray(wrong, dtype=bool), np.asarray(get_label_quality_scores(labels, scores))


def find_suspects(
    records: Sequence[Record],
    texts: Sequence[str],
    *,
    domains: Sequence[str],
    config: SuspectsConfig,
    fitted: Callable[[int], None] | None = None,
) -> Suspects:
    """Records with a doubtful label; `texts` are theirs, cleaned. Raises DataError, ConfigError."""
    truth = label_matrix(records, domains)
    groups = [record.group for record in records]
    scores = out_of_fold(texts, truth, groups, domains=domains, config=config, fitted=fitted)
    wrong, quality = doubts_of(truth, scores)
    found = []
    for row in np.argsort(quality, kind="stable"):
        probabilities = dict(zip(domains, scores[row].tolist(), strict=True))
        doubts = [
            Doubt(domain, bool(truth[row, d]), probabilities[domain])
            for d, domain in enumerate(domains)
            if wrong[row, d]
        ]
        if doubts:
            doubts.sort(key=lambda doubt: doubt.probability if doubt.given else 1 - doubt.probability)
            found.append(Suspect(records[row], float(quality[row]), tuple(doubts), probabilities))
    return Suspects(tuple(found), len(records), score(truth, scores >= 0.5).macro.f1)
