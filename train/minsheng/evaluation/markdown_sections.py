"""The sections of a Markdown report below its main tables; each is empty where there is nothing to say."""

from __future__ import annotations

from minsheng.evaluation import formatting as fmt
from minsheng.evaluation.values import Evaluation, Slice


def review(evaluation: Evaluation) -> list[str]:
    """What happens if only paragraphs decided `auto` are taken."""
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


def calibration(evaluation: Evaluation) -> list[str]:
    """Calibration error before and after the temperature."""
    e = evaluation
    rows = [
        [d.name, fmt.decimal(d.calibration_error_before), fmt.decimal(d.calibration_error)] for d in e.domains
    ]
    rows.append(["**mean**", fmt.decimal(e.calibration.before), fmt.decimal(e.calibration.after)])
    text = f"Mean distance between score and frequency in {e.calibration.bins} bins of equal size."
    return ["## Calibration error", text, fmt.table(["Domain", "Before the temperature", "After"], rows)]


def evidence(evaluation: Evaluation) -> list[str]:
    """Agreement with marked sentences."""
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


def contrast(evaluation: Evaluation) -> list[str]:
    """Shares of contrast pairs with both right."""
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


def slices(evaluation: Evaluation) -> list[str]:
    """One table a property."""
    head = ["", "Paragraphs", "True labels", "Micro-F1", "Macro-F1", "Exact match", "Without review"]
    parts = []
    for name in dict.fromkeys(row.name for row in evaluation.slices):
        rows = [
            [
                slice_name(row),
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
        title = "## By length in characters" if name == "length" else f"## By {fmt.literal(name)}"
        parts += [title, fmt.table(head, rows)]
    return parts


def slice_name(row: Slice) -> str:
    """The value of a slice in words."""
    if row.others:
        return fmt.counted(row.others, "other value")
    return "unknown" if row.value is None else fmt.literal(row.value)


def confusions(evaluation: Evaluation) -> list[str]:
    """The cells of the confusion table in which something went wrong, the most frequent first."""
    wrong = sorted((c for c in evaluation.confusions if c.wrong), key=lambda c: -c.wrong)
    rows = [
        [
            c.true or "no domain",
            c.given or "nothing",
            str(c.paragraphs),
            str(c.instead),
            str(c.beside),
            fmt.percent_of(c.wrong, c.paragraphs),
        ]
        for c in wrong
    ]
    pairs = [
        [f"{t.first} + {t.second}", str(t.true), str(t.given), str(t.correct)] for t in evaluation.together
    ]
    text = (
        "Paragraphs that have the first domain and not the second, and how often the model gave them the second: "
        "instead of the first, or beside it. A paragraph of two domains counts for both."
    )
    found = []
    if rows:
        head = ["Truth", "Given wrongly", "Paragraphs", "Instead", "Beside", "Share"]
        found += ["## Taken for another domain", text, fmt.table(head, rows)]
    if pairs:
        head = ["Both in one paragraph", "In truth", "Given", "Right"]
        found += ["## Domains that stand together", fmt.table(head, pairs)]
    return found


def costs(evaluation: Evaluation) -> list[str]:
    """Time and size of each system."""
    rows = [
        [
            fmt.literal(cost.name),
            fmt.seconds_per_thousand(cost.seconds, evaluation.examples),
            "–" if cost.bytes is None else f"{cost.bytes / 1e6:.1f} MB",
        ]
        for cost in evaluation.costs
    ]
    head = ["System", "Seconds for 1,000 paragraphs here", "Size on disk"]
    return ["## Cost", fmt.table(head, rows)] if rows else []


def suspects(evaluation: Evaluation) -> list[str]:
    """Records whose labels look wrong."""
    found = evaluation.suspects
    if not found.shown:
        return []
    rows = [
        [
            f"{s.against:.3f}",
            s.domain,
            ", ".join(s.truth) or "none",
            ", ".join(s.given) or "none",
            fmt.literal(", ".join(s.agree)) or "–",
            fmt.literal(fmt.shortened(s.text)),
            fmt.literal(s.id),
        ]
        for s in found.shown
    ]
    text = (
        f"{fmt.counted(found.found, 'record')} with a label that the model holds for wrong with a probability of "
        f"{evaluation.settings.doubt:g} or more; the model may be what is wrong. The strongest first."
    )
    head = ["Against", "Domain", "Label", "Model", "Agree with the model", "Paragraph", "Id"]
    return ["## Labels to check", text, fmt.table(head, rows, align="---")]
