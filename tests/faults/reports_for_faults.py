"""A small folder of reports, good and bad, for runs that are stopped: five parts, read in a moment."""

from __future__ import annotations

import csv
from pathlib import Path

from conftest import EXAMPLES, made_records


def write(folder: Path) -> None:
    """Make the folder."""
    from docx import Document

    folder.mkdir(parents=True)
    book = Document()
    for kind in ("healthcare", "pensions", "housing"):
        book.add_paragraph(EXAMPLES[kind].format(n=8, m=30))
    book.save(str(folder / "b.docx"))
    with (folder / "c.csv").open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["id", "text"])
        rows.writerows([row["id"], row["text"]] for row in made_records(40))
    (folder / "d.txt").write_bytes(b"")
    patterns = list(EXAMPLES.values())
    for number in range(130):  # two parts and a bit
        text = patterns[number % 6].format(n=number + 2, m=7 * number) + "\n"
        (folder / f"e{number:03}.txt").write_text(text, encoding="utf-8")
