from __future__ import annotations

import pytest

from minsheng.documents.readers import html
from minsheng.errors import DocumentError

PARAGRAPHS = [
    "沅陂县把教育放在优先位置，全年新建公办幼儿园九所，新增学位两千七百个，大班额基本消除。",
    "乡镇卫生院标准化率达到百分之九十六，家庭医生签约服务覆盖四十一万人，基层就诊率提高。",
    "新增养老床位八百张，社区食堂开到四十二家，高龄津贴按月足额发放到位。",
    "公路建设完成投资十二亿元。",
]
MENU = "".join(
    f'<li><a href="/{word}">{word}</a></li>' for word in ("首页", "政务公开", "办事服务", "互动交流")
)
RELATED = "".join(f'<li><a href="/{i}">沅陂县召开第{i}次工作会议部署重点任务</a></li>' for i in range(6))
HEAD = (
    '<title>民生报告_沅陂县政府网</title><meta name="ArticleTitle" content="沅陂县民生报告">'
    '<meta name="PubDate" content="2024-03-05 09:10">'
)


def page(body: str, *, head: str = HEAD) -> str:
    return (
        f'<!DOCTYPE html><html><head><meta charset="utf-8">{head}<script>var a = "脚本";</script></head>'
        f'<body><div class="header"><ul class="nav">{MENU}</ul></div>'
        f'<div class="main"><h1>沅陂县民生报告</h1>{body}'
        '<div class="share">分享到：<a>微信</a><a>微博</a></div></div>'
        f'<div class="related"><h3>相关链接</h3><ul>{RELATED}</ul></div>'
        '<div class="footer"><p>版权所有 沅陂县人民政府</p></div></body></html>'
    )


def lines(text: str, *, codec: str = "utf-8") -> list[str]:
    return html.from_bytes(text.encode(codec), "a.html", encoding=None).text.split("\n")


@pytest.mark.parametrize(
    "body",
    [
        "<div>" + "".join(f"<p>　　{p}</p>" for p in PARAGRAPHS) + "</div>",
        "<div id=zoom>" + "<br>".join(f"&nbsp;&nbsp;{p}" for p in PARAGRAPHS) + "</div>",
        "<div>" + "".join(f"<div>{p}</div>" for p in PARAGRAPHS) + "</div>",
        "<table><tr><td>" + "".join(f"<p>{p}</p>" for p in PARAGRAPHS) + "</td></tr></table>",
        "<table><tr><td>" + "<br>".join(PARAGRAPHS) + "</td></tr></table>",
        "<article>"
        + "".join(f"<p><b>{p[:6]}</b><span>{p[6:]}</span></p>" for p in PARAGRAPHS)
        + "</article>",
    ],
    ids=["p", "br", "div", "layout", "layout-br", "inline"],
)
def test_main_content_without_menus(body: str) -> None:
    found = lines(page(body))
    assert [line for line in found if line in PARAGRAPHS] == PARAGRAPHS
    assert not {"首页", "微信", "相关链接", "版权所有 沅陂县人民政府"} & set(found)
    assert "脚本" not in "".join(found)


def test_headings_tables_title_and_date() -> None:
    body = (
        f"<h2>一、教育</h2><p>{PARAGRAPHS[0]}</p><h2>二、卫生</h2><p>{PARAGRAPHS[1]}</p>"
        "<table><tr><th>项目</th><th>数量</th></tr><tr><td>幼儿园</td><td>9所</td></tr></table>"
        f"<p>{PARAGRAPHS[2]}</p>"
    )
    source = html.from_bytes(page(body).encode(), "a.html", encoding=None)
    headings = [source.text[start:end] for start, end in source.headings]
    assert headings[-2:] == ["一、教育", "二、卫生"]
    assert "\n项目\t数量\n幼儿园\t9所\n" in source.text
    assert (source.title, source.date, source.markup) == ("沅陂县民生报告", "2024-03-05", "html")
    assert source.encoding == "utf-8" and source.confidence == 1.0


def test_declared_charset_is_checked() -> None:
    text = page("".join(f"<p>{p}</p>" for p in PARAGRAPHS))
    assert PARAGRAPHS[0] in lines(text, codec="gb18030")  # says utf-8
    assert PARAGRAPHS[0] in lines(text.replace("utf-8", "gb2312"), codec="gb18030")
    assert PARAGRAPHS[0] in lines(text.replace("utf-8", "gb2312"))
    assert PARAGRAPHS[0] in lines('<?xml version="1.0" encoding="gb2312"?>' + text, codec="gb18030")


def test_short_page_is_read_whole() -> None:
    assert lines("<html><body><p>今日停水。</p></body></html>") == ["今日停水。"]


@pytest.mark.parametrize("depth", [250, 5_000, 50_000])
def test_depth(depth: int) -> None:
    body = "".join(f"<p>{p}</p>" for p in PARAGRAPHS)
    rows = "<h2>一、表</h2><table><tr><td>学校</td><td>3所</td></tr></table>"
    found = lines("<html><body>" + "<div>" * depth + rows + body)
    assert [line for line in found if line in PARAGRAPHS] == PARAGRAPHS
    assert "学校\t3所" in found


def test_unclosed_menu_swallows_nothing() -> None:
    found = lines("<html><body><nav><ul><li>首页" + "".join(f"<p>{p}</p>" for p in PARAGRAPHS))
    assert [line for line in found if line in PARAGRAPHS] == PARAGRAPHS


def test_sentences_outside_the_article_are_not_lost() -> None:
    # Two articles on one page: what the extractor takes for the main one must not hide the other.
    first, second = ("".join(f"<p>{mark}地：{p}</p>" for p in PARAGRAPHS) for mark in "甲乙")
    found = "".join(
        lines(f"<html><body><article>{first}</article><div><div>{second}</div></div></body></html>")
    )
    assert all(f"{mark}地：{p}" in found for p in PARAGRAPHS for mark in "甲乙")


@pytest.mark.parametrize(
    ("content", "date"),
    [
        ("2024年3月5日", "2024-03-05"),
        ("20240305", "2024-03-05"),
        ("2024-13-40", None),
        ("昨天", None),
    ],
)
def test_date_only_from_the_head(content: str, date: str | None) -> None:
    body = "<p>2019年1月1日开工。" + PARAGRAPHS[0] + "</p>"
    text = page(body, head=f'<meta property="article:published_time" content="{content}">')
    assert html.from_bytes(text.encode(), "a.html", encoding=None).date == date


def test_empty_and_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DocumentError) as caught:
        lines("<html><body><script>render()</script></body></html>")
    assert caught.value.code == "empty"
    monkeypatch.setattr(html, "MOST_BYTES", 10)
    with pytest.raises(DocumentError) as caught:
        lines(page("<p>x</p>"))
    assert caught.value.code == "too_large"
