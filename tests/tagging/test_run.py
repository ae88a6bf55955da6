from __future__ import annotations

import csv
import io
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conftest import EXAMPLES, made_records
from minsheng.config.schema import TagConfig
from minsheng.documents.values import Failure
from minsheng.errors import ConfigError, ModelError, RunError
from minsheng.tagging import run as parts_of
from minsheng.tagging.run import files_in_windows, join_parts, tag_parts, units
from minsheng.tagging.tagger import Tagger
from minsheng.workflows import tag as workflow
from minsheng.workflows.tag import Tagged, tag

OUTPUTS = (
    "tags.jsonl",
    "tags.csv",
    "tags.xlsx",
    "tags.parquet",
    "documents.csv",
    "failures.jsonl",
    "run.json",
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


@pytest.fixture(scope="module")
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


@pytest.fixture(scope="module")
def finished(reports: Path, model_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("finished") / "out"
    run(reports, model_directory, out)
    return out


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def contents(out: Path) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in OUTPUTS}


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


# Stopping and starting again ----------------------------------------------------------------------------


def stopped(reports: Path, model: Path, out: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(reports, model, out)


def stop_in_part(monkeypatch: pytest.MonkeyPatch, number: int, *, after: bool) -> None:
    """Stop when part `number` is to be put in its place: before the rename, or right after it."""
    true_rename = Path.rename

    def rename(self: Path, target: Path) -> Path:
        if Path(target).name != f"{number:08d}":
            return true_rename(self, target)
        if after:
            true_rename(self, target)
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "rename", rename)


@pytest.mark.parametrize("after", [False, True])
def test_a_run_stopped_at_every_part_ends_byte_equal(
    after: bool,
    reports: Path,
    model_directory: Path,
    finished: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    count = sum(1 for _ in units([str(reports)], config=SMALL))
    assert count == 7  # [a b] [32 rows of c] [8 rows of c] [d e] [f g] [h] [i]
    out = tmp_path / "out"
    for number in range(count):
        with monkeypatch.context() as patch:
            stop_in_part(patch, number, after=after)
            stopped(reports, model_directory, out)
        assert not (out / "tags.jsonl").exists()
        assert len([p for p in (out / "parts").iterdir() if p.name.isdigit()]) == number + after
    run(reports, model_directory, out)
    assert contents(out) == contents(finished)
    assert sorted(p.name for p in out.iterdir()) == sorted(OUTPUTS)


@pytest.mark.parametrize(
    ("module", "name", "stop"),
    [
        (parts_of, "passage_records", 2),  # in the middle of a part
        (parts_of, "to_line", 60),
        (parts_of.os, "fsync", 6),  # in the middle of writing the second part
        (workflow, "join_parts", 2),
        (workflow, "write_csv", 1),  # the tags
        (workflow, "write_csv", 2),  # the documents
        (workflow, "write_excel", 1),
        (workflow, "write_parquet", 1),
        (workflow, "write_atomic", 2),  # the note that the run is finished
    ],
)
def test_a_run_stopped_in_between_ends_byte_equal(
    module: Any, name: str, stop: int, reports: Path, model_directory: Path, finished: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    out, calls = tmp_path / "out", 0
    true = getattr(module, name)

    def stopping(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == stop:
            raise KeyboardInterrupt
        return true(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(module, name, stopping)
        stopped(reports, model_directory, out)
    run(reports, model_directory, out)
    assert contents(out) == contents(finished)


def test_a_part_that_is_done_is_not_done_again(
    reports: Path, model_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, done = tmp_path / "out", []
    with monkeypatch.context() as patch:
        stop_in_part(patch, 3, after=False)
        stopped(reports, model_directory, out)
    true_part = parts_of.tag_part

    def counted(*args: Any, **kwargs: Any) -> Any:
        done.append(1)
        return true_part(*args, **kwargs)

    monkeypatch.setattr(parts_of, "tag_part", counted)
    run(reports, model_directory, out)
    assert len(done) == 7 - 3


def test_two_processes_make_the_same_parts(
    reports: Path, model_directory: Path, finished: Path, tmp_path: Path
) -> None:
    tagger, parts = Tagger.load(model_directory), tmp_path / "parts"
    made = []
    for rank in (1, 0):
        list(tag_parts(tagger, [str(reports)], parts, config=SMALL, rank=rank, ranks=2))
        made.append(len(list(parts.iterdir())))
    assert made == [3, 7]
    for stream in ("tags", "failures"):
        join_parts(parts, tmp_path / f"{stream}.jsonl", stream)
        assert (tmp_path / f"{stream}.jsonl").read_bytes() == (finished / f"{stream}.jsonl").read_bytes()


def test_labels_do_not_depend_on_batches_and_windows(
    reports: Path, model_directory: Path, finished: Path, tmp_path: Path
) -> None:
    run(reports, model_directory, tmp_path / "out", window=64, batch_tokens=64)
    one, two = lines(finished / "tags.jsonl"), lines(tmp_path / "out" / "tags.jsonl")
    assert len(one) == len(two) > 0
    for a, b in zip(one, two, strict=True):
        assert a | {"scores": 0, "evidence": 0} == b | {"scores": 0, "evidence": 0}
        assert a["scores"] == pytest.approx(b["scores"], abs=1e-5)
        assert [e["start"] for e in a["evidence"]] == [e["start"] for e in b["evidence"]]


# What must not be mixed or deleted ----------------------------------------------------------------------


def copy_of(reports: Path, tmp_path: Path) -> Path:
    shutil.copytree(reports, tmp_path / "in")
    return tmp_path / "in"


def test_another_model_or_other_settings_are_refused(
    reports: Path, model_directory: Path, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, other = tmp_path / "out", tmp_path / "other"
    with monkeypatch.context() as patch:
        stop_in_part(patch, 1, after=True)
        stopped(reports, model_directory, out)
    shutil.copytree(model_directory, other)
    info = json.loads((other / "minsheng.json").read_text("utf-8"))
    info["provenance"]["seed"] = 14
    (other / "minsheng.json").write_text(json.dumps(info, ensure_ascii=False), "utf-8")
    with pytest.raises(RunError, match="another model"):
        run(reports, other, out)
    with pytest.raises(RunError, match="another config"):
        run(reports, model_directory, out, evidence=False)
    with pytest.raises(RunError, match="another inputs"):
        run(reports / "a.txt", model_directory, out)
    run(reports, model_directory, out, threads=2)  # changes no result
    assert contents(out).keys() == contents(finished).keys()


def added(folder: Path) -> None:
    (folder / "aa.txt").write_text(REPORT, "utf-8")


def edited(folder: Path) -> None:
    (folder / "a.txt").write_text(REPORT + "又添一段，学校食堂换了新灶台。\n", "utf-8")


def removed(folder: Path) -> None:
    for path in (folder / "下级", folder / "g.md", folder / "f.txt", folder / "e.ofd", folder / "d.docx"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def grown(folder: Path) -> None:
    with (folder / "c.csv").open("a", encoding="utf-8", newline="") as out:
        out.write("n99,2024-05-01,新添了一行。\r\n")


@pytest.mark.parametrize("change", [added, edited, removed, grown])
def test_changed_input_is_refused(
    change: Callable[[Path], None],
    reports: Path,
    model_directory: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder, out = copy_of(reports, tmp_path), tmp_path / "out"
    with monkeypatch.context() as patch:
        stop_in_part(patch, 3, after=True)
        stopped(folder, model_directory, out)
    change(folder)
    with pytest.raises(RunError, match="the input changed since this run began"):
        run(folder, model_directory, out)
    done = run(folder, model_directory, out, overwrite=True)
    assert done.documents == len({r["document"] for r in lines(out / "tags.jsonl")})


def test_a_finished_run_is_kept_unless_told(
    reports: Path, model_directory: Path, finished: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    shutil.copytree(finished, out)
    with pytest.raises(RunError, match="holds a finished run"):
        run(reports, model_directory, out)
    assert contents(out) == contents(finished)
    (out / "tags.jsonl").write_text("old", "utf-8")
    run(reports, model_directory, out, overwrite=True)
    assert contents(out) == contents(finished)


@pytest.mark.parametrize("content", [None, "{}", '{"scripts": {}}', "not json", "[]"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_directory_of_somebody_else_is_never_touched(
    content: str | None, overwrite: bool, reports: Path, model_directory: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("three years of work", "utf-8")
    if content is not None:
        (out / "run.json").write_text(content, "utf-8")
    before = {p.name: p.read_bytes() for p in out.iterdir()}
    with pytest.raises(RunError) as caught:
        run(reports, model_directory, out, overwrite=overwrite)
    assert str(out) in str(caught.value) and "\n" not in str(caught.value)
    assert {p.name: p.read_bytes() for p in out.iterdir()} == before


def test_a_file_where_the_directory_should_be(reports: Path, model_directory: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("x", "utf-8")
    for overwrite in (False, True):
        with pytest.raises(RunError, match="out: is a file"):
            run(reports, model_directory, tmp_path / "out", overwrite=overwrite)
    assert (tmp_path / "out").read_text("utf-8") == "x"


def test_an_empty_directory_may_be_used(reports: Path, model_directory: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert run(reports / "g.md", model_directory, tmp_path / "out", overwrite=True).documents == 1


def test_nothing_is_made_where_model_or_settings_are_wrong(
    reports: Path, model_directory: Path, tmp_path: Path
) -> None:
    with pytest.raises(ModelError):
        run(reports, tmp_path / "nothing", tmp_path / "out")
    documents = SMALL.documents.model_copy(update={"encoding": "klingon"})
    with pytest.raises(ConfigError, match="klingon"):
        run(reports, model_directory, tmp_path / "out", documents=documents)
    assert not (tmp_path / "out").exists()


# Input of every kind ------------------------------------------------------------------------------------


def test_results_inside_the_input_folder_are_not_read_again(
    reports: Path, model_directory: Path, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = copy_of(reports, tmp_path)
    with monkeypatch.context() as patch:
        stop_in_part(patch, 2, after=True)
        stopped(folder, model_directory, folder / "b-out")
    done = run(folder, model_directory, folder / "b-out")
    assert (done.documents, done.failures) == (43, 5)
    names = [Path(r["document"]).name for r in lines(folder / "b-out" / "tags.jsonl")]
    assert names == [Path(r["document"]).name for r in lines(finished / "tags.jsonl")]


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
