"""Contrast of WCAG 2.2, level AA, computed from the style sheets and the taxonomies, without a browser."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minsheng.pages import charts
from minsheng.pages.colours import (
    DARK,
    DARK_RAISED,
    GRAPHIC,
    LIGHT,
    LIGHT_RAISED,
    TEXT,
    contrast,
    mixed,
    readable,
    visible,
)
from minsheng.pages.shell import asset
from minsheng.pages.tags_style import domain_styles
from minsheng.taxonomy import load_taxonomy

colours = st.integers(0, 0xFFFFFF).map(lambda value: f"#{value:06x}")
TAXONOMIES = ("livelihood", "livelihood-and-work")


def variables(*, dark: bool) -> dict[str, str]:
    """The custom properties in force: those of light, and in dark mode what replaces them."""
    found: dict[str, str] = {}
    for name in ("base.css", "tags.css"):
        light, _, rest = asset(name).partition("prefers-color-scheme: dark")
        replaced = rest.partition("}\n")[0]
        for text in (light, replaced) if dark else (light,):
            found |= dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})\b", text))
    return found


@pytest.mark.parametrize("dark", [False, True])
def test_words_and_controls_of_both_schemes(dark: bool) -> None:
    v = variables(dark=dark)
    assert len(v) >= 11
    assert (v["paper"], v["raised"]) == ((DARK, DARK_RAISED) if dark else (LIGHT, LIGHT_RAISED))
    text = [
        (ink, paper)
        for ink in ("ink", "soft", "accent", "good", "fair", "bad")
        for paper in ("paper", "raised")
    ]
    text += [
        ("paper", "accent"),
        ("paper", "ink"),
        ("ink", "hit"),
    ]  # the button, a chip pressed, a word found
    for one, other in text:
        assert contrast(v[one], v[other]) >= TEXT, (one, other)
    for one, other in (("control", "paper"), ("accent", "paper"), ("accent", "raised"), ("soft", "paper")):
        assert contrast(v[one], v[other]) >= GRAPHIC, (one, other)


@pytest.mark.parametrize("dark", [False, True])
def test_words_on_shades_of_the_evaluation_page(dark: bool) -> None:
    v = variables(dark=dark)
    shades = re.findall(
        r"^\.?(heat\d|mark) \{ background: color-mix\(in srgb, var\(--(\w+)\) (\d+)%",
        asset("evaluation.css"),
        re.M,
    )
    assert len(shades) == 5
    for name, colour, share in shades:
        shade = mixed(v[colour], v["paper"], share=int(share) / 100)
        assert contrast(v["ink"], shade) >= TEXT, name


@pytest.mark.parametrize("name", TAXONOMIES)
def test_domains_of_both_pages(name: str) -> None:
    taxonomy = load_taxonomy(name)
    light, dark = domain_styles(taxonomy).split("@media")
    for styles, papers in ((light, (LIGHT, LIGHT_RAISED)), (dark, (DARK, DARK_RAISED))):
        found = re.findall(r"--k: (#\w+)", styles)
        assert len(found) == len(taxonomy.keys)
        for colour in found:
            assert all(contrast(colour, paper) >= TEXT for paper in papers), colour
    forms = re.findall(r"--form: (\w+)", light)
    assert len(set(forms)) == min(5, len(taxonomy.keys))  # told apart without colour
    for place, domain in enumerate(taxonomy.domains):
        drawn = charts.colour_of(domain.colour, place)
        assert contrast(drawn, LIGHT) >= GRAPHIC and contrast(drawn, DARK) >= GRAPHIC


@given(colours, st.sampled_from([LIGHT, DARK, LIGHT_RAISED, DARK_RAISED]))
def test_every_colour_becomes_readable_and_only_where_it_is_not(colour: str, paper: str) -> None:
    made = readable(colour, paper=paper)
    assert contrast(made, paper) >= TEXT
    if contrast(colour, paper) >= TEXT:
        assert made == colour


@given(colours)
def test_every_colour_becomes_visible_on_both_papers(colour: str) -> None:
    made = visible(colour)
    assert min(contrast(made, LIGHT), contrast(made, DARK)) >= GRAPHIC
    if min(contrast(colour, LIGHT), contrast(colour, DARK)) >= GRAPHIC:
        assert made == colour


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert mixed("#ff0000", "#0000ff", share=0.25) == "#4000bf"
