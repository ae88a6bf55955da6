"""Remake the pictures of the README: `python scripts/screenshots.py` (needs Chromium and fonts-noto-cjk).

Tags `data/samples` and evaluates `data/corpus/test.jsonl` with the tagger that ships, where minsheng is
installed, and takes pictures of both pages into `data/images/`. Times in them are those of this machine.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "data" / "images"
MOST = 300_000  # bytes of a picture
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--virtual-time-budget=5000",
)  # fmt: skip
# Picture: page, place in it, size of the window.
PICTURES = {
    "tags-zh": ("tags/report.html", "", "1280,1120"),
    "reading-zh": ("tags/report.html", "#d=1&p=2", "1280,900"),
    "evaluation-zh": ("evaluation/report.html", "", "1280,1100"),
    "evaluation-en": ("evaluation/en.html", "", "1280,1170"),
}


def main() -> None:
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    chromium = next((found for name in names if (found := shutil.which(name))), None)
    if chromium is None:
        sys.exit("no Chromium on the PATH (Debian: apt-get install chromium fonts-noto-cjk)")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        made = Path(temporary)
        tag = ("tag", "data/samples", "--out", made / "tags")
        score = ("evaluate", "data/corpus/test.jsonl", "--contrast", "data/contrast.jsonl")
        for command in (tag, (*score, "--out", made / "evaluation")):
            line = [sys.executable, "-m", "minsheng", *map(str, command), "--lang", "zh"]
            subprocess.run(line, cwd=ROOT, check=True)
        from minsheng.evaluation.values import Evaluation
        from minsheng.pages.evaluation import evaluation_page

        value = Evaluation.from_json((made / "evaluation/evaluation.json").read_text(encoding="utf-8"))
        (made / "evaluation/en.html").write_text(evaluation_page(value, lang="en"), encoding="utf-8")
        for name, (page, place, size) in PICTURES.items():
            file, address = IMAGES / f"{name}.png", (made / page).as_uri() + place
            options = (f"--user-data-dir={made / 'profile'}", f"--window-size={size}", f"--screenshot={file}")
            subprocess.run([chromium, *FLAGS, *options, address], check=True, capture_output=True)
            if file.stat().st_size > MOST:
                sys.exit(f"{file}: more than {MOST:,} bytes; make the window smaller")


if __name__ == "__main__":
    main()
