"""Numbers, words and tables of a Markdown report. `–` stands for what is undefined."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from minsheng.evaluation.estimates import Estimate

_NONE = "–"
_SHOWN = 160  # characters of a paragraph shown in a table


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, align: str = "---:") -> str:
    """A table; `align` is the rule of every column but the first. Cells from data go through `literal`."""
    lines = ["| " + " | ".join(row) + " |" for row in (head, *rows)]
    lines.insert(1, "| " + " | ".join(["---", *[align] * (len(head) - 1)]) + " |")
    return "\n".join(lines)


def literal(text: str) -> str:
    """Text from data on one line, shown as it is: nothing in it ends a cell or reads as markup."""
    return " ".join(re.sub(r"([\\`*\[\]<>|])", r"\\\1", text).split())


def shortened(text: str, *, most: int = _SHOWN) -> str:
    """The first `most` characters, the last of them an ellipsis where something was cut."""
    return text if len(text) <= most else text[: most - 1] + "…"


def counted(number: int, noun: str) -> str:
    """`1 group`, `2 groups`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def decimal(value: float | None) -> str:
    """Three decimals."""
    return _NONE if value is None else f"{value:.3f}"


def point(estimate: Estimate) -> str:
    """The value without its interval."""
    return decimal(estimate.value)


def interval(estimate: Estimate) -> str:
    """`low to high`: a dash between numbers that may be negative is hard to read."""
    if estimate.low is None or estimate.high is None:
        return _NONE
    return f"{estimate.low:.3f} to {estimate.high:.3f}"


def point_and_interval(estimate: Estimate, *, sign: bool = False) -> str:
    """`value (low to high)`."""
    if estimate.value is None:
        return _NONE
    value = f"{estimate.value:+.3f}" if sign else f"{estimate.value:.3f}"
    return f"{value} ({interval(estimate)})"


def percent(estimate: Estimate) -> str:
    """A share as a percentage with one decimal."""
    return _NONE if estimate.value is None else f"{100 * estimate.value:.1f} %"


def percent_interval(estimate: Estimate) -> str:
    """The interval of a share in percent."""
    if estimate.low is None or estimate.high is None:
        return _NONE
    return f"{100 * estimate.low:.1f} to {100 * estimate.high:.1f} %"


def percent_of(part: int, whole: int) -> str:
    """`part / whole` as a whole percentage."""
    return f"{100 * part / whole:.0f} %"


def per_hundred(part: int, whole: int) -> str:
    """How many of 100, as a whole number that says neither none nor all where that is not so."""
    if not whole:
        return _NONE
    share = round(100 * part / whole)
    return str(min(max(share, 1 if part else 0), 100 if part == whole else 99))


def seconds_per_thousand(seconds: float | None, examples: int) -> str:
    """Two significant digits: how long 1,000 paragraphs take."""
    if seconds is None or not examples:
        return _NONE
    value = 1000 * seconds / examples
    digits = 1 - math.floor(math.log10(value)) if value > 0 else 0
    return f"{round(value, digits):,.{max(0, digits)}f}"
