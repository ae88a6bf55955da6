"""The tags page in Chromium, opened from disk and used with keyboard, mouse and finger."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from audit import assert_accessible, assert_alone, tabbed
from browser import Browser, Page, needs_chromium
from tags_run import TAGS, TAXONOMY, passage, write_run
from typer.testing import CliRunner

from minsheng.cli.app import app
from minsheng.corpus.records import read_records

pytestmark = needs_chromium
# For steps that run in the page.
HANDS = """
const press = (key) => document.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
const visible = () => [...document.querySelectorAll("article")].map((node) => node.passage.text);
const go = async (hash) => { location.hash = hash; await new Promise((done) => setTimeout(done, 50)); };
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    running = Browser(tmp_path_factory.mktemp("chromium") / "profile")
    yield running
    running.close()


def told(page: Page, steps: str) -> dict[str, Any]:
    """What steps in the page put into `told`."""
    found: dict[str, Any] = page.run(f"(async () => {{ {HANDS} const told = {{}}; {steps} return told; }})()")
    return found


def texts(page: Page) -> list[str]:
    return list(page.run("[...document.querySelectorAll('article')].map((node) => node.passage.text)"))


def corpus(*arguments: object) -> dict[str, Any]:
    """A command of `minsheng corpus` and its answer."""
    result = CliRunner().invoke(app, ["corpus", *map(str, arguments), "--json"])
    assert result.exit_code == 0, (result.output, result.exception)
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def test_labels_are_corrected_saved_and_come_back(browser: Browser, tmp_path: Path) -> None:
    report = write_run(tmp_path / "run")[0]
    with browser.open(report, hash="#d=0", downloads=tmp_path) as page:
        for key in ("j", "j", "1", "3", "j", "y"):  # second passage: education off, pensions on; third: right
            page.press(key)
        page.click("#save")
        assert page.run("$('message').textContent") == "请先填写标注人。"
        assert page.run("document.activeElement.id") == "annotator"
        page.type(" 甲 ")
        page.go(report.as_uri() + "#d=3")  # another document; the labels stay
        page.click("article:nth-of-type(2) .text")
        page.click("article.on .choices input")
        page.press("j")
        for key in ("1", "u"):  # given and taken back
            page.press(key)
        assert page.run("$('mine-count').textContent") == "已标 3 段"
        page.run("$('annotator').value = ' 甲 '")
        page.click("#save")
        page.wait("$('message').textContent.includes('minsheng corpus import')")
        saved = next(iter(tmp_path.glob("reviewed-*.jsonl")), None)
        while saved is None:
            page.run("new Promise((done) => setTimeout(done, 50))")
            saved = next(iter(tmp_path.glob("reviewed-*.jsonl")), None)
        assert_alone(page, report)
    imported = tmp_path / "imported.jsonl"
    assert corpus("import", saved, imported)["labelled"] == 3
    assert corpus("check", imported)
    records = read_records(imported, TAXONOMY.keys)
    assert [(r.id, r.text, r.labels, r.group) for r in records] == [
        ("甲/报告.pdf:1", TAGS[1]["text"], ("healthcare", "pensions"), "甲/报告.pdf"),
        ("甲/报告.pdf:2", TAGS[2]["text"], (), "甲/报告.pdf"),
        ("丙.csv#7:0~2", TAGS[5]["text"], ("education", "housing"), "丙.csv#7"),
    ]
    assert {r.annotator for r in records} == {"甲"} and {r.source for r in records} == {"minsheng-tag"}
    assert [r.date for r in records] == [None, None, "2024-01-02"]
    (before,) = [r for r in read_records(saved, TAXONOMY.keys) if r.id == "甲/报告.pdf:1"]
    assert before.meta["suggestion"]["labels"] == ["education", "healthcare"]
    assert before.meta["suggestion"]["scores"]["healthcare"] == 0.875
    assert (before.meta["page"], before.meta["decision"]) == (3, "auto")
    with browser.open(report, hash="#all=1") as page:  # a browser that knows nothing of it
        lines = saved.read_text("utf-8") + '{"id": "x", "text": "y", "labels": []}\n'
        (tmp_path / "more.jsonl").write_text(lines, "utf-8")
        (tmp_path / "wrong.jsonl").write_text("no labels", "utf-8")
        for name, answer in (("more", "载入 3 段；1 行"), ("wrong", "不是标注")):
            node = page.send("Runtime.evaluate", expression="$('take')")["result"]["objectId"]
            page.send("DOM.setFileInputFiles", objectId=node, files=[str(tmp_path / f"{name}.jsonl")])
            page.wait(f"$('message').textContent.includes({json.dumps(answer)})")
        page.click("#mine")
        assert texts(page) == [TAGS[1]["text"], TAGS[2]["text"], TAGS[5]["text"]]


def test_reading_filters_and_links(browser: Browser, tmp_path: Path) -> None:
    report = write_run(tmp_path / "run")[0]
    with browser.open(report) as page:
        found = told(page, """
          told.title = document.title;
          told.documents = [...document.querySelectorAll("#documents tr")].map((row) => row.innerText);
          await go("d=0&p=1");
          told.active = active.text;
          told.place = document.querySelectorAll(".place")[0].innerText;
          const [first, second] = document.querySelectorAll("article");
          told.evidence = [...first.querySelectorAll(".evidence")].map((e) => e.textContent);
          told.both = second.querySelectorAll(".evidence .evidence").length;
          told.headings = [...document.querySelectorAll("#list h3")].map((head) => head.textContent);
          await go("all=1"); told.all = visible();
          await go("all=1&k=housing"); told.housing = visible();
          await go("all=1&k=housing,healthcare"); told.either = visible();
          await go("all=1&k="); told.none = visible();
          await go("all=1&r=1"); told.review = visible();
          change({ review: false, q: "三所 学位" }); told.search = visible();
          told.marks = [...document.querySelectorAll("mark")].map((mark) => mark.textContent);
          told.hash = decodeURIComponent(location.hash);
          change({ q: "没有这个词" }); told.empty = $("list").innerText;
          await go(""); told.overview = !$("overview").hidden && $("reader").hidden;
          const name = (text) => {
            $("find-document").value = text;
            $("find-document").dispatchEvent(new Event("input"));
          };
          name("乙"); told.named = document.querySelectorAll("#documents tr").length;
          name("没有"); told.unnamed = $("overview").innerText.includes("没有这样的文件");
        """)  # fmt: skip
        assert_alone(page, report)
    assert found["title"] == "标签总览"  # no text of the data ran
    assert len(found["documents"]) == 4 and "乱码 × 2" in found["documents"][0]
    characters = sum(len(tag["text"]) for tag in TAGS[:3])
    assert found["documents"][0].split("\n")[-1].split()[1:3] == ["3", str(characters)]
    assert found["active"] == TAGS[1]["text"] and found["place"].split() == ["第", "3", "页，字符", "120–260"]
    assert found["evidence"] == ["𠮷镇新建小学三所。"] and found["both"] == 1
    assert found["headings"][0] == "一、教育" and "</script>" in found["headings"][1]
    every = [t["text"] for t in TAGS]
    assert found["all"] == every
    assert found["housing"] == every[4:6] and found["either"] == [every[1], *every[4:6]]
    assert found["none"] == every[2:4] and found["review"] == [every[2], every[5]]
    assert found["search"] == every[:1] and found["marks"] == ["三所", "学位"]
    assert found["hash"] == "#all=1&q=三所+学位" and "没有符合条件的段落" in found["empty"]
    assert found["overview"] and found["named"] == 1 and found["unnamed"]


def test_with_mouse_and_keys(browser: Browser, tmp_path: Path) -> None:
    report = write_run(tmp_path / "run")[0]
    every = [t["text"] for t in TAGS]
    with browser.open(report) as page:
        page.click(".go")
        page.wait("!$('reader').hidden")
        assert texts(page) == every
        page.click(".chip[data-domain='housing']")
        assert texts(page) == every[4:6] and page.run("$('found').textContent") == "2 段，共 7 段"
        page.click("#review")
        assert texts(page) == every[5:6]
        page.press("/")
        page.type("没有这个词")
        page.wait("document.querySelector('#list button')")
        page.click("#list button")  # clear filters
        assert texts(page) == every
        page.hover("article:nth-of-type(2) .mark")
        assert (
            page.run("getComputedStyle(document.querySelector('.mark:hover'), '::after').content")
            == '"教育 88%"'
        )
        page.go(report.as_uri() + "#")
        page.wait("!$('overview').hidden")
        page.click("[data-sort='passages']")
        assert page.run("document.querySelector('[aria-sort]').getAttribute('aria-sort')") == "descending"
        assert page.run("document.querySelector('#documents a').textContent") in ("报告.pdf", "丙.csv")
        reached = tabbed(page, 40)
        for name in ("data-sort", 'class="name"'):
            assert any(name in node for node in reached), (name, reached)
        page.go(report.as_uri() + "#d=0")
        page.wait("!$('reader').hidden")
        page.press("j")
        reached = tabbed(page, 40)
        for name in ("checkbox", 'class="right"', 'class="place"'):
            assert any(name in node for node in reached), (name, reached)
        assert_alone(page, report)


def test_on_a_phone(browser: Browser, tmp_path: Path) -> None:
    report = write_run(tmp_path / "run")[0]
    with browser.open(report, hash="#d=0", width=360, height=740, dark=True) as page:
        assert not page.run("document.querySelector('.panel')")
        page.tap("article:nth-of-type(2) .text")
        page.wait("document.querySelector('article.on .panel')")
        assert page.run(
            "document.querySelector('.panel .choices').innerText.replace(/\\s+/g, ' ')"
        ).startswith("教育 88% 医疗卫生 88%")
        page.tap("article.on .choices input")
        assert page.run("made.get(active.id).join()") == "1"
        page.tap("#review")
        assert texts(page) == [TAGS[2]["text"]]
        assert_alone(page, report)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("dark", [False, True])
def test_everyone_can_read_it(browser: Browser, tmp_path: Path, lang: str, dark: bool) -> None:
    long = "很长的文件夹名" * 9 + "/" + "a_name_without_any_place_to_break" * 4 + ".docx"
    tags = [*TAGS, passage(long, 0, "长者食堂开张。", "pensions", date="2024-01-01", heading="标题" * 60)]
    documents = [{"document": name, "date": None, "title": None, "problems": "mojibake × 2"}
                 for name in dict.fromkeys(tag["document"] for tag in tags)]  # fmt: skip
    report = write_run(tmp_path / "run", tags=tags, documents=documents, lang=lang)[0]
    for width in (1280, 360):
        with browser.open(report, width=width, dark=dark) as page:
            paper = page.run("getComputedStyle(document.documentElement).backgroundColor")
            assert paper == ("rgb(20, 24, 28)" if dark else "rgb(255, 255, 255)")
            assert_accessible(page, texts=100)
            page.go(report.as_uri() + "#all=1&q=" + "%E4%BB%B6")  # 件, so that something is marked
            page.wait("!$('reader').hidden")
            page.run("reveal(0), give(active, [0]), change({ q: '' }), reveal(1)")
            assert page.run("!$('saving').hidden && Boolean(document.querySelector('.panel'))")
            assert_accessible(page, texts=60)
            assert_alone(page, report)


def test_on_paper(browser: Browser, tmp_path: Path) -> None:
    report = write_run(tmp_path / "run")[0]
    with browser.open(report, hash="#all=1", dark=True) as page:
        page.press("j")
        printed = pypdfium2.PdfDocument(page.pdf())
    sheet = printed[0].render(scale=0.5).to_pil().convert("L")
    assert sheet.getpixel((5, 5)) == 255 and min(sheet.getdata()) < 90  # ink on white, in dark mode too
    words = "".join(p.get_textpage().get_text_range() for p in printed)
    assert all(tag["text"][:6] in words for tag in TAGS[3:]) and "教育" in words
    assert "我标过的" not in words and "标得对" not in words


def test_columns_of_a_table_stand_below_each_other(browser: Browser, tmp_path: Path) -> None:
    table = "项目\t去年\t今年\n社区养老服务设施\t63处\t50处\n加装电梯\t163部\t200部"
    report = write_run(tmp_path / "run", tags=[passage("表.txt", 0, table)], documents=[
        {"document": "表.txt", "date": None, "title": None, "problems": ""}])[0]  # fmt: skip
    with browser.open(report, hash="#d=0") as page:
        places = page.run("""
          [...document.querySelector(".text").firstChild.data.matchAll(/\\t(.)/g)].map(({ index }) => {
            const range = document.createRange();
            range.setStart(document.querySelector(".text").firstChild, index + 1);
            range.setEnd(document.querySelector(".text").firstChild, index + 2);
            return range.getBoundingClientRect().left;
          })
        """)
        assert_alone(page, report)
    assert len(places) == 6 and places[:2] == places[2:4] == places[4:] and places[0] < places[1]
