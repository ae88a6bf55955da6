"""Colours that can be read: contrast as WCAG 2.2 defines it, and colours of data moved until they have it."""

from __future__ import annotations

LIGHT, DARK = "#ffffff", "#14181c"  # `--paper` of base.css
LIGHT_RAISED, DARK_RAISED = "#f5f7f9", "#1d2329"  # `--raised`: less contrast with text than paper
TEXT, GRAPHIC = 4.5, 3.0  # least contrast at level AA: 1.4.3 for text, 1.4.11 for what must be seen


def readable(colour: str, *, paper: str) -> str:
    """The colour, moved away from the paper's just so far that text in it has the contrast of level AA."""
    return _moved(colour, 0.0 if luminance(paper) > 0.5 else 255.0, (paper,), TEXT)


def visible(colour: str) -> str:
    """The colour, moved just so far that lines and signs in it can be seen on both papers."""
    too_light = contrast(colour, LIGHT) < GRAPHIC
    return _moved(colour, 0.0 if too_light else 255.0, (LIGHT, DARK), GRAPHIC)


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours `#rrggbb`, 1 to 21 (WCAG 2.2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb` (WCAG 2.2)."""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (value / 255 for value in channels(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def channels(colour: str) -> tuple[int, int, int]:
    """Red, green and blue of `#rrggbb`, 0 to 255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def mixed(colour: str, other: str, *, share: float) -> str:
    """`share` of the first colour over the second, as `color-mix(in srgb, …)` of CSS makes it."""
    pairs = zip(channels(colour), channels(other), strict=True)
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in pairs)


def _moved(colour: str, goal: float, papers: tuple[str, ...], least: float) -> str:
    for step in range(21):
        moved = "#" + "".join(f"{round(c + (goal - c) * step / 20):02x}" for c in channels(colour))
        if all(contrast(moved, paper) >= least for paper in papers):
            break
    return moved
