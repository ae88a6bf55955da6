"""A model whose weights are sharded over the processes (FSDP2 through accelerate), for code that saves and loads.

What gathers is called by all processes together, in the same order. A model that is not sharded passes unchanged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from accelerate import Accelerator
    from torch.optim import Optimizer
    from transformers import PreTrainedModel


def is_sharded(accelerator: Accelerator) -> bool:
    """Whether every forward and backward pass is one of all processes together."""
    from accelerate import DistributedType

    return bool(accelerator.distributed_type == DistributedType.FSDP)


def full_tensor(tensor: torch.Tensor) -> torch.Tensor:
    """The whole of a tensor, which may be sharded."""
    gather = getattr(tensor, "full_tensor", None)
    found: torch.Tensor = tensor if gather is None else gather()
    return found


def shard_like(tensor: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """A whole tensor, the same in every process, sharded and placed as another of its shape is."""
    from torch.distributed.tensor import DTensor, distribute_tensor

    tensor = tensor.to(like.device)
    return (
        distribute_tensor(tensor, like.device_mesh, like.placements) if isinstance(like, DTensor) else tensor
    )


def prepare(
    accelerator: Accelerator, model: torch.nn.Module, optimizers: Sequence[Optimizer]
) -> tuple[Any, list[Any]]:
    """`accelerator.prepare`, which by itself leaves the state of optimizers behind where it shards a model."""
    import torch

    states = [[optimizer.state.get(p, {}) for p in _parameters(optimizer)] for optimizer in optimizers]
    if is_sharded(accelerator):
        _name_layers(accelerator.state.fsdp_plugin, model)
    model, *prepared = accelerator.prepare(model, *optimizers)
    if is_sharded(accelerator):
        for optimizer, held in zip(prepared, states, strict=True):
            optimizer.state.clear()
            for p, state in zip(_parameters(optimizer), held, strict=True):
                if state:
                    optimizer.state[p] = {
                        name: shard_like(value, p)
                        if isinstance(value, torch.Tensor) and value.shape == p.shape
                        else value
                        for name, value in state.items()
                    }
    return model, prepared


def full_classifier(model: PreTrainedModel) -> PreTrainedModel:
    """A copy on the CPU that is not sharded. Collective."""
    from transformers import AutoModelForSequenceClassification

    copy: PreTrainedModel = AutoModelForSequenceClassification.from_config(model.config)
    copy.load_state_dict({name: full_tensor(value).cpu() for name, value in model.state_dict().items()})
    return copy


def _parameters(optimizer: Optimizer) -> list[torch.Tensor]:
    return [p for group in optimizer.param_groups for p in group["params"]]


def _name_layers(plugin: Any, model: Any) -> None:
    """Have each layer gathered by itself.

    Beside the layers transformers names the module around the embeddings; accelerate 1.15 shards these by themselves
    too, and torch refuses what is sharded twice.
    """
    if plugin.transformer_cls_names_to_wrap is None:
        embeddings = model.get_input_embeddings()
        names = {type(m).__name__ for m in model.modules() if embeddings not in set(m.modules())}
        plugin.transformer_cls_names_to_wrap = sorted(names & set(model._no_split_modules))
