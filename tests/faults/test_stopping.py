from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest
import reports_for_faults
import stopping
from nursery import Nursery, shared_nursery
from report import Tell, record, teller
from stopping import MOMENTS, SEED, Harness, Outcome, files_of, model_of

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are stopped by POSIX signals here")


@pytest.fixture(scope="module")
def started() -> Nursery:
    return shared_nursery()


@pytest.fixture(scope="module")
def tagging(started: Nursery, model_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Harness:
    folder = tmp_path_factory.mktemp("tagging")
    reports_for_faults.write(folder / "材料")
    fixed = ["tag", str(folder / "材料"), "--model", str(model_directory)]
    return Harness(
        started, lambda out: [*fixed, "--out", str(out)], files_of, folder, good=(3,), disk=(8, 300)
    )


@pytest.fixture(scope="module")
def training(
    started: Nursery, labelled: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> Harness:
    from conftest import SMALL_RUN

    folder = tmp_path_factory.mktemp("training")
    train, validation = (path.as_posix() for path in labelled)
    config = folder / "run.yaml"
    config.write_text(SMALL_RUN.format(output="unused", train=train, validation=validation), encoding="utf-8")
    fixed = ["train", str(config), "schedule.epochs=2", "model.dropout=0.1"]
    return Harness(
        started, lambda out: [*fixed, f"run.output={out.as_posix()}"], model_of, folder, disk=(16, 600)
    )


@pytest.fixture(scope="module")
def pretraining(started: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Harness:
    from conftest import made_records, write_jsonl

    folder = tmp_path_factory.mktemp("pretraining")
    corpus = write_jsonl(folder / "corpus.jsonl", [{"text": row["text"]} for row in made_records(90)])
    settings = {
        "run": {"output": "unused", "precision": "no", "threads": 1, "checkpoint_updates": 3},
        "data": {"sources": [{"path": corpus.as_posix()}], "held_out": 0.2},
        "architecture": {"layers": 1, "hidden": 16, "intermediate": 24, "heads": 2, "positions": 64},
        "tokenizer": {"vocabulary": 250, "rarest": 1, "characters": 5000},
        "schedule": {"tokens": 20 * 6 * 24, "batch_sequences": 6, "micro_sequences": 3, "sequence": 24},
        "optimizer": {"learning_rate": 1e-2},
    }
    config = folder / "run.yaml"
    config.write_text(json.dumps(settings), encoding="utf-8")  # JSON is YAML too
    fixed = ["pretrain", str(config)]
    return Harness(
        started, lambda out: [*fixed, f"run.output={out.as_posix()}"], model_of, folder, disk=(16, 200)
    )


def stopped_anywhere(kind: str, harness: Harness, few: int, tell: Tell) -> None:
    began, asked = time.monotonic(), MOMENTS or few

    def heard(outcome: Outcome) -> None:
        named = {way: outcome.stopped[way] for way in stopping.WAYS}
        values = {"asked": asked, "tried": outcome.tried, "survived": outcome.survived, "late": outcome.late}
        record("stopped", kind, **values, **named)  # after each chain: the suite itself may be cut off
        bad = f", {len(outcome.wrong)} chains ended wrong" if outcome.wrong else ""
        seconds = time.monotonic() - began
        tell(f"{kind}: stopped at {outcome.tried} of {asked} moments{bad}, {seconds:.0f} s")

    tell(f"{kind}: one run takes {harness.undisturbed.seconds:.1f} s")
    outcome = harness.stop_often(asked, seed=SEED, tell=heard)
    assert not outcome.wrong, "\n".join(outcome.wrong)
    assert asked <= outcome.tried == outcome.survived


def test_tagging_stopped_anywhere_ends_byte_equal(
    tagging: Harness, capsys: pytest.CaptureFixture[str]
) -> None:
    stopped_anywhere("tag", tagging, 6, teller(capsys))


def test_training_stopped_anywhere_ends_bit_equal(
    training: Harness, capsys: pytest.CaptureFixture[str]
) -> None:
    stopped_anywhere("train", training, 4, teller(capsys))


def test_pretraining_stopped_anywhere_ends_bit_equal(
    pretraining: Harness, capsys: pytest.CaptureFixture[str]
) -> None:
    stopped_anywhere("pretrain", pretraining, 3, teller(capsys))


FAULTS = [
    ("tagging", "parts in place"),
    ("training", "checkpoints in place"),
    ("tagging", "parts forgotten"),
    ("training", "optimizer forgotten"),
]


@pytest.mark.parametrize(("kind", "fault"), FAULTS if MOMENTS else FAULTS[:1])
def test_the_harness_finds_a_careless_commit(kind: str, fault: str, request: pytest.FixtureRequest) -> None:
    harness: Harness = request.getfixturevalue(kind)
    calm = harness.try_chain([], seed=f"{SEED}/{fault}/calm", fault=fault)
    assert not calm.wrong, calm.wrong  # it takes a stop to see it
    moments = 0
    for number in range(8):
        # Such a run is slower: each unfinished part or checkpoint stands for a while.
        outcome = harness.try_chain(["SIGKILL"] * 3, seed=f"{SEED}/{fault}/{number}", fault=fault, slower=1.5)
        moments += outcome.tried
        if outcome.wrong:
            record("injected", f"{kind}: {fault}", found="yes", moments=moments)
            return
    pytest.fail(f"{fault}: not found at {moments} moments")


def test_a_second_run_in_the_same_directory_is_refused(tagging: Harness, training: Harness) -> None:
    for harness in (tagging, training):
        out = harness.folder / "second" / "disk" / "out"
        first = harness.nursery.start(harness.command(out))
        # The lock file is there a moment before it is locked; what is written after that is the sign.
        while not any(path.name != ".lock" for path in out.glob("*")) and first.alive():
            time.sleep(0.001)
        os.kill(first.pid, signal.SIGSTOP)  # it holds the lock for as long as we like
        second = harness.nursery.start([*harness.command(out), "--overwrite"])
        assert second.wait() == 2
        assert second.said().strip().endswith("or choose another directory")
        assert f"{out}: another process is writing into it" in second.said()
        os.kill(first.pid, signal.SIGCONT)
        assert first.wait() in harness.good, first.said()
        assert harness.content(out) == harness.undisturbed.content
