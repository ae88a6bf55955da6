from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from hypothesis import given
from hypothesis import strategies as st
from transformers import BertConfig, BertForSequenceClassification

from minsheng.config.load import load_config
from minsheng.config.schema import (
    BatchConfig,
    DataConfig,
    LossConfig,
    OptimizerConfig,
    RunConfig,
    ScheduleConfig,
    TrainConfig,
)
from minsheng.errors import TrainingError
from minsheng.modeling.optimization import (
    build_optimizers,
    layer_depths,
    warmup_and_decay,
    warmup_stable_decay,
)
from minsheng.modeling.training import Examples, positive_weights, summed_loss, total_updates, train_updates
from minsheng.workflows.train import train


def tiny_model(dropout: float = 0.0) -> BertForSequenceClassification:
    torch.manual_seed(0)
    settings = BertConfig(
        vocab_size=50, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=40, num_labels=3, problem_type="multi_label_classification",
        hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout,
    )  # fmt: skip
    return BertForSequenceClassification(settings)


def made_examples(count: int = 22) -> Examples:
    rng = np.random.default_rng(1)
    encoded = [rng.integers(5, 50, rng.integers(3, 30)).tolist() for _ in range(count)]
    return Examples(encoded, (rng.random((count, 3)) < 0.4).astype(np.float32))


def settings(tokens: int, *, epochs: int = 2, rate: float = 1e-2, dropout: bool = False) -> TrainConfig:
    return TrainConfig(
        run=RunConfig(output="unused"),
        data=DataConfig(train=("unused",)),
        batches=BatchConfig(examples=8, tokens=tokens),
        optimizer=OptimizerConfig(learning_rate=rate),
        schedule=ScheduleConfig(epochs=epochs, warmup=0.0, shape="constant"),
    )


def run(
    config: TrainConfig, *, dropout: float = 0.0, stop: int | None = None
) -> tuple[list[float], torch.nn.Module]:
    model, data = tiny_model(dropout), made_examples()
    steps = train_updates(
        model, build_optimizers(model, config.optimizer), data, config=config, pad_id=0,
        accelerator=Accelerator(cpu=True), factor=warmup_and_decay(99, warmup=0.0, shape="constant"),
    )  # fmt: skip
    losses = [step.loss for step, _ in zip(steps, range(stop or 10**9), strict=False)]
    return losses, model


def test_micro_batches_do_not_change_an_update() -> None:
    whole, one = run(settings(tokens=10_000))
    parts, two = run(settings(tokens=40))  # unequal micro-batches of one to several examples
    assert len(whole) == len(parts) == total_updates(22, settings(tokens=40)) == 6
    assert np.allclose(whole, parts, atol=1e-5)
    for a, b in zip(one.parameters(), two.parameters(), strict=True):
        assert torch.allclose(a, b, atol=2e-4)
    assert whole[-1] < whole[0]


def test_the_first_loss_is_the_mean_over_examples() -> None:
    losses, _ = run(settings(tokens=40), stop=1)
    model, data = tiny_model().eval(), made_examples()
    from minsheng.modeling.batches import plan_epoch

    first = next(iter(plan_epoch([len(e) for e in data.encoded], examples=8, tokens=40, epoch=0, seed=13)))
    chosen = [i for batch in first.batches for i in batch]
    each = []
    for i in chosen:
        logits = model(torch.tensor([data.encoded[i]])).logits
        target = torch.from_numpy(data.targets[[i]])
        each.append(float(torch.nn.functional.binary_cross_entropy_with_logits(logits, target)))
    assert losses[0] == pytest.approx(np.mean(each), abs=1e-5)


def test_nan_raises_and_leaves_the_weights() -> None:
    config = settings(tokens=1000)
    model = tiny_model()
    with torch.no_grad():
        model.classifier.weight[0, 0] = float("nan")
    before = {k: v.clone() for k, v in model.state_dict().items()}
    steps = train_updates(
        model, build_optimizers(model, config.optimizer), made_examples(), config=config, pad_id=0,
        accelerator=Accelerator(cpu=True), factor=lambda _: 1.0,
    )  # fmt: skip
    with pytest.raises(TrainingError, match="update 1: the loss is nan"):
        next(steps)
    for name, value in model.state_dict().items():
        assert torch.equal(value.nan_to_num(7), before[name].nan_to_num(7))


def test_every_parameter_has_one_optimizer_and_vectors_no_decay() -> None:
    model = tiny_model()
    for kind in ("adamw", "muon"):
        config = OptimizerConfig(kind=kind, weight_decay=0.1, layer_decay=0.5)
        groups = [g for o in build_optimizers(model, config) for g in o.param_groups]
        held = [p for group in groups for p in group["params"]]
        assert len(held) == len({id(p) for p in held}) == len(list(model.parameters()))
        for group in groups:
            assert all((p.ndim > 1) == (group["weight_decay"] > 0) for p in group["params"])


def test_layer_decay_lowers_the_rate_downwards() -> None:
    model = tiny_model()
    depths = layer_depths([name for name, _ in model.named_parameters()])
    assert depths["bert.embeddings.word_embeddings.weight"] == 0
    assert depths["bert.encoder.layer.1.output.dense.weight"] == 2
    assert depths["classifier.weight"] == 3
    optimizer = build_optimizers(
        model, OptimizerConfig(learning_rate=1.0, layer_decay=0.5, head_learning_rate=3.0)
    )[0]
    rates = {id(p): g["lr"] for g in optimizer.param_groups for p in g["params"]}
    assert rates[id(model.bert.embeddings.word_embeddings.weight)] == 0.125
    assert rates[id(model.bert.encoder.layer[1].output.dense.weight)] == 0.5
    assert rates[id(model.classifier.weight)] == 3.0


@given(st.integers(1, 200), st.floats(0, 1), st.sampled_from(["linear", "cosine", "constant"]))
def test_learning_rates_stay_within_bounds(total: int, warmup: float, shape: str) -> None:
    factor = warmup_and_decay(total, warmup=warmup, shape=shape)
    stable = warmup_stable_decay(total, warmup=warmup / 2, decay=0.3)
    for update in range(total):
        assert 0.0 < factor(update) <= 1.0
        assert 0.0 < stable(update) <= 1.0


def test_learning_rates_by_hand() -> None:
    linear = warmup_and_decay(10, warmup=0.2, shape="linear")
    assert [round(linear(u), 3) for u in (0, 1, 2, 6, 9)] == [0.333, 0.667, 1.0, 0.5, 0.125]
    stable = warmup_stable_decay(10, warmup=0.1, decay=0.4)
    assert [round(stable(u), 3) for u in (0, 1, 5, 6, 8, 9)] == [0.5, 1.0, 1.0, 1.0, 0.5, 0.25]


def test_label_weights() -> None:
    targets = np.zeros((100, 3), dtype=np.float32)
    targets[:20, 0], targets[:1, 1] = 1, 1
    assert positive_weights(targets, "none").tolist() == [1, 1, 1]
    assert positive_weights(targets, "balanced").tolist() == [4, 20, 20]
    assert positive_weights(targets, "sqrt")[0] == 2


def test_single_label_loss_is_cross_entropy() -> None:
    logits, targets = torch.randn(4, 3), torch.eye(3)[[0, 2, 1, 1]]
    loss = summed_loss(logits, targets, torch.ones(3), LossConfig(), single_label=True)
    expected = torch.nn.functional.cross_entropy(logits, torch.tensor([0, 2, 1, 1]), reduction="sum")
    assert torch.allclose(loss, expected)


def weights_of(folder: Path) -> bytes:
    return (folder / "model" / "model.safetensors").read_bytes()


def test_a_stopped_run_resumes_to_the_same_weights(run_config: Path, tmp_path: Path, monkeypatch) -> None:
    """Stopped right after a checkpoint and in between; dropout and averaging are on."""
    extra = ["model.dropout=0.2", "stop.average=0.9", "schedule.epochs=3"]

    def config(name: str) -> TrainConfig:
        return load_config(TrainConfig, run_config, [*extra, f"run.output={(tmp_path / name).as_posix()}"])

    train(config("whole"))
    import minsheng.workflows.train as workflow

    true_steps = workflow.train_updates
    for kill_at in (4, 9, 14):

        def stopping(*args, kill_at=kill_at, **kwargs):
            for step in true_steps(*args, **kwargs):
                if step.update == kill_at:
                    raise KeyboardInterrupt
                yield step

        monkeypatch.setattr(workflow, "train_updates", stopping)
        with pytest.raises(KeyboardInterrupt):
            train(config("parts"))
    monkeypatch.setattr(workflow, "train_updates", true_steps)
    train(config("parts"))
    assert weights_of(tmp_path / "parts") == weights_of(tmp_path / "whole")
    one, two = (
        json.loads((tmp_path / n / "model" / "minsheng.json").read_text("utf-8")) for n in ("whole", "parts")
    )
    assert one["calibration"] == two["calibration"] and one["validation"] == two["validation"]
