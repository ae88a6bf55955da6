"""`minsheng evaluate`: a model directory and a labelled file → one `Evaluation`, as JSON and Markdown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from minsheng.config.schema import EvaluateConfig, EvaluationConfig, RunConfig
from minsheng.corpus.records import Record, fingerprint, read_files
from minsheng.documents.clean import clean_text
from minsheng.documents.sentences import sentences
from minsheng.errors import DataError, nearest
from minsheng.evaluation.baselines import load_baseline
from minsheng.evaluation.contrast import MODEL, contrast, pairs_of
from minsheng.evaluation.evaluate import Examples, System, evaluate
from minsheng.evaluation.evidence import EvidenceCase
from minsheng.evaluation.markdown import render
from minsheng.evaluation.values import Contrast, Evaluation
from minsheng.metrics.scores import decide
from minsheng.modeling.checkpoint import write_atomic
from minsheng.modeling.directory import NONE, ModelInfo
from minsheng.tagging.tagger import Tag, Tagger
from minsheng.taxonomy import keyword_labels
from minsheng.workflows.data import targets_of
from minsheng.workflows.hardware import build_accelerator, machine

if TYPE_CHECKING:
    from numpy.typing import NDArray

SLICES = ("source", "register", "stratum")  # the last is not of the contract but common in samples


def _slice(records: Sequence[Record], name: str) -> list[str | None]:
    values = [getattr(r, name, None) or r.meta.get(name) for r in records]
    return [None if value is None else str(value) for value in values]


def _marks(record: Record) -> dict[str, list[str]]:
    """{domain: sentences} of the optional column `evidence`, in a cell of a CSV or Excel file as JSON."""
    marks = record.meta.get("evidence")
    try:
        marks = json.loads(marks) if isinstance(marks, str) else marks
        found = {  # Parquet gives every row every domain, empty where nothing is marked
            domain: [quotes] if isinstance(quotes, str) else list(quotes)
            for domain, quotes in (marks or {}).items()
            if quotes
        }
    except (ValueError, TypeError, AttributeError):
        found = {"": [marks]}
    if not all(isinstance(quote, str) and domain for domain, quotes in found.items() for quote in quotes):
        raise DataError(f"record {record.id!r}: evidence must map a domain to its sentences, got {marks!r}")
    return found


def _marked(record: Record, text: str, info: ModelInfo) -> dict[str, list[tuple[int, int]]]:
    """Spans of the cleaned `text` that earn each label. Raises DataError."""
    found: dict[str, list[tuple[int, int]]] = {}
    for domain, quotes in _marks(record).items():
        if domain not in info.taxonomy.keys:
            hint = nearest(domain, info.taxonomy.keys)
            raise DataError(f"record {record.id!r}: evidence of an unknown label {domain!r}{hint}")
        for quote in quotes:
            quote = clean_text(quote, config=info.clean)  # as the text was
            place = text.find(quote) if quote else -1
            if place < 0:
                raise DataError(f"record {record.id!r}: the evidence of {domain} does not stand in the text")
            found.setdefault(domain, []).append((place, place + len(quote)))
    return found


def evidence_cases(
    records: Sequence[Record], texts: Sequence[str], tags: Sequence[Tag], info: ModelInfo
) -> list[EvidenceCase]:
    """The evidence of every label that is given, true, and marked in a text of several sentences."""
    cases = []
    for record, text, tag in zip(records, texts, tags, strict=True):
        if not record.meta.get("evidence"):
            continue
        marked, spans = _marked(record, text, info), sentences(text)
        cases += [
            EvidenceCase(e.label, (e.start, e.end), tuple(marked[e.label]), tuple(spans))
            for e in tag.evidence
            if e.label in record.labels and e.label in marked and len(spans) > 1
        ]
    return cases


def _keywords(texts: Sequence[str], info: ModelInfo) -> NDArray[np.bool_]:
    rows = [keyword_labels(text, info.taxonomy) for text in texts]
    decided = np.array([[label in row for label in info.labels] for row in rows], dtype=bool)
    if info.single_label:
        # A rule that finds several domains names the first in taxonomy order; none is the last column.
        none = info.labels.index(NONE) if NONE in info.labels else len(info.labels) - 1
        first = np.where(decided.any(axis=1), decided.argmax(axis=1), none)
        decided = np.arange(len(info.labels)) == first[:, None]
    return decided


def _baselines(tagger: Tagger, texts: Sequence[str]) -> dict[str, NDArray[np.generic]]:
    """Decisions of the keyword rule and scores of the TF-IDF model that lies beside the model, by name."""
    found: dict[str, NDArray[np.generic]] = {"keyword rule": _keywords(texts, tagger.info)}
    if (stored := tagger.folder / "baselines").is_dir():
        found["TF-IDF + logistic regression"] = load_baseline(stored).scores(texts)
    return found


def _contrast(path: Path, tagger: Tagger, config: EvaluationConfig) -> Contrast:
    """The model and its baselines on a file of contrast pairs."""
    info = tagger.info
    records = read_files([path], info.labels)
    pairs = pairs_of([record.group for record in records])
    texts = [clean_text(record.text, config=info.clean) for record in records]
    truth = targets_of(records, info.labels, single_label=info.single_label)
    scores = tagger.probabilities(tagger.logits(texts, together=True))
    decisions = {MODEL: decide(scores, info.calibration.thresholds)}
    for name, found in _baselines(tagger, texts).items():
        cut = None if info.single_label and found.dtype != np.bool_ else 0.5
        decisions[name] = decide(found.astype(np.float64), cut)
    return contrast(truth, decisions, pairs, config=config)


def evaluate_model(
    model: str | Path,
    data: Sequence[str | Path],
    *,
    out: Path,
    config: EvaluateConfig,
    contrast_pairs: Path | None = None,
) -> Evaluation:
    """Evaluate a model directory on labelled files; writes `evaluation.json` and `evaluation.md` into `out`.

    `contrast_pairs`: a labelled file whose groups are pairs (see `evaluation.contrast`).
    Raises ModelError, DataError.
    """
    accelerator = build_accelerator(
        RunConfig(output=str(out), precision=config.precision, threads=config.threads)
    )
    tagger = Tagger.load(model, accelerator=accelerator, batch_tokens=config.batch_tokens)
    info = tagger.info
    records = read_files(data, info.labels)
    texts = [clean_text(record.text, config=info.clean) for record in records]
    truth = targets_of(records, info.labels, single_label=info.single_label)
    calibration = info.calibration
    logits = tagger.logits(texts, together=True)
    scores = tagger.probabilities(logits)
    tags = tagger.tag(texts, clean=False)
    slices = {name: _slice(records, name) for name in SLICES}
    result = evaluate(
        Examples(
            truth=truth,
            domains=info.labels,
            texts=texts,
            ids=[record.id for record in records],
            groups=[record.group for record in records],
            slices={name: values for name, values in slices.items() if len({*values} - {None}) > 1},
        ),
        System(
            scores=scores,
            thresholds=calibration.thresholds,
            # The stored weights hold the temperature already; this takes it out again.
            uncalibrated=tagger.probabilities(logits * np.float32(calibration.temperature)),
            accepted=np.array([tag.decision == "auto" for tag in tags], dtype=bool),
            target=calibration.abstention.precision,
        ),
        baselines=_baselines(tagger, texts),
        evidence=evidence_cases(records, texts, tags, info),
        contrast=None if contrast_pairs is None else _contrast(contrast_pairs, tagger, config.report),
        about={
            "model": f"{model} ({tagger.fingerprint})",
            "data": ", ".join(str(path) for path in data),
            "data fingerprint": fingerprint(records)[:16],
            "taxonomy": f"{info.taxonomy.name} {info.taxonomy.version}",
            "precision": str(accelerator.mixed_precision),
            "made": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
            **{key: str(value) for key, value in machine().items()},
        },
        config=config.report,
    )
    if accelerator.is_main_process:
        out.mkdir(parents=True, exist_ok=True)
        write_atomic(out / "evaluation.json", result.to_json().encode("utf-8"))
        write_atomic(out / "evaluation.md", render(result).encode("utf-8"))
    return result
