"""The tags page at its limits in Chromium: a very large run, and a policy that holds against what gets in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from audit import assert_alone
from browser import Browser, needs_chromium
from tags_run import passage, write_run

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    running = Browser(tmp_path_factory.mktemp("chromium") / "profile")
    yield running
    running.close()


def test_fifty_thousand_passages(browser: Browser, tmp_path: Path) -> None:
    text = "新建社区食堂{n}处，" * 12 + "方便老人就近用餐。"
    documents = [{"document": f"{d}.txt", "date": None, "title": None, "problems": ""} for d in range(500)]
    base = passage("0.txt", 0, "一。", "pensions")
    tags = [base | {"document": f"{n // 100}.txt", "passage": n % 100, "text": text.replace("{n}", str(n))}
            for n in range(50_000)]  # fmt: skip
    (report,) = write_run(tmp_path / "run", tags=tags, documents=documents)
    nodes = "document.querySelectorAll('*').length"
    with browser.open(report) as page:
        page.send("Performance.enable", timeDomain="threadTicks")
        page.go(report.as_uri() + "#")
        assert page.run(nodes) < 3000 and page.run("blocks.size") == 0
        metrics = {m["name"]: m["value"] for m in page.send("Performance.getMetrics")["metrics"]}
        # Processor time of the page, which other work on the machine does not lengthen as it does the clock's.
        assert 0 < metrics["TaskDuration"] < 3, metrics
        page.go(report.as_uri() + "#d=420&p=90")
        page.wait("document.querySelector('article.on')")
        assert page.run("active.text").startswith("新建社区食堂42090处")
        assert 0 <= page.run("document.querySelector('article.on').getBoundingClientRect().top") < 900
        assert page.run("blocks.size") == 1 and page.run(nodes) < 9000
        page.press("k")
        assert page.run("active.number") == 89
        page.go(report.as_uri() + "#all=1")
        page.wait("list.length === 50000")
        assert page.run("document.querySelectorAll('article').length") < 600
        page.run("$('search').value = '食堂49999处', $('search').dispatchEvent(new Event('input'))")
        page.wait("list.length === 1")
        assert page.run("document.querySelectorAll('article').length") == 1
        assert_alone(page, report)


def test_the_policy_is_in_force_and_what_it_stops_is_heard(browser: Browser, tmp_path: Path) -> None:
    report = write_run(tmp_path / "run")[0]
    with browser.open(report) as page:
        found = page.run("""(async () => { const told = {};
          document.body.setAttribute("style", "color: red");
          told.colour = document.body.style.color;
          const script = el("script", "", "document.title = 'ran'");
          document.body.append(script);
          told.title = document.title;
          try { await fetch("https://example.org/"); told.fetched = true; } catch { told.fetched = false; }
          return told; })()""")  # fmt: skip
        assert found == {"colour": "", "title": "标签总览", "fetched": False}
        assert sum("Content Security Policy" in line for line in page.console) >= 3


def test_a_page_that_asks_the_network_would_be_caught(browser: Browser, tmp_path: Path) -> None:
    leaky = tmp_path / "leaky.html"
    leaky.write_text(
        "<!doctype html><img src='http://127.0.0.1:9/x.png'><script>throw Error('x')</script>", "utf-8"
    )
    with browser.open(leaky) as page:
        assert page.requests == [leaky.as_uri(), "http://127.0.0.1:9/x.png"] and page.console
