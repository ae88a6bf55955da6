"""`minsheng train` and `minsheng pretrain`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
    model: Annotated[Path, typer.Argument(help="Model directory.")],
    data: Annotated[list[str], typer.Argument(help="Labelled files: JSONL, CSV, Parquet or Excel.")],
    *,
    out: Annotated[
        Path | None, typer.Option(help="Directory for the report. Default: MODEL/../evaluation.")
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

    place = out or model.parent / "evaluation"
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


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command()(train)
    app.command()(pretrain)
    app.command()(evaluate)
