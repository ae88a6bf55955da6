"""What a page must hold for people who see little, use no mouse or hold a phone; asked of the page itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from browser import Page

# Every visible text against what lies behind it, as the browser resolved both (WCAG 2.2, 1.4.3, level AA).
_FAULTS = """
(() => {
  const faults = [];
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const painted = (colours) => {
    const key = colours.join("|");
    if (!known.has(key)) {
      for (const colour of ["white", ...colours]) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
      known.set(key, [...canvas.getImageData(0, 0, 1, 1).data.slice(0, 3)]);
    }
    return known.get(key);
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (node) => {
    const found = [];
    for (let at = node; at; at = at.parentElement) found.unshift(getComputedStyle(at).backgroundColor);
    return found;
  };
  let texts = 0;
  const look = (node, colour, text) => {
    const style = getComputedStyle(node), papers = behind(node);
    const [high, low] = [painted(papers), painted([...papers, colour])].map(luminance).sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05), size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    texts += 1;
    if (ratio >= (large ? 3 : 4.5)) return;
    faults.push(`contrast ${ratio.toFixed(2)}: ${node.tagName} ${node.className} ${text.slice(0, 30)}`);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement, text = walker.currentNode.textContent.trim();
    if (!text || !node.checkVisibility() || ["TITLE", "NOSCRIPT"].includes(node.tagName)) continue;
    const style = getComputedStyle(node);
    look(node, node.namespaceURI.endsWith("svg") ? style.fill : style.color, text);
  }
  for (const node of document.querySelectorAll("input")) {
    if (!node.labels.length && !node.getAttribute("aria-label")) faults.push(`no label: ${node.outerHTML}`);
    if (!node.placeholder || !node.checkVisibility()) continue;
    look(node, getComputedStyle(node, "::placeholder").color, "placeholder");
  }
  for (const node of document.querySelectorAll("th:not([scope])")) faults.push(`no scope: ${node.outerHTML}`);
  for (const node of document.querySelectorAll("table"))
    if (!node.querySelector("th")) faults.push(`no header: ${node.outerHTML.slice(0, 80)}`);
  for (const node of document.querySelectorAll("button:not([hidden]), a[href]"))
    if (!node.textContent.trim() && !node.getAttribute("aria-label")) faults.push(`no name: ${node.outerHTML}`);
  for (const node of document.querySelectorAll("svg:not([aria-label]):not([aria-hidden=true])"))
    faults.push(`no words: ${node.outerHTML.slice(0, 80)}`);
  const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push(`twice: ${id}`);
  const root = document.documentElement;
  if (!/^(zh-CN|en)$/.test(root.lang)) faults.push(`lang ${root.lang}`);
  if (root.scrollWidth > innerWidth || root.scrollWidth > root.clientWidth)
    for (const node of document.querySelectorAll("body *"))
      if (node.getBoundingClientRect().right > innerWidth + 1 && !node.closest(".scroll"))
        faults.push(`scrolls sideways: ${node.outerHTML.slice(0, 90)}`);
  return { faults: [...new Set(faults)], texts };
})()
"""
_FOCUSED = """
(() => {
  const node = document.activeElement;
  if (!node || node === document.body) return null;
  const shown = [node, node.parentElement].map((one) => getComputedStyle(one));
  return [node.outerHTML.slice(0, 90), shown.some((s) => s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 1)];
})()
"""


def assert_accessible(page: Page, *, texts: int) -> None:
    """No fault as the page now stands; at least `texts` pieces of text were looked at."""
    found: dict[str, Any] = page.run(_FAULTS)
    assert found["faults"] == [], "\n".join(found["faults"])
    assert found["texts"] >= texts, found["texts"]


def assert_alone(page: Page, file: Path) -> None:
    """Nothing was said on the console, and nothing but the file was asked for."""
    assert page.console == [] and page.requests, page.console
    assert {address.partition("#")[0] for address in page.requests} == {file.as_uri()}


def tabbed(page: Page, presses: int) -> list[str]:
    """What the Tab key reaches, in order; each must show that it has the focus."""
    reached = []
    for _ in range(presses):
        page.press("Tab")
        if (here := page.run(_FOCUSED)) is None:
            break
        assert here[1], f"the focus is not seen on {here[0]}"
        reached.append(here[0])
    return reached
