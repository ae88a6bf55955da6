"""Excel files that are written whole or not at all, also where the disk for temporary files is full.

openpyxl writes each sheet into a temporary file first. lxml, which does the writing, says in a way of its own
that the disk is full, and of the last kilobytes it says nothing: the sheet would just be cut off.
"""

from __future__ import annotations

import errno
import os
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_TAIL = 64  # bytes


@contextmanager
def full_disks_are_errors() -> Iterator[None]:
    """Raises OSError where lxml could not write a sheet: for a function that fills and saves a workbook."""
    try:
        yield
    except Exception as error:
        if type(error).__name__ != "SerialisationError":
            raise
        # Its text is a name of libxml2, such as IO_ENOSPC.
        number = getattr(errno, str(error).removeprefix("IO_"), errno.EIO)
        raise OSError(number, os.strerror(number), tempfile.gettempdir()) from error


def save(book: Any, path: Path) -> None:
    """Save a workbook of openpyxl. Raises OSError where one of its sheets has lost its end."""
    book.save(path)
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if not name.startswith("xl/worksheets/sheet"):
                continue
            tail = b""
            with archive.open(name) as sheet:
                while block := sheet.read(1 << 20):
                    tail = (tail + block)[-_TAIL:]
            if not tail.rstrip().endswith(b"</worksheet>"):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), tempfile.gettempdir())
