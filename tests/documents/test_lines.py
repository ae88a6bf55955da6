from __future__ import annotations

import pytest

from minsheng.config.schema import CleanConfig
from minsheng.documents.clean import clean
from minsheng.documents.values import Cleaned, Source

BEFORE, AFTER = "全县新建小学三所，新增学位九百个。", "县医院迁建工程开工。"


def cleaned(text: str, *, markup: str = "text") -> Cleaned:
    return clean(Source("x", text, markup=markup), config=CleanConfig())


def lines(text: str) -> list[str]:
    return cleaned(text).aligned.text.split("\n")


def test_running_heads_and_page_numbers_do_not_cut_a_sentence() -> None:
    head, half, rest = "青石县民生报告", "全县干部群众一起努力，改造乡村学校食堂十", "二个，惠及学生三千人。"
    pages = [f"{name}{half}\n- {n} -\n{head}\n{rest}" for n, name in enumerate(("东乡", "西乡", "北乡"))]
    assert lines("\n".join([head, *pages])) == [head, *(f"{n}乡{half}{rest}" for n in "东西北")]


def test_bare_page_numbers_are_dropped_only_where_they_count_up() -> None:
    body = "全县干部群众一起努力。\n医院也建好了。\n学校也建好了。\n"
    assert lines(f"{body}1\n{body}2\n{body}3") == (body * 3).strip().split("\n")
    assert lines(f"{body}17\n{body}5\n{body}9").count("17") == 1


def test_a_line_that_repeats_inside_a_report_is_no_page_header() -> None:
    text = "".join(f"{name}工作\n存在问题\n{BEFORE}\n" for name in ("教育", "医疗", "养老"))
    assert lines(text).count("存在问题") == 3
    notices = "".join(
        f"青石县公告\n第{n}号\n{BEFORE}\n县人民代表大会\n2020年1月8日于青石\n" for n in "一二三四"
    )
    assert lines(notices).count("青石县公告") == lines(notices).count("2020年1月8日于青石") == 4


def test_a_table_of_contents_is_dropped() -> None:
    text = f"目 录\n一、教育……………1\n二、卫生.........12\n一、教育\n{BEFORE}"
    assert lines(text) == ["一、教育", BEFORE]


WRAPPED = (
    "　　今年以来，全县坚持把保障和改善民生作为一切工作的出发\n"
    "点和落脚点，新建改扩建义务教育学校12所，新增学位4600个，\n"
    "城区大班额比例由上年的百分之十八下降到百分之六。\n"
    "　　基层医疗卫生机构标准化建设全面完成，村卫生室医保直接结\n"
    "算实现全覆盖，家庭医生签约服务重点人群签约率达到八成，县域\n"
    "内就诊率提高到九成。\n"
    "　　农村低保标准提高到每人每年6200元，特困供养人员生活费足\n"
    "额发放。\n"
)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_hard_wrapped_lines_are_joined(end: str) -> None:
    found = lines(WRAPPED.replace("\n", end))
    assert len(found) == 3
    assert "出发点和落脚点" in found[0] and "直接结算实现" in found[1] and "足额发放。" in found[2]


@pytest.mark.parametrize("end", ["", "。"])
def test_lines_that_are_paragraphs_are_not_joined(end: str) -> None:
    rest = "项民生实事办理完毕，群众反映良好，下一步继续做好后续管护工作，不留尾巴"
    text = "\n".join(f"全县第{number}{rest}{end}" for number in "一二三四五六七八")
    assert len(lines(text)) == 8


def test_markdown_marks_are_dropped() -> None:
    text = (
        "# 报告\n\n- **新建**学校，见[名单](http://a.example/b)。\n> 引用的话。\n\n"
        "| 项目 | 金额 |\n| --- | ---: |\n| 学校 | 1,200 |\n```\n代码。\n```\n"
    )
    result = cleaned(text, markup="markdown")
    assert result.aligned.text.split("\n") == [
        "报告", "新建学校，见名单。", "引用的话。", "项目\t金额", "学校\t1,200", "代码。",
    ]  # fmt: skip
    assert {d.reason for d in result.dropped} == {"markup", "space"}
    assert "**" in cleaned(text).aligned.text
