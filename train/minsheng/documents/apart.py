"""Read a file in a process of its own, which may hang, crash or fill its memory without harm to the run.

Parsers of PDF, Office and web pages are large, partly C, and meet files from anywhere. One worker process
serves one file after another (a start costs some tenths of a second, a file about a millisecond); when it
dies, its file is a failure and the next file gets a new worker.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import IO, Any

import minsheng
from minsheng.config.schema import DocumentsConfig
from minsheng.documents.find import Found
from minsheng.documents.values import Failure, Source
from minsheng.errors import ConfigError, DocumentError

SECONDS = (
    300.0  # a PDF of 3,000 pages takes one minute on a slow core; LibreOffice has two minutes of its own
)
MEMORY = 6 << 30  # bytes of address space, where the system can limit it (not on Windows)


class Reader:
    """A worker process, started when it is first needed. Not for several threads at once."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._broken = False  # no worker can be started here

    def read(self, found: Found, *, config: DocumentsConfig) -> Iterator[Source | Failure] | None:
        """The sources of a file, as `read_sources` gives them; None where no worker can be started.

        Raises DocumentError, also `timeout`, and `damaged` where the worker crashed.
        """
        process = self._started()
        return None if process is None else self._answers(process, found, config)

    def close(self) -> None:
        """End the worker."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def _started(self) -> subprocess.Popen[bytes] | None:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.close()
        if self._broken:
            return None
        # The worker must find the same package, however this process found it.
        paths = [str(Path(minsheng.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
        try:
            self._process = subprocess.Popen(
                # -P: nothing is imported from the folder in which the run was started.
                [sys.executable, "-P", "-m", "minsheng.documents.worker", str(SECONDS), str(MEMORY)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
            )
            said = _of(self._process.stdout).readline()
        except OSError:
            said = b""
        if not said:
            self._broken = True
            self.close()
            return None
        return self._process

    def _answers(
        self, process: subprocess.Popen[bytes], found: Found, config: DocumentsConfig
    ) -> Iterator[Source | Failure]:
        # Absolute: the worker stays in the folder where it was started, whatever this process does.
        path = str(found.path.absolute())
        request = {"path": path, "document": found.document, "config": config.model_dump()}
        whole = False
        try:
            questions = _of(process.stdin)
            questions.write(line_of(request))
            questions.flush()
            while True:
                began = time.monotonic()
                line = _of(process.stdout).readline()
                if not line.endswith(b"\n"):
                    raise self._died(process, found.document, time.monotonic() - began)
                kind, *values = json.loads(line)
                if kind == "items":
                    yield from map(_item, values[0])
                    continue
                whole = True
                if kind == "config":
                    raise ConfigError(values[0])
                if kind == "error":
                    raise DocumentError(*values)
                return
        except BrokenPipeError:
            raise self._died(process, found.document, 0.0) from None
        finally:
            if not whole:  # what is left of the answer must not meet the next question
                self.close()

    def _died(self, process: subprocess.Popen[bytes], document: str, waited: float) -> DocumentError:
        code = process.wait()
        if waited >= SECONDS:
            return DocumentError(
                "timeout",
                f"{document}: was not read in {SECONDS:.0f} seconds; split it, or save it in another format",
            )
        return DocumentError(
            "damaged",
            f"{document}: the program that reads it broke down (exit code {code}): it may be damaged; "
            "open it and save it again",
        )


@functools.cache
def reader(process: int) -> Reader:
    """The worker of this process (its id): a fork must not share that of its parent."""
    import atexit

    made = Reader()
    atexit.register(made.close)
    return made


def read_apart(found: Found, *, config: DocumentsConfig) -> Iterator[Source | Failure] | None:
    """`Reader.read` by the one worker of this process."""
    return reader(os.getpid()).read(found, config=config)


def line_of(value: Any) -> bytes:
    """A question or an answer as a line of JSON; half a surrogate pair, as in a file name, passes."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"


def packed(item: Source | Failure) -> list[Any]:
    """A value for JSON; `_item` is its inverse."""
    return [type(item).__name__, [getattr(item, field.name) for field in fields(item)]]


def _item(value: list[Any]) -> Source | Failure:
    kind, values = value
    if kind == "Failure":
        return Failure(*values)
    document, text, headings, pages, *rest = values
    return Source(document, text, tuple((a, b) for a, b in headings), tuple(pages), *rest)


def _of(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream
