"""The report value against numbers computed by hand, its JSON, and the Markdown made from it."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minsheng import metrics
from minsheng.config.schema import EvaluationConfig
from minsheng.errors import DataError
from minsheng.evaluation.estimates import Estimate
from minsheng.evaluation.evaluate import Examples, System, evaluate
from minsheng.evaluation.evidence import EvidenceCase, agreement
from minsheng.evaluation.markdown import render
from minsheng.evaluation.sections import by_length, length_classes
from minsheng.evaluation.values import Evaluation
from minsheng.evaluation.verdict import verdict

DOMAINS = ("education", "housing")
TRUTH = np.array([[1, 0], [1, 1], [0, 1], [0, 0], [0, 0], [1, 0]], dtype=bool)
SCORES = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.7], [0.6, 0.1], [0.1, 0.05], [0.3, 0.2]])
THRESHOLDS = (0.5, 0.6)
# Given: education for rows 0, 1 and (wrongly) 3; housing for row 2. Missed: housing in 1, education in 5.
TEXTS = ["办学校", "学校旁边的公租房", "改造老旧小区" * 20, "修路 | *通车*", "种树", "老师"]
ACCEPTED = np.array([True, False, True, True, True, False])
CONFIG = EvaluationConfig(resamples=50, worst=2)


def build(**changes: Any) -> Evaluation:
    examples = Examples(
        truth=TRUTH,
        domains=DOMAINS,
        texts=TEXTS,
        ids=[f"p{i}" for i in range(6)],
        groups=["a", "a", "b", "b", "c", "d"],
        slices={"source": ["news", "news", "letter", "letter", "letter", None]},
    )
    system = System(SCORES, THRESHOLDS, uncalibrated=SCORES**2, accepted=ACCEPTED, target=0.95)
    options: dict[str, Any] = {
        "baselines": {"keywords": TRUTH, "tfidf": np.full(TRUTH.shape, 0.4)},
        "evidence": [EvidenceCase("education", (0, 3), ((0, 2),), ((0, 3), (3, 9)))],
        "about": {"model": "tiny"},
        "config": CONFIG,
    }
    options.update({key: value for key, value in changes.items() if key in options})
    fields = {field.name for field in dataclasses.fields(examples)}
    examples = dataclasses.replace(examples, **{key: new for key, new in changes.items() if key in fields})
    fields = {field.name for field in dataclasses.fields(system)}
    system = dataclasses.replace(system, **{key: new for key, new in changes.items() if key in fields})
    return evaluate(examples, system, **options)


@pytest.fixture(scope="module")
def report() -> Evaluation:
    return build()


def test_the_tables_hold_the_numbers_by_hand(report: Evaluation) -> None:
    education, housing = report.domains
    assert (education.correct, education.false_alarms, education.misses, education.support) == (2, 1, 1, 3)
    assert (housing.correct, housing.false_alarms, housing.misses, housing.support) == (1, 0, 1, 2)
    assert education.f1.value == pytest.approx(2 / 3) and housing.f1.value == pytest.approx(2 / 3)
    assert report.overall.exact_match.value == pytest.approx(3 / 6)
    assert report.overall.hamming_loss.value == pytest.approx(3 / 12)
    assert report.overall.micro.precision.value == pytest.approx(3 / 4)
    assert (report.examples, report.groups, report.without_label) == (6, 4, 2)
    assert housing.threshold == 0.6 and sum(point.examples for point in housing.reliability) == 6
    errors = metrics.calibration_error(TRUTH, SCORES**2, bins=CONFIG.bins)
    assert report.calibration.before == pytest.approx(errors.mean())
    assert education.calibration_error_before == pytest.approx(errors[0])


def test_every_interval_is_ordered_or_undefined(report: Evaluation) -> None:
    seen = 0

    def walk(value: Any) -> None:
        nonlocal seen
        if isinstance(value, Estimate):
            seen += 1
            assert (value.low is None) == (value.high is None)
            if value.low is not None and value.high is not None:
                assert value.low <= value.high
        elif dataclasses.is_dataclass(value):
            for field in dataclasses.fields(value):
                walk(getattr(value, field.name))
        elif isinstance(value, tuple):
            for item in value:
                walk(item)

    walk(report)
    assert seen > 40


def test_what_is_taken_without_review(report: Evaluation) -> None:
    auto = report.automatic
    assert auto is not None and auto.accepted == 4
    assert auto.share.value == pytest.approx(4 / 6)
    assert auto.set_precision.value == pytest.approx(3 / 4)  # row 3 is wrong
    assert auto.label_precision.value == pytest.approx(2 / 3)
    assert auto.recall.value == pytest.approx(2 / 5)
    assert auto.recall_lost.value == pytest.approx(1 / 5)  # row 1 was found and left
    assert build(accepted=None).automatic is None


def test_slices_cover_all_and_lengths_stand_in_order(report: Evaluation) -> None:
    sources = [row for row in report.slices if row.name == "source"]
    assert [(row.value, row.examples, row.labels) for row in sources] == [
        ("letter", 3, 1),
        ("news", 2, 3),
        (None, 1, 1),
    ]
    assert sources[0].accepted == 1.0 and sources[1].micro_f1.value == pytest.approx(4 / 5)
    lengths = [row for row in report.slices if row.name == "length"]
    assert [row.value for row in lengths] == ["1–100", "101–200"]
    many = build(slices={"day": [str(i) for i in range(6)]})
    assert sum(row.examples for row in many.slices if row.name == "day") == 6


def test_rare_values_of_a_slice_are_taken_together() -> None:
    rows = 30
    truth = np.tile(TRUTH, (5, 1))
    days = [f"day {i}" if i < 15 else "day 0" for i in range(rows)]
    found = build(
        truth=truth,
        scores=np.tile(SCORES, (5, 1)),
        texts=TEXTS * 5,
        ids=[str(i) for i in range(rows)],
        groups=None,
        slices={"day": days},
        uncalibrated=None,
        accepted=None,
        baselines={},
    )
    column = [row for row in found.slices if row.name == "day"]
    assert len(column) == 12 and (column[-1].value, column[-1].others) == ("", 4) and column[0].examples == 16
    assert sum(row.examples for row in column) == rows and found.groups is None


def test_length_classes_end_where_they_say() -> None:
    assert by_length(["一" * n for n in (1, 100, 101, 999)], (100, 200)) == [
        "1–100",
        "1–100",
        "101–200",
        "> 200",
    ]
    assert length_classes(()) == ["> 0"]


def test_baselines_stand_beside_the_model(report: Evaluation) -> None:
    keywords, tfidf = report.baselines
    assert keywords.macro_f1.value == 1.0 and keywords.macro_average_precision is None
    assert keywords.difference.value == pytest.approx(2 / 3 - 1) and keywords.ahead == 0.0
    assert tfidf.macro_f1.value == 0.0 and tfidf.macro_average_precision is not None
    assert tfidf.difference.value == pytest.approx(2 / 3) and tfidf.ahead >= 0.9
    same = build(baselines={"itself": metrics.decide(SCORES, THRESHOLDS)}).baselines[0]
    assert (same.difference.value, same.difference.low, same.difference.high) == (0.0, 0.0, 0.0)


def test_the_surest_mistakes_come_first(report: Evaluation) -> None:
    assert [(m.id, m.domain, m.score) for m in report.false_alarms] == [("p3", "education", 0.6)]
    assert [(m.id, m.domain, m.score) for m in report.misses] == [
        ("p1", "housing", 0.2),
        ("p5", "education", 0.3),
    ]
    assert report.misses[0].truth == DOMAINS and report.misses[0].given == ("education",)
    assert report.false_alarms[0].text == TEXTS[3]
    assert len(build(config=EvaluationConfig(resamples=5, worst=1)).misses) == 1


def test_evidence_counts_marked_characters(report: Evaluation) -> None:
    assert report.evidence is not None and report.evidence.overall.right == 1
    cases = [
        EvidenceCase(
            "housing", (0, 10), ((0, 3), (2, 5)), ((0, 10), (10, 20))
        ),  # half, overlaps counted once
        EvidenceCase("housing", (0, 10), ((0, 4),), ((0, 10), (10, 20))),
    ]
    found = agreement(cases, domains=DOMAINS)
    assert found is not None and [row.name for row in found.domains] == ["housing"]
    assert (found.overall.checked, found.overall.right, found.overall.chance) == (2, 1, 0.25)
    assert agreement([], domains=DOMAINS) is None
    with pytest.raises(DataError, match="empty"):
        agreement([EvidenceCase("housing", (3, 3), (), ((0, 3),))], domains=DOMAINS)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_json_round_trips_exactly(seed: int) -> None:
    random = np.random.default_rng(seed)
    found = build(scores=random.random(TRUTH.shape), truth=random.random(TRUTH.shape) < 0.3)
    again = Evaluation.from_json(found.to_json())
    assert again == found and again.to_json() == found.to_json()
    assert "NaN" not in found.to_json()


def test_json_of_another_version_names_the_key(report: Evaluation) -> None:
    values = json.loads(report.to_json())
    values["domains"][1]["heat"] = 1
    with pytest.raises(DataError, match=r"domains\.1\.heat"):
        Evaluation.from_json(json.dumps(values))


def test_single_label_gives_one_label_each() -> None:
    truth = np.eye(3, dtype=bool)[[0, 1, 2, 0, 1, 2]]
    scores = np.full((6, 3), 0.2) + 0.4 * np.eye(3)[[0, 1, 2, 0, 1, 1]]
    found = build(
        truth=truth,
        scores=scores,
        uncalibrated=None,
        domains=("a", "b", "none"),
        thresholds=None,
        evidence=(),
        baselines={"tfidf": scores},
    )
    assert found.overall.exact_match.value == found.overall.micro.f1.value == pytest.approx(5 / 6)
    assert found.baselines[0].difference.value == 0.0 and found.domains[0].threshold is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"domains": ("education",)}, "1 domains for 2 columns"),
        ({"texts": TEXTS[:3]}, "texts: 3 entries for 6"),
        ({"slices": {"source": ["news"]}}, "slice 'source': 1 entries"),
        ({"groups": ["a"]}, "groups: 1 entries"),
        ({"scores": SCORES * 3}, "outside"),
        ({"baselines": {"keywords": TRUTH[:2]}}, "baseline 'keywords'"),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        build(**change)


def test_markdown_begins_with_a_verdict_and_shows_every_section(report: Evaluation) -> None:
    text = render(report)
    first = text.split("\n\n")[2]
    assert first == verdict(report)
    assert "macro-F1 is 0.667" in first and "**below the 95 % aimed at**" in first
    assert "Too few true paragraphs to say much: education (3), housing (2)." in first
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings == [
        "## What can be used",
        "## By domain",
        "## Beside the baselines",
        "## Without review",
        "## Taken for another domain",
        "## Domains that stand together",
        "## Calibration error",
        "## Evidence",
        "## By source",
        "## By length in characters",
        "## False alarms, the surest first",
        "## Misses, the surest first",
        "## How the numbers were made",
    ]
    assert r"修路 \| \*通车\*" in text


@pytest.mark.parametrize(
    ("gap", "sentence"),
    [
        (Estimate(0.1, 0.05, 0.2), "It is better than rule by 0.100 (0.050 to 0.200)."),
        (Estimate(-0.1, -0.2, -0.05), "**It is worse than rule** by 0.100 (0.050 to 0.200)."),
        (Estimate(0.01, -0.02, 0.03), "It cannot be told apart from rule (+0.010, -0.020 to 0.030)."),
        (Estimate(None, None, None), "It cannot be compared with rule."),
    ],
)
def test_the_verdict_says_better_only_where_the_interval_does(
    report: Evaluation, gap: Estimate, sentence: str
) -> None:
    rival = dataclasses.replace(report.baselines[0], name="rule", difference=gap)
    assert sentence in verdict(dataclasses.replace(report, baselines=(rival,)))


def test_markdown_tables_have_as_many_cells_in_each_row(report: Evaluation) -> None:
    nothing = build(truth=np.zeros_like(TRUTH), accepted=np.zeros(6, dtype=bool), baselines={}, evidence=())
    assert nothing.overall.macro.recall.value is None and nothing.automatic is not None
    for found in (report, nothing):
        blocks = [block for block in render(found).split("\n\n") if block.startswith("|")]
        assert len(blocks) > 4
        for block in blocks:
            assert len({line.replace(r"\|", "").count("|") for line in block.splitlines()}) == 1, block
    assert "No paragraph can be taken without review" in render(nothing)
    assert "nan" not in render(nothing).lower() and "None" not in render(nothing)
