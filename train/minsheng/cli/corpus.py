"""`minsheng corpus …`: the group, and its commands that make labelled files (`quality` has the others)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from minsheng.cli import quality
from minsheng.cli.console import (
    READING,
    RESULT,
    FormatName,
    Json,
    Overwrite,
    Quiet,
    TaxonomyName,
    conclude,
    print_table,
    screen,
    shown,
    taxonomy_of,
    warn,
)
from minsheng.cli.words import say

if TYPE_CHECKING:
    from minsheng.corpus.candidates import WeakLabels
    from minsheng.documents.values import Failure
    from minsheng.workflows.corpus import Selection

corpus = typer.Typer(help="Make, check and exchange labelled paragraphs (标注语料).", no_args_is_help=True)
quality.register(corpus)

Documents = Annotated[
    list[str], typer.Argument(help="Documents: files, folders (with all below them), globs, or tables.")
]
TextColumn = Annotated[str, typer.Option(help="Column that holds the text.", rich_help_panel=READING)]


def _report(failures: Sequence[Failure]) -> None:
    """Say what could not be read; exit code 3 if there is anything."""
    for failure in failures:
        warn(failure.message)
    if failures:
        raise typer.Exit(3)


@corpus.command("import")
def import_(
    source: Annotated[Path, typer.Argument(help="Labels from another program.")],
    out: Annotated[Path, typer.Argument(help="Where they go: .jsonl, .csv, .xlsx or .parquet.")],
    *,
    format: FormatName = None,
    taxonomy: TaxonomyName = None,
    annotator: Annotated[
        str | None,
        typer.Option(
            help="Label Studio: take the annotations of this person (e-mail or number).",
            rich_help_panel=READING,
        ),
    ] = None,
    text_column: TextColumn = "text",
    labels_column: Annotated[
        str, typer.Option(help="Column that holds the labels.", rich_help_panel=READING)
    ] = "labels",
    unlabelled: Annotated[
        bool,
        typer.Option("--unlabelled", help="Keep what nobody has labelled yet.", rich_help_panel=RESULT),
    ] = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Read labels from Label Studio, doccano or a table. Labels may be keys or display names."""
    from minsheng.corpus.exchange import formats
    from minsheng.errors import DataError
    from minsheng.workflows.corpus import refuse_existing

    refuse_existing(out, overwrite=overwrite)
    rows = formats.read(
        source,
        taxonomy_of(taxonomy),
        format=format,
        annotator=annotator,
        text_column=text_column,
        labels_column=labels_column,
    )
    labelled = [row for row in rows if "labels" in row]
    if not labelled and not unlabelled:
        raise DataError(
            f"{source}: none of {len(rows)} texts has labels; --unlabelled keeps them all the same"
        )
    formats.write(rows if unlabelled else labelled, out)
    counts = {"labelled": len(labelled), "unlabelled": len(rows) - len(labelled)}

    def summary() -> None:
        print(say("{out}: {count:,} labelled records", out=out, count=counts["labelled"]))
        if counts["unlabelled"]:
            verb = say("kept without labels") if unlabelled else say("left out; --unlabelled keeps them")
            print(
                say("{count:,} texts that nobody has labelled: {verb}", count=counts["unlabelled"], verb=verb)
            )

    conclude({"out": out, **counts}, summary, quiet=quiet, as_json=as_json)


@corpus.command("export")
def export(
    source: Annotated[Path, typer.Argument(help="Records, labelled or not: JSONL, CSV, Excel, Parquet.")],
    out: Annotated[
        Path, typer.Argument(help="Where they go: .json (Label Studio), .jsonl, .csv, .xlsx, .parquet.")
    ],
    *,
    format: FormatName = None,
    taxonomy: TaxonomyName = None,
    suggestions: Annotated[
        bool,
        typer.Option(
            "--suggestions", help="Labels become suggestions that a person confirms.", rich_help_panel=RESULT
        ),
    ] = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Write records for Label Studio or doccano, or as a table."""
    from minsheng.corpus.exchange import formats
    from minsheng.corpus.exchange.label_studio import interface
    from minsheng.workflows.corpus import refuse_existing

    refuse_existing(out, overwrite=overwrite)
    known = taxonomy_of(taxonomy)
    rows = formats.read(source, known)
    formats.write(formats.as_suggestions(rows) if suggestions else rows, out, format=format)
    name = formats.format_of(out, format)

    def summary() -> None:
        print(say("{out}: {count:,} records", out=out, count=len(rows)))
        if name == "label-studio":
            print(say("labelling interface (Settings → Labeling Interface → Code):"))
            print(interface(known), end="")

    values = {"out": out, "records": len(rows), "format": name}
    if name == "label-studio":
        values["interface"] = interface(known)
    conclude(values, summary, quiet=quiet, as_json=as_json)


@corpus.command()
def suggest(
    documents: Documents,
    *,
    out: Annotated[Path, typer.Option(help="Where the weakly labelled passages go.", rich_help_panel=RESULT)],
    format: FormatName = None,
    taxonomy: TaxonomyName = None,
    text_column: TextColumn = "text",
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Label passages by the taxonomy's keywords, for a start without a model (annotator keyword-rule)."""
    from minsheng.config.load import build
    from minsheng.config.schema import DocumentsConfig
    from minsheng.workflows.corpus import suggest_labels

    config = build(DocumentsConfig, {"text_column": text_column}, where="options")
    with screen(quiet=quiet, as_json=as_json):
        weak, failures = suggest_labels(
            documents,
            taxonomy=taxonomy_of(taxonomy),
            out=out,
            config=config,
            format=format,
            overwrite=overwrite,
        )
    values = {
        "out": out, "passages": len(weak.rows), "covered": weak.coverage, "several": weak.overlaps,
        "conflicts": weak.conflicts, "domains": weak.domains, "failures": len(failures),
    }  # fmt: skip
    conclude(values, lambda: _print_weak(weak, out), quiet=quiet, as_json=as_json)
    _report(failures)


def _print_weak(weak: WeakLabels, out: Path) -> None:
    total = len(weak.rows)
    print(say("{out}: {count:,} passages with weak labels", out=out, count=total))
    rows = {say("covered (a label or more)"): weak.coverage, say("several domains"): weak.overlaps}
    rows |= {say("conflicts (words of two domains)"): weak.conflicts, **weak.domains}
    shares = [[name, f"{count:,}", f"{count / total:.1%}"] for name, count in rows.items()]
    print_table(["", say("passages"), say("share")], shares)
    for words, count in weak.contested[:5]:
        print(f"  {count:,} × {words}")


@corpus.command()
def select(
    documents: Documents,
    *,
    model: Annotated[Path, typer.Option(help="Model directory.")],
    out: Annotated[
        Path,
        typer.Option(
            help="Where the passages go: .json (Label Studio), .jsonl, .xlsx, …", rich_help_panel=RESULT
        ),
    ],
    count: Annotated[int | None, typer.Option(help="How many passages. Default: 100.")] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed, another choice.")] = None,
    labelled: Annotated[
        list[Path] | None,
        typer.Option(help="Labelled files whose texts to leave out.", rich_help_panel=READING),
    ] = None,
    format: FormatName = None,
    text_column: TextColumn = "text",
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Choose the passages that are most worth labelling next for a model: uncertain and different."""
    from minsheng.config.corpus import SelectionConfig
    from minsheng.config.load import build
    from minsheng.config.schema import TagConfig
    from minsheng.workflows.corpus import select_passages

    given = {key: value for key, value in {"count": count, "seed": seed}.items() if value is not None}
    with screen(quiet=quiet, as_json=as_json):
        result = select_passages(
            documents,
            model=model,
            out=out,
            tagging=build(TagConfig, {"documents": {"text_column": text_column}}, where="options"),
            config=build(SelectionConfig, given, where="options"),
            labelled=labelled or [],
            format=format,
            overwrite=overwrite,
        )
    values = {
        "out": out, "selected": len(result.rows), "passages": result.passages, "known": result.known,
        "failures": len(result.failures),
    }  # fmt: skip
    conclude(values, lambda: _print_selection(result, out), quiet=quiet, as_json=as_json)
    _report(result.failures)


def _print_selection(result: Selection, out: Path) -> None:
    print(say("{out}: {count:,} of {all:,} passages", out=out, count=len(result.rows), all=result.passages))
    if result.known:
        print(say("{count:,} passages left out: labelled already, or there twice", count=result.known))
    for row in result.rows[:5]:
        scores = row["suggestion"]["scores"]
        doubt = min(scores, key=lambda domain: abs(scores[domain] - 0.5))
        print(f"  {doubt} {scores[doubt]:.2f}  {shown(row['text'])}")


def register(app: typer.Typer) -> None:
    """Add the group `corpus`."""
    app.add_typer(corpus, name="corpus")
