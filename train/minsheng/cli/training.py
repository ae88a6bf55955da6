"""`minsheng train`, `minsheng distill` and `minsheng pretrain`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from minsheng.cli.console import Json, Quiet, conclude, number, print_table, put, screen
from minsheng.cli.words import say

if TYPE_CHECKING:  # `minsheng --help` must not wait for pydantic
    from minsheng.config.distill import DistillConfig
    from minsheng.config.schema import PretrainConfig, Settings, TrainConfig

S = TypeVar("S", bound="Settings")

# The arguments and options of all three commands.
ConfigPath = Annotated[Path, typer.Argument(help="A YAML file such as configs/quickstart.yaml.")]
Overrides = Annotated[
    list[str] | None,
    typer.Argument(help="Settings that replace those of the file: optimizer.learning_rate=3e-5"),
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Delete what the run directory holds and start anew.")
]


def _settings(schema: type[S], config: Path, overrides: list[str] | None) -> S:
    from minsheng.config.load import load_config

    return load_config(schema, config, overrides or [])


def _conclude(
    settings: TrainConfig | DistillConfig | PretrainConfig,
    summary: Mapping[str, Any],
    show: Callable[[Path, Mapping[str, Any]], None],
    *,
    quiet: bool,
    as_json: bool,
) -> None:
    """The end of a run, said by one process of several: where the model is, and how good."""
    from minsheng.workflows.hardware import is_main_process

    if is_main_process():
        folder = Path(settings.run.output)
        values = {"model": folder / "model", **summary}
        conclude(values, lambda: show(folder, summary), quiet=quiet, as_json=as_json)


def train(
    config: ConfigPath,
    overrides: Overrides = None,
    *,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Fine-tune an encoder on labelled paragraphs, or go on with a run that was stopped."""
    from minsheng.config.schema import TrainConfig

    settings = _settings(TrainConfig, config, overrides)
    with screen(quiet=quiet, as_json=as_json):
        from minsheng.workflows.train import train as run

        summary = run(settings, overwrite=overwrite)
    _conclude(settings, summary, _trained, quiet=quiet, as_json=as_json)


def _trained(folder: Path, summary: Mapping[str, Any]) -> None:
    put(say("model: {model}", model=folder / "model"))
    rows = [
        [say("macro-F1 on validation"), number(summary["validation_macro_f1"])],
        [say("micro-F1 on validation"), number(summary["validation_micro_f1"])],
        [say("best update"), f"{summary['best_update']:,} / {summary['updates']:,}"],
        [say("time"), _time(summary["seconds"])],
    ]
    print_table(["", ""], rows)
    put(
        say(
            "next: minsheng evaluate {model} LABELLED_FILE, or minsheng tag FOLDER --model {model}",
            model=folder / "model",
        )
    )


def distill(
    config: ConfigPath,
    overrides: Overrides = None,
    *,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Make a small, fast model that says what a large one says, or go on with a run that was stopped."""
    from minsheng.config.distill import DistillConfig

    settings = _settings(DistillConfig, config, overrides)
    with screen(quiet=quiet, as_json=as_json):
        from minsheng.workflows.distill import distill as run

        summary = run(settings, overwrite=overwrite)
    _conclude(settings, summary, _distilled, quiet=quiet, as_json=as_json)


def _distilled(folder: Path, summary: Mapping[str, Any]) -> None:
    student, teacher = (summary["cost"][who] for who in ("student", "teacher"))
    rows = [
        [
            say("macro-F1 on validation"),
            *(number(summary[f"{who}_macro_f1"]) for who in ("student", "teacher")),
        ],
        [
            say("million operations a token"),
            *(f"{who['operations'] / 1e6:,.2f}" for who in (student, teacher)),
        ],
        [say("passages a second"), *(f"{who['passages_a_second']:,.0f}" for who in (student, teacher))],
    ]
    print_table(["", say("student"), say("teacher")], rows)
    put(say("same labels as the teacher: {share:.1%}", share=summary["same_labels"]))
    _trained(folder, summary)


def _time(seconds: float) -> str:
    from minsheng.workflows.progress import duration

    return duration(seconds)


def pretrain(
    config: ConfigPath,
    overrides: Overrides = None,
    *,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Train a Chinese encoder on unlabelled text, or go on training one (masked-language modelling)."""
    from minsheng.config.schema import PretrainConfig

    settings = _settings(PretrainConfig, config, overrides)
    with screen(quiet=quiet, as_json=as_json):
        from minsheng.workflows.pretrain import pretrain as run

        summary = run(settings, overwrite=overwrite)
    _conclude(settings, summary, _pretrained, quiet=quiet, as_json=as_json)


def _pretrained(folder: Path, summary: Mapping[str, Any]) -> None:
    put(say("encoder: {model}", model=folder / "model"))
    rows = [
        [say("tokens"), f"{summary['tokens']:,}"],
        [say("held-out loss"), number(summary["held_out_loss"])],
        [say("held-out accuracy"), f"{summary['held_out_accuracy']:.1%}"],
        [say("time"), _time(summary["seconds"])],
    ]
    print_table(["", ""], rows)
    put(say("next: minsheng train CONFIG model.name={model}", model=folder / "model"))


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command()(train)
    app.command()(distill)
    app.command()(pretrain)
