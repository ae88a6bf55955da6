"""The rules of a page that depend on the taxonomy: a colour and a line for each domain.

A domain is told by its short name and by the form of its line as well, never by its colour alone.
"""

from __future__ import annotations

from minsheng.pages.colours import DARK_RAISED, LIGHT_RAISED, readable
from minsheng.taxonomy import Taxonomy

_LINES = ("solid", "double", "dotted", "dashed", "wavy")
# Okabe & Ito (2008), for domains without a colour of their own.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")


def domain_styles(taxonomy: Taxonomy) -> str:
    """CSS that gives the class `kN` of domain N its `--k` (colour) and `--form` (line)."""
    light, dark = [], []
    for number, domain in enumerate(taxonomy.domains):
        colour = domain.colour or _COLOURS[number % len(_COLOURS)]
        form = _LINES[number % len(_LINES)]
        light.append(f".k{number} {{ --k: {readable(colour, paper=LIGHT_RAISED)}; --form: {form}; }}")
        dark.append(f".k{number} {{ --k: {readable(colour, paper=DARK_RAISED)}; }}")
    return "\n".join([*light, "@media screen and (prefers-color-scheme: dark) {", *dark, "}", ""])
