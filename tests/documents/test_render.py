from __future__ import annotations

from minsheng.config.schema import CleanConfig, SplitConfig
from minsheng.documents.clean import clean
from minsheng.documents.render import render
from minsheng.documents.split import split
from minsheng.documents.values import Document, Source

TEXT = (
    "一、教(jiào)育\n\n全县新建小学三所。\n项目\t金额\n小学\t9\n"
    "\ufffd\ufffd坏了的字。\x1b[31m\n责任编辑：林某\n"
)


def document() -> Document:
    source = Source("报告.txt", TEXT, pages=(0, 14), encoding="gb18030", confidence=0.98, date="2020-01-08")
    return split(clean(source, config=CleanConfig()), config=SplitConfig())


def test_passages_are_numbered_with_page_and_heading() -> None:
    found = list(render(document()))
    assert found[0] == "报告.txt"
    assert all(fact in found[1] for fact in ("3 passages", "2 pages", "gb18030 (98%)", "2020-01-08"))
    assert "# 一、教育" in found
    first = found.index("[0]  page 1  under: 一、教育")
    assert found[first + 1] == "  全县新建小学三所。"
    table = found.index("[1]  page 2  under: 一、教育")
    assert found[table + 1 : table + 3] == ["  项目  |  金额", "  小学  |  9"]
    assert any(line.startswith("  mojibake at ") for line in found)
    assert not any("责任编辑" in line for line in found)


def test_dropped_shows_what_and_why() -> None:
    found = list(render(document(), dropped=True))
    assert any(line.startswith("  byline at ") and line.endswith("责任编辑：林某") for line in found)
    assert "  pinyin glosses: 1, such as 教(jiào)" in found
    assert "  invisible characters: 1" in found
    assert any(line.startswith("  white space: ") for line in found)


def test_lines_are_plain() -> None:
    found = list(render(document(), dropped=True))
    assert all(line.isprintable() for line in found)
    # The order is that of the document.
    numbers = [line.split("]")[0] for line in found if line.startswith("[")]
    assert numbers == ["[0", "[1", "[2"]


def test_long_dropped_spans_are_shortened() -> None:
    text = "全县新建小学三所。\n关键词：" + "教育 " * 40
    shown = split(clean(Source("x", text), config=CleanConfig()), config=SplitConfig())
    line = next(line for line in render(shown, dropped=True) if "keywords" in line)
    assert len(line) < 110 and "characters)" in line
