from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file
from transformers import BertConfig, BertForSequenceClassification

from minsheng.config.distill import MixConfig
from minsheng.config.schema import LossConfig
from minsheng.modeling.distillation import (
    distillation_loss,
    distillation_targets,
    operations_a_token,
    shortened,
    take_embeddings,
)
from minsheng.modeling.training import summed_loss


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def softmax(row: list[float]) -> list[float]:
    raised = [math.exp(x) for x in row]
    return [x / sum(raised) for x in raised]


def by_hand(
    logits: list[float], teacher: list[float], gold: list[float] | None, t: float, w: float, single: bool
) -> float:
    """The formula of the docstrings, one number at a time."""

    def cross(p: list[float], z: list[float]) -> float:
        if single:
            return -sum(a * math.log(b) for a, b in zip(p, softmax(z), strict=True))
        each = [a * math.log(sigmoid(x)) + (1 - a) * math.log(sigmoid(-x)) for a, x in zip(p, z, strict=True)]
        return -sum(each) / len(each)

    cool = [x / t for x in teacher]
    target = softmax(cool) if single else [sigmoid(x) for x in cool]
    soft = t * t * cross(target, [x / t for x in logits])
    return soft if gold is None else w * soft + (1 - w) * cross(gold, logits)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.3, 8), st.floats(0, 1), st.booleans(), st.integers(0, 5))
def test_the_loss_is_its_formula(seed: int, t: float, w: float, single: bool, labelled: int) -> None:
    rng = np.random.default_rng(seed)
    logits, teacher = rng.normal(0, 3, (2, 5, 4)).astype(np.float32)
    gold = np.eye(4, dtype=bool)[rng.integers(0, 4, labelled)] if single else rng.random((labelled, 4)) < 0.4
    gold = gold.reshape(labelled, 4)
    rows = distillation_targets(gold, teacher)
    assert rows.shape == (5, 9) and rows.dtype == np.float32
    loss = distillation_loss(
        gold.astype(np.float32),
        mix=MixConfig(temperature=t, weight=w),
        config=LossConfig(),
        single_label=single,
    )
    found = float(loss(torch.from_numpy(logits), torch.from_numpy(rows)))
    expected = sum(
        by_hand(
            logits[n].tolist(), teacher[n].tolist(),
            gold[n].astype(float).tolist() if n < labelled else None, t, w, single,
        )
        for n in range(5)
    )  # fmt: skip
    assert found == pytest.approx(expected, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("single", [True, False])
def test_without_the_teacher_it_is_the_loss_of_training(single: bool) -> None:
    logits, teacher = torch.randn(2, 6, 3)
    gold = np.eye(3, dtype=np.float32)[[0, 1, 2, 2, 1, 0]]
    config = LossConfig(label_weights="balanced", smoothing=0.1)
    loss = distillation_loss(gold, mix=MixConfig(weight=0.0), config=config, single_label=single)
    rows = torch.from_numpy(distillation_targets(gold.astype(bool), teacher.numpy()))
    weights = torch.full((3,), 2.0)  # balanced: four negatives for two positives
    expected = summed_loss(logits, torch.from_numpy(gold), weights, config, single_label=single)
    assert torch.allclose(loss(logits, rows), expected)


@pytest.mark.parametrize("single", [True, False])
def test_a_student_that_agrees_has_nothing_to_learn(single: bool) -> None:
    teacher = torch.randn(4, 3)
    logits = teacher.clone().requires_grad_()
    loss = distillation_loss(
        np.zeros((0, 3), np.float32), mix=MixConfig(temperature=3.0), config=LossConfig(), single_label=single
    )
    rows = torch.from_numpy(distillation_targets(np.zeros((0, 3), bool), teacher.numpy()))
    loss(logits, rows).backward()
    assert logits.grad is not None and logits.grad.abs().max() < 1e-6
    other = (teacher + torch.tensor([1.0, 0.0, -1.0])).requires_grad_()
    loss(other, rows).backward()
    assert other.grad is not None and other.grad[:, 0].min() > 1e-3  # down towards the teacher


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_no_shorter_rows_keep_the_inner_products_better(seed: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(20, 6)).astype(np.float32)
    found = shortened(rows, size).astype(np.float64)
    assert found.shape == (20, size)
    values = np.linalg.svd(rows.astype(np.float64), compute_uv=False)
    lost = np.linalg.norm(rows @ rows.T - found @ found.T)
    assert lost == pytest.approx(np.sqrt((values[size:] ** 4).sum()), rel=1e-3, abs=1e-3)


def bert(hidden: int, vocabulary: int = 30) -> BertForSequenceClassification:
    torch.manual_seed(hidden)
    return BertForSequenceClassification(
        BertConfig(
            vocab_size=vocabulary, hidden_size=hidden, num_hidden_layers=1, num_attention_heads=2, intermediate_size=12,
            max_position_embeddings=16, num_labels=3,
        )
    )  # fmt: skip


@pytest.mark.parametrize("hidden", [4, 8, 10])
def test_embeddings_begin_with_those_of_the_teacher(hidden: int) -> None:
    teacher, student = bert(8, vocabulary=32), bert(hidden)  # the teacher's table may have rows to spare
    given, drawn = (m.get_input_embeddings().weight.detach().clone() for m in (teacher, student))
    take_embeddings(student, teacher)
    own = student.get_input_embeddings().weight.detach()
    if hidden < 8:
        assert torch.allclose(own, torch.from_numpy(shortened(given[:30].numpy(), hidden)))
    else:
        assert torch.equal(own[:, :8], given[:30]) and torch.equal(own[:, 8:], drawn[:, 8:])


def test_operations_by_hand(tmp_path: Path) -> None:
    shapes = {
        "model.embeddings.tok_embeddings.weight": (50, 4),
        "model.layers.0.Wi.weight": (6, 4),
        "head.bias": (3,),
    }
    save_file(
        {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}, tmp_path / "model.safetensors"
    )
    assert operations_a_token(tmp_path) == 2 * (24 + 3)
