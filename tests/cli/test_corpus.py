"""`minsheng corpus …` as a person types it: what it prints, what it writes, its exit codes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from conftest import made_records, write_jsonl
from minsheng.cli.app import app
from minsheng.cli.console import print_table, shown
from minsheng.corpus.records import read_records
from minsheng.errors import DataError, RunError
from minsheng.taxonomy import load_taxonomy

DOMAINS = load_taxonomy("livelihood").keys


def corpus(*arguments: object, code: int = 0) -> Result:
    """Run a command; an error of ours is raised as such."""
    result = CliRunner().invoke(app, ["corpus", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def new_process() -> Iterator[None]:
    """accelerate fixes the precision once a process; the tests around this one use another."""
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_check_says_where_and_ends_with_2(tmp_path: Path) -> None:
    rows = made_records(12)
    good = write_jsonl(tmp_path / "good.jsonl", rows)
    output = corpus("check", good).output
    assert "12 records, 0 errors" in output and "education" in output and "characters" in output
    corpus("check", good, "--strict", code=2)  # few records of each domain
    bad = write_jsonl(
        tmp_path / "bad.jsonl",
        [*rows, *[{"id": f"x{n}", "text": "修路", "labels": ["x"]} for n in range(20)]],
    )
    output = corpus("check", bad, code=2).output
    assert f"{bad}:13: error: unknown label 'x'" in output and "12 records, 20 errors" in output
    assert output.count("unknown label") == 12 and "and 8 more errors" in output
    assert corpus("check", bad, "--all", code=2).output.count("unknown label") == 20


def test_agree_prints_both_coefficients_and_writes_the_disagreements(tmp_path: Path) -> None:
    first = [row | {"annotator": "王"} for row in made_records(24)]
    second = [row | {"annotator": "李"} for row in first]
    second[0] = second[0] | {"labels": ["housing"]}
    a, b = write_jsonl(tmp_path / "a.jsonl", first), write_jsonl(tmp_path / "b.jsonl", second)
    out = tmp_path / "differ.jsonl"
    output = corpus("agree", a, b, "--out", out).output
    assert "王, 李" in output and "kappa" in output and "same whole label set: 23 (95.8%)" in output
    (row,) = lines(out)
    assert row["coders"] == {"王": ["education"], "李": ["housing"]}
    with pytest.raises(DataError, match="line 1: no field 'labels'"):
        read_records(out, DOMAINS)  # nobody has decided yet
    with pytest.raises(RunError, match="exists already"):
        corpus("agree", a, b, "--out", out)
    assert "kappa" not in corpus("agree", a, b, a).output
    with pytest.raises(DataError, match="two coders or more"):
        corpus("agree", a)


def test_to_label_studio_and_back(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "a.jsonl", made_records(6))
    output = corpus("export", source, tmp_path / "a.json").output
    assert '<Choice value="教育" alias="education"' in output
    assert "6 labelled records" in corpus("import", tmp_path / "a.json", tmp_path / "b.xlsx").output
    corpus("import", tmp_path / "b.xlsx", tmp_path / "b.jsonl")
    assert lines(tmp_path / "b.jsonl") == lines(source)
    with pytest.raises(RunError, match=r"a\.jsonl: exists already"):
        corpus("import", tmp_path / "a.json", source)


def test_export_as_suggestions_leaves_the_labels_to_people(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "a.jsonl", made_records(6))
    corpus("export", source, tmp_path / "a.json", "--suggestions")
    with pytest.raises(DataError, match="none of 6 texts has labels"):
        corpus("import", tmp_path / "a.json", tmp_path / "b.jsonl")
    output = corpus("import", tmp_path / "a.json", tmp_path / "b.jsonl", "--unlabelled").output
    assert "6 texts that nobody has labelled: kept" in output
    assert lines(tmp_path / "b.jsonl")[0]["suggestion"] == {"labels": ["education"]}


def test_suggest_labels_documents_weakly(tmp_path: Path) -> None:
    folder = tmp_path / "报告"
    folder.mkdir()
    (folder / "a.txt").write_text(
        "全县新建小学三所，招聘教师八十名。\n今年修好了通往八个村的水泥路。\n", encoding="utf-8"
    )
    (folder / "b.pdf").write_bytes(b"%PDF-1.4 broken")
    output = corpus("suggest", folder, "--out", tmp_path / "weak.jsonl", code=3).output
    assert "2 passages with weak labels" in output and "50.0%" in output and "b.pdf" in output
    records = read_records(tmp_path / "weak.jsonl", DOMAINS)
    assert [r.labels for r in records] == [("education",), ()] and {r.annotator for r in records} == {
        "keyword-rule"
    }
    corpus("suggest", folder / "a.txt", "--out", tmp_path / "weak.json")
    first, _ = json.loads((tmp_path / "weak.json").read_text(encoding="utf-8"))
    assert first["predictions"][0]["model_version"] == "keyword-rule" and "annotations" not in first


def test_select_proposes_unlabelled_passages_with_the_models_suggestion(
    model_directory: Path, new_process: None, tmp_path: Path
) -> None:
    rows = made_records(40)
    source = write_jsonl(tmp_path / "pool.jsonl", [{"id": r["id"], "text": r["text"]} for r in rows])
    known = write_jsonl(tmp_path / "known.jsonl", rows[:10])
    out = tmp_path / "next.jsonl"
    command = ["select", source, "--model", model_directory, "--count", 5, "--labelled", known]
    output = corpus(*command, "--out", out).output
    assert "5 of 30 passages" in output and "10 passages left out" in output
    chosen = lines(out)
    texts = [row["text"] for row in chosen]
    assert len({*texts}) == 5 and not {*texts} & {row["text"] for row in rows[:10]}
    for row in chosen:
        assert "labels" not in row and set(row["suggestion"]["scores"]) == set(DOMAINS)
        assert row["suggestion"]["model"] and row["group"].startswith(str(source))
    corpus(*command, "--out", tmp_path / "again.jsonl")
    assert (tmp_path / "again.jsonl").read_bytes() == out.read_bytes()
    corpus(*command, "--out", tmp_path / "next.json")
    tasks = json.loads((tmp_path / "next.json").read_text(encoding="utf-8"))
    assert [task["data"]["text"] for task in tasks] == texts
    assert all(0.5 <= task["predictions"][0]["score"] <= 1 for task in tasks)


def test_suspects_shows_and_writes_the_doubts(tmp_path: Path) -> None:
    rows = made_records(72)
    rows[6] = rows[6] | {"labels": ["housing"]}
    source, out = write_jsonl(tmp_path / "a.jsonl", rows), tmp_path / "suspects.jsonl"
    output = corpus("suspects", source, "--out", out).output
    assert "1. r6  labels: housing" in output and "not housing?" in output
    first = lines(out)[0]
    assert (
        first["id"] == "r6"
        and first["labels"] == ["housing"]
        and first["suggestion"]["labels"] == ["education"]
    )
    assert read_records(out, DOMAINS)[0].id == "r6"


def test_texts_are_cut_and_aligned_by_the_columns_that_they_take(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown("短文") == "短文" and len(shown("长" * 100)) == 36 and shown("长" * 100).endswith("…")
    print_table(["", "n"], [["公报", "1"], ["ab", "10"]])
    assert capsys.readouterr().out == "         n\n  公报   1\n  ab    10\n"
