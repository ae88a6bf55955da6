"""The plan of a run: written and read in a stream, and held in slices however large the archive."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minsheng.config.schema import TagConfig
from minsheng.tagging.engines import dataset
from minsheng.tagging.engines.plan import (
    SLICES,
    Slices,
    read_plan,
    read_slice,
    slice_plan,
    window_of,
    write_plan,
)

MANY = 60_000
MIB = 1 << 20


@given(st.lists(st.integers(1, 50), max_size=200), st.integers(1, 8).map(lambda half: 2 * half))
def test_slices_cover_every_line_once(lengths: list[int], most: int) -> None:
    slices = Slices(most)
    for length in lengths:
        slices.add(length)
    rows = slices.rows()
    assert len(rows) == len(lengths) if len(lengths) <= most else most / 2 <= len(rows) <= most
    line = 0
    for row in rows:
        assert row["first"] == line and row["offset"] == sum(lengths[:line])
        line += row["count"]
        assert row["bytes"] == sum(lengths[row["first"] : line])
        assert row["count"] == rows[0]["count"] or line == len(lengths)
    assert line == len(lengths)


def test_slices_hold_the_windows_of_the_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for n in range(11):
        (tmp_path / f"旧{n:02d}.txt").write_text("新", "utf-8")
    (tmp_path / "a.csv").write_text("text\n新\n", "utf-8")
    plan = tmp_path / "out" / "plan.txt"
    plan.parent.mkdir()
    write_plan(plan, ["*.txt", "*.csv", "nowhere"], window=2, without=None)
    windows = list(read_plan(plan))
    rows = slice_plan(plan, most=4)
    assert len(rows) == 4 < len(windows) == 8
    with plan.open("rb") as source:
        found = [pair for row in rows for pair in read_slice(source, row)]
    assert [number for number, _ in found] == list(range(8))
    assert [window_of(line, Path()).items for _, line in found] == [window.items for window in windows]
    (first,) = window_of(found[0][1], Path("/share")).items[:1]
    assert first.path.parent == Path("/share")  # type: ignore[union-attr]


def peak(work: Callable[[], list[dict[str, int]]]) -> tuple[list[dict[str, int]], int]:
    tracemalloc.start()
    try:
        return work(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_the_slices_of_a_large_plan_take_little_memory(tmp_path: Path) -> None:
    plan = tmp_path / "plan.txt"
    line = "F" + json.dumps([["报告.txt", "/share/报告.txt"]] * 8) + "\n"
    plan.write_text(line * MANY, "utf-8")
    rows, most = peak(lambda: slice_plan(plan))
    assert len(rows) <= SLICES and sum(row["count"] for row in rows) == MANY
    assert most < 8 * MIB < plan.stat().st_size / 2


def test_an_archive_is_listed_in_a_stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed, many = 0, 10

    def listing(system: Any, folder: str) -> Iterator[Any]:
        nonlocal listed
        for n in range(many):
            listed = n + 1
            yield SimpleNamespace(path=f"{folder}/{n:07d}.txt", base_name=f"{n:07d}.txt")

    (tmp_path / "in").mkdir()
    monkeypatch.setattr(dataset, "listed", listing)
    store = dataset.DatasetStore.open(
        [str(tmp_path / "in")], str(tmp_path / "out"), model="m", domains=("education",),
        config=TagConfig(window=4), filesystem=None,
    )  # fmt: skip
    assert len(store.write_plan()) == 3  # loads what it needs
    many = MANY
    store.write_plan()  # the interpreter's table of names may grow here, and not where it is counted
    rows, most = peak(store.write_plan)
    assert listed == MANY and sum(row["count"] for row in rows) == MANY // 4
    assert len(rows) <= SLICES and most < 12 * MIB  # held, the files alone would be 22
    store.close()
    assert not [place for place in (tmp_path / "out").iterdir() if place.is_file()]
