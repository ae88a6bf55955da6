"""Each fault is found, with its file and line; sound files have none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conftest import made_records, write_jsonl
from minsheng.config.corpus import CheckConfig
from minsheng.corpus.check import Problem, Report, check
from minsheng.corpus.exchange import formats
from minsheng.errors import DataError
from minsheng.taxonomy import load_taxonomy

TAXONOMY = load_taxonomy("livelihood")
QUIET = CheckConfig(fewest=0)
SCHOOL = "县城东边的新小学九月开学，一千二百个孩子不再挤大班，三十名教师已经到岗。"
CLINIC = "村卫生室添了心电图机，结果半分钟传到县医院，老人不用再坐一个钟头的车去做检查。"
HOMES = "棚户区改造二期的三百套安置房本月交付，拆迁户凭协议和身份证到社区领钥匙。"


def row(identity: str, text: str = SCHOOL, *labels: str, **more: object) -> dict[str, Any]:
    return {"id": identity, "text": text, "labels": list(labels)} | more


def run(tmp_path: Path, *files: list[dict[str, Any]], config: CheckConfig = QUIET) -> Report:
    names = ["train.jsonl", "validation.jsonl", "test.jsonl"]
    paths = [write_jsonl(tmp_path / name, made) for name, made in zip(names, files, strict=False)]
    return check(paths, taxonomy=TAXONOMY, config=config)


def found(report: Report, *, severity: str | None = None) -> list[tuple[str, int, str]]:
    return [
        (Path(problem.file).name, problem.line, problem.code)
        for problem in report.problems
        if problem.code != "imbalance" and severity in (None, problem.severity)
    ]


def the(report: Report, code: str) -> Problem:
    (problem,) = [problem for problem in report.problems if problem.code == code]
    return problem


def test_sound_files_have_no_problem(tmp_path: Path) -> None:
    first = [row("1", SCHOOL, "education", group="a"), row("2", HOMES, "housing", group="a")]
    report = run(
        tmp_path, first, [row("3", CLINIC, "healthcare", group="b"), row("4", "今年修好通往八个村的水泥路。")]
    )
    assert found(report) == [] and report.errors == 0 and report.records == (2, 2)
    assert report.counts["label"]["education"] == (1, 0) and report.counts["label"]["(none)"] == (0, 1)
    assert "register" not in report.counts
    assert sum(map(sum, report.counts["characters"].values())) == 4


def test_registers_are_counted_where_they_are_given(tmp_path: Path) -> None:
    rows = [row("1", SCHOOL, register="news"), row("2", HOMES, register="news"), row("3", CLINIC)]
    assert run(tmp_path, rows).counts["register"] == {"news": (2,), "(not given)": (1,)}


def test_every_bad_line_is_named_and_the_rest_is_checked(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    lines = [
        '{"id": 1, "text": "' + SCHOOL + '", "labels": ["education"], "grup": "x"}', "{oops", "[1]",
        '{"id": 2, "labels": []}', '{"id": 3, "text": " ", "labels": []}', '{"id": 4, "text": "修路", "label": []}',
        '{"id": 5, "text": "修路", "labels": ["educaton"]}', '{"id": 6, "text": "修路", "labels": 3}',
        '{"id": 1, "text": "' + CLINIC + '", "labels": []}', '{"id": 7, "text": "修路", "labels": [], "group": {}}',
        '{"id": 8, "text": "修路\\ud83d", "labels": []}',
    ]  # fmt: skip
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    report = check([path], taxonomy=TAXONOMY, config=QUIET)
    errors = {p.line: p.message for p in report.problems if p.severity == "error"}
    assert sorted(errors) == [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
    for line, words in {
        2: "not valid JSON", 4: "no 'text'", 5: "empty", 6: "did you mean 'label'", 7: "did you mean 'education'",
        8: "list of names", 9: "the id '1' stands on line 1", 10: "'group' must be text", 11: "surrogate",
    }.items():  # fmt: skip
        assert words in errors[line], errors[line]
    assert "did you mean 'group'" in the(report, "column").message
    assert (
        str(the(report, "column"))
        == f"{path}:1: warning: unknown column 'grup'; did you mean 'group'? [column]"
    )
    assert report.records == (2,)


def test_tables_are_checked_by_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"id,text,labels\n1,{SCHOOL},education\n2,{CLINIC},health\n3,修路\n", encoding="utf-8")
    report = check([path], taxonomy=TAXONOMY, config=QUIET)
    assert found(report, severity="error") == [("a.csv", 3, "schema"), ("a.csv", 4, "schema")]
    rows = [row("1", SCHOOL, "education"), row("2", SCHOOL + "！", "education")]
    for name in ("b.xlsx", "b.parquet"):
        formats.write(rows, tmp_path / name)
        report = check([tmp_path / name], taxonomy=TAXONOMY, config=QUIET)
        assert found(report) == [(name, 3 if name == "b.xlsx" else 2, "duplicate")]


def test_a_file_that_training_would_refuse_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "gbk.csv"  # `import` reads it, training does not
    path.write_bytes(f"id,text,labels\n1,{SCHOOL},education\n".encode("gbk"))
    problem = the(check([path], taxonomy=TAXONOMY, config=QUIET), "schema")
    assert problem.line == 0 and "not UTF-8" in problem.message


def test_same_text_within_and_across_files(tmp_path: Path) -> None:
    report = run(
        tmp_path,
        [
            row("1", SCHOOL, "education"),
            row("2", SCHOOL.replace("，", ","), "education"),
            row("3", CLINIC, "healthcare"),
        ],
        [row("4", SCHOOL, "education"), row("5", CLINIC)],
    )
    assert found(report) == [
        ("train.jsonl", 2, "duplicate"), ("validation.jsonl", 1, "leak"), ("validation.jsonl", 2, "conflict")
    ]  # fmt: skip
    assert report.errors == 3
    message = the(report, "conflict").message
    assert message == "labelled none; the same text in train.jsonl, line 3: healthcare"


def test_near_duplicates_warn_within_a_file_and_are_errors_across(tmp_path: Path) -> None:
    near = SCHOOL.replace("三十名教师", "四十名教师")
    report = run(tmp_path, [row("1", SCHOOL), row("2", near)], [row("3", SCHOOL.replace("一千二百", "八百"))])
    within, across = report.problems[0], the(report, "leak")
    assert (within.code, within.severity, within.line) == ("near-duplicate", "warning", 2)
    assert across.severity == "error" and "train.jsonl, line 1" in across.message


def test_groups_across_files(tmp_path: Path) -> None:
    report = run(
        tmp_path,
        [row("1", SCHOOL, group="g1"), row("2", HOMES, group="g2")],
        [
            row("3", CLINIC, group="g1"),
            row("4", "两条街装了路灯，晚上出门不再摸黑。", group="g1"),
            row("5", "渠首放水三天。"),
        ],
        [row("5", "今年小麦亩产比去年多六十斤。")],
    )
    problem = the(report, "group")
    assert (Path(problem.file).name, problem.line) == ("validation.jsonl", 1) and report.errors == 1
    assert problem.message == "the group 'g1' begins in train.jsonl, line 1 (2 records here)"


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("修路。", "short", "only 3 characters"),
        ("修" + "水泥路、" * 130, "long", "521 characters"),
        ("新建的小学" + "九月开学".encode().decode("latin-1") + "，孩子们很高兴。", "mojibake", "九月开学"),
        ("新建的小学锟斤拷锟斤拷，孩子们很高兴。", "mojibake", "cannot be repaired"),
        ("縣裡新建的小學九月開學，孩子們很高興。", "traditional", "縣裡學開們興"),
    ],
)
def test_odd_texts_are_warnings(text: str, code: str, words: str, tmp_path: Path) -> None:
    report = run(tmp_path, [row("1", text)])
    assert words in the(report, code).message and report.errors == 0
    assert found(report) == [("train.jsonl", 1, code)]


def test_evidence_must_stand_in_the_text_for_a_label_of_the_record(tmp_path: Path) -> None:
    good = {"education": ["三十名教师已经到岗。"]}
    report = run(
        tmp_path,
        [
            row("1", SCHOOL, "education", evidence=good),
            row("2", CLINIC, "healthcare", evidence=good),
            row("3", HOMES, "housing", evidence="安置房"),
        ],
    )
    assert found(report) == [
        ("train.jsonl", 2, "evidence"),
        ("train.jsonl", 2, "evidence"),
        ("train.jsonl", 3, "evidence"),
    ]


def test_imbalance(tmp_path: Path) -> None:
    rows = [dict(made) for made in made_records(60) if made["labels"] and made["labels"] != ["stability"]]
    rows = [made for made in rows if made["labels"] != ["housing"] or made["id"] in ("r3", "r9")]
    report = run(tmp_path, rows, config=CheckConfig(fewest=5, imbalance=4.0))
    messages = [problem.message for problem in report.problems if problem.code == "imbalance"]
    assert any("only 2 records of housing" in message for message in messages)
    assert "no record of stability" in messages
    assert any("stability 0 in all files" in message for message in messages)
    assert any(message.startswith("no record without a label") for message in messages)
    assert len(messages) == 4


def test_a_missing_file_is_an_error_and_not_a_problem(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        check([tmp_path / "train.jsonl"], taxonomy=TAXONOMY, config=QUIET)


def test_the_shipped_corpus_is_sound() -> None:
    folder = Path(__file__).resolve().parents[2] / "data" / "corpus"
    paths = sorted(folder.glob("*.jsonl"))
    assert len(paths) == 3
    report = check(paths, taxonomy=TAXONOMY, config=CheckConfig())
    assert report.errors == 0, [str(problem) for problem in report.problems]
    assert sum(report.records) > 400
