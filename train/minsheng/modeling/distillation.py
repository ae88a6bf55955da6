"""A small model learns what a large one says: the loss, the first embeddings, the cost of both.

Logits of the teacher are those of its model directory: its temperature is in them already.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from minsheng.config.distill import MixConfig
from minsheng.config.schema import LossConfig
from minsheng.modeling.training import Loss, example_losses, positive_weights

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray
    from transformers import PreTrainedModel


def distillation_targets(gold: NDArray[np.bool_], teacher: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows for `distillation_loss`, (examples, 2 * labels + 1): labels, logits of the teacher, is it labelled?

    `gold` (labelled, labels), `teacher` (examples, labels). The labelled examples come first.
    """
    labelled, labels = gold.shape
    rows = np.zeros((len(teacher), 2 * labels + 1), dtype=np.float32)
    rows[:labelled, :labels] = gold
    rows[:, labels:-1] = teacher
    rows[:labelled, -1] = 1.0
    return rows


def teacher_losses(
    logits: torch.Tensor, teacher: torch.Tensor, *, temperature: float, single_label: bool
) -> torch.Tensor:
    """T² · CE(p(teacher / T), p(logits / T)) of each example, (batch,); both arguments are (batch, labels).

    p is the softmax over the labels where `single_label`; else it is the sigmoid, and CE the binary
    cross-entropy averaged over the labels. T² keeps the gradient as large as that of the labels at any
    temperature (Hinton, Vinyals & Dean 2015).
    """
    from torch.nn import functional

    logits, teacher = logits.float() / temperature, teacher / temperature
    if single_label:
        losses = -(teacher.softmax(-1) * logits.log_softmax(-1)).sum(-1)
    else:
        losses = functional.binary_cross_entropy_with_logits(
            logits, teacher.sigmoid(), reduction="none"
        ).mean(-1)
    return temperature**2 * losses


def distillation_loss(
    gold: NDArray[np.float32], *, mix: MixConfig, config: LossConfig, single_label: bool
) -> Loss:
    """The loss of rows of `distillation_targets`: w · `teacher_losses` + (1 - w) · `example_losses`, added up.

    w is `mix.weight` for a labelled example and 1 for one without labels. `gold` (labelled, labels), from
    which the weights of the labels are taken.
    """
    import torch

    labels = gold.shape[1]
    weights = torch.from_numpy(positive_weights(gold, config.label_weights))

    def loss(logits: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        share = (1.0 - mix.weight) * rows[:, -1]  # of the labels
        soft = teacher_losses(
            logits, rows[:, labels:-1], temperature=mix.temperature, single_label=single_label
        )
        hard = example_losses(
            logits, rows[:, :labels], weights.to(logits.device), config, single_label=single_label
        )
        return ((1.0 - share) * soft + share * hard).sum()

    return loss


def shortened(embeddings: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """(tokens, wide) → (tokens, size): U S of the singular value decomposition, its `size` largest values.

    No other rows of this length have inner products nearer to those of `embeddings` (Eckart & Young 1936;
    TinyBERT, Jiao et al. 2020, brings widths together by a linear map as well). `size` is below `wide`.
    """
    wide = embeddings.astype(np.float64)
    _, directions = np.linalg.eigh(wide.T @ wide)  # (wide, wide), the largest last
    return np.asarray(wide @ directions[:, : -size - 1 : -1], dtype=np.float32)


def take_embeddings(student: PreTrainedModel, teacher: PreTrainedModel) -> None:
    """Begin the student's word embeddings, made for the same tokenizer, with the teacher's.

    A narrower student gets them `shortened`; a wider one keeps its own columns beyond them.
    """
    import torch

    own = student.get_input_embeddings().weight
    given = teacher.get_input_embeddings().weight.detach().float().cpu().numpy()[: len(own)]
    rows = given if own.shape[1] >= given.shape[1] else shortened(given, own.shape[1])
    with torch.no_grad():
        own[:, : rows.shape[1]] = torch.from_numpy(rows).to(own.device)


def operations_a_token(folder: Path) -> int:
    """Floating-point operations a token in a model directory: two for each weight that is no embedding.

    The products of attention, which grow with the length of a text, are not counted.
    """
    from safetensors import safe_open

    weights = 0
    for place in sorted(folder.glob("model*.safetensors")):
        with safe_open(place, framework="numpy") as file:
            shapes = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118
        weights += sum(int(np.prod(shape)) for name, shape in shapes.items() if "embeddings" not in name)
    return 2 * weights
