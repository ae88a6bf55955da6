"""A process for each contender: its own memory, threads and start-up, asked in turn for one round's work.

The parent makes a `Worker`; the target runs in the new process and talks over its `Line`.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

MIB = 1 << 20


class ContenderError(Exception):
    """A contender could not be started or failed; the text is its reason in one line."""


def peak_memory() -> float:
    """Most memory that this process has held, in MiB."""
    status = Path("/proc/self/status")
    if status.is_file():  # getrusage would count what the parent held before the new program was loaded
        lines = status.read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
    if sys.platform == "win32":
        import psutil

        return float(psutil.Process().memory_info().peak_wset) / MIB
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB  # macOS counts in bytes


class Line:
    """The worker's end: say `ready`, then answer each question."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ready(self, value: Any = None) -> None:
        """Start-up is over; `value` becomes `Worker.opened`."""
        self._connection.send(("ready", value, peak_memory()))

    def receive(self) -> Any:
        """The next question; None: there are no more."""
        return self._connection.recv()

    def __iter__(self) -> Iterator[Any]:
        return iter(self.receive, None)

    def answer(self, value: Any) -> None:
        """What the parent's `ask` returns."""
        self._connection.send(("answer", value, peak_memory()))


def _serve(connection: Connection, target: Callable[..., None], options: dict[str, Any]) -> None:
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        heard, sys.stdout, sys.stderr = sys.stderr, nowhere, nowhere  # bars and tables of many libraries
        try:
            target(Line(connection), **options)
        except ImportError as error:
            connection.send(("error", f"{error.name or error} is not installed", 0.0))
        except Exception as error:
            traceback.print_exc(file=heard)
            connection.send(("error", f"{type(error).__name__}: {' '.join(str(error).split())[:200]}", 0.0))


class Worker:
    """A contender in its process. `startup`: seconds from nothing to `ready`; `peak`: MiB so far.

    `wait=False` lets several start at a time, and then `wait` must be called.
    """

    def __init__(
        self, target: Callable[..., None], *, threads: int, wait: bool = True, **options: Any
    ) -> None:
        # Read by the libraries when they load, and so by the environment that the process inherits.
        os.environ |= {
            "OMP_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "true",
            "TRANSFORMERS_VERBOSITY": "error",
        }  # fmt: skip
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, target, options), daemon=True)
        self.peak = 0.0
        self.startup, self.opened = 0.0, None
        self._began = time.perf_counter()
        self._process.start()
        theirs.close()
        if wait:
            self.wait()

    def wait(self) -> None:
        """Until it is ready. Raises ContenderError."""
        self.opened = self._hear()
        self.startup = time.perf_counter() - self._began

    def _hear(self) -> Any:
        try:
            kind, value, peak = self._connection.recv()
        except EOFError:
            raise ContenderError("its process ended without an answer") from None
        if kind == "error":
            raise ContenderError(value)
        self.peak = peak
        return value

    def ask(self, question: Any) -> Any:
        """Have one round's work done. Raises ContenderError."""
        self._connection.send(question)
        return self._hear()

    def close(self) -> None:
        """End the process."""
        with suppress(OSError):
            self._connection.send(None)
        self._process.join(timeout=30)
        if self._process.is_alive():
            self._process.kill()
