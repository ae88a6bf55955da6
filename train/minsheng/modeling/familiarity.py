"""How familiar a text is: whether its characters follow each other as in the text that a model learnt from.

A novel, a poem or a chat in Chinese holds no unknown token and may earn no label with much confidence, but nobody
has measured how often that is right there. Such text is for a person to look at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from minsheng.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NAME = "familiarity.safetensors"
_BUCKETS = 2**16  # pairs of characters are hashed, so that a saved table holds no text; 131 kB
_SMOOTHING = 0.5  # added to each count (Jeffreys)
_MIX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)  # odd, their bits evenly spread


@dataclass(frozen=True, slots=True, eq=False)
class Familiarity:
    """Log-probabilities of hashed character pairs `(65536,)`, and the least mean of them that is familiar."""

    table: NDArray[np.float16]
    floor: float

    def value(self, text: str) -> float | None:
        """Mean log-probability of the pairs of characters; None for a text without any."""
        pairs = _pairs(text)
        return float(self.table[pairs].mean(dtype=np.float64)) if len(pairs) else None

    def knows(self, text: str) -> bool:
        """Whether the text reaches the floor; one without a pair does not."""
        value = self.value(text)
        return value is not None and value >= self.floor

    def save(self, folder: Path) -> None:
        """Writes `familiarity.safetensors`."""
        from safetensors.numpy import save_file

        save_file({"table": self.table, "floor": np.array([self.floor])}, folder / _NAME)


def fit_familiarity(texts: Sequence[str], validation: Sequence[str], *, share: float) -> Familiarity:
    """Count the pairs in training texts; the floor leaves out `share` of the validation texts, rounded down."""
    counts = np.full(_BUCKETS, _SMOOTHING)
    for text in texts:
        np.add.at(counts, _pairs(text), 1)
    table = np.log(counts / counts.sum()).astype(np.float16)
    values = (Familiarity(table, 0.0).value(text) for text in validation)
    ordered = sorted(value for value in values if value is not None)
    return Familiarity(table, ordered[int(share * len(ordered))] if ordered else -np.inf)


def load_familiarity(folder: Path) -> Familiarity | None:
    """What `Familiarity.save` wrote; None in a directory of an earlier version. Raises ModelError."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    place = folder / _NAME
    if not place.exists():
        return None
    try:
        tensors: dict[str, NDArray[Any]] = load_file(place)
        table, floor = tensors["table"], tensors["floor"]
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise ModelError(f"{place}: cannot be read ({error}); train the model again") from error
    if table.shape != (_BUCKETS,) or table.dtype != np.float16 or floor.shape != (1,):
        raise ModelError(f"{place}: not of this version, or damaged; train the model again")
    if not np.isfinite(table).all() or np.isnan(floor[0]):
        raise ModelError(f"{place}: holds a number that is none; train the model again")
    return Familiarity(table, float(floor[0]))


def _pairs(text: str) -> NDArray[np.int64]:
    """The bucket of each pair of neighbouring characters; space is left out and all digits are one."""
    codes = np.frombuffer("".join(text.split()).encode("utf-32-le", "surrogatepass"), dtype="<u4")
    codes = np.where((codes >= ord("0")) & (codes <= ord("9")), ord("0"), codes).astype(np.uint64)
    mixed = (codes[:-1] * _MIX[0] + codes[1:]) * _MIX[1]
    return np.asarray((mixed >> np.uint64(32)) % np.uint64(_BUCKETS), dtype=np.int64)
