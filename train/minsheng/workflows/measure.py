"""A loaded model on labelled records: its scores, decisions and `Evaluation`."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from minsheng.config.schema import EvaluationConfig
from minsheng.corpus.records import Record, read_files
from minsheng.documents.clean import clean_text
from minsheng.evaluation.baselines import Baseline, load_baseline
from minsheng.evaluation.contrast import MODEL, contrast, pairs_of
from minsheng.evaluation.estimates import Name
from minsheng.evaluation.evaluate import Examples, System, evaluate
from minsheng.evaluation.values import Contrast, Cost, Evaluation
from minsheng.metrics.scores import decide
from minsheng.modeling.directory import NONE, ModelInfo
from minsheng.tagging.tagger import Tagger
from minsheng.taxonomy import keyword_labels
from minsheng.workflows.data import targets_of
from minsheng.workflows.hardware import is_main_process
from minsheng.workflows.marked_evidence import evidence_cases
from minsheng.workflows.progress import Progress

if TYPE_CHECKING:
    from numpy.typing import NDArray

SLICES = ("source", "register", "stratum")  # the last is not of the contract but common in samples
YEAR = "year"
KEYWORDS, TFIDF = "keyword rule", "TF-IDF + logistic regression"
_YEAR = re.compile(r"(?<![0-9])(?:19|20)[0-9]{2}(?![0-9])")
_WEIGHTS = "*.safetensors"
_CHUNK = 128  # texts between two movements of the progress bar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """An evaluation, and the arrays that a comparison needs: truth and decisions (records, labels)."""

    evaluation: Evaluation
    truth: NDArray[np.bool_]
    given: NDArray[np.bool_]


def measure(
    tagger: Tagger,
    records: Sequence[Record],
    *,
    contrast_pairs: Path | None,
    about: dict[str, str],
    config: EvaluationConfig,
) -> Measured:
    """Evaluate a model on records whose labels are those of its taxonomy. Raises DataError, ModelError."""
    info = tagger.info
    texts = [clean_text(record.text, config=info.clean) for record in records]
    truth = targets_of(records, info.labels, single_label=info.single_label)
    logits, seconds = _timed(lambda: np.concatenate(_chunked(texts, "evaluate", _scorer(tagger))))
    scores = tagger.probabilities(logits)
    tags = list(chain(*_chunked(texts, "evidence", lambda some: tagger.tag(some, clean=False))))
    baselines, costs = _baselines(tagger, texts)
    slices = {name: _slice(records, name) for name in SLICES} | {YEAR: [year_of(r.date) for r in records]}
    calibration = info.calibration
    result = evaluate(
        Examples(
            truth=truth,
            domains=info.labels,
            texts=texts,
            ids=[record.id for record in records],
            groups=[record.group for record in records],
            slices={name: values for name, values in slices.items() if len({*values} - {None}) > 1},
            ordered=(YEAR,),
            names=names_of(info),
        ),
        System(
            scores=scores,
            thresholds=calibration.thresholds,
            # The stored weights hold the temperature already; this takes it out again.
            uncalibrated=tagger.probabilities(logits * np.float32(calibration.temperature)),
            accepted=np.array([tag.decision == "auto" for tag in tags], dtype=bool),
            target=calibration.abstention.precision,
            score=lambda parts: tagger.probabilities(tagger.logits(parts, together=True)),
            costs=(Cost(MODEL, seconds, _size(tagger.folder)), *costs),
        ),
        baselines=baselines,
        evidence=evidence_cases(records, texts, tags, info),
        contrast=None if contrast_pairs is None else _contrast(contrast_pairs, tagger, config),
        about=about,
        config=config,
    )
    return Measured(result, truth, decide(scores, calibration.thresholds))


def _scorer(tagger: Tagger) -> Callable[[Sequence[str]], NDArray[np.float64]]:
    return lambda texts: tagger.logits(texts, together=True)


def _chunked(texts: Sequence[str], title: str, work: Callable[[Sequence[str]], T]) -> list[T]:
    """What `work` makes of the texts, a chunk at a time so that a bar can move; at least one chunk."""
    done: list[T] = []
    with Progress(title, total=len(texts), unit="paragraphs", show=is_main_process()) as bar:
        for start in range(0, max(1, len(texts)), _CHUNK):
            done.append(work(texts[start : start + _CHUNK]))
            bar.update(min(start + _CHUNK, len(texts)))
    return done


def names_of(info: ModelInfo) -> tuple[Name, ...]:
    """How each label of a model is shown, by its taxonomy."""
    found = {
        domain.key: Name(domain.name.zh, domain.name.en, domain.short, domain.colour)
        for domain in info.taxonomy.domains
    }
    return tuple(found.get(label, Name("无领域", "No domain")) for label in info.labels)


def year_of(date: str | None) -> str | None:
    """The first year that stands in a date of any form."""
    found = _YEAR.search(date or "")
    return found[0] if found else None


def _slice(records: Sequence[Record], name: str) -> list[str | None]:
    values = [getattr(r, name, None) or r.meta.get(name) for r in records]
    return [None if value is None else str(value) for value in values]


def _keywords(texts: Sequence[str], info: ModelInfo) -> NDArray[np.bool_]:
    rows = [keyword_labels(text, info.taxonomy) for text in texts]
    decided = np.array([[label in row for label in info.labels] for row in rows], dtype=bool)
    if info.single_label:
        # A rule that finds several domains names the first in taxonomy order; none is the last column.
        none = info.labels.index(NONE) if NONE in info.labels else len(info.labels) - 1
        first = np.where(decided.any(axis=1), decided.argmax(axis=1), none)
        decided = np.arange(len(info.labels)) == first[:, None]
    return decided


def _baselines(tagger: Tagger, texts: Sequence[str]) -> tuple[dict[str, NDArray[np.generic]], list[Cost]]:
    """Decisions of the keyword rule and scores of the TF-IDF model that lies beside the model, by name, and
    what each took."""
    found: dict[str, NDArray[np.generic]] = {}
    found[KEYWORDS], seconds = _timed(lambda: _keywords(texts, tagger.info))
    costs = [Cost(KEYWORDS, seconds, None)]
    if (stored := tagger.folder / "baselines").is_dir():
        baseline: Baseline = load_baseline(stored)
        found[TFIDF], seconds = _timed(lambda: baseline.scores(texts))
        costs.append(Cost(TFIDF, seconds, _size(stored)))
    return found, costs


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    start = time.perf_counter()
    return work(), time.perf_counter() - start


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob(_WEIGHTS))


def _contrast(path: Path, tagger: Tagger, config: EvaluationConfig) -> Contrast:
    """The model and its baselines on a file of contrast pairs."""
    info = tagger.info
    records = read_files([path], info.labels)
    pairs = pairs_of([record.group for record in records])
    texts = [clean_text(record.text, config=info.clean) for record in records]
    truth = targets_of(records, info.labels, single_label=info.single_label)
    scores = tagger.probabilities(tagger.logits(texts, together=True))
    decisions = {MODEL: decide(scores, info.calibration.thresholds)}
    for name, found in _baselines(tagger, texts)[0].items():
        cut = None if info.single_label and found.dtype != np.bool_ else 0.5
        decisions[name] = decide(found.astype(np.float64), cut)
    return contrast(truth, decisions, pairs, config=config)
