from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minsheng.config.schema import DocumentsConfig
from minsheng.documents.read import read_sources
from minsheng.documents.readers import rows
from minsheng.documents.values import Failure, Source
from minsheng.errors import DocumentError

CONFIG = DocumentsConfig()


def read(path: Path, config: DocumentsConfig = CONFIG) -> tuple[list[Source], list[Failure]]:
    items = list(read_sources(path, config=config))
    return [i for i in items if isinstance(i, Source)], [i for i in items if isinstance(i, Failure)]


def ids(items: Sequence[Source | Failure]) -> list[str]:
    return [item.document.rpartition("#")[2] for item in items]


def workbook(path: Path, sheets: dict[str, list[list[Any]]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, cells in sheets.items():
        sheet = book.create_sheet(name)
        for row in cells:
            sheet.append(row)
    book.save(path)
    return path


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_csv(tmp_path: Path, codec: str, mark: str) -> None:
    path = tmp_path / "信件.csv"
    table = [
        ["id", "text", "date", "other"],
        ["a1", f"反映学校问题{mark}请处理。", "2024-01-02", ""],
        ["", "咨询养老金，\n第二行。", "", "x"],
        ["", "", "", ""],
        ["a4", "“医保”报销。", "", ""],
    ]
    text = "".join(mark.join(f'"{cell}"' for cell in row) + "\r\n" for row in table)
    path.write_bytes(text.encode(codec))
    sources, failures = read(path)
    assert failures == []
    assert ids(sources) == ["a1", "2", "a4"]
    assert sources[0].document == f"{path.as_posix()}#a1"
    assert [source.text for source in sources] == [table[1][1], table[2][1], table[4][1]]
    assert [source.date for source in sources] == ["2024-01-02", None, None]
    assert {source.markup for source in sources} == {"table"}
    assert {source.encoding for source in sources} == {codec}


def test_other_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("编号\t正文\t日期\n7\t学校门口堵车。\t2024年\n", encoding="utf-8")
    config = DocumentsConfig(text_column="正文", id_column="编号", date_column="日期")
    (source,), failures = read(path, config)
    assert (source.text, source.date, ids([source]), failures) == ("学校门口堵车。", "2024年", ["7"], [])


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.csv", "id,Text,标题\n1,教育,x\n"),
        ("a.jsonl", '{"id": 1, "Text": "教育", "标题": "x"}\n'),
        ("a.json", '[{"id": 1, "Text": "教育", "标题": "x"}]'),
    ],
)
def test_missing_column_names_what_is_there(tmp_path: Path, name: str, data: str) -> None:
    (tmp_path / name).write_text(data, encoding="utf-8")
    with pytest.raises(DocumentError) as caught:
        read(tmp_path / name)
    assert caught.value.code == "column"
    assert "did you mean 'Text'" in str(caught.value) and "id, Text, 标题" in str(caught.value)


def test_broken_csv_rows_fail_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    good = "id,text\n1,教育事业发展得很好\n".encode()
    path.write_bytes(good + "2,一,逗号太多\n3,\n".encode() + b"4,\xff\xfe\xff\n" + "5,医疗\n".encode())
    sources, failures = read(path)
    assert ids(sources) == ["1", "5"]
    assert [(failure.code, name) for failure, name in zip(failures, ids(failures), strict=True)] == [
        ("row", "2"),
        ("empty", "3"),
        ("encoding", "4"),
    ]
    assert "line 3" in failures[0].message and "line 5" in failures[2].message


def test_broken_json_lines_fail_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    lines = [
        json.dumps({"text": "教育\u2028事业", "id": 1, "date": "2024"}, ensure_ascii=False),
        '{"text": "断',
        "",
        "[1, 2]",
        '{"other": 1, "id": "k"}',
        '{"text": 5}',
        '{"text": "\\ud800"}',
        '{"text": "  "}',
        "[" * 100_000,
        '{"text": "最后", "id": 2.0}',
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    sources, failures = read(path)
    assert ids(sources) == ["1", "2"]
    assert sources[0].text == "教育\u2028事业" and sources[0].date == "2024"
    found = dict(zip(ids(failures), (failure.code for failure in failures), strict=True))
    assert found == {
        "2": "row",
        "4": "row",
        "k": "column",
        "6": "column",
        "7": "encoding",
        "8": "empty",
        "9": "row",
    }
    assert all(f"line {number}" in failures[i].message for i, number in enumerate([2, 4, 5, 6, 7, 8, 9]))


def test_first_json_line_without_text(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": "a"}\n{"id": "b", "text": "教育"}\n{"id": "c"}\n', encoding="utf-8")
    sources, failures = read(path)
    assert (ids(sources), ids(failures)) == (["b"], ["a", "c"])
    path.write_text('{"body": "教育"}\n' * 1000 + '{"text": "x"}\n', encoding="utf-8")
    with pytest.raises(DocumentError, match="body"):
        read(path)


@pytest.mark.parametrize(
    "data",
    [
        '[{"text": "甲"}, {"text": "乙"}]',
        '{"data": [{"text": "甲"}, {"text": "乙"}]}',
        '{"text": "甲"}\n{"text": "乙"}\n',
    ],
)
def test_json_in_one_piece(tmp_path: Path, data: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(data, encoding="utf-8")
    sources, failures = read(path)
    assert ([source.text for source in sources], failures) == (["甲", "乙"], [])


def test_json_damaged_or_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    path.write_text('[{"text": "甲"', encoding="utf-8")
    with pytest.raises(DocumentError) as caught:
        read(path)
    assert caught.value.code == "damaged"
    monkeypatch.setattr("minsheng.documents.readers.table.MOST_JSON_BYTES", 5)
    with pytest.raises(DocumentError) as caught:
        read(path)
    assert caught.value.code == "too_large"


def test_workbook(tmp_path: Path) -> None:
    day = datetime.datetime(2024, 3, 5)
    path = workbook(
        tmp_path / "a.xlsx",
        {
            "一": [
                ["信件汇总"],
                ["id", "text", "date"],
                [1.0, "教育", day],
                [None, None, None],
                [None, "医疗", "三月"],
            ],
            "说明": [["填表说明"]],
            "二": [["text", "id"], ["养老", None], [2024, "z"]],
        },
    )
    sources, failures = read(path)
    assert failures == []
    assert ids(sources) == ["1", "3", "二!1", "z"]
    assert [source.text for source in sources] == ["教育", "医疗", "养老", "2024"]
    assert [source.date for source in sources] == ["2024-03-05", "三月", None, None]
    assert sources[0].encoding is None


def test_workbook_errors(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", {"一": [["编号", "txet"], [1, "教育"]]})
    with pytest.raises(DocumentError) as caught:
        read(path)
    assert caught.value.code == "column" and "'txet'" in str(caught.value)
    whole = path.read_bytes()
    path.write_bytes(whole[:-400])
    with pytest.raises(DocumentError) as caught:
        read(path)
    assert caught.value.code == "damaged"


@pytest.mark.parametrize(("name", "data"), [("a.csv", "id,text\n"), ("a.jsonl", "\n\n"), ("a.json", "[]")])
def test_tables_without_rows(tmp_path: Path, name: str, data: str) -> None:
    (tmp_path / name).write_text(data, encoding="utf-8")
    with pytest.raises(DocumentError) as caught:
        read(tmp_path / name)
    assert caught.value.code == "empty"


def test_cells_longer_than_pythons_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text\n" + "教育" * 100_000 + "\n", encoding="utf-8")
    (source,), _ = read(path)
    assert len(source.text) == 200_000
    assert rows.csv.field_size_limit() == 131_072


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1).filter(
    lambda text: text.strip()
)


@settings(
    max_examples=40,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(cells, min_size=1, max_size=6))
def test_every_text_survives(tmp_path: Path, texts: list[str]) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
    assert [source.text for source in read(path)[0]] == texts
    table = tmp_path / "a.csv"
    with table.open("w", encoding="utf-8-sig", newline="") as handle:
        rows.csv.writer(handle).writerows([["text"], *([text] for text in texts)])
    assert [source.text for source in read(table)[0]] == texts
