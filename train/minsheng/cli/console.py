"""What the commands of the corpus group share: options, and how tables and texts are shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from minsheng.taxonomy import Taxonomy

Files = Annotated[list[Path], typer.Argument(help="Labelled files: JSONL, CSV, Excel or Parquet.")]
TaxonomyName = Annotated[
    str | None,
    typer.Option("--taxonomy", help="A YAML file, or the name of one that ships. Default: livelihood."),
]
FormatName = Annotated[
    str | None,
    typer.Option(
        "--format",
        help="jsonl, csv, excel, parquet, label-studio, doccano, doccano-1. Default: by the suffix.",
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a file that exists.")]

_SHOWN = 72  # columns of a text on the screen


def taxonomy_of(name: str | None) -> Taxonomy:
    """The taxonomy of an option; without one that of training. Raises ConfigError."""
    from minsheng.config.schema import TrainConfig
    from minsheng.taxonomy import load_taxonomy

    return load_taxonomy(name or TrainConfig.model_fields["taxonomy"].default)


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print columns side by side, the first flush left; a Chinese character is two columns wide."""
    from rich.cells import cell_len

    lines = [header, *rows]
    widths = [max(cell_len(line[column]) for line in lines) for column in range(len(header))]
    for line in lines:
        first, *others = (
            " " * (width - cell_len(cell)) + cell if column else cell + " " * (width - cell_len(cell))
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        print("  " + "  ".join([first, *others]).rstrip())


def shown(text: str) -> str:
    """The beginning of a text that fits on one line."""
    from rich.cells import cell_len, set_cell_size

    text = " ".join(text.split())
    return text if cell_len(text) <= _SHOWN else set_cell_size(text, _SHOWN - 1).rstrip() + "…"


def number(value: float | None) -> str:
    """A coefficient, or a dash where there is none."""
    return "–" if value is None else f"{value:.3f}"
