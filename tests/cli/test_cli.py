from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import minsheng
from conftest import EXAMPLES, made_records, write_jsonl
from minsheng.cli import app as cli

REPORT = "一、教育\n{}\n\n二、住房\n{}\n".format(
    EXAMPLES["education"].format(n=6, m=90), EXAMPLES["housing"].format(n=4, m=70)
)


class Command:
    """`minsheng` called in this process as the shell would call it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capfd = monkeypatch, capfd

    def __call__(self, *arguments: str | Path, stdin: bytes = b"") -> SimpleNamespace:
        self._monkeypatch.setattr(sys, "argv", ["minsheng", *map(str, arguments)])
        self._monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(stdin)))
        self._capfd.readouterr()
        code: object = 0
        try:
            cli.run()
        except SystemExit as stopped:
            code = stopped.code or 0
        out, errors = self._capfd.readouterr()
        return SimpleNamespace(code=code, out=out, errors=errors)

    def refused(self, code: int, *arguments: str | Path) -> str:
        """The one line that an error is."""
        done = self(*arguments)
        assert done.code == code, done.errors
        assert "Traceback" not in done.errors
        lines = done.errors.splitlines()
        assert len(lines) == 1 and lines[0].startswith("minsheng: "), done.errors
        return str(lines[0].removeprefix("minsheng: "))


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capfd)


# Bad usage, config and data: 2 --------------------------------------------------------------------------


def test_a_misspelt_key(command: Command, run_config: Path) -> None:
    text = run_config.read_text("utf-8")
    run_config.write_text(text.replace("learning_rate", "learning_rat"), "utf-8")
    message = command.refused(2, "train", run_config)
    assert message == f"{run_config}: unknown key 'optimizer.learning_rat'; did you mean 'learning_rate'?"
    run_config.write_text(text, "utf-8")
    message = command.refused(2, "train", run_config, "schedule.epoch=3")
    assert "unknown key 'schedule.epoch'; did you mean 'epochs'?" in message
    message = command.refused(2, "train", run_config, "schedule.epochs=many")
    assert "schedule.epochs" in message and "many" in message
    message = command.refused(2, "train", run_config.with_name("rnu.yaml"))
    assert message.endswith("no such config file; did you mean 'run.yaml'?")


def test_an_unknown_label_on_line_17(command: Command, run_config: Path, tmp_path: Path) -> None:
    rows = made_records(30)
    rows[16]["labels"] = ["helthcare"]
    data = write_jsonl(tmp_path / "train.jsonl", rows)
    message = command.refused(2, "train", run_config, f"data.train={data.as_posix()}")
    assert message == f"{data}, line 17: unknown label 'helthcare'; did you mean 'healthcare'?"


def test_a_model_directory_without_weights(command: Command, model_directory: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(model_directory, folder)
    (folder / "model.safetensors").unlink()
    (tmp_path / "a.txt").write_text(REPORT, "utf-8")
    wanted = f"{folder}: the directory has no weights (model.safetensors)"
    out = tmp_path / "out"
    assert command.refused(2, "tag", tmp_path / "a.txt", "--model", folder, "--out", out) == wanted
    assert not out.exists()
    data = write_jsonl(tmp_path / "test.jsonl", made_records(12))
    assert command.refused(2, "evaluate", folder, data) == wanted


def test_a_hub_name_offline(command: Command, run_config: Path) -> None:
    message = command.refused(2, "train", run_config, "model.name=some-lab/no-such-bert")
    assert message.startswith("some-lab/no-such-bert: HF_HUB_OFFLINE is set")


def test_other_refusals_are_one_line(
    command: Command, run_config: Path, labelled: tuple[Path, Path], model_directory: Path, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text(REPORT, "utf-8")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("x", "utf-8")
    (tmp_path / "cut.parquet").write_bytes(b"PAR1 and no more")
    tag = ["tag", tmp_path / "a.txt", "--model", model_directory, "--out"]
    cases: list[tuple[str, list[str | Path]]] = [
        ("run.trackers: unknown tracker 'tensorbord'", ["train", run_config, "run.trackers=tensorbord"]),
        ("no taxonomy 'livelyhood' ships", ["train", run_config, "taxonomy=livelyhood"]),
        ("cannot read taxonomy none.yaml", ["train", run_config, "taxonomy=none.yaml"]),
        (
            "stands in training and in validation",
            ["train", run_config, f"data.validation={labelled[0].as_posix()}"],
        ),
        ("holds files that are no tagging run", [*tag, tmp_path / "full"]),
        ("holds files that are no tagging run", [*tag, tmp_path / "full", "--overwrite"]),
        ("is a file", [*tag, tmp_path / "a.txt"]),
        ("klingon", [*tag, tmp_path / "out", "--encoding", "klingon"]),
        ("klingon", ["read", tmp_path / "a.txt", "--encoding", "klingon"]),
        ("cut.parquet: cannot be read", ["evaluate", model_directory, tmp_path / "cut.parquet"]),
        ("no such file", ["evaluate", model_directory, tmp_path / "none.jsonl"]),
        ("no minsheng.json", ["evaluate", model_directory / "baselines", labelled[1]]),
    ]
    for message, arguments in cases:
        if message == "no minsheng.json":
            shutil.copytree(model_directory, tmp_path / "bare")
            (tmp_path / "bare" / "minsheng.json").unlink()
            arguments[1] = tmp_path / "bare"
        assert message in command.refused(2, *arguments), arguments


def test_wrong_usage(command: Command, tmp_path: Path) -> None:
    for arguments in (
        ["tag", "--modell", "x", "x.txt"],
        ["tag"],
        ["tagg"],
        ["train"],
        ["read", "--nonsense", "x"],
        [],
    ):
        done = command(*arguments)
        assert done.code == 2 or not arguments, arguments
        assert "Traceback" not in done.errors


# Input that cannot be read: 3 ---------------------------------------------------------------------------


def truncated(folder: Path) -> Path:
    from docx import Document

    document = Document()
    document.add_paragraph(EXAMPLES["housing"].format(n=3, m=50))
    document.save(str(folder / "whole.docx"))
    (folder / "cut.docx").write_bytes((folder / "whole.docx").read_bytes()[:2000])
    return folder / "cut.docx"


def test_a_truncated_docx(command: Command, model_directory: Path, tmp_path: Path) -> None:
    cut = truncated(tmp_path)
    message = command.refused(3, "read", cut)
    assert str(cut) in message and "fetch or save it again" in message
    out = tmp_path / "out"
    done = command("tag", tmp_path, "--model", model_directory, "--out", out)
    assert done.code == 3 and "Traceback" not in done.errors
    assert "1 documents, 1 passages" in done.out and "housing" in done.out
    assert "1 could not be read" in done.errors and str(cut) in done.errors
    (failure,) = (json.loads(line) for line in (out / "failures.jsonl").read_text("utf-8").splitlines())
    assert (failure["document"], failure["code"]) == (cut.as_posix(), "damaged")


def test_files_that_are_missing_or_of_no_use(command: Command, tmp_path: Path) -> None:
    assert "no such file" in command.refused(3, "read", tmp_path / "none.txt")
    (tmp_path / "a.ofd").write_bytes(b"PK\x03\x04")
    assert "is an OFD file" in command.refused(3, "read", tmp_path / "a.ofd")


# Anything else: 1, and a stop: 130 ----------------------------------------------------------------------


def test_a_loss_that_is_no_number(command: Command, run_config: Path) -> None:
    message = command.refused(1, "train", run_config, "optimizer.learning_rate=1e30")
    assert "the loss is" in message and "optimizer.learning_rate" in message


def test_a_place_that_cannot_be_written_to(command: Command, model_directory: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(REPORT, "utf-8")
    place = tmp_path / "a.txt" / "out"
    message = command.refused(1, "tag", tmp_path / "a.txt", "--model", model_directory, "--out", place)
    assert "a.txt" in message


def test_ctrl_c_says_how_to_go_on(command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("minsheng.documents.read.read_all", stop)
    message = command.refused(130, "read", tmp_path)
    assert message == "interrupted; start the same command again to go on"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            KeyError("x"),
            "unexpected KeyError: 'x'; a fault of minsheng: add --debug to see where, and report it",
        ),
        (MemoryError(), "not enough memory: close other programs, or do it in parts (--debug shows where)"),
        (ValueError("y" * 9000), "unexpected ValueError: " + "y" * 500 + "; a fault of minsheng"),
    ],
)
def test_what_nobody_foresaw_is_one_line(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: Exception, said: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("minsheng.documents.read.read_all", fail)
    assert command.refused(1, "read", tmp_path).startswith(said)
    with pytest.raises(type(error)):
        command("read", tmp_path, "--debug")
    monkeypatch.setenv("MINSHENG_LANG", "zh")
    assert command.refused(1, "read", tmp_path).startswith(("意外错误", "内存不足"))


def test_debug_shows_where(command: Command, run_config: Path) -> None:
    with pytest.raises(minsheng.errors.ConfigError):
        command("train", run_config, "schedule.epoch=3", "--debug")


# What goes well: 0 --------------------------------------------------------------------------------------


def test_train_evaluate_and_tag(
    command: Command, run_config: Path, labelled: tuple[Path, Path], tmp_path: Path
) -> None:
    done = command("train", run_config, "schedule.epochs=12")
    assert (done.code, done.errors) == (0, "") and "macro-F1" in done.out
    model = tmp_path / "run" / "model"
    assert "holds a finished run" in command.refused(2, "train", run_config, "schedule.epochs=12")
    done = command("evaluate", model, labelled[1])
    assert (done.code, done.errors) == (0, "")
    assert all(word in done.out for word in ("education", "precision", "macro-F1", "TF-IDF", "evaluation.md"))
    assert (tmp_path / "run" / "evaluation" / "evaluation.json").is_file()
    (tmp_path / "a.txt").write_bytes(REPORT.encode("gb18030"))
    done = command("tag", tmp_path / "a.txt", "--model", model, "--out", tmp_path / "tags")
    assert (done.code, done.errors) == (0, "") and "1 documents, 2 passages" in done.out
    assert "tags.csv" in done.out and (tmp_path / "tags" / "tags.csv").is_file()


def test_standard_input(command: Command, model_directory: Path, tmp_path: Path) -> None:
    for data in (REPORT.encode(), REPORT.encode("gb18030")):
        done = command("read", "-", stdin=data)
        assert (done.code, done.errors) == (0, "")
        assert (
            "[1]" in done.out
            and "# 二、住房" in done.out
            and EXAMPLES["housing"].format(n=4, m=70) in done.out
        )
    done = command("tag", "-", "--model", model_directory, "--out", tmp_path / "out", stdin=REPORT.encode())
    assert (done.code, done.errors) == (0, "") and "1 documents, 2 passages" in done.out


def test_dropped_is_shown_only_when_asked(command: Command, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(REPORT + "\n版权所有 未经许可不得转载\n", "utf-8")
    assert "Dropped" not in command("read", tmp_path / "a.txt").out
    assert "Dropped" in command("read", "--dropped", tmp_path / "a.txt").out


def test_every_command_explains_itself(command: Command) -> None:
    from typer.main import get_command

    pending: list[tuple[list[str], object]] = [([], get_command(cli.app))]
    seen = 0
    while pending:
        path, found = pending.pop()
        done = command(*path, "--help")
        assert done.code == 0 and "Usage: " in done.out and done.errors == "", path
        assert getattr(found, "help", None), f"{path}: no help"
        pending += [([*path, name], inner) for name, inner in getattr(found, "commands", {}).items()]
        seen += 1
    assert seen >= 6
    assert command("--version").out == f"minsheng {minsheng.__version__}\n"


@pytest.mark.parametrize("encoding", ["gbk", "ascii", "utf-8"])
def test_a_console_of_any_encoding(encoding: str, tmp_path: Path) -> None:
    """A character that the console lacks is shown as its escape; nothing fails."""
    (tmp_path / "a.txt").write_text("药店备有阿莫西林等常用药，老人配药方便😀，价格公道。\n", "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "minsheng", "read", str(tmp_path / "a.txt")], capture_output=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
    )  # fmt: skip
    assert done.returncode == 0 and b"Traceback" not in done.stderr
    shown = done.stdout.decode(encoding)
    assert ("😀" if encoding == "utf-8" else "\\U0001f600") in shown
    assert ("阿莫西林" in shown) == (encoding != "ascii")
