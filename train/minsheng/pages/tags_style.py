"""The rules of a page that depend on the taxonomy: a colour and a line for each domain.

A domain is told by its short name and by the form of its line as well, never by its colour alone.
"""

from __future__ import annotations

from minsheng.taxonomy import Taxonomy

_LINES = ("solid", "double", "dotted", "dashed", "wavy")
# Okabe & Ito (2008), for domains without a colour of their own.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
_LIGHT, _DARK = "#ffffff", "#14181c"  # `--paper` of base.css
_CONTRAST = 4.5  # WCAG 2.2, 1.4.3, level AA


def domain_styles(taxonomy: Taxonomy) -> str:
    """CSS that gives the class `kN` of domain N its `--k` (colour) and `--form` (line)."""
    light, dark = [], []
    for number, domain in enumerate(taxonomy.domains):
        colour = domain.colour or _COLOURS[number % len(_COLOURS)]
        form = _LINES[number % len(_LINES)]
        light.append(f".k{number} {{ --k: {readable(colour, paper=_LIGHT)}; --form: {form}; }}")
        dark.append(f".k{number} {{ --k: {readable(colour, paper=_DARK)}; }}")
    return "\n".join([*light, "@media screen and (prefers-color-scheme: dark) {", *dark, "}", ""])


def readable(colour: str, *, paper: str) -> str:
    """The colour, moved away from the paper's just so far that text in it has the contrast of level AA."""
    goal = 0.0 if luminance(paper) > 0.5 else 255.0
    channels = _channels(colour)
    for step in range(21):
        mixed = "#" + "".join(f"{round(c + (goal - c) * step / 20):02x}" for c in channels)
        if contrast(mixed, paper) >= _CONTRAST:
            return mixed
    return mixed


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours `#rrggbb`, 1 to 21 (WCAG 2.2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb` (WCAG 2.2)."""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (value / 255 for value in _channels(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
