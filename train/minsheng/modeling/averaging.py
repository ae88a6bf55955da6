"""An average of the weights over the updates, which often generalises better than the last ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minsheng.modeling.sharding import shard_like

if TYPE_CHECKING:
    import torch


class WeightAverage:
    """Exponential moving average of the weights (Polyak & Juditsky 1992); decay 0 keeps none."""

    def __init__(self, model: torch.nn.Module, decay: float, stored: dict[str, torch.Tensor] | None) -> None:
        self._decay = decay
        state = model.state_dict()
        self.weights = {k: shard_like(v, state[k]) for k, v in stored.items()} if stored else (
            {name: value.detach().clone() for name, value in state.items()} if decay else {}
        )  # fmt: skip

    def update(self, model: torch.nn.Module, number: int) -> None:
        """Take in the weights after update `number`; early ones are forgotten faster."""
        decay = min(self._decay, (1 + number) / (10 + number))
        for name, value in model.state_dict().items():
            if name in self.weights:
                if value.is_floating_point():
                    self.weights[name].lerp_(value.detach(), 1.0 - decay)
                else:
                    self.weights[name].copy_(value)
