"""The language of the command line: what the code says in English is the key, `words_*` hold the Chinese.

`words_help` has the texts of `--help`, `words_screen` what commands print, `words_errors` the messages of
errors, as templates. A text that is not there is shown in English.
"""

from __future__ import annotations

import re
import sys
from functools import cache
from typing import Any

from minsheng.pages.language import Language, system_language


def language() -> Language:
    """That of the system, or of `MINSHENG_LANG`; English where the terminal cannot show Chinese."""
    if system_language() == "en":
        return "en"
    try:
        "中文".encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return "en"
    return "zh"


def say(text: str, /, **values: Any) -> str:
    """`text` in the person's language, with its `{placeholders}` filled in."""
    if language() == "zh":
        from minsheng.cli.words_screen import SCREEN

        text = SCREEN.get(text, text)
    return text.format(**values)


def phrase(text: str) -> str:
    """A text that is filled in already (of a bar, or an error) in the person's language, as far as it is known."""
    if language() == "en":
        return text
    from minsheng.cli.words_screen import SCREEN

    return SCREEN.get(text) or translated(text)


def translated(message: str) -> str:
    """The Chinese of a message that one of the templates of `words_errors` matches, else the message itself."""
    for pattern, chinese in _patterns():
        if (found := pattern.fullmatch(message)) is not None:
            parts = {
                # Only these hold words of ours; the others are names, numbers and what a library says.
                name: translated(value or "") if name.startswith(("hint", "rest")) else value
                for name, value in found.groupdict().items()
            }
            return chinese.format(**parts)
    return message


def pattern_of(template: str) -> re.Pattern[str]:
    """What a template matches: `{name}` stands for any text, a `{hint…}` for none or one after `;` or in ()."""
    pieces = re.split(r"\{(\w+)\}", template)
    body = "".join(
        (rf"(?P<{piece}>(?:(?:; | \().*)?)" if piece.startswith("hint") else f"(?P<{piece}>.+?)")
        if place % 2
        else re.escape(piece)
        for place, piece in enumerate(pieces)
    )
    return re.compile(body, re.DOTALL)


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    from minsheng.cli.words_errors import MESSAGES

    return [(pattern_of(english), chinese) for english, chinese in MESSAGES.items()]
