"""The tables of the evaluation page for a modeller: domains, baselines, review, slices, contrast, evidence."""

from __future__ import annotations

from minsheng.evaluation.estimates import Estimate
from minsheng.evaluation.values import Cost, Domain, Evaluation, Slice
from minsheng.pages import charts, figures
from minsheng.pages.evaluation_summary import domain_mark, domain_name
from minsheng.pages.evaluation_words import Words
from minsheng.pages.markup import Child, Html, element
from minsheng.pages.tables import section, table


def domains(e: Evaluation, say: Words) -> Html:
    """Every domain and both averages, with intervals."""
    head = [say(key) for key in ("domain", "positives", "precision", "recall")]
    head += [Html("F1"), say("average_precision"), say("threshold")]
    head += [say("false_alarms_short"), say("misses_short")]
    rows: list[list[Child]] = [
        [
            [domain_mark(d, place), domain_name(d, say)],
            figures.count(d.support),
            figures.with_interval(d.precision),
            figures.with_interval(d.recall),
            figures.with_interval(d.f1),
            figures.with_interval(d.average_precision),
            say("highest") if d.threshold is None else figures.threshold(d.threshold),
            figures.count(d.false_alarms),
            figures.count(d.misses),
        ]
        for place, d in enumerate(e.domains)
    ]
    overall = e.overall
    for key, averages, precision in (
        ("macro", overall.macro, figures.with_interval(overall.macro_average_precision)),
        ("micro", overall.micro, Html("")),
    ):
        rates = (averages.precision, averages.recall, averages.f1)
        rows.append([say(key), "", *(figures.with_interval(rate) for rate in rates), precision, "", "", ""])
    line = say(
        "overall_line",
        exact=figures.percent(overall.exact_match.value),
        exact_interval=figures.percent_interval(overall.exact_match),
        hamming=figures.percent(overall.hamming_loss.value),
        hamming_interval=figures.percent_interval(overall.hamming_loss),
    )
    return section("domains", say("domains"), table(head, rows), element("p", line))


def baselines(e: Evaluation, say: Words) -> Html | None:
    """The model and each baseline: scores, the lead of the model, cost; then F1 by domain."""
    if not e.baselines:
        return None
    costs = {cost.name: cost for cost in e.costs}
    own = _system(say("model"), e.overall.macro.f1, e.overall.micro.f1, e.overall.exact_match)
    rows = [[*own, "", "", *_cost(e.costs[0] if e.costs else None, e)]]
    for rival in e.baselines:
        gap = rival.difference
        lead: list[Child] = [
            [figures.difference(gap.value), " ", element("small", figures.difference_interval(gap))],
            charts.dot(gap, low=-0.25, high=0.25),
        ]
        scores = _system(say.known(rival.name), rival.macro_f1, rival.micro_f1, rival.exact_match)
        rows.append([*scores, *lead, *_cost(costs.get(rival.name), e)])
    head: list[Child] = [say(key) for key in ("system", "macro_f1", "micro_f1", "exact", "ahead")]
    head += ["", say("seconds"), say("size")]
    by_domain: list[list[Child]] = [
        [
            [domain_mark(d, place), domain_name(d, say)],
            figures.score(d.f1.value),
            *(figures.score(rival.f1[place]) for rival in e.baselines),
        ]
        for place, d in enumerate(e.domains)
    ]
    names: list[Child] = ["F1", say("model"), *(say.known(rival.name) for rival in e.baselines)]
    return section("baselines", say("baselines"), table(head, rows), table(names, by_domain, kind="narrow"))


def _system(name: Child, macro: Estimate, micro: Estimate, exact: Estimate) -> list[Child]:
    return [
        name,
        figures.with_interval(macro),
        figures.score(micro.value),
        figures.percent(exact.value),
    ]


def _cost(cost: Cost | None, e: Evaluation) -> list[Child]:
    if cost is None:
        return [figures.NONE, figures.NONE]
    return [figures.seconds(cost.seconds, e.examples), figures.megabytes(cost.bytes)]


def review(e: Evaluation, say: Words) -> Html | None:
    """What is right and what is lost if only the accepted paragraphs are taken."""
    a = e.automatic
    if a is None:
        return None
    shares = (
        ("accepted", a.share),
        ("set_precision", a.set_precision),
        ("label_precision", a.label_precision),
        ("recall_auto", a.recall),
        ("recall_lost", a.recall_lost),
    )
    rows = [
        [say(key), figures.percent(share.value), figures.percent_interval(share)] for key, share in shares
    ]
    return section(
        "accepting", say("review_detail"), table(["", say("share"), say("interval")], rows, kind="narrow")
    )


def slices(e: Evaluation, say: Words) -> Html | None:
    """One table a property, with the micro-F1 of each value as a dot on one scale."""
    if not e.slices:
        return None
    parts: list[Child] = [element("p", say("slices_text"))]
    scale = charts.scale(row.micro_f1 for row in e.slices if not _flat(row.micro_f1))
    for name in dict.fromkeys(row.name for row in e.slices):
        rows = [_slice(row, scale, say) for row in e.slices if row.name == name]
        head = [say.known(name), say("paragraphs"), say("labels"), say("micro_f1"), figures.span(scale)]
        head += [say("macro_f1"), say("exact"), say("accepted")]
        parts.append(table(head, rows, kind="slices"))
    return section("slices", say("slices"), parts)


def _slice(row: Slice, scale: tuple[float, float], say: Words) -> list[Child]:
    name: Child = row.value
    if row.name == "register" and row.value is not None and f"register {row.value}" in say:
        name = say(f"register {row.value}")
    if row.others:
        name = say("others", n=row.others)
    elif row.value is None:
        name = say("unknown")
    return [
        name,
        figures.count(row.examples),
        figures.count(row.labels),
        figures.score(row.micro_f1.value) if _flat(row.micro_f1) else figures.with_interval(row.micro_f1),
        charts.dot(row.micro_f1, low=scale[0], high=scale[1]),
        figures.score(row.macro_f1.value),
        figures.percent(row.exact_match.value, digits=0),
        figures.percent(row.accepted, digits=0),
    ]


def _flat(estimate: Estimate) -> bool:
    """Resampling one group of paragraphs, or only right ones, changes nothing: that is no certainty."""
    return estimate.low is not None and estimate.low == estimate.high


def contrast(e: Evaluation, say: Words) -> Html | None:
    """Pairs with both right, for the model and the baselines."""
    found = e.contrast
    if found is None:
        return None
    rows: list[list[Child]] = [
        [
            say.known(row.name),
            figures.count(row.both),
            figures.count(row.one),
            [figures.percent(row.share.value), " ", element("small", figures.percent_interval(row.share))],
            charts.dot(row.share, low=0, high=1),
        ]
        for row in (found.model, *found.baselines)
    ]
    head: list[Child] = [say("system"), say("both"), say("one"), say("share"), ""]
    text = say("contrast_text", pairs=figures.count(found.pairs))
    return section("contrast", say("contrast"), element("p", text), table(head, rows, kind="narrow"))


def evidence(e: Evaluation, say: Words) -> Html | None:
    """Agreement of the sentence shown with those that a person marked."""
    found = e.evidence
    if found is None:
        return None
    places: dict[str, tuple[int, Domain]] = {d.name: (place, d) for place, d in enumerate(e.domains)}
    rows: list[list[Child]] = []
    for row in (*found.domains, found.overall):
        name: Child = say("all")
        if row is not found.overall:
            place, domain = places[row.name]
            name = [domain_mark(domain, place), domain_name(domain, say)]
        rows.append(
            [
                name,
                figures.count(row.checked),
                figures.count(row.right),
                figures.percent(row.share, digits=0),
                figures.percent(row.chance, digits=0),
            ]
        )
    head = [say(key) for key in ("domain", "checked", "right", "share", "chance")]
    return section(
        "evidence", say("evidence"), element("p", say("evidence_text")), table(head, rows, kind="narrow")
    )
