"""An `Evaluation` as Markdown: a verdict in words first, then the tables."""

from __future__ import annotations

from collections.abc import Iterable

from minsheng.evaluation import formatting as fmt
from minsheng.evaluation import markdown_sections as sections
from minsheng.evaluation.findings import Mistake
from minsheng.evaluation.values import Evaluation
from minsheng.evaluation.verdict import VERDICTS, rule, verdict


def render(evaluation: Evaluation) -> str:
    """The whole report, English, with domain names as given; ends with a newline."""
    parts = [
        "# Evaluation",
        "\n".join(f"- {fmt.literal(name)}: {fmt.literal(value)}" for name, value in evaluation.about.items()),
        verdict(evaluation),
        "## What can be used",
        _judgements(evaluation),
        rule(evaluation.settings),
        "## By domain",
        _domain_table(evaluation),
        _overall_line(evaluation),
        *_baselines(evaluation),
        *sections.costs(evaluation),
        *sections.review(evaluation),
        *sections.confusions(evaluation),
        *sections.calibration(evaluation),
        *sections.evidence(evaluation),
        *sections.contrast(evaluation),
        *sections.slices(evaluation),
        *_errors(evaluation),
        *sections.suspects(evaluation),
        "## How the numbers were made",
        _method(evaluation),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _judgements(evaluation: Evaluation) -> str:
    rows = [
        [
            d.name,
            VERDICTS[d.judgement.verdict],
            f"{fmt.per_hundred(d.correct, d.support)} ({d.correct} of {d.support})",
            f"{fmt.per_hundred(d.false_alarms, d.correct + d.false_alarms)} "
            f"({d.false_alarms} of {d.correct + d.false_alarms})",
            fmt.decimal(d.judgement.recall),
            fmt.decimal(d.judgement.precision),
        ]
        for d in evaluation.domains
    ]
    head = [
        "Domain",
        "Verdict",
        "Found, of 100 that speak of it",
        "Wrong, of 100 tagged with it",
        "Recall at least",
        "Precision at least",
    ]
    return fmt.table(head, rows)


def _domain_table(evaluation: Evaluation) -> str:
    rows: list[list[str]] = [
        [
            d.name,
            str(d.support),
            fmt.point(d.precision),
            fmt.point(d.recall),
            fmt.point_and_interval(d.f1),
            fmt.point_and_interval(d.average_precision),
            "highest" if d.threshold is None else f"{d.threshold:.2f}",
            str(d.false_alarms),
            str(d.misses),
        ]
        for d in evaluation.domains
    ]
    support = str(sum(d.support for d in evaluation.domains))
    overall = evaluation.overall
    for name, averages, ap in (
        ("**macro**", overall.macro, fmt.point_and_interval(overall.macro_average_precision)),
        ("**micro**", overall.micro, ""),
    ):
        rows.append(
            [
                name,
                support,
                fmt.point(averages.precision),
                fmt.point(averages.recall),
                fmt.point_and_interval(averages.f1),
                ap,
                "",
                "",
                "",
            ]
        )
    head = [
        "Domain",
        "True",
        "Precision",
        "Recall",
        "F1",
        "Average precision",
        "Threshold",
        "False alarms",
        "Misses",
    ]
    return fmt.table(head, rows)


def _overall_line(evaluation: Evaluation) -> str:
    overall = evaluation.overall
    return (
        f"Whole label set right (exact match): {fmt.point_and_interval(overall.exact_match)}. "
        f"Wrong cells (Hamming loss): {fmt.point_and_interval(overall.hamming_loss)}."
    )


def _baselines(evaluation: Evaluation) -> list[str]:
    e = evaluation
    if not e.baselines:
        return []
    names = [d.name for d in e.domains]
    overall = e.overall
    model = [
        "**model**",
        fmt.point_and_interval(overall.macro.f1),
        fmt.point(overall.micro.f1),
        fmt.point(overall.exact_match),
    ]
    rows = [[*model, "", *(fmt.point(d.f1) for d in e.domains)]]
    for rival in e.baselines:
        scores = [
            fmt.point_and_interval(rival.macro_f1),
            fmt.point(rival.micro_f1),
            fmt.point(rival.exact_match),
        ]
        rows.append(
            [
                rival.name,
                *scores,
                fmt.point_and_interval(rival.difference, sign=True),
                *(fmt.decimal(f1) for f1 in rival.f1),
            ]
        )
    head = [
        "System",
        "Macro-F1",
        "Micro-F1",
        "Exact match",
        "Model ahead by",
        *(f"F1 {name}" for name in names),
    ]
    return ["## Beside the baselines", fmt.table(head, rows)]


def _errors(evaluation: Evaluation) -> list[str]:
    parts = []
    for title, mistakes in (("False alarms", evaluation.false_alarms), ("Misses", evaluation.misses)):
        if mistakes:
            parts += [f"## {title}, the surest first", _mistake_table(mistakes)]
    return parts


def _mistake_table(mistakes: Iterable[Mistake]) -> str:
    rows = [
        [
            f"{m.score:.2f}",
            m.domain,
            ", ".join(m.truth) or "none",
            ", ".join(m.given) or "none",
            _sentence(m),
            fmt.literal(fmt.shortened(m.text)),
            fmt.literal(m.id),
        ]
        for m in mistakes
    ]
    return fmt.table(["Score", "Domain", "True", "Given", "Sentence", "Paragraph", "Id"], rows, align="---")


def _sentence(mistake: Mistake) -> str:
    found = mistake.sentence
    if found is None:
        return "–"
    return fmt.literal(fmt.shortened(mistake.text[found.start : found.end]))


def _method(evaluation: Evaluation) -> str:
    s = evaluation.settings
    drawn = "paragraphs" if evaluation.groups is None else "whole groups"
    return (
        f"Intervals are {100 * s.level:g} % bootstrap percentile intervals ({s.resamples:,} resamples of "
        f"{drawn}, seed {s.seed}); differences use the same resamples for both systems. Macro averages leave "
        "out a domain whose score is undefined (–). A baseline with scores gives a label from 0.5 on."
    )
