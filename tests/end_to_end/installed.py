"""Run by `scripts/test.py` with an installed wheel, outside the checkout: read, train, tag."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

EDUCATION = "全县新建小学{n}所，新增学位{m}个，招聘教师{n}名，乡村学校的孩子都能吃上营养午餐。"
ROADS = "今年改造农村公路{n}公里，修缮桥梁{m}座，客运班线通到了所有行政村，货运量增长百分之{n}。"


def minsheng(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "minsheng", *arguments], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def main() -> None:
    import minsheng as package

    assert "site-packages" in str(package.__file__), package.__file__
    rows = [
        {"text": pattern.format(n=n + 2, m=3 * n + 7), "labels": labels, "group": f"{n % 10}"}
        for n in range(40)
        for pattern, labels in ((EDUCATION, ["education"]), (ROADS, []))
    ]
    Path("data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    Path("run.yaml").write_text(
        "run: {output: run}\n"
        "data: {train: data.jsonl, validation_share: 0.2, max_duplicates: 100}\n"
        "model: {architecture: {layers: 1, hidden: 32, intermediate: 64, heads: 1}, tokenizer: {vocabulary: 200}}\n"
        "optimizer: {learning_rate: 5e-3}\n"
        "schedule: {epochs: 8}\n",
        encoding="utf-8",
    )
    Path("报告.txt").write_text(
        "一、教育\n" + EDUCATION.format(n=5, m=60) + "\n二、交通\n" + ROADS.format(n=5, m=60),
        encoding="utf-8",
    )
    assert "[1]" in minsheng("read", "报告.txt")
    minsheng("train", "run.yaml")
    minsheng("tag", "报告.txt", "--model", "run/model", "--out", "tags")
    with Path("tags/tags.csv").open(encoding="utf-8-sig", newline="") as table:
        found = [row["labels"] for row in csv.DictReader(table)]
    assert found == ["education", ""], found
    minsheng("tag", "报告.txt")  # with the tagger that ships, into minsheng-tags
    with Path("minsheng-tags/tags.csv").open(encoding="utf-8-sig", newline="") as table:
        assert [row["labels"] for row in csv.DictReader(table)] == ["education", ""]
    assert Path("minsheng-tags/report.html").is_file()
    print("the installed package read, trained and tagged")


if __name__ == "__main__":
    main()
