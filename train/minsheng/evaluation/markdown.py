"""An `Evaluation` as Markdown: a verdict in words first, then the tables."""

from __future__ import annotations

from collections.abc import Iterable

from minsheng.evaluation import formatting as fmt
from minsheng.evaluation.values import Evaluation, Mistake
from minsheng.evaluation.verdict import verdict

_TEXT = 160  # characters of a paragraph shown in the list of errors


def render(evaluation: Evaluation) -> str:
    """The whole report, English, with domain names as given; ends with a newline."""
    parts = [
        "# Evaluation",
        "\n".join(f"- {fmt.literal(name)}: {fmt.literal(value)}" for name, value in evaluation.about.items()),
        verdict(evaluation),
        "## By domain",
        _domain_table(evaluation),
        _overall_line(evaluation),
        *_baselines(evaluation),
        *_review(evaluation),
        *_calibration(evaluation),
        *_evidence(evaluation),
        *_contrast(evaluation),
        *_slices(evaluation),
        *_errors(evaluation),
        "## How the numbers were made",
        _method(evaluation),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


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


def _review(evaluation: Evaluation) -> list[str]:
    a = evaluation.automatic
    if a is None:
        return []
    rows = [
        [name, fmt.percent(share), fmt.percent_interval(share)]
        for name, share in (
            (f"Paragraphs accepted without review ({a.accepted:,})", a.share),
            ("Their label sets that are right", a.set_precision),
            ("Their labels that are right", a.label_precision),
            ("True labels found in them", a.recall),
            ("True labels found, but left for review", a.recall_lost),
        )
    ]
    return ["## Without review", fmt.table(["If only `auto` is taken", "Share", "Interval"], rows)]


def _calibration(evaluation: Evaluation) -> list[str]:
    e = evaluation
    rows = [
        [d.name, fmt.decimal(d.calibration_error_before), fmt.decimal(d.calibration_error)] for d in e.domains
    ]
    rows.append(["**mean**", fmt.decimal(e.calibration.before), fmt.decimal(e.calibration.after)])
    text = f"Mean distance between score and frequency in {e.calibration.bins} bins of equal size."
    return ["## Calibration error", text, fmt.table(["Domain", "Before the temperature", "After"], rows)]


def _evidence(evaluation: Evaluation) -> list[str]:
    if evaluation.evidence is None:
        return []
    rows = [
        [row.name, str(row.checked), str(row.right), f"{100 * row.share:.0f} %", f"{100 * row.chance:.0f} %"]
        for row in (*evaluation.evidence.domains, evaluation.evidence.overall)
    ]
    text = "Evidence is right where at least half of it lies in text that a person marked for the same label."
    return [
        "## Evidence",
        text,
        fmt.table(["Domain", "Checked", "Right", "Share", "A random sentence"], rows),
    ]


def _contrast(evaluation: Evaluation) -> list[str]:
    found = evaluation.contrast
    if found is None:
        return []
    rows = [
        [row.name, str(row.both), str(row.one), fmt.percent(row.share), fmt.percent_interval(row.share)]
        for row in (found.model, *found.baselines)
    ]
    text = (
        f"{fmt.counted(found.pairs, 'pair')} of nearly the same paragraph with different labels. A pair counts "
        "where the whole label set of both is right."
    )
    return [
        "## Contrast pairs",
        text,
        fmt.table(["System", "Both right", "One right", "Share", "Interval"], rows),
    ]


def _slices(evaluation: Evaluation) -> list[str]:
    head = ["", "Paragraphs", "True labels", "Micro-F1", "Macro-F1", "Exact match", "Without review"]
    parts = []
    for name in dict.fromkeys(row.name for row in evaluation.slices):
        rows = [
            [
                fmt.literal(row.value),
                str(row.examples),
                str(row.labels),
                fmt.point_and_interval(row.micro_f1),
                fmt.point(row.macro_f1),
                fmt.point(row.exact_match),
                "–" if row.accepted is None else f"{100 * row.accepted:.0f} %",
            ]
            for row in evaluation.slices
            if row.name == name
        ]
        parts += [f"## By {name}", fmt.table(head, rows)]
    return parts


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
            fmt.literal(fmt.shortened(m.text, most=_TEXT)),
            fmt.literal(m.id),
        ]
        for m in mistakes
    ]
    return fmt.table(["Score", "Domain", "True", "Given", "Paragraph", "Id"], rows, align="---")


def _method(evaluation: Evaluation) -> str:
    s = evaluation.settings
    drawn = "paragraphs" if evaluation.groups is None else "whole groups"
    return (
        f"Intervals are {100 * s.level:g} % bootstrap percentile intervals ({s.resamples:,} resamples of "
        f"{drawn}, seed {s.seed}); differences use the same resamples for both systems. Macro averages leave "
        "out a domain whose score is undefined (–). A baseline with scores gives a label from 0.5 on."
    )
