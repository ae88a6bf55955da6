"""Scores of texts: the one forward path of validation, evaluation and tagging."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from minsheng.modeling.batches import Ids, pad, plan_batches
from minsheng.modeling.forward import Forward

if TYPE_CHECKING:
    from accelerate import Accelerator
    from numpy.typing import NDArray

_LEAST, _EACH = (
    512,
    4,
)  # tokens that a batch is worth its overhead from; batches for each thread, where there are few


def predict_logits(
    forward: Forward,
    encoded: Sequence[Ids],
    *,
    pad_id: int,
    tokens: int,
    among: Accelerator | None = None,
) -> NDArray[np.float32]:
    """Logits (examples, labels) in the order of `encoded`. What occurs twice is computed once.

    The batches, of up to `tokens` tokens, depend on the lengths and on how many run at once. `among`: every
    process has the same examples, the batches are dealt over the processes, and each gets all the logits, the
    same as one process would compute. Otherwise this process works for itself.
    """
    order: dict[tuple[int, ...], int] = {}
    place = [order.setdefault(tuple(ids), len(order)) for ids in encoded]
    distinct = [list(ids) for ids in order]
    lengths = [len(ids) for ids in distinct]
    if forward.at_once > 1:  # where there is little, smaller batches: all threads work to the end
        tokens = min(tokens, max(_LEAST, sum(lengths) // (_EACH * forward.at_once)))
    plan = plan_batches(lengths, tokens=tokens)
    mine = plan
    if among is not None:
        mine = plan[among.process_index :: among.num_processes]
        # As many in every process: where a model is sharded over them, each pass is one of all together.
        mine = mine + plan[: -(-len(plan) // among.num_processes) - len(mine)]

    def compute(batch: list[int]) -> tuple[list[int], NDArray[np.float32]]:
        return batch, forward(*pad([distinct[i] for i in batch], pad_id=pad_id))

    if forward.at_once == 1:
        found = [compute(batch) for batch in mine]
    else:
        with ThreadPoolExecutor(forward.at_once) as pool:
            found = list(pool.map(compute, mine))
    if among is not None and among.num_processes > 1:
        from accelerate.utils import gather_object

        found = gather_object(found)
    logits = np.zeros((len(distinct), found[0][1].shape[1] if found else 0), dtype=np.float32)
    for batch, values in found:
        logits[batch] = values
    return logits[place]
