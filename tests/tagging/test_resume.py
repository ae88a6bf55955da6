from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import reports_folder
from reports_folder import OUTPUTS, REPORT, SMALL, contents, lines, run

from minsheng.errors import ConfigError, ModelError, RunError
from minsheng.tagging import run as parts_of
from minsheng.tagging.run import join_parts, tag_parts
from minsheng.tagging.tagger import Tagger
from minsheng.tagging.units import place_name, units
from minsheng.workflows import tag as workflow

reports, finished = reports_folder.reports, reports_folder.finished
# [a b] [32 rows of c] [8 rows of c] [d e] [f g] [h] [i]
PARTS = [place_name(n, chunk) for n, chunk in ((0, 0), (1, 0), (1, 1), (2, 0), (3, 0), (4, 0), (5, 0))]


# Stopping and starting again ----------------------------------------------------------------------------


def stopped(reports: Path, model: Path, out: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(reports, model, out)


def stop_in_part(monkeypatch: pytest.MonkeyPatch, number: int, *, after: bool) -> None:
    """Stop when part `number` is to be put in its place: before the rename, or right after it."""
    true_rename = Path.rename

    def rename(self: Path, target: Path) -> Path:
        if Path(target).name != PARTS[number]:
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
    assert [unit.place for unit, sources in units([str(reports)], config=SMALL)] == PARTS
    out = tmp_path / "out"
    for number in range(len(PARTS)):
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
    tagger, parts = Tagger.load(model_directory, precision="no"), tmp_path / "parts"
    made = []
    for rank in (1, 0):
        list(tag_parts(tagger, [str(reports)], parts, config=SMALL, rank=rank, ranks=2))
        made.append(len(list(parts.iterdir())))
    assert made == [4, 7]
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
