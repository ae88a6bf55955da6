"""The tags page in Chromium: a driver script is added to the page's own, so that no other tool is needed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from tags_run import TAGS, TAXONOMY, write_run

from minsheng.corpus.exchange import formats
from minsheng.corpus.records import read_records
from minsheng.pages import shell, tags

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))),
    None,
)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")

# What the driver reports becomes the text of an element, and that the result.
DRIVER = """
;(async () => {
  const told = {};
  const press = (key) => document.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  const visible = () => [...document.querySelectorAll("article")].map((node) => node.passage.text);
  const go = async (hash) => { location.hash = hash; await new Promise((done) => setTimeout(done, 50)); };
  try { STEPS } catch (error) { told.error = `${error.message} ${error.stack}`; }
  const out = document.createElement("output");
  out.textContent = JSON.stringify(told);
  document.body.append(out);
})();
"""


@pytest.fixture
def drive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run steps in the page of a run and return what they put into `told`, and what the console said."""
    original = shell.asset

    def run(steps: str, **options: Any) -> tuple[dict[str, Any], str]:
        added = DRIVER.replace("STEPS", steps)
        monkeypatch.setattr(
            tags, "asset", lambda name: original(name) + (added if name == "tags_documents.js" else "")
        )
        report = write_run(tmp_path / "run", **options)[0]
        done = subprocess.run(
            [
                str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                f"--user-data-dir={tmp_path / 'profile'}", "--enable-logging=stderr", "--v=0",
                "--virtual-time-budget=8000", "--dump-dom", report.as_uri(),
            ],
            capture_output=True, text=True, encoding="utf-8", timeout=120, check=False,
        )  # fmt: skip
        output = re.search(r"<output>(.*)</output>", done.stdout, re.S)
        assert output, done.stderr[-2000:] + done.stdout[-2000:]
        console = "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)
        return json.loads(unescape(output[1])), console

    return run


def test_corrections_come_back_as_labelled_records(drive: Any, tmp_path: Path) -> None:
    told, console = drive("""
      localStorage.clear();
      await go("d=0");
      press("j"); press("j"); press("1"); press("3");   // second passage: education off, pensions on
      press("j"); press("y");                           // third: right as it is
      told.ask = (save(), $("message").textContent);
      await go("d=3");
      document.querySelectorAll("article")[1].click();
      document.querySelector("article.on .choices input").click();
      press("j"); press("1"); press("u");               // given and taken back
      $("annotator").value = " 甲 ";
      // Files are read beside the page, for which the driver's virtual clock does not wait.
      window.Blob = class { constructor(parts) { told.saved = parts.join(""); } };
      URL.createObjectURL = () => "#";
      save();
      told.kept = Object.keys(JSON.parse(localStorage.getItem(PLACE))).length;
      made.clear();
      await take({ text: async () => `${told.saved}{"id": "x", "text": "y", "labels": []}` });
      told.message = $("message").textContent;
      told.again = made.size;
      await take({ text: async () => "no labels" });
      told.wrong = $("message").textContent;
    """)
    assert "error" not in told and console == "", (told.get("error"), console)
    assert told["ask"] == "请先填写标注人。"
    assert (told["kept"], told["again"]) == (3, 3)
    assert "载入 3 段；1 行" in told["message"] and "不是标注" in told["wrong"]
    saved = tmp_path / "saved.jsonl"
    saved.write_bytes(told["saved"].encode())
    records = read_records(saved, TAXONOMY.keys)  # as `minsheng train` reads them
    assert [(r.id, r.text, r.labels, r.group) for r in records] == [
        ("甲/报告.pdf:1", TAGS[1]["text"], ("healthcare", "pensions"), "甲/报告.pdf"),
        ("甲/报告.pdf:2", TAGS[2]["text"], (), "甲/报告.pdf"),
        ("丙.csv#7:0~2", TAGS[5]["text"], ("education", "housing"), "丙.csv#7"),
    ]
    assert {r.annotator for r in records} == {"甲"} and {r.source for r in records} == {"minsheng-tag"}
    assert [r.date for r in records] == [None, None, "2024-01-02"]
    assert records[0].meta["suggestion"]["labels"] == ["education", "healthcare"]
    assert records[0].meta["suggestion"]["scores"]["healthcare"] == 0.875
    assert (records[0].meta["page"], records[0].meta["decision"]) == (3, "auto")
    rows = formats.read(saved, TAXONOMY)  # as `minsheng corpus import` reads them
    assert [row["labels"] for row in rows] == [list(r.labels) for r in records]


def test_reading_filters_and_links(drive: Any) -> None:
    told, console = drive("""
      localStorage.clear();
      told.title = document.title;
      told.documents = [...document.querySelectorAll("#documents tr")].map((row) => row.innerText);
      await go("d=0&p=1");
      told.active = active.text;
      told.place = document.querySelectorAll(".place")[0].innerText;
      const [first, second] = document.querySelectorAll("article");
      told.evidence = [...first.querySelectorAll(".evidence")].map((e) => e.textContent);
      told.both = second.querySelectorAll(".evidence .evidence").length;
      told.tips = [...second.querySelectorAll(".mark")].map((m) => m.dataset.tip);
      told.headings = [...document.querySelectorAll("#list h3")].map((head) => head.textContent);
      await go("all=1"); told.all = visible();
      await go("all=1&k=housing"); told.housing = visible();
      await go("all=1&k=housing,healthcare"); told.either = visible();
      await go("all=1&k="); told.none = visible();
      await go("all=1&r=1"); told.review = visible();
      change({ review: false, q: "三所 学位" }); told.search = visible();
      told.marks = [...document.querySelectorAll("mark")].map((mark) => mark.textContent);
      told.hash = decodeURIComponent(location.hash);
      change({ q: "没有这个词" }); told.empty = $("list").innerText;
      await go(""); told.overview = !$("overview").hidden && $("reader").hidden;
      $("find-document").value = "乙"; $("find-document").dispatchEvent(new Event("input"));
      told.named = document.querySelectorAll("#documents tr").length;
    """)
    assert "error" not in told and console == "", (told.get("error"), console)
    assert told["title"] == "标签总览"  # no text of the data ran
    assert len(told["documents"]) == 4 and "乱码 × 2" in told["documents"][0]
    assert told["active"] == TAGS[1]["text"] and told["place"].split() == ["第", "3", "页，字符", "120–260"]
    assert told["evidence"] == ["𠮷镇新建小学三所。"] and told["both"] == 1
    assert told["tips"] == ["教育 88%", "医疗卫生 88%"]
    assert told["headings"][0] == "一、教育" and "</script>" in told["headings"][1]
    texts = [t["text"] for t in TAGS]
    assert told["all"] == texts
    assert told["housing"] == texts[4:6] and told["either"] == [texts[1], *texts[4:6]]
    assert told["none"] == texts[2:4] and told["review"] == [texts[2], texts[5]]
    assert told["search"] == texts[:1] and told["marks"] == ["三所", "学位"]
    assert told["hash"] == "#all=1&q=三所+学位" and "没有符合条件的段落" in told["empty"]
    assert told["overview"] and told["named"] == 1


def test_only_what_is_near_the_screen_is_drawn(drive: Any) -> None:
    lines = [TAGS[3] | {"passage": n, "text": f"第{n}件事办好了。" * 9} for n in range(3000)]
    told, console = drive("""
      await go("d=0&p=2900");
      told.drawn = document.querySelectorAll("article").length;
      told.top = document.querySelector("article.on").getBoundingClientRect().top;
      press("k"); told.before = active.number;
      told.parsed = blocks.size;
    """, tags=lines, documents=[{"document": "乙.txt", "date": None, "title": None, "problems": ""}])  # fmt: skip
    assert "error" not in told and console == "", (told.get("error"), console)
    assert 0 < told["drawn"] < 600 and 0 <= told["top"] < 700
    assert told["before"] == 2899 and told["parsed"] == 1


def test_the_policy_is_in_force_and_the_console_is_heard(drive: Any) -> None:
    told, console = drive("""
      document.body.setAttribute("style", "color: red");
      told.colour = document.body.style.color;
      const script = el("script", "", "document.title = 'ran'");
      document.body.append(script);
      told.title = document.title;
      try { await fetch("https://example.org/"); told.fetched = true; } catch { told.fetched = false; }
    """)
    assert told == {"colour": "", "title": "标签总览", "fetched": False}
    assert console.count("Content Security Policy") >= 3
