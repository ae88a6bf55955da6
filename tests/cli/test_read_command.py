"""`minsheng read`: in the person's language, as JSON for a script, and quiet."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from minsheng.cli import app as cli
from minsheng.cli.words_screen import SCREEN
from minsheng.documents.render import REASONS

TEXT = (
    "一、教(jiào)育\n\n全县新建小学三所，孩子们就近上学。\n责任编辑：林某\n\n"
    "二、住房\n老旧小区加装电梯九部。\n\ufffd\ufffd坏了的字。\n版权所有 未经许可不得转载\n"
)
Run = Callable[..., SimpleNamespace]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """`minsheng read` in a scratch folder with `报告.txt`, in this process."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "报告.txt").write_text(TEXT, "utf-8")

    def command(*arguments: str, lang: str = "zh") -> SimpleNamespace:
        monkeypatch.setenv("MINSHENG_LANG", lang)
        monkeypatch.setattr(sys, "argv", ["minsheng", "read", *arguments])
        capfd.readouterr()
        with pytest.raises(SystemExit) as stopped:
            cli.run()
        out, errors = capfd.readouterr()
        return SimpleNamespace(code=stopped.value.code or 0, out=out, errors=errors)

    return command


def test_in_chinese_every_word_of_ours_is(run: Run) -> None:
    shown = run("报告.txt", "--dropped").out
    for words in (
        "3 段 · 2 个标题 · ",
        "编码 utf-8（把握 ",
        "[0]  标题：一、教育",
        "请人看一看（1）\n  乱码（字符 ",
        "已删去（",
        "  署名栏（字符 ",
        "  网页页脚（字符 ",
        "拼音注音：1，如 教(jiào)",
    ):
        assert words in shown, (words, shown)
    assert set(re.findall(r"[A-Za-zà-ü]{2,}", shown)) == {"txt", "utf", "jiào"}
    english = run("报告.txt", "--dropped", lang="en").out
    assert "3 passages · 2 headings" in english and "[0]  under: 一、教育" in english
    assert "  page footer at " in english and "Flagged (1)\n  mojibake at " in english
    assert len(english.splitlines()) == len(shown.splitlines())


def test_every_reason_has_its_words() -> None:
    """Reasons are words of the code: each that is given there is named here, and the other way round."""
    folder = Path(sys.modules["minsheng.documents"].__file__ or "").parent
    given: set[str] = set()
    for name, pattern in {
        "clean": r'reason="(\w+)"|flag\(\w+, \w+, "(\w+)"\)',
        "boilerplate": r'(?:return|else|if \w+ else|, )\s*"([a-z_]{4,})"',
        "lines": r'(?:=|, )\s*"([a-z_]{6,})"',
    }.items():
        text = (folder / f"{name}.py").read_text("utf-8")
        given |= {
            word
            for found in re.findall(pattern, text)
            for word in ([found] if isinstance(found, str) else found)
        }
    given -= {"", "replace"}  # no group of a pattern, and an argument of `errors`
    assert given == set(REASONS)
    assert not set(REASONS.values()) - SCREEN.keys()


@pytest.mark.parametrize("dropped", [False, True])
def test_json_holds_what_is_shown(run: Run, dropped: bool) -> None:
    done = run("报告.txt", "--json", *(["--dropped"] if dropped else []))
    assert done.code == 0 and done.errors == "" and len(done.out.splitlines()) == 1
    found = json.loads(done.out)
    assert found["failures"] == []
    (document,) = found["documents"]
    assert (document["document"], document["encoding"], document["pages"]) == ("报告.txt", "utf-8", 0)
    shown = run("报告.txt").out
    assert [p["passage"] for p in document["passages"]] == [0, 1, 2]
    for passage in document["passages"]:
        assert TEXT[passage["start"] : passage["end"]].strip() == passage["text"]
        assert f"[{passage['passage']}]  标题：{passage['heading']}\n  {passage['text']}\n" in shown
    assert [h["text"] for h in document["headings"]] == ["一、教育", "二、住房"]
    (flag,) = document["flags"]
    assert flag["reason"] == "mojibake" and TEXT[flag["start"] : flag["end"]] == "\ufffd\ufffd"
    assert ("dropped" in document) is dropped
    if dropped:
        spans = {span["reason"]: TEXT[span["start"] : span["end"]] for span in document["dropped"]}
        assert spans["byline"] == "责任编辑：林某" and spans["gloss"] == "(jiào)"


def test_failures_are_said_and_counted_in_every_way(run: Run) -> None:
    Path("empty.txt").touch()
    shown = run("empty.txt", "报告.txt")
    assert shown.code == 3 and "empty.txt：文件是空的" in shown.errors and "3 段" in shown.out
    quiet = run("empty.txt", "报告.txt", "--quiet")
    assert (quiet.code, quiet.out, quiet.errors) == (3, "", shown.errors)
    assert run("报告.txt", "-q").code == 0
    done = run("empty.txt", "报告.txt", "--json")
    found = json.loads(done.out)
    assert (done.code, done.errors) == (3, shown.errors)
    (failure,) = found["failures"]
    assert set(failure) == {"document", "code", "message"} and failure["document"] == "empty.txt"
    assert len(found["documents"]) == 1
