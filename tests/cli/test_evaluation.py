from __future__ import annotations

import sys
from pathlib import Path

import pytest

from conftest import made_records, write_jsonl
from minsheng.cli import app as cli
from minsheng.cli.evaluation import models_and_data
from minsheng.errors import DataError
from minsheng.modeling.shipped import TAGGER


def test_leading_arguments_are_models(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two.json"  # a directory may be called like a table
    one.mkdir()
    two.mkdir()
    a, b = str(one), str(two)
    assert models_and_data(["x.jsonl"]) == ([TAGGER], ["x.jsonl"])
    assert models_and_data([a, "x.jsonl", "y.CSV"]) == ([a], ["x.jsonl", "y.CSV"])
    assert models_and_data([a, b, TAGGER, "x.jsonl"]) == ([a, b, TAGGER], ["x.jsonl"])
    assert models_and_data(["misspelt", "x.jsonl"]) == (["misspelt"], ["x.jsonl"])
    with pytest.raises(DataError, match="no labelled file to evaluate on"):
        models_and_data([a, b])
    with pytest.raises(DataError, match="name the models before the labelled files"):
        models_and_data([a, "x.jsonl", b])


@pytest.mark.parametrize(("asked", "expected"), [(["--lang", "zh"], "zh-CN"), ([], "en")])
def test_the_page_is_written_and_named(
    asked: list[str],
    expected: str,
    model_directory: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    data = write_jsonl(tmp_path / "test.jsonl", made_records(24))
    out = tmp_path / "out"
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    monkeypatch.setattr(
        sys, "argv", ["minsheng", "evaluate", str(model_directory), str(data), "--out", str(out), *asked]
    )
    _run()
    shown = capfd.readouterr()
    assert f"report: {out / 'report.html'}" in shown.out and shown.err == ""
    # 24 records, 4 of each domain: a verdict takes 100.
    assert "too few examples for a verdict on: education, healthcare" in shown.out
    assert "about 580 more labelled paragraphs" in shown.out
    assert f'<html lang="{expected}">' in (out / "report.html").read_text("utf-8")


def _run() -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.run()
    assert not stopped.value.code
