"""What the tests under `tests/faults` tried and what became of it, as a table that `scripts/test.py --faults` prints.

Each test adds lines to the file that MINSHENG_FAULTS_REPORT names (nothing is written where it names none).
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

KINDS = {
    "stopped": "Runs stopped and taken up again",
    "injected": "Careless commits that the harness must find",
    "read": "Hostile inputs",
    "bombs": "Bombs",
    "text": "Other text than reports",
    "licence": "Licences of what is installed with minsheng",
}


def record(kind: str, name: str, **values: Any) -> None:
    """Add a line to the report."""
    assert kind in KINDS
    place = os.environ.get("MINSHENG_FAULTS_REPORT")
    if place:
        with Path(place).open("a", encoding="utf-8", newline="\n") as out:
            out.write(json.dumps({"kind": kind, "name": name, **values}, ensure_ascii=False) + "\n")


def table(path: Path) -> str:
    """The report as plain text: one table a kind, with a column a value."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
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
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    print(table(Path(sys.argv[1])))
