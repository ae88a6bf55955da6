"""The language of pages and messages: what the person asked for, else that of the system."""

from __future__ import annotations

import locale
import os
import sys
from typing import Literal

Language = Literal["zh", "en"]


def system_language() -> Language:
    """`zh` where messages of the system are Chinese, else `en`.

    `MINSHENG_LANG` (zh or en) decides before all others. POSIX: the first of LC_ALL, LC_MESSAGES and LANG
    that is set. Elsewhere the language of Windows' own menus, then the locale, which Windows calls
    `Chinese (Simplified)_China`.
    """
    keys = ("MINSHENG_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
    named = next((value for key in keys if (value := os.environ.get(key))), None)
    named = named or _windows() or locale.getlocale()[0] or ""
    return "zh" if named.lower().startswith(("zh", "chinese")) else "en"


def _windows() -> str | None:
    """The language of the user interface, such as `zh_CN`; None on other systems."""
    if sys.platform != "win32":
        return None
    import ctypes

    number: int = ctypes.windll.kernel32.GetUserDefaultUILanguage()
    return locale.windows_locale.get(number)
