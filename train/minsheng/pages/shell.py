"""The frame of every page: one file, no network, a strict Content-Security-Policy.

Only the inline style and the inline script whose SHA-256 the policy names are in force (CSP Level 3,
section 8.4), so that text which slipped past escaping could still run nothing and load nothing. Hence no
`style="…"` and no `on…="…"` in any page.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_ASSETS = Path(__file__).resolve().parents[1] / "assets" / "pages"


def escaped(value: object) -> str:
    """Text for an element or a quoted attribute. Every value that comes from data goes through here."""
    return html.escape(str(value), quote=True)


def asset(name: str) -> str:
    """A style sheet or script that ships, e.g. `base.css`."""
    return (_ASSETS / name).read_text(encoding="utf-8")


def data_block(name: str, value: Any) -> str:
    """JSON that the page's script reads by `JSON.parse(document.getElementById(name).textContent)`."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # Nothing in it can end the element, open a comment, or (U+2028) break a line of script.
    for mark in "<>&\u2028\u2029":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return f'<script type="application/json" id="{escaped(name)}">{text}</script>'


def page(
    *, title: str, lang: str, body: str, styles: str, script: str = "", data: Mapping[str, Any] | None = None
) -> str:
    """A whole HTML document. `body` is HTML already; `styles` and `script` are our own, never from data."""
    style, blocks = asset("base.css") + styles, [data_block(k, v) for k, v in (data or {}).items()]
    policy = f"default-src 'none'; style-src '{_hash(style)}'; base-uri 'none'; form-action 'none'"
    if script:
        policy += f"; script-src '{_hash(script)}'"
    return "\n".join(
        [
            "<!doctype html>",
            f'<html lang="{escaped(lang)}">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{escaped(policy)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escaped(title)}</title>",
            f"<style>{style}</style>",
            "</head>",
            "<body>",
            body,
            *blocks,
            *([f"<script>{script}</script>"] if script else []),
            "</body>",
            "</html>",
            "",
        ]
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
