"""The launchers in scripts/ start, and the learning curve counts what it is given."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


def run(script: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPTS / script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env={**os.environ})


def test_learning_curve(labelled: tuple[Path, Path]) -> None:
    train, gold = labelled
    done = run("learning_curve.py", gold, train)
    assert done.returncode == 0, done.stderr
    size, f1, low, _, high, fitted, least, _, most = done.stdout.splitlines()[-1].split()
    assert size == "72"
    assert 0.9 < float(f1) <= 1.0 and float(low) <= float(f1) <= float(high)
    assert 0.5 < float(fitted) <= 1.0 and float(least) <= float(fitted) <= float(most)


def test_learning_curve_names_what_is_wrong(labelled: tuple[Path, Path], tmp_path: Path) -> None:
    gold = tmp_path / "gold.jsonl"
    gold.write_text('{"text": "公租房开工三百套。", "labels": ["homes"]}\n', encoding="utf-8")
    for file, complaint in ((gold, "homes"), (tmp_path / "missing.jsonl", "missing.jsonl")):
        done = run("learning_curve.py", file, labelled[0])
        assert done.returncode == 1 and done.stdout == ""
        assert done.stderr.startswith("error: ") and complaint in done.stderr, done.stderr
        assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("script", ["run_train.py", "run_tag.py", "run_evaluate.py"])
def test_launchers_pass_their_arguments_on(script: str) -> None:
    done = run(script, "--help")
    command = script.removeprefix("run_").removesuffix(".py")
    assert done.returncode == 0 and f" {command} " in done.stdout, done.stderr


def test_standard_library_only() -> None:
    """quickstart.py and test.py run before anything is installed."""
    import ast

    for script in ("quickstart.py", "test.py"):
        tree = ast.parse((SCRIPTS / script).read_text(encoding="utf-8"))
        names = {
            (node.module or "") if isinstance(node, ast.ImportFrom) else alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }
        assert names and {name.split(".")[0] for name in names} <= {*sys.stdlib_module_names, "__future__"}
