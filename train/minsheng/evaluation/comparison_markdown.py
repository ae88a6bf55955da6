"""A `Comparison` as Markdown: the models side by side, then the tests."""

from __future__ import annotations

from minsheng.evaluation import formatting as fmt
from minsheng.evaluation.comparison import Comparison, Pair, PairedTest, better


def render_comparison(comparison: Comparison) -> str:
    """The whole comparison, English; ends with a newline."""
    first = comparison.models[0].evaluation
    parts = [
        "# Comparison of models",
        "\n".join(f"- {fmt.literal(name)}: {fmt.literal(value)}" for name, value in comparison.about.items()),
        "\n".join(_sentence(comparison, pair) for pair in comparison.pairs),
        "## Side by side",
        _models(comparison),
        "## Differences",
        _differences(comparison),
        f"Differences are those of F1, first minus second, with {100 * first.settings.level:g} % intervals of a "
        f"paired bootstrap ({first.settings.resamples:,} resamples of "
        f"{'paragraphs' if first.groups is None else 'whole groups'}, seed {first.settings.seed}). p is two-sided "
        "and adjusted after Holm: macro-F1 over the pairs of models, a domain over the domains.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _sentence(comparison: Comparison, pair: Pair) -> str:
    one, two = (fmt.literal(comparison.models[place].name) for place in (pair.first, pair.second))
    gap = pair.macro_f1.difference
    winner = better(pair, level=comparison.models[0].evaluation.settings.level)
    if gap.value is None:
        return f"- {one} cannot be compared with {two}."
    size = f"{gap.value:+.3f} ({fmt.interval(gap)}, p = {fmt.decimal(pair.macro_f1.adjusted)})"
    size = f"macro-F1 of {one} minus {two}: {size}"
    if winner is None:
        return f"- {one} and {two} cannot be told apart; {size}."
    best, worst = (one, two) if winner == pair.first else (two, one)
    return f"- **{best} is better than {worst}**; {size}."


def _models(comparison: Comparison) -> str:
    models = comparison.models
    rows = [["Macro-F1", *(fmt.point_and_interval(m.evaluation.overall.macro.f1) for m in models)]]
    rows.append(["Micro-F1", *(fmt.point_and_interval(m.evaluation.overall.micro.f1) for m in models)])
    rows.append(["Exact match", *(fmt.percent(m.evaluation.overall.exact_match) for m in models)])
    for place, domain in enumerate(models[0].evaluation.domains):
        rows.append([f"F1 {domain.name}", *(fmt.point(m.evaluation.domains[place].f1) for m in models)])
    rows.append(["Calibration error", *(fmt.decimal(m.evaluation.calibration.after) for m in models)])
    review = [m.evaluation.automatic for m in models]
    rows.append(["Without review", *("–" if a is None else fmt.percent(a.share) for a in review)])
    return fmt.table(["", *(fmt.literal(m.name) for m in models)], rows)


def _differences(comparison: Comparison) -> str:
    domains = [domain.name for domain in comparison.models[0].evaluation.domains]
    rows = []
    for pair in comparison.pairs:
        names = [fmt.literal(comparison.models[place].name) for place in (pair.first, pair.second)]
        title = " − ".join(names)
        rows.append([title, "**macro-F1**", *_cells(pair.macro_f1)])
        rows += [[title, name, *_cells(test)] for name, test in zip(domains, pair.domains, strict=True)]
    return fmt.table(["Models", "F1", "Difference", "p"], rows)


def _cells(test: PairedTest) -> list[str]:
    return [fmt.point_and_interval(test.difference, sign=True), fmt.decimal(test.adjusted)]
