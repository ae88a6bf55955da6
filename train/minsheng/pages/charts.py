"""Charts as inline SVG. Colours of data are presentation attributes; all else is in `evaluation.css`.

Shares lie in [0, 1]. Each chart carries a label that says in words what it shows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from minsheng.evaluation.estimates import Bin, CurvePoint, Estimate
from minsheng.pages.colours import visible
from minsheng.pages.markup import Child, Html, element

_PALETTE = ("#2f6fb7", "#c0392b", "#8e5ea2", "#c9822b", "#2e8b57", "#5b6b7a")
_LEFT, _TOP, _SIDE = 38.0, 10.0, 160.0  # the square in which both axes run from 0 to 1
_BAR = 140.0


def colour_of(colour: str | None, place: int) -> str:
    """The taxonomy's colour, or one of six where it has none, such that it can be seen on both papers."""
    return visible(colour or _PALETTE[place % len(_PALETTE)])


def mark(place: int, colour: str) -> Html:
    """A small sign for a domain: its shape differs too, for those who see no colours and for grey prints."""
    shapes = [
        element("circle", cx=6, cy=6, r=5),
        element("rect", x=1.5, y=1.5, width=9, height=9),
        element("path", d="M6 0.8 11.6 10.8H0.4Z"),
        element("path", d="M6 0.2 11.8 6 6 11.8 0.2 6Z"),
        element("path", d="M4.2 0.8h3.6v3.4h3.4v3.6H7.8v3.4H4.2V7.8H0.8V4.2h3.4Z"),
        element("path", d="M0.8 1.2H11.2L6 11.2Z"),
    ]
    return element(
        "svg",
        shapes[place % len(shapes)],
        class_="mark",
        viewBox="0 0 12 12",
        fill=colour,
        aria_hidden="true",
    )


def bar(share: float | None, low: float | None, high: float | None, *, colour: str, goal: float) -> Html:
    """A strip of 0 to 1 filled up to `share`, a line over its interval, and a tick at `goal`."""
    parts: list[Child] = [element("rect", x=0, y=5, width=_n(_BAR), height=6, class_="track")]
    if share is not None:
        parts.append(element("rect", x=0, y=5, width=_n(_BAR * share), height=6, fill=colour))
    if low is not None and high is not None:
        path = f"M{_n(_BAR * low)} 8H{_n(_BAR * high)}M{_n(_BAR * low)} 4V12M{_n(_BAR * high)} 4V12"
        parts.append(element("path", d=path, class_="whisker"))
    parts.append(element("path", d=f"M{_n(_BAR * goal)} 0V16", class_="goal"))
    return element("svg", parts, class_="bar", viewBox=f"0 0 {_n(_BAR)} 16", aria_hidden="true")


def dot(estimate: Estimate, *, low: float, high: float, colour: str = "currentColor") -> Html:
    """A value and its interval on a line from `low` to `high`, for a column of a table.

    A tick stands at zero where the line crosses it.
    """

    def place(value: float) -> float:
        return 4 + 92 * min(max((value - low) / (high - low), 0), 1)

    parts: list[Child] = [element("path", d="M4 7H96", class_="track-line")]
    if low < 0 < high:
        parts.append(element("path", d=f"M{_n(place(0))} 1V13", class_="zero"))
    if estimate.low is not None and estimate.high is not None:
        line = f"M{_n(place(estimate.low))} 7H{_n(place(estimate.high))}"
        parts.append(element("path", d=line, class_="range", stroke=colour))
    if estimate.value is not None:
        parts.append(element("circle", cx=_n(place(estimate.value)), cy=7, r=3.2, fill=colour))
    return element("svg", parts, class_="dot", viewBox="0 0 100 14", aria_hidden="true")


def scale(estimates: Iterable[Estimate]) -> tuple[float, float]:
    """From a tenth below the lowest interval to 1, so that a column of dots shows differences."""
    lows = [value for e in estimates for value in (e.low, e.value) if value is not None]
    return min(math.floor(10 * min(lows, default=0.0)) / 10, 0.9), 1.0


def precision_recall(
    curve: Sequence[CurvePoint],
    *,
    chosen: tuple[float, float] | None,
    prevalence: float,
    colour: str,
    axes: tuple[str, str],
    label: str,
) -> Html:
    """The curve as steps, the point of the decisions `(recall, precision)`, and what guessing would give.

    `axes` are the names of the x and the y axis.
    """
    parts = [*_frame(axes)]
    level = _y(prevalence)
    parts.append(element("path", d=f"M{_n(_x(0))} {_n(level)}H{_n(_x(1))}", class_="reference"))
    if curve:
        steps = [f"M{_n(_x(0))} {_n(_y(curve[0].precision))}"]
        # Between two points recall is bought at the precision of the second: the steps of average precision.
        steps += [f"V{_n(_y(point.precision))}H{_n(_x(point.recall))}" for point in curve]
        parts.append(element("path", d="".join(steps), class_="line", stroke=colour))
    if chosen is not None:
        recall, precision = chosen
        parts.append(element("circle", cx=_n(_x(recall)), cy=_n(_y(precision)), r=5, class_="halo"))
        parts.append(element("circle", cx=_n(_x(recall)), cy=_n(_y(precision)), r=3.5, fill=colour))
    return _chart(parts, label)


def reliability(
    after: Sequence[Bin], before: Sequence[Bin] | None, *, colour: str, axes: tuple[str, str], label: str
) -> Html:
    """Share of positives over mean score, a dot a bin; hollow before calibration. On the diagonal scores are
    probabilities."""
    parts = [*_frame(axes)]
    diagonal = f"M{_n(_x(0))} {_n(_y(0))}L{_n(_x(1))} {_n(_y(1))}"
    parts.append(element("path", d=diagonal, class_="reference"))
    if before is not None:
        parts.append(element("path", d=_line(before), class_="before"))
        parts += [
            element("circle", cx=_n(_x(b.score)), cy=_n(_y(b.frequency)), r=3, class_="before")
            for b in before
        ]
    parts.append(element("path", d=_line(after), class_="line", stroke=colour))
    parts += [element("circle", cx=_n(_x(b.score)), cy=_n(_y(b.frequency)), r=3, fill=colour) for b in after]
    return _chart(parts, label)


def _line(bins: Sequence[Bin]) -> str:
    return "M" + "L".join(f"{_n(_x(b.score))} {_n(_y(b.frequency))}" for b in bins) if bins else ""


def _frame(axes: tuple[str, str]) -> list[Child]:
    """Grid, ticks and names of the axes."""
    lines = "".join(
        f"M{_n(_x(0))} {_n(_y(tick))}H{_n(_x(1))}M{_n(_x(tick))} {_n(_y(0))}V{_n(_y(1))}"
        for tick in (0, 0.5, 1)
    )
    parts: list[Child] = [element("path", d=lines, class_="grid")]
    for tick, text in ((0.0, "0"), (0.5, "0.5"), (1.0, "1")):
        parts.append(element("text", text, x=_n(_x(tick)), y=_n(_y(0) + 14), text_anchor="middle"))
        parts.append(element("text", text, x=_n(_x(0) - 6), y=_n(_y(tick) + 4), text_anchor="end"))
    parts.append(element("text", axes[0], x=_n(_x(0.5)), y=_n(_y(0) + 28), text_anchor="middle"))
    middle = f"translate(9 {_n(_y(0.5))}) rotate(-90)"
    parts.append(element("text", axes[1], transform=middle, text_anchor="middle"))
    return parts


def _chart(parts: Sequence[Child], label: str) -> Html:
    size = f"0 0 {_n(_LEFT + _SIDE + 10)} {_n(_TOP + _SIDE + 34)}"
    return element(
        "svg", element("title", label), parts, class_="chart", viewBox=size, role="img", aria_label=label
    )


def _x(share: float) -> float:
    return _LEFT + _SIDE * share


def _y(share: float) -> float:
    return _TOP + _SIDE * (1 - share)


def _n(value: float) -> str:
    """A coordinate with two decimals at most."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
