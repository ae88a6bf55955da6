"""The language of pages: what the person asked for, else that of the system."""

from __future__ import annotations

import locale
import os
from typing import Literal

Language = Literal["zh", "en"]


def system_language() -> Language:
    """`zh` where messages of the system are Chinese, else `en`. POSIX: the first of LC_ALL, LC_MESSAGES and
    LANG that is set; elsewhere the locale, which Windows calls `Chinese (Simplified)_China`."""
    named = next((value for key in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(key))), None)
    return "zh" if (named or locale.getlocale()[0] or "").lower().startswith(("zh", "chinese")) else "en"
