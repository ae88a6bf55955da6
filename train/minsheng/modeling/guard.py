"""The measured guard of the fast path: are the labels in int8 those of float32?

Compared once, when a model has been trained, on its validation set; the outcome stands in `minsheng.json`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from minsheng.modeling.batches import Ids
from minsheng.modeling.calibration import Calibration
from minsheng.modeling.forward import OpenVinoForward
from minsheng.modeling.inference import predict_logits
from minsheng.modeling.network import UnsupportedError
from minsheng.modeling.precision import cpu_has_int8

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LEAST_SAME = 0.99  # share of passages with the same labels
_LEAST_PASSAGES = 100


@dataclass(frozen=True, slots=True)
class Guard:
    """`same`: share of passages whose labels are those of float32; `furthest`: largest change of a probability."""

    passages: int
    same: float
    furthest: float

    def refusal(self) -> str | None:
        """Why int8 may not be used; None where it may."""
        if self.passages < _LEAST_PASSAGES:
            return f"it was compared on {self.passages} passages, fewer than {_LEAST_PASSAGES}"
        if self.same < _LEAST_SAME:
            return f"only {self.same:.1%} of {self.passages} passages got the labels of float32"
        return None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def guard_from(data: Mapping[str, Any] | None) -> Guard | None:
    """The value of `to_dict`. Raises ValueError, KeyError, TypeError."""
    if data is None:
        return None
    guard = Guard(int(data["passages"]), float(data["same"]), float(data["furthest"]))
    if not (0 <= guard.same <= 1 and guard.passages >= 0):
        raise ValueError(f"int8: {dict(data)}")
    return guard


def compare_int8(
    folder: Path,
    encoded: Sequence[Ids],
    *,
    exact: NDArray[np.float64],
    calibration: Calibration,
    max_tokens: int,
    pad_id: int,
) -> Guard | None:
    """Compare a model directory in int8 with its float32 probabilities `exact` (examples, labels).

    None where int8 cannot be computed here.
    """
    from minsheng.modeling.calibration import probabilities

    if not cpu_has_int8() or not len(encoded):
        return None
    try:
        forward = OpenVinoForward(folder, precision="int8", threads=0, max_tokens=max_tokens)
    except UnsupportedError:
        return None
    logits = predict_logits(forward, encoded, pad_id=pad_id, tokens=forward.batch_tokens).astype(np.float64)
    fast = probabilities(logits, single_label=calibration.thresholds is None)
    same = (calibration.decide(fast) == calibration.decide(exact)).all(axis=1)
    return Guard(len(encoded), float(same.mean()), float(np.abs(fast - exact).max()))
