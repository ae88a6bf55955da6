"""A workbook is whole or an error, wherever the disk for temporary files ends."""

from __future__ import annotations

import os
import sys
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from minsheng.corpus.exchange import tables
from minsheng.tagging import sinks

ROWS = [{"id": str(n), "text": f"县里新建小学{n}所，招聘教师若干名。"} for n in range(200)]


def tags(path: Path) -> None:
    sinks.write_excel(iter(ROWS), ["id", "text"], path)


def records(path: Path) -> None:
    tables.write_excel(ROWS, path)


def sheet(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return archive.read("xl/worksheets/sheet1.xml")


@pytest.mark.skipif(sys.platform == "win32", reason="the size of files cannot be limited there")
@pytest.mark.parametrize("write", [tags, records])
def test_a_full_disk_is_an_error_and_leaves_no_workbook(write: object, tmp_path: Path) -> None:
    import resource

    assert callable(write)
    write(tmp_path / "whole.xlsx")
    whole = sheet(tmp_path / "whole.xlsx")
    size = len(whole)
    limits = [*range(size // 2, size, size // 6), *range(size - 4000, size, 800), size - 1, size + 8192]
    codes: Counter[int] = Counter()
    for limit in limits:
        place = tmp_path / "cut.xlsx"
        child = os.fork()
        if child == 0:
            code = 9
            try:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
                write(place)
                code = 0
            except OSError as error:
                code = 1 if error.strerror else 8
            finally:
                os._exit(code)
        codes[os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])] += 1
        assert not place.exists() or sheet(place) == whole, limit
    assert codes.keys() == {0, 1} and codes[0] == 1, codes
