"""HTML and SVG built so that text is escaped unless it is markup already."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Union

from minsheng.pages.shell import escaped


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


Child = Union[str, int, None, "Iterable[Child]"]

_VOID = {"br", "hr", "img", "input", "meta", "wbr"}


def element(tag: str, /, *children: Child, **attributes: object) -> Html:
    """`<tag …>children</tag>`. Children that are not `Html` are escaped, None and empty ones left out.

    `class_` is the attribute `class`, `stroke_width` is `stroke-width`; None and False leave an attribute out,
    True gives it without a value.
    """
    parts = [tag]
    for name, value in attributes.items():
        if value is not None and value is not False:
            name = name.rstrip("_").replace("_", "-")
            parts.append(name if value is True else f'{name}="{escaped(value)}"')
    start = f"<{' '.join(parts)}>"
    return Html(start) if tag in _VOID else Html(f"{start}{joined(children)}</{tag}>")


def joined(children: Child) -> Html:
    """The children one after the other, escaped where they are not markup."""
    if children is None:
        return Html("")
    if isinstance(children, Html):
        return children
    if isinstance(children, str | int):
        return Html(escaped(children))
    return Html("".join(joined(child) for child in children))


def filled(template: str, **values: Child) -> Html:
    """`template` with each `{name}` replaced; template and values are escaped where they are not markup."""
    text = escaped(template)  # braces are not touched by escaping
    return Html(text.format(**{name: joined(value) for name, value in values.items()}))
