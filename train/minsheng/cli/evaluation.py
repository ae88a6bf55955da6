"""`minsheng evaluate`: one model, or several side by side."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from minsheng.cli import words
from minsheng.cli.console import RESULT, Json, Quiet, conclude, number, print_table, put, screen
from minsheng.cli.words import say
from minsheng.corpus.records import SUFFIXES
from minsheng.errors import DataError
from minsheng.modeling.shipped import TAGGER

if TYPE_CHECKING:
    from minsheng.evaluation.comparison import Comparison
    from minsheng.evaluation.values import Domain, Evaluation


_REPORTS = ("evaluation", "comparison")  # of one model, of several


class PageLanguage(StrEnum):
    """Of the page that people look at."""

    zh = "zh"
    en = "en"


ContrastPairs = Annotated[
    Path | None,
    typer.Option(help="Labelled file of contrast pairs: two records a group, such as data/contrast.jsonl."),
]


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
            "models minsheng-comparison.",
            rich_help_panel=RESULT,
        ),
    ] = None,
    contrast: ContrastPairs = None,
    lang: Annotated[
        PageLanguage | None,
        typer.Option(help="Language of report.html. Default: that of the system.", rich_help_panel=RESULT),
    ] = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Say how good a model is on labelled paragraphs, beside keyword rules and TF-IDF; or compare models."""
    from minsheng.config.schema import EvaluateConfig
    from minsheng.pages.language import system_language
    from minsheng.workflows.hardware import is_main_process

    models, data = models_and_data(paths)
    language = lang.value if lang is not None else system_language()
    place = out or _place(models)
    config = EvaluateConfig()
    several = len(models) > 1
    with screen(quiet=quiet, as_json=as_json):
        from minsheng.workflows.evaluate import PAGE, compare_models, evaluate_model

        if several:
            compared = compare_models(
                models, data, out=place, config=config, contrast_pairs=contrast, lang=language
            )
        else:
            result = evaluate_model(
                models[0], data, out=place, config=config, contrast_pairs=contrast, lang=language
            )
    if not is_main_process():
        return
    files = [place / name for name in (PAGE, *(f"{_REPORTS[several]}.{suffix}" for suffix in ("md", "json")))]
    values = _compared(compared) if several else _evaluated(result)

    def summary() -> None:
        if several:
            _print_comparison(compared)
        else:
            _print_evaluation(result)
        print(say("report: {files}", files=", ".join(map(str, files))))

    conclude({"out": place, "page": place / PAGE, **values}, summary, quiet=quiet, as_json=as_json)


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


def _evaluated(result: Evaluation) -> dict[str, Any]:
    """What a script wants of an evaluation; evaluation.json has everything."""
    macro = result.overall.macro.f1
    return {
        "examples": result.examples,
        "macro_f1": {"value": macro.value, "low": macro.low, "high": macro.high},
        "domains": {
            domain.name: {
                "precision": domain.precision.value, "recall": domain.recall.value, "f1": domain.f1.value,
                "positives": domain.support,
            }
            for domain in result.domains
        },
        "baselines": {rival.name: {"macro_f1": rival.macro_f1.value} for rival in result.baselines},
    }  # fmt: skip


def _compared(result: Comparison) -> dict[str, Any]:
    return {
        "models": {model.name: _evaluated(model.evaluation) for model in result.models},
        "pairs": [
            {
                "first": result.models[pair.first].name, "second": result.models[pair.second].name,
                "macro_f1_difference": pair.macro_f1.difference.value, "p": pair.macro_f1.adjusted,
            }
            for pair in result.pairs
        ],
    }  # fmt: skip


def _shown_name(domain: Domain) -> str:
    return f"{domain.label.zh} {domain.name}" if words.language() == "zh" else domain.name


def _print_evaluation(result: Evaluation) -> None:
    rows = [
        [
            _shown_name(domain),
            *(number(rate.value) for rate in (domain.precision, domain.recall, domain.f1)),
            f"{domain.support:,}",
        ]
        for domain in result.domains
    ]
    print_table(["", say("precision"), say("recall"), "F1", say("positives")], rows)
    macro = result.overall.macro.f1
    put(
        say(
            "macro-F1 {value} ({low} to {high}), {count:,} paragraphs",
            value=number(macro.value), low=number(macro.low), high=number(macro.high), count=result.examples,
        ),
        "bold",
    )  # fmt: skip
    _print_few(result)
    for rival in result.baselines:
        print(f"  {say(rival.name)}: {number(rival.macro_f1.value)}")
    if (pairs := result.contrast) is not None:
        systems = (pairs.model, *pairs.baselines)
        each = ", ".join(f"{say(system.name)} {system.both}" for system in systems)
        print(say("contrast pairs with both right, of {pairs}: {each}", pairs=pairs.pairs, each=each))


def _print_few(result: Evaluation) -> None:
    """What is missing for the verdicts of the page."""
    from minsheng.pages.evaluation_summary import paragraphs_to_label

    few = [domain for domain in result.domains if domain.judgement.verdict == "few"]
    if not few:
        return
    put(
        say(
            "too few examples for a verdict on: {names} (asked for: {positives} positives each)",
            names=", ".join(map(_short_name, few)),
            positives=result.settings.positives,
        ),
        "yellow",
    )
    if (more := paragraphs_to_label(result)) is not None:
        put(say("  about {more:,} more labelled paragraphs, drawn as these were, would be enough", more=more))


def _short_name(domain: Domain) -> str:
    return domain.label.zh if words.language() == "zh" else domain.name


def _print_comparison(result: Comparison) -> None:
    domains = result.models[0].evaluation.domains
    rows = [
        [
            model.name,
            number(model.evaluation.overall.macro.f1.value),
            *(number(domain.f1.value) for domain in model.evaluation.domains),
        ]
        for model in result.models
    ]
    print_table(["F1", say("macro"), *map(_short_name, domains)], rows)
    for pair in result.pairs:
        first, second = (result.models[place].name for place in (pair.first, pair.second))
        gap = pair.macro_f1.difference
        print(
            say(
                "{first} − {second}: macro-F1 {gap} ({low} to {high}), p = {p}",
                first=first, second=second, gap="–" if gap.value is None else f"{gap.value:+.3f}",
                low=number(gap.low), high=number(gap.high), p=number(pair.macro_f1.adjusted),
            )
        )  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command()(evaluate)
