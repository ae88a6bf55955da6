"""While torch is being loaded a terminal says so; a script and a pipe hear nothing."""

from __future__ import annotations

import importlib
import io
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from minsheng.cli.console import screen

SAID = "loading torch"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def unloaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As if torch had not been loaded yet; in its place there is an empty module."""
    (tmp_path / "torch.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(sys.modules, "torch", ModuleType("torch"))  # so that the empty one goes at the end
    monkeypatch.delitem(sys.modules, "torch")
    monkeypatch.setenv("MINSHENG_LANG", "en")


@pytest.mark.parametrize(
    ("stream", "options", "variables", "told"),
    [
        (Terminal, {}, {}, True),
        (Terminal, {"quiet": True}, {}, False),
        (Terminal, {"as_json": True}, {}, False),
        (Terminal, {}, {"RANK": "1"}, False),
        (io.StringIO, {}, {}, False),
    ],
)
def test_who_is_told(
    unloaded: None,
    monkeypatch: pytest.MonkeyPatch,
    stream: type[io.StringIO],
    options: dict[str, bool],
    variables: dict[str, str],
    told: bool,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    errors, finders = stream(), list(sys.meta_path)
    monkeypatch.setattr(sys, "stderr", errors)
    with screen(**({"quiet": False} | options)):
        assert errors.getvalue() == ""  # not before it is needed
        importlib.import_module("torch")
        assert errors.getvalue().count(SAID) == told and errors.getvalue().count("\n") == told
        del sys.modules["torch"]
        importlib.import_module("torch")
    assert errors.getvalue().count(SAID) == told  # once
    assert sys.meta_path == finders


def test_in_chinese(unloaded: None, monkeypatch: pytest.MonkeyPatch) -> None:
    errors = Terminal()
    monkeypatch.setattr(sys, "stderr", errors)
    monkeypatch.setenv("MINSHENG_LANG", "zh")
    with screen(quiet=False):
        importlib.import_module("torch")
    assert "正在加载 torch" in errors.getvalue()


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal of its own needs a POSIX pty")
@pytest.mark.parametrize(("arguments", "told"), [([], True), (["--quiet"], False), (["--json"], False)])
def test_train_tells_before_torch_is_there(
    run_config: Path, tmp_path: Path, arguments: list[str], told: bool
) -> None:
    """The real command, with a torch that ends the process as soon as its loading begins."""
    import pty

    place = tmp_path / "place" / "torch"
    place.mkdir(parents=True)
    (place / "__init__.py").write_text("import os\nos._exit(7)\n", "utf-8")
    ours, theirs = pty.openpty()
    path = os.pathsep.join([str(place.parent), *sys.path])
    done = subprocess.run(
        [sys.executable, "-m", "minsheng", "train", str(run_config), *arguments],
        stdout=subprocess.PIPE, stderr=theirs, check=False,
        env={**os.environ, "PYTHONPATH": path, "MINSHENG_LANG": "en"},
    )  # fmt: skip
    os.close(theirs)
    said = b""
    try:
        while piece := os.read(ours, 4096):
            said += piece
    except OSError:  # Linux says EIO where the other end is closed
        pass
    finally:
        os.close(ours)
    assert done.returncode == 7 and done.stdout == b"", said
    assert said.decode().count(SAID) == told
