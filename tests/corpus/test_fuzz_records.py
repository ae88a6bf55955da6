"""Labelled files that are wrong in every way: always a DataError that names file and line, never another exception."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import made_records
from minsheng.config.corpus import CheckConfig
from minsheng.config.schema import CleanConfig
from minsheng.corpus.check import check
from minsheng.corpus.records import read_records
from minsheng.documents.clean import clean_text
from minsheng.errors import DataError
from minsheng.taxonomy import load_taxonomy

TAXONOMY = load_taxonomy("livelihood")
FIELDS = ["id", "text", "labels", "group", "source", "register", "date", "annotator", "evidence", "extra"]
FILE = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["education", "housing|education", "[", '["housing"]', "['housing']"])
    | st.sampled_from(["\ud800", "\0", 10**400, "学校开学。"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip
rows = st.dictionaries(st.sampled_from(FIELDS), values, max_size=6)
good = st.sampled_from(made_records(6))


def tried(path: Path) -> None:
    """Both readers of labelled files, on one file."""
    try:
        records = read_records(path, TAXONOMY.keys)
    except DataError as error:
        message = str(error)
        assert path.name in message and "\n" not in message and len(message) < 2000, message
        records = []
    for record in records:
        record.text.encode("utf-8")
        assert record.text.strip() and set(record.labels) <= set(TAXONOMY.keys)
        assert all(isinstance(value, str) for value in (record.id, record.group))
    try:
        report = check([path], taxonomy=TAXONOMY, config=CheckConfig())
    except DataError as error:
        assert path.name in str(error) and "\n" not in str(error), str(error)
        return
    for problem in report.problems:
        assert "\n" not in str(problem) and path.name in str(problem)
    if not records:
        assert report.errors, "what training refuses, the check must name"


@FILE
@given(st.lists(rows | good, max_size=5))
def test_any_rows(tmp_path: Path, found: list[dict[str, Any]]) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in found), encoding="utf-8")
    tried(path)


@FILE
@given(st.binary(max_size=80) | st.text(max_size=80).map(lambda text: text.encode("utf-8", "surrogatepass")),
       st.sampled_from([".jsonl", ".json", ".csv", ".tsv", ".xlsx", ".parquet"]))  # fmt: skip
def test_any_bytes(tmp_path: Path, data: bytes, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(data)
    tried(path)


cells = st.sampled_from(
    [
        "text",
        "labels",
        "id",
        ",",
        "\t",
        "\n",
        "\r\n",
        '"',
        '""',
        "学校",
        "education",
        "=1",
        "\0",
        "\ufeff",
        "[",
        "x" * 200_000,
    ]
)


@FILE
@given(st.lists(cells, max_size=15).map("".join), st.sampled_from([".csv", ".tsv"]))
def test_any_table(tmp_path: Path, text: str, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_text("id,text,labels\n" + text, encoding="utf-8", newline="")
    tried(path)


LINE = '{"text": "学校开学。", "labels": []}'
WRONG = {
    "nested deeply": "[" * 100_000,
    "an object nested deeply": '{"text": "学", "labels": [], "x": ' + '{"a":' * 100_000,
    "a key twice": '{"text": "学校。", "text": "医院。", "labels": []}',
    "a huge number": '{"text": "学", "labels": [], "id": ' + "9" * 10_000 + "}",
    "an unknown label": '{"text": "学", "labels": ["educaton"]}',
    "a label that is a list": '{"text": "学", "labels": [["education"]]}',
    "half a pair deep in an unknown column": '{"text": "学", "labels": [], "x": {"a": ["\\ud800"]}}',
    "half a pair in a name": '{"text": "学", "labels": [], "\\ud800": 1}',
    "half a surrogate pair": '{"text": "学\\ud800", "labels": []}',
    "half a pair as id": '{"id": "\\udc00", "text": "学", "labels": []}',
    "text that is a number": '{"text": 7, "labels": []}',
    "not a number": '{"text": NaN, "labels": []}',
    "no object": "7",
    "no text": '{"labels": []}',
    "no labels": '{"text": "学"}',
    "two objects": LINE + LINE,
    "a stray mark": LINE + "\x00",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_line_is_named(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(f"{LINE}\n{WRONG[name]}\n", encoding="utf-8")
    tried(path)
    with pytest.raises(DataError, match=r"a\.jsonl, line 2: "):
        read_records(path, TAXONOMY.keys)


def test_a_nul_is_cleaned_away_like_other_characters_that_cannot_be_seen(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "学\\u0000校", "labels": []}\n', encoding="utf-8")
    (record,) = read_records(path, TAXONOMY.keys)
    assert clean_text(record.text, config=CleanConfig()) == "学校"


def test_one_text_with_two_label_sets_is_refused_with_both_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    wrong = {"text": "学校开学。", "labels": ["education"]}
    path.write_text(f"{LINE}\n{json.dumps(wrong)}\n", encoding="utf-8")
    report = check([path], taxonomy=TAXONOMY, config=CheckConfig())
    (conflict,) = [p for p in report.problems if p.code == "conflict"]
    assert conflict.line == 2 and "line 1" in conflict.message
