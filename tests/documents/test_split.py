from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minsheng.config.schema import CleanConfig, SplitConfig
from minsheng.documents.clean import clean, clean_text
from minsheng.documents.split import split
from minsheng.documents.values import Document, Source

CLEAN = CleanConfig()
SENTENCE = "全县新建小学三所，新增学位九百个。"  # 17 characters

PIECES = [
    SENTENCE,
    "县医院迁建工程开工！",
    "學校食堂改造完成,老師們看著孩子們吃飯",
    "养老(yǎng)服务中心（试行）",
    "一、工作回顾",
    "（二）兜住底线",
    "第三章 保障措施",
    "1. 改造危房",
    "## 标题",
    "- 3 -",
    "第 3 页 共 9 页",
    "来源：青石县融媒体中心",
    "责任编辑：林某",
    "相关阅读：",
    "****",
    "项目\t金额\t单位",
    "\ufffd\ue000",
    "?！稗k好學校",
    "㈠㈡㈢㈣㈤",
    "\r\n",
    "\n",
    "\n\n",
    "\r",
    " ",
    "　　",
    "\u200b",
    "……",
]
MIXTURES = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=4)), max_size=30).map("".join)


def read(text: str, *, longest: int = 500, heading: int = 40, **source: object) -> Document:
    cleaned = clean(Source("x", text, **source), config=CLEAN)  # type: ignore[arg-type]
    return split(cleaned, config=SplitConfig(max_characters=longest, heading_characters=heading))


def texts(document: Document) -> list[str]:
    return [passage.text for passage in document.passages]


@settings(max_examples=300, deadline=None)
@given(
    MIXTURES, st.sampled_from([50, 80, 500]), st.sampled_from([0, 40]), st.sampled_from(["text", "markdown"])
)
def test_contract(text: str, longest: int, heading: int, markup: str) -> None:
    cleaned = clean(Source("x", text, markup=markup), config=CLEAN)
    aligned = cleaned.aligned
    document = split(cleaned, config=SplitConfig(max_characters=longest, heading_characters=heading))
    covered: set[int] = set()
    for part in (*document.passages, *document.headings, *document.dropped):
        assert 0 <= part.start < part.end <= len(text)
        covered.update(range(part.start, part.end))
    assert covered == set(range(len(text)))
    for dropped in document.dropped:
        if dropped.reason == "space":
            assert not text[dropped.start : dropped.end].strip()
    parts = sorted([*document.passages, *document.headings], key=lambda part: part.start)
    assert all(a.end <= b.start for a, b in pairwise(parts))
    for spans in (document.passages, document.headings, document.dropped):
        assert all(a.end <= b.start for a, b in pairwise(spans))
    for passage in document.passages:
        assert passage.text and passage.text == passage.text.strip()
        assert len(passage.text) <= longest
        # The cleaned text has the passage at the place that came from the passage's span.
        place = bisect_left(aligned.starts, passage.start)
        places = [k for k in range(place, len(aligned.text)) if aligned.starts[k] == passage.start]
        assert any(
            aligned.text.startswith(passage.text, k)
            and aligned.ends[k + len(passage.text) - 1] == passage.end
            for k in places
        )


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(3, 60), min_size=1, max_size=60), st.sampled_from([100, 200, 500]))
def test_long_blocks_are_cut_at_sentence_ends_into_balanced_pieces(sizes: list[int], longest: int) -> None:
    text = "".join("新" * (size - 1) + "。" for size in sizes)
    pieces = texts(read(text, longest=longest))
    assert "".join(pieces) == text
    assert all(piece.endswith("。") and len(piece) <= longest for piece in pieces)
    if len(pieces) > 1:
        assert min(map(len, pieces)) >= longest / 2 - max(sizes)


@pytest.mark.parametrize("mark", ["，", ""])
def test_a_sentence_longer_than_the_limit_is_cut_at_commas_or_hard(mark: str) -> None:
    text = ("新建学校九所" + mark) * 40 + "。"
    pieces = texts(read(text, longest=100))
    assert "".join(pieces) == text
    assert all(20 < len(piece) <= 100 for piece in pieces)
    assert not mark or all(piece[-1] in "，。" for piece in pieces)


def test_a_full_stop_is_a_better_place_than_a_semicolon() -> None:
    text = "新" * 45 + "。" + "建" * 5 + "；" + "校" * 45 + "。"
    assert [len(piece) for piece in texts(read(text, longest=60))] == [46, 52]


def test_lost_paragraph_breaks_cut_a_long_block_first() -> None:
    paragraphs = [SENTENCE * 4, SENTENCE * 3, "各位代表！", SENTENCE * 5]
    wanted = [SENTENCE * 4, SENTENCE * 3, "各位代表！ " + SENTENCE * 5]
    assert texts(read(" ".join(paragraphs), longest=100)) == wanted
    # A space after every sentence is a habit of typing and no paragraph break.
    assert all(len(piece) > 50 for piece in texts(read(" ".join([SENTENCE] * 10), longest=100)))


HEADED = f"""青石县工作报告
——2020年1月8日在县人民代表大会上
县长 林某
一、工作回顾
（一）教育
{SENTENCE}
（二）养老：
{SENTENCE}
（三）提高保障水平。全年发放救助金九百万元。
二、下一步打算
{SENTENCE}
青石县人民政府
2020年1月8日"""


def test_lead_lines_become_headings() -> None:
    document = read(HEADED)
    assert [(p.heading, p.text) for p in document.passages] == [
        ("（一）教育", SENTENCE),
        ("（二）养老：", SENTENCE),
        ("（二）养老：", "（三）提高保障水平。全年发放救助金九百万元。"),
        ("二、下一步打算", SENTENCE),
    ]
    assert [h.text for h in document.headings] == [
        "青石县工作报告", "——2020年1月8日在县人民代表大会上", "县长 林某", "一、工作回顾", "（一）教育",
        "（二）养老：", "二、下一步打算", "青石县人民政府", "2020年1月8日",
    ]  # fmt: skip
    assert all(HEADED[h.start : h.end] == h.text for h in document.headings)


def test_a_title_comes_before_its_subtitle() -> None:
    document = read(f"青石县工作报告\n县长 林某\n{SENTENCE}")
    assert document.passages[0].heading == "青石县工作报告"


def test_heading_characters_zero_leaves_only_marked_headings() -> None:
    assert not read(HEADED, heading=0).headings
    document = read(f"全县教育工作\n{SENTENCE}", heading=0, headings=((0, 6),))
    assert [h.text for h in document.headings] == ["全县教育工作"]


def test_items_of_a_list_are_body_text() -> None:
    document = read(f"一、实事\n1. 新建学校三所\n2. 改造危房九百户\n3. 扩建医院\n二、经费\n{SENTENCE}")
    assert texts(document) == ["1. 新建学校三所", "2. 改造危房九百户", "3. 扩建医院", SENTENCE]
    assert [p.heading for p in document.passages] == ["一、实事"] * 3 + ["二、经费"]


@pytest.mark.parametrize("text", ["希望增加校车", "希望增加校车\n", "一、希望增加校车"])
def test_a_single_line_is_always_a_passage(text: str) -> None:
    document = read(text)
    assert texts(document) == [text.strip()]
    assert not document.headings


def test_a_short_last_line_is_a_passage_unless_it_is_a_signature() -> None:
    assert texts(read(f"关于校车的信\n{SENTENCE}\n请问什么时候开通校车"))[-1] == "请问什么时候开通校车"


def test_a_caption_and_a_salutation_are_passages() -> None:
    document = read(f"标题\n图为志愿者打扫敬老院\n各位代表：\n{SENTENCE}")
    assert texts(document) == ["图为志愿者打扫敬老院", "各位代表：", SENTENCE]


def test_rows_of_a_table_share_passages_up_to_the_limit() -> None:
    rows = [f"第{n}小学\t{n}00\t万元" for n in range(1, 21)]
    document = read(f"经费表\n{chr(10).join(rows)}\n{SENTENCE}", longest=100)
    *tables, last = texts(document)
    assert "\n".join(tables).split("\n") == rows
    assert all(len(table) <= 100 for table in tables)
    assert len(tables) == 3
    assert last == SENTENCE
    assert {p.heading for p in document.passages} == {"经费表"}


def test_many_short_lines_in_a_row_share_a_passage() -> None:
    cells = "\n".join(["学校", "医院", "敬老院", "安置房"])
    assert cells in texts(read(f"{SENTENCE}\n{cells}\n{SENTENCE}"))


def test_markdown_headings_and_items() -> None:
    text = f"# 报告\n\n## 教育\n\n- 新建学校\n\n{SENTENCE}\n\n## 医疗，养老，以及住房\n\n{SENTENCE}\n"
    document = read(text, markup="markdown")
    assert [h.text for h in document.headings] == ["报告", "教育", "医疗，养老，以及住房"]
    assert texts(document) == ["新建学校", SENTENCE, SENTENCE]
    assert document.passages[-1].heading == "医疗，养老，以及住房"


def test_a_passage_has_the_page_where_it_starts() -> None:
    text = f"{SENTENCE}\n{SENTENCE * 2}\n{SENTENCE}"
    document = read(text, pages=(0, 20, 53))
    assert [p.page for p in document.passages] == [1, 1, 3]
    assert read(text).passages[0].page is None


def test_an_empty_document_has_no_passages() -> None:
    assert read("").passages == ()
    document = read(" \n\u200b\n")
    assert document.passages == () and document.headings == ()
    assert [(d.start, d.end, d.reason) for d in document.dropped] == [
        (0, 2, "space"), (2, 3, "invisible"), (3, 4, "space"),
    ]  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(MIXTURES)
def test_a_passage_is_clean_already(text: str) -> None:
    for passage in read(text).passages:
        if not set(passage.text) & set(
            ".,;:?!()\ufffd"
        ):  # what is dropped beside a mark can change its width
            assert clean_text(passage.text, config=CLEAN) == passage.text
