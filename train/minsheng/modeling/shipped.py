"""The models that are part of the package: no network, no path."""

from __future__ import annotations

from pathlib import Path

from minsheng.errors import ModelError

ENCODER = "minsheng-mini"
TAGGER = "minsheng-mini-livelihood"
_FOLDER = Path(__file__).resolve().parents[1] / "assets" / "models"


def shipped(name: str) -> Path | None:
    """The directory of a model that ships; None if no such name does.

    A directory of that name below the working directory comes first, as everywhere.
    """
    if name not in (ENCODER, TAGGER) or Path(name).exists():
        return None
    folder = _FOLDER / name
    if not (folder / "config.json").is_file():
        raise ModelError(
            f"{name}: ships with minsheng but is not in this installation; install minsheng again"
        )
    return folder
