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


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command()(train)
    app.command()(pretrain)
