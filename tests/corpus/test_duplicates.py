from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from minsheng.corpus.duplicates import NEAR, RUN, Duplicate, duplicates_across, duplicates_within, runs
from minsheng.corpus.records import Record

# Joined at random they share long runs, short runs, or none; "甲甲…" repeats a run within a text.
PIECES = [
    "新建小学三所并招聘教师",
    "棚户区改造开工一千套",
    "，",
    "甲甲甲甲甲甲甲",
    "Abc 12。",
    "村医每月巡诊两次",
    "\n",
    "路",
]
texts = st.lists(st.sampled_from(PIECES), max_size=9).map("".join)


def records(found: list[str], prefix: str = "r") -> list[Record]:
    return [Record(f"{prefix}{n}", text, (), f"{prefix}{n}") for n, text in enumerate(found)]


def plain_runs(text: str) -> list[str]:
    bare = re.sub(r"[\W_]", "", text).lower()
    return sorted({bare[i : i + RUN] for i in range(len(bare)) if i == 0 or i + RUN <= len(bare)})


def closest(first: list[Record], record: Record) -> list[Duplicate]:
    """Brute force: the earliest of the records with most runs in common, if that is a quarter of its runs."""
    mine = plain_runs(record.text)
    best: list[Duplicate] = []
    for other in first:
        share = sum(run in plain_runs(other.text) for run in mine) / len(mine) if mine else 0.0
        if share and share >= NEAR and (not best or share > best[0].share):
            best = [Duplicate(other, record, share)]
    return best


@settings(max_examples=80, deadline=None)
@given(st.lists(texts, max_size=8), st.lists(texts, max_size=8))
def test_across_is_what_brute_force_finds(first: list[str], second: list[str]) -> None:
    one, two = records(first, "a"), records(second, "b")
    assert duplicates_across(one, two) == [found for record in two for found in closest(one, record)]


@settings(max_examples=80, deadline=None)
@given(st.lists(texts, max_size=10))
def test_within_is_what_brute_force_finds(found: list[str]) -> None:
    rows = records(found)
    wanted = [match for n, row in enumerate(rows) for match in closest(rows[:n], row)]
    assert duplicates_within(rows) == wanted


@given(texts)
def test_runs(text: str) -> None:
    assert sorted(runs(text)) == plain_runs(text)


def test_punctuation_space_and_case_do_not_count() -> None:
    one = records(["全市 ＰＭ2.5 浓度下降，Ａ级企业增加；空气更好了。"])
    two = records(["全市ＰＭ２.５"[:2] + "pm2.5浓度下降Ａ级企业增加空气更好了".replace("pm", "ＰＭ")], "b")
    assert [d.share for d in duplicates_across(one, two)] == [1.0]
    assert (
        duplicates_across(records(["Broadband For All"]), records(["broadband, for_all!"], "b"))[0].share
        == 1.0
    )
    assert duplicates_across(records(["，。！"]), records(["？"], "b")) == []  # nothing to compare


def test_a_copy_is_found_behind_many_texts_with_the_same_set_phrases() -> None:
    text = "坚持以人民为中心的发展思想不断增强人民群众获得感幸福感安全感"
    crowd = [
        text[i : i + 15] + f"{chr(0x4E00 + 60 * i + n) * 30}"
        for i in range(len(text) - 14)
        for n in range(60)
    ]
    rows = records([*crowd, text, text])
    assert [(d.first.id, d.second.id, d.share) for d in duplicates_within(rows) if d.second in rows[-1:]] == [
        (f"r{len(crowd)}", f"r{len(crowd) + 1}", 1.0)
    ]
    (found,) = duplicates_across(rows[:-1], rows[-1:])
    assert (found.first.id, found.share) == (f"r{len(crowd)}", 1.0)


def test_a_template_with_other_numbers_is_near_and_another_text_is_not() -> None:
    base = "今年全县新改扩建农村小学{}所，招聘乡村教师{}名，孩子们在家门口就能上好学、吃上热饭，家长不再起早接送。"
    one = records([base.format(12, 340)])
    assert len(duplicates_across(one, records([base.format(7, 96)], "b"))) == 1
    other = "今年全县新建公路若干里，货运量、客运量都有增长，村民出门方便多了，农产品卖得更远。"
    assert duplicates_across(one, records([other], "b")) == []
