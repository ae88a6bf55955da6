"""What the tests under `tests/faults` tried and what became of it, as a table that `scripts/test.py --faults` prints.

Each test adds lines to the file that MINSHENG_FAULTS_REPORT names (nothing is written where it names none). A
test that takes long adds one again and again as it goes on, so that a suite that is cut off leaves its table too.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest import CaptureFixture

KINDS = {
    "stopped": "Runs stopped and taken up again",
    "injected": "Careless commits that the harness must find",
    "read": "Hostile inputs",
    "bombs": "Bombs",
    "large": "Much at once",
    "text": "Other text than reports",
    "licence": "Licences of what is installed with minsheng",
}


Tell = Callable[[str], None]


def teller(capsys: CaptureFixture[str]) -> Tell:
    """What says how far a test has come: in a long suite past what pytest captures, else silently."""

    def say(text: str) -> None:
        with capsys.disabled():
            print(text, flush=True)

    return say if os.environ.get("MINSHENG_FAULTS") else print


def record(kind: str, name: str, **values: Any) -> None:
    """Add a line to the report."""
    assert kind in KINDS
    place = os.environ.get("MINSHENG_FAULTS_REPORT")
    if place:
        with Path(place).open("a", encoding="utf-8", newline="\n") as out:
            out.write(json.dumps({"kind": kind, "name": name, **values}, ensure_ascii=False) + "\n")


def _rows(path: Path) -> list[dict[str, Any]]:
    """The last line of each name; one that was cut off while it was written is passed over."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        if line.endswith("\n"):
            row = json.loads(line)
            found[row["kind"], row["name"]] = row
    return list(found.values())


def table(path: Path) -> str:
    """The report as plain text: one table a kind, with a column a value, and what they come to in all."""
    rows = _rows(path)
    parts: list[str] = []
    for kind, title in KINDS.items():
        mine = [row for row in rows if row["kind"] == kind]
        if not mine:
            continue
        columns = list(dict.fromkeys(key for row in mine for key in row if key != "kind"))
        cells = [columns, *([str(row.get(key, "")) for key in columns] for row in mine)]
        widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
        lines = ("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in cells)
        parts += [title, *("  " + line for line in lines), ""]
    return "\n".join([*parts, *_in_all(rows)])


def _in_all(rows: list[dict[str, Any]]) -> list[str]:
    def total(kind: str, key: str) -> int:
        return sum(int(row.get(key) or 0) for row in rows if row["kind"] == kind)

    names = ("tagged", "in part", "refused", "lost")
    answers = ", ".join(f"{total('read', name):,} {name}" for name in names)
    return [
        f"In all: stopped at {total('stopped', 'tried'):,} moments of {total('stopped', 'asked'):,}, "
        f"{total('stopped', 'survived'):,} survived",
        f"        {total('read', 'files'):,} hostile inputs: {answers}",
    ]


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    print(table(Path(sys.argv[1])))
