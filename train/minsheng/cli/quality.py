"""`minsheng corpus check`, `agree` and `suspects`: how sound labels are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from minsheng.cli.console import (
    RESULT,
    SCREEN,
    Files,
    FormatName,
    Json,
    Overwrite,
    Quiet,
    TaxonomyName,
    conclude,
    many,
    number,
    print_table,
    screen,
    shown,
    taxonomy_of,
)
from minsheng.cli.words import phrase, say

if TYPE_CHECKING:
    from minsheng.corpus.agreement import Agreement
    from minsheng.corpus.check import Problem, Report
    from minsheng.curation.suspects import Suspect, Suspects

_EACH = 12  # problems of one kind that are shown unless all are asked for


def check(
    files: Files,
    *,
    taxonomy: TaxonomyName = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as errors.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Show every problem.", rich_help_panel=SCREEN)] = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Find what is wrong in labelled files; each file is one set (train, validation, …)."""
    from minsheng.config.corpus import CheckConfig
    from minsheng.corpus.check import check as run

    with screen(quiet=quiet, as_json=as_json):
        report = run(files, taxonomy=taxonomy_of(taxonomy), config=CheckConfig())
    warnings = len(report.problems) - report.errors
    values = {
        "records": sum(report.records), "errors": report.errors, "warnings": warnings,
        "files": [
            {"file": str(file), "records": count}
            for file, count in zip(report.files, report.records, strict=True)
        ],
        "problems": [_problem(problem) for problem in report.problems], "counts": report.counts,
    }  # fmt: skip

    def summary() -> None:
        _print_problems(report.problems, limit=None if every else _EACH)
        _print_counts(report)
        counts = [
            many(sum(report.records), "record"),
            many(report.errors, "error"),
            many(warnings, "warning"),
        ]
        print(", ".join(counts))

    conclude(values, summary, quiet=quiet, as_json=as_json)
    if report.errors or (strict and warnings):
        raise typer.Exit(2)


def _problem(problem: Problem) -> dict[str, Any]:
    return {field.name: getattr(problem, field.name) for field in fields(problem)}


def _print_problems(problems: Sequence[Problem], *, limit: int | None) -> None:
    shown: Counter[tuple[str, str]] = Counter()
    for problem in problems:
        shown[problem.severity, problem.code] += 1
        if limit is None or shown[problem.severity, problem.code] <= limit:
            print(phrase(str(problem)))
    for (severity, code), count in shown.items():
        if limit is not None and count > limit:
            more = many(count - limit, f"more {severity}")
            print(say("… and {more} of the kind [{code}]; --all shows them", more=more, code=code))
    if problems:
        print()


def _print_counts(report: Report) -> None:
    names = [Path(file).name for file in report.files]
    for title, rows in report.counts.items():
        total = len(names) > 1
        header = [say(title), *names, *([say("all")] if total else []), say("share")]
        body = []
        for name, counts in rows.items():
            share = f"{sum(counts) / max(1, sum(report.records)):.1%}"
            everything = [f"{sum(counts):,}"] if total else []
            body.append([phrase(name), *(f"{count:,}" for count in counts), *everything, share])
        print_table(header, body)
        print()


def agree(
    files: Annotated[
        list[Path], typer.Argument(help="One labelled file a coder, with the same ids: A B [C …].")
    ],
    *,
    taxonomy: TaxonomyName = None,
    out: Annotated[
        Path | None,
        typer.Option(help="JSONL for the disagreements, to be decided.", rich_help_panel=RESULT),
    ] = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Say how far coders agree: Krippendorff's alpha, and Cohen's kappa of two."""
    from minsheng.workflows.corpus import compare_codings

    with screen(quiet=quiet, as_json=as_json):
        result = compare_codings(files, taxonomy=taxonomy_of(taxonomy), out=out, overwrite=overwrite)
    values = {
        "texts": result.texts, "coders": result.coders, "same": result.same, "alpha": result.alpha,
        "domains": {
            d.domain: {"given": d.given, "differ": d.disagreements, "alpha": d.alpha, "kappa": d.kappa}
            for d in result.domains
        },
        "disagreements": len(result.disagreements), "out": out,
    }  # fmt: skip
    conclude(values, lambda: _print_agreement(result, out), quiet=quiet, as_json=as_json)


def _print_agreement(result: Agreement, out: Path | None) -> None:
    from minsheng.corpus.agreement import RELIABLE, TENTATIVE

    print(
        say(
            "{count:,} texts coded by two or more of {coders}",
            count=result.texts, coders=", ".join(result.coders),
        )
    )  # fmt: skip
    two = len(result.coders) == 2
    kappa = ["kappa"] if two else []
    print_table(
        [say("domain"), *result.coders, say("differ"), "alpha", *kappa],
        [
            [
                d.domain,
                *map(str, d.given),
                str(d.disagreements),
                number(d.alpha),
                *([number(d.kappa)] if two else []),
            ]
            for d in result.domains
        ],
    )
    share = f"{result.same / result.texts:.1%}"
    print(say("same whole label set: {count:,} ({share})", count=result.same, share=share))
    print(say("alpha of label sets (MASI): {alpha}", alpha=number(result.alpha)))
    print(
        say(
            "Krippendorff: reliable from {reliable}, tentative conclusions from {tentative}",
            reliable=RELIABLE, tentative=TENTATIVE,
        )
    )  # fmt: skip
    if out is not None:
        print(
            say(
                "{count} disagreements: {out} (add `labels` to each line)",
                count=len(result.disagreements), out=out,
            )
        )  # fmt: skip


def suspects(
    files: Files,
    *,
    out: Annotated[
        Path | None,
        typer.Option(help="Where all suspects go, the worst first.", rich_help_panel=RESULT),
    ] = None,
    show: Annotated[int, typer.Option(help="How many to print.", min=0, rich_help_panel=SCREEN)] = 20,
    format: FormatName = None,
    taxonomy: TaxonomyName = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Rank records whose labels a model doubts that did not train on them (needs cleanlab)."""
    from minsheng.config.corpus import SuspectsConfig
    from minsheng.workflows.corpus import doubt_labels

    known, config = taxonomy_of(taxonomy), SuspectsConfig()
    with screen(quiet=quiet, as_json=as_json):
        result = doubt_labels(
            files, taxonomy=known, out=out, config=config, format=format, overwrite=overwrite
        )
    values = {
        "records": result.records, "suspects": len(result.ranked), "macro_f1": result.macro_f1, "out": out,
        "worst": [
            {
                "id": suspect.record.id, "labels": suspect.record.labels, "proposed": suspect.proposed,
                "quality": suspect.quality,
            }
            for suspect in result.ranked[:show]
        ],
    }  # fmt: skip
    conclude(values, lambda: _print_suspects(result, known.keys, show, out), quiet=quiet, as_json=as_json)


def _print_suspects(result: Suspects, domains: Sequence[str], show: int, out: Path | None) -> None:
    for rank, suspect in enumerate(result.ranked[:show], 1):
        _print_suspect(rank, suspect)
    found = many(len(result.ranked), "record")
    print(say("{found} of {all:,} with a label to look at again", found=found, all=result.records))
    doubts = Counter((doubt.domain, doubt.given) for suspect in result.ranked for doubt in suspect.doubts)
    rows = [[domain, str(doubts[domain, True]), str(doubts[domain, False])] for domain in domains]
    print_table(["", say("given, doubted"), say("missing, likely")], rows)
    print(say("macro-F1 of the model that doubts, out of fold: {value}", value=number(result.macro_f1)))
    if out is not None:
        print(say("all: {out}", out=out))


def _print_suspect(rank: int, suspect: Suspect) -> None:
    record = suspect.record
    said = [
        say(
            "not {domain}? (p = {p:.2f})" if doubt.given else "{domain}? (p = {p:.2f})",
            domain=doubt.domain,
            p=doubt.probability,
        )
        for doubt in suspect.doubts
    ]
    labels = ", ".join(record.labels) or say("none")
    print(
        say(
            "{rank:>3}. {id}  labels: {labels}  →  {doubts}",
            rank=rank, id=record.id, labels=labels, doubts="  ".join(said),
        )
    )  # fmt: skip
    print(f"     {shown(record.text)}")


def register(group: typer.Typer) -> None:
    """Add these commands to the group `corpus`."""
    for command in (check, agree, suspects):
        group.command()(command)
