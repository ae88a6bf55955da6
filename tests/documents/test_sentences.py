from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minsheng.documents.sentences import sentences


def parts(text: str) -> list[str]:
    return [text[a:b] for a, b in sentences(text)]


@given(st.text(alphabet="校医老房稳。！？；…，”’）(.!? \n13abAB一、", max_size=60))
def test_spans_cover_the_text_in_order(text: str) -> None:
    position = 0
    for start, end in sentences(text):
        assert start == position < end
        position = end
    assert position == len(text)


@given(st.text(alphabet="校医老房稳。！？；…，”’）13一、", max_size=60))
def test_no_sentence_is_only_white_space_or_a_closing_mark(text: str) -> None:
    found = parts(text)
    assert bool(found) == bool(text)
    for before, part in pairwise(found):
        assert before[-1] in "。！？；…”’）"
        assert part[0] not in "。！？；"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("新建学校三所。医院扩建！够不够？够；还要修路", 5),
        ("老人说：“饭菜可口。”大家都笑了。", 2),
        ("（养老金按时发放。）医保也是。", 2),
        ("他想了想……又说没事。", 2),
        ("真的吗？！当然。", 2),
        ("入学率达到99.5%，增长0.3个百分点。", 1),
        ("比例为3.5.全年", 1),
        ("1. 加强教育。2. 改善医疗。", 2),
        ("一.加强教育", 1),
        ("共1,000人. 明年再增", 2),
        ("The school opened. Then it closed.", 2),
        ("U.S. aid and v2.0", 1),
        ("第一行\n第二行", 2),
        ("参加五矿.万境项目", 1),
        ("", 0),
        ("。", 1),
    ],
)
def test_examples(text: str, count: int) -> None:
    assert len(parts(text)) == count, parts(text)


def test_closing_quotes_stay_with_their_sentence() -> None:
    assert parts("他说：“好。”我说：“行！”") == ["他说：“好。”", "我说：“行！”"]
