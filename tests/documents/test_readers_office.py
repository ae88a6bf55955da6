from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import docx
import pytest

from minsheng.documents.readers import office
from minsheng.errors import DocumentError

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-in for LibreOffice is a script with #!")

# A stand-in that takes the arguments LibreOffice takes; the real one is too large for a test.
STAND_IN = """#!{python}
import pathlib, sys, time
arguments = sys.argv[1:]
assert "--headless" in arguments and arguments[arguments.index("--convert-to") + 1] == "docx"
assert any(a.startswith("-env:UserInstallation=file:///") for a in arguments)
out = pathlib.Path(arguments[arguments.index("--outdir") + 1])
source = pathlib.Path(arguments[-1])
{action}
"""
CONVERT = """out.mkdir()
(out / (source.stem + ".docx")).write_bytes(source.read_bytes())"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    document = docx.Document()
    document.add_heading("旧文件", 1)
    document.add_paragraph("医疗服务。")
    path = tmp_path / "-旧 报告.doc"
    document.save(str(path))
    return path


def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: str) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "soffice"
    program.write_text(STAND_IN.format(python=sys.executable, action=action), encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_conversion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: Path) -> None:
    install(tmp_path, monkeypatch, CONVERT)
    source = office.read(old, "旧.doc")
    assert (source.document, source.text, source.markup) == ("旧.doc", "旧文件\n医疗服务。", "docx")
    assert [source.text[start:end] for start, end in source.headings] == ["旧文件"]


def test_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DocumentError) as caught:
        office.read(old, "旧.doc")
    assert caught.value.code == "needs_libreoffice" and "PATH" in str(caught.value)


def test_failed_conversion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: Path) -> None:
    install(tmp_path, monkeypatch, "print('Error: source file could not be loaded')")
    with pytest.raises(DocumentError, match="could not be loaded") as caught:
        office.read(old, "旧.doc")
    assert caught.value.code == "damaged"


def test_hanging_conversion_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: Path) -> None:
    # The launcher of LibreOffice leaves the work to a child, which must end too.
    child = "import subprocess\nsubprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
    install(tmp_path, monkeypatch, child)
    monkeypatch.setattr(office, "SECONDS", 1)
    started = time.monotonic()
    with pytest.raises(DocumentError) as caught:
        office.read(old, "旧.doc")
    assert caught.value.code == "timeout"
    assert time.monotonic() - started < 20
