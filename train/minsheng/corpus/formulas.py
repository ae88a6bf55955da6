"""Cells of tables that a spreadsheet would run as formulas: guarded when written, given back when read."""

from __future__ import annotations

import re

# What makes a spreadsheet take a cell for a formula (OWASP, "CSV injection"), the full-width marks too, which
# East Asian versions accept; with what stands before it and is passed over.
_FORMULA = re.compile(r"'*+(?:[\t\r\n]|\s*+[=+\-@＝＋－＠])")


def is_formula(text: str) -> bool:
    """Whether a cell with this text would begin a formula, perhaps after apostrophes."""
    return _FORMULA.match(text) is not None


def guard(text: str) -> str:
    """A cell that no spreadsheet runs: an apostrophe goes before text that would begin a formula.

    Only text that begins so (perhaps after apostrophes) is changed, and `unguard` gives back every text as it was.
    """
    return "'" + text if is_formula(text) else text


def unguard(text: str) -> str:
    """The text of a cell that `guard` wrote: without the apostrophe before the beginning of a formula."""
    return text[1:] if text.startswith("'") and is_formula(text[1:]) else text
