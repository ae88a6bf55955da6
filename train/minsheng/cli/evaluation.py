"""`minsheng evaluate`: one model, or several side by side."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from minsheng.cli.console import number, print_table
from minsheng.corpus.records import SUFFIXES
from minsheng.errors import DataError
from minsheng.modeling.shipped import TAGGER

if TYPE_CHECKING:
    from minsheng.evaluation.comparison import Comparison
    from minsheng.evaluation.values import Evaluation


class PageLanguage(StrEnum):
    """Of the page that people look at."""

    zh = "zh"
    en = "en"


def evaluate(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="[MODEL...] DATA...",
            help="Model directories (default: the tagger that ships with minsheng), then labelled files: JSONL, "
            "CSV, Parquet or Excel. Several models are compared.",
        ),
    ],
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Directory for the report. Default: MODEL/../evaluation, else minsheng-evaluation; for several "
            "models minsheng-comparison."
        ),
    ] = None,
    contrast: Annotated[
        Path | None,
        typer.Option(
            help="Labelled file of contrast pairs: two records a group, such as data/contrast.jsonl."
        ),
    ] = None,
    lang: Annotated[
        PageLanguage | None, typer.Option(help="Language of report.html. Default: that of the system.")
    ] = None,
) -> None:
    """Say how good a model is on labelled paragraphs, beside keyword rules and TF-IDF; or compare models."""
    from minsheng.config.schema import EvaluateConfig
    from minsheng.pages.language import system_language
    from minsheng.workflows.evaluate import PAGE, compare_models, evaluate_model
    from minsheng.workflows.hardware import is_main_process

    models, data = models_and_data(paths)
    language = lang.value if lang is not None else system_language()
    place = out or _place(models)
    config = EvaluateConfig()
    if len(models) > 1:
        compared = compare_models(
            models, data, out=place, config=config, contrast_pairs=contrast, lang=language
        )
        if is_main_process():
            _print_comparison(compared)
            print(f"report: {place / PAGE}, {place / 'comparison.md'}, {place / 'comparison.json'}")
        return
    result = evaluate_model(models[0], data, out=place, config=config, contrast_pairs=contrast, lang=language)
    if is_main_process():
        _print_evaluation(result)
        print(f"report: {place / PAGE}, {place / 'evaluation.md'}, {place / 'evaluation.json'}")


def _place(models: Sequence[str]) -> Path:
    if len(models) > 1:
        return Path("minsheng-comparison")
    return Path(models[0]).parent / "evaluation" if Path(models[0]).is_dir() else Path("minsheng-evaluation")


def models_and_data(paths: Sequence[str]) -> tuple[list[str], list[str]]:
    """The models (directories, or names of those that ship) and the labelled files. Raises DataError."""
    # A file with the suffix of a table is data; anything else before the data is meant as a model.
    files = [not Path(path).is_dir() and Path(path).suffix.lower() in SUFFIXES for path in paths]
    first = files.index(True) if True in files else len(paths)
    models, data = list(paths[:first]), list(paths[first:])
    late = next((path for path in data if Path(path).is_dir()), None)
    if late is not None:
        raise DataError(f"{late}: name the models before the labelled files")
    if not data:
        raise DataError(f"{paths[-1]}: no labelled file to evaluate on; name one after the model")
    return models or [TAGGER], data


def _print_evaluation(result: Evaluation) -> None:
    rows = [
        [
            domain.name,
            *(number(rate.value) for rate in (domain.precision, domain.recall, domain.f1)),
            f"{domain.support:,}",
        ]
        for domain in result.domains
    ]
    print_table(["", "precision", "recall", "F1", "positives"], rows)
    macro = result.overall.macro.f1
    print(
        f"macro-F1 {number(macro.value)} ({number(macro.low)} to {number(macro.high)}), "
        f"{result.examples:,} paragraphs"
    )
    for rival in result.baselines:
        print(f"  {rival.name}: {number(rival.macro_f1.value)}")
    if (pairs := result.contrast) is not None:
        systems = (pairs.model, *pairs.baselines)
        print(
            f"contrast pairs with both right, of {pairs.pairs}: "
            + ", ".join(f"{system.name} {system.both}" for system in systems)
        )


def _print_comparison(result: Comparison) -> None:
    names = [domain.name for domain in result.models[0].evaluation.domains]
    rows = [
        [
            model.name,
            number(model.evaluation.overall.macro.f1.value),
            *(number(domain.f1.value) for domain in model.evaluation.domains),
        ]
        for model in result.models
    ]
    print_table(["F1", "macro", *names], rows)
    for pair in result.pairs:
        first, second = (result.models[place].name for place in (pair.first, pair.second))
        gap = pair.macro_f1.difference
        print(
            f"{first} − {second}: macro-F1 {'–' if gap.value is None else f'{gap.value:+.3f}'} "
            f"({number(gap.low)} to {number(gap.high)}), p = {number(pair.macro_f1.adjusted)}"
        )


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command()(evaluate)
