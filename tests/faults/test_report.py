from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import report


def test_the_table_has_what_was_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MINSHENG_FAULTS_REPORT", raising=False)
    report.record("stopped", "tag", tried=1)  # nobody asked for a report
    place = tmp_path / "report.jsonl"
    monkeypatch.setenv("MINSHENG_FAULTS_REPORT", str(place))
    report.record("read", "text", files=7, tagged=5, refused=2, lost=0)
    report.record("stopped", "tag", asked=50, tried=6, survived=6)
    report.record("stopped", "tag", asked=50, tried=51, survived=50)  # the same test, further on
    report.record("stopped", "训练", asked=9, tried=9, survived=9, late=3)
    with place.open("a", encoding="utf-8") as out:
        out.write('{"kind": "read", "name"')  # cut off
    lines = report.table(place).splitlines()
    assert lines[0] == report.KINDS["stopped"]
    assert lines[1].split() == ["name", "asked", "tried", "survived", "late"]
    assert lines[2].split() == ["tag", "50", "51", "50"] and lines[3].split() == ["训练", "9", "9", "9", "3"]
    assert [line.split() for line in lines[5:8]] == [
        report.KINDS["read"].split(), ["name", "files", "tagged", "refused", "lost"], ["text", "7", "5", "2", "0"],
    ]  # fmt: skip
    assert lines[-2] == "In all: stopped at 60 moments of 59, 59 survived"
    assert lines[-1].strip() == "7 hostile inputs: 5 tagged, 0 in part, 2 refused, 0 lost"
    done = subprocess.run([sys.executable, report.__file__, str(place)], capture_output=True, check=True)
    assert done.stdout.decode("utf-8").splitlines()[: len(lines)] == lines


SLOW = """
import time
from pathlib import Path
import report
def test_slow(tmp_path):
    report.record("stopped", "slow", asked=9, tried=4, survived=4)
    Path(__file__).with_name("begun").touch()
    try:
        time.sleep(60)
    finally:
        Path(__file__).with_name("cleared up").touch()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="ended by a signal")
def test_a_suite_that_is_cut_off_shows_its_table(tmp_path: Path) -> None:
    (tmp_path / "test_slow.py").write_text(SLOW, encoding="utf-8")
    rest = ["-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    given = f"seed=5, moments=9, rest={rest}, tests={str(tmp_path)!r}"
    code = f"import sys, test; from pathlib import Path; test.faults(Path(sys.executable), {given})"
    folders = [str(Path(report.__file__).parent), str(Path(report.__file__).parents[2] / "scripts")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(folders)}
    suite = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment,
        encoding="utf-8",
    )  # fmt: skip
    end = time.monotonic() + 60
    while not (tmp_path / "begun").exists() and suite.poll() is None and time.monotonic() < end:
        time.sleep(0.02)
    suite.send_signal(signal.SIGTERM)
    said = suite.communicate(timeout=60)[0]
    assert (tmp_path / "cleared up").exists(), said
    assert suite.returncode == 143, said
    assert "== faults: cut off after" in said and "stopped at 4 moments of 9, 4 survived" in said, said
