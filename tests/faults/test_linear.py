"""Plain text is cleaned and split in the main process: time must grow with its length and no faster.

Each worst case is a text of a chosen length that some pattern or loop could go over again and again. The
bound is a ratio of processor times, generous enough for a busy machine: eight times the length may take
twenty times the time, where a quadratic step takes sixty-four times.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from stopping import MOMENTS

from minsheng.config.schema import DocumentsConfig
from minsheng.documents.clean import clean
from minsheng.documents.personal import mask_personal
from minsheng.documents.sentences import sentences
from minsheng.documents.split import split
from minsheng.documents.values import Source

CONFIG = DocumentsConfig()
SMALL, GROWTH, MOST = (16_000, 8, 20) if MOMENTS else (2_000, 8, 20)
NOISE = 0.015  # seconds of processor time that mean nothing


def repeated(unit: str, *, before: str = "", after: str = "") -> Callable[[int], str]:
    return lambda size: before + unit * (size // len(unit)) + after


def numbered(pattern: str) -> Callable[[int], str]:
    """Many different lines, each three times."""
    return lambda size: "".join(pattern.format(n=n % (size // 24)) for n in range(size // 8))


def halves(first: str, second: str, *, before: str = "", after: str = "") -> Callable[[int], str]:
    return lambda size: (
        before + first * (size // 2 // len(first)) + second * (size // 2 // len(second)) + after
    )


WORST: dict[str, tuple[str, Callable[[int], str]]] = {
    "one line of one character": ("text", repeated("学")),
    "one sentence of commas": ("text", repeated("学，")),
    "one line of sentences": ("text", repeated("学校开学。")),
    "full stops": ("text", repeated("。")),
    "question marks": ("text", repeated("?", after="浏览")),
    "exclamation marks before a letter": ("text", repeated("!", before="学", after="a")),
    "dots after a word": ("text", repeated(".", before="ab", after="a")),
    "marks of every kind": ("text", repeated("，。？！；：、…—“”‘’（）《》,.?!;:'\"()")),
    "blanks": ("text", repeated(" ", after="学")),
    "blanks within a line": ("text", repeated(" ", before="学", after="校")),
    "wide blanks": ("text", repeated("\u3000", before="展开剩余", after="学")),
    "tabs": ("text", repeated("\t", before="学", after="校")),
    "blanks between the words of a page number": ("text", repeated(" ", before="第1页", after="学")),
    "blanks after a sign of debris": ("text", repeated(" ", before="浏览", after="学|")),
    "blanks after a place": ("text", repeated(" ", before="当前位置", after="学|")),
    "carriage returns": ("text", repeated("\r", before="学", after="校")),
    "blank lines": ("text", repeated("\n", before="学", after="校")),
    "line separators": ("text", repeated("\u2028")),
    "nested brackets": ("text", halves("(", ")")),
    "nested brackets around a word": ("text", halves("(", ")", before="a")),
    "nested pairs of brackets": ("text", halves("(（[", "]）)", before="f")),
    "open brackets": ("text", repeated("(", after="学")),
    "brackets after marks": ("text", repeated(":(", after="学")),
    "glosses that are none": ("text", repeated("字(ab")),
    "GBK read one byte off": ("text", repeated("?浣犲", after="\ufffd")),
    "UTF-8 read as GBK": ("text", repeated("涓浗")),
    "UTF-8 read as Latin-1": ("text", repeated("ä¸\u00adå›½")),
    "letters of Latin-1": ("text", repeated("ÖÐ")),
    "lost characters": ("text", repeated("\ufffd□锟斤拷")),
    "tiny lines": ("text", repeated("一\n")),
    "tiny numbered lines": ("text", repeated("一、\n")),
    "tiny lines that repeat": ("text", numbered("第{n}次\n")),
    "page numbers": ("text", repeated("第1页\n")),
    "signs of debris on tiny lines": ("text", repeated("打印|\n")),
    "links under a heading": ("text", repeated("友情链接\n学校\n")),
    "footers": ("text", repeated("ICP备1\n电话\n")),
    "beginnings of tails": ("text", repeated("责 关 标 ", after="|")),
    "lines of beginnings of tails": ("text", repeated("责 关 标 编 来 页|\n")),
    "fields": ("text", repeated("来源:作者:|")),
    "crumbs": ("text", repeated(">a", before="首页", after="|")),
    "zero-width characters": ("text", repeated("\u200b\u202e\ufeff")),
    "zero-width characters between letters": ("text", repeated("学\u200b")),
    "Traditional characters": ("text", repeated("電話")),
    "Traditional characters that change the length": ("text", repeated("著後麽乾，")),
    "table rows": ("text", repeated("学\t校\n")),
    "headings": ("text", repeated("一、学校\n二、医院\n")),
    "lines of Markdown": ("markdown", repeated("* 学\n")),
    "lines of Markdown apart by other ends": ("markdown", repeated("# 学\u2028")),
    "open comments": ("markdown", repeated("<!--")),
    "open comments before a closed one": ("markdown", repeated("<!-- ", after="-->")),
    "open links": ("markdown", repeated("[")),
    "links that break off": ("markdown", repeated("[a](b ")),
    "emphasis that never closes": ("markdown", repeated("**a ")),
    "emphasis of many kinds": ("markdown", repeated("*_`~")),
    "fences": ("markdown", repeated("~", after="`")),
    "rules that are none": ("markdown", repeated("|--", after="x")),
    "rows of bars": ("markdown", repeated("|", after="x")),
    "quotes": ("markdown", repeated("> ", after="x")),
    "hashes": ("markdown", repeated("#", before="学 ", after="x")),
    "a number without an end": ("text", repeated("1")),
    "an address without an end": ("text", repeated("a.", after="@")),
    "addresses": ("text", repeated("@a")),
    "telephones": ("text", repeated("电话 ")),
}  # fmt: skip


def prepared(markup: str, text: str) -> float:
    """Seconds of processor time for all that tagging does with a text before the model sees it."""
    began = time.process_time()
    document = split(clean(Source("a.txt", text, markup=markup), config=CONFIG.clean), config=CONFIG.split)
    sentences(text)  # a caller of the tagger may give a text of any length
    mask_personal(text)
    taken = time.process_time() - began
    assert sum(len(p.text) for p in document.passages) <= 4 * len(text)
    return taken


@pytest.fixture(scope="module", autouse=True)
def warm() -> None:
    for markup in ("text", "markdown"):
        prepared(markup, "電話：學校（a）开学。| [页](a) ä¸\u00adå›½ ?浣犲")


@pytest.mark.parametrize("name", WORST)
def test_time_grows_with_the_length(name: str) -> None:
    markup, make = WORST[name]
    small, large = make(SMALL), make(SMALL * GROWTH)
    assert len(large) > (GROWTH - 1) * len(small)
    ratios = []
    for _ in range(3):  # a busy machine may spoil one
        before = max(NOISE, prepared(markup, small))
        after = prepared(markup, large)
        ratios.append(after / before)
        if after <= MOST * before:
            return
    pytest.fail(
        f"{GROWTH} times the length took {', '.join(f'{ratio:.0f}' for ratio in ratios)} times the time"
    )


def test_the_measure_sees_a_quadratic_step() -> None:
    def quadratic(size: int) -> float:
        began = time.process_time()
        text = "学" * size
        for position in range(0, size, 2):
            text.find("校", position)
            text.count("校")
        return time.process_time() - began

    assert quadratic(32_000) > MOST * quadratic(4_000)
