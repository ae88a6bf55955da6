"""`minsheng train` and `minsheng pretrain`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from minsheng.corpus.records import SUFFIXES
from minsheng.errors import DataError
from minsheng.modeling.shipped import TAGGER

ConfigPath = Annotated[Path, typer.Argument(help="A YAML file such as configs/quickstart.yaml.")]
Overrides = Annotated[
    list[str] | None,
    typer.Argument(help="Settings that replace those of the file: optimizer.learning_rate=3e-5"),
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Delete what the run directory holds and start anew.")
]


def train(config: ConfigPath, overrides: Overrides = None, *, overwrite: Overwrite = False) -> None:
    """Fine-tune an encoder on labelled paragraphs, or go on with a run that was stopped."""
    from minsheng.config.load import load_config
    from minsheng.config.schema import TrainConfig

    settings = load_config(TrainConfig, config, overrides or [])
    from minsheng.workflows.hardware import is_main_process
    from minsheng.workflows.train import train as run

    summary = run(settings, overwrite=overwrite)
    if is_main_process():
        print(
            f"{settings.run.output}/model: macro-F1 {summary['validation_macro_f1']:.3f}, "
            f"micro-F1 {summary['validation_micro_f1']:.3f} on validation (update {summary['best_update']})"
        )


def pretrain(config: ConfigPath, overrides: Overrides = None, *, overwrite: Overwrite = False) -> None:
    """Train a Chinese encoder on unlabelled text, or go on training one (masked-language modelling)."""
    from minsheng.config.load import load_config
    from minsheng.config.schema import PretrainConfig

    settings = load_config(PretrainConfig, config, overrides or [])
    from minsheng.workflows.hardware import is_main_process
    from minsheng.workflows.pretrain import pretrain as run

    summary = run(settings, overwrite=overwrite)
    if is_main_process():
        print(
            f"{settings.run.output}/model: {summary['tokens']:,} tokens, held-out loss {summary['held_out_loss']:.3f}, "
            f"accuracy {summary['held_out_accuracy']:.1%}"
        )


def evaluate(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="[MODEL] DATA...",
            help="A model directory (default: the tagger that ships with minsheng), then labelled files: JSONL, "
            "CSV, Parquet or Excel.",
        ),
    ],
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Directory for the report. Default: MODEL/../evaluation, else minsheng-evaluation."
        ),
    ] = None,
    contrast: Annotated[
        Path | None,
        typer.Option(
            help="Labelled file of contrast pairs: two records a group, such as data/contrast.jsonl."
        ),
    ] = None,
) -> None:
    """Say how good a model is on labelled paragraphs, beside keyword rules and TF-IDF."""
    from minsheng.config.schema import EvaluateConfig
    from minsheng.workflows.evaluate import evaluate_model
    from minsheng.workflows.hardware import is_main_process

    model, data = _model_and_data(paths)
    place = out or (
        Path(model).parent / "evaluation" if Path(model).is_dir() else Path("minsheng-evaluation")
    )
    result = evaluate_model(model, data, out=place, config=EvaluateConfig(), contrast_pairs=contrast)
    if not is_main_process():
        return

    def number(value: float | None) -> str:
        return "–" if value is None else f"{value:.3f}"

    width = max(len(domain.name) for domain in result.domains)
    print(f"{'':<{width}}  precision  recall     F1  positives")
    for domain in result.domains:
        rates = (domain.precision.value, domain.recall.value, domain.f1.value)
        precision, recall, f1 = (number(rate) for rate in rates)
        print(f"{domain.name:<{width}}  {precision:>9}  {recall:>6}  {f1:>5}  {domain.support:>9,}")
    macro = result.overall.macro.f1
    print(
        f"macro-F1 {number(macro.value)} ({number(macro.low)} to {number(macro.high)}), {result.examples:,} paragraphs"
    )
    for rival in result.baselines:
        print(f"  {rival.name}: {number(rival.macro_f1.value)}")
    if (pairs := result.contrast) is not None:
        rows = (pairs.model, *pairs.baselines)
        print(
            f"contrast pairs with both right, of {pairs.pairs}: "
            + ", ".join(f"{r.name} {r.both}" for r in rows)
        )
    print(f"report: {place / 'evaluation.md'}, {place / 'evaluation.json'}")


def _model_and_data(paths: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The model (a directory, or the name of one that ships) and the labelled files. Raises DataError."""
    first, rest = paths[0], paths[1:]
    # A file with the suffix of a table is data; anything else in the first place is meant as a model.
    model, data = (TAGGER, paths) if Path(first).suffix.lower() in SUFFIXES else (first, rest)
    if not data:
        raise DataError(f"{first}: no labelled file to evaluate on; name one after the model")
    return model, data


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command()(train)
    app.command()(pretrain)
    app.command()(evaluate)
