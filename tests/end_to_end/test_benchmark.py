"""The benchmark runs, and what it derives from its measurements is right."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """60 paragraphs that differ, of 40 to 440 characters."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    texts = [f"第{n}批修缮的校舍共有{n * 3}间，" + "食堂也换了新灶台，" * (3 + n % 45) for n in range(60)]
    rows = [{"text": text, "labels": ["education"] if n % 2 else []} for n, text in enumerate(texts)]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "rows.jsonl").write_text(text, encoding="utf-8")
    return folder


def test_quick_run(corpus: Path, tmp_path: Path) -> None:
    place = tmp_path / "result.json"
    command = [
        sys.executable,
        str(SCRIPTS / "benchmark.py"),
        "--quick",
        "--threads",
        "1",
        "--models",
        "shipped",
    ]
    command += ["--sections", "tagging", "--corpus", str(corpus), "--json", str(place)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env={**os.environ})
    assert done.returncode == 0, done.stderr
    found = json.loads(place.read_text(encoding="utf-8"))["tagging"]["shipped"]
    assert found["limit"]["fp32"] > 0 and not found["left_out"], found["left_out"]
    ours = found["contenders"]["minsheng, exact"]
    assert len(ours["seconds"]) == 1 and ours["passages_per_second"] > 0 and ours["peak_mib"] > 50
    assert ours["same_labels"] >= 0.75 and ours["furthest"] < 0.3
    assert "| minsheng, exact |" in done.stdout and "1 threads" in done.stdout


def test_texts_are_dealt_once(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    from benchmarks.passages import deal, read_passages

    passages = read_passages(corpus)
    sets = deal(passages, rounds=4, each=8)
    texts = [passage.text for part in sets for passage in part]
    assert [len(part) for part in sets] == [8] * 4 and len(set(texts)) == 32
    means = [sum(len(passage.text) for passage in part) / 8 for part in sets]
    assert max(means) < 1.2 * min(means)


def test_operations_of_a_passage(monkeypatch: pytest.MonkeyPatch) -> None:
    """BERT-base, 200 tokens: 12 × (2 · 200 · 12 · 768² + 4 · 200² · 768)."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    from benchmarks.shapes import flops

    assert flops([200], layers=12, hidden=768, weights=12 * 768**2) == pytest.approx(35.4e9, rel=0.01)


def test_agreement_counts_label_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    from benchmarks.rounds import _agreement

    reference = [([[0.9, 0.2], [0.4, 0.6]], 1.0)]
    mine = [([[0.8, 0.3], [0.5, 0.6]], 1.0)]
    found = _agreement(mine, reference, [0.5, 0.5])
    assert found["same_labels"] == 0.5 and found["furthest"] == pytest.approx(0.1)
