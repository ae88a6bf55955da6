"""What a new user does wrong, and what is said then: one line, what and where and what to do, in two languages."""

from __future__ import annotations

import io
import json
import os
import re
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from conftest import made_records, write_jsonl
from minsheng.cli import app as cli
from minsheng.documents.apart import reader

Run = Callable[..., SimpleNamespace]
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """`minsheng` in a scratch folder, in this process; `lang` is that of the messages."""
    monkeypatch.chdir(tmp_path)
    reader(os.getpid()).close()  # one that was started in another folder goes on there

    def command(*arguments: str, lang: str = "en") -> SimpleNamespace:
        monkeypatch.setenv("MINSHENG_LANG", lang)
        monkeypatch.setattr(sys, "argv", ["minsheng", *arguments])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
        capfd.readouterr()
        with pytest.raises(SystemExit) as stopped:
            cli.run()
        out, errors = capfd.readouterr()
        return SimpleNamespace(code=stopped.value.code or 0, out=out, errors=errors)

    return command


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """A folder with the things that go wrong."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.png").write_bytes(b"\x89PNG\r\n")
    (tmp_path / "model").mkdir()
    (tmp_path / "bert").mkdir()
    (tmp_path / "bert" / "config.json").write_text("{}", "utf-8")
    (tmp_path / "report.txt").write_text("今年全县新建小学三所。\n", "utf-8")
    (tmp_path / "blank.txt").write_bytes(b"")
    with zipfile.ZipFile(tmp_path / "packed.docx", "w") as archive:
        archive.writestr("report.txt", "今年全县新建小学三所。")
    (tmp_path / "old.ofd").write_bytes(b"PK\x03\x04")
    (tmp_path / "cut.pdf").write_bytes(b"not a PDF")
    (tmp_path / "tab.yaml").write_text("run:\n\toutput: x\n", "utf-8")
    (tmp_path / "odd.yaml").write_text(
        "run: {output: x}\ndata: {train: good.jsonl}\noptimiser: {rate: 1}\n", "utf-8"
    )
    (tmp_path / "list.yaml").write_text("- a\n- b\n", "utf-8")
    (tmp_path / "gbk.yaml").write_bytes("run: {output: 输出}\n".encode("gbk"))
    rows = made_records(12)
    write_jsonl(tmp_path / "good.jsonl", rows)
    write_jsonl(tmp_path / "label.jsonl", [rows[0] | {"labels": ["helthcare"]}])
    write_jsonl(tmp_path / "bare.jsonl", [{"text": "修路"}])
    (tmp_path / "broken.jsonl").write_text('{"text": "修路", "labels": [\n', "utf-8")
    (tmp_path / "none.jsonl").write_text("", "utf-8")
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("x", "utf-8")
    return tmp_path


# (arguments, exit code, what the English says)
MISTAKES: list[tuple[str, int, str]] = [
    ("tagg report.txt", 2, "Did you mean 'tag'? See `minsheng --help`"),
    ("corpus chek good.jsonl", 2, "Did you mean 'check'? See `minsheng corpus --help`"),
    ("tag --modell model report.txt", 2, "--model"),
    ("tag", 2, "Missing argument"),
    ("tag report.txt --out", 2, "requires an argument"),
    ("tag report.txt --lang fr", 2, "--lang"),
    ("corpus suspects good.jsonl --show many", 2, "--show"),
    ("train tab.yaml", 2, "tab.yaml, line 2: not valid YAML"),
    ("train odd.yaml", 2, "did you mean 'optimizer'?"),
    ("train list.yaml", 2, "expected keys and values"),
    ("train gbk.yaml", 2, "save it as UTF-8"),
    ("train tabs.yaml", 2, "did you mean 'tab.yaml'?"),
    ("train good.jsonl", 2, "good.jsonl"),
    ("train model", 2, "model: cannot be read"),
    ("train odd.yaml epochs", 2, "write it as key.subkey=value"),
    ("tag report.txt --model report.txt", 2, "no such model directory"),
    ("tag report.txt --model model", 2, "no config.json"),
    ("tag report.txt --model bert", 2, "no weights"),
    ("tag report.txt --model nowhere", 2, "no such model directory"),
    ("tag report.txt --out thesis", 2, "choose another --out"),
    ("tag report.txt --encoding klingon", 2, "use utf-8, gb18030, big5 or utf-16"),
    ("evaluate", 2, "Missing argument"),
    ("evaluate model", 2, "no labelled file"),
    ("evaluate goood.jsonl", 2, "did you mean 'good.jsonl'?"),
    ("evaluate broken.jsonl", 2, "broken.jsonl, line 1"),
    ("evaluate none.jsonl", 2, "holds no records"),
    ("evaluate label.jsonl", 2, "did you mean 'healthcare'?"),
    ("evaluate bare.jsonl", 2, "no field 'labels'"),
    ("corpus check nowhere.jsonl", 2, "no such file"),
    ("corpus import good.jsonl good.jsonl", 2, "exists already"),
    ("corpus export good.jsonl out.doc", 2, "Known suffixes"),
    ("corpus agree good.jsonl", 2, "two coders or more"),
    ("corpus check good.jsonl --taxonomy livelyhood", 2, "did you mean 'livelihood'?"),
    ("read nowhere.txt", 3, "no such file or folder"),
    ("read reports/nowhere.txt", 3, "there is no folder reports"),
    ("read empty", 3, "no document in this folder"),
    ("read pictures", 3, "(only .png)"),
    ("read packed.docx", 3, "packed.docx"),
    ("read cut.pdf", 3, "no whole pdf file"),
    ("read old.ofd", 3, "save it as PDF"),
    ("read blank.txt", 3, "empty (0 bytes)"),
    ("read *.xyz", 3, "matches no document"),
]


@pytest.mark.parametrize(("line", "code", "said"), MISTAKES, ids=[line for line, _, _ in MISTAKES])
def test_a_mistake_is_one_line_in_both_languages(
    run: Run, scratch: Path, line: str, code: int, said: str
) -> None:
    done = run(*line.split())
    shown = done.errors + (done.out if line.startswith("corpus check nowhere") else "")
    assert done.code == code and said in shown, done
    assert "Traceback" not in shown and len(shown.splitlines()) <= 3
    assert not CHINESE.search(done.errors.replace("输出", ""))
    chinese = run(*line.split(), lang="zh")
    assert chinese.code == code and CHINESE.search(chinese.errors + chinese.out), chinese


def test_a_mistyped_path_does_not_stand_in_the_way(run: Run, scratch: Path) -> None:
    done = run("tag", "reprot.txt", "--out", "tags")
    assert done.code == 3 and "did you mean 'report.txt'?" in done.errors
    assert json.loads((scratch / "tags" / "run.json").read_text("utf-8"))["summary"]["documents"] == 0
    done = run("tag", "report.txt", "--out", "tags", "--json")
    assert done.code == 0, done.errors
    found = json.loads(done.out)
    assert (found["documents"], found["passages"], found["failures"]) == (1, 1, 0)
    assert not (scratch / "tags" / "failures.jsonl").read_text("utf-8")
    # A run that read something does stand: it is somebody's result.
    done = run("tag", "report.txt", "--out", "tags")
    assert done.code == 2 and "--overwrite" in done.errors


def test_quiet_and_json_of_the_commands(run: Run, scratch: Path) -> None:
    write_jsonl(scratch / "b.jsonl", [row | {"annotator": "b"} for row in made_records(12)])
    asked: list[tuple[list[str], str, int]] = [
        (["corpus", "check", "good.jsonl"], "errors", 0),
        (["corpus", "check", "label.jsonl"], "problems", 2),
        (["corpus", "agree", "good.jsonl", "b.jsonl"], "alpha", 0),
        (["corpus", "export", "good.jsonl", "x.json", "--overwrite"], "interface", 0),
        (["corpus", "import", "good.jsonl", "y.jsonl", "--overwrite"], "labelled", 0),
    ]
    for arguments, key, code in asked:
        done = run(*arguments, "--json", lang="zh")
        assert done.code == code and key in json.loads(done.out) and done.errors == "", done
        done = run(*arguments, "--quiet")
        assert (done.code, done.out, done.errors) == (code, "", ""), done
        assert run(*arguments, "-q", "--json").out == run(*arguments, "--json").out
        assert CHINESE.search(run(*arguments, lang="zh").out)


def test_quiet_and_json_of_a_model(run: Run, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from minsheng.config.schema import EvaluateConfig, EvaluationConfig

    few = EvaluateConfig(report=EvaluationConfig(resamples=10))
    monkeypatch.setattr("minsheng.config.schema.EvaluateConfig", lambda: few)
    done = run("evaluate", "good.jsonl", "--out", "e", "--json", "-q")
    assert done.code == 0 and done.errors == "" and len(done.out.splitlines()) == 1
    found = json.loads(done.out)
    assert found["examples"] == 12 and set(found["domains"]["housing"]) >= {"precision", "recall", "f1"}
    done = run("tag", "report.txt", "--out", "t", "-q")
    assert (done.code, done.out, done.errors) == (0, "", "")
    done = run("tag", "report.txt", "--out", "t", "--overwrite", lang="zh")
    assert "1 篇文档，1 个段落" in done.out and "教育 education" in done.out


def test_errors_stay_when_it_is_quiet(run: Run, scratch: Path) -> None:
    done = run("tag", "report.txt", "blank.txt", "--out", "t", "--quiet")
    assert done.code == 3 and done.out == "" and "blank.txt" in done.errors
    done = run("tag", "report.txt", "blank.txt", "--out", "t", "--overwrite", "--json")
    assert done.code == 3 and json.loads(done.out)["failures"] == 1 and "blank.txt" in done.errors
