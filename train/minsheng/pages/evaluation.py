"""The page of `minsheng evaluate`: one file, made from an `Evaluation` alone, without a script."""

from __future__ import annotations

from collections.abc import Mapping

from minsheng.evaluation.values import Evaluation
from minsheng.pages import evaluation_detail as detail
from minsheng.pages import figures
from minsheng.pages.evaluation_cases import mistakes, suspects
from minsheng.pages.evaluation_figures import confusion, curves, reliability
from minsheng.pages.evaluation_summary import summary
from minsheng.pages.evaluation_words import Words
from minsheng.pages.language import Language
from minsheng.pages.markup import Html, element
from minsheng.pages.shell import asset, page
from minsheng.pages.tables import section

LANGUAGE_TAGS = {"zh": "zh-CN", "en": "en"}  # of the attribute `lang`


def evaluation_page(evaluation: Evaluation, *, lang: Language) -> str:
    """The whole HTML document; the same value gives the same bytes."""
    e, say = evaluation, Words(lang)
    found = {
        "domains": detail.domains(e, say),
        "baselines": detail.baselines(e, say),
        "curves": curves(e, say),
        "confusion": confusion(e, say),
        "review_detail": detail.review(e, say),
        "reliability": reliability(e, say),
        "slices": detail.slices(e, say),
        "contrast": detail.contrast(e, say),
        "evidence": detail.evidence(e, say),
        **dict(zip(("false_alarms", "misses"), mistakes(e, say), strict=True)),
        "suspects": suspects(e, say),
        "provenance": provenance(e.about, say),
        "method": section("method", say("method"), element("p", method(e, say), class_="fine")),
    }
    sections = {key: made for key, made in found.items() if made is not None}
    links = [
        element("a", say(key), href="#accepting" if key == "review_detail" else f"#{key}") for key in sections
    ]
    body = element(
        "main",
        summary(e, say),
        element("nav", element("h2", say("contents")), element("p", links), aria_label=say.plain("contents")),
        list(sections.values()),
    )
    title = f"{say.plain('title')} · {e.about.get('model', '')}".rstrip(" ·")
    return page(title=title, lang=LANGUAGE_TAGS[lang], body=body, styles=asset("evaluation.css"))


def provenance(about: Mapping[str, str], say: Words) -> Html:
    """What the numbers depend on, as the report names it."""
    rows = [
        element(
            "div", element("dt", say(f"about {key}") if f"about {key}" in say else key), element("dd", value)
        )
        for key, value in about.items()
    ]
    return section("provenance", say("provenance"), element("dl", rows, class_="about"))


def method(e: Evaluation, say: Words, key: str = "method_text") -> Html:
    """How intervals and differences were computed."""
    s = e.settings
    return say(
        key,
        level=figures.percent(s.level, digits=0),
        resamples=figures.count(s.resamples),
        unit=say("unit_paragraphs" if e.groups is None else "unit_groups"),
        seed=s.seed,
    )
