"""The corpus tools that read documents, a model or several files: suggest, select, agree, suspects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from minsheng.config.corpus import SelectionConfig, SuspectsConfig
from minsheng.config.schema import CleanConfig, DocumentsConfig, TagConfig
from minsheng.corpus.agreement import Agreement, agree
from minsheng.corpus.candidates import WeakLabels, candidates, suggest
from minsheng.corpus.exchange import formats
from minsheng.corpus.exchange.rows import Row, row_of, write_lines
from minsheng.corpus.records import Record, read_files, read_records
from minsheng.curation.selection import select
from minsheng.curation.suspects import Suspect, Suspects, find_suspects
from minsheng.documents.clean import clean_text
from minsheng.documents.values import Failure
from minsheng.errors import DataError, RunError
from minsheng.tagging.tagger import Tag, Tagger
from minsheng.taxonomy import Taxonomy
from minsheng.workflows.progress import Progress, followed

_CHUNK = 256  # passages tagged between two movements of the progress bar


@dataclass(frozen=True, slots=True)
class Selection:
    """What was chosen out of how much."""

    rows: tuple[Row, ...]  # the most worth labelling first, each with the model's suggestion
    passages: int  # that were considered
    known: int  # left out because they are labelled already, or stand here twice
    failures: tuple[Failure, ...]


def refuse_existing(out: Path, *, overwrite: bool) -> None:
    """Raises RunError where a file would be lost: labels cost days."""
    if out.exists() and not overwrite:
        raise RunError(f"{out}: exists already; choose another name, or add --overwrite")


def _split(items: Iterable[Row | Failure]) -> tuple[list[Row], list[Failure]]:
    rows: list[Row] = []
    failures: list[Failure] = []
    for item in items:
        if isinstance(item, Failure):
            failures.append(item)
        else:
            rows.append(item)
    return rows, failures


def suggest_labels(
    patterns: Sequence[str],
    *,
    taxonomy: Taxonomy,
    out: Path,
    config: DocumentsConfig,
    format: str | None = None,
    overwrite: bool = False,
) -> tuple[WeakLabels, list[Failure]]:
    """Label every passage of the documents by the keyword rule and write the rows. Raises DataError, RunError.

    For a labelling tool (Label Studio, doccano) the labels are suggestions that a person confirms.
    """
    refuse_existing(out, overwrite=overwrite)
    name = formats.format_of(out, format)
    rows, failures = _split(followed(candidates(patterns, config=config), "read", unit="passages"))
    if not rows:
        raise DataError("no passages in these documents")
    weak = suggest(rows, taxonomy)
    confirm = name == "label-studio" or name.startswith("doccano")
    formats.write(formats.as_suggestions(weak.rows) if confirm else weak.rows, out, format=name)
    return weak, failures


def _same(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum())


def _suggestion(tag: Tag, model: str) -> Row:
    return {
        "labels": list(tag.labels),
        "scores": {domain: round(score, 4) for domain, score in tag.scores.items()},
        "model": model,
    }


def select_passages(
    patterns: Sequence[str],
    *,
    model: Path,
    out: Path,
    tagging: TagConfig,
    config: SelectionConfig,
    labelled: Sequence[Path] = (),
    format: str | None = None,
    overwrite: bool = False,
) -> Selection:
    """Choose the passages of the documents that are most worth labelling for a model, and write them.

    Passages of the files `labelled` are not chosen again. Raises ModelError, DataError, RunError.
    """
    refuse_existing(out, overwrite=overwrite)
    name = formats.format_of(out, format)
    tagger = Tagger.load(
        model, precision=tagging.precision, threads=tagging.threads, batch_tokens=tagging.batch_tokens
    )
    seen = {_same(row["text"]) for path in labelled for row in formats.read(path, tagger.info.taxonomy)}
    found, failures = _split(
        followed(candidates(patterns, config=tagging.documents), "read", unit="passages")
    )
    rows, repeated = [], 0
    for row in found:
        if len(row["text"]) < config.shortest:
            continue
        key = _same(row["text"])
        repeated += key in seen
        if key not in seen:
            seen.add(key)
            rows.append(row)
    if not rows:
        raise DataError(
            f"no passage of {config.shortest} characters or more in these documents that is not labelled"
        )
    tags: list[Tag] = []
    with Progress("select", total=len(rows), unit="passages") as bar:
        for start in range(0, len(rows), _CHUNK):
            texts = [row["text"] for row in rows[start : start + _CHUNK]]
            tags += tagger.tag(texts, evidence=False, clean=False)
            bar.update(len(tags))
    scores = np.array([list(tag.scores.values()) for tag in tags])
    chosen = select([row["text"] for row in rows], scores, config=config)
    made = tuple(rows[i] | {"suggestion": _suggestion(tags[i], tagger.fingerprint)} for i in chosen)
    formats.write(made, out, format=name)
    return Selection(made, len(rows), repeated, tuple(failures))


def compare_codings(
    paths: Sequence[Path], *, taxonomy: Taxonomy, out: Path | None, overwrite: bool = False
) -> Agreement:
    """Agreement of coders, a file each; the disagreements go to `out` as JSONL. Raises DataError, RunError.

    A coder is called by the file's `annotator` if it has but one, else by the file.
    """
    if len(paths) < 2:
        raise DataError("agreement needs the files of two coders or more")
    if out is not None:
        refuse_existing(out, overwrite=overwrite)
    codings: dict[str, list[Record]] = {}
    for number, path in enumerate(paths, 1):
        records = read_records(path, taxonomy.keys)
        annotators = {record.annotator for record in records}
        name = (annotators.pop() if len(annotators) == 1 else None) or path.stem
        codings[name if name not in codings else f"{name} ({number})"] = records
    agreement = agree(codings, taxonomy.keys)
    if out is not None:
        write_lines(agreement.disagreements, out)
    return agreement


def doubt_labels(
    paths: Sequence[Path],
    *,
    taxonomy: Taxonomy,
    out: Path | None,
    config: SuspectsConfig,
    format: str | None = None,
    overwrite: bool = False,
) -> Suspects:
    """Suspects among the records of labelled files, written to `out`, the worst first.

    A row keeps its labels, and has the proposed ones as a suggestion. Raises DataError, ConfigError, RunError.
    """
    if out is not None:
        refuse_existing(out, overwrite=overwrite)
        formats.format_of(out, format)
    records = read_files(paths, taxonomy.keys)
    texts = [clean_text(record.text, config=CleanConfig()) for record in records]
    with Progress("suspects", total=config.folds, unit="folds") as bar:
        suspects = find_suspects(records, texts, domains=taxonomy.keys, config=config, fitted=bar.update)
    if out is not None:
        formats.write([_doubted(suspect) for suspect in suspects.ranked], out, format=format)
    return suspects


def _doubted(suspect: Suspect) -> Row:
    scores = {domain: round(p, 4) for domain, p in suspect.scores.items()}
    return row_of(suspect.record) | {
        "quality": round(suspect.quality, 4),
        "suggestion": {"labels": list(suspect.proposed), "scores": scores, "model": "tf-idf, out of fold"},
    }
