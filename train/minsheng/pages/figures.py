"""Every number of a page, formatted in one place; the exact value stands in `<data value="…">`."""

from __future__ import annotations

import math

from minsheng.evaluation import formatting as fmt
from minsheng.evaluation.estimates import Estimate
from minsheng.pages.markup import Html, element

NONE = "–"  # undefined


def _data(value: float | int, text: str) -> Html:
    return element("data", text, value=repr(value))


def plain(value: float | None) -> str:
    """Three decimals, as text for a label."""
    return fmt.decimal(value)


def score(value: float | None) -> Html:
    """Three decimals."""
    return Html(NONE) if value is None else _data(value, plain(value))


def threshold(value: float | None) -> Html:
    """Two decimals."""
    return Html(NONE) if value is None else _data(value, f"{value:.2f}")


def percent(value: float | None, *, digits: int = 1) -> Html:
    """A share in percent."""
    return Html(NONE) if value is None else _data(value, f"{100 * value:.{digits}f}%")


def at_least(bound: float | None) -> Html:
    """A lower bound in whole percent, cut and not rounded: 84.9 % is not 85 %, which a rule may ask for."""
    return Html(NONE) if bound is None else _data(bound, f"{math.floor(100 * bound + 1e-9)}%")


def count(value: int) -> Html:
    """A whole number with separators."""
    return _data(value, f"{value:,}")


def hundred(part: int, whole: int) -> Html:
    """How many of 100, by `formatting.per_hundred`."""
    return element("data", fmt.per_hundred(part, whole), value=f"{part}/{whole}")


def span(scale: tuple[float, float]) -> Html:
    """The two ends of a column of dots."""
    ends = [element("span", f"{end:g}") for end in scale]
    return element("span", ends, class_="span")


def difference(value: float | None) -> Html:
    """Three decimals with a sign."""
    return Html(NONE) if value is None else _data(value, f"{value:+.3f}".replace("-", "\u2212"))


def interval(estimate: Estimate) -> Html:
    """`low–high` with three decimals."""
    if estimate.low is None or estimate.high is None:
        return Html(NONE)
    return Html(f"{score(estimate.low)}–{score(estimate.high)}")


def percent_interval(estimate: Estimate) -> Html:
    """`low–high` in percent."""
    if estimate.low is None or estimate.high is None:
        return Html(NONE)
    return Html(f"{percent(estimate.low)}–{percent(estimate.high)}")


def difference_interval(estimate: Estimate) -> Html:
    """`low … high` with signs."""
    if estimate.low is None or estimate.high is None:
        return Html(NONE)
    return Html(f"{difference(estimate.low)}\u2009…\u2009{difference(estimate.high)}")


def with_interval(estimate: Estimate) -> Html:
    """The value, and its interval smaller beside it."""
    return Html(f"{score(estimate.value)} {element('small', interval(estimate))}")


def seconds(value: float | None, examples: int) -> Html:
    """Seconds for 1,000 paragraphs; `value` is for `examples`."""
    return Html(fmt.seconds_per_thousand(value, examples))


def megabytes(value: int | None) -> Html:
    """Size in MB."""
    return Html(NONE) if value is None else _data(value, f"{value / 1e6:.1f} MB")
