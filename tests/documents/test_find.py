from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from minsheng.documents.find import Found, find_files, readable_name
from minsheng.documents.values import Failure


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    for name in (
        "reports/b.txt",
        "reports/a.docx",
        "reports/2023/十.pdf",
        "reports/2023/九.PDF",
        "reports/2023/deep/x.html",
        "reports/photo.png",
        "reports/old.ofd",
        "reports/.hidden.txt",
        "reports/.git/config.txt",
        "reports/~$a.docx",
        "reports/archive.zip",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("教育", encoding="utf-8")
    yield tmp_path


def documents(*patterns: str) -> list[str]:
    return [item.document for item in find_files(patterns) if isinstance(item, Found)]


def failures(*patterns: str) -> list[Failure]:
    return [item for item in find_files(patterns) if isinstance(item, Failure)]


ALL = [
    "reports/2023/deep/x.html",
    "reports/2023/九.PDF",
    "reports/2023/十.pdf",
    "reports/a.docx",
    "reports/b.txt",
    "reports/old.ofd",
]


@pytest.mark.parametrize("pattern", ["reports", "reports/", "./reports"])
def test_folder_is_walked_in_order(folder: Path, pattern: str) -> None:
    assert documents(pattern) == ALL
    assert failures(pattern) == []


def test_absolute_paths_stay_absolute(folder: Path) -> None:
    assert documents(str(folder / "reports" / "b.txt")) == [(folder / "reports/b.txt").as_posix()]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("reports/*.txt", ["reports/b.txt"]),
        ("reports/?.*", ["reports/a.docx", "reports/b.txt"]),
        ("reports/**/*.pdf", ["reports/2023/十.pdf"] + (["reports/2023/九.PDF"] if os.name == "nt" else [])),
        ("reports/[ab].*", ["reports/a.docx", "reports/b.txt"]),
        ("rep*/2023/deep", ["reports/2023/deep/x.html"]),
        ("reports/**", ALL),
        ("reports/*", ALL),
        ("**/*", ALL),
        ("**/x.html", ["reports/2023/deep/x.html"]),
    ],
)
def test_globs(folder: Path, pattern: str, expected: list[str]) -> None:
    assert sorted(documents(pattern)) == sorted(expected)
    assert failures(pattern) == []


def test_name_with_brackets_is_a_name_first(folder: Path) -> None:
    (folder / "报告[2024].txt").write_text("x", encoding="utf-8")
    assert documents("报告[2024].txt") == ["报告[2024].txt"]


def test_each_file_once(folder: Path) -> None:
    assert documents("reports/b.txt", "reports", "reports/*.txt", "-", "-") == [
        "reports/b.txt",
        *ALL[:-2],
        ALL[-1],
        "-",
    ]


@pytest.mark.parametrize(
    ("pattern", "code", "said"),
    [
        ("report", "missing", "did you mean 'reports'"),
        ("nowhere/a.txt", "missing", "no folder nowhere"),
        ("reports/*.csv", "missing", "matches no document"),
        ("reports/*.png", "missing", "matches no document"),
        ("reports/photo.png", "unsupported", ".png"),
        ("reports/~$a.docx", "unsupported", "lock file"),
        ("empty", "missing", "no document in this folder (only .png)"),
    ],
)
def test_failures_name_the_pattern(folder: Path, pattern: str, code: str, said: str) -> None:
    (folder / "empty").mkdir()
    (folder / "empty" / "a.png").write_bytes(b"x")
    (failure,) = find_files([pattern])
    assert isinstance(failure, Failure)
    assert (failure.document, failure.code) == (pattern, code)
    assert said in failure.message and pattern in failure.message


def test_links_make_no_loop(folder: Path) -> None:
    try:
        (folder / "reports/2023/loop").symlink_to(folder / "reports", target_is_directory=True)
        (folder / "reports/linked.txt").symlink_to(folder / "reports/b.txt")
        (folder / "reports/broken.txt").symlink_to(folder / "nothing.txt")
    except OSError:
        pytest.skip("this account may not make links")
    assert documents("reports") == sorted([*ALL, "reports/linked.txt"])
    assert [(item.document, item.code) for item in failures("reports")] == [("reports/broken.txt", "missing")]
    assert "reports/b.txt" in documents("reports/**/*.txt")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_pipes_are_failures(folder: Path) -> None:
    os.mkfifo(folder / "reports/pipe.txt")
    for pattern in ("reports", "reports/pipe.txt"):
        (failure,) = failures(pattern)
        assert (failure.document, failure.code) == ("reports/pipe.txt", "not_a_file")


def test_deep_folders(tmp_path: Path) -> None:
    deepest = tmp_path.joinpath(*["d"] * 90)
    deepest.mkdir(parents=True)
    (deepest / "a.txt").write_text("x", encoding="utf-8")
    assert len(documents(str(tmp_path))) == 1


def test_names_that_are_not_utf8() -> None:
    if os.name == "nt":
        pytest.skip("names are Unicode here")
    name = os.fsdecode("报告.txt".encode("gb18030"))
    assert readable_name(f"in/{name}") == "in/报告.txt"
    assert readable_name("in/报　告.txt") == "in/报　告.txt"


def test_nothing_asked_nothing_found() -> None:
    assert list(find_files([])) == []
