"""Two processes (gloo, on the CPU) give what one gives. Starting them is slow, so each launch does much."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from conftest import EXAMPLES, ROOT, made_records, write_jsonl
from minsheng.config.load import build, load_config
from minsheng.config.schema import EvaluateConfig, PretrainConfig, TagConfig, TrainConfig
from minsheng.workflows.evaluate import evaluate_model
from minsheng.workflows.pretrain import pretrain
from minsheng.workflows.tag import tag
from minsheng.workflows.train import train

HARDWARE = ROOT / "configs" / "accelerate" / "cpu-2-processes.yaml"
SHARDED = ROOT / "configs" / "accelerate" / "fsdp.yaml"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="gloo between processes needs Linux or macOS")


def launch(script: Path, *arguments: str, hardware: Path = HARDWARE) -> subprocess.CompletedProcess[str]:
    """Run a script as `accelerate launch` does; nothing is left behind where it hangs."""
    package = str(ROOT / "train")
    command = [
        sys.executable,
        "-m",
        "accelerate.commands.launch",
        "--config_file",
        str(hardware),
        str(script),
    ]
    process = subprocess.Popen(
        [*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
        env={**os.environ, "PYTHONPATH": package, "PYTHONUTF8": "1"}, start_new_session=True,
    )  # fmt: skip
    try:
        out, errors = process.communicate(timeout=200)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return subprocess.CompletedProcess(command, process.returncode, out, errors)


def assert_close(one: Any, two: Any, where: str = "") -> int:
    """Compare two trees, numbers within rounding; returns how many numbers were compared."""
    if isinstance(one, dict):
        assert one.keys() == two.keys(), where
        return sum(assert_close(one[key], two[key], f"{where}.{key}") for key in one)
    if isinstance(one, list):
        assert len(one) == len(two), where
        return sum(assert_close(a, b, f"{where}[]") for a, b in zip(one, two, strict=True))
    if isinstance(one, float) and isinstance(two, float):
        assert one == pytest.approx(two, abs=1e-5), where
        return 1
    assert one == two, where
    return 0


def test_evaluation_in_two_processes(model_directory: Path, tmp_path: Path) -> None:
    rows = made_records(50)
    for row in rows[::7]:
        row["labels"] = ["housing"]  # so that there is something to get wrong
    data = write_jsonl(tmp_path / "test.jsonl", rows)
    done = launch(
        ROOT / "scripts" / "run_evaluate.py", str(model_directory), str(data), "--out", str(tmp_path / "two")
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("macro-F1") == 1  # one of the two speaks
    evaluate_model(model_directory, [data], out=tmp_path / "one", config=EvaluateConfig())
    one, two = (
        json.loads((tmp_path / name / "evaluation.json").read_text("utf-8")) for name in ("one", "two")
    )
    assert one.pop("about").keys() == two.pop("about").keys()
    assert [c["name"] for c in one.pop("costs")] == [c["name"] for c in two.pop("costs")]  # seconds differ
    assert assert_close(one, two) > 100


DRIVER = """
import json, sys
from pathlib import Path
from accelerate import Accelerator, PartialState
from minsheng.config.load import build, load_config
from minsheng.config.schema import PretrainConfig, TagConfig, TrainConfig
from minsheng.workflows.pretrain import pretrain
from minsheng.workflows.tag import tag
from minsheng.workflows.train import train

if __name__ == "__main__":
    jobs = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    Accelerator.end_training = lambda self: None  # it would end the group that the next job needs
    tagging = build(TagConfig, jobs["tag"], where="")
    tag(jobs["patterns"], model=Path(jobs["model"]), out=Path(jobs["out"]), config=tagging)
    train(load_config(TrainConfig, jobs["run"], jobs["overrides"]))
    pretrain(build(PretrainConfig, jobs["pretrain"], where=""))
    state = PartialState()
    sys.stdout.write(f"rank {state.process_index} of {state.num_processes}\\n")
"""


def pretraining(folder: Path, corpus: Path) -> dict[str, Any]:
    """Six updates; the micro-batch of the settings would be work for one process only."""
    return {
        "run": {"output": folder.as_posix(), "precision": "no", "threads": 1, "checkpoint_updates": 100},
        "data": {"sources": [{"path": corpus.as_posix()}], "held_out": 0.2},
        "architecture": {"layers": 1, "hidden": 16, "intermediate": 24, "heads": 2, "positions": 64},
        "tokenizer": {"vocabulary": 250, "rarest": 1, "characters": 5000},
        "schedule": {"tokens": 6 * 6 * 24, "batch_sequences": 6, "micro_sequences": 3, "sequence": 24},
        "optimizer": {"learning_rate": 1e-2},
    }


def logged(folder: Path) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text("utf-8").splitlines()]
    return [row for row in rows if row["event"] == "update"]


def test_training_tagging_and_pretraining_in_two_processes(
    run_config: Path, model_directory: Path, tmp_path: Path
) -> None:
    reports = tmp_path / "reports"
    reports.mkdir()
    for n in range(5):
        text = "\n\n".join(pattern.format(n=n + 2, m=31 * n + 8) for pattern in EXAMPLES.values())
        (reports / f"{n}.txt").write_text(text, "utf-8")
    (reports / "bad.docx").write_bytes(b"PK\x03\x04")
    corpus = write_jsonl(tmp_path / "corpus.jsonl", [{"text": row["text"]} for row in made_records(90)])
    settings: dict[str, Any] = {"window": 1, "precision": "no", "threads": 1}
    overrides = ["schedule.epochs=2", "stop.average=0.5"]
    pretrain_two = pretraining(tmp_path / "pretrain-two", corpus)
    pretrain_two["schedule"]["micro_sequences"] = 64
    jobs = {
        "patterns": [str(reports)], "model": str(model_directory), "out": str(tmp_path / "tags-two"), "tag": settings,
        "run": str(run_config), "overrides": [*overrides, f"run.output={(tmp_path / 'train-two').as_posix()}"],
        "pretrain": pretrain_two,
    }  # fmt: skip
    (tmp_path / "jobs.json").write_text(json.dumps(jobs), "utf-8")
    (tmp_path / "driver.py").write_text(DRIVER, "utf-8")
    done = launch(tmp_path / "driver.py", str(tmp_path / "jobs.json"))
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.split("\n")[:-1]) == ["rank 0 of 2", "rank 1 of 2"]

    one = tag(
        [str(reports)],
        model=model_directory,
        out=tmp_path / "tags-one",
        config=build(TagConfig, settings, where=""),
    )
    assert (one.documents, one.passages, one.failures) == (5, 30, 1)
    for name in (
        "tags.jsonl",
        "tags.csv",
        "tags.xlsx",
        "tags.parquet",
        "documents.csv",
        "failures.jsonl",
        "run.json",
    ):
        assert (tmp_path / "tags-one" / name).read_bytes() == (tmp_path / "tags-two" / name).read_bytes(), (
            name
        )

    train(
        load_config(
            TrainConfig, run_config, [*overrides, f"run.output={(tmp_path / 'train-one').as_posix()}"]
        )
    )
    rows = [logged(tmp_path / name) for name in ("train-one", "train-two")]
    assert len(rows[0]) == len(rows[1]) == 18
    for key in ("loss", "learning_rate", "gradient_norm"):
        values = [[row[key] for row in part] for part in rows]
        assert np.allclose(*values, rtol=1e-3, atol=1e-5), key
    scores = [[row["validation_loss"] for row in part if "validation_loss" in row] for part in rows]
    assert len(scores[0]) == 2 and np.allclose(*scores, rtol=1e-3)
    weights = [
        load_file(tmp_path / name / "model" / "model.safetensors") for name in ("train-one", "train-two")
    ]
    assert all(np.allclose(weights[0][name], weights[1][name], atol=2e-3) for name in weights[0])

    pretrain(build(PretrainConfig, pretraining(tmp_path / "pretrain-one", corpus), where=""))
    lasts = [logged(tmp_path / name)[-1] for name in ("pretrain-one", "pretrain-two")]
    assert lasts[0]["update"] == lasts[1]["update"] == 6
    for key in ("loss", "held_out_loss"):
        assert lasts[0][key] == pytest.approx(lasts[1][key], rel=1e-3), key


SHARDING_DRIVER = """
import sys
from accelerate import DistributedType, PartialState
from torch.distributed.tensor import DTensor
from minsheng.config.load import load_config
from minsheng.config.schema import TrainConfig
from minsheng.workflows import train as workflow

true = workflow.prepare

def prepare(accelerator, model, optimizers):
    model, optimizers = true(accelerator, model, optimizers)
    numbers = list(model.parameters())
    numbers += [value for one in optimizers for state in one.state.values() for value in state.values() if value.ndim]
    assert all(isinstance(one, DTensor) for one in numbers) and len(numbers) == 3 * len(list(model.parameters()))
    share = sum(one.to_local().numel() for one in numbers) / sum(one.numel() for one in numbers)
    sys.stdout.write(f"{share:.1f}\\n")
    return model, optimizers

if __name__ == "__main__":
    PartialState(cpu=True)
    PartialState._shared_state["distributed_type"] = DistributedType.MULTI_GPU  # accelerate shards on no other
    workflow.prepare = prepare
    workflow.train(load_config(TrainConfig, sys.argv[1], sys.argv[2:]))
"""


def test_a_sharded_model_learns_what_a_whole_one_learns(
    run_config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Begun by a process that holds it whole, finished by two that hold a half each (FSDP2)."""
    settings = {
        name: ["schedule.epochs=2", "stop.average=0.5", f"run.output={(tmp_path / name).as_posix()}"]
        for name in ("one", "two")
    }
    train(load_config(TrainConfig, run_config, settings["one"]))
    with monkeypatch.context() as patch:
        patch.setattr("minsheng.workflows.train._evaluate", stop)
        with pytest.raises(KeyboardInterrupt):
            train(load_config(TrainConfig, run_config, settings["two"]))
    begun = len(logged(tmp_path / "two"))
    (tmp_path / "driver.py").write_text(SHARDING_DRIVER, "utf-8")
    done = launch(tmp_path / "driver.py", str(run_config), *settings["two"], hardware=SHARDED)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "0.5\n0.5\n"
    one, two = ({row["update"]: row for row in logged(tmp_path / name)} for name in ("one", "two"))
    assert 0 < begun < len(one) == len(two) == 18 < len(logged(tmp_path / "two"))
    for key in ("loss", "gradient_norm", "validation_loss"):
        values = [[row[key] for row in rows.values() if key in row] for rows in (one, two)]
        assert len(values[0]) >= 2 and np.allclose(*values, rtol=1e-3, atol=1e-5), key
    weights = [load_file(tmp_path / name / "model" / "model.safetensors") for name in ("one", "two")]
    assert weights[0].keys() == weights[1].keys()
    assert all(np.allclose(weights[0][name], weights[1][name], atol=2e-3) for name in weights[0])
    stored = [
        load_file(max((tmp_path / name / "checkpoints").iterdir()) / "optimizer.safetensors")
        for name in ("one", "two")
    ]
    assert stored[0].keys() == stored[1].keys()
    assert all(np.allclose(stored[0][name], stored[1][name], atol=1e-4) for name in stored[0])


def stop(*arguments: Any) -> None:
    raise KeyboardInterrupt
