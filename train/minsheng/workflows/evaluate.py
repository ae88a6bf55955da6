"""`minsheng evaluate`: models and labelled files → reports as JSON, Markdown and a page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from minsheng.config.schema import EvaluateConfig, RunConfig
from minsheng.corpus.records import Record, read_files
from minsheng.errors import DataError
from minsheng.evaluation.comparison import Comparison, Contestant, compare
from minsheng.evaluation.comparison_markdown import render_comparison
from minsheng.evaluation.markdown import render
from minsheng.evaluation.values import Evaluation
from minsheng.modeling.checkpoint import write_atomic
from minsheng.pages.evaluation import evaluation_page
from minsheng.pages.evaluation_comparison import comparison_page
from minsheng.tagging.tagger import Tagger
from minsheng.workflows import provenance
from minsheng.workflows.hardware import is_main_process, launch_accelerator
from minsheng.workflows.measure import Measured, measure

if TYPE_CHECKING:
    from accelerate import Accelerator

Language = Literal["zh", "en"]
PAGE = "report.html"


def evaluate_model(
    model: str | Path,
    data: Sequence[str | Path],
    *,
    out: Path,
    config: EvaluateConfig,
    contrast_pairs: Path | None = None,
    lang: Language = "en",
) -> Evaluation:
    """Evaluate a model directory on labelled files.

    Writes `evaluation.json`, `evaluation.md` and `report.html` (in `lang`) into `out`.
    `contrast_pairs`: a labelled file whose groups are pairs (see `evaluation.contrast`).
    Raises ModelError, DataError.
    """
    accelerator = _accelerator(out, config)
    tagger = _load(model, config, accelerator)
    records = read_files(data, tagger.info.labels)
    result = _measured(model, tagger, data, records, config, contrast_pairs).evaluation
    if is_main_process():
        _write(result, out, lang)
    return result


def compare_models(
    models: Sequence[str | Path],
    data: Sequence[str | Path],
    *,
    out: Path,
    config: EvaluateConfig,
    contrast_pairs: Path | None = None,
    lang: Language = "en",
) -> Comparison:
    """Evaluate several models on the same labelled files, and test every difference.

    Writes `comparison.json`, `comparison.md` and `report.html` into `out`, and the report of each model into
    a folder there. Raises ModelError, DataError; the latter where the models do not have the same labels.
    """
    names = [str(model) for model in models]
    if len(set(names)) < len(names):
        raise DataError(f"a model is named twice ({', '.join(names)}); compare different ones")
    accelerator = _accelerator(out, config)
    measured: list[Measured] = []
    records: list[Record] = []
    labels: tuple[str, ...] = ()
    computed: set[str] = set()
    for model in models:
        tagger = _load(model, config, accelerator)
        if measured and tagger.info.labels != labels:
            raise DataError(
                f"{model} has the labels {', '.join(tagger.info.labels)} and {names[0]} has {', '.join(labels)}; "
                "compare models of one taxonomy and problem"
            )
        labels = tagger.info.labels
        computed.add(tagger.computed_by)
        records = records or read_files(data, labels)
        measured.append(_measured(model, tagger, data, records, config, contrast_pairs))
    pairs = compare(
        measured[0].truth,
        [one.given for one in measured],
        groups=[record.group for record in records],
        config=config.report,
    )
    result = Comparison(
        models=tuple(
            Contestant(name, folder, one.evaluation)
            for name, folder, one in zip(names, folders_of(names), measured, strict=True)
        ),
        pairs=pairs,
        about=provenance.of_data(data, records) | provenance.of_run(precision=", ".join(sorted(computed))),
    )
    if is_main_process():
        for one in result.models:
            _write(one.evaluation, out / one.folder, lang)
        write_atomic(out / "comparison.json", result.to_json().encode("utf-8"))
        write_atomic(out / "comparison.md", render_comparison(result).encode("utf-8"))
        write_atomic(out / PAGE, comparison_page(result, lang=lang).encode("utf-8"))
    return result


def folders_of(names: Sequence[str]) -> list[str]:
    """A folder name for the report of each model: its number and what is safe in the path that names it."""
    safe = [re.sub(r"[^0-9A-Za-z._-]+", "-", name).strip("-.")[-40:].strip("-.") for name in names]
    return [f"{number}-{name}" if name else str(number) for number, name in enumerate(safe, 1)]


def _accelerator(out: Path, config: EvaluateConfig) -> Accelerator | None:
    return launch_accelerator(RunConfig(output=str(out), threads=config.threads))


def _load(model: str | Path, config: EvaluateConfig, accelerator: Accelerator | None) -> Tagger:
    return Tagger.load(
        model, precision=config.precision, threads=config.threads, batch_tokens=config.batch_tokens,
        accelerator=accelerator,
    )  # fmt: skip


def _measured(
    name: str | Path,
    tagger: Tagger,
    data: Sequence[str | Path],
    records: Sequence[Record],
    config: EvaluateConfig,
    contrast_pairs: Path | None,
) -> Measured:
    return measure(
        tagger,
        records,
        contrast_pairs=contrast_pairs,
        about={
            **provenance.of_model(name, tagger),
            **provenance.of_data(data, records),
            **({} if contrast_pairs is None else {"contrast pairs": str(contrast_pairs)}),
            **provenance.of_run(precision=tagger.computed_by),
        },
        config=config.report,
    )


def _write(result: Evaluation, out: Path, lang: Language) -> None:
    out.mkdir(parents=True, exist_ok=True)
    write_atomic(out / "evaluation.json", result.to_json().encode("utf-8"))
    write_atomic(out / "evaluation.md", render(result).encode("utf-8"))
    write_atomic(out / PAGE, evaluation_page(result, lang=lang).encode("utf-8"))
