"""Where `minsheng tag` does its work: the options, and tagging into a Parquet dataset."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from minsheng.cli.console import conclude, put, screen
from minsheng.cli.words import say
from minsheng.errors import ConfigError

if TYPE_CHECKING:  # `minsheng --help` must not wait for pydantic
    from minsheng.config.engines import RayConfig
    from minsheng.config.schema import TagConfig

_PANEL = "Many documents"
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/+")  # Path makes one slash of two; C: is no scheme

EngineName = Annotated[
    Literal["process", "ray"],
    typer.Option("--engine", help="process: this process; ray: a Ray cluster.", rich_help_panel=_PANEL),
]
RayAddress = Annotated[
    str | None,
    typer.Option(
        help="A running Ray cluster. Default: RAY_ADDRESS, or else this machine.", rich_help_panel=_PANEL
    ),
]
RayActors = Annotated[
    int | None,
    typer.Option(help="Processes that tag. Default: as many as there is room for.", rich_help_panel=_PANEL),
]
RayGpus = Annotated[float | None, typer.Option(help="GPUs of each of these.", rich_help_panel=_PANEL)]


def ray_settings(
    engine: str, *, address: str | None, actors: int | None, gpus: float | None
) -> RayConfig | None:
    """The settings of the engine; None for the process itself. Raises ConfigError."""
    from minsheng.config.engines import RayConfig
    from minsheng.config.load import build

    given = {"address": address, "actors": actors, "gpus": gpus}
    given = {name: value for name, value in given.items() if value is not None}
    if engine == "ray":
        return build(RayConfig, given, where="options")
    if given:
        raise ConfigError(f"--ray-{min(given)} is of --engine ray: add that")
    return None


def dataset_place(paths: Sequence[str], out: Path) -> str | None:
    """`out` as the place of a Parquet dataset, where a folder of files cannot be: with object stores and Parquet."""
    found = _SCHEME.match(out.as_posix())
    place = f"{found[1]}://{out.as_posix()[found.end() :]}" if found else str(out)
    remote = found or any(_SCHEME.match(path) or path.lower().endswith(".parquet") for path in paths)
    return place if remote else None


def tag_into_dataset(
    paths: Sequence[str],
    *,
    model: str,
    out: Path,
    config: TagConfig,
    ray: RayConfig,
    overwrite: bool,
    quiet: bool,
    as_json: bool,
) -> bool:
    """Tag into Parquet files, and say so; False where `dataset_place` says that a run directory is meant.

    Exit code 3 where an input could not be read. Raises ConfigError for `overwrite`: a dataset only grows.
    """
    place = dataset_place(paths, out)
    if place is None:
        return False
    if overwrite:
        raise ConfigError(f"{place}: a dataset only grows by what is new; delete it yourself to begin anew")
    from minsheng.tagging.engines.ray import tag_dataset
    from minsheng.tagging.run import Counts
    from minsheng.workflows.progress import Progress

    began = time.monotonic()
    with screen(quiet=quiet, as_json=as_json), Progress("tag (Ray)", total=None, unit="documents") as bar:

        def show(counts: Counts) -> None:
            bar.update(counts.documents + counts.failures, f"{counts.passages:,} passages")

        done = tag_dataset(paths, model=model, out=place, config=config, ray=ray, progress=show)
    values: dict[str, Any] = {
        "out": place, "documents": done.documents, "passages": done.passages, "failures": done.failures,
        "seconds": round(time.monotonic() - began, 3),
    }  # fmt: skip

    def summary() -> None:
        put(say("{documents} documents, {passages} passages in {seconds} s", **values))
        put(say("dataset: {out} (tags/*.parquet, documents/*.parquet, failures/*.parquet)", out=place))

    conclude(values, summary, quiet=quiet, as_json=as_json)
    if done.failures:
        print(say("{failures} could not be read, listed in {out}/failures", **values), file=sys.stderr)
        raise typer.Exit(3)
    return True
