"""Named errors: each says what was wrong, where, and what to do.

`exit_code` is what the command line returns: 2 for bad usage, config or data, 1 for anything else.
(Code 3, "some inputs could not be read", is the outcome of a finished run and not an error.)
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_LONGEST = 1500  # characters of a message


class MinshengError(Exception):
    """Base of every error that this package raises on purpose; its text is one line for a person.

    A text that quotes something endless (a key of 5,000 digits) loses its middle.
    """

    exit_code = 1

    def __init__(self, message: str) -> None:
        if len(message) > _LONGEST:
            message = f"{message[: _LONGEST // 2]} … {message[-_LONGEST // 2 :]}"
        super().__init__(message)


class ConfigError(MinshengError):
    """A config file or an override is wrong; names the file, the dotted key and what was expected."""

    exit_code = 2


class DataError(MinshengError):
    """A labelled file is wrong; names the file and the line."""

    exit_code = 2


class ModelError(MinshengError):
    """A model directory or Hub name cannot be used."""

    exit_code = 2


class RunError(MinshengError):
    """A run directory holds something that must not be overwritten or does not fit."""

    exit_code = 2


class TrainingError(MinshengError):
    """The loss became NaN or infinite, or training cannot go on."""


class EngineError(MinshengError):
    """A process or a machine that does a part of a run was lost. What is finished stays; the run goes on."""


class DocumentError(MinshengError):
    """One input file cannot be read. The run goes on; the file is listed in `failures.jsonl`.

    `code` is a stable word for programs (`encrypted`, `scanned`, `unsupported`, `damaged`, …).
    """

    exit_code = 3

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def nearest(word: str, known: Iterable[str]) -> str:
    """`"; did you mean 'x'?"` for the closest known word, or an empty string."""
    match = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {match[0]!r}?" if match else ""
