"""What the commands share: options, and how summaries, tables and texts are shown."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from minsheng.cli.words import phrase, say

if TYPE_CHECKING:
    from minsheng.taxonomy import Taxonomy

# Groups of options in the help; each is a title there.
READING, RESULT, SCREEN = "What is read", "What is written", "On the screen"

FORMATS = ("jsonl", "csv", "excel", "parquet", "label-studio", "doccano", "doccano-1")


def _formats(incomplete: str) -> list[str]:
    return [name for name in FORMATS if name.startswith(incomplete)]


def _taxonomies(incomplete: str) -> list[str]:
    from minsheng.taxonomy import shipped_taxonomies

    return [name for name in shipped_taxonomies() if name.startswith(incomplete)]


def encodings(incomplete: str) -> list[str]:
    """Names of encodings that begin so, for completion."""
    return [name for name in ("utf-8", "gb18030", "big5", "utf-16") if name.startswith(incomplete)]


Files = Annotated[list[Path], typer.Argument(help="Labelled files: JSONL, CSV, Excel or Parquet.")]
TaxonomyName = Annotated[
    str | None,
    typer.Option(
        "--taxonomy",
        help="A YAML file, or the name of one that ships. Default: livelihood.",
        autocompletion=_taxonomies,
        rich_help_panel=READING,
    ),
]
FormatName = Annotated[
    str | None,
    typer.Option(
        "--format",
        help="jsonl, csv, excel, parquet, label-studio, doccano, doccano-1. Default: by the suffix.",
        autocompletion=_formats,
        rich_help_panel=RESULT,
    ),
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace a file that exists.", rich_help_panel=RESULT)
]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet", "-q", help="No progress and no summary; errors are still shown.", rich_help_panel=SCREEN
    ),
]
Json = Annotated[
    bool,
    typer.Option(
        "--json",
        help="Print one JSON object on standard output in place of the summary.",
        rich_help_panel=SCREEN,
    ),
]

_SHOWN = 72  # columns of a text on the screen


@contextmanager
def screen(*, quiet: bool, as_json: bool = False) -> Iterator[None]:
    """Progress inside this is in the person's language, and silent if asked for; nothing else changes.

    On a terminal it is said that torch is being loaded, unless `quiet` or `as_json`: workflows that need it are
    imported inside this.
    """
    from minsheng.workflows.progress import Voice, speaking

    with speaking(Voice(quiet=quiet, say=phrase)), _loading(told=not quiet and not as_json):
        yield


@contextmanager
def _loading(*, told: bool) -> Iterator[None]:
    """Says so on standard error when torch begins to load: 5 to 10 s in which nothing else could be shown."""
    notice = _LoadingNotice()
    # Of several processes that `accelerate launch` began, the first speaks.
    told = told and os.environ.get("RANK", "0") == "0"
    if not told or "torch" in sys.modules or not sys.stderr.isatty():
        yield
        return
    sys.meta_path.insert(0, notice)
    try:
        yield
    finally:
        sys.meta_path.remove(notice)


def conclude(values: Mapping[str, Any], summary: Callable[[], None], *, quiet: bool, as_json: bool) -> None:
    """The end of a command: `values` as one JSON object if asked for, else the summary unless quiet."""
    if as_json:
        print(json.dumps(_plain(values), ensure_ascii=False))
    elif not quiet:
        summary()


def _plain(value: Any) -> Any:
    """JSON has no NaN and no infinity, and no path."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Path):
        return str(value)
    return value


def put(line: str, style: str = "") -> None:
    """Print a line; in a style (of rich) only where standard output is a terminal that wants colours."""
    if style and sys.stdout.isatty():
        from rich.console import Console
        from rich.text import Text

        Console(highlight=False).print(Text(line, style), soft_wrap=True)
    else:
        print(line)


def warn(message: str) -> None:
    """A line on standard error, marked as ours, in the person's language."""
    from minsheng.documents.values import one_line

    print("minsheng:", one_line(phrase(" ".join(message.splitlines()))), file=sys.stderr)


def taxonomy_of(name: str | None) -> Taxonomy:
    """The taxonomy of an option; without one that of training. Raises ConfigError."""
    from minsheng.config.schema import TrainConfig
    from minsheng.taxonomy import load_taxonomy

    return load_taxonomy(name or TrainConfig.model_fields["taxonomy"].default)


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print columns side by side, the first flush left; a Chinese character is two columns wide."""
    from rich.cells import cell_len

    lines = [header, *rows] if any(header) else list(rows)
    widths = [max(cell_len(line[column]) for line in lines) for column in range(len(header))]
    for line in lines:
        first, *others = (
            " " * (width - cell_len(cell)) + cell if column else cell + " " * (width - cell_len(cell))
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        put("  " + "  ".join([first, *others]).rstrip(), "bold" if line is header else "")


def domain_names(taxonomy: Taxonomy) -> dict[str, str]:
    """Each domain as the person reads it: its key, with the Chinese name where messages are Chinese."""
    from minsheng.cli.words import language

    chinese = language() == "zh"
    return {
        domain.key: f"{domain.name.zh} {domain.key}" if chinese else domain.key for domain in taxonomy.domains
    }


def shown(text: str) -> str:
    """The beginning of a text that fits on one line."""
    from rich.cells import cell_len, set_cell_size

    text = " ".join(text.split())
    return text if cell_len(text) <= _SHOWN else set_cell_size(text, _SHOWN - 1).rstrip() + "…"


def number(value: float | None) -> str:
    """A coefficient, or a dash where there is none."""
    return "–" if value is None else f"{value:.3f}"


def many(count: int, noun: str) -> str:
    """`1 error`, `2 errors`; the noun is one of the catalogue, and has no plural in Chinese."""
    return say("{count:,} " + noun + ("" if count == 1 else "s"), count=count)


class _LoadingNotice:
    """An import finder that finds nothing: it is asked first, and tells the person of torch, once."""

    def __init__(self) -> None:
        self._told = False

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """None, so that the import goes on as without it."""
        if name == "torch" and not self._told:
            self._told = True
            line = say("loading torch; the first time this can take some seconds …")
            print(line, file=sys.stderr, flush=True)
        return None
