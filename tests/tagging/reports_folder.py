"""A folder of reports, good and bad, and a finished run over it, for the tests of this folder."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from conftest import EXAMPLES, made_records
from minsheng.config.schema import TagConfig
from minsheng.workflows.tag import Tagged, tag

OUTPUTS = (
    "tags.jsonl",
    "tags.csv",
    "tags.xlsx",
    "tags.parquet",
    "documents.csv",
    "failures.jsonl",
    "run.json",
    "report.html",
)
KEYS = [
    "document", "date", "passage", "page", "heading", "start", "end", "text", "labels", "scores", "evidence",
    "decision", "model",
]  # fmt: skip
DOMAINS = ["education", "healthcare", "pensions", "housing", "stability"]
REPORT = "一、教育\r\n{}\r\n\r\n二、住房\r\n{}\r\n".format(
    EXAMPLES["education"].format(n=6, m=90) + "教师待遇按时足额兑现。", EXAMPLES["housing"].format(n=4, m=70)
)
SMALL = TagConfig(window=2, threads=1, precision="no")


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with good and bad files of several formats."""
    from docx import Document

    folder = tmp_path_factory.mktemp("reports") / "材料"
    (folder / "下级").mkdir(parents=True)
    (folder / "a.txt").write_bytes(REPORT.encode("gb18030"))
    book = Document()
    book.add_heading("工作总结", 1)
    book.add_paragraph(EXAMPLES["healthcare"].format(n=8, m=30))
    table = book.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "项目", EXAMPLES["pensions"].format(n=5, m=80)
    book.save(str(folder / "b.docx"))
    with (folder / "c.csv").open("w", encoding="utf-8-sig", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["id", "date", "text"])
        for n, row in enumerate(made_records(40)):
            rows.writerow([f"n{n}" if n % 2 else "", "2024-05-01", "" if n == 7 else row["text"]])
    (folder / "d.docx").write_bytes((folder / "b.docx").read_bytes()[:900])
    (folder / "e.ofd").write_bytes(b"PK\x03\x04 what is this")
    (folder / "f.txt").write_bytes(b"")
    (folder / "g.md").write_text("# 综述\n\n" + str(EXAMPLES[None]).format(n=3, m=4) + "\n", "utf-8")
    (folder / "下级" / "h.txt").write_text(REPORT, "utf-8", newline="")
    (folder / "下级" / "i.jsonl").write_text('{"txt": "没有那一列"}\n', "utf-8")
    (folder / "photo.png").write_bytes(b"\x89PNG")
    return folder


def run(reports: Path, model: Path, out: Path, *, overwrite: bool = False, **changes: Any) -> Tagged:
    config = SMALL.model_copy(update=changes)
    return tag([str(reports)], model=model, out=out, config=config, overwrite=overwrite)


@pytest.fixture(scope="session")
def finished(reports: Path, model_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("finished") / "out"
    run(reports, model_directory, out)
    return out


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def contents(out: Path) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in OUTPUTS}
