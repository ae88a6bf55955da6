"""Masked-language-model training as a generator of updates; saving and logging live outside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from minsheng.config.schema import MaskConfig, PretrainConfig
from minsheng.errors import ModelError
from minsheng.modeling.optimization import Schedule, apply_update, seed_update, set_learning_rate

if TYPE_CHECKING:
    import torch
    from accelerate import Accelerator
    from numpy.typing import NDArray
    from torch.optim import Optimizer
    from transformers import PreTrainedTokenizerBase

    from minsheng.modeling.packing import Packed

_LONGEST_SPAN = 8  # tokens
_ROUND = 64  # predicted positions are padded to a multiple: kernels are compiled anew for each new shape
_PADDING = -100  # target of a padded position, which cross-entropy leaves out


@dataclass(frozen=True, slots=True)
class Pieces:
    """What masking must know of a vocabulary."""

    size: int
    mask_id: int
    special: NDArray[np.bool_]  # (vocabulary,): never masked, never drawn
    inside: NDArray[np.bool_]  # (vocabulary,): goes on with the word of the token before it (##)

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerBase) -> Pieces:
        """Read them off a tokenizer. Raises ModelError if it has no mask token."""
        if tokenizer.mask_token_id is None:
            raise ModelError("the tokenizer has no mask token: this encoder cannot be pre-trained with masks")
        special = np.zeros(len(tokenizer), dtype=bool)
        special[list(tokenizer.all_special_ids)] = True
        inside = np.zeros(len(tokenizer), dtype=bool)
        inside[[i for token, i in tokenizer.get_vocab().items() if token.startswith("##")]] = True
        return cls(len(tokenizer), tokenizer.mask_token_id, special, inside)


@dataclass(frozen=True, slots=True)
class Masked:
    """`inputs` (batch, sequence); `positions` (padded,) into the flattened batch; `targets` (padded,).

    The last targets may be padding; `predicted` counts the others.
    """

    inputs: torch.Tensor
    positions: torch.Tensor
    targets: torch.Tensor
    predicted: int


def mask_tokens(
    ids: NDArray[np.int64], pieces: Pieces, config: MaskConfig, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Choose about `config.share` of the tokens (batch, sequence) and hide them.

    Of the chosen 80 % become [MASK], 10 % a random piece, 10 % stay (Devlin et al. 2019). With
    `span` > 1 runs of a geometric length are chosen (Joshi et al. 2020); with `whole_words` a word that
    was cut into pieces (##) is chosen whole. Returns (inputs, chosen).
    """
    allowed = ~pieces.special[ids]
    goes_on = np.zeros_like(allowed)  # with the word of the token before it
    if config.whole_words and pieces.inside.any():
        goes_on[:, 1:] = pieces.inside[ids[:, 1:]] & allowed[:, :-1]
    # The expected share is exact for single tokens and approximate for spans, which may overlap.
    starts = allowed & ~goes_on & (rng.random(ids.shape) < config.share / config.span)
    if not starts.any():
        starts[np.unravel_index(np.argmax(allowed & ~goes_on), ids.shape)] = True
    chosen = starts.copy()
    if config.span > 1:
        lengths = np.minimum(rng.geometric(1.0 / config.span, size=ids.shape), _LONGEST_SPAN)
        for offset in range(1, _LONGEST_SPAN):
            chosen[:, offset:] |= (starts & (lengths > offset))[:, :-offset]
        chosen &= allowed
    if goes_on.any():
        for column in range(1, ids.shape[1]):
            chosen[:, column] = np.where(goes_on[:, column], chosen[:, column - 1], chosen[:, column])
    fate = rng.random(ids.shape)
    ordinary = np.flatnonzero(~pieces.special)
    inputs = np.where(chosen & (fate < 0.8), pieces.mask_id, ids)
    drawn = ordinary[rng.integers(0, len(ordinary), size=ids.shape)]
    return np.where(chosen & (fate >= 0.9), drawn, inputs), chosen


def masked_batch(
    rows: list[NDArray[np.int64]], pieces: Pieces, config: MaskConfig, rng: np.random.Generator
) -> Masked:
    """Rows of ids → a masked batch of tensors on the CPU."""
    import torch

    ids = np.stack(rows)
    inputs, chosen = mask_tokens(ids, pieces, config, rng)
    found = np.flatnonzero(chosen)
    positions = np.zeros(-(-len(found) // _ROUND) * _ROUND, dtype=np.int64)
    targets = np.full(len(positions), _PADDING, dtype=np.int64)
    positions[: len(found)] = found
    targets[: len(found)] = ids.reshape(-1)[found]
    return Masked(
        torch.from_numpy(inputs), torch.from_numpy(positions), torch.from_numpy(targets), predicted=len(found)
    )


def _prediction_head(model: Any) -> Any:
    """The part of a masked-language model that turns hidden states into scores of pieces."""
    if hasattr(model, "cls"):  # BERT, MacBERT, RoBERTa-wwm
        return model.cls
    if hasattr(model, "lm_head"):  # RoBERTa, XLM-R
        return model.lm_head
    if hasattr(model, "head") and hasattr(model, "decoder"):  # ModernBERT
        return lambda hidden: model.decoder(model.head(hidden))
    raise ModelError(f"{type(model).__name__}: no known head for masked-language modelling")


def build_objective(model: Any) -> torch.nn.Module:
    """A module that maps (inputs, positions, targets) to (summed loss, right guesses).

    Scores are computed at the chosen positions only: a vocabulary of thousands of pieces at every
    position would cost more than the encoder.
    """
    import torch

    class Objective(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(
            self, inputs: torch.Tensor, positions: torch.Tensor, targets: torch.Tensor
        ) -> tuple[torch.Tensor, torch.Tensor]:
            hidden = self.model.base_model(input_ids=inputs).last_hidden_state
            chosen = hidden.reshape(-1, hidden.shape[-1])[positions]
            scores = _prediction_head(self.model)(chosen).float()
            loss = torch.nn.functional.cross_entropy(scores, targets, ignore_index=_PADDING, reduction="sum")
            return loss, (scores.detach().argmax(-1) == targets).sum()

    _prediction_head(model)
    return Objective()


@dataclass(frozen=True, slots=True)
class PretrainStep:
    """One update: `loss` in nats a predicted token, `tokens` seen so far over all processes."""

    update: int
    tokens: int
    loss: float
    accuracy: float
    learning_rate: float
    gradient_norm: float


def total_updates(config: PretrainConfig) -> int:
    """Updates of a whole run."""
    schedule = config.schedule
    return max(1, schedule.tokens // (schedule.batch_sequences * schedule.sequence))


def pretrain_updates(
    objective: torch.nn.Module,
    optimizers: list[Optimizer],
    stream: Packed,
    pieces: Pieces,
    *,
    config: PretrainConfig,
    accelerator: Accelerator,
    factor: Schedule,
    start: int = 0,
) -> Iterator[PretrainStep]:
    """Run updates `start`, `start` + 1, … and yield after each one.

    Update `u` takes the sequences `u·B … (u+1)·B - 1` of the stream, dealt over the processes, and masks
    drawn from (seed, u): a restart at any update goes on exactly. Dropout is seeded by update and process.
    Raises TrainingError on a loss that is not finite.
    """
    import torch

    schedule, rank, ranks = config.schedule, accelerator.process_index, accelerator.num_processes
    batch = schedule.batch_sequences
    micro = min(schedule.micro_sequences, max(1, batch // ranks))  # work for every process
    sequences = stream.sequences(start * batch)
    for update in range(start, total_updates(config)):
        objective.train()
        rows = list(islice(sequences, batch))
        rng = np.random.default_rng((config.seed, 2, update))
        seed_update(config.seed, update, rank=rank)
        # Masked before dealing, so that the masks do not depend on the number of processes.
        whole = [masked_batch(rows[i : i + micro], pieces, config.mask, rng) for i in range(0, batch, micro)]
        mine = whole[rank::ranks]
        predicted = sum(part.predicted for part in whole)
        total = right = 0.0
        # With fewer sequences than processes the others take part with a batch that counts nothing.
        for number, part in enumerate(mine or whole[:1]):
            last = number >= len(mine) - 1
            with nullcontext() if last else accelerator.no_sync(objective), accelerator.autocast():
                loss, hits = objective(
                    *(t.to(accelerator.device) for t in (part.inputs, part.positions, part.targets))
                )
                loss, hits = (loss, hits) if mine else (loss * 0.0, hits * 0)
                # Gradients are averaged over processes, so the share of each is scaled up.
                accelerator.backward(loss * (ranks / predicted))
            total, right = total + float(loss.detach()), right + float(hits)
        if ranks > 1:
            sums = accelerator.reduce(torch.tensor([total, right], device=accelerator.device), "sum")
            total, right = float(sums[0]), float(sums[1])
        set_learning_rate(optimizers, factor(update))
        norm = apply_update(
            accelerator,
            objective,
            optimizers,
            clip=config.optimizer.clip,
            loss=total / predicted,
            update=update,
        )
        yield PretrainStep(
            update=update + 1,
            tokens=(update + 1) * batch * schedule.sequence,
            loss=total / predicted,
            accuracy=right / predicted,
            learning_rate=config.optimizer.learning_rate * factor(update),
            gradient_norm=norm,
        )


def evaluate_masked(
    objective: torch.nn.Module,
    stream: Packed,
    pieces: Pieces,
    *,
    config: PretrainConfig,
    accelerator: Accelerator,
    sequences: int = 512,
) -> tuple[float, float]:
    """(loss in nats a token, accuracy) on the first held-out sequences with masks that never change."""
    import torch

    count = min(sequences, stream.tokens // (config.schedule.sequence - 2))
    rows = list(islice(stream.sequences(0), count))
    rng = np.random.default_rng(0)
    objective.eval()
    total = right = predicted = 0.0
    with torch.no_grad():
        for first in range(0, count, 32):
            part = masked_batch(rows[first : first + 32], pieces, config.mask, rng)
            with accelerator.autocast():
                loss, hits = objective(
                    *(t.to(accelerator.device) for t in (part.inputs, part.positions, part.targets))
                )
            total, right, predicted = total + float(loss), right + float(hits), predicted + part.predicted
    return total / predicted, right / predicted
