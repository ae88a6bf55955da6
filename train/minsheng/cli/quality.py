"""`minsheng corpus check`, `agree` and `suspects`: how sound labels are."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from minsheng.cli.console import (
    Files,
    FormatName,
    Overwrite,
    TaxonomyName,
    number,
    print_table,
    shown,
    taxonomy_of,
)

if TYPE_CHECKING:
    from minsheng.corpus.check import Problem, Report
    from minsheng.curation.suspects import Suspect

_EACH = 12  # problems of one kind that are shown unless all are asked for


def check(
    files: Files,
    *,
    taxonomy: TaxonomyName = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as errors.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Show every problem.")] = False,
) -> None:
    """Find what is wrong in labelled files; each file is one set (train, validation, …)."""
    from minsheng.config.corpus import CheckConfig
    from minsheng.corpus.check import check as run

    report = run(files, taxonomy=taxonomy_of(taxonomy), config=CheckConfig())
    _print_problems(report.problems, limit=None if every else _EACH)
    _print_counts(report)
    warnings = len(report.problems) - report.errors
    print(f"{sum(report.records):,} records, {_many(report.errors, 'error')}, {_many(warnings, 'warning')}")
    if report.errors or (strict and warnings):
        raise typer.Exit(2)


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _print_problems(problems: Sequence[Problem], *, limit: int | None) -> None:
    shown: Counter[tuple[str, str]] = Counter()
    for problem in problems:
        shown[problem.severity, problem.code] += 1
        if limit is None or shown[problem.severity, problem.code] <= limit:
            print(problem)
    for (severity, code), count in shown.items():
        if limit is not None and count > limit:
            print(f"… and {count - limit} more {severity}s of the kind [{code}]; --all shows them")
    if problems:
        print()


def _print_counts(report: Report) -> None:
    names = [Path(file).name for file in report.files]
    for title, rows in report.counts.items():
        total = len(names) > 1
        header = [title, *names, *(["all"] if total else []), "share"]
        body = []
        for name, counts in rows.items():
            share = f"{sum(counts) / max(1, sum(report.records)):.1%}"
            everything = [f"{sum(counts):,}"] if total else []
            body.append([name, *(f"{count:,}" for count in counts), *everything, share])
        print_table(header, body)
        print()


def agree(
    files: Annotated[
        list[Path], typer.Argument(help="One labelled file a coder, with the same ids: A B [C …].")
    ],
    *,
    taxonomy: TaxonomyName = None,
    out: Annotated[Path | None, typer.Option(help="JSONL for the disagreements, to be decided.")] = None,
    overwrite: Overwrite = False,
) -> None:
    """Say how far coders agree: Krippendorff's alpha, and Cohen's kappa of two."""
    from minsheng.corpus.agreement import RELIABLE, TENTATIVE
    from minsheng.workflows.corpus import compare_codings

    result = compare_codings(files, taxonomy=taxonomy_of(taxonomy), out=out, overwrite=overwrite)
    print(f"{result.texts:,} texts coded by two or more of {', '.join(result.coders)}")
    kappa = ["kappa"] if len(files) == 2 else []
    print_table(
        ["domain", *result.coders, "differ", "alpha", *kappa],
        [
            [
                d.domain,
                *map(str, d.given),
                str(d.disagreements),
                number(d.alpha),
                *([number(d.kappa)] if kappa else []),
            ]
            for d in result.domains
        ],
    )
    print(f"same whole label set: {result.same:,} ({result.same / result.texts:.1%})")
    print(f"alpha of label sets (MASI): {number(result.alpha)}")
    print(f"Krippendorff: reliable from {RELIABLE}, tentative conclusions from {TENTATIVE}")
    if out is not None:
        print(f"{len(result.disagreements)} disagreements: {out} (add `labels` to each line)")


def suspects(
    files: Files,
    *,
    out: Annotated[Path | None, typer.Option(help="Where all suspects go, the worst first.")] = None,
    show: Annotated[int, typer.Option(help="How many to print.", min=0)] = 20,
    format: FormatName = None,
    taxonomy: TaxonomyName = None,
    overwrite: Overwrite = False,
) -> None:
    """Rank records whose labels a model doubts that did not train on them (needs cleanlab)."""
    from minsheng.config.corpus import SuspectsConfig
    from minsheng.workflows.corpus import doubt_labels

    known, config = taxonomy_of(taxonomy), SuspectsConfig()
    print(f"fitting TF-IDF {config.folds} times, each time without a fold …", file=sys.stderr, flush=True)
    result = doubt_labels(files, taxonomy=known, out=out, config=config, format=format, overwrite=overwrite)
    for rank, suspect in enumerate(result.ranked[:show], 1):
        _print_suspect(rank, suspect)
    print(f"{_many(len(result.ranked), 'record')} of {result.records:,} with a label to look at again")
    doubts = Counter((doubt.domain, doubt.given) for suspect in result.ranked for doubt in suspect.doubts)
    rows = [[domain, str(doubts[domain, True]), str(doubts[domain, False])] for domain in known.keys]
    print_table(["", "given, doubted", "missing, likely"], rows)
    print(f"macro-F1 of the model that doubts, out of fold: {number(result.macro_f1)}")
    if out is not None:
        print(f"all: {out}")


def _print_suspect(rank: int, suspect: Suspect) -> None:
    record = suspect.record
    said = [
        f"{'not ' if doubt.given else ''}{doubt.domain}? (p = {doubt.probability:.2f})"
        for doubt in suspect.doubts
    ]
    print(f"{rank:>3}. {record.id}  labels: {', '.join(record.labels) or 'none'}  →  {'  '.join(said)}")
    print(f"     {shown(record.text)}")


def register(group: typer.Typer) -> None:
    """Add these commands to the group `corpus`."""
    for command in (check, agree, suspects):
        group.command()(command)
