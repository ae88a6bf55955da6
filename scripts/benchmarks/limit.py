"""The machine's own rate of matrix products, against which the contenders are held."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from benchmarks.workers import Line

_SHAPES = ((2048, 768, 3072), (2048, 3072, 768), (2048, 2048, 2048))  # rows, inner, columns
_SECONDS = 0.12  # of one measurement


def serve_limit(line: Line, *, small: bool) -> None:
    """Each answer: GFLOP/s by precision, the best of three shapes that a BERT multiplies.

    fp32 and bf16: `linear` with weights (columns, inner), as torch has them; int8: `_int_mm`. A
    precision that torch cannot multiply here is missing.
    """
    import torch

    device = (torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None) or "cpu"
    products = _products(torch.device(device), small=small)
    line.ready()
    for _ in line:
        with torch.inference_mode():
            line.answer({name: max(_rate(*item) for item in items) for name, items in products.items()})


def _products(device: Any, *, small: bool) -> dict[str, list[tuple[Callable[[], Any], float]]]:
    """By precision: what can be multiplied here, and its operations."""
    import torch
    from torch.nn.functional import linear

    def bytes_of(*shape: int) -> torch.Tensor:
        return torch.randint(-127, 127, shape, dtype=torch.int8, device=device)

    found: dict[str, list[tuple[Callable[[], Any], float]]] = {}
    for m, k, n in _SHAPES[:1] if small else _SHAPES:
        plain = torch.randn(m, k, device=device), torch.randn(n, k, device=device)
        half = plain[0].bfloat16(), plain[1].bfloat16()
        whole = bytes_of(m, k), bytes_of(k, n)
        candidates: list[tuple[str, Callable[[], Any]]] = [
            ("fp32", lambda a=plain: linear(*a)),
            ("bf16", lambda a=half: linear(*a)),
            ("int8", lambda a=whole: torch._int_mm(*a)),
        ]
        for name, product in candidates:
            try:
                product()
            except (RuntimeError, NotImplementedError):
                continue
            found.setdefault(name, []).append((product, 2.0 * m * k * n))
    return found


def _rate(product: Callable[[], Any], operations: float) -> float:
    import torch

    wait = torch.accelerator.synchronize if torch.accelerator.is_available() else lambda: None
    best, began = 0.0, time.perf_counter()
    while True:
        start = time.perf_counter()
        product()
        wait()
        end = time.perf_counter()
        best = max(best, operations / (end - start) / 1e9)
        if end - began > _SECONDS:
            return best
