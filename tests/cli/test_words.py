"""Chinese and English say the same: no text without its Chinese, no Chinese without a text, the same placeholders."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from typer.main import get_command

import minsheng
from minsheng.cli import words
from minsheng.cli.app import app
from minsheng.cli.examples import EXAMPLES
from minsheng.cli.help import commands, texts
from minsheng.cli.words_errors import MESSAGES
from minsheng.cli.words_help import _FRAME, HELP
from minsheng.cli.words_screen import SCREEN

PACKAGE = Path(minsheng.__file__).parent
SPOKEN = ("say", "_say", "Said")  # calls whose first argument is shown to a person


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@cache
def trees() -> list[tuple[Path, ast.Module]]:
    """Every file of the package but the catalogues."""
    paths = [path for path in sorted(PACKAGE.rglob("*.py")) if not path.name.startswith("words_")]
    return [(path, ast.parse(path.read_text(encoding="utf-8"))) for path in paths]


def literals(node: ast.AST) -> Iterator[str]:
    """Strings that an expression can be: a constant, or one of a choice."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from literals(node.body)
        yield from literals(node.orelse)


def spoken() -> set[str]:
    """What the command line says, as it stands in the code."""
    found: set[str] = set()
    for path, tree in trees():
        if path.parent.name not in ("cli", "workflows") and path.name != "render.py":
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args:
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name in SPOKEN:
                    found.update(literals(node.args[0]))
                if name == "Finding":
                    found.update(text for argument in node.args[:2] for text in literals(argument))
                if name == "many":
                    nouns = {text for argument in node.args[1:2] for text in literals(argument)}
                    found |= {"{count:,} " + noun + ending for noun in nouns for ending in ("", "s")}
                if name in ("Progress", "followed"):
                    units = [keyword.value for keyword in node.keywords if keyword.arg == "unit"]
                    found.update(t for argument in (*node.args[:2], *units) for t in literals(argument))
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "advice":
                found.update(literals(node.value))
    return found


def test_every_text_on_the_screen_is_there_in_chinese() -> None:
    said = spoken()
    assert len(said) > 100
    assert not sorted(said - SCREEN.keys()), "add these to cli/words_screen.py"


def test_every_help_text_is_there_in_chinese() -> None:
    shown = {text for _, command in commands(get_command(app)) for text in texts(command)}
    shown |= {purpose for examples in EXAMPLES.values() for purpose, _ in examples}
    assert len(shown) > 80
    assert not sorted(shown - HELP.keys()), "add these to cli/words_help.py"
    assert not sorted(HELP.keys() - shown - _FRAME.keys()), "these are said no more: cli/words_help.py"


@pytest.mark.parametrize("table", [HELP, SCREEN, MESSAGES], ids=["help", "screen", "messages"])
def test_placeholders_agree(table: dict[str, str]) -> None:
    assert len(table) > 80
    for english, chinese in table.items():
        assert fields(english) == fields(chinese), english
        assert english.strip() and chinese.strip()
        assert not re.search(
            r"[\u4e00-\u9fff]", english.replace("(标注语料)", "").replace("(民生领域段落标注)", "")
        )


# Messages of errors --------------------------------------------------------------------------------------


def sample(node: ast.AST) -> str | None:
    """A message of an f-string: each of its values becomes a word."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.FormattedValue):
        return "X"
    if isinstance(node, ast.JoinedStr):
        return "".join(sample(part) or "" for part in node.values)
    return None


def test_every_template_fits_a_message_of_the_code() -> None:
    """A message that was reworded would be shown in English from then on: put its template right."""
    said = {
        text
        for _, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr | ast.Constant) and (text := sample(node))
    }
    from minsheng.cli.words_errors import _USAGE  # those are typer's, tried in test_usual_mistakes

    lost = []
    for template in MESSAGES.keys() - _USAGE.keys():
        # A message may be put together of several; then each piece of the template stands in one of them.
        pieces = [piece.strip(" :;()") for piece in re.split(r"\{\w+\}", template)]
        pieces = [piece for piece in pieces if len(piece) > 3]
        whole = words.pattern_of(template)
        if not any(whole.fullmatch(text) for text in said):
            lost += [piece for piece in pieces if not any(piece in text for text in said)]
    assert len(MESSAGES) >= 100 and not lost, "reworded in the code: put cli/words_errors.py right"


@pytest.fixture
def chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINSHENG_LANG", "zh")


@pytest.mark.parametrize(
    ("english", "expected"),
    [
        ("a.jsonl: no such file; did you mean 'b.jsonl'?", "a.jsonl：没有这个文件；是不是 'b.jsonl'？"),
        ("run.yaml: unknown key 'optimiser'; did you mean 'optimizer'? (and 1 more)",
         "run.yaml：没有名为 'optimiser' 的键；是不是 'optimizer'？（另有 1 处）"),
        ("a.jsonl:3: error: unknown label 'x'; known: a, b [schema]",
         "a.jsonl:3：错误：未知标签 'x'；可用的有：a, b [schema]"),
        ("1,204 passages · 35 passages/s", "1,204 段 · 每秒 35 段"),
        ("something that nobody foresaw", "something that nobody foresaw"),
    ],
)  # fmt: skip
def test_messages_are_translated_with_their_parts(chinese: None, english: str, expected: str) -> None:
    assert words.phrase(english) == expected


def test_a_message_with_braces_is_no_template(chinese: None) -> None:
    assert words.phrase("{0}{x}: no such file") == "{0}{x}：没有这个文件"
    assert words.say("page: {page}", page="{a}") == "网页：{a}"


@pytest.mark.parametrize(("encoding", "expected"), [("ascii", "en"), ("gbk", "zh"), ("utf-8", "zh")])
def test_english_where_the_terminal_lacks_chinese(
    chinese: None, monkeypatch: pytest.MonkeyPatch, encoding: str, expected: str
) -> None:
    class Stream:
        def __init__(self) -> None:
            self.encoding = encoding

    stream: Any = Stream()
    monkeypatch.setattr("sys.stdout", stream)
    assert words.language() == expected


def test_minsheng_lang_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert words.language() == "zh"
    monkeypatch.setenv("MINSHENG_LANG", "en")
    assert words.language() == "en"
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    monkeypatch.setenv("MINSHENG_LANG", "zh_TW")
    assert words.language() == "zh"
