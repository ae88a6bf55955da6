from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification

from minsheng.config.schema import OptimizerConfig
from minsheng.errors import RunError
from minsheng.modeling import checkpoint
from minsheng.modeling.averaging import WeightAverage
from minsheng.modeling.checkpoint import latest_checkpoint, load_checkpoint, save_checkpoint, write_atomic
from minsheng.modeling.optimization import build_optimizers


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Models this small only wait for each other's threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def made(
    hidden: int = 16, *, seed: int = 0, kind: str = "adamw"
) -> tuple[torch.nn.Module, list[torch.optim.Optimizer]]:
    torch.manual_seed(seed)
    settings = BertConfig(
        vocab_size=30, hidden_size=hidden, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24,
        max_position_embeddings=20, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    model = BertForSequenceClassification(settings)
    return model, build_optimizers(model, OptimizerConfig(kind=kind, learning_rate=1e-2, layer_decay=0.9))


def step(model: torch.nn.Module, optimizers: list[torch.optim.Optimizer], number: int) -> None:
    torch.manual_seed(number)
    loss = model(torch.randint(0, 30, (4, 9)), labels=torch.randint(0, 2, (4,))).loss
    loss.backward()
    for optimizer in optimizers:
        optimizer.step()
        optimizer.zero_grad()


def save(folder: Path, model: torch.nn.Module, optimizers: list[torch.optim.Optimizer], number: int) -> Path:
    return save_checkpoint(
        folder, update=number, weights=model.state_dict(), optimizers=optimizers, state={"best": 0.5, "seconds": 1.25},
        extra={"average/x": torch.arange(3.0)},
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["adamw", "muon"])
def test_a_run_goes_on_bit_for_bit(kind: str, tmp_path: Path) -> None:
    model, optimizers = made(kind=kind)
    assert len(optimizers) == (2 if kind == "muon" else 1)
    for number in range(3):
        step(model, optimizers, number)
    place = save(tmp_path, model, optimizers, 3)
    assert {p.suffix for p in place.iterdir()} == {".safetensors", ".json"}  # nothing that can run code
    other, others = made(kind=kind, seed=9)
    state, extra = load_checkpoint(place, model=other, optimizers=others)
    assert state == {"best": 0.5, "seconds": 1.25, "update": 3}
    assert torch.equal(extra["average/x"], torch.arange(3.0))
    for number in range(3, 6):
        step(model, optimizers, number)
        step(other, others, number)
    pairs = list(zip(model.state_dict().items(), other.state_dict().items(), strict=True))
    assert pairs and all(name == same and torch.equal(one, two) for (name, one), (same, two) in pairs)


def test_only_whole_checkpoints_are_taken_and_two_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, optimizers = made()
    step(model, optimizers, 0)
    assert latest_checkpoint(tmp_path / "none") is None and latest_checkpoint(tmp_path) is None
    for number in (9, 10, 100):
        save(tmp_path, model, optimizers, number)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["update-00000010", "update-00000100"]

    for stopped in ("save_file", "fsync", "rename"):  # stopped at any point of writing

        def stop(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            if stopped == "save_file":
                patch.setattr("safetensors.torch.save_file", stop)
            elif stopped == "fsync":
                patch.setattr(checkpoint.os, "fsync", stop)
            else:
                patch.setattr(Path, "rename", stop)
            save(tmp_path, model, optimizers, 101)
        assert latest_checkpoint(tmp_path) == tmp_path / "update-00000100"
    place = save(tmp_path, model, optimizers, 101)
    assert latest_checkpoint(tmp_path) == place
    load_checkpoint(place, model=model, optimizers=optimizers)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["update-00000100", "update-00000101"]


def test_writing_a_checkpoint_again_never_leaves_half_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, optimizers = made()
    step(model, optimizers, 0)
    save(tmp_path, model, optimizers, 4)
    place = save(tmp_path, model, optimizers, 5)
    true_rmtree = shutil.rmtree

    def half(path: Path, **options: object) -> None:
        if list(Path(path).glob("*.safetensors")):
            next(Path(path).glob("*.safetensors")).unlink()
            raise KeyboardInterrupt
        true_rmtree(path, **options)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(checkpoint.shutil, "rmtree", half)
        save(tmp_path, model, optimizers, 5)
    latest = latest_checkpoint(tmp_path)
    assert latest is not None
    load_checkpoint(latest, model=model, optimizers=optimizers)
    assert save(tmp_path, model, optimizers, 5) == place
    assert sorted(p.name for p in tmp_path.iterdir()) == ["update-00000004", "update-00000005"]


@pytest.mark.parametrize(
    "name", ["weights.safetensors", "optimizer.safetensors", "extra.safetensors", "state.json"]
)
@pytest.mark.parametrize("damage", ["cut", "missing", "noise"])
def test_a_damaged_checkpoint_is_named(name: str, damage: str, tmp_path: Path) -> None:
    model, optimizers = made()
    step(model, optimizers, 0)
    place = save(tmp_path, model, optimizers, 7)
    file = place / name
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2] if damage == "cut" else b"\xff" * 40)
    with pytest.raises(RunError, match="update-00000007: the checkpoint is damaged") as caught:
        load_checkpoint(place, model=model, optimizers=optimizers)
    assert "\n" not in str(caught.value)


def test_a_checkpoint_of_another_model_is_refused(tmp_path: Path) -> None:
    model, optimizers = made()
    step(model, optimizers, 0)
    place = save(tmp_path, model, optimizers, 7)
    larger, others = made(hidden=32)
    with pytest.raises(
        RunError, match="update-00000007: this checkpoint belongs to another model or config"
    ) as caught:
        load_checkpoint(place, model=larger, optimizers=others)
    assert "\n" not in str(caught.value)
    record = json.loads((place / "state.json").read_text("utf-8"))
    for wrong in ({}, {"update": 7}, [], {**record, "optimizers": []}):
        (place / "state.json").write_text(json.dumps(wrong), "utf-8")
        with pytest.raises(RunError, match="update-00000007"):
            load_checkpoint(place, model=model, optimizers=optimizers)


def test_small_files_are_replaced_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "state.json"
    write_atomic(place, b"old")

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(checkpoint.os, "fsync", stop)
        write_atomic(place, b"a new and longer text")
    assert place.read_bytes() == b"old"
    write_atomic(place, b"new")
    assert place.read_bytes() == b"new" and list(tmp_path.iterdir()) == [place]


def test_an_average_goes_on_where_it_was_and_follows_the_formula() -> None:
    model = torch.nn.Linear(2, 1)
    average = WeightAverage(model, 0.9, None)
    expected = model.weight.detach().clone()
    for number in range(1, 8):
        with torch.no_grad():
            model.weight.add_(1.0)
        if number == 4:
            average = WeightAverage(model, 0.9, {k: v.clone() for k, v in average.weights.items()})
        average.update(model, number)
        decay = min(0.9, (1 + number) / (10 + number))
        expected = decay * expected + (1 - decay) * model.weight.detach()
    assert torch.allclose(average.weights["weight"], expected)
    assert WeightAverage(model, 0.0, None).weights == {}
