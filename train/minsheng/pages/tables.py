"""Tables of a page: a header row, rows that begin with a header cell, and room to scroll on a phone."""

from __future__ import annotations

from collections.abc import Sequence

from minsheng.pages.markup import Child, Html, element


def table(head: Sequence[Child], rows: Sequence[Sequence[Child]], *, kind: str | None = None) -> Html:
    """The first cell of each row names it. `kind` is a class."""
    return element(
        "div",
        element(
            "table",
            element("thead", element("tr", [element("th", cell, scope="col") for cell in head])),
            element("tbody", [_row(row) for row in rows]),
            class_=kind,
        ),
        class_="scroll",
    )


def _row(cells: Sequence[Child]) -> Html:
    first, *rest = cells
    return element("tr", element("th", first, scope="row"), [element("td", cell) for cell in rest])


def section(key: str, title: Child, *content: Child) -> Html:
    """A part of the page that the contents can point at."""
    return element("section", element("h2", title), content, id=key)
