"""Much at once, each in a run of the tagger: very many files, a page of 50 MB, a paragraph of two million characters.

Each run is a process of its own, whose processor time and largest memory the system counts.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from report import record, teller
from stopping import MOMENTS

from conftest import EXAMPLES

pytestmark = pytest.mark.skipif(not hasattr(os, "wait4"), reason="the system does not count for us here")
FEW, GROWTH = (2_000, 50) if MOMENTS else (200, 5)
LONG = 2_000_000 if MOMENTS else 400_000  # characters of the paragraph
MORE_TIME = 2.5  # times the growth: what quadratic work would exceed
MORE_MEMORY = 1000  # MiB above a run of a few files: a page, the paragraph, what a part holds


class Used(NamedTuple):
    seconds: float  # of processor time, of the process and the one that reads for it
    memory: int  # MiB, the larger of the two at its largest


# In a small process of its own: until it is replaced by its program, a process counts the memory of its parent.
COUNT = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=sys.stderr)
_, status, usage = os.wait4(process.pid, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
"""


def tag(folder: Path, out: Path, model: Path, *, good: int) -> Used:
    command = ["-m", "minsheng", "tag", str(folder), "--model", str(model), "--out", str(out)]
    done = subprocess.run(
        [sys.executable, "-c", COUNT, sys.executable, *command],
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    code, seconds, memory = done.stdout.split()
    assert int(code) == good, done.stderr[-900:]
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return Used(float(seconds), int(memory) // unit)


def tiny(folder: Path, count: int) -> None:
    """So many files of one line, a thousand a folder."""
    patterns = [pattern.replace("{n}", "%d").replace("{m}", "7") for pattern in EXAMPLES.values()]
    for number in range(count):
        if number % 1000 == 0:
            (folder / f"{number // 1000:03}").mkdir(parents=True)
        text = patterns[number % 6].replace("%d", str(number))
        (folder / f"{number // 1000:03}" / f"{number:06}.txt").write_text(text, encoding="utf-8")


def names_in(out: Path) -> list[str]:
    """The documents that have tags, once each, in order."""
    with (out / "tags.jsonl").open(encoding="utf-8") as lines:
        return list(dict.fromkeys(Path(json.loads(line)["document"]).name for line in lines))


def test_very_many_tiny_files(
    model_directory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    used = []
    for count in (FEW, FEW * GROWTH):
        tiny(tmp_path / str(count), count)
        used.append(tag(tmp_path / str(count), tmp_path / f"out{count}", model_directory, good=0))
        assert names_in(tmp_path / f"out{count}") == [f"{number:06}.txt" for number in range(count)]
        teller(capsys)(f"{count:,} files: {used[-1].seconds:.0f} s of processor time, {used[-1].memory} MiB")
    record("large", f"{FEW * GROWTH:,} files", seconds=round(used[1].seconds), MiB=used[1].memory)
    assert used[1].seconds < MORE_TIME * GROWTH * used[0].seconds
    assert used[1].memory < used[0].memory + MORE_MEMORY


def test_a_page_of_50_mb_and_a_long_paragraph(
    model_directory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny(tmp_path / "few", 20)
    few = tag(tmp_path / "few", tmp_path / "out-few", model_directory, good=0)
    folder = tmp_path / "large"
    tiny(folder, 20)
    sentence = EXAMPLES["education"].format(n=7, m=77)
    paragraph = sentence * (LONG // len(sentence) + 1)
    (folder / "paragraph.txt").write_text(paragraph, encoding="utf-8")
    page = f"<p>{sentence}</p>".encode()
    (folder / "page.html").write_bytes(b"<html><body>" + page * (50_000_000 // len(page)))
    used = tag(folder, tmp_path / "out", model_directory, good=3)
    rows = [json.loads(line) for line in (tmp_path / "out" / "tags.jsonl").read_text("utf-8").splitlines()]
    mine = [row for row in rows if row["document"].endswith("paragraph.txt")]
    assert "".join(row["text"] for row in mine) == paragraph  # nothing of it is lost
    assert {Path(row["document"]).name for row in rows} == {
        "paragraph.txt", *(f"{number:06}.txt" for number in range(20))
    }  # fmt: skip
    (failure,) = (tmp_path / "out" / "failures.jsonl").read_text("utf-8").splitlines()
    assert json.loads(failure)["code"] == "too_large" and "page.html" in failure
    seconds, memory = used.seconds - few.seconds, used.memory - few.memory
    teller(capsys)(f"a page of 50 MB and a long paragraph: {seconds:.0f} s and {memory} MiB more")
    record("large", "long page and paragraph", seconds=round(seconds), MiB=used.memory)
    assert seconds < 120 and memory < MORE_MEMORY
