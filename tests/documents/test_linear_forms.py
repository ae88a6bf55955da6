"""Steps that are written so that their time grows with the text find what the plain forms of them find."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from minsheng.config.schema import DocumentsConfig
from minsheng.documents import markdown, punctuation, sentences
from minsheng.documents.characters import CLOSING, HAN
from minsheng.documents.clean import clean
from minsheng.documents.split import split
from minsheng.documents.values import Source


def plain_brackets(text: str) -> Iterator[int]:
    """As `_chinese_brackets`, with a search of its own in each pair."""
    open_ones: list[int] = []
    for match in re.finditer(r"[()（）\n]", text):
        position, bracket = match.start(), match.group()
        if bracket in "(（":
            open_ones.append(position)
        elif bracket in ")）" and open_ones:
            first = open_ones.pop()
            has_han = re.search(f"[{HAN}]", text[first:position]) is not None
            if punctuation._chinese_pair(text, first, position, has_han=has_han):
                yield from (first, position)
        else:
            alone = [*open_ones, position] if bracket in ")）" else open_ones
            yield from (p for p in alone if _chinese_beside(text, p))
            open_ones = []
    yield from (p for p in open_ones if _chinese_beside(text, p))


def _chinese_beside(text: str, place: int) -> bool:
    return punctuation._chinese_at(text, place - 1) or punctuation._chinese_at(text, place + 1)


@given(st.text(alphabet="()（）\n字学a1，: ", max_size=40))
def test_brackets(text: str) -> None:
    assert list(punctuation._chinese_brackets(text)) == list(plain_brackets(text))


PLAIN_COMMENT = re.compile(r"<!--(?:[^-]|-(?!->)){0,2000}+-->")


@given(
    st.text(alphabet="<!->a\n", max_size=60)
    | st.lists(st.sampled_from(["<!--", "-->", "-", ">", "x" * 1999]))
)
def test_comments(parts: str | list[str]) -> None:
    text = "".join(parts)
    assert list(markdown._comments(text)) == [match.span() for match in PLAIN_COMMENT.finditer(text)]


PLAIN_END = re.compile(
    rf"(?:[。！？；]+|…{{2,}}|(?<=[{HAN}{CLOSING}%])[.!?]+(?![0-9A-Za-z.，、；：{HAN}])|(?<=[A-Za-z]{{2}})[.!?]+(?=\s|$)"
    rf"|[!?]+(?=\s|$))[{CLOSING}\"'。！？；…!?]*\s*|\s*\n\s*"
)


@given(st.text(alphabet="。！…?!.字a1 \n\t\u3000”）'，%", max_size=30))
def test_ends_of_sentences(text: str) -> None:
    found, wanted = ([m.span() for m in p.finditer(text)] for p in (sentences._END, PLAIN_END))
    assert found == wanted


def test_marks_of_markdown_stand_before_a_line_whatever_ends_the_one_above() -> None:
    config = DocumentsConfig()
    for end in ("\n", "\r\n", "\r", "\u2028", "\x0b", "\x85"):
        text = end.join(["# 教育事业", "县里新建小学三所。", "## 住房", "公租房配租七十户。"])
        source = Source("a.md", text, markup="markdown")
        document = split(clean(source, config=config.clean), config=config.split)
        assert [heading.text for heading in document.headings] == ["教育事业", "住房"], repr(end)
        assert [passage.heading for passage in document.passages] == ["教育事业", "住房"]
