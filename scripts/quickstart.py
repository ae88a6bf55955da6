"""From nothing to tagged reports: `python3 scripts/quickstart.py`.

Makes a virtual environment, installs, tags the sample reports with the tagger that ships, and says what was
found; then trains a model of your own from the encoder that ships, on the corpus that ships, and evaluates it.
Standard library only; the same on Linux, macOS and Windows. Works without a network once the packages are
installed.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import time
import unicodedata
import venv
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
RUN = Path("runs") / "quickstart"
TAGS = Path("runs") / "quickstart-tags"
OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "PYTHONUTF8": "1"}


def step(title: str, *command: str | Path) -> float:
    """Run one command from the repository's root; returns its seconds, or stops everything."""
    print(
        f"\n── {title}\n   $ {' '.join(Path(c).name if Path(c).is_absolute() else str(c) for c in command)}",
        flush=True,
    )
    began = time.monotonic()
    done = subprocess.run([str(part) for part in command], cwd=ROOT, env={**os.environ, **OFFLINE})
    if done.returncode:
        sys.exit(f"── {title}: failed with exit code {done.returncode}")
    return time.monotonic() - began


def width(text: str) -> int:
    """Columns of a terminal that a text takes: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def show(tags: Path) -> None:
    """A row a document: passages, and how many speak of each domain."""
    with (tags / "tags.csv").open(encoding="utf-8-sig", newline="") as table:
        rows = list(csv.DictReader(table))
    with (tags / "documents.csv").open(encoding="utf-8-sig", newline="") as table:
        names = [
            c.removesuffix("_passages")
            for c in csv.DictReader(table).fieldnames or []
            if c.endswith("_passages")
        ]
    documents = dict.fromkeys(row["document"] for row in rows)
    header = ["document", "passages", *names, "none", "review"]
    lines = [header]
    for document in documents:
        own = [row for row in rows if row["document"] == document]
        counts = Counter(name for row in own for name in names if row[name] == "1")
        none = sum(not row["labels"] for row in own)
        review = sum(row["decision"] == "review" for row in own)
        lines.append(
            [Path(document).name, str(len(own)), *(str(counts[n]) for n in names), str(none), str(review)]
        )
    columns = [max(width(line[i]) for line in lines) for i in range(len(header))]
    print()
    for line in lines:
        cells = [line[0] + " " * (columns[0] - width(line[0]))]
        cells += [" " * (columns[i] - width(cell)) + cell for i, cell in enumerate(line) if i]
        print("  ".join(cells))


def main() -> None:
    if sys.version_info < (3, 11):
        sys.exit(f"minsheng needs Python 3.11 or newer; this is {sys.version.split()[0]}")
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    python = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        print(f"── environment: {ENVIRONMENT}", flush=True)
        venv.create(ENVIRONMENT, with_pip=True, clear=True)
    installing = step(
        "install", python, "-m", "pip", "install", "--quiet", "-c", "constraints.txt", "-e", "."
    )
    minsheng = (python, "-m", "minsheng")
    began = time.monotonic()
    step("tag", *minsheng, "tag", "data/samples", "--out", TAGS, "--overwrite")
    show(ROOT / TAGS)
    step("train", *minsheng, "train", "configs/quickstart.yaml", "--overwrite")
    step("evaluate", *minsheng, "evaluate", RUN / "model", "data/corpus/test.jsonl")
    print(
        f"\nDone in {time.monotonic() - began:.0f} s after {installing:.0f} s of installation.\n"
        f"  the sample reports, tagged   {TAGS / 'tags.xlsx'} (also .csv, .jsonl, .parquet)\n"
        f"  a model of your own          {RUN / 'model'}\n"
        f"  how good that one is         {RUN / 'evaluation' / 'evaluation.md'}"
    )


if __name__ == "__main__":
    main()
