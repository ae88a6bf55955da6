"""The charts of the evaluation page: curves, the confusion table, reliability."""

from __future__ import annotations

from minsheng.evaluation.findings import Confusion
from minsheng.evaluation.values import Domain, Evaluation
from minsheng.pages import charts, figures
from minsheng.pages.evaluation_summary import domain_mark, domain_name
from minsheng.pages.evaluation_words import Words
from minsheng.pages.markup import Child, Html, element
from minsheng.pages.tables import section, table

_STRONG = (0.02, 0.05, 0.1)  # shares of wrongly tagged paragraphs from which a cell is shaded darker


def curves(e: Evaluation, say: Words) -> Html:
    """A precision–recall curve a domain, with the point in use."""
    return section(
        "curves",
        say("curves"),
        element("p", say("curves_text")),
        element("div", [_curve(d, place, e, say) for place, d in enumerate(e.domains)], class_="charts"),
    )


def _curve(domain: Domain, place: int, e: Evaluation, say: Words) -> Html:
    name, precision, recall = domain_name(domain, say), domain.precision.value, domain.recall.value
    if not domain.curve:
        return _figure(domain, place, say, None, say("no_positives"))
    chart = charts.precision_recall(
        domain.curve,
        chosen=None if precision is None or recall is None else (recall, precision),
        prevalence=domain.support / e.examples,
        colour=charts.colour_of(domain.label.colour, place),
        axes=(say.plain("recall"), say.plain("precision")),
        label=say.plain(
            "curve_label",
            domain=name,
            ap=figures.plain(domain.average_precision.value),
            precision=figures.plain(precision),
            recall=figures.plain(recall),
        ),
    )
    threshold = say("highest") if domain.threshold is None else figures.threshold(domain.threshold)
    caption = say("curve_caption", ap=figures.score(domain.average_precision.value), threshold=threshold)
    return _figure(domain, place, say, chart, caption)


def _figure(domain: Domain, place: int, say: Words, chart: Html | None, caption: Html) -> Html:
    title = element("strong", domain_mark(domain, place), domain_name(domain, say))
    return element("figure", element("figcaption", title, element("small", caption)), chart)


def reliability(e: Evaluation, say: Words) -> Html:
    """A reliability diagram a domain, before and after calibration."""
    parts = []
    for place, domain in enumerate(e.domains):
        before = domain.calibration_error_before
        chart = charts.reliability(
            domain.reliability,
            domain.reliability_before,
            colour=charts.colour_of(domain.label.colour, place),
            axes=(say.plain("score_axis"), say.plain("share_axis")),
            label=say.plain(
                "reliability_label",
                domain=domain_name(domain, say),
                after=figures.plain(domain.calibration_error),
                before=figures.plain(before),
            ),
        )
        caption = say(
            "error_caption", after=figures.score(domain.calibration_error), before=figures.score(before)
        )
        parts.append(_figure(domain, place, say, chart, caption))
    mean = say(
        "mean_error",
        after=figures.score(e.calibration.after),
        before=figures.score(e.calibration.before),
    )
    return section(
        "reliability",
        say("reliability"),
        element("p", say("reliability_text")),
        element("p", mean),
        element("div", parts, class_="charts"),
    )


def confusion(e: Evaluation, say: Words) -> Html:
    """Truth down, what was given across; then the domains that stand together."""
    cells = {(c.true, c.given): c for c in e.confusions}
    names = {d.name: domain_name(d, say) for d in e.domains}
    short: dict[str, list[Child]] = {
        d.name: [
            domain_mark(d, place),
            (d.label.short if say.lang == "zh" else None) or domain_name(d, say),
        ]
        for place, d in enumerate(e.domains)
    }
    head = [element("th", say("truth"), " ↓ ", say("tagged_as"), " →", scope="col")]
    head += [element("th", name, scope="col") for name in (*short.values(), say("nothing"))]
    rows = []
    for place, domain in enumerate(e.domains):
        row = [element("th", domain_mark(domain, place), names[domain.name], scope="row")]
        for other in e.domains:
            row.append(
                element(
                    "td",
                    figures.count(domain.correct),
                    " / ",
                    figures.count(domain.support),
                    class_="diagonal",
                )
                if other is domain
                else _cell(cells[domain.name, other.name], names, say)
            )
        rows.append(element("tr", row, _cell(cells[domain.name, None], names, say)))
    row = [element("th", say("no_domain"), scope="row")]
    row += [_cell(cells[None, other.name], names, say) for other in e.domains]
    rows.append(element("tr", row, element("td")))
    body = element("table", element("thead", element("tr", head)), element("tbody", rows), class_="matrix")
    return section(
        "confusion",
        say("confusion"),
        element("p", say("confusion_text")),
        element("div", body, class_="scroll"),
        _together(e, short, say),
    )


def _cell(cell: Confusion, names: dict[str, str], say: Words) -> Html:
    if not cell.wrong:
        return element("td", "·", class_="soft")
    share = cell.wrong / cell.paragraphs
    text: list[Child] = [figures.count(cell.wrong)]
    if cell.beside:
        text += [" ", element("small", "(", figures.count(cell.beside), ")")]
    title = say.plain(
        "cell",
        paragraphs=cell.paragraphs,
        wrong=cell.wrong,
        true=say.plain("no_domain") if cell.true is None else names[cell.true],
        given=say.plain("nothing") if cell.given is None else names[cell.given],
    )
    return element("td", text, class_=f"heat{sum(share >= bound for bound in _STRONG)}", title=title)


def _together(e: Evaluation, short: dict[str, list[Child]], say: Words) -> Html | None:
    if not e.together:
        return None
    rows: list[list[Child]] = [
        [
            [element("span", short[t.first]), " + ", short[t.second]],
            figures.count(t.true),
            figures.count(t.given),
            figures.count(t.correct),
        ]
        for t in sorted(e.together, key=lambda t: (-t.true, -t.given))
    ]
    head = [say(key) for key in ("together", "both_true", "both_given", "both_right")]
    return table(head, rows, kind="narrow")
