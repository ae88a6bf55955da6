"""Hostile documents: each gives passages or one clear line, in bounded time and memory, and stops nothing."""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import bombs
import hostile
import pytest
from report import record, teller
from stopping import MOMENTS, SEED

from minsheng.config.schema import DocumentsConfig, TagConfig
from minsheng.documents import apart
from minsheng.documents.clean import clean
from minsheng.documents.find import Found
from minsheng.documents.read import read_all, read_safely
from minsheng.documents.split import split
from minsheng.documents.values import Document, Failure, Source
from minsheng.errors import DocumentError
from minsheng.tagging.run import tag_part
from minsheng.tagging.tagger import Tagger

CONFIG = DocumentsConfig()
COUNT = 2000 if MOMENTS else 100
SECONDS = 60.0  # for any one case, on a busy machine
LIMIT = 20.0  # after which a worker is ended here


@pytest.fixture(autouse=True, scope="module")
def short_limit() -> Iterator[None]:
    """Workers that begin in these tests have less time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(apart, "SECONDS", LIMIT)
        apart.reader(os.getpid()).close()
        yield
        apart.reader(os.getpid()).close()


def prepared(item: Source | Failure, name: str) -> Document | Failure:
    """Check what came out of a file, and split it for the tagger."""
    if isinstance(item, Failure):
        assert item.code and item.code.isidentifier()
        assert name in item.message and item.message.isprintable(), repr(item.message)
        assert len(item.message) < 1500, item.message
        assert "Traceback" not in item.message and "RecursionError" not in item.code
        return item
    document = split(clean(item, config=CONFIG.clean), config=CONFIG.split)
    end = 0
    for passage in document.passages:
        assert end <= passage.start < passage.end <= len(item.text)
        assert passage.text.strip() and len(passage.text) <= CONFIG.split.max_characters
        assert not set(passage.text) & set("\x00\x1b\u202e\u200b\ufeff"), repr(passage.text)
        passage.text.encode("utf-8")
        end = passage.end
    return document


def read(path: Path) -> list[Source | Failure]:
    found = Found(path, path.as_posix())
    try:
        return list(read_safely(found, config=CONFIG))
    except DocumentError as error:
        return [Failure(found.document, error.code, str(error))]


def tagged(tagger: Tagger, path: Path, name: str) -> str:
    """Tag a file; the word under which it is counted. Whatever the readers gave stands in the results."""
    items = [prepared(item, name) for item in read(path)]
    found = tag_part(tagger, items, config=TagConfig())
    lines, counts = found.lines(), found.counts()
    failures = [item for item in items if isinstance(item, Failure)]
    documents = [item for item in items if isinstance(item, Document)]
    passages = sum(len(document.passages) for document in documents)
    assert counts == {"documents": len(documents), "passages": passages, "failures": len(failures)}
    assert [len(lines[key]) for key in ("documents", "tags", "failures")] == [*counts.values()]
    for line in (line for stream in lines.values() for line in stream):
        line.encode("utf-8")
        assert line.endswith("\n") and isinstance(json.loads(line), dict)
    assert items, "neither text nor failure"
    return "in part" if documents and failures else "tagged" if documents else "refused"


def test_hostile_files_are_tagged_or_refused(
    tmp_path: Path, model_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tagger, tell = Tagger.load(model_directory, threads=1), teller(capsys)
    files, words = Counter[str](), Counter[tuple[str, str]]()
    slowest, began = 0.0, time.monotonic()
    for number, (kind, name, data) in enumerate(hostile.cases(SEED, COUNT), 1):
        path = tmp_path / name
        path.write_bytes(data)
        files[kind] += 1
        start = time.monotonic()
        try:
            words[kind, tagged(tagger, path, name)] += 1
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
            raise AssertionError(f"seed {SEED}, case {name} ({kind}), kept in {path}: {said}") from error
        slowest = max(slowest, time.monotonic() - start)
        assert slowest < SECONDS, f"seed {SEED}, case {name} ({kind}): {slowest:.0f} s"
        path.unlink()
        if number % 100 == 0 or number == COUNT:
            for each, count in sorted(files.items()):
                answers = {word: words[each, word] for word in ("tagged", "in part", "refused")}
                record("read", each, files=count, **answers, lost=count - sum(answers.values()))
            seconds = time.monotonic() - began
            tell(f"hostile files: {number} of {COUNT}, {seconds:.0f} s, slowest {slowest:.1f} s")
    assert sum(words.values()) == COUNT
    for word in ("tagged", "refused"):
        assert sum(count for (_, mine), count in words.items() if mine == word) > COUNT // 10


@pytest.mark.parametrize("name", sorted(bombs.BOMBS) if MOMENTS else bombs.QUICK)
def test_bombs_are_read_or_refused_within_bounds(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"bomb{bombs.BOMBS[name][0]}"
    path.write_bytes(bombs.BOMBS[name][1]())
    began, spent = time.monotonic(), time.process_time()
    items = read(path)
    words = ["refused" if isinstance(prepared(item, path.name), Failure) else "read" for item in items]
    assert words
    seconds = round(time.monotonic() - began, 1)
    record("bombs", name, outcome=" and ".join(sorted(set(words))), seconds=seconds)
    teller(capsys)(f"bomb: {name}: {seconds} s")
    # Of this process: a worker has a limit of its own, and others may keep the machine busy.
    assert time.process_time() - spent < SECONDS
    if name in bombs.REFUSED:
        (failure,) = items
        assert isinstance(failure, Failure) and failure.code in bombs.REFUSED[name], failure


def test_one_folder_of_everything_stops_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    names = []
    for number, (_, name, data) in enumerate(hostile.cases(SEED + 1, 40)):
        (folder / name).write_bytes(data)
        good = folder / f"{number:05}~.txt"
        good.write_text(f"新建学校{number}所，学位增加。", encoding="utf-8")
        names.append(good.as_posix())
    items = list(read_all([str(folder)], config=CONFIG))
    texts = {item.document: item.text for item in items if isinstance(item, Source)}
    assert [texts[name] for name in names] == [f"新建学校{n}所，学位增加。" for n in range(40)]


# Files that are no files, and names ---------------------------------------------------------------------

ODD_NAMES = [
    "两 个 空 格.txt", "新\n行.txt", "\x1b[31m红.txt", "-rf.txt", "=cmd|x.txt", "引\"'号.txt", "a\tb.txt", "%00.txt",
    "\u202e反.txt", "*.txt", "[a].txt", "  .txt", "长" * 80 + ".txt", "坏\udcff\udcfe.txt", "\udcb1\udca8.docx",
    "..txt",
]  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="such names cannot be made on Windows")
def test_odd_names(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path)
    for name in ODD_NAMES:
        with open(folder + b"/" + os.fsencode(name), "wb") as out:  # noqa: PTH123
            out.write("新建学校三所。".encode())
    items = list(read_all([str(tmp_path)], config=CONFIG))
    assert len(items) == len(ODD_NAMES) - 1  # "..txt" is hidden
    for item in items:
        item.document.encode("utf-8")
        if isinstance(item, Failure):
            assert item.code == "damaged" and item.message.isprintable(), item
    assert sum(isinstance(item, Source) for item in items) == len(ODD_NAMES) - 2
    for name in ODD_NAMES[:14]:  # and each by its name
        (item,) = read_all([str(tmp_path / name)], config=CONFIG)
        assert isinstance(item, Source), item
    for name in ("\n\x1b[31m.txt", "\udcff\n.pdf"):  # that are not there
        (item,) = read_all([str(tmp_path / name)], config=CONFIG)
        assert isinstance(item, Failure) and item.message.isprintable(), item


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs POSIX")
def test_links_pipes_and_devices(tmp_path: Path) -> None:
    (tmp_path / "good.txt").write_text("新建学校三所。", encoding="utf-8")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "self.txt").symlink_to(tmp_path / "self.txt")
    (tmp_path / "a.txt").symlink_to(tmp_path / "b.txt")
    (tmp_path / "b.txt").symlink_to(tmp_path / "a.txt")
    (tmp_path / "zero.txt").symlink_to("/dev/zero")
    (tmp_path / "tty.docx").symlink_to("/dev/tty")
    (tmp_path / "gone.pdf").symlink_to(tmp_path / "nowhere.pdf")
    (tmp_path / "folder.txt").mkdir()
    os.mkfifo(tmp_path / "pipe.txt")
    os.mkfifo(tmp_path / "pipe.pdf")
    items = list(read_all([str(tmp_path), str(tmp_path / "pipe.pdf"), "/dev/zero", "/dev"], config=CONFIG))
    read_ones = [item.document for item in items if isinstance(item, Source)]
    assert read_ones == [(tmp_path / "good.txt").as_posix()]
    failures = {Path(item.document).name: item.code for item in items if isinstance(item, Failure)}
    assert {
        name: failures[name] for name in ("zero.txt", "tty.docx", "pipe.txt", "pipe.pdf")
    } == dict.fromkeys(("zero.txt", "tty.docx", "pipe.txt", "pipe.pdf"), "not_a_file")
    assert {failures[name] for name in ("self.txt", "a.txt", "b.txt", "gone.pdf")} <= {
        "missing",
        "unreadable",
    }


def test_files_that_vanish_or_change_while_others_are_read(tmp_path: Path) -> None:
    for number in range(6):
        (tmp_path / f"{number}.txt").write_text("新建学校三所。", encoding="utf-8")
    (tmp_path / "7.pdf").write_bytes(b"%PDF-1.4")
    items = read_all([str(tmp_path)], config=CONFIG)
    assert isinstance(next(items), Source)
    (tmp_path / "1.txt").unlink()
    (tmp_path / "2.txt").write_bytes(b"")
    (tmp_path / "3.txt").unlink()
    (tmp_path / "3.txt").mkdir()
    (tmp_path / "4.txt").write_bytes(b"\x00\x01")
    (tmp_path / "7.pdf").unlink()
    rest = [item.code if isinstance(item, Failure) else "read" for item in items]
    assert rest == ["missing", "empty", "binary", "read", "missing"]  # a folder without documents is none


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX")
def test_files_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("新建学校三所。", encoding="utf-8")
    (tmp_path / "b.txt").write_text("新建学校三所。", encoding="utf-8")
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "d.txt").write_text("新建学校三所。", encoding="utf-8")
    (tmp_path / "a.txt").chmod(0)
    (tmp_path / "c").chmod(0)
    tmp_path.parent.parent.chmod(0o755)
    tmp_path.parent.chmod(0o755)
    tmp_path.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    child = os.fork()
    if child == 0:  # root may read everything, so this is somebody else
        code = 1
        try:
            if os.geteuid() == 0:
                os.setuid(65534)
            items = list(read_all(["a.txt", "b.txt", "c"], config=CONFIG))
            said = "|".join(item.code if isinstance(item, Failure) else "read" for item in items)
            code = 0 if said == "unreadable|read|unreadable" else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    (tmp_path / "c").chmod(0o700)
