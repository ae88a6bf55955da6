"""The first screen of the evaluation page: what someone who decides must know."""

from __future__ import annotations

import math
from collections import Counter

from minsheng.evaluation.values import Cost, Domain, Evaluation
from minsheng.pages import charts, figures
from minsheng.pages.evaluation_words import Words
from minsheng.pages.markup import Child, Html, element

_SIGNS = {"usable": ("✓", "good"), "review": ("◑", "fair"), "few": ("○", "soft")}
_PAYOFF = {"worth": "good", "open": "fair", "not_worth": "bad"}


def summary(evaluation: Evaluation, say: Words) -> Html:
    """Headline, a verdict a domain, what can be accepted, and whether the model is worth its cost."""
    e = evaluation
    model = e.about.get("model", say.plain("model"))
    numbers = {"examples": figures.count(e.examples), "none": figures.count(e.without_label)}
    if e.groups is not None:
        numbers["groups"] = figures.count(e.groups)
    lede = say("lede" if e.groups is None else "lede_groups", **numbers)
    return element(
        "header",
        element("p", say("eyebrow", model=model), class_="eyebrow"),
        element("h1", _headline(e, say)),
        element("p", lede, class_="lede"),
        _few(e, say),
        element("h2", say("by_domain")),
        element("ol", [_verdict(d, i, e, say) for i, d in enumerate(e.domains)], class_="verdicts"),
        element("p", _rule(e, say), class_="fine"),
        element("div", _automatic(e, say), _payoff(e, say), class_="pair"),
    )


def domain_name(domain: Domain, say: Words) -> str:
    """The name of a domain in the language of the page."""
    return domain.label.zh if say.lang == "zh" else domain.label.en


def domain_mark(domain: Domain, place: int) -> Html:
    """Its sign: colour and shape."""
    return charts.mark(place, charts.colour_of(domain.label.colour, place))


def _headline(e: Evaluation, say: Words) -> Html:
    counts = Counter(domain.judgement.verdict for domain in e.domains)
    if counts["few"] == len(e.domains):
        return say("head_all_few")
    parts: list[Child] = []
    for key in ("usable", "review", "few"):
        if number := counts[key]:
            parts += [say("separator")] if parts else []
            parts.append(say(f"head_{key}_one") if number == 1 else say(f"head_{key}", n=number))
    return element("span", parts)


def paragraphs_to_label(e: Evaluation) -> int | None:
    """About how many more paragraphs, drawn as these were, give every domain enough for a verdict; None where
    that cannot be said, for a domain that none of these has."""
    least = min((d.support for d in e.domains), default=0)
    if not least:
        return None
    missing = max(0, e.settings.positives - least)
    return 10 * math.ceil(missing * e.examples / (10 * least))  # rounded up: it is an estimate


def _few(e: Evaluation, say: Words) -> Html | None:
    """What is missing where there are too few examples, and what the figures say so far."""
    few = [domain for domain in e.domains if domain.judgement.verdict == "few"]
    if not few:
        return None
    least, more = min(few, key=lambda domain: domain.support), paragraphs_to_label(e)
    wanted: dict[str, Child] = {
        "positives": figures.count(e.settings.positives),
        "domain": domain_name(least, say),
    }
    if more is None:
        need = say("few_none", **wanted)
    else:
        need = say("few_text", support=figures.count(least.support), more=figures.count(more), **wanted)
    met = [domain_name(domain, say) for domain in few if _reaches(domain, e)]
    so_far = say("few_met", names=say.plain("comma").join(met)) if met else say("few_met_none")
    space = "" if say.lang == "zh" else " "
    return element("p", need, space, so_far, space, say("few_until"), class_="todo")


def _reaches(domain: Domain, e: Evaluation) -> bool:
    """Whether both lower bounds are those that the rule asks for, be the examples ever so few."""
    precision, recall = domain.judgement.precision, domain.judgement.recall
    if precision is None or recall is None:
        return False
    return precision >= e.settings.precision and recall >= e.settings.recall


def _verdict(domain: Domain, place: int, e: Evaluation, say: Words) -> Html:
    name, found = domain_name(domain, say), domain.judgement
    sign, tone = _SIGNS[found.verdict]
    given = domain.correct + domain.false_alarms
    colour = charts.colour_of(domain.label.colour, place)
    recall, precision = say("found_none", domain=name), say("wrong_none", domain=name)
    details: list[Child] = [None, None]
    if domain.support:
        number = element("strong", figures.hundred(domain.correct, domain.support))
        recall = say("found", domain=name, n=number)
        details[0] = _detail(say, "found_detail", domain.correct, domain.support, found.recall)
    if given:
        number = element("strong", figures.hundred(domain.false_alarms, given))
        precision = say("wrong", domain=name, n=number)
        details[1] = _detail(say, "wrong_detail", domain.false_alarms, given, found.precision)
    bars = [
        charts.bar(rate.value, bound, rate.high, colour=colour, goal=goal)
        for rate, bound, goal in (
            (domain.recall, found.recall, e.settings.recall),
            (domain.precision, found.precision, e.settings.precision),
        )
    ]
    return element(
        "li",
        element("h3", domain_mark(domain, place), name),
        element(
            "div",
            element(
                "p",
                element("span", sign, aria_hidden="true"),
                " ",
                say(found.verdict),
                class_=f"verdict {tone}",
            ),
            _examples(domain, e, say) if found.verdict == "few" else None,
        ),
        *(
            element("div", element("p", rate), bar, detail, class_="rate")
            for rate, bar, detail in zip((recall, precision), bars, details, strict=True)
        ),
    )


def _examples(domain: Domain, e: Evaluation, say: Words) -> Html:
    support, wanted = figures.count(domain.support), figures.count(e.settings.positives)
    return element("small", say("few_detail", support=support, positives=wanted))


def _detail(say: Words, key: str, part: int, whole: int, bound: float | None) -> Html:
    words = say(key, part=figures.count(part), whole=figures.count(whole), low=figures.at_least(bound))
    return element("small", words)


def _rule(e: Evaluation, say: Words) -> Html:
    s = e.settings
    return say(
        "rule",
        precision=figures.percent(s.precision, digits=0),
        recall=figures.percent(s.recall, digits=0),
        level=figures.percent(s.level, digits=0),
        positives=figures.count(s.positives),
    )


def _automatic(e: Evaluation, say: Words) -> Html:
    a = e.automatic
    if a is None:
        return element("section", element("h2", say("automatic")), element("p", say("automatic_unknown")))
    target = None if a.target is None else figures.percent(a.target, digits=0)
    main = say(
        "automatic_main", accepted=figures.count(a.accepted), rest=figures.count(e.examples - a.accepted)
    )
    text: list[Child] = []
    if not a.accepted:
        text.append(say("automatic_none_bare") if target is None else say("automatic_none", target=target))
    else:
        right: dict[str, Child] = {
            "right": figures.percent(a.set_precision.value),
            "interval": figures.percent_interval(a.set_precision),
        }
        text.append(say("automatic_share", share=figures.percent(a.share.value)))
        text.append(
            say("automatic_right_bare", **right)
            if target is None
            else say("automatic_right", target=target, **right)
        )
        if a.target is not None and a.set_precision.value is not None and a.set_precision.value < a.target:
            text.append(element("strong", say("automatic_below"), class_="bad"))
    return element(
        "section",
        element("h2", say("automatic")),
        element("p", main, class_="answer"),
        element("p", [[part, "" if say.lang == "zh" else " "] for part in text]),
    )


def _payoff(e: Evaluation, say: Words) -> Html:
    found = e.payoff
    if found is None:
        return element("section", element("h2", say("payoff")), element("p", say("payoff_none")))
    margin = f"{e.settings.margin:g}"
    against = say.known(found.against)
    return element(
        "section",
        element("h2", say("payoff")),
        element("p", say(found.verdict), class_=f"answer {_PAYOFF[found.verdict]}"),
        element("p", say(f"{found.verdict}_text", margin=margin, **_against(found.verdict, against))),
        element("div", _systems(e, say), class_="scroll"),
    )


def _against(verdict: str, name: Html) -> dict[str, Child]:
    return {} if verdict == "worth" else {"against": name}


def _systems(e: Evaluation, say: Words) -> Html:
    """The model and the cheap methods, side by side: F1, whole paragraphs right, time."""
    costs = {cost.name: cost for cost in e.costs}
    own: Cost | None = e.costs[0] if e.costs else None
    lines = [(say("model"), e.overall.macro.f1, e.overall.exact_match, own)]
    lines += [(say.known(r.name), r.macro_f1, r.exact_match, costs.get(r.name)) for r in e.baselines]
    scale = charts.scale(macro for _, macro, _, _ in lines)
    head = [say("system"), say("macro_f1"), figures.span(scale), say("of_hundred_exact"), say("seconds")]
    rows = [
        element(
            "tr",
            element("th", name, scope="row"),
            element("td", figures.score(macro.value)),
            element("td", charts.dot(macro, low=scale[0], high=scale[1])),
            element("td", figures.percent(exact.value, digits=0)),
            element("td", figures.seconds(None if cost is None else cost.seconds, e.examples)),
        )
        for name, macro, exact, cost in lines
    ]
    return element(
        "table",
        element("thead", element("tr", [element("th", text, scope="col") for text in head])),
        element("tbody", rows),
    )
