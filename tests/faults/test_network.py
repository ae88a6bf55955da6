"""Nothing is sent anywhere: tagging and training try no connection, and the telemetry of the libraries is off."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from stopping import MOMENTS

from conftest import EXAMPLES, made_records, write_jsonl

# Runs the command line with every way out of the machine closed, and says what was tried.
WATCHED = """
import socket, sys
tried = []
def refused(*args, **kwargs):
    tried.append(repr(args[-1:]))
    raise OSError("the network is closed")
for name in ("getaddrinfo", "gethostbyname", "create_connection"):
    setattr(socket, name, refused)
class Closed(socket.socket):
    def connect(self, address):
        if self.family != getattr(socket, "AF_UNIX", None):
            refused(address)
        return super().connect(address)
    connect_ex = connect
    def sendto(self, *args):
        refused(*args)
socket.socket = Closed
if sys.argv[1] == "--prove":
    import urllib.request
    try:
        urllib.request.urlopen("http://example.com", timeout=5)
    except OSError:
        pass
else:
    from minsheng.cli import main
    try:
        main()
    except SystemExit as stopped:
        print("exit", stopped.code)
    from huggingface_hub import constants
    print("telemetry off", constants.HF_HUB_DISABLE_TELEMETRY)
print("tried", tried)
"""


def watched(*arguments: str, folder: Path) -> str:
    """What the command line says, with nothing about networks or telemetry in its environment."""
    known = ("HF_", "TRANSFORMERS_", "DO_NOT_TRACK", "DISABLE_", "HTTP", "http", "no_proxy", "NO_PROXY")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(known)}
    environment |= {
        "PYTHONPATH": os.pathsep.join(sys.path), "HF_HOME": str(folder / "cache"), "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def tagging(model: Path, run_config: Path, folder: Path) -> str:
    (folder / "in").mkdir()
    (folder / "in" / "a.txt").write_text(EXAMPLES["education"].format(n=7, m=77), encoding="utf-8")
    (folder / "in" / "b.html").write_text(
        '<html><img src="http://example.com/x.png"><link href="http://example.com/y.css"><p>新建学校三所。',
        "utf-8",
    )
    paths = (str(folder / "in"), "--model", str(model), "--out", str(folder / "out"))
    said = watched("tag", *paths, folder=folder)
    assert "2 documents" in said
    return said


def training(model: Path, run_config: Path, folder: Path) -> str:
    return watched("train", str(run_config), "schedule.epochs=1", folder=folder)


def evaluation(model: Path, run_config: Path, folder: Path) -> str:
    data = write_jsonl(folder / "test.jsonl", made_records(24))
    return watched("evaluate", str(model), str(data), "--out", str(folder / "out"), folder=folder)


# Each takes seconds to import what it needs.
@pytest.mark.parametrize("command", [tagging, training, evaluation] if MOMENTS else [tagging])
def test_no_connection_is_tried(
    command: Callable[[Path, Path, Path], str], model_directory: Path, run_config: Path, tmp_path: Path
) -> None:
    said = command(model_directory, run_config, tmp_path)
    assert "exit 0" in said and "telemetry off True" in said
    assert said.rstrip().endswith("tried []"), said
    assert "tried []" not in watched("--prove", folder=tmp_path)  # the watch itself sees a connection
