from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minsheng.evaluation.estimates import Bin, CurvePoint, Estimate
from minsheng.pages import charts
from minsheng.pages.markup import Html

SHARE = st.floats(0, 1)
HOSTILE = "</svg><script>alert(1)</script>\"'&"


def drawn(svg: Html) -> ET.Element:
    """Parses, and stays inside its own frame."""
    root = ET.fromstring(svg)
    left, top, width, height = map(float, root.attrib["viewBox"].split())
    for node in root.iter():
        for key, size in (("cx", width), ("cy", height), ("x", width), ("y", height)):
            assert 0 <= float(node.attrib.get(key, 0)) <= size, (key, node.attrib)
        assert "style" not in node.attrib and not any(name.startswith("on") for name in node.attrib)
    assert left == top == 0
    return root


@given(SHARE, SHARE, SHARE, SHARE)
def test_a_bar_is_as_long_as_its_share(share: float, low: float, high: float, goal: float) -> None:
    root = drawn(charts.bar(share, min(low, high), max(low, high), colour="#123456", goal=goal))
    filled = [node for node in root if node.attrib.get("fill") == "#123456"]
    assert float(filled[0].attrib["width"]) == pytest.approx(140 * share, abs=0.01)
    empty = drawn(charts.bar(None, None, None, colour="#123456", goal=goal))
    assert not [node for node in empty if node.attrib.get("fill") == "#123456"]


@given(st.floats(-1, 1), st.floats(0.01, 1))
def test_a_dot_stands_in_proportion(value: float, width: float) -> None:
    root = drawn(charts.dot(Estimate(value, value, value), low=-width, high=width))
    place = float(next(node for node in root if node.tag == "circle").attrib["cx"])
    wanted = 50 + 46 * max(-1.0, min(1.0, value / width))
    assert place == pytest.approx(wanted, abs=0.02)
    assert [node for node in root if node.attrib.get("class") == "zero"]
    assert len(drawn(charts.dot(Estimate(None, None, None), low=0, high=1))) == 1


@given(st.lists(st.tuples(SHARE, SHARE), max_size=5))
def test_a_scale_holds_every_interval(ends: list[tuple[float, float]]) -> None:
    estimates = [Estimate(max(pair), min(pair), max(pair)) for pair in ends]
    low, high = charts.scale(estimates)
    assert high == 1 and low <= 0.9 and all(e.low is not None and low <= e.low for e in estimates)


def test_a_curve_goes_through_its_points() -> None:
    curve = (CurvePoint(0.9, 1.0, 0.25), CurvePoint(0.5, 0.75, 0.5), CurvePoint(0.1, 0.5, 1.0))
    root = drawn(
        charts.precision_recall(
            curve, chosen=(0.5, 0.75), prevalence=0.3, colour="#123456", axes=("x", "y"), label=HOSTILE
        )
    )
    line = next(node for node in root if node.attrib.get("stroke") == "#123456").attrib["d"]
    x, y = (lambda share: f"{38 + 160 * share:g}"), (lambda share: f"{10 + 160 * (1 - share):g}")
    assert line == (f"M{x(0)} {y(1)}" + "".join(f"V{y(p.precision)}H{x(p.recall)}" for p in curve))
    dot = next(node for node in root if node.attrib.get("fill") == "#123456").attrib
    assert (dot["cx"], dot["cy"]) == (x(0.5), y(0.75))
    assert root.attrib["aria-label"] == HOSTILE == root[0].text


def test_reliability_shows_every_bin_before_and_after() -> None:
    after = (Bin(0.1, 0.2, 5), Bin(0.7, 0.6, 5))
    before = (Bin(0.05, 0.2, 4), Bin(0.5, 0.5, 3), Bin(0.9, 0.6, 3))
    root = drawn(charts.reliability(after, before, colour="#123456", axes=("x", "y"), label="l"))
    circles = [node.attrib for node in root if node.tag == "circle"]
    assert len([c for c in circles if c.get("fill")]) == 2 and len(circles) == 5
    drawn(charts.reliability((), None, colour="#123456", axes=("x", "y"), label="l"))


def test_signs_differ_by_shape_and_not_only_by_colour() -> None:
    shapes = {re.sub(r'fill="[^"]*"', "", charts.mark(place, "#123456")) for place in range(6)}
    assert len(shapes) == 6
    assert charts.colour_of("#2f6fb7", 3) == "#2f6fb7"
    assert len({charts.colour_of(None, place) for place in range(6)}) == 6
