from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import report


def test_the_table_has_what_was_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MINSHENG_FAULTS_REPORT", raising=False)
    report.record("stopped", "tag", tried=1)  # nobody asked for a report
    place = tmp_path / "report.jsonl"
    monkeypatch.setenv("MINSHENG_FAULTS_REPORT", str(place))
    report.record("read", "text", files=7, read=5, refused=2, lost=0)
    report.record("stopped", "tag", tried=50, survived=50)
    report.record("stopped", "训练", tried=9, late=3)
    lines = report.table(place).splitlines()
    assert lines[0] == report.KINDS["stopped"] and lines[1].split() == ["name", "tried", "survived", "late"]
    assert lines[2].split() == ["tag", "50", "50"] and lines[3].split() == ["训练", "9", "3"]
    assert [line.split() for line in lines[5:8]] == [
        report.KINDS["read"].split(), ["name", "files", "read", "refused", "lost"], ["text", "7", "5", "2", "0"],
    ]  # fmt: skip
    done = subprocess.run([sys.executable, report.__file__, str(place)], capture_output=True, check=True)
    assert done.stdout.decode("utf-8").splitlines()[: len(lines)] == lines
