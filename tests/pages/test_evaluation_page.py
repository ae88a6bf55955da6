"""The pages against the JSON that they are made from."""

from __future__ import annotations

import dataclasses
import json
import re
from html.parser import HTMLParser
from string import Formatter
from typing import Any

import numpy as np
import pytest

from minsheng.config.schema import EvaluationConfig
from minsheng.evaluation.comparison import Comparison, Contestant, better, compare
from minsheng.evaluation.contrast import contrast
from minsheng.evaluation.estimates import Estimate, Name
from minsheng.evaluation.evaluate import Examples, System, evaluate
from minsheng.evaluation.evidence import EvidenceCase
from minsheng.evaluation.values import Cost, Evaluation
from minsheng.pages import figures
from minsheng.pages.evaluation import evaluation_page
from minsheng.pages.evaluation_comparison import comparison_page
from minsheng.pages.evaluation_summary import paragraphs_to_label
from minsheng.pages.evaluation_words import WORDS, Words
from minsheng.pages.language import Language
from minsheng.pages.markup import element, joined

HOSTILE = "</p><script>alert(1)</script><img src=x onerror=alert(2)> & \"'`"
KEYS = ("education", "housing", "stability")
NAMES = (
    Name("教育", "Education", "教育", "#2f6fb7"),
    Name("住房", "Housing"),
    Name(HOSTILE, HOSTILE, HOSTILE),
)
CONFIG = EvaluationConfig(resamples=60, worst=7, positives=60, precision=0.6, recall=0.6, doubt=0.6)
LANGUAGES: tuple[Language, ...] = ("zh", "en")


def made(*, seed: int = 0, **changes: Any) -> Evaluation:
    random = np.random.default_rng(seed)
    truth = random.random((240, 3)) < (0.4, 0.3, 0.1)
    scores = 1 / (1 + np.exp(-((truth * 2 - 1) * 1.8 + random.normal(0, 1.2, truth.shape))))
    rule = {"keyword rule": truth ^ (random.random(truth.shape) < 0.2), HOSTILE: random.random(truth.shape)}
    options: dict[str, Any] = {
        "baselines": rule,
        "contrast": contrast(truth[:40], {"model": truth[:40] ^ (scores[:40] < 0.1), **rule_of(rule)},
                             np.arange(40).reshape(-1, 2), config=CONFIG),
        "evidence": [EvidenceCase("education", (0, 3), ((0, 2),), ((0, 3), (3, 6)))],
        "about": {"model": f"m{HOSTILE}", "data": HOSTILE, HOSTILE: HOSTILE, "made": "2026-01-01"},
    } | changes  # fmt: skip
    texts = [f"第一句{n}。第二句{HOSTILE if n % 3 else ''}。" for n in range(240)]
    return evaluate(
        Examples(
            truth, KEYS, texts, [f"{HOSTILE}{n}" for n in range(240)],
            groups=[f"g{n // 3}" for n in range(240)],
            slices={"source": [(HOSTILE, "news", None)[n % 3] for n in range(240)],
                    "year": [str(2000 + n % 5) for n in range(240)],
                    HOSTILE: [str(n % 40) for n in range(240)]},
            ordered=("year",), names=NAMES,
        ),
        System(
            scores, (0.5, 0.45, 0.6), uncalibrated=scores**2, accepted=scores.max(axis=1) > 0.8, target=0.95,
            score=lambda parts: np.random.default_rng(1).random((len(parts), 3)),
            costs=[Cost("model", 12.3, 3_400_000), Cost("keyword rule", 0.01, None)],
        ),
        config=CONFIG, **options,
    )  # fmt: skip


def rule_of(rules: dict[str, Any]) -> dict[str, Any]:
    return {name: np.asarray(values[:40]) > 0.5 for name, values in rules.items()}


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    return made()


@pytest.fixture(scope="module")
def comparison(evaluation: Evaluation) -> Comparison:
    random = np.random.default_rng(5)
    truth = random.random((240, 3)) < 0.4
    decisions = [truth ^ (random.random(truth.shape) < rate) for rate in (0.02, 0.3, 0.31)]
    names = [f"a{HOSTILE}", "runs/b/model", "模型三"]
    models = [Contestant(name, f"{n}-x", made(seed=n)) for n, name in enumerate(names)]
    pairs = compare(truth, decisions, groups=None, config=EvaluationConfig(resamples=400))
    return Comparison(tuple(models), pairs, {"data": HOSTILE})


class Reader(HTMLParser):
    """Collects tags, text, and the numbers of `<data>`; fails where an element is not closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.data: list[tuple[str, str]] = []
        self.rows: list[list[str]] = []
        self.feed(page)
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "wbr"):
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag == "data":
            self.data.append((dict(attrs)["value"] or "", ""))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if "data" in self.open:
            self.data[-1] = (self.data[-1][0], self.data[-1][1] + data)
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data


def leaves(value: Any) -> set[float]:
    if isinstance(value, dict):
        return set().union(set(), *(leaves(item) for item in value.values()))
    if isinstance(value, list):
        return set().union(set(), *(leaves(item) for item in value))
    return {value} if isinstance(value, int | float) and not isinstance(value, bool) else set()


def derived(e: Evaluation) -> set[float]:
    """Numbers of the page that are a sum or a difference of two of the JSON."""
    found: set[float] = {d.correct + d.false_alarms for d in e.domains}
    found |= {c.wrong for c in e.confusions} | {paragraphs_to_label(e) or 0}
    return found | ({e.examples - e.automatic.accepted} if e.automatic is not None else set())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_number_of_the_page_stands_in_the_json(evaluation: Evaluation, lang: Language) -> None:
    known = leaves(json.loads(evaluation.to_json())) | derived(evaluation)
    bounds = {end for d in evaluation.domains for end in (d.judgement.precision, d.judgement.recall)}
    page = Reader(evaluation_page(evaluation, lang=lang))
    assert len(page.data) > 300
    for value, text in page.data:
        if "/" in value:
            part, whole = map(int, value.split("/"))
            assert {part, whole} <= known and abs(int(text) - 100 * part / whole) <= 1
            continue
        number = float(value)
        assert number in known, (value, text)
        shown = float(text.rstrip("%").replace(",", "").replace("\u2212", "-").removesuffix(" MB"))
        shown = shown / 100 if text.endswith("%") else shown * 1e6 if text.endswith("MB") else shown
        places = len(text.rstrip("%").partition(".")[2]) + 2 * text.endswith("%")
        if number in bounds and places == 2:  # cut, so that no bound seems to reach what it does not
            assert 0 <= number - shown < 0.01
        else:
            assert text.endswith("MB") or shown == pytest.approx(number, abs=0.5001 * 10**-places)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_first_screen_says_what_the_json_says(evaluation: Evaluation, lang: Language) -> None:
    say, page = Words(lang), evaluation_page(evaluation, lang=lang)
    top = page[: page.index("<nav")]
    verdicts = {d.judgement.verdict for d in evaluation.domains}
    assert verdicts == {"usable", "few"}  # or this test would show less
    items = re.findall(r"<li>.*?</li>", top)
    for domain, item in zip(evaluation.domains, items, strict=True):
        text = Reader(item).text
        assert say.plain(domain.judgement.verdict) in text
        given = domain.correct + domain.false_alarms
        assert f'value="{domain.correct}/{domain.support}"' in item
        assert f'value="{domain.false_alarms}/{given}"' in item
    assert evaluation.automatic is not None and evaluation.payoff is not None
    rest = evaluation.examples - evaluation.automatic.accepted
    assert f">{evaluation.automatic.accepted}</data>" in top and f">{rest}</data>" in top
    assert say.plain(evaluation.payoff.verdict) in Reader(top + "</main>\n</body>\n</html>").text


def test_the_domain_table_holds_each_domain(evaluation: Evaluation) -> None:
    rows = Reader(evaluation_page(evaluation, lang="en")).rows
    for domain in evaluation.domains:
        row = next(r for r in rows if r and r[0] == domain.label.en and len(r) == 9)
        assert row[1] == f"{domain.support:,}" and row[-2:] == [str(domain.false_alarms), str(domain.misses)]
        assert row[4].startswith(f"{domain.f1.value:.3f} {domain.f1.low:.3f}–{domain.f1.high:.3f}")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_hostile_text_stays_text(evaluation: Evaluation, comparison: Comparison, lang: Language) -> None:
    for page in (evaluation_page(evaluation, lang=lang), comparison_page(comparison, lang=lang)):
        found = Reader(page)
        tags = {tag for tag, _ in found.tags}
        assert not tags & {"script", "img", "iframe", "link", "object"}
        assert page.count(HOSTILE) == 0 and found.text.count(HOSTILE) > 5
        for tag, attributes in found.tags:
            assert not [a for a in attributes if a.startswith("on") or a == "style"], tag
            assert (attributes.get("href") or "#").startswith(("#", "0-", "1-", "2-"))
            assert "src" not in attributes
    assert "default-src &#x27;none&#x27;" in page and "script-src" not in page


@pytest.mark.parametrize("lang", LANGUAGES)
def test_same_value_same_bytes_and_back_from_json(
    evaluation: Evaluation, comparison: Comparison, lang: Language
) -> None:
    again = Evaluation.from_json(evaluation.to_json())
    assert again == evaluation
    assert evaluation_page(again, lang=lang) == evaluation_page(evaluation, lang=lang)
    both = Comparison.from_json(comparison.to_json())
    assert both == comparison and comparison_page(both, lang=lang) == comparison_page(comparison, lang=lang)


def test_the_sentence_that_caused_a_mistake_is_marked(evaluation: Evaluation) -> None:
    page = evaluation_page(evaluation, lang="zh")
    assert page.count("<mark>") == len([*evaluation.false_alarms, *evaluation.misses]) == 14
    for mistake in evaluation.false_alarms:
        assert mistake.sentence is not None
        sentence = mistake.text[mistake.sentence.start : mistake.sentence.end]
        assert str(element("mark", sentence)) in page
    assert evaluation.suspects.shown
    for suspect in evaluation.suspects.shown:
        assert str(joined(suspect.text)) in page


@pytest.mark.parametrize(("lang", "name"), [("zh", "工作报告"), ("en", "work report")])
def test_slices_name_registers_and_give_no_interval_without_width(
    evaluation: Evaluation, lang: Language, name: str
) -> None:
    row = dataclasses.replace(evaluation.slices[0], name="register", value="work_report", others=0)
    flat = dataclasses.replace(row, value="minutes", micro_f1=Estimate(0.875, 0.875, 0.875))
    page = Reader(evaluation_page(dataclasses.replace(evaluation, slices=(row, flat)), lang=lang))
    first, second = (next(r for r in page.rows if r[0] == value) for value in (name, "minutes"))
    assert f"{row.micro_f1.low:.3f}–{row.micro_f1.high:.3f}" in first[3] and second[3] == "0.875"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_is_missing_leaves_its_section_out(lang: Language) -> None:
    bare = made(baselines={}, contrast=None, evidence=(), about={})
    bare = dataclasses.replace(bare, automatic=None, costs=(), slices=(), groups=None)
    page = evaluation_page(bare, lang=lang)
    for key in ("baselines", "accepting", "slices", "contrast", "evidence"):
        assert f'id="{key}"' not in page and f'href="#{key}"' not in page
    links = set(re.findall(r'href="#([^"]+)"', page))
    assert links == set(re.findall(r'<section id="([^"]+)"', page)) and len(links) == 9
    assert "None" not in Reader(page).text.replace("None.", "")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_to_count_gives_a_page(lang: Language) -> None:
    empty = evaluate(
        Examples(np.zeros((1, 2), dtype=bool), ("a", "b"), ["一"], ["x"]),
        System(
            np.zeros((1, 2)), None if lang == "zh" else 0.5, accepted=np.zeros(1, dtype=bool), target=0.95
        ),
        baselines={"keyword rule": np.zeros((1, 2), dtype=bool)},
        config=CONFIG,
    )
    page = Reader(evaluation_page(empty, lang=lang))
    assert not re.search(r"\bnan\b|None(?!\.)", page.text) and Words(lang).plain("no_positives") in page.text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_comparison_shows_models_and_tests(comparison: Comparison, lang: Language) -> None:
    page = Reader(comparison_page(comparison, lang=lang))
    known = leaves(json.loads(comparison.to_json()))
    known |= {-value for value in known}  # a difference is told from the side of the better model
    assert len(page.data) > 100 and all(float(value) in known for value, _ in page.data)
    assert Words(lang).plain("compare_head_best", better=comparison.models[0].name) in page.text
    for pair in comparison.pairs:
        gap = pair.macro_f1.difference
        assert any(row[1:] and row[1].startswith(str(figures.difference(gap.value)).split(">")[1].split("<")[0])
                   for row in page.rows)  # fmt: skip
    say, level = Words(lang), comparison.models[0].evaluation.settings.level
    won = [better(dataclasses.replace(pair, macro_f1=test), level=level) is not None
           for pair in comparison.pairs for test in (pair.macro_f1, *pair.domains)]  # fmt: skip
    said = [row[-1] for row in page.rows if len(row) == 5]
    sides = [say.plain(key) for key in ("first_wins", "second_wins", "no_side")]
    assert len(won) == 12 and True in won and False in won  # or this test would show less
    assert [text in sides[:2] for text in said if text in sides] == won
    # What better means, and what the draws are, in plain words; all numbers of them from the settings.
    assert say.plain("compare_rule", level="95%", p="0.05") in page.text
    unit = say.plain("unit_groups")
    assert say.plain("differences_text", resamples="60", unit=unit, level="95%") in page.text
    links = {a["href"] for tag, a in page.tags if tag == "a"}
    assert links == {"0-x/report.html", "1-x/report.html", "2-x/report.html"}


def test_both_languages_are_complete() -> None:
    assert len(WORDS) > 150
    for key, both in WORDS.items():
        assert len(both) == 2 and all(both), key
        fields = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in both]
        # Chinese names the domain where English says "it".
        assert fields[0] - {"domain"} == fields[1] - {"domain"}, key
    chinese = [key for key, (_, en) in WORDS.items() if re.search(r"[\u4e00-\u9fff]", en)]
    assert not chinese
