"""Optimizers, learning rates and the one way in which gradients become an update.

Shared by fine-tuning and pre-training.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from minsheng.config.schema import OptimizerConfig
from minsheng.errors import TrainingError
from minsheng.modeling.sharding import full_tensor

if TYPE_CHECKING:
    import torch
    from accelerate import Accelerator
    from torch.optim import Optimizer

Schedule = Callable[[int], float]


def layer_depths(names: Sequence[str]) -> dict[str, int]:
    """Depth of each parameter: 0 for embeddings, 1.. for the blocks, one more than the last for the rest.

    Blocks are found by the number in the name (`encoder.layer.3.`, `layers.3.`), as in every BERT-like
    model of transformers.
    """
    found = {name: re.search(r"\.(?:layer|layers|h|block)\.(\d+)\.", name) for name in names}
    top = max((int(m.group(1)) + 1 for m in found.values() if m), default=0) + 1
    return {
        name: int(match.group(1)) + 1 if match else 0 if "embeddings" in name else top
        for name, match in found.items()
    }


def _groups(
    named: Sequence[tuple[str, torch.Tensor]], config: OptimizerConfig, *, layer_decay: bool
) -> list[dict[str, Any]]:
    depths = layer_depths([name for name, _ in named])
    top = max(depths.values(), default=0)
    groups: dict[tuple[float, float], list[torch.Tensor]] = {}
    for name, parameter in named:
        # Biases and norm weights are vectors; shrinking them towards zero only harms.
        decay = config.weight_decay if parameter.ndim > 1 else 0.0
        rate = config.learning_rate
        if depths[name] == top and config.head_learning_rate is not None and layer_decay:
            rate = config.head_learning_rate
        elif layer_decay:
            rate *= config.layer_decay ** (top - depths[name])
        groups.setdefault((rate, decay), []).append(parameter)
    return [{"params": p, "lr": rate, "weight_decay": decay} for (rate, decay), p in groups.items()]


def build_optimizers(
    model: torch.nn.Module, config: OptimizerConfig, *, layer_decay: bool = True
) -> list[Optimizer]:
    """The optimizers that together hold every trainable parameter once.

    `adamw`: AdamW for all. `muon`: Muon (Jordan 2024; torch's own) for the matrices of the blocks, its
    step scaled to AdamW's so that one learning rate serves both (Liu et al. 2025), and AdamW for
    embeddings, heads and vectors. Each group remembers its `base` rate for `set_learning_rate`.
    """
    import torch

    named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    adam: dict[str, Any] = {"betas": (config.beta1, config.beta2), "eps": config.epsilon, "fused": True}
    if config.kind == "adamw":
        optimizers: list[Optimizer] = [
            torch.optim.AdamW(_groups(named, config, layer_decay=layer_decay), **adam)
        ]
    else:
        depths = layer_depths([name for name, _ in named])
        top = max(depths.values(), default=0)
        inner = [(n, p) for n, p in named if p.ndim == 2 and 0 < depths[n] < top]
        names = {n for n, _ in inner}
        outer = [(n, p) for n, p in named if n not in names]
        optimizers = [torch.optim.AdamW(_groups(outer, config, layer_decay=False), **adam)]
        if inner:
            muon = _groups(inner, config, layer_decay=False)
            optimizers.append(torch.optim.Muon(muon, adjust_lr_fn="match_rms_adamw"))
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["base"] = group["lr"]
    return optimizers


def set_learning_rate(optimizers: Sequence[Optimizer], factor: float) -> None:
    """Every group gets its base rate times `factor`."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = group["base"] * factor


def warmup_and_decay(total: int, *, warmup: float, shape: str) -> Schedule:
    """Factor of the learning rate at update 0, 1, …, `total` - 1.

    Rises linearly over the share `warmup` of all updates (the first update already moves), then falls
    to zero just after the last one along a line or half a cosine, or stays.
    """
    rising = round(total * warmup)

    def factor(update: int) -> float:
        if update < rising:
            return (update + 1) / (rising + 1)
        if shape == "constant":
            return 1.0
        done = (update - rising) / max(1, total - rising)
        return 1.0 - done if shape == "linear" else 0.5 * (1.0 + math.cos(math.pi * done))

    return factor


def warmup_stable_decay(total: int, *, warmup: float, decay: float) -> Schedule:
    """Rise, stay, and fall linearly over the last share `decay` (WSD: Hu et al. 2024).

    Unlike a cosine it can be prolonged: a run that stopped before its decay goes on as if it had been
    longer from the start.
    """
    rising, falling = round(total * warmup), round(total * decay)

    def factor(update: int) -> float:
        if update < rising:
            return (update + 1) / (rising + 1)
        return min(1.0, (total - update) / falling) if falling else 1.0

    return factor


def seed_update(seed: int, update: int, *, rank: int) -> None:
    """Seed what is random in one update of one process, so that a restart draws the same dropout."""
    import torch

    torch.manual_seed((seed * 1_000_003 + update) * 1_009 + rank)


def apply_update(
    accelerator: Accelerator,
    model: torch.nn.Module,
    optimizers: Sequence[Optimizer],
    *,
    clip: float,
    loss: float,
    update: int,
) -> float:
    """Clip, step, clear; returns the gradient norm before clipping.

    Raises TrainingError, before any weight moves, if loss or gradient is not finite.
    """
    norm = float(full_tensor(accelerator.clip_grad_norm_(model.parameters(), clip)))
    scaled = accelerator.scaler is not None  # fp16: the scaler skips an overflowing step by itself
    if not math.isfinite(loss) or not (math.isfinite(norm) or scaled):
        raise TrainingError(
            f"update {update}: the loss is {loss} and the gradient norm {norm}; weights were left as they were. "
            "Lower optimizer.learning_rate or use run.precision=no"
        )
    for optimizer in optimizers:
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return norm
