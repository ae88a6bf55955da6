"""Processes of `minsheng` that start in milliseconds: forked from one that has imported everything.

`python nursery.py` answers questions on standard input; `Nursery` asks them. Each started process is a real
one, with its own session, that a test may kill at any moment. POSIX only.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout, suppress
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SECONDS = 120.0  # the longest that any run here may take


class Nursery:
    """Starts processes, also for several threads at once. Made by `nursery`."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process = process
        self._folder = folder
        self._count = itertools.count(1)
        self._asking = threading.Lock()

    def _ask(self, question: dict[str, Any]) -> Any:
        assert self._process.stdin is not None and self._process.stdout is not None
        with self._asking:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())

    def start(
        self,
        arguments: Sequence[str],
        *,
        fault: str | None = None,
        stdout: str | None = None,
        limit: int | None = None,
        variables: Mapping[str, str] | None = None,
        learn: bool = False,
    ) -> Child:
        """Run `minsheng ARGUMENTS`; `limit`: no file may grow beyond so many bytes (a full disk).

        `learn`: what this run imports is imported by the nursery when it has ended, once for all later runs.
        """
        said = self._folder / f"said-{next(self._count)}.txt"
        pid = self._ask(
            {
                "start": list(arguments),
                "fault": fault,
                "stdout": stdout,
                "limit": limit,
                "said": str(said),
                "learn": learn,
                "variables": dict(variables or {}),
            }
        )
        return Child(self, int(pid), said)

    def wait(self, pid: int) -> int:
        """The exit code of a process that has ended; negative: the signal that ended it."""
        return int(self._ask({"wait": pid}))


class Child:
    """A process that runs."""

    def __init__(self, nursery: Nursery, pid: int, said: Path) -> None:
        self._nursery, self.pid, self._said = nursery, pid, said
        self._code: int | None = None

    def alive(self) -> bool:
        """Whether it has not ended (an ended one waits to be asked for its exit code)."""
        try:
            state = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
        except OSError:
            return False
        return state != "Z"

    def stop(self, sign: int) -> int:
        """Send a signal and wait for the end."""
        if self._code is None:
            os.kill(self.pid, sign)
        return self.wait()

    def wait(self) -> int:
        """Wait for the end; a process that hangs is killed and fails the test."""
        if self._code is None:
            end = time.monotonic() + SECONDS
            while self.alive():
                if time.monotonic() > end:
                    os.kill(self.pid, signal.SIGKILL)
                    self._code = self._nursery.wait(self.pid)
                    raise AssertionError(f"hung: {self.said()}")
                time.sleep(0.002)
            self._code = self._nursery.wait(self.pid)
        return self._code

    def said(self) -> str:
        """What it wrote to standard output and standard error."""
        return self._said.read_text(encoding="utf-8", errors="replace")


@contextmanager
def nursery(folder: Path) -> Iterator[Nursery]:
    """A nursery that keeps what its processes say in `folder`."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, str(HERE / "nursery.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == '"ready"\n', "the nursery did not start"
        yield Nursery(process, folder)
    finally:
        process.kill()
        process.communicate()


@cache
def shared_nursery() -> Nursery:
    """One for all tests of a session: it takes seconds to import everything. Closed at the end."""
    held = ExitStack()
    atexit.register(held.close)
    folder = Path(held.enter_context(tempfile.TemporaryDirectory()))
    return held.enter_context(nursery(folder))


# In the nursery itself ----------------------------------------------------------------------------------


def _become(question: dict[str, Any]) -> None:
    """In a fork: the process that was asked for."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell turns it off for what runs behind it
    os.environ.update(question["variables"])
    said = os.open(question["said"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    out = said if question["stdout"] is None else _output(question["stdout"])
    for target, source in ((0, os.open(os.devnull, os.O_RDONLY)), (1, out), (2, said)):
        os.dup2(source, target)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8")
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", buffering=1)
    if question["limit"] is not None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (question["limit"], resource.RLIM_INFINITY))
    if question["fault"] is not None:
        import injected

        injected.FAULTS[question["fault"]]()
    sys.argv = ["minsheng", *question["start"]]
    from minsheng.cli import main

    main()


def _output(kind: str) -> int:
    """A standard output that takes nothing: `closed` at its other end, `full` and never read, on a full `disk`."""
    if kind == "disk":
        return os.open("/dev/full", os.O_WRONLY)
    read, write = os.pipe()
    if kind == "closed":
        os.close(read)
        return write
    os.set_blocking(write, False)
    try:
        while True:
            os.write(write, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(write, True)
    return write


def _fork(question: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        _become(question)
        code = 0
    except SystemExit as stopped:
        code = stopped.code if isinstance(stopped.code, int) else int(stopped.code is not None)
    except BaseException:  # what an interpreter would do with it
        import traceback

        traceback.print_exc()
    try:
        sys.stdout.flush()
    except OSError:
        code = code or 120  # what Python ends with where the last words cannot be said
    if question["learn"]:
        _learnt(question).write_text("\n".join(sys.modules), encoding="utf-8")
    os._exit(code)


def _learnt(question: dict[str, Any]) -> Path:
    return Path(question["said"]).with_suffix(".modules")


def _learn(modules: list[str]) -> None:
    """Import what a run imported, in its order; what the forks share is then never looked at by their collectors."""
    for name in modules:
        if name not in sys.modules:
            with suppress(Exception), redirect_stdout(sys.stderr):  # standard output is for answers
                importlib.import_module(name)
    gc.collect()
    gc.freeze()


def _serve() -> None:
    import accelerate  # noqa: F401
    import datasets  # noqa: F401
    import docx  # noqa: F401
    import evaluate  # noqa: F401
    import openpyxl  # noqa: F401
    import pyarrow.parquet  # noqa: F401
    import sklearn.linear_model  # noqa: F401
    import torch  # noqa: F401
    import transformers  # noqa: F401
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, ModernBertConfig  # noqa: F401

    import minsheng.workflows.pretrain
    import minsheng.workflows.tag
    import minsheng.workflows.train  # noqa: F401
    from minsheng.modeling.network import UnsupportedError, load_openvino

    with suppress(UnsupportedError):
        load_openvino()  # the only way to import it without its telemetry
    _learn([])
    learning: dict[int, Path] = {}
    print('"ready"', flush=True)
    for line in sys.stdin:
        question = json.loads(line)
        if "start" in question:
            answer = _fork(question)
            if question["learn"]:
                learning[answer] = _learnt(question)
        else:
            pid = question["wait"]
            answer = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            if (learnt := learning.pop(pid, None)) is not None and learnt.exists():
                _learn(learnt.read_text(encoding="utf-8").splitlines())
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    _serve()
