from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import minsheng.workflows.train as workflow
from conftest import write_jsonl
from minsheng.config.load import load_config
from minsheng.config.schema import TrainConfig
from minsheng.errors import RunError
from minsheng.modeling.directory import read_info
from minsheng.workflows.train import train

SHORT = ["schedule.epochs=2"]


def settings(run_config: Path, *overrides: str) -> TrainConfig:
    return load_config(TrainConfig, run_config, [*SHORT, *overrides])


def to(folder: Path) -> str:
    return f"run.output={folder.as_posix()}"


def logged(folder: Path, event: str = "update") -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text("utf-8").splitlines()]
    return [row for row in rows if row["event"] == event]


def stop_at(monkeypatch: pytest.MonkeyPatch, update: int) -> None:
    true_updates = workflow.train_updates

    def stopping(*args: Any, **kwargs: Any) -> Iterator[Any]:
        for step in true_updates(*args, **kwargs):
            if step.update == update:
                raise KeyboardInterrupt
            yield step

    monkeypatch.setattr(workflow, "train_updates", stopping)


def test_a_run_leaves_what_the_contract_says(run_config: Path, tmp_path: Path) -> None:
    summary = train(settings(run_config))
    run = tmp_path / "run"
    names = {p.name for p in run.iterdir()}
    assert names >= {"config.yaml", "log.jsonl", "checkpoints", "model", "finished.json"}
    assert not [name for name in names if name.endswith(".part")]
    assert load_config(TrainConfig, run / "config.yaml") == settings(
        run_config
    )  # resolved, and read back equal
    rows = logged(run)
    assert [row["update"] for row in rows] == list(range(1, 19))
    assert all({"loss", "learning_rate", "gradient_norm", "epoch", "seconds"} <= row.keys() for row in rows)
    assert all(0 < row["learning_rate"] <= 5e-3 for row in rows) and rows[-1]["loss"] < rows[0]["loss"]
    scored = [row["update"] for row in rows if "validation_macro_f1" in row]
    assert scored == [9, 18] and "validation_loss" in rows[8]
    assert (
        json.loads((run / "finished.json").read_text("utf-8"))["validation_macro_f1"]
        == summary["validation_macro_f1"]
    )
    assert read_info(run / "model").validation["records"] == 36


def test_a_finished_run_is_refused_and_overwritten_only_when_told(run_config: Path, tmp_path: Path) -> None:
    train(settings(run_config, "schedule.epochs=1"))
    weights = (tmp_path / "run" / "model" / "model.safetensors").read_bytes()
    (tmp_path / "run" / "notes.txt").write_text("mine", "utf-8")
    with pytest.raises(RunError, match="run: holds a finished run"):
        train(settings(run_config, "schedule.epochs=1"))
    with pytest.raises(RunError, match="run: holds a finished run"):
        train(settings(run_config, "seed=14"))
    assert (tmp_path / "run" / "model" / "model.safetensors").read_bytes() == weights
    train(settings(run_config, "seed=14", "schedule.epochs=1"), overwrite=True)
    assert (tmp_path / "run" / "model" / "model.safetensors").read_bytes() != weights
    assert len(logged(tmp_path / "run", "start")) == 1  # nothing is left of the first


def test_one_seed_gives_one_model(run_config: Path, tmp_path: Path) -> None:
    weights = []
    for name, seed in (("a", 13), ("b", 13), ("c", 14)):
        train(
            settings(
                run_config, to(tmp_path / name), f"seed={seed}", "model.dropout=0.1", "schedule.epochs=1"
            )
        )
        weights.append((tmp_path / name / "model" / "model.safetensors").read_bytes())
    assert weights[0] == weights[1] != weights[2]
    infos = [json.loads((tmp_path / name / "model" / "minsheng.json").read_text("utf-8")) for name in "abc"]
    assert infos[0] == infos[1]  # where a run was written is not part of the model
    assert infos[0]["provenance"]["config"] != infos[2]["provenance"]["config"]


def test_an_unfinished_run_of_another_config_is_refused(
    run_config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        stop_at(patch, 8)
        train(settings(run_config))
    with pytest.raises(RunError, match=r"\(optimizer\.learning_rate, seed differ\)"):
        train(settings(run_config, "optimizer.learning_rate=1e-3", "seed=2"))
    train(settings(run_config, "run.checkpoint_updates=50"))  # changes nothing that is learnt
    assert [row["update"] for row in logged(tmp_path / "run", "start")] == [0, 6]


def test_data_changed_in_the_middle_of_a_run_is_refused(
    run_config: Path, labelled: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "train.jsonl"
    data.write_bytes(labelled[0].read_bytes())
    config = settings(run_config, f"data.train={data.as_posix()}")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        stop_at(patch, 8)
        train(config)
    rows = [json.loads(line) for line in data.read_text("utf-8").splitlines()]
    write_jsonl(data, [*rows[:-1], rows[-1] | {"labels": ["housing"]}])
    with pytest.raises(RunError, match="the data changed since this run began"):
        train(config)
    write_jsonl(data, rows)
    train(config)


@pytest.mark.parametrize("content", [None, "run: {name: x}\n", "lr: 1e-3\n", "- a\n", "\x00", ""])
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_directory_of_somebody_else_is_never_touched(
    content: str | None, overwrite: bool, run_config: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "thesis.txt").write_text("three years of work", "utf-8")
    if content is not None:
        (folder / "config.yaml").write_text(content, "utf-8")
    before = sorted(p.relative_to(folder) for p in folder.rglob("*"))
    with pytest.raises(RunError, match="not a run directory"):
        train(settings(run_config), overwrite=overwrite)
    assert sorted(p.relative_to(folder) for p in folder.rglob("*")) == before


def test_a_run_stopped_in_its_first_moment_can_be_started_again(run_config: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.yaml.part").write_text("ru", "utf-8")
    train(settings(run_config, "schedule.epochs=1"))
    assert (tmp_path / "run" / "finished.json").exists()


def test_a_file_where_the_directory_should_be(run_config: Path, tmp_path: Path) -> None:
    (tmp_path / "run").write_text("x", "utf-8")
    with pytest.raises(RunError, match="run: is a file"):
        train(settings(run_config), overwrite=True)
