"""The only tokenisation and batching: training, tagging and evaluation all come through here.

Lengths are in tokens, special tokens included.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerBase

Ids = list[int]
Plan = list[list[int]]  # micro-batches of example indices

_TRUNCATION: dict[str, Any] = {"stride": 0, "strategy": "longest_first", "direction": "right"}

# Widths are rounded up to this: kernels are prepared anew for each new shape, and GPUs like eights.
WIDTH = 8


@dataclass(frozen=True, slots=True)
class TextTokenizer:
    """A tokenizer without the library of models around it: it loads in a tenth of a second."""

    backend: Tokenizer
    pad_id: int
    unknown_id: int | None


def encode(
    tokenizer: PreTrainedTokenizerBase | TextTokenizer, texts: Sequence[str], *, max_tokens: int
) -> list[Ids]:
    """Token ids of each text, with the tokenizer's special tokens, cut to `max_tokens`."""
    if not texts:
        return []
    backend: Tokenizer | None
    if isinstance(tokenizer, TextTokenizer):
        backend = tokenizer.backend
    else:
        backend = getattr(tokenizer, "backend_tokenizer", None)
        if backend is None:  # written in Python
            encoded = tokenizer(
                list(texts),
                truncation=True,
                max_length=max_tokens,
                padding=False,
                return_attention_mask=False,
            )
            return [list(ids) for ids in encoded["input_ids"]]
    # Only where it changes something: another thread may be encoding with it, which a change would wait for.
    if backend.padding is not None:
        backend.no_padding()
    if backend.truncation != {"max_length": max_tokens, **_TRUNCATION}:
        backend.enable_truncation(max_tokens, **_TRUNCATION)
    return [found.ids for found in backend.encode_batch_fast(list(texts))]


def plan_batches(
    lengths: Sequence[int], *, tokens: int, multiple: int = WIDTH, overhead: int | None = None
) -> Plan:
    """Group examples of like length so that a padded batch holds at most `tokens` tokens.

    Longest first, so that running out of memory shows at once. A batch is at least one example, also
    where that one is longer than the budget. Ties keep their order: the plan is a function of `lengths`.
    `multiple`: widths are rounded up to it. `overhead`: what a batch costs besides its padded tokens, in tokens;
    the plan is then the cheapest (None: batches are filled, which is nearly that where they are many).
    """
    order = sorted(range(len(lengths)), key=lambda i: (-lengths[i], i))
    widths = [-(-lengths[index] // multiple) * multiple for index in order]
    if overhead is not None:
        return [order[start:end] for start, end in _cheapest(widths, tokens=tokens, overhead=overhead)]
    plan: Plan = []
    room = 0
    for index, width in zip(order, widths, strict=True):
        if room <= 0:
            plan.append([])
            room = max(1, tokens // max(1, width))
        plan[-1].append(index)
        room -= 1
    return plan


def _cheapest(widths: Sequence[int], *, tokens: int, overhead: int) -> list[tuple[int, int]]:
    """The cuts of falling widths into batches for which padded tokens + `overhead` a batch are least."""
    costs, starts = (
        [0],
        [0],
    )  # of the cheapest plan for the first 0, 1, … examples; where its last batch starts
    for end in range(1, len(widths) + 1):
        found = [
            (costs[start] + widths[start] * (end - start) + overhead, start)
            for start in range(end)
            if start == end - 1 or widths[start] * (end - start) <= tokens
        ]
        cost, start = min(found)
        costs.append(cost)
        starts.append(start)
    cuts, end = [], len(widths)
    while end:
        cuts.append((starts[end], end))
        end = starts[end]
    return cuts[::-1]


def pad(encoded: Sequence[Ids], *, pad_id: int, multiple: int = WIDTH) -> tuple[NDArray[Any], NDArray[Any]]:
    """Token ids and attention mask, both int64 (batch, sequence), padded on the right."""
    width = -(-max(len(ids) for ids in encoded) // multiple) * multiple
    ids = np.full((len(encoded), width), pad_id, dtype=np.int64)
    mask = np.zeros((len(encoded), width), dtype=np.int64)
    for row, example in enumerate(encoded):
        ids[row, : len(example)] = example
        mask[row, : len(example)] = 1
    return ids, mask


def collate(encoded: Sequence[Ids], *, pad_id: int, multiple: int = WIDTH) -> dict[str, torch.Tensor]:
    """`pad` as the `input_ids` and `attention_mask` of a model."""
    import torch

    ids, mask = pad(encoded, pad_id=pad_id, multiple=multiple)
    return {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}


@dataclass(frozen=True, slots=True)
class Update:
    """The examples of one update of one process.

    `batches` are this process's micro-batches; `examples` counts those of all processes, by which the
    loss is divided.
    """

    epoch: int
    batches: Plan
    examples: int


def plan_epoch(
    lengths: Sequence[int],
    *,
    examples: int,
    tokens: int,
    epoch: int,
    seed: int,
    rank: int = 0,
    ranks: int = 1,
    overhead: int | None = None,
) -> Iterator[Update]:
    """Shuffle, cut into updates of `examples`, deal each update to the ranks, and batch by length.

    Examples of like length go to one update only within windows of 32 updates, so that little is
    padding and updates stay mixed. Every example is seen once an epoch by one rank. Depends on nothing
    but the arguments. `overhead`: see `plan_batches`.
    """
    rng = np.random.default_rng((seed, epoch))
    order = rng.permutation(len(lengths))
    window = examples * 32
    updates: list[NDArray[Any]] = []
    for start in range(0, len(order), window):
        part = order[start : start + window]
        part = part[np.argsort([lengths[i] for i in part], kind="stable")]
        # Dealt like cards, each update gets short and long ones: one update's mean length is the window's.
        count = -(-len(part) // examples)
        updates += [part[offset::count] for offset in rng.permutation(count)]
    for chosen in updates:
        mine = [int(i) for i in chosen[rank::ranks]]
        local = plan_batches([lengths[i] for i in mine], tokens=tokens, overhead=overhead)
        yield Update(epoch, [[mine[i] for i in batch] for batch in local], len(chosen))


def updates_an_epoch(count: int, *, examples: int) -> int:
    """How many updates `plan_epoch` yields for `count` examples."""
    window = examples * 32
    return sum(-(-min(window, count - start) // examples) for start in range(0, count, window))
