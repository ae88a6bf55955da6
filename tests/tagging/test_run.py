from __future__ import annotations

import csv
import io
import itertools
import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import reports_folder
from reports_folder import DOMAINS, KEYS, OUTPUTS, REPORT, SMALL, lines

from minsheng.config.schema import TagConfig
from minsheng.documents.values import Failure
from minsheng.tagging.run import ahead, tag_parts
from minsheng.tagging.tagger import Tagger
from minsheng.tagging.units import files_in_windows
from minsheng.workflows.tag import tag

reports, finished = reports_folder.reports, reports_folder.finished


# The contract -------------------------------------------------------------------------------------------


def test_every_line_has_the_keys_of_the_contract(finished: Path, model_directory: Path) -> None:
    tags = lines(finished / "tags.jsonl")
    assert len(tags) > 40
    fingerprint = Tagger.load(model_directory).fingerprint
    for record in tags:
        assert list(record) == KEYS
        assert list(record["scores"]) == DOMAINS
        assert record["labels"] == [d for d in DOMAINS if d in record["labels"]]
        assert [list(e) for e in record["evidence"]] == [["label", "start", "end", "score"]] * len(
            record["labels"]
        )
        assert [e["label"] for e in record["evidence"]] == record["labels"]
        assert all(record["text"][e["start"] : e["end"]].strip() for e in record["evidence"])
        assert record["decision"] in ("auto", "review") and record["model"] == fingerprint
    raw = (finished / "tags.jsonl").read_bytes()
    assert raw.endswith(b"}\n") and b"\r" not in raw and "教师".encode() in raw
    assert sorted(p.name for p in finished.iterdir()) == sorted(OUTPUTS)  # no parts are left


def test_offsets_point_into_the_decoded_source(finished: Path, reports: Path) -> None:
    sources = {"a.txt": (reports / "a.txt").read_bytes().decode("gb18030"), "h.txt": REPORT}
    assert sources["a.txt"] == REPORT
    seen = 0
    for record in lines(finished / "tags.jsonl"):
        source = sources.get(Path(record["document"]).name)
        if source is not None:
            assert source[record["start"] : record["end"]] == record["text"]
            seen += 1
    assert seen == 4
    mine = [r for r in lines(finished / "tags.jsonl") if r["document"].endswith("a.txt")]
    assert [r["passage"] for r in mine] == [0, 1]
    assert [r["heading"] for r in mine] == ["一、教育", "二、住房"]
    assert [r["labels"] for r in mine] == [["education"], ["housing"]]


def test_rows_of_a_table_are_documents_by_id_or_number(finished: Path, reports: Path) -> None:
    mine = [r for r in lines(finished / "tags.jsonl") if "c.csv#" in r["document"]]
    names = [r["document"].rpartition("#")[2] for r in mine]
    assert names == [f"n{n}" if n % 2 else str(n + 1) for n in range(40) if n != 7]
    assert {r["date"] for r in mine} == {"2024-05-01"} and {r["passage"] for r in mine} == {0}
    assert mine[0]["document"] == f"{reports.as_posix()}/c.csv#1"


def test_failures_are_listed_and_the_rest_is_done(finished: Path, reports: Path) -> None:
    found = lines(finished / "failures.jsonl")
    assert [list(failure) for failure in found] == [["document", "code", "message"]] * len(found)
    codes = {Path(failure["document"]).name: failure["code"] for failure in found}
    assert codes == {
        "c.csv#n7": "empty", "d.docx": "damaged", "e.ofd": "ofd", "f.txt": "empty", "i.jsonl": "column",
    }  # fmt: skip
    assert all("\n" not in failure["message"] for failure in found)


def test_documents_are_counted(finished: Path) -> None:
    tags = lines(finished / "tags.jsonl")
    data = (finished / "documents.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbfdocument,date,")
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert [row["document"] for row in rows] == list(dict.fromkeys(r["document"] for r in tags))
    for row in rows:
        mine = [r for r in tags if r["document"] == row["document"]]
        assert int(row["passages"]) == len(mine)
        assert int(row["characters"]) == sum(len(r["text"]) for r in mine)
        assert int(row["review"]) == sum(r["decision"] == "review" for r in mine)
        assert int(row["without_domain"]) == sum(not r["labels"] for r in mine)
        for domain in DOMAINS:
            count = sum(domain in r["labels"] for r in mine)
            assert int(row[f"{domain}_passages"]) == count
            assert float(row[f"{domain}_share"]) == pytest.approx(count / len(mine), abs=1e-4)
        assert "problems" in row
    assert rows[0]["encoding"].lower() == "gb18030" and 0 < float(rows[0]["encoding_confidence"]) <= 1


def test_the_tables_hold_what_the_lines_hold(finished: Path) -> None:
    import pyarrow.parquet as parquet
    from openpyxl import load_workbook

    tags = lines(finished / "tags.jsonl")
    assert parquet.read_table(finished / "tags.parquet").to_pylist() == tags
    with (finished / "tags.csv").open(encoding="utf-8-sig", newline="") as table:
        rows = list(csv.DictReader(table))
    header, *cells = load_workbook(finished / "tags.xlsx").active.iter_rows(values_only=True)
    assert len(rows) == len(cells) == len(tags)
    for row, cell, record in zip(rows, cells, tags, strict=True):
        assert [d for d in DOMAINS if row[d] == "1"] == record["labels"]
        excel = dict(zip(header, cell, strict=True))
        assert row["text"] == record["text"] == excel["text"]
        assert [excel[f"{d}_score"] for d in DOMAINS] == list(record["scores"].values())
    summary = json.loads((finished / "run.json").read_text("utf-8"))["summary"]
    assert summary["passages"] == len(tags) and summary["failures"] == 5
    assert summary["labels"] == {d: sum(d in r["labels"] for r in tags) for d in DOMAINS}


# Input of every kind ------------------------------------------------------------------------------------


def test_standard_input(model_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(REPORT.encode())))
    done = tag(["-"], model=model_directory, out=tmp_path / "out", config=SMALL)
    assert (done.documents, done.passages, done.failures) == (1, 2, 0)
    assert {r["document"] for r in lines(tmp_path / "out" / "tags.jsonl")} == {"-"}


def test_nothing_that_can_be_read(model_directory: Path, reports: Path, tmp_path: Path) -> None:
    done = tag(
        [str(reports / "e.ofd"), "nowhere.txt"], model=model_directory, out=tmp_path / "out", config=SMALL
    )
    assert (done.documents, done.passages, done.failures) == (0, 0, 2)
    assert set(OUTPUTS) <= {p.name for p in (tmp_path / "out").iterdir()}
    assert (tmp_path / "out" / "tags.jsonl").read_bytes() == b""


def test_windows_hold_files_in_order_and_tables_alone(reports: Path) -> None:
    windows = [
        [item.document.rpartition("/")[2] for item in window]
        for window in files_in_windows([str(reports)], window=2)
    ]
    assert windows == [
        ["a.txt", "b.docx"],
        ["c.csv"],
        ["d.docx", "e.ofd"],
        ["f.txt", "g.md"],
        ["h.txt"],
        ["i.jsonl"],
    ]
    (missing,) = files_in_windows(["nowhere.txt"], window=2)
    assert isinstance(missing[0], Failure)


# Privacy ------------------------------------------------------------------------------------------------


def test_personal_numbers_are_masked_in_every_output(model_directory: Path, tmp_path: Path) -> None:
    secrets = ("13912345678", "430102900307123", "li.si@example.com")
    text = REPORT.replace(
        "\r\n二、", "联系人电话13912345678，证件430102900307123，邮箱li.si@example.com。\r\n二、"
    )
    (tmp_path / "a.txt").write_text(text, "utf-8", newline="")
    found = {}
    for masking in (False, True):
        out = tmp_path / f"out{masking}"
        config = SMALL.model_copy(update={"mask_personal": masking})
        tag([str(tmp_path / "a.txt")], model=model_directory, out=out, config=config)
        found[masking] = lines(out / "tags.jsonl")
        whole = b"".join(p.read_bytes() for p in out.glob("*.*") if p.suffix in (".jsonl", ".csv", ".json"))
        assert [secret.encode() in whole for secret in secrets] == [not masking] * 3
    assert any("*" * 11 in record["text"] for record in found[True])
    for plain, hidden in zip(found[False], found[True], strict=True):
        assert len(plain["text"]) == len(hidden["text"])
        assert plain | {"text": 0} == hidden | {
            "text": 0
        }  # labels, scores, offsets and evidence are the same


def test_the_next_item_is_made_while_one_is_worked_on() -> None:
    made = [threading.Event() for _ in range(4)]

    def items() -> Iterator[int]:
        for number, event in enumerate(made):
            event.set()
            yield number
        raise ValueError("at the end")

    seen = []
    with pytest.raises(ValueError, match="at the end"):
        for number in ahead(items()):
            if number < 3:
                assert made[number + 1].wait(10), "nobody reads ahead"
            seen.append(number)
    assert seen == [0, 1, 2, 3]


def test_reading_ahead_stops_with_its_reader() -> None:
    endless = ahead(itertools.count())
    assert [next(endless), next(endless)] == [0, 1]
    endless.close()
    assert list(ahead(iter(()))) == []


def test_tokens_are_made_beside_the_model(
    reports: Path, model_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tagger, threads = Tagger.load(model_directory, precision="no"), []
    true = Tagger.encode

    def encode(self: Tagger, texts: list[str]) -> list[list[int]]:
        threads.append(threading.current_thread().name)
        return true(self, texts)

    monkeypatch.setattr(Tagger, "encode", encode)
    list(tag_parts(tagger, [str(reports)], tmp_path / "parts", config=TagConfig(window=1, evidence=False)))
    assert len(threads) > 2 and all(name.startswith("ahead") for name in threads)
