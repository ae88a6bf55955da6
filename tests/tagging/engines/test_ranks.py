"""Several processes of one run: how they share the work, and what happens when one is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from conftest import EXAMPLES, ROOT, made_records, write_jsonl
from minsheng.config.schema import TagConfig
from minsheng.documents.find import Found
from minsheng.documents.values import Failure
from minsheng.errors import EngineError, RunError
from minsheng.tagging import units as units_module
from minsheng.tagging.engines.plan import missing_part, packed, read_plan, unpacked, write_plan
from minsheng.tagging.engines.ranks import Ranks
from minsheng.tagging.run import join_parts, tag_parts
from minsheng.tagging.tagger import Tagger
from minsheng.workflows.tag import tag

SMALL = TagConfig(window=1, threads=1, precision="no")


def reports(folder: Path, count: int) -> Path:
    folder.mkdir()
    for n in range(count):
        text = "\n\n".join(pattern.format(n=n + 2, m=31 * n + 8) for pattern in EXAMPLES.values())
        (folder / f"{n:03d}.txt").write_text(text, "utf-8")
    return folder


def test_items_survive_the_plan() -> None:
    strange = os.fsdecode("旧.txt".encode("gb18030"))  # no UTF-8: lone surrogates
    items = [
        Found(Path("a/b.txt"), "a/b.txt"),
        Found(Path(strange), "旧.txt"),
        Failure("c", "missing", "c: gone"),
    ]
    assert [unpacked(packed(item)) for item in items] == items


def test_ranks_share_windows_and_the_rows_of_a_large_table(
    model_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = reports(tmp_path / "in", 4)
    write_jsonl(folder / "001.jsonl", made_records(50))  # 4 parts of 16 rows
    write_jsonl(folder / "small.jsonl", made_records(1))
    monkeypatch.setattr(units_module, "_LARGE", 2000)
    tagger = Tagger.load(model_directory)
    plan, whole, parts = tmp_path / "plan.txt", tmp_path / "whole" / "parts", tmp_path / "shared" / "parts"
    assert write_plan(plan, [str(folder), "nowhere.txt"], window=1, without=None) is None
    list(tag_parts(tagger, [str(folder), "nowhere.txt"], whole, config=SMALL))
    made = []
    for rank in (2, 0, 1):
        assert missing_part(plan, parts if parts.exists() else folder) is not None
        windows = read_plan(plan, rank=rank, ranks=3)
        list(tag_parts(tagger, [], parts, config=SMALL, rank=rank, ranks=3, windows=windows))
        made.append(len(list(parts.iterdir())))
    assert missing_part(plan, parts) is None
    assert made == [3, 7, 10] and len(list(whole.iterdir())) == 10
    for stream in ("tags", "documents", "failures"):
        join_parts(parts, tmp_path / "a", stream)
        join_parts(whole, tmp_path / "b", stream)
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() != b""


def test_a_part_that_another_process_has_finished_meanwhile_is_kept(
    model_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, tagger, parts = (
        reports(tmp_path / "in", 2),
        Tagger.load(model_directory),
        tmp_path / "out" / "parts",
    )
    list(tag_parts(tagger, [str(folder)], parts, config=SMALL))
    before = {p: p.read_bytes() for p in parts.rglob("*.json*")}
    monkeypatch.setattr("minsheng.tagging.run.finished_part", lambda parts, unit: None)
    list(tag_parts(tagger, [str(folder)], parts, config=SMALL))
    assert {p: p.read_bytes() for p in parts.rglob("*.json*")} == before and len(before) == 8
    assert not list(parts.glob(".*"))


def pair(parts: Path) -> tuple[Ranks, Ranks]:
    one, two = (Ranks(parts, "launch", rank=rank, ranks=2, beat=0.05, lost=0.6) for rank in (0, 1))
    return one, two


def test_rank_0_waits_for_the_others(tmp_path: Path) -> None:
    folder, parts = reports(tmp_path / "in", 2), tmp_path / "out" / "parts"
    zero, one = pair(parts)
    followed: list[list[bool]] = []

    def follow() -> None:
        with one:
            assert one.list_files([str(folder)], window=1) is None  # waits for the plan
            followed.append([bool(window.items) for window in one.windows()])

    thread = threading.Thread(target=follow)
    thread.start()
    with zero:
        assert zero.list_files([str(folder)], window=1) == 1
        assert [bool(window.items) for window in zero.windows()] == [True, False]
        with pytest.raises(EngineError, match=r"part 0{14} is missing"):
            zero.wait_for_all()
        for name in ("0" * 14, "00000001000000"):
            (parts / name).mkdir()
        zero.wait_for_all()
    thread.join()
    assert followed == [[False, True]]


def test_a_rank_that_fails_or_falls_silent_stops_the_others(tmp_path: Path) -> None:
    zero, one = pair(tmp_path / "a")
    with zero, pytest.raises(EngineError, match=r"rank 1 failed \(the input changed\)"):
        with pytest.raises(RunError), one:
            raise RunError("the input changed")
        zero.list_files([str(tmp_path)], window=1)
        zero.wait_for_all()
    zero, one = pair(tmp_path / "b")
    with zero:
        one._folder.mkdir(exist_ok=True)
        one._say("working", 1)  # and never again
        zero.list_files([str(tmp_path)], window=1)
        with pytest.raises(EngineError, match="rank 1 gave no sign of life"):
            zero.wait_for_all()
    zero, one = pair(tmp_path / "c")  # rank 0 never begins
    with one, pytest.raises(EngineError, match="rank 0 gave no sign of life"):
        one.list_files([str(tmp_path)], window=1)


DRIVER = """
import os, signal, sys
from pathlib import Path
from minsheng.cli.app import _fail
from minsheng.config.schema import TagConfig
from minsheng.errors import MinshengError
from minsheng.tagging import run
from minsheng.workflows.tag import tag

true, done = run.tag_part, 0

def tag_part(*args, **kwargs):
    global done
    done += 1
    if os.environ["RANK"] == "1" and done == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    return true(*args, **kwargs)

if __name__ == "__main__":
    run.tag_part = tag_part
    config = TagConfig(window=1, threads=1, precision="no")
    try:
        tag([sys.argv[1]], model=Path(sys.argv[2]), out=Path(sys.argv[3]), config=config)
    except MinshengError as error:
        _fail(str(error), error.exit_code)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="gloo between processes needs Linux or macOS")
def test_a_rank_killed_in_the_middle_leaves_a_run_that_goes_on(model_directory: Path, tmp_path: Path) -> None:
    folder, out, driver = reports(tmp_path / "in", 24), tmp_path / "two", tmp_path / "driver.py"
    driver.write_text(DRIVER, "utf-8")
    hardware = ROOT / "configs" / "accelerate" / "cpu-2-processes.yaml"
    command = [
        sys.executable,
        str(ROOT / "scripts" / "launch.py"),
        "--config_file",
        str(hardware),
        str(driver),
    ]
    process = subprocess.Popen(
        [*command, str(folder), str(model_directory), str(out)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "train"), "PYTHONUTF8": "1"},
    )  # fmt: skip
    try:
        errors = process.communicate(timeout=200)[1]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    assert process.returncode == 1, errors
    last = "minsheng: rank 1 was killed (SIGKILL); start the same command again to go on"
    assert errors.splitlines()[-1] == last, errors
    standing = {p.name for p in (out / "parts").iterdir() if p.name.isdigit()}
    odd = {name for name in standing if int(name[:8]) % 2}
    assert len(odd) == 3 and not (out / "tags.jsonl").exists()

    # With another number of processes.
    done = tag([str(folder)], model=model_directory, out=out, config=SMALL)
    assert (done.documents, done.passages) == (24, 144)
    tag([str(folder)], model=model_directory, out=tmp_path / "one", config=SMALL)
    names = sorted(p.name for p in out.iterdir())
    assert names == sorted(p.name for p in (tmp_path / "one").iterdir()) and len(names) > 7
    for name in names:
        if name != "report.html":  # it holds links to the documents, relative to itself
            assert (out / name).read_bytes() == (tmp_path / "one" / name).read_bytes(), name
