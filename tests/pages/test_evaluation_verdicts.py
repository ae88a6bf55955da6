"""What the first screen says where the verdict of a domain is that there are too few examples."""

from __future__ import annotations

import dataclasses

import pytest
import test_evaluation_page as sample

from minsheng.pages import figures
from minsheng.pages.evaluation import evaluation_page
from minsheng.pages.evaluation_words import Words
from minsheng.pages.language import Language


@pytest.mark.parametrize("lang", sample.LANGUAGES)
def test_too_few_examples_say_what_is_missing(lang: Language) -> None:
    say, evaluation = Words(lang), sample.made()

    def top(positives: int, *, support: int | None = None) -> str:
        settings = dataclasses.replace(evaluation.settings, positives=positives)
        domains = [
            dataclasses.replace(
                d,
                support=d.support if support is None else support,
                judgement=dataclasses.replace(
                    d.judgement,
                    verdict="few" if d.support < positives else "usable",
                    recall=0.61,
                    precision=n / 2,
                ),
            )
            for n, d in enumerate(evaluation.domains)
        ]
        made = dataclasses.replace(evaluation, settings=settings, domains=tuple(domains))
        page = evaluation_page(made, lang=lang)
        return sample.Reader(page[: page.index("<nav")] + "</main>\n</body>\n</html>").text

    least = min(d.support for d in evaluation.domains)
    assert least < 60 and say.plain("few_until") not in top(least)
    text = top(200)  # every domain has too few
    more = 10 * -(-(200 - least) * 240 // (least * 10))
    assert (
        say.plain("few_text", positives=200, domain=sample.HOSTILE, support=least, more=f"{more:,}") in text
    )
    names = [d.label.zh if lang == "zh" else d.label.en for d in evaluation.domains]
    # Bounds of 0.6 are asked for: the precision of the first domain is 0, of the second 0.5, of the third 1.
    assert say.plain("few_met", names=names[2]) in text and say.plain("head_all_few") in text
    for domain in evaluation.domains:
        assert say.plain("few_detail", support=domain.support, positives=200) in text
    assert say.plain("few_none", positives=200, domain=names[0]) in top(200, support=0)


def test_a_bound_is_cut_and_not_rounded() -> None:
    """84.9 % is below a rule of 85 %, so that is what stands beside it."""
    shown = [sample.Reader(figures.at_least(bound)).text for bound in (0.849, 0.85, 0.29, 0.0, 1.0, None)]
    assert shown == ["84%", "85%", "29%", "0%", "100%", "–"]
