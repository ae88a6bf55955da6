"""`minsheng read` and `minsheng tag`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from minsheng.modeling.shipped import TAGGER
from minsheng.pages.language import Language, system_language

_SHOWN = 5  # failures printed; the file has them all

Paths = Annotated[
    list[str], typer.Argument(help="Files, folders (with all below them), globs, or - for standard input.")
]
Encoding = Annotated[
    str | None,
    typer.Option(help="Character encoding of text files, such as gb18030 or big5. Default: detected."),
]
TextColumn = Annotated[str, typer.Option(help="Column of a table that holds the text.")]


def _settings(encoding: str | None, text_column: str) -> dict[str, object]:
    return {"encoding": encoding, "text_column": text_column}


def read(
    paths: Paths,
    *,
    dropped: Annotated[bool, typer.Option("--dropped", help="Also show what was dropped, and why.")] = False,
    encoding: Encoding = None,
    text_column: TextColumn = "text",
) -> None:
    """Show the passages of documents as they would be tagged."""
    from minsheng.config.load import build
    from minsheng.config.schema import DocumentsConfig
    from minsheng.documents.clean import clean
    from minsheng.documents.read import read_all
    from minsheng.documents.render import render
    from minsheng.documents.split import split
    from minsheng.documents.values import Failure

    config = build(DocumentsConfig, _settings(encoding, text_column), where="options")
    failures = documents = 0
    for item in read_all(paths, config=config):
        if isinstance(item, Failure):
            failures += 1
            print(f"minsheng: {item.message}", file=sys.stderr)
            continue
        if documents:
            print()
        documents += 1
        document = split(clean(item, config=config.clean), config=config.split)
        for line in render(document, dropped=dropped):
            print(line)
    if failures:
        raise typer.Exit(3)


def tag(
    paths: Paths,
    *,
    model: Annotated[
        str, typer.Option(help="Model directory. Default: the tagger that ships with minsheng.")
    ] = TAGGER,
    out: Annotated[Path, typer.Option(help="Directory for the results.")] = Path("minsheng-tags"),
    encoding: Encoding = None,
    text_column: TextColumn = "text",
    evidence: Annotated[bool, typer.Option(help="Name the sentence that earns each label.")] = True,
    mask_personal: Annotated[
        bool,
        typer.Option(
            "--mask-personal",
            help="Write * over identity-card, phone and bank-card numbers and e-mail addresses in the results.",
        ),
    ] = False,
    lang: Annotated[
        Language | None, typer.Option(help="Language of the page. Default: that of the system.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Delete an earlier run in --out.")] = False,
) -> None:
    """Label every passage of the documents; results go to --out as a page, JSONL, CSV, Excel and Parquet."""
    from minsheng.config.load import build
    from minsheng.config.pages import TagsPageConfig
    from minsheng.config.schema import TagConfig

    settings = {
        "documents": _settings(encoding, text_column), "evidence": evidence, "mask_personal": mask_personal,
    }  # fmt: skip
    config = build(TagConfig, settings, where="options")
    page = TagsPageConfig(lang=lang or system_language())
    from minsheng.workflows.hardware import is_main_process
    from minsheng.workflows.tag import tag as run

    done = run(paths, model=model, out=out, config=config, page=page, overwrite=overwrite)
    if not is_main_process():
        return
    width = max((len(domain) for domain in done.labels), default=0)
    print(
        f"{done.documents} documents, {done.passages} passages in {done.seconds:.1f} s "
        f"({done.passages / max(done.seconds, 1e-9):.0f} passages a second)"
    )
    for domain, count in done.labels.items():
        share = f"{count / done.passages:6.1%}" if done.passages else ""
        print(f"  {domain:<{width}}  {count:>7,}  {share}")
    print(f"  {'to review':<{width}}  {done.review:>7,}")
    if not done.can_decide:
        print(
            "  (all: the model's validation data were too few, or its errors too many, to say which are safe)"
        )
    print(f"page: {done.out / 'report.html'}")
    print(f"results: {done.out} (tags.xlsx, tags.csv, tags.jsonl, tags.parquet, documents.csv)")
    if done.failures:
        _show_failures(done.out / "failures.jsonl", done.failures)
        raise typer.Exit(3)


def _show_failures(place: Path, count: int) -> None:
    import json
    from itertools import islice

    print(f"{count} could not be read, listed in {place}:", file=sys.stderr)
    with place.open(encoding="utf-8") as lines:
        for line in islice(lines, _SHOWN):
            print(f"  {json.loads(line)['message']}", file=sys.stderr)
    if count > _SHOWN:
        print(f"  … and {count - _SHOWN} more", file=sys.stderr)


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command()(read)
    app.command()(tag)
