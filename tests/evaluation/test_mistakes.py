from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from minsheng.evaluation.mistakes import Paragraphs, mistakes, suspects, with_sentences

DOMAINS = ("education", "housing")
TEXTS = ["学校新建。公租房分配。道路通车。", "只有一句话", "老师来了。房子修好了。", ""]
TRUTH = np.array([[1, 0], [0, 1], [1, 1], [0, 0]], dtype=bool)
SCORES = np.array([[0.1, 0.9], [0.7, 0.8], [0.95, 0.02], [0.3, 0.99]])
PARAGRAPHS = Paragraphs(TEXTS, ["a", "b", "c", "d"], DOMAINS, TRUTH, SCORES >= 0.5, SCORES)


def scorer(texts: Sequence[str]) -> np.ndarray:
    """Education by 学 and 老, housing by 房."""
    return np.array([[0.9 * ("学" in t) + 0.5 * ("老" in t), 0.8 * ("房" in t)] for t in texts])


def test_each_mistake_shows_the_sentence_that_scores_highest_alone() -> None:
    found = with_sentences(mistakes(PARAGRAPHS, "false_alarm", most=9), scorer, domains=DOMAINS)
    assert [(m.id, m.domain) for m in found] == [("d", "housing"), ("a", "housing"), ("b", "education")]
    shown = [m.sentence and m.text[m.sentence.start : m.sentence.end] for m in found]
    assert shown == [None, "公租房分配。", "只有一句话"]
    assert found[1].sentence is not None and found[1].sentence.score == 0.8
    assert found[2].sentence is not None and found[2].sentence.score == 0.7  # its own, not scored again
    missed = with_sentences(mistakes(PARAGRAPHS, "miss", most=9), scorer, domains=DOMAINS)
    assert [(m.id, m.domain, m.text[m.sentence.start : m.sentence.end]) for m in missed if m.sentence] == [
        ("c", "housing", "房子修好了。"),
        ("a", "education", "学校新建。"),
    ]
    assert with_sentences((), scorer, domains=DOMAINS) == ()


def test_suspects_are_the_strongest_contradictions() -> None:
    rules = {"rule": np.array([[0, 1], [0, 0], [0, 0], [0, 0]], dtype=bool)}
    found = suspects(PARAGRAPHS, rules, doubt=0.9, most=2)
    assert found.found == 3
    assert [(s.id, s.domain, s.agree) for s in found.shown] == [
        ("d", "housing", ()),
        ("c", "housing", ("rule",)),
    ]
    assert found.shown[1].truth == DOMAINS and found.shown[1].given == ("education",)
    assert suspects(PARAGRAPHS, {}, doubt=0.995, most=2).found == 0


@given(arrays(bool, (20, 3)), arrays(np.float64, (20, 3), elements=st.floats(0, 1)), st.floats(0.5, 1))
def test_suspects_against_counting_by_hand(truth: np.ndarray, scores: np.ndarray, doubt: float) -> None:
    given_ = scores >= 0.4
    rows = Paragraphs(["x"] * 20, [str(n) for n in range(20)], ("a", "b", "c"), truth, given_, scores)
    expected = {}
    for n in range(20):
        against = [
            1 - scores[n, d] if truth[n, d] else scores[n, d] for d in range(3) if truth[n, d] != given_[n, d]
        ]
        if against and max(against) >= doubt:
            expected[str(n)] = max(against)
    found = suspects(rows, {}, doubt=doubt, most=100)
    assert {s.id: s.against for s in found.shown} == expected and found.found == len(expected)
    assert [s.against for s in found.shown] == sorted(expected.values(), reverse=True)
