from __future__ import annotations

import io
import re
import sys
from typing import Any

import pytest
from rich.cells import cell_len

from minsheng.workflows import progress
from minsheng.workflows.progress import Progress, Voice, duration, followed, speaking


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_durations() -> None:
    assert [duration(s) for s in (-1, 0, 59.6, 61, 3723)] == ["0:00", "0:00", "1:00", "1:01", "1:02:03"]


def test_rate_and_time_left_count_from_the_start_of_this_process(clock: list[float]) -> None:
    bar = Progress("train", total=110, unit="updates", done=10)
    clock[0] += 20
    bar._done = 50
    assert bar._text() == "50/110 updates · 2.00/s · 0:30 left"


def test_an_unknown_total_has_a_rate_and_no_time_left(clock: list[float]) -> None:
    bar = Progress("tag", total=None, unit="documents")
    clock[0] += 2
    bar._done = 4000
    assert bar._text() == "4,000 documents · 2,000/s"


def test_a_line_now_and_then_where_there_is_no_terminal(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    with Progress("tag", total=10, unit="documents") as bar:
        bar.update(1)
        assert capsys.readouterr().err == ""
        clock[0] += 31
        bar.update(5, "3 passages")
        assert capsys.readouterr().err == "tag: 5/10 documents · 0.16/s · 0:31 left · 3 passages\n"


def test_quiet_is_quiet_and_ends(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with speaking(Voice(quiet=True)):
        with Progress("tag", total=10, unit="documents") as bar:
            clock[0] += 60
            bar.update(5)
        assert capsys.readouterr().err == ""
    with Progress("tag", total=10, unit="documents") as bar:
        clock[0] += 60
        bar.update(5)
    assert capsys.readouterr().err


def test_items_are_followed(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    def items() -> Any:
        for number in range(3):
            clock[0] += 20
            yield number

    assert list(followed(items(), "read", unit="passages")) == [0, 1, 2]
    assert "read: 2 passages" in capsys.readouterr().err


@pytest.mark.parametrize("chinese", [False, True])
def test_a_bar_is_one_line_of_80_columns(monkeypatch: pytest.MonkeyPatch, chinese: bool) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    words = {"pretrain": "预训练", "tokens": "词元", "{rate}/s": "每秒 {rate}", "{time} left": "剩余 {time}"}
    voice = Voice(say=lambda text: words.get(text, text)) if chinese else Voice()
    with speaking(voice), Progress("pretrain", total=1_234_567_890, unit="tokens") as bar:
        bar.update(123_456_789, "loss 2.345 · held-out 2.456 (51.2%) and whatever else there is to say of it")
    lines = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue()).replace("\r", "\n").splitlines()
    drawn = [line for line in lines if "123,456,789" in line]
    assert drawn and max(cell_len(line) for line in lines) <= 80
    assert ("预训练" in drawn[0]) == chinese
