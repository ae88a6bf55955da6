"""Completion as a person meets it: in the shell itself, where that shell is installed."""

from __future__ import annotations

import os
import select
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

PATIENCE = 120.0  # seconds: every completion starts a Python, and the machine may be busy
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX shells and a pty")


def needs(shell: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(shell) is None, reason=f"{shell} is not installed")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a command `minsheng` in `bin`, which notes down how it was called."""
    place = tmp_path / "bin" / "minsheng"
    place.parent.mkdir()
    place.write_text(
        "#!/bin/sh\n"
        f'[ -n "$_MINSHENG_COMPLETE" ] && exec "{sys.executable}" -m minsheng "$@"\n'
        'for word in "$@"; do printf "<%s>" "$word"; done > "$HOME/called.part"\n'
        'mv "$HOME/called.part" "$HOME/called"\n',
        "utf-8",
    )
    place.chmod(place.stat().st_mode | stat.S_IXUSR)
    return tmp_path


def variables(home: Path) -> dict[str, str]:
    return {
        **os.environ, "HOME": str(home), "ZDOTDIR": str(home), "XDG_CONFIG_HOME": str(home), "TERM": "dumb",
        "PATH": f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": os.pathsep.join(sys.path),
        "INPUTRC": os.devnull, "HISTFILE": os.devnull, "PS1": "$ ",
    }  # fmt: skip


def script(home: Path, shell: str) -> Path:
    """What `minsheng --show-completion` gives for a shell, in a file."""
    done = subprocess.run(
        [sys.executable, "-m", "minsheng", "--show-completion", shell], capture_output=True, check=True,
        env={**variables(home), "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
    )  # fmt: skip
    file = home / f"completion.{'ps1' if shell == 'powershell' else shell}"
    file.write_bytes(done.stdout)
    return file


def typed(command: list[str], keys: str, home: Path, env: Mapping[str, str]) -> str:
    """What `minsheng` was called with after these keys were pressed in an interactive shell."""
    import pty

    ours, theirs = pty.openpty()
    shell = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=dict(env), cwd=home, start_new_session=True
    )
    os.close(theirs)
    shown, called = b"", home / "called"
    try:
        os.write(ours, keys.encode())
        until = time.monotonic() + PATIENCE
        while not called.exists() and time.monotonic() < until:
            if select.select([ours], [], [], 0.1)[0]:
                shown += os.read(ours, 4096)
    finally:
        shell.kill()
        shell.wait()
        os.close(ours)
    assert called.exists(), shown.decode(errors="replace")
    return called.read_text("utf-8")


@needs("bash")
def test_bash(home: Path) -> None:
    file = script(home, "bash")
    command = ["bash", "--noprofile", "--rcfile", str(file), "-i"]
    keys = "minsheng ta\t--qu\t--engine r\t\n"
    assert typed(command, keys, home, variables(home)) == "<tag><--quiet><--engine><ray>"


@needs("zsh")
def test_zsh(home: Path) -> None:
    file = script(home, "zsh")
    (home / ".zshrc").write_text(
        f"PS1='$ '\nautoload -Uz compinit\ncompinit -u -d {home}/dump\nsource {file}\n", "utf-8"
    )
    assert typed(["zsh", "-i"], "minsheng ta\t--qu\t\n", home, variables(home)) == "<tag><--quiet>"


@needs("fish")
def test_fish(home: Path) -> None:
    file = script(home, "fish")
    done = subprocess.run(
        ["fish", "--no-config", "-c", f"source {file}; complete -C 'minsheng ta'; complete -C 'minsheng tag --qu'"],
        capture_output=True, text=True, encoding="utf-8", env=variables(home), check=True,
    )  # fmt: skip
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == ["tag", "--quiet"], done


@needs("pwsh")
def test_powershell(home: Path) -> None:
    file = script(home, "powershell")
    complete = "[System.Management.Automation.CommandCompletion]::CompleteInput('minsheng ta', 11, $null)"
    ask = f"({complete}).CompletionMatches"
    done = subprocess.run(
        ["pwsh", "-NoProfile", "-NonInteractive", "-Command", f". '{file}'; {ask} | ForEach-Object CompletionText"],
        capture_output=True, text=True, encoding="utf-8", env=variables(home), check=True,
    )  # fmt: skip
    assert [word.strip() for word in done.stdout.split()] == ["tag"], done
