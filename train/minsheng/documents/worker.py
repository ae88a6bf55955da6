"""The process behind `apart`: `python -m minsheng.documents.worker SECONDS BYTES`, questions on standard input."""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from minsheng.config.schema import DocumentsConfig
from minsheng.documents.apart import line_of, packed
from minsheng.documents.find import Found
from minsheng.documents.read import read_sources, too_much_memory
from minsheng.errors import DocumentError, MinshengError

_ITEMS = 64  # rows of a table in one answer


def main(seconds: float, memory: int) -> None:
    """Answer one question after another until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the run, which then ends this process
    limit_memory(memory)
    # What a library prints must not stand among the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        _say(answers, ["ready"])
        for line in sys.stdin.buffer:
            _answer(json.loads(line), answers, seconds=seconds, nowhere=nowhere)


def limit_memory(most: int) -> None:
    """Let this process have `most` bytes of address space, where the system knows such a limit."""
    if sys.platform == "win32":
        return
    import resource

    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _answer(question: dict[str, Any], answers: IO[bytes], *, seconds: float, nowhere: IO[str]) -> None:
    config = DocumentsConfig.model_validate(question["config"])
    found = Found(Path(question["path"]), question["document"])

    def watch() -> None:
        # A thread in C that needs no lock of Python: it ends the process also where a parser written in C hangs.
        faulthandler.dump_traceback_later(seconds, exit=True, file=nowhere)

    items: list[Any] = []
    last: list[Any] = ["done"]
    watch()
    try:
        for item in read_sources(found, config=config):
            items.append(packed(item))
            if len(items) == _ITEMS:
                faulthandler.cancel_dump_traceback_later()  # the run may take its time to use what it got
                _say(answers, ["items", items])
                items = []
                watch()
    except DocumentError as error:
        last = ["error", error.code, str(error)]
    except MinshengError as error:
        last = ["config", str(error)]
    finally:
        faulthandler.cancel_dump_traceback_later()
    try:
        if items:
            _say(answers, ["items", items])
    except MemoryError:  # it does not fit a second time, as an answer, of which nothing was said yet
        large = too_much_memory(found.document)
        last = ["error", large.code, str(large)]
    _say(answers, last)


def _say(answers: IO[bytes], value: list[Any]) -> None:
    answers.write(line_of(value))
    answers.flush()


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]))
