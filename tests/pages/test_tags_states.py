"""The tags page where there is little to show, or little room: what it says then."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from audit import assert_accessible, assert_alone
from browser import Browser, needs_chromium
from tags_run import passage, write_run

import minsheng
from minsheng.pages.language import Language
from minsheng.pages.tags_words import FAILURES, WORDS

LANGUAGES: tuple[Language, ...] = ("zh", "en")
NAME = "关于上年度民生实事推进情况和本年度重点任务分解落实方案的报告" * 4 + ".docx"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    running = Browser(tmp_path_factory.mktemp("chromium") / "profile")
    yield running
    running.close()


def test_every_code_of_a_failure_has_its_chinese() -> None:
    given: set[str] = set()
    for path in Path(minsheng.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            place = {"DocumentError": 0, "Failure": 1}.get(getattr(getattr(node, "func", None), "id", ""))
            if isinstance(node, ast.Call) and place is not None and len(node.args) > place:
                found = [part.value for part in ast.walk(node.args[place]) if isinstance(part, ast.Constant)]
                given.update(value for value in found if isinstance(value, str))
    assert len(given) > 12 and given == set(FAILURES["zh"])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_read_says_why(tmp_path: Path, lang: Language) -> None:
    words = WORDS[lang]
    failed = write_run(tmp_path / "a", tags=[], documents=[], failures=1, lang=lang)[0].read_text("utf-8")
    assert words["nothing_read"] in failed and words["nothing"] not in failed
    assert ("<strong>文件损坏</strong> x0: &lt;/script&gt;" in failed) == (lang == "zh")
    bare = [{"document": "空.docx", "date": None, "title": None, "problems": "no passages"}]
    empty = write_run(tmp_path / "b", tags=[], documents=bare, failures=1, lang=lang)[0].read_text("utf-8")
    assert words["nothing"] in empty and words["nothing_read"] not in empty


@needs_chromium
@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_long_name_takes_no_room_from_the_columns(browser: Browser, tmp_path: Path, lang: Language) -> None:
    assert len(NAME) > 120
    text = "全县新建小学三所，新增学位一千二百个。"
    tags = [passage(f"报告/{NAME}", n, text, "education", date="2023-01-02") for n in range(3)]
    documents = [
        {"document": f"报告/{NAME}", "date": "2023-01-02", "title": None, "problems": "mojibake × 3"}
    ]
    report = write_run(tmp_path / "run", tags=tags, documents=documents, failures=0, lang=lang)[0]
    for width in (1280, 390):
        with browser.open(report, width=width) as page:
            assert_accessible(page, texts=40)
            heads = page.run(
                "[...document.querySelectorAll('.documents th button')].map((n) => n.getClientRects().length)"
            )
            # A word is not cut into its characters; of two words each may have a line.
            assert len(heads) == 10 and max(heads) <= (1 if lang == "zh" else 2), heads
            page.go(report.as_uri() + "#d=0&p=1")
            page.wait("document.querySelector('article.on')")
            assert_accessible(page, texts=20)
            assert_alone(page, report)
    with browser.open(report, hash="#d=0") as page:  # on paper the whole name stands, and no heading alone
        page.media(dark=False, kind="print")
        shown = page.run(
            "(({ scrollWidth, clientWidth }) => [scrollWidth, clientWidth])(document.querySelector('#where'))"
        )
        assert shown[0] <= shown[1]
        assert page.run("getComputedStyle(document.querySelector('#where')).whiteSpace") == "normal"
        after = "getComputedStyle($('find-document').parentElement).display"
        assert page.run(after) == "none"
