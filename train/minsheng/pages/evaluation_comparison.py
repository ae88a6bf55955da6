"""The page of `minsheng evaluate A B DATA`: models side by side, and whether they differ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote

from minsheng.evaluation.comparison import Comparison, Pair, PairedTest, better
from minsheng.evaluation.estimates import Estimate
from minsheng.evaluation.values import Evaluation
from minsheng.pages import charts, figures
from minsheng.pages.evaluation import LANGUAGE_TAGS, method, provenance
from minsheng.pages.evaluation_summary import domain_mark, domain_name
from minsheng.pages.evaluation_words import Words
from minsheng.pages.language import Language
from minsheng.pages.markup import Child, Html, element, joined
from minsheng.pages.shell import asset, page
from minsheng.pages.tables import section, table

_WIDE = 0.05  # half of the least scale of differences


def comparison_page(comparison: Comparison, *, lang: Language) -> str:
    """The whole HTML document; the same value gives the same bytes. It links to `FOLDER/report.html`."""
    c, say = comparison, Words(lang)
    first = c.models[0].evaluation
    body = element(
        "main",
        element(
            "header",
            element("p", say("compare_eyebrow", n=len(c.models)), class_="eyebrow"),
            element("h1", _headline(c, say)),
            element("p", _lede(first, say), class_="lede"),
            element("ul", [element("li", _sentence(c, pair, say)) for pair in c.pairs], class_="plain"),
            element("p", _meaning(first, say), class_="fine"),
        ),
        _side_by_side(c, say),
        _differences(c, say),
        section("reports", say("reports"), element("ul", [_link(m.name, m.folder) for m in c.models])),
        provenance(c.about, say),
        section("method", say("method"), element("p", method(first, say, "compare_method"), class_="fine")),
    )
    title = f"{say.plain('compare_title')} · {' · '.join(model.name for model in c.models)}"
    return page(title=title, lang=LANGUAGE_TAGS[lang], body=body, styles=asset("evaluation.css"))


def _headline(c: Comparison, say: Words) -> Html:
    level = c.models[0].evaluation.settings.level
    wins = [better(pair, level=level) for pair in c.pairs]
    for place, model in enumerate(c.models):
        if wins.count(place) == len(c.models) - 1:
            key = "compare_head_better" if len(c.models) == 2 else "compare_head_best"
            return say(key, better=model.name)
    return say("compare_head_open")


def _meaning(e: Evaluation, say: Words) -> Html:
    """What `better` means here."""
    level = e.settings.level
    return say("compare_rule", level=figures.percent(level, digits=0), p=f"{1 - level:.2g}")


def _lede(e: Evaluation, say: Words) -> Html:
    numbers = {"examples": figures.count(e.examples), "none": figures.count(e.without_label)}
    if e.groups is not None:
        numbers["groups"] = figures.count(e.groups)
    return say("lede" if e.groups is None else "lede_groups", **numbers)


def _sentence(c: Comparison, pair: Pair, say: Words) -> Html:
    first, second = (element("strong", c.models[place].name) for place in (pair.first, pair.second))
    gap, level = pair.macro_f1.difference, c.models[0].evaluation.settings.level
    winner = better(pair, level=level)
    if gap.value is None:
        return say("pair_none", first=first, second=second)
    if winner == pair.second:
        gap = _turned(gap)
    size: dict[str, Child] = {
        "gap": figures.difference(gap.value),
        "interval": figures.difference_interval(gap),
        "p": figures.score(pair.macro_f1.adjusted),
    }
    if winner is None:
        text = say("pair_open", first=first, second=second, **size)
    else:
        best, worst = (first, second) if winner == pair.first else (second, first)
        text = say("pair_better", better=best, worse=worst, **size)
    only = say(
        "pair_sets",
        first=c.models[pair.first].name,
        second=c.models[pair.second].name,
        only_first=figures.count(pair.only_first),
        only_second=figures.count(pair.only_second),
    )
    return element("span", text, "" if say.lang == "zh" else " ", element("span", only, class_="soft"))


def _turned(gap: Estimate) -> Estimate:
    """The same difference, the second minus the first."""
    value, low, high = (None if end is None else -end for end in (gap.value, gap.high, gap.low))
    return Estimate(value, low, high)


def _breakable(name: str) -> Html:
    """A path that may end a line after each slash."""
    first, *rest = name.split("/")
    return joined([first, *(["/", element("wbr"), part] for part in rest)])


def _side_by_side(c: Comparison, say: Words) -> Html:
    """One column a model; rows from the whole to the single domain."""
    shares: list[tuple[Child, Callable[[Evaluation], Estimate | None], bool]] = [
        (say("macro_f1"), lambda e: e.overall.macro.f1, False),
        (say("micro_f1"), lambda e: e.overall.micro.f1, False),
        (say("average_precision"), lambda e: e.overall.macro_average_precision, False),
        (say("exact"), lambda e: e.overall.exact_match, True),
        (say("auto_share"), lambda e: None if e.automatic is None else e.automatic.share, True),
        (say("contrast_share"), lambda e: None if e.contrast is None else e.contrast.model.share, True),
    ]
    rows: list[list[Child]] = [
        [name, *(_value(pick(m.evaluation), percent=percent) for m in c.models)]
        for name, pick, percent in shares
        if any(pick(m.evaluation) is not None for m in c.models)
    ]
    rows.append(
        [say("calibration_error"), *(figures.score(m.evaluation.calibration.after) for m in c.models)]
    )
    rows.append([say("time"), *(_seconds(m.evaluation) for m in c.models)])
    for place, domain in enumerate(c.models[0].evaluation.domains):
        name: Child = [domain_mark(domain, place), say("f1_of", domain=domain_name(domain, say))]
        rows.append([name, *(_value(m.evaluation.domains[place].f1) for m in c.models)])
    head: list[Child] = [say("measure"), *(_breakable(model.name) for model in c.models)]
    return section("side", say("side_by_side"), table(head, rows, kind="models"))


def _value(estimate: Estimate | None, *, percent: bool = False) -> Html:
    if estimate is None:
        return Html(figures.NONE)
    if not percent:
        return figures.with_interval(estimate)
    small = element("small", figures.percent_interval(estimate))
    return element("span", figures.percent(estimate.value), " ", small)


def _seconds(e: Evaluation) -> Html:
    return figures.seconds(e.costs[0].seconds if e.costs else None, e.examples)


def _differences(c: Comparison, say: Words) -> Html:
    """A table a pair: macro-F1 and every domain, as numbers and as dots on one scale."""
    tests = [test for pair in c.pairs for test in (pair.macro_f1, *pair.domains)]
    ends = [abs(x) for t in tests for x in (t.difference.low, t.difference.high) if x is not None]
    width = max([_WIDE, *ends])
    settings = c.models[0].evaluation.settings
    text = say(
        "differences_text",
        resamples=figures.count(settings.resamples),
        unit=say("unit_paragraphs" if c.models[0].evaluation.groups is None else "unit_groups"),
        level=figures.percent(settings.level, digits=0),
    )
    parts: list[Child] = [element("p", text)]
    for pair in c.pairs:
        names = [c.models[place].name for place in (pair.first, pair.second)]
        sides = [element("span", say(key)) for key in ("second_side", "first_side")]
        head: list[Child] = [
            "F1", say("difference_column"), element("span", sides, class_="span"), say("p"), say("conclusion"),
        ]  # fmt: skip
        domains = [
            [domain_mark(domain, place), domain_name(domain, say)]
            for place, domain in enumerate(c.models[0].evaluation.domains)
        ]
        rows = [
            [*_test(name, test, width), _conclusion(replace(pair, macro_f1=test), settings.level, say)]
            for name, test in zip([say("macro_f1"), *domains], [pair.macro_f1, *pair.domains], strict=True)
        ]
        parts.append(element("h3", say("difference_title", first=names[0], second=names[1])))
        parts.append(table(head, rows, kind="narrow tests"))
    return section("differences", say("differences"), parts)


def _test(name: Child, test: PairedTest, width: float) -> list[Child]:
    gap = test.difference
    return [
        name,
        [figures.difference(gap.value), " ", element("small", figures.difference_interval(gap))],
        charts.dot(gap, low=-width, high=width),
        figures.score(test.adjusted),
    ]


def _conclusion(pair: Pair, level: float, say: Words) -> Html:
    """Which of the two is better by the test in the place of macro-F1, by the rule of the whole."""
    winner = better(pair, level=level)
    if winner is None:
        return element("span", say("no_side"), class_="soft")
    return say("first_wins" if winner == pair.first else "second_wins")


def _link(name: str, folder: str) -> Html:
    return element("li", element("a", name, href=f"{quote(folder)}/report.html"))
