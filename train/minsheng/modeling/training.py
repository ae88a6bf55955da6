"""Fine-tuning as a generator of updates; saving, logging and stopping live outside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from minsheng.config.schema import LossConfig, TrainConfig
from minsheng.modeling.batches import Ids, Update, collate, plan_batches, plan_epoch, updates_an_epoch
from minsheng.modeling.joining import join_examples
from minsheng.modeling.optimization import Schedule, apply_update, seed_update, set_learning_rate
from minsheng.modeling.sharding import is_sharded

if TYPE_CHECKING:
    import torch
    from accelerate import Accelerator
    from numpy.typing import NDArray
    from torch.optim import Optimizer

# What one micro-batch more costs a CPU, in tokens: weights made bf16 again, gradients added to those before.
_OVERHEAD = 128

# Logits (batch, labels) and rows of targets (batch, columns) → the losses of the examples, added up.
Loss: TypeAlias = "Callable[[torch.Tensor, torch.Tensor], torch.Tensor]"


@dataclass(frozen=True, slots=True)
class Examples:
    """Token ids and `targets` (examples, columns) float32, as the loss of the run understands them.

    For labels alone: a column a label, 1.0 where it holds.
    """

    encoded: Sequence[Ids]
    targets: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.encoded)


@dataclass(frozen=True, slots=True)
class TrainStep:
    """One update: `loss` is the mean over its examples; `examples` seen since the start of the run."""

    update: int
    epoch: int
    examples: int
    loss: float
    learning_rate: float
    gradient_norm: float
    ends_epoch: bool


def positive_weights(targets: NDArray[np.float32], how: str) -> NDArray[np.float32]:
    """Weight of the positives of each label, (labels,).

    `balanced`: negatives / positives; `sqrt`: its root, which keeps probabilities nearer the truth;
    never above 20, so that a label seen twice does not rule the rest.
    """
    if how == "none":
        return np.ones(targets.shape[1], dtype=np.float32)
    positives = targets.sum(axis=0).clip(1.0)
    ratio = ((len(targets) - positives) / positives).clip(0.05, 20.0)
    return np.asarray(ratio if how == "balanced" else np.sqrt(ratio), dtype=np.float32)


def example_losses(
    logits: torch.Tensor,
    targets: torch.Tensor,
    weights: torch.Tensor,
    config: LossConfig,
    *,
    single_label: bool,
) -> torch.Tensor:
    """The loss of each example of a batch, (batch,).

    Multi-label: binary cross-entropy averaged over the labels. Single-label: cross-entropy. `logits` and
    `targets`: (batch, labels); `weights`: (labels,).
    """
    from torch.nn import functional

    logits = logits.float()
    if single_label:
        return functional.cross_entropy(
            logits, targets.argmax(-1), weights, label_smoothing=config.smoothing, reduction="none"
        )
    soft = targets * (1.0 - 2.0 * config.smoothing) + config.smoothing
    losses = functional.binary_cross_entropy_with_logits(logits, soft, pos_weight=weights, reduction="none")
    return losses.mean(-1)


def summed_loss(
    logits: torch.Tensor,
    targets: torch.Tensor,
    weights: torch.Tensor,
    config: LossConfig,
    *,
    single_label: bool,
) -> torch.Tensor:
    """`example_losses`, added up."""
    return example_losses(logits, targets, weights, config, single_label=single_label).sum()


def label_loss(targets: NDArray[np.float32], config: LossConfig, *, single_label: bool) -> Loss:
    """`summed_loss` with the weights of the labels as `targets` (examples, labels) have them."""
    import torch

    weights = torch.from_numpy(positive_weights(targets, config.label_weights))

    def loss(logits: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        return summed_loss(logits, rows, weights.to(logits.device), config, single_label=single_label)

    return loss


def total_updates(examples: int, config: TrainConfig) -> int:
    """Updates of a whole run without early stopping."""
    return config.schedule.epochs * updates_an_epoch(examples, examples=config.batches.examples)


def _micro_batches(
    update: Update, data: Examples, config: TrainConfig, number: int, *, overhead: int | None
) -> list[tuple[list[Ids], NDArray[np.float32]]]:
    """Ids and targets of each micro-batch of an update."""
    # A rank without examples in a small last update still takes part, with a batch that counts nothing.
    batches = update.batches or [[0]]
    if not config.data.join:
        return [([data.encoded[i] for i in batch], data.targets[batch]) for batch in batches]
    chosen = [i for batch in batches for i in batch]
    ids, rows = join_examples(
        chosen, data.encoded, data.targets,
        share=config.data.join, longest=config.model.max_tokens, seed=(config.seed, number),
    )  # fmt: skip
    plan = plan_batches([len(one) for one in ids], tokens=config.batches.tokens, overhead=overhead)
    return [([ids[i] for i in batch], rows[batch]) for batch in plan]


def train_updates(
    model: torch.nn.Module,
    optimizers: Sequence[Optimizer],
    data: Examples,
    *,
    config: TrainConfig,
    pad_id: int,
    accelerator: Accelerator,
    factor: Schedule,
    start: int = 0,
    loss_of: Loss | None = None,
) -> Iterator[TrainStep]:
    """Run updates `start`, `start` + 1, … and yield after each one. `loss_of`: None for that of labels.

    The gradient of an update is that of its summed loss divided by its number of examples, whatever the
    micro-batches and processes. Random draws (dropout) are seeded by update and process, so that a
    restart at any update goes on exactly. Raises TrainingError on a loss that is not finite.
    """
    import torch

    device, sharded = accelerator.device, is_sharded(accelerator)
    overhead = (
        _OVERHEAD if device.type == "cpu" else None
    )  # a GPU computes padding faster than one batch more
    if loss_of is None:
        loss_of = label_loss(data.targets, config.loss, single_label=config.problem == "single_label")
    lengths = [len(ids) for ids in data.encoded]
    rank, ranks = accelerator.process_index, accelerator.num_processes
    an_epoch = updates_an_epoch(len(data), examples=config.batches.examples)
    number = seen = 0
    for epoch in range(config.schedule.epochs):
        plan = plan_epoch(
            lengths, examples=config.batches.examples, tokens=config.batches.tokens,
            epoch=epoch, seed=config.seed, rank=rank, ranks=ranks, overhead=overhead,
        )  # fmt: skip
        for update in plan:
            number, seen = number + 1, seen + update.examples
            if number <= start:
                continue
            model.train()
            seed_update(config.seed, number, rank=rank)
            total = torch.zeros((), device=device)
            micro = _micro_batches(update, data, config, number, overhead=overhead)
            real = len(micro) if update.batches else 0
            if sharded:  # each pass is one of all processes together, so that each makes as many
                most = accelerator.reduce(torch.tensor(len(micro), device=device), "max")
                micro += micro[:1] * (int(most) - len(micro))
            for index, (ids, rows) in enumerate(micro):
                last = index == len(micro) - 1
                inputs = collate(ids, pad_id=pad_id)
                targets = torch.from_numpy(rows).to(device)
                with nullcontext() if last else accelerator.no_sync(model), accelerator.autocast():
                    logits = model(**{name: value.to(device) for name, value in inputs.items()}).logits
                    loss = loss_of(logits, targets)
                    loss = loss if index < real else loss * 0.0
                    # Gradients are averaged over processes, hence the factor.
                    accelerator.backward(loss * (ranks / update.examples))
                total += loss.detach()
            mean = float(accelerator.reduce(total, "sum")) / update.examples
            rate = factor(number - 1)
            set_learning_rate(optimizers, rate)
            norm = apply_update(
                accelerator, model, optimizers, clip=config.optimizer.clip, loss=mean, update=number
            )
            yield TrainStep(
                update=number, epoch=epoch, examples=seen, loss=mean, gradient_norm=norm,
                learning_rate=rate * config.optimizer.learning_rate, ends_epoch=number % an_epoch == 0,
            )  # fmt: skip
