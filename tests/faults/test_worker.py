"""The process in which files of risky formats are read may hang, crash or be killed: that costs one file."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import bombs
import hostile
import pytest

from minsheng.config.schema import DocumentsConfig
from minsheng.documents import apart, read
from minsheng.documents.apart import Reader
from minsheng.documents.find import Found
from minsheng.documents.read import read_sources
from minsheng.documents.values import Failure, Source
from minsheng.errors import DocumentError

CONFIG = DocumentsConfig()


@pytest.fixture
def reader() -> Iterator[Reader]:
    made = Reader()
    yield made
    made.close()


def test_a_worker_says_what_reading_here_says(reader: Reader) -> None:
    samples = sorted(hostile.SAMPLES.iterdir())
    assert len(samples) >= 4
    for path in samples:
        answers = reader.read(Found(path, path.as_posix()), config=CONFIG)
        assert answers is not None
        assert list(answers) == list(read_sources(path, config=CONFIG))


def test_a_worker_that_hangs_is_stopped_and_listed(
    reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bomb.pdf").write_bytes(bombs.BOMBS["pdf of endless forms"][1]())
    monkeypatch.setattr(apart, "SECONDS", 1.0)
    book = Found(hostile.SAMPLES / "none.html", "x.html")
    answers = reader.read(Found(tmp_path / "bomb.pdf", "bomb.pdf"), config=CONFIG)
    assert answers is not None
    with pytest.raises(DocumentError, match=r"bomb\.pdf: was not read in 1 seconds") as caught:
        list(answers)
    assert caught.value.code == "timeout"
    monkeypatch.setattr(apart, "SECONDS", 60.0)
    answers = reader.read(book, config=CONFIG)  # and the next file gets a new worker
    assert answers is not None
    with pytest.raises(DocumentError, match="no such file"):
        list(answers)


def test_a_worker_that_is_killed_costs_one_file(reader: Reader) -> None:
    path = next(hostile.SAMPLES.glob("*.docx"))
    found = Found(path, path.as_posix())
    for _ in range(3):
        answers = reader.read(found, config=CONFIG)
        assert answers is not None and reader._process is not None
        reader._process.kill()
        reader._process.wait()
        with pytest.raises(DocumentError, match="broke down"):
            list(answers)
        answers = reader.read(found, config=CONFIG)
        assert answers is not None and len(list(answers)) == 1


def test_a_table_that_is_left_half_read_does_not_disturb_the_next(reader: Reader, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text\n" + "".join(f"第{n}段。\n" for n in range(500)), encoding="utf-8")
    rng = random.Random(1)
    for _ in range(4):
        answers = reader.read(Found(path, "a.csv"), config=CONFIG)
        assert answers is not None
        for _ in range(rng.randrange(1, 300)):
            next(answers)
        answers.close()  # type: ignore[attr-defined]
        answers = reader.read(Found(path, "a.csv"), config=CONFIG)
        assert answers is not None
        assert [item.text for item in answers if isinstance(item, Source)] == [
            f"第{n}段。" for n in range(500)
        ]


def test_nothing_is_imported_from_the_folder_of_the_documents(
    reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("json", "minsheng", "docx", "lxml"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported from here')\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    path = next(hostile.SAMPLES.glob("*.docx"))
    answers = reader.read(Found(path, "a.docx"), config=CONFIG)
    assert answers is not None and len(list(answers)) == 1


def test_relative_paths_are_those_of_this_process(
    reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker was started elsewhere, and a file of the same name there is another one."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        page = f"<html><p>新建学校{name}所，学位增加。</p></html>"
        (tmp_path / name / "a.html").write_text(page, encoding="utf-8")
        monkeypatch.chdir(tmp_path / name)
        answers = reader.read(Found(Path("a.html"), "a.html"), config=CONFIG)
        assert answers is not None
        (source,) = answers
        assert isinstance(source, Source) and name in source.text and source.document == "a.html"


def test_large_text_has_the_limits_of_other_formats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text that takes too long is stopped and listed, and the rest goes on; a small one is read here."""
    monkeypatch.setattr(read, "_LARGE", 100_000)
    for name in ("a.txt", "b.md", "c.json"):
        (tmp_path / name).write_text("县里新建小学三所。\n" * 100_000, encoding="utf-8")
    (tmp_path / "d.txt").write_text("县里新建小学三所。", encoding="utf-8")
    (tmp_path / "e.csv").write_text("text\n" + "县里新建小学三所。\n" * 10_000, encoding="utf-8")
    whole = list(read.read_all([str(tmp_path / "a.txt")], config=CONFIG))
    assert whole == list(read_sources(tmp_path / "a.txt", config=CONFIG))
    monkeypatch.setattr(apart, "SECONDS", 0.001)
    apart.reader(os.getpid()).close()  # the next worker has the new limit
    try:
        items = list(read.read_all([str(tmp_path)], config=CONFIG))
    finally:
        apart.reader(os.getpid()).close()
    words = [item.code if isinstance(item, Failure) else "read" for item in items]
    assert words == ["timeout"] * 3 + ["read"] * 10_001


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit on Windows")
def test_a_worker_that_takes_too_much_memory_costs_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read, "_LARGE", 100_000)
    monkeypatch.setattr(apart, "MEMORY", 400 << 20)
    (tmp_path / "a.txt").write_bytes("县里新建小学三所。\n".encode() * 5_000_000)
    (tmp_path / "b.html").write_text("<html><p>县里新建小学三所，学位增加。</p></html>", encoding="utf-8")
    apart.reader(os.getpid()).close()
    try:
        large, page = read.read_all([str(tmp_path)], config=CONFIG)
    finally:
        apart.reader(os.getpid()).close()
    assert isinstance(large, Failure) and large.code in ("too_large", "damaged"), large
    assert isinstance(page, Source)
