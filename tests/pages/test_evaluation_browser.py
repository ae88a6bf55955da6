"""The evaluation page and the comparison in Chromium: on a screen, on a phone, in the dark, on paper."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest
import test_evaluation_page as sample
from audit import assert_accessible, assert_alone, tabbed
from browser import Browser, needs_chromium

from minsheng.config.schema import EvaluationConfig
from minsheng.evaluation.comparison import Comparison, Contestant, compare
from minsheng.evaluation.estimates import Name
from minsheng.evaluation.values import Evaluation
from minsheng.pages.evaluation import evaluation_page
from minsheng.pages.evaluation_comparison import comparison_page
from minsheng.pages.evaluation_words import Words
from minsheng.pages.language import Language

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    running = Browser(tmp_path_factory.mktemp("chromium") / "profile")
    yield running
    running.close()


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    return sample.made()


def written(folder: Path, page: str) -> Path:
    file = folder / "report.html"
    file.write_text(page, "utf-8")
    return file


@pytest.mark.parametrize("lang", sample.LANGUAGES)
@pytest.mark.parametrize("dark", [False, True])
def test_everyone_can_read_it(
    browser: Browser, tmp_path: Path, evaluation: Evaluation, lang: Language, dark: bool
) -> None:
    file = written(tmp_path, evaluation_page(evaluation, lang=lang))
    for width in (1280, 360):
        with browser.open(file, width=width, dark=dark) as page:
            paper = page.run("getComputedStyle(document.documentElement).backgroundColor")
            assert paper == ("rgb(20, 24, 28)" if dark else "rgb(255, 255, 255)")
            assert page.run("document.documentElement.lang") == ("zh-CN" if lang == "zh" else "en")
            page.run("document.querySelectorAll('details').forEach((part) => (part.open = true))")
            assert_accessible(page, texts=500)
            assert page.run("document.querySelectorAll('mark, .heat1, .heat2, .heat3').length") > 10
            assert_alone(page, file)


@pytest.mark.parametrize("lang", sample.LANGUAGES)
@pytest.mark.parametrize("dark", [False, True])
def test_everyone_can_read_the_comparison(
    browser: Browser, tmp_path: Path, evaluation: Evaluation, lang: Language, dark: bool
) -> None:
    models = [
        Contestant(name, f"{n}-x", evaluation) for n, name in enumerate(("runs/" + "a_b" * 30, "模型二" * 9))
    ]
    decisions = [sample.np.eye(12, 3) > 0.5, sample.np.ones((12, 3)) > 0.5]
    pairs = compare(decisions[0], decisions, groups=None, config=EvaluationConfig(resamples=50))
    file = written(
        tmp_path, comparison_page(Comparison(tuple(models), pairs, {"data": "x" * 200}), lang=lang)
    )
    for width in (1280, 360):
        with browser.open(file, width=width, dark=dark) as page:
            assert_accessible(page, texts=60)
            assert_alone(page, file)


@pytest.mark.parametrize("lang", sample.LANGUAGES)
@pytest.mark.parametrize("few", [False, True])
def test_who_decides_sees_all_of_it_on_the_first_screen(
    browser: Browser, tmp_path: Path, evaluation: Evaluation, lang: Language, few: bool
) -> None:
    """Verdicts, what can be accepted and whether the model is worth it, for five domains at 1280 × 900; also
    where every domain has too few examples, and it says what to do."""
    names = (
        Name("教育", "Education"),
        Name("养老与社会保障", "Pensions and social security"),
        Name("住房", "Housing"),
    )
    judged = [replace(d.judgement, verdict="few") if few else d.judgement for d in evaluation.domains]
    evaluation = replace(
        evaluation,
        about={"model": "minsheng-mini-livelihood (e486d5950e0b43d8)"},
        domains=tuple(
            replace(d, label=name, judgement=verdict)
            for d, name, verdict in zip(evaluation.domains, names, judged, strict=True)
        ),
    )
    text = evaluation_page(evaluation, lang=lang)
    items = re.findall(r"<li>.*?</li>", text[: text.index("</ol>")])
    assert len(items) == 3
    file = written(tmp_path, text.replace(items[2], items[0] + 2 * items[1]))
    with browser.open(file) as page:
        ends = page.run(
            "[...document.querySelectorAll('.verdicts li, .answer')].map((n) => n.getBoundingClientRect().bottom)"
        )
        assert len(ends) == 7 and max(ends) < 900, ends
        shown = page.run("document.querySelector('header').innerText")
        assert Words(lang).plain("few_until") in shown  # of one domain at least
        assert (Words(lang).plain("head_all_few") in shown) == few


def test_with_keys(browser: Browser, tmp_path: Path, evaluation: Evaluation) -> None:
    file = written(tmp_path, evaluation_page(evaluation, lang="zh"))
    with browser.open(file) as page:
        reached = tabbed(page, 60)
        links = [node for node in reached if node.startswith("<a")]
        assert len(links) == page.run("document.querySelectorAll('nav a').length") > 10
        assert sum("<summary" in node for node in reached) == 3  # false alarms, misses, suspects
        page.run("document.querySelector('summary').focus()")
        page.press("Enter")
        assert page.run("document.querySelector('details').open")
        page.click("nav a[href='#misses']")
        assert page.run("Math.abs(document.querySelector('#misses').getBoundingClientRect().top) < 40")
        assert_alone(page, file)


def test_on_paper(browser: Browser, tmp_path: Path, evaluation: Evaluation) -> None:
    file = written(tmp_path, evaluation_page(evaluation, lang="zh"))
    with browser.open(file, dark=True) as page:
        printed = pypdfium2.PdfDocument(page.pdf())
    sheet = printed[0].render(scale=0.5).to_pil().convert("L")
    assert sheet.getpixel((5, 5)) == 255 and min(sheet.getdata()) < 90  # ink on white, in dark mode too
    words = "".join(p.get_textpage().get_text_range() for p in printed).replace("\r\n", "")
    say = Words("zh")
    for key in ("by_domain", "curves", "reliability", "false_alarms", "misses", "suspects", "provenance"):
        assert say.plain(key) in words, key
    closed = [m.text for m in (*evaluation.false_alarms[5:], *evaluation.misses[5:])]
    assert closed and all(text[:6].strip("。") in words for text in closed)  # what a click would open
    assert say.plain("contents") not in words
    marked = [
        tuple(pixel) for p in printed for pixel in p.render(scale=0.3).to_pil().convert("RGB").getdata()
    ]
    assert any(r > b + 30 and r > 200 and g > 180 for r, g, b in marked)  # the marked sentence is printed
