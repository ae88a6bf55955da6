"""Help: examples that can be run, 80 columns, both languages, completion, and nothing heavy loaded for it."""

from __future__ import annotations

import io
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from rich.cells import cell_len
from typer.main import get_command

from minsheng.cli import app as cli
from minsheng.cli.examples import EXAMPLES
from minsheng.cli.help import commands

NAMES = [path for path, _ in commands(get_command(cli.app))]


def shown(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], *arguments: str, lang: str = "en"
) -> str:
    monkeypatch.setenv("MINSHENG_LANG", lang)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys, "argv", ["minsheng", *arguments])
    capfd.readouterr()
    with pytest.raises(SystemExit) as stopped:
        cli.run()
    assert not stopped.value.code
    return capfd.readouterr().out


def test_every_command_has_an_example() -> None:
    assert len(NAMES) >= 15 and set(EXAMPLES) == set(NAMES)
    for name, examples in EXAMPLES.items():
        assert examples
        assert name == "" or all(example.split(" ", 1)[0] for _, example in examples)


@pytest.mark.parametrize("name", NAMES)
def test_examples_are_understood(name: str) -> None:
    """Each example is parsed as it would be to run it: its options and values exist."""
    for _, example in EXAMPLES[name]:
        words = shlex.split(example.partition(" < ")[0])
        words = words[words.index("minsheng") + 1 :]
        assert " ".join(words).startswith(name)
        assert cell_len(example) <= 78, example
        if "--help" in words:
            assert " ".join(words[:-1]) in NAMES
            continue
        command: Any = get_command(cli.app)
        context = command.make_context("minsheng", list(words))
        while getattr(command, "commands", None):
            name_of_next, command, rest = command.resolve_command(context, words)
            words = rest
            if not getattr(command, "commands", None):
                context = command.make_context(name_of_next, list(rest), parent=context)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", NAMES)
def test_help_fits_80_columns(
    name: str, lang: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    text = shown(monkeypatch, capfd, *name.split(), "--help", lang=lang)
    lines = text.splitlines()
    assert lines and max(cell_len(line) for line in lines) <= 80
    ends = [line.rstrip(" │") for line in lines]
    assert not any(end.endswith(" …") and not end.endswith(", …") for end in ends), "cut off"
    assert all(example in text for _, example in EXAMPLES[name])
    assert ("用法：" in text, "Usage: " in text) == ((True, False) if lang == "zh" else (False, True))
    assert "\x1b" not in text and "\b" not in text  # not a terminal: no colours


def test_plain_help_keeps_the_lines_of_examples(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(typer.core, "HAS_RICH", False)
    text = shown(monkeypatch, capfd, "tag", "--help")
    assert all(f"\n    {example}\n" in text + "\n" for _, example in EXAMPLES["tag"])
    assert max(map(len, text.splitlines())) <= 80
    assert "示例：" in shown(monkeypatch, capfd, "tag", "--help", lang="zh")
    assert "Options:" in shown(monkeypatch, capfd, "tag", "--help")  # nothing of the Chinese stays behind


def minsheng(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "minsheng", *arguments], capture_output=True, text=True, encoding="utf-8",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **variables},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("shell", "sign"),
    [("bash", "complete -o default"), ("zsh", "#compdef minsheng"), ("fish", "complete --command minsheng"),
     ("powershell", "Register-ArgumentCompleter")],
)  # fmt: skip
def test_completion_scripts(shell: str, sign: str) -> None:
    done = minsheng("--show-completion", shell, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert done.returncode == 0 and sign in done.stdout, done


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("minsheng ta", {"tag"}),
        ("minsheng corpus su", {"suspects", "suggest"}),
        ("minsheng tag --qu", {"--quiet"}),
        ("minsheng tag x --lang ", {"zh", "en"}),
        ("minsheng tag x --encoding gb", {"gb18030"}),
        ("minsheng corpus export --format doc", {"doccano", "doccano-1"}),
        ("minsheng corpus check --taxonomy live", {"livelihood", "livelihood-and-work"}),
    ],
)
def test_completion_knows_names_and_values(line: str, expected: set[str]) -> None:
    count = str(len(line.split(" ")) - 1)
    done = minsheng(_MINSHENG_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=count)
    assert set(done.stdout.split()) == expected, done


def test_the_formats_completed_are_those_there_are() -> None:
    from minsheng.cli.console import FORMATS
    from minsheng.corpus.exchange import formats

    assert tuple(formats.FORMATS) == FORMATS


@pytest.mark.parametrize("variables", [{}, {"MINSHENG_LANG": "zh"}, {"_MINSHENG_COMPLETE": "complete_bash"}])
def test_help_and_completion_load_nothing_heavy(variables: dict[str, str]) -> None:
    """`-X importtime` names every module as it is loaded."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "minsheng", "--help"], capture_output=True, text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "COMP_WORDS": "minsheng t", "COMP_CWORD": "1",
             **variables},
    )  # fmt: skip
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "minsheng" in loaded and "typer" in loaded
    assert not loaded & {"torch", "transformers", "numpy", "pandas", "sklearn", "yaml", "ray"}


def test_colours_are_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    from minsheng.cli.console import put

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def printed(stream: io.StringIO) -> str:
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", stream)
            put("可用", "green")
        return stream.getvalue()

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b[" in printed(Terminal()) and printed(io.StringIO()) == "可用\n"
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in printed(Terminal())


def test_the_scratch_of_examples_is_of_this_repository() -> None:
    """Files that examples name as shipped are there."""
    root = Path(__file__).resolve().parents[2]
    named = {
        word
        for examples in EXAMPLES.values()
        for _, example in examples
        for word in shlex.split(example)
        if word.startswith(("data/", "configs/"))
    }
    assert len(named) >= 4 and all((root / word).exists() for word in named)
