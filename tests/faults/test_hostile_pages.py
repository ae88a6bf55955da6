"""Names are data too: a file, a heading and a domain that are named like a program, from the file to both pages."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import pytest

from conftest import EXAMPLES, made_records, write_jsonl
from minsheng.config.schema import EvaluateConfig, EvaluationConfig, TagConfig
from minsheng.workflows.evaluate import evaluate_model
from minsheng.workflows.tag import tag

CODE = "<script>alert(1)</script><img src=x onerror=alert(2)>"
FILE = "<img src=x onerror=alert(3)>&\"'`=cmd.txt" if os.name != "nt" else "&'`=cmd.txt"


class Elements(HTMLParser):
    """Elements with attributes; whether a script holds something else than ours is for the caller."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def assert_harmless(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "alert(" in text  # it is there, as text
    found = Elements(text).found
    assert len(found) > 30
    for name, attributes in found:
        assert name not in ("img", "iframe", "object", "embed", "base", "link", "form"), name
        assert not any(key.startswith("on") for key in attributes), attributes
        for key in ("href", "src", "action"):
            target = attributes.get(key) or ""
            assert not re.match(r"\s*(javascript|data|vbscript|https?|//)", target, re.IGNORECASE), target
    assert text.count("Content-Security-Policy") == 1
    assert all("alert(" not in script for script in re.findall(r"<script>(.*?)</script>", text, re.DOTALL))


@pytest.fixture
def hostile_model(model_directory: Path, tmp_path: Path) -> Path:
    """The model with a domain whose names and definition are programs."""
    folder = tmp_path / "model"
    shutil.copytree(model_directory, folder)
    place = folder / "minsheng.json"
    data = json.loads(place.read_text(encoding="utf-8"))
    domain = data["taxonomy"]["domains"][0]
    for key in ("name", "definition"):
        if isinstance(domain.get(key), dict):
            domain[key] = {language: CODE + language for language in domain[key]}
    place.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    return folder


def test_nothing_named_by_others_becomes_markup_or_a_formula(hostile_model: Path, tmp_path: Path) -> None:
    reports = tmp_path / "in"
    reports.mkdir()
    text = f"一、教育{CODE}\n" + EXAMPLES["education"].format(n=4, m=70) + CODE + "。\n"
    (reports / FILE).write_text(text, encoding="utf-8")
    done = tag(
        [str(reports)], model=hostile_model, out=tmp_path / "out", config=TagConfig(threads=1, precision="no")
    )
    assert done.documents == 1 and done.passages >= 1
    assert_harmless(done.out / "report.html")
    with (done.out / "tags.csv").open(encoding="utf-8-sig", newline="") as rows:
        assert all(cell.lstrip()[:1] not in set("=+@") for row in csv.reader(rows) for cell in row)

    rows_file = write_jsonl(
        tmp_path / "test.jsonl",
        [row | {"source": CODE, "id": f"{CODE}{row['id']}"} for row in made_records(40)],
    )
    settings = EvaluateConfig(threads=1, precision="no", report=EvaluationConfig(resamples=20, worst=3))
    evaluate_model(hostile_model, [rows_file], out=tmp_path / "evaluation", config=settings)
    pages = list((tmp_path / "evaluation").glob("*.html"))
    assert pages
    for page in pages:
        assert_harmless(page)


def test_no_name_leads_out_of_the_output_folder(model_directory: Path, tmp_path: Path) -> None:
    """Members of archives and ids of rows that climb: nothing is written but in `out`."""
    from docx import Document

    reports = tmp_path / "a" / "in"
    reports.mkdir(parents=True)
    book = Document()
    book.add_paragraph(EXAMPLES["housing"].format(n=3, m=44))
    book.save(str(reports / "a.docx"))
    with zipfile.ZipFile(reports / "a.docx", "a") as archive:
        for name in (
            "../../climbed.txt",
            "..\\..\\climbed.txt",
            str(tmp_path / "climbed.txt"),
            "C:\\climbed.txt",
        ):
            archive.writestr(name, "climbed")
    row = {"id": "../../../climbed", "text": EXAMPLES["pensions"].format(n=3, m=44)}
    (reports / "b.jsonl").write_text(json.dumps(row, ensure_ascii=False) + "\n", encoding="utf-8")
    before = sorted(path for path in tmp_path.rglob("*"))
    done = tag(
        [str(reports)],
        model=model_directory,
        out=tmp_path / "a" / "out",
        config=TagConfig(threads=1, precision="no"),
    )
    assert (done.documents, done.failures) == (2, 0)
    after = {path for path in tmp_path.rglob("*") if done.out not in path.parents and path != done.out}
    assert after == set(before)
    documents = [
        json.loads(line)["document"] for line in (done.out / "tags.jsonl").read_text("utf-8").splitlines()
    ]
    assert documents[-1].endswith("b.jsonl#../../../climbed")  # a name, and only that
