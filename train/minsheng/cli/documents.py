"""`minsheng read` and `minsheng tag`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from minsheng.cli.console import (
    READING,
    RESULT,
    Json,
    Quiet,
    conclude,
    domain_names,
    encodings,
    print_table,
    put,
    screen,
    warn,
)
from minsheng.cli.engine import EngineName, RayActors, RayAddress, RayGpus, ray_settings, tag_into_dataset
from minsheng.cli.words import phrase, say
from minsheng.modeling.shipped import TAGGER
from minsheng.pages.language import Language, system_language

if TYPE_CHECKING:
    from minsheng.documents.values import Document, Failure
    from minsheng.workflows.tag import Tagged

_SHOWN = 5  # failures printed; the file has them all

Paths = Annotated[
    list[str], typer.Argument(help="Files, folders (with all below them), globs, or - for standard input.")
]
Encoding = Annotated[
    str | None,
    typer.Option(
        help="Character encoding of text files, such as gb18030 or big5. Default: detected.",
        autocompletion=encodings,
        rich_help_panel=READING,
    ),
]
TextColumn = Annotated[
    str, typer.Option(help="Column of a table that holds the text.", rich_help_panel=READING)
]
MaskPersonal = Annotated[
    bool,
    typer.Option(
        "--mask-personal",
        help="Write * over identity-card, phone and bank-card numbers and e-mail addresses in the results.",
        rich_help_panel=RESULT,
    ),
]


def _settings(encoding: str | None, text_column: str) -> dict[str, object]:
    return {"encoding": encoding, "text_column": text_column}


def read(
    paths: Paths,
    *,
    dropped: Annotated[bool, typer.Option("--dropped", help="Also show what was dropped, and why.")] = False,
    encoding: Encoding = None,
    text_column: TextColumn = "text",
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Show the passages of documents as they would be tagged."""
    from minsheng.config.load import build
    from minsheng.config.schema import DocumentsConfig
    from minsheng.documents.clean import clean
    from minsheng.documents.read import read_all
    from minsheng.documents.render import render
    from minsheng.documents.split import split
    from minsheng.documents.values import Failure
    from minsheng.workflows.progress import followed

    config = build(DocumentsConfig, _settings(encoding, text_column), where="options")
    failures: list[Failure] = []
    documents: list[dict[str, Any]] = []  # filled for --json alone
    printed = False
    with screen(quiet=quiet, as_json=as_json):
        # The documents themselves show that something is done, where they are printed.
        for item in followed(read_all(paths, config=config), "read", unit="documents", show=as_json):
            if isinstance(item, Failure):
                failures.append(item)
                warn(item.message)
                continue
            document = split(clean(item, config=config.clean), config=config.split)
            if as_json:
                documents.append(_document(document, dropped=dropped))
            elif not quiet:
                lines = render(document, dropped=dropped, say=say)
                print("\n".join(["", *lines] if printed else lines))
                printed = True
    conclude(
        {"documents": documents, "failures": [asdict(failure) for failure in failures]},
        lambda: None, quiet=quiet, as_json=as_json,
    )  # fmt: skip
    if failures:
        raise typer.Exit(3)


def _document(document: Document, *, dropped: bool) -> dict[str, Any]:
    """What `read` shows, for a script; the keys of a passage are those of `tags.jsonl`."""
    source = document.source
    values: dict[str, Any] = {
        "document": source.document, "date": source.date, "title": source.title, "encoding": source.encoding,
        "confidence": source.confidence, "pages": len(source.pages),
        "passages": [
            {
                "passage": number, "page": p.page, "heading": p.heading, "start": p.start, "end": p.end,
                "text": p.text,
            }
            for number, p in enumerate(document.passages)
        ],
        "headings": [asdict(heading) for heading in document.headings],
        "flags": [asdict(flag) for flag in document.flags],
    }  # fmt: skip
    return values | ({"dropped": [asdict(span) for span in document.dropped]} if dropped else {})


def tag(
    paths: Paths,
    *,
    model: Annotated[
        str, typer.Option(help="Model directory. Default: the tagger that ships with minsheng.")
    ] = TAGGER,
    out: Annotated[Path, typer.Option(help="Directory for the results.", rich_help_panel=RESULT)] = Path(
        "minsheng-tags"
    ),
    encoding: Encoding = None,
    text_column: TextColumn = "text",
    evidence: Annotated[
        bool, typer.Option(help="Name the sentence that earns each label.", rich_help_panel=RESULT)
    ] = True,
    mask_personal: MaskPersonal = False,
    lang: Annotated[
        Language | None,
        typer.Option(help="Language of the page. Default: that of the system.", rich_help_panel=RESULT),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Delete an earlier run in --out.", rich_help_panel=RESULT),
    ] = False,
    engine: EngineName = "process",
    ray_address: RayAddress = None,
    ray_actors: RayActors = None,
    ray_gpus: RayGpus = None,
    quiet: Quiet = False,
    as_json: Json = False,
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
    ray = ray_settings(engine, address=ray_address, actors=ray_actors, gpus=ray_gpus)
    if ray is not None and tag_into_dataset(
        paths, model=model, out=out, config=config, ray=ray, overwrite=overwrite, quiet=quiet, as_json=as_json
    ):
        return
    from minsheng.workflows.hardware import is_main_process

    with screen(quiet=quiet, as_json=as_json):
        from minsheng.workflows.tag import tag as run

        done = run(paths, model=model, out=out, config=config, page=page, overwrite=overwrite, ray=ray)
    if not is_main_process():
        return
    conclude(_values(done), lambda: _summary(done, model), quiet=quiet, as_json=as_json)
    if done.failures:
        _show_failures(done.out / "failures.jsonl", done.failures)
        raise typer.Exit(3)


def _values(done: Tagged) -> dict[str, Any]:
    return {
        "out": done.out, "page": done.out / "report.html", "documents": done.documents,
        "passages": done.passages, "labels": done.labels, "review": done.review, "failures": done.failures,
        "can_decide": done.can_decide, "seconds": round(done.seconds, 3),
    }  # fmt: skip


def _summary(done: Tagged, model: str) -> None:
    from minsheng.modeling.directory import read_info
    from minsheng.modeling.shipped import shipped

    put(
        say(
            "{documents} documents, {passages} passages in {seconds:.1f} s ({rate:.0f} passages a second)",
            documents=done.documents, passages=done.passages, seconds=done.seconds,
            rate=done.passages / max(done.seconds, 1e-9),
        )
    )  # fmt: skip
    if not done.documents:  # nothing but failures, which follow
        return
    names = domain_names(read_info(shipped(model) or Path(model)).taxonomy)
    counts = [(names.get(key, key), count) for key, count in done.labels.items()]
    rows = [[name, f"{count:,}", _share(count, done.passages)] for name, count in counts]
    rows.append([say("to review"), f"{done.review:,}", _share(done.review, done.passages)])
    print_table(["", say("passages"), say("share")], rows)
    if not done.can_decide:
        print(
            say(
                "  (all: the model's validation data were too few, or its errors too many, to say which are safe)"
            )
        )
    print(say("page: {page}", page=done.out / "report.html"))
    print(say("results: {out} (tags.xlsx, tags.csv, tags.jsonl, tags.parquet, documents.csv)", out=done.out))


def _share(count: int, total: int) -> str:
    return f"{count / total:.1%}" if total else "–"


def _show_failures(place: Path, count: int) -> None:
    import json
    from itertools import islice

    print(say("{count} could not be read, listed in {place}:", count=count, place=place), file=sys.stderr)
    with place.open(encoding="utf-8") as lines:
        for line in islice(lines, _SHOWN):
            print(f"  {phrase(json.loads(line)['message'])}", file=sys.stderr)
    if count > _SHOWN:
        print(say("  … and {count} more", count=count - _SHOWN), file=sys.stderr)


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command()(read)
    app.command()(tag)
