"""`minsheng corpus …`: the group, and its commands that make labelled files (`quality` has the others)."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from minsheng.cli import quality
from minsheng.cli.console import FormatName, Overwrite, TaxonomyName, print_table, shown, taxonomy_of

if TYPE_CHECKING:
    from minsheng.documents.values import Failure

corpus = typer.Typer(help="Make, check and exchange labelled paragraphs (标注语料).", no_args_is_help=True)
quality.register(corpus)

Documents = Annotated[
    list[str], typer.Argument(help="Documents: files, folders (with all below them), globs, or tables.")
]
TextColumn = Annotated[str, typer.Option(help="Column that holds the text.")]


def _report(failures: Sequence[Failure]) -> None:
    """Say what could not be read; exit code 3 if there is anything."""
    for failure in failures:
        print(f"minsheng: {failure.message}", file=sys.stderr)
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
        str | None, typer.Option(help="Label Studio: take the annotations of this person (e-mail or number).")
    ] = None,
    text_column: TextColumn = "text",
    labels_column: Annotated[str, typer.Option(help="Column that holds the labels.")] = "labels",
    unlabelled: Annotated[
        bool, typer.Option("--unlabelled", help="Keep what nobody has labelled yet.")
    ] = False,
    overwrite: Overwrite = False,
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
    print(f"{out}: {len(labelled):,} labelled records")
    if len(labelled) < len(rows):
        verb = "kept without labels" if unlabelled else "left out; --unlabelled keeps them"
        print(f"{len(rows) - len(labelled):,} texts that nobody has labelled: {verb}")


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
        bool, typer.Option("--suggestions", help="Labels become suggestions that a person confirms.")
    ] = False,
    overwrite: Overwrite = False,
) -> None:
    """Write records for Label Studio or doccano, or as a table."""
    from minsheng.corpus.exchange import formats
    from minsheng.corpus.exchange.label_studio import interface
    from minsheng.workflows.corpus import refuse_existing

    refuse_existing(out, overwrite=overwrite)
    known = taxonomy_of(taxonomy)
    rows = formats.read(source, known)
    formats.write(formats.as_suggestions(rows) if suggestions else rows, out, format=format)
    print(f"{out}: {len(rows):,} records")
    if formats.format_of(out, format) == "label-studio":
        print("labelling interface (Settings → Labeling Interface → Code):\n" + interface(known), end="")


@corpus.command()
def suggest(
    documents: Documents,
    *,
    out: Annotated[Path, typer.Option(help="Where the weakly labelled passages go.")],
    format: FormatName = None,
    taxonomy: TaxonomyName = None,
    text_column: TextColumn = "text",
    overwrite: Overwrite = False,
) -> None:
    """Label passages by the taxonomy's keywords, for a start without a model (annotator keyword-rule)."""
    from minsheng.config.load import build
    from minsheng.config.schema import DocumentsConfig
    from minsheng.workflows.corpus import suggest_labels

    config = build(DocumentsConfig, {"text_column": text_column}, where="options")
    weak, failures = suggest_labels(
        documents, taxonomy=taxonomy_of(taxonomy), out=out, config=config, format=format, overwrite=overwrite
    )
    total = len(weak.rows)
    print(f"{out}: {total:,} passages with weak labels")
    rows = {"covered (a label or more)": weak.coverage, "several domains": weak.overlaps}
    rows |= {"conflicts (words of two domains)": weak.conflicts, **weak.domains}
    print_table(["", "passages", "share"], [[k, f"{n:,}", f"{n / total:.1%}"] for k, n in rows.items()])
    for words, count in weak.contested[:5]:
        print(f"  {count:,} × {words}")
    _report(failures)


@corpus.command()
def select(
    documents: Documents,
    *,
    model: Annotated[Path, typer.Option(help="Model directory.")],
    out: Annotated[Path, typer.Option(help="Where the passages go: .json (Label Studio), .jsonl, .xlsx, …")],
    count: Annotated[int | None, typer.Option(help="How many passages. Default: 100.")] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed, another choice.")] = None,
    labelled: Annotated[
        list[Path] | None, typer.Option(help="Labelled files whose texts to leave out.")
    ] = None,
    format: FormatName = None,
    text_column: TextColumn = "text",
    overwrite: Overwrite = False,
) -> None:
    """Choose the passages that are most worth labelling next for a model: uncertain and different."""
    from minsheng.config.corpus import SelectionConfig
    from minsheng.config.load import build
    from minsheng.config.schema import TagConfig
    from minsheng.workflows.corpus import select_passages

    given = {key: value for key, value in {"count": count, "seed": seed}.items() if value is not None}
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
    print(f"{out}: {len(result.rows):,} of {result.passages:,} passages")
    if result.known:
        print(f"{result.known:,} passages left out: labelled already, or there twice")
    for row in result.rows[:5]:
        scores = row["suggestion"]["scores"]
        doubt = min(scores, key=lambda domain: abs(scores[domain] - 0.5))
        print(f"  {doubt} {scores[doubt]:.2f}  {shown(row['text'])}")
    _report(result.failures)


def register(app: typer.Typer) -> None:
    """Add the group `corpus`."""
    app.add_typer(corpus, name="corpus")
