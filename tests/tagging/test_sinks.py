from __future__ import annotations

import csv
import json
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minsheng.corpus.formulas import guard, unguard
from minsheng.tagging import sinks
from minsheng.tagging.sinks import (
    flatten,
    read_lines,
    tag_columns,
    write_csv,
    write_excel,
    write_parquet,
)

DOMAINS = ("education", "housing")


def made_tag(text: str, **changes: Any) -> dict[str, Any]:
    return {
        "document": "报告.txt", "date": None, "passage": 3, "page": None, "heading": "一、教育", "start": 10, "end": 99,
        "text": text, "labels": ["education"], "scores": {"education": 0.912345, "housing": 0.001},
        "evidence": [{"label": "education", "start": 0, "end": min(4, len(text)), "score": 0.9}], "decision": "auto",
        "model": "0123456789abcdef",
    } | changes  # fmt: skip


def test_columns_and_rows_of_the_table() -> None:
    columns = tag_columns(DOMAINS)
    text = "学校开学。医院开诊。"
    evidence = [
        {"label": "education", "start": 0, "end": 5, "score": 0.9},
        {"label": "housing", "start": 5, "end": 10, "score": 0.1},
    ]
    row = flatten(made_tag(text, labels=["education", "housing"], evidence=evidence), DOMAINS)
    assert list(row) == columns
    assert columns == [
        "document", "date", "passage", "page", "heading", "text", "labels", "education", "housing", "education_score",
        "housing_score", "evidence", "decision", "start", "end", "model",
    ]  # fmt: skip
    assert (row["labels"], row["education"], row["housing"]) == ("education|housing", 1, 1)
    assert row["evidence"] == "education: 学校开学。 ¶ housing: 医院开诊。"
    assert (row["education_score"], row["housing_score"]) == (0.912345, 0.001)
    assert flatten(made_tag(text, labels=[]), DOMAINS)["education"] == 0


HARD = [
    "=1+1",
    "+86",
    "@名",
    "-5",
    '引"号',
    "逗,号",
    "两\n行",
    "制\x00表\x0b符\x1f",
    "尾\r\n",
    "😀",
    " 空 ",
    "'字",
    "#N/A",
    "2024-03-05",
    "",
]


def test_csv_has_a_mark_for_excel_and_opens_equal(tmp_path: Path) -> None:
    tags = [made_tag(text) for text in HARD]
    place = tmp_path / "tags.csv"
    write_csv((flatten(tag, DOMAINS) for tag in tags), tag_columns(DOMAINS), place)
    data = place.read_bytes()
    assert data.startswith(b"\xef\xbb\xbfdocument,") and b"\r\n" in data
    with place.open(encoding="utf-8-sig", newline="") as table:
        rows = list(csv.DictReader(table))
    assert [unguard(row["text"]) for row in rows] == HARD
    for row, tag in zip(rows, tags, strict=True):
        row = {name: unguard(value) for name, value in row.items()}
        wanted = {name: "" if value is None else str(value) for name, value in flatten(tag, DOMAINS).items()}
        assert row == wanted
    assert list(tmp_path.iterdir()) == [place]


def test_excel_cells_are_text_whatever_they_begin_with(tmp_path: Path) -> None:
    from openpyxl import load_workbook

    place = tmp_path / "tags.xlsx"
    tags = [made_tag(text) for text in [*HARD, "长" * 40_000]]
    left = write_excel((flatten(tag, DOMAINS) for tag in tags), tag_columns(DOMAINS), place)
    assert left == 0
    sheet = load_workbook(place).active
    assert sheet.freeze_panes == "A2"
    header, *rows = sheet.iter_rows()
    assert [cell.value for cell in header] == tag_columns(DOMAINS) and header[0].font.bold
    column = tag_columns(DOMAINS).index("text")
    for text, row in zip(HARD, rows, strict=False):
        cell = row[column]
        assert cell.data_type in ("s", "inlineStr", "n") and (cell.data_type != "n" or not text)
        shown = "".join(c for c in text if c >= " " or c in "\t\n\r")
        assert (cell.value or "").replace("_x000D_", "\r").replace("\r\n", "\n") == shown.replace(
            "\r\n", "\n"
        )
    assert len(rows[-1][column].value) == 32_767
    scores = tag_columns(DOMAINS).index("education_score")
    assert rows[0][scores].value == 0.912345 and rows[0][scores].data_type == "n"


def test_rows_that_excel_cannot_hold_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from openpyxl import load_workbook

    monkeypatch.setattr(sinks, "EXCEL_ROWS", 4)
    rows = (flatten(made_tag(f"第{n}段"), DOMAINS) for n in range(7))
    assert write_excel(rows, tag_columns(DOMAINS), tmp_path / "tags.xlsx") == 4
    assert load_workbook(tmp_path / "tags.xlsx").active.max_row == 4


# Cells that begin a formula -------------------------------------------------------------------------------

STARTS = [
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "＝",
    "＋",
    "－",
    "＠",
    " =",
    "\u3000=",
    "'=",
    "''+",
    "=cmd|' /C calc'!A0",
]
marked = st.builds(
    "".join, st.lists(st.sampled_from(["=", "+", "-", "@", "'", " ", "\t", "\r", "\n", "＝", "字"]))
)


@given(marked | st.text(max_size=20))
def test_guarding_can_be_undone_and_leaves_no_formula(text: str) -> None:
    cell = guard(text)
    assert unguard(cell) == text
    assert cell.lstrip()[:1] not in {"=", "+", "-", "@", "＝", "＋", "－", "＠"} and cell[:1] not in set(
        "\t\r\n"
    )
    assert cell == text or cell == "'" + text


def test_text_that_begins_no_formula_is_left_alone() -> None:
    for text in ("", "教育", "'教育", "2024-05-01", "一、=", "（-5）", "1+1"):
        assert guard(text) == text and unguard(text) == text


@pytest.mark.parametrize("start", STARTS)
def test_a_formula_in_any_cell_stays_text(start: str, tmp_path: Path) -> None:
    from openpyxl import load_workbook

    text = start + "HYPERLINK(1)"
    tag = made_tag(text, document=text, heading=text, date=text)
    tag["evidence"][0]["end"] = len(text)
    write_csv((flatten(t, DOMAINS) for t in [tag]), tag_columns(DOMAINS), tmp_path / "tags.csv")
    with (tmp_path / "tags.csv").open(encoding="utf-8-sig", newline="") as table:
        (row,) = csv.DictReader(table)
    for name in ("document", "heading", "date", "text"):
        assert row[name] == "'" + text and unguard(row[name]) == text
    assert row["evidence"].startswith("education: ")
    write_excel((flatten(t, DOMAINS) for t in [tag]), tag_columns(DOMAINS), tmp_path / "tags.xlsx")
    cell = load_workbook(tmp_path / "tags.xlsx").active["F2"]
    assert cell.data_type == "s" and cell.quotePrefix
    assert cell.value.replace("_x000D_", "\r").replace("\r", "\n") == text.replace("\r", "\n")
    assert not load_workbook(tmp_path / "tags.xlsx").active["G2"].quotePrefix


texts = st.text(max_size=30)  # everything that UTF-8 can hold


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(texts, st.none() | texts, st.none() | st.integers(1, 9)), max_size=6))
def test_parquet_gives_back_what_the_lines_held(
    tmp_path: Path, found: list[tuple[str, str | None, int | None]]
) -> None:
    import pyarrow.parquet as parquet

    tags = [made_tag(text, heading=heading, page=page) for text, heading, page in found]
    write_parquet(iter(tags), DOMAINS, tmp_path / "tags.parquet")
    table = parquet.read_table(tmp_path / "tags.parquet")
    assert table.to_pylist() == tags
    assert table.column_names == list(made_tag(""))


def test_parquet_in_several_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow.parquet as parquet

    monkeypatch.setattr(sinks, "_CHUNK", 3)
    tags = [made_tag(f"第{n}段", labels=["housing"] * (n % 2)) for n in range(8)]
    write_parquet(iter(tags), DOMAINS, tmp_path / "tags.parquet")
    assert parquet.read_table(tmp_path / "tags.parquet").to_pylist() == tags


def test_equal_rows_give_equal_bytes(tmp_path: Path) -> None:
    tags = [made_tag(text) for text in HARD]
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        time.sleep(1.1 if folder == "b" else 0.0)  # a workbook holds times to the second
        rows = [flatten(tag, DOMAINS) for tag in tags]
        write_excel(iter(rows), tag_columns(DOMAINS), tmp_path / folder / "tags.xlsx")
        write_csv(iter(rows), tag_columns(DOMAINS), tmp_path / folder / "tags.csv")
        write_parquet(iter(tags), DOMAINS, tmp_path / folder / "tags.parquet")
    with zipfile.ZipFile(tmp_path / "a" / "tags.xlsx") as book:
        assert {member.compress_type for member in book.infolist()} == {zipfile.ZIP_DEFLATED}
    for name in ("tags.xlsx", "tags.csv", "tags.parquet"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_half_a_surrogate_pair_stops_no_table(tmp_path: Path) -> None:
    """A file name or a text that is not Unicode must not cost the results of a long run."""
    line = json.dumps(made_tag("坏\ud800字", document="坏\udcff.txt"))
    (tmp_path / "tags.jsonl").write_text(line + "\n", "utf-8")
    tags = list(read_lines(tmp_path / "tags.jsonl"))
    assert (tags[0]["text"], tags[0]["document"]) == ("坏\\ud800字", "坏\\udcff.txt")
    write_csv((flatten(tag, DOMAINS) for tag in tags), tag_columns(DOMAINS), tmp_path / "tags.csv")
    write_excel((flatten(tag, DOMAINS) for tag in tags), tag_columns(DOMAINS), tmp_path / "tags.xlsx")
    write_parquet(iter(tags), DOMAINS, tmp_path / "tags.parquet")
    assert "坏\\ud800字" in (tmp_path / "tags.csv").read_text("utf-8-sig")

    import pyarrow.parquet as parquet
    from openpyxl import load_workbook

    assert parquet.read_table(tmp_path / "tags.parquet").to_pylist()[0]["text"] == "坏\\ud800字"
    assert load_workbook(tmp_path / "tags.xlsx").active["F2"].value == "坏\\ud800字"


def test_a_table_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    place = tmp_path / "tags.csv"
    place.write_text("old", "utf-8")

    def stopping() -> Any:
        yield flatten(made_tag("一"), DOMAINS)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_csv(stopping(), tag_columns(DOMAINS), place)
    assert place.read_text("utf-8") == "old"


def test_tables_without_rows(tmp_path: Path) -> None:
    import pyarrow.parquet as parquet

    write_csv(iter(()), tag_columns(DOMAINS), tmp_path / "tags.csv")
    assert write_excel(iter(()), tag_columns(DOMAINS), tmp_path / "tags.xlsx") == 0
    write_parquet(iter(()), DOMAINS, tmp_path / "tags.parquet")
    assert (tmp_path / "tags.csv").read_text("utf-8-sig").strip() == ",".join(tag_columns(DOMAINS))
    assert parquet.read_table(tmp_path / "tags.parquet").num_rows == 0
