"""Round trips through every format, and what the formats' own programs write."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from minsheng.corpus.exchange import formats
from minsheng.corpus.exchange.label_studio import interface
from minsheng.corpus.exchange.rows import record_of, row_of, tidy
from minsheng.corpus.records import KNOWN, Record, read_records
from minsheng.errors import DataError
from minsheng.taxonomy import load_taxonomy

TAXONOMY = load_taxonomy("livelihood")
ALL = [
    ("jsonl", ".jsonl"), ("csv", ".csv"), ("csv", ".tsv"), ("excel", ".xlsx"), ("parquet", ".parquet"),
    ("label-studio", ".json"), ("doccano", ".jsonl"), ("doccano-1", ".jsonl"),
]  # fmt: skip

ODD = [
    "=1+1", "1", "1.10", "true", "null", '"', '""', "[1]", "[", "{", "_x000D_", "\r", "\r\n", "\n", "\x00", "\x0b",
    "\ufeff", "\uffff", "\u2028", "，", "a,b", "a\tb", " 前后空格 ", "𠮷", "007", "1e5", "NaN", "-0", "'1", "a|b",
    "=cmd|' /C calc'!A0", "+86", "-5", "@名", "'=1", "''@", "\t=", " -1+1", "＝1", "-", "'",
]  # fmt: skip
NUMBERS = [0, -1, 10**15, 2**53 + 1, 2**64, 2.0, -0.0, 0.1 + 0.2, 1e300, 5e-324, True, False]
odd = st.sampled_from(ODD)
words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12) | odd
scalars = (
    words
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(NUMBERS)
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner | st.none() | st.just(""), max_size=3) | st.dictionaries(words, inner, max_size=3)
    ),
    max_leaves=5,
)
# Names of columns that a format keeps for itself; `test_what_a_format_cannot_hold_is_refused` has them.
keys = words.filter(lambda key: key not in {*KNOWN, "label", "data", "annotations"})
rows = st.lists(
    st.fixed_dictionaries(
        {"text": words.filter(str.strip), "labels": st.sets(st.sampled_from(TAXONOMY.keys))},
        optional=dict.fromkeys(("group", "source", "register", "date", "annotator"), words),
    ).flatmap(lambda row: st.dictionaries(keys, values, max_size=3).map(lambda meta: row | meta)),
    min_size=1,
    max_size=4,
)


def prepared(made: list[dict[str, Any]], *, labelled: bool) -> list[dict[str, Any]]:
    found = []
    for number, row in enumerate(made):
        row = {"id": f"r{number}", **row, "labels": [key for key in TAXONOMY.keys if key in row["labels"]]}
        found.append(tidy(row if labelled else {key: row[key] for key in row if key != "labels"}))
    return found


def exact(made: list[dict[str, Any]]) -> str:
    return json.dumps(made, sort_keys=True)  # 1, 1.0 and True differ here


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exchange")


@pytest.mark.parametrize(("name", "suffix"), ALL)
@settings(max_examples=30, deadline=None)
@given(made=rows, labelled=st.booleans())
def test_a_round_trip_loses_nothing(
    name: str, suffix: str, made: list[dict[str, Any]], labelled: bool, folder: Path
) -> None:
    given_rows = prepared(made, labelled=labelled)
    path = folder / f"rows{suffix}"
    formats.write(given_rows, path, format=name)
    assert exact(formats.read(path, TAXONOMY, format=name)) == exact(given_rows)
    assert not list(folder.glob("*.part"))


@pytest.mark.parametrize(("name", "suffix"), ALL)
def test_odd_values_survive_as_text_as_cells_and_as_columns(name: str, suffix: str, tmp_path: Path) -> None:
    made: list[dict[str, Any]] = [{"text": value, "labels": []} for value in ODD if value.strip()]
    made += [
        {"text": "修路", "labels": ["housing"], "note": value} for value in [*ODD, *NUMBERS, [], {}, [None]]
    ]
    made += [{"text": "修路", "labels": [], value: "甲", "source": value} for value in ODD]
    made += [{"text": "修路", "labels": [], "only numbers": 1.5, "only switches": True, "only counts": 7}] * 2
    given_rows = prepared(made, labelled=True)
    formats.write(given_rows, tmp_path / f"odd{suffix}", format=name)
    for found, expected in zip(
        formats.read(tmp_path / f"odd{suffix}", TAXONOMY, format=name), given_rows, strict=True
    ):
        assert exact([found]) == exact([expected])


@settings(max_examples=30, deadline=None)
@given(made=rows)
def test_records_and_rows(made: list[dict[str, Any]]) -> None:
    for row in prepared(made, labelled=True):
        record = record_of(row)
        assert record_of(row_of(record)) == record
        assert exact([row_of(record)]) == exact([{"group": row["id"], **row}])


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".tsv", ".xlsx", ".parquet"])
def test_the_reader_of_training_takes_what_is_written(suffix: str, tmp_path: Path) -> None:
    records = [
        Record("1", "县里新建一所小学", ("education",), "g", source="甲", meta={"页": "三"}),
        Record("2", "今年修路八公里", (), "h", annotator="a1", date="2021"),
    ]
    path = tmp_path / f"records{suffix}"
    formats.write([row_of(record) for record in records], path)
    assert read_records(path, TAXONOMY.keys) == records


FORMULAS = [
    start + "HYPERLINK(1)"
    for start in ("=", "+", "-", "@", "\t=", "\r", "＝", "＋", "－", "＠", " =", "\u3000@", "'=", "''+")
]


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".xlsx"])
def test_no_cell_is_a_formula_and_every_text_comes_back(suffix: str, tmp_path: Path) -> None:
    made = [
        {"id": text, "text": text, "labels": [], "source": text, "note": text, "n": -5, text: text}
        for text in FORMULAS
    ]
    path = tmp_path / f"a{suffix}"
    formats.write(made, path)
    shown: list[str] = []
    if suffix == ".xlsx":
        for cell in (cell for row in load_workbook(path).active.iter_rows() for cell in row):
            if isinstance(cell.value, str):
                assert cell.data_type == "s", cell.value
                shown.append(cell.value)
                assert cell.quotePrefix or cell.value.lstrip("'\t\r\n \u3000")[:1] not in set("=+-@＝＋－＠")
    else:
        with path.open(encoding="utf-8-sig", newline="") as table:
            cells = [
                cell for row in csv.reader(table, delimiter="\t" if suffix == ".tsv" else ",") for cell in row
            ]
        shown = [cell for cell in cells if cell != "-5"]  # a number stays one
        assert len(shown) < len(cells)
        for cell in shown:
            assert cell.lstrip()[:1] not in set("=+-@＝＋－＠") and cell[:1] not in set("\t\r\n"), repr(cell)
    assert len(shown) > 5 * len(FORMULAS)
    assert exact(formats.read(path, TAXONOMY)) == exact([tidy(row) for row in made])
    if suffix != ".xlsx":  # the reader of training takes the guard off too
        texts = [record.text for record in read_records(path, TAXONOMY.keys)]
        assert texts == [text.replace("\r", "\n") for text in FORMULAS]


def test_half_a_surrogate_pair_travels_in_json_and_nowhere_else(tmp_path: Path) -> None:
    row = {"id": "1", "text": "新建小学", "labels": [], "note": "\ud800"}
    for name in ("a.jsonl", "a.json"):
        formats.write([row], tmp_path / name)
        assert formats.read(tmp_path / name, TAXONOMY) == [row]
    for name in ("a.csv", "a.xlsx", "a.parquet"):
        with pytest.raises(DataError, match="'1' holds half of a surrogate pair"):
            formats.write([row], tmp_path / name)
        assert not (tmp_path / name).exists()


def test_what_a_format_cannot_hold_is_refused(tmp_path: Path) -> None:
    row = {"id": "1", "text": "新建小学", "labels": []}
    with pytest.raises(DataError, match=r"1 of 2 records have no labels yet \(such as '2'\)"):
        formats.write([row, {"id": "2", "text": "修路"}], tmp_path / "a.csv")
    with pytest.raises(DataError, match="column without a name"):
        formats.write([row | {"": 1}], tmp_path / "a.xlsx")
    with pytest.raises(DataError, match="a cell holds 32,767"):
        formats.write([row | {"text": "长" * 40_000}], tmp_path / "a.xlsx")
    with pytest.raises(DataError, match="column 'label' of its own"):
        formats.write([row | {"label": "x"}], tmp_path / "a.jsonl", format="doccano")
    with pytest.raises(DataError, match="record '1' cannot be written"):
        formats.write([row | {"share": float("inf")}], tmp_path / "a.jsonl")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("line", "labels", "rest"),
    [
        ('{"id": 7, "text": "新建小学", "labels": ["education"], "meta": {}}', ["education"], {"meta": {}}),
        ('{"id": 7, "data": "新建小学", "label": ["education"]}', ["education"], {}),
        ('{"id": 7, "text": "新建小学", "label": [], "Comments": []}', [], {"Comments": []}),
        ('{"id": 7, "text": "新建小学", "label": "教育", "date": NaN}', ["education"], {}),
    ],
)
def test_doccano_of_every_version(line: str, labels: list[str], rest: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl"
    path.write_text(line + "\n", encoding="utf-8")
    (row,) = formats.read(path, TAXONOMY, format="doccano")
    assert row == {"id": "7", "text": "新建小学", "labels": labels} | rest


def test_doccano_with_numbers_for_labels_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl"
    path.write_text(
        '\n{"id": 1, "text": "新建小学", "annotations": [{"label": 2, "user": 1}]}\n', encoding="utf-8"
    )
    with pytest.raises(DataError, match=r"line 2: labels are numbers .* export as"):
        formats.read(path, TAXONOMY, format="doccano")
    path.write_text('{"text": "新建小学", "label": ["education"]}\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"line 1: 'label' and no 'labels'; .* --format doccano"):
        formats.read(path, TAXONOMY)


def annotation(*choices: str, by: object = None, **more: object) -> dict[str, Any]:
    item = {"from_name": "topic", "to_name": "t", "type": "choices", "value": {"choices": list(choices)}}
    return {"result": [item] if choices else [], "completed_by": by} | more


def studio(path: Path, *tasks: dict[str, Any]) -> Path:
    path.write_text(json.dumps(list(tasks), ensure_ascii=False, indent=1), encoding="utf-8")
    return path


def test_label_studio_export_of_a_real_project(tmp_path: Path) -> None:
    """Its own ids, people by e-mail, display names, skipped tasks, a changed mind, a model's prediction."""
    wang, li = {"id": 3, "email": "wang@example.org"}, {"id": 4, "email": "li@example.org"}
    path = studio(
        tmp_path / "project.json",
        {"id": 11, "data": {"text": "新建小学"},
         "annotations": [annotation("住房", by=wang), annotation("教育", by=wang)]},
        {"id": 12, "data": {"text": "修路"}, "annotations": [annotation(by=li)]},
        {"id": 13, "data": {"text": "建医院"}, "annotations": [annotation("教育", by=li, was_cancelled=True)],
         "predictions": [annotation("healthcare", model_version="m1", score=0.8)]},
    )  # fmt: skip
    rows = formats.read(path, TAXONOMY)
    assert rows == [
        {"id": "task-11", "text": "新建小学", "labels": ["education"], "annotator": "wang@example.org"},
        {"id": "task-12", "text": "修路", "labels": [], "annotator": "li@example.org"},
        {
            "id": "task-13",
            "text": "建医院",
            "suggestion": {"labels": ["healthcare"], "model": "m1", "score": 0.8},
        },
    ]
    mine = formats.read(path, TAXONOMY, annotator="li@example.org")
    assert ["labels" in row for row in mine] == [False, True, False]


def test_label_studio_people_who_disagree_are_named(tmp_path: Path) -> None:
    both = [annotation("教育", by=3), annotation("住房", by=4)]
    path = studio(tmp_path / "a.json", {"data": {"text": "新建小学"}, "annotations": both})
    with pytest.raises(DataError, match=r"line 2 \(task 1\): several people disagree \(3, 4\)"):
        formats.read(path, TAXONOMY)
    (row,) = formats.read(path, TAXONOMY, annotator="4")
    assert row["labels"] == ["housing"] and row["annotator"] == "4"


def test_label_studio_predictions_carry_the_scores(tmp_path: Path) -> None:
    scores = {"education": 0.9, "housing": 0.4}
    row = {
        "id": "1",
        "text": "新建小学",
        "suggestion": {"labels": ["education"], "scores": scores, "model": "m"},
    }
    formats.write([row], tmp_path / "a.json")
    (task,) = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    (prediction,) = task["predictions"]
    assert prediction["model_version"] == "m" and prediction["score"] == pytest.approx(0.6)
    assert prediction["result"][0]["value"] == {"choices": ["education"]} and "annotations" not in task
    weak = {"id": "1", "text": "新建小学", "labels": ["education"], "annotator": "keyword-rule"}
    (made,) = formats.as_suggestions([weak])
    assert made == {
        "id": "1",
        "text": "新建小学",
        "suggestion": {"labels": ["education"], "model": "keyword-rule"},
    }


def test_interface_names_every_domain() -> None:
    text = interface(TAXONOMY)
    for key, name in zip(TAXONOMY.keys, TAXONOMY.names(), strict=True):
        assert f'value="{name}" alias="{key}"' in text


def test_tables_of_other_programs(tmp_path: Path) -> None:
    (tmp_path / "gbk.csv").write_bytes(
        "正文,标签,编号\r\n县里新建小学和医院,教育、医疗卫生,007\r\n今年修路,,12\r\n".encode("gbk")
    )
    rows = formats.read(tmp_path / "gbk.csv", TAXONOMY, text_column="正文", labels_column="标签")
    assert rows == [
        {"id": "gbk-2", "text": "县里新建小学和医院", "labels": ["education", "healthcare"], "编号": "007"},
        {"id": "gbk-3", "text": "今年修路", "labels": [], "编号": 12},
    ]
    book = Workbook()
    assert book.active is not None
    for line in (
        ["id", "text", "labels", "note"],
        [1, "新建小学", "education"],
        [None] * 4,
        [2, "修路", None, 3.5],
    ):
        book.active.append(line)
    book.save(tmp_path / "a.xlsx")
    assert formats.read(tmp_path / "a.xlsx", TAXONOMY) == [
        {"id": "1", "text": "新建小学", "labels": ["education"]},
        {"id": "2", "text": "修路", "labels": [], "note": 3.5},
    ]
    table = pa.table(
        {"text": ["修路"], "labels": pa.array([[]], pa.list_(pa.string())), "share": [float("nan")]}
    )
    parquet.write_table(table, tmp_path / "a.parquet")
    assert formats.read(tmp_path / "a.parquet", TAXONOMY) == [{"id": "a-1", "text": "修路", "labels": []}]


def test_a_formula_in_a_report_stays_text(tmp_path: Path) -> None:
    formats.write([{"id": "1", "text": "=SUM(A1)", "labels": []}], tmp_path / "a.xlsx")
    cell = load_workbook(tmp_path / "a.xlsx")["records"]["B2"]
    assert (cell.value, cell.data_type) == ("=SUM(A1)", "s")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", '{"text": "修路", "labels": []}\n{"text": ', "line 2: not valid JSON"),
        ("a.jsonl", '[1]\n', "line 1: expected an object, got list"),
        ("a.jsonl", '{"text": "修路", "labels": ["educaton"]}\n', "line 1: unknown label 'educaton'; did you mean"),
        ("a.jsonl", '{"text": "修路", "group": ["a"]}\n', "line 1: 'group' must be text"),
        ("a.jsonl", '{"id": 1, "text": "修路"}\n{"id": "1", "text": "铺路"}\n', "line 2: the id '1' stands on line 1"),
        ("a.jsonl", "\n", "holds no records"),
        ("a.csv", "id,text\n1,修路,多\n", "line 2: 3 cells where the header has 2"),
        ("a.csv", 'id,text\n1,"修\n路\n', "line 2: unexpected end of data"),
        ("a.csv", "text,text\n1,2\n", "line 1: two columns are called 'text'"),
        ("a.json", '[\n{"data": {"text": "修路"}},\n{"text": "修路"}]', r"line 3 \(task 2\): no 'data'; .*JSON-MIN"),
        ("a.json", '[\n{"data": {"text": "修路"}},\n{"data": }]', "line 3: not valid JSON"),
        ("a.json", '[{"data": {"text": "修路"}}', "line 1: the array of tasks breaks off"),
        ("a.json", '{"text": "修路"}', "expected a JSON array of tasks"),
        ("a.json", '[{"data": {"body": "修路"}}]', "line 1: no 'text'"),
        ("a.xlsx", "no workbook", "cannot be read"),
        ("a.parquet", "no table", "cannot be read"),
        ("a.docx", "", "which format is .docx"),
    ],
)  # fmt: skip
def test_errors_name_file_and_line(name: str, content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=message) as caught:
        formats.read(path, TAXONOMY)
    assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)


def test_missing_files_and_formats_name_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "labels.jsonl").touch()
    with pytest.raises(DataError, match=r"did you mean 'labels\.jsonl'"):
        formats.read(tmp_path / "label.jsonl", TAXONOMY)
    with pytest.raises(DataError, match="did you mean 'doccano'"):
        formats.read(tmp_path / "labels.jsonl", TAXONOMY, format="docano")
    with pytest.raises(DataError, match="no column '正文'"):
        (tmp_path / "a.csv").write_text("id,text\n1,修路\n", encoding="utf-8")
        formats.read(tmp_path / "a.csv", TAXONOMY, text_column="正文")
    with pytest.raises(DataError, match="line 2: there is a column 'text' besides"):
        formats.read(tmp_path / "a.csv", TAXONOMY, text_column="id")


def test_csv_opens_in_excel(tmp_path: Path) -> None:
    formats.write(
        [{"id": "1", "text": "第一行\n第二行", "labels": ["education", "housing"]}], tmp_path / "a.csv"
    )
    assert (tmp_path / "a.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as lines:
        assert list(csv.DictReader(lines)) == [
            {"id": "1", "text": "第一行\n第二行", "labels": "education|housing"}
        ]
