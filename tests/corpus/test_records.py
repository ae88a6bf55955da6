from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minsheng.corpus.records import (
    KNOWN,
    Record,
    fingerprint,
    label_matrix,
    read_files,
    read_records,
    split_by_group,
    to_dataset,
)
from minsheng.errors import DataError

DOMAINS = ("education", "healthcare", "pensions", "housing", "stability")
ROWS: list[dict[str, Any]] = [
    {
        "id": "a1", "text": '新建小学三所，"营养餐"全覆盖。', "labels": ["education"], "group": "g1", "source": "县报",
        "register": "news", "date": "2024-03-05", "annotator": "a", "stratum": "甲",
    },
    {
        "id": "a2", "text": "卫生院与学校共建校医室，\n配齐药品。", "labels": ["healthcare", "education"],
        "group": "g1", "source": None, "register": None, "date": None, "annotator": None, "stratum": None,
    },
    {
        "id": "a3", "text": "粮食播种面积稳定。", "labels": [], "group": None, "source": "县报", "register": "report",
        "date": None, "annotator": "b", "stratum": "乙",
    },
]  # fmt: skip


def as_jsonl(path: Path, rows: list[dict[str, Any]] = ROWS) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def cells(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"labels": "|".join(row["labels"])}


def as_table(path: Path, delimiter: str) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        table = csv.DictWriter(out, list(ROWS[0]), delimiter=delimiter)
        table.writeheader()
        table.writerows(cells(row) for row in ROWS)
    return path


def as_parquet(path: Path) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    parquet.write_table(pa.Table.from_pylist(ROWS), path)
    return path


def as_excel(path: Path, *, streamed: bool) -> Path:
    """`streamed` files do not say how wide they are, so that a row ends with its last filled cell."""
    from openpyxl import Workbook

    book = Workbook(write_only=streamed)
    sheet = book.create_sheet("labels", 0)
    sheet.append(list(ROWS[0]))
    for row in ROWS:
        sheet.append([value if value != "" else None for value in cells(row).values()])
    book.save(path)
    return path


def test_every_format_gives_equal_records(tmp_path: Path) -> None:
    wanted = [
        Record(
            "a1", ROWS[0]["text"], ("education",), "g1", "县报", "news", "2024-03-05", "a", {"stratum": "甲"}
        ),
        Record("a2", ROWS[1]["text"], ("education", "healthcare"), "g1"),  # taxonomy order
        Record("a3", ROWS[2]["text"], (), "a3", "县报", "report", None, "b", {"stratum": "乙"}),
    ]
    files = [
        as_jsonl(tmp_path / "r.jsonl"),
        as_table(tmp_path / "r.csv", ","),
        as_table(tmp_path / "r.tsv", "\t"),
        as_table(tmp_path / "R.TSV", "\t"),
        as_parquet(tmp_path / "r.parquet"),
        as_excel(tmp_path / "r.xlsx", streamed=False),
        as_excel(tmp_path / "s.xlsx", streamed=True),
    ]
    for path in files:
        assert read_records(path, DOMAINS) == wanted, path.name
    assert read_files(files[:2], DOMAINS) == wanted * 2
    assert len({fingerprint(read_records(path, DOMAINS)) for path in files}) == 1


def test_typed_cells_are_the_text_that_a_csv_would_hold(tmp_path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(["id", "text", "labels", "date", "group"])
    book.active.append([7, "学校开学。", None, date(2024, 3, 5), 12.0])
    book.save(tmp_path / "r.xlsx")
    (record,) = read_records(tmp_path / "r.xlsx", DOMAINS)
    assert (record.id, record.labels, record.date, record.group) == ("7", (), "2024-03-05", "12")


@pytest.mark.parametrize(
    ("cell", "labels"),
    [
        ("education|housing", ("education", "housing")),
        ("housing；education", ("education", "housing")),
        ("housing, education", ("education", "housing")),
        ("housing、education、housing", ("education", "housing")),
        ('["housing"]', ("housing",)),
        ("[]", ()),
        ("", ()),
        (" ", ()),
        (None, ()),
        (["stability"], ("stability",)),
    ],
)
def test_labels_in_one_cell(tmp_path: Path, cell: object, labels: tuple[str, ...]) -> None:
    path = as_jsonl(tmp_path / "r.jsonl", [{"text": "一段话。", "labels": cell}])
    assert read_records(path, DOMAINS)[0].labels == labels


def lines_with(number: int, line: str) -> str:
    """Twenty good lines of which one is replaced."""
    good = [json.dumps({"id": f"r{n}", "text": f"第{n}段话。", "labels": ["housing"]}) for n in range(1, 21)]
    good[number - 1] = line
    return "\n".join(good) + "\n"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            '{"text": "话。", "labels": ["helthcare"]}',
            "line 17: unknown label 'helthcare'; did you mean 'healthcare'?",
        ),
        (
            '{"text": "话。", "labels": ["交通"]}',
            "line 17: unknown label '交通'; known: education, healthcare",
        ),
        ('{"txt": "话。", "labels": []}', "line 17: no field 'text'; did you mean 'txt'?"),
        ('{"text": " ", "labels": []}', "line 17: 'text' is empty"),
        ('{"text": 3, "labels": []}', "line 17: 'text' is empty or not text"),
        ('{"text": "\\ud800", "labels": []}', "line 17: 'text'"),
        ('{"text": "话。", "label": []}', "line 17: no field 'labels'; did you mean 'label'?"),
        ('{"text": "话。", "labels": {"housing": 1}}', "line 17: labels must be a list"),
        ('{"text": "话。", "labels": [1]}', "line 17: labels must be a list"),
        ('{"text": "话。", "labels": "[housing"}', "line 17: labels '[housing' begin like a list"),
        ('{"text": "话。", "labels": []', "line 17: not valid JSON"),
        ('["话。"]', "line 17: expected an object, got list"),
        ('{"id": "r3", "text": "话。", "labels": []}', "line 17: the id 'r3' stands on line 3 already"),
    ],
)
def test_errors_name_file_and_line(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text(lines_with(17, line), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_records(path, DOMAINS)
    assert str(caught.value).startswith(f"{path}, {message}")
    assert "\n" not in str(caught.value)


def test_errors_of_tables_name_the_line(tmp_path: Path) -> None:
    cases = [
        ("r.csv", "text,labels\n好。,housing\n坏,的,行\n", "line 3: the number of cells differs"),
        ("r.csv", "text,labels\n好。,housing\n坏\n", "line 3: the number of cells differs"),
        ("r.csv", 'text,labels\n好。,housing\n"坏,housing\n', "line 3: "),
        (
            "r.tsv",
            "text\tlabels\n好。\thousing\n坏。\thousng\n",
            "line 3: unknown label 'housng'; did you mean",
        ),
    ]
    for name, text, message in cases:
        (tmp_path / name).write_text(text, encoding="utf-8")
        with pytest.raises(DataError, match=f"{name}, {message}"):
            read_records(tmp_path / name, DOMAINS)
    (tmp_path / "gb.csv").write_bytes("text,labels\n好。,housing\n".encode("gb18030"))
    with pytest.raises(DataError, match=r"gb\.csv: not UTF-8"):
        read_records(tmp_path / "gb.csv", DOMAINS)


def test_damaged_missing_and_empty_files(tmp_path: Path) -> None:
    for whole in (as_parquet(tmp_path / "r.parquet"), as_excel(tmp_path / "r.xlsx", streamed=False)):
        damaged = tmp_path / f"damaged{whole.suffix}"
        damaged.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
        with pytest.raises(DataError, match=f"{damaged.name}: cannot be read"):
            read_records(damaged, DOMAINS)
    with pytest.raises(DataError, match=r"r\.parqet: cannot read \.parqet; give \.jsonl"):
        read_records(tmp_path / "r.parqet", DOMAINS)
    with pytest.raises(DataError, match=r"q\.parquet: no such file; did you mean 'r\.parquet'"):
        read_records(tmp_path / "q.parquet", DOMAINS)
    (tmp_path / "empty.jsonl").write_text("\n\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"empty\.jsonl: holds no records"):
        read_records(tmp_path / "empty.jsonl", DOMAINS)


def test_dataset_and_matrix_have_the_columns_of_the_contract(tmp_path: Path) -> None:
    records = read_records(as_jsonl(tmp_path / "r.jsonl"), DOMAINS)
    dataset = to_dataset(records)
    assert dataset.column_names == [*KNOWN, "meta"]
    assert dataset[1]["labels"] == ["education", "healthcare"] and dataset[2]["labels"] == []
    assert json.loads(dataset[0]["meta"]) == {"stratum": "甲"} and dataset[1]["source"] is None
    matrix = label_matrix(records, DOMAINS)
    assert matrix.tolist() == [
        [True, False, False, False, False],
        [True, True, False, False, False],
        [False] * 5,
    ]
    assert label_matrix([], DOMAINS).shape == (0, 5)


labelled = st.lists(
    st.tuples(st.text(max_size=8), st.sets(st.sampled_from(DOMAINS))), min_size=1, max_size=12
)


def made(items: list[tuple[str, set[str]]], groups: list[int] | None = None) -> list[Record]:
    return [
        Record(str(n), text, tuple(d for d in DOMAINS if d in labels), f"g{groups[n] if groups else n}")
        for n, (text, labels) in enumerate(items)
    ]


@given(labelled, st.randoms(use_true_random=False))
def test_fingerprint_depends_on_texts_and_labels_alone(
    items: list[tuple[str, set[str]]], random: Any
) -> None:
    records = made(items)
    shuffled = list(records)
    random.shuffle(shuffled)
    assert fingerprint(shuffled) == fingerprint(records)
    longer = [*records, Record("x", "别的", ("housing",), "g")]
    other = [*records[:-1], Record("x", records[-1].text + "。", records[-1].labels, "g")]
    assert len({fingerprint(records), fingerprint(longer), fingerprint(other)}) == 3


@settings(max_examples=60, deadline=None)
@given(st.data(), st.floats(0.05, 0.5), st.integers(0, 5))
def test_split_never_splits_a_group_and_repeats(data: st.DataObject, share: float, seed: int) -> None:
    count = data.draw(st.integers(1, 80))
    items = data.draw(
        st.lists(
            st.tuples(st.just("文"), st.sets(st.sampled_from(DOMAINS), max_size=2)),
            min_size=count,
            max_size=count,
        )
    )
    groups = data.draw(st.lists(st.integers(0, 30), min_size=count, max_size=count))
    records = made(items, groups)
    kept, held = split_by_group(records, share=share, seed=seed)
    assert sorted([*kept, *held], key=lambda r: int(r.id)) == records
    assert not {r.group for r in kept} & {r.group for r in held}
    assert split_by_group(records[::-1], share=share, seed=seed) == (kept[::-1], held[::-1])
    largest = max(groups.count(g) for g in groups)
    assert len(held) <= share * count + largest * 6  # of no label and of no group too much


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 0.4), st.integers(1, 6))
def test_split_keeps_share_and_labels_in_proportion(seed: int, share: float, size: int) -> None:
    rng = np.random.default_rng(seed)
    rates = np.array([0.3, 0.2, 0.1, 0.1, 0.05])
    items = [
        ("文", {d for d, hit in zip(DOMAINS, rng.random(5) < rates, strict=True) if hit}) for _ in range(600)
    ]
    records = made(items, (np.arange(600) // size).tolist())
    kept, held = split_by_group(records, share=share, seed=seed)
    assert len(kept) + len(held) == 600
    assert abs(len(held) / 600 - share) < 0.05
    whole, part = label_matrix(records, DOMAINS).sum(0), label_matrix(held, DOMAINS).sum(0)
    assert np.abs(part - share * whole).max() <= 0.15 * whole.max() + 2 * size


def test_another_seed_gives_another_split() -> None:
    records = made([("文", {"housing"} if n % 3 else set()) for n in range(90)])
    splits = {tuple(r.id for r in split_by_group(records, share=0.2, seed=seed)[1]) for seed in range(5)}
    assert len(splits) == 5
