"""Numbers that go wrong: a loss that is no number or explodes ends the run and leaves the last good checkpoint."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

import minsheng.workflows.train as workflow
from conftest import EXAMPLES
from minsheng.config.load import load_config
from minsheng.config.schema import TrainConfig
from minsheng.errors import TrainingError
from minsheng.tagging.tagger import Tagger
from minsheng.workflows.train import train


def settings(run_config: Path, out: Path, *more: str) -> TrainConfig:
    return load_config(TrainConfig, run_config, [f"run.output={out.as_posix()}", "schedule.epochs=2", *more])


def test_a_loss_that_is_no_number_leaves_the_last_good_checkpoint(
    run_config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something breaks the weights after update 7; checkpoints are made every three updates."""
    true_updates = workflow.train_updates

    def breaking(model: torch.nn.Module, *args: Any, **kwargs: Any) -> Iterator[Any]:
        for step in true_updates(model, *args, **kwargs):
            yield step
            if step.update == 7:
                with torch.no_grad():
                    next(model.parameters()).fill_(float("nan"))

    train(settings(run_config, tmp_path / "whole"))
    monkeypatch.setattr(workflow, "train_updates", breaking)
    with pytest.raises(TrainingError, match="the loss is nan"):
        train(settings(run_config, tmp_path / "broken"))
    checkpoints = sorted(p.name for p in (tmp_path / "broken" / "checkpoints").glob("update-*"))
    assert checkpoints[-1] == "update-00000006"
    weights = load_file(tmp_path / "broken" / "checkpoints" / checkpoints[-1] / "weights.safetensors")
    assert weights and all(torch.isfinite(value).all() for value in weights.values())
    assert (
        not (tmp_path / "broken" / "finished.json").exists() and not (tmp_path / "broken" / "model").exists()
    )
    monkeypatch.setattr(workflow, "train_updates", true_updates)
    train(settings(run_config, tmp_path / "broken"))  # goes on from there, to the same end
    one, two = (
        (tmp_path / name / "model" / "model.safetensors").read_bytes() for name in ("whole", "broken")
    )
    assert one == two


def test_an_exploding_run_ends_with_a_message_or_with_finite_weights(
    run_config: Path, tmp_path: Path
) -> None:
    config = settings(run_config, tmp_path / "run", "optimizer.learning_rate=1e30", "optimizer.clip=1e30")
    with pytest.raises(TrainingError, match=r"update \d+: the loss is (nan|inf)"):
        train(config)
    for place in (tmp_path / "run" / "checkpoints").glob("update-*/weights.safetensors"):
        assert all(torch.isfinite(value).all() for value in load_file(place).values()), place
    assert not (tmp_path / "run" / "model").exists()


def test_labels_are_the_same_with_other_threads_batches_and_orders(model_directory: Path) -> None:
    texts = [
        pattern.format(n=n + 2, m=13 * n) * (1 + n % 4) for n in range(2) for pattern in EXAMPLES.values()
    ]
    before = torch.get_num_threads()
    found: list[list[tuple[str, ...]]] = []
    scores: list[list[dict[str, float]]] = []
    try:
        for threads, tokens, step in ((1, 4096, 1), (2, 97, -1)):
            torch.set_num_threads(threads)
            tags = Tagger.load(model_directory, batch_tokens=tokens).tag(texts[::step], evidence=False)[
                ::step
            ]
            found.append([tag.labels for tag in tags])
            scores.append([dict(tag.scores) for tag in tags])
    finally:
        torch.set_num_threads(before)
    assert all(labels == found[0] for labels in found) and any(found[0])
    for other in scores[1:]:
        assert [json.dumps(sorted(s)) for s in other] == [json.dumps(sorted(s)) for s in scores[0]]
        assert all(
            abs(one[key] - two[key]) < 1e-5 for one, two in zip(scores[0], other, strict=True) for key in one
        )
