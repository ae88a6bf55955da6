"""Scores of texts: the one forward path of validation, evaluation and tagging."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minsheng.modeling.batches import Ids, collate, plan_batches

if TYPE_CHECKING:
    import torch
    from accelerate import Accelerator
    from numpy.typing import NDArray


def make_accelerator(*, precision: str, **options: Any) -> Accelerator:
    """An Accelerator of this precision, also where an earlier one in this process had another.

    `options` go to Accelerator.
    """
    import torch
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState, is_initialized

    if is_initialized() and AcceleratorState().mixed_precision != precision:
        AcceleratorState._reset_state()  # it holds one precision for a whole process; the process group stays
    # Processes that torchrun or `accelerate launch` began on a machine without a GPU work each for
    # itself unless accelerate is told that they compute on the CPU.
    several = int(os.environ.get("WORLD_SIZE", "1")) > 1
    return Accelerator(
        mixed_precision=precision, cpu=several and not torch.accelerator.is_available(), **options
    )


def predict_logits(
    model: torch.nn.Module,
    encoded: Sequence[Ids],
    *,
    pad_id: int,
    tokens: int,
    accelerator: Accelerator,
    together: bool = True,
) -> NDArray[np.float32]:
    """Logits (examples, labels) in the order of `encoded`.

    The batches depend on the lengths alone. `together`: every process has the same examples, the batches
    are dealt over the processes, and each gets all the logits, the same as one process would compute.
    Otherwise this process works for itself.
    """
    import torch
    from accelerate.utils import gather_object

    was_training = model.training
    model.eval()
    plan = plan_batches([len(ids) for ids in encoded], tokens=tokens)
    mine: list[tuple[list[int], Any]] = []
    with torch.inference_mode():
        for batch in plan[accelerator.process_index :: accelerator.num_processes] if together else plan:
            inputs = collate([encoded[i] for i in batch], pad_id=pad_id)
            with accelerator.autocast():
                output = model(**{name: value.to(accelerator.device) for name, value in inputs.items()})
            mine.append((batch, output.logits.float().cpu().numpy()))
    model.train(was_training)
    if together and accelerator.num_processes > 1:
        mine = gather_object(mine)
    labels = mine[0][1].shape[1] if mine else 0
    logits = np.zeros((len(encoded), labels), dtype=np.float32)
    for batch, values in mine:
        logits[batch] = values
    return logits
