from __future__ import annotations

import json
import os
import random
import signal
import time
from pathlib import Path

import pytest
import reports_for_faults
import stopping
from nursery import Nursery, shared_nursery
from report import record
from stopping import MOMENTS, SEED, Harness, files_of, model_of, some_ways

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


def report(kind: str, outcome: stopping.Outcome, seconds: float, once: float) -> None:
    tried = sum(outcome.stopped.values())
    named = {way: outcome.stopped[way] for way in dict.fromkeys(stopping.WAYS)}
    record("stopped", kind, tried=tried, survived=tried - len(outcome.wrong), late=outcome.late, **named)
    ways = ", ".join(f"{way} {count}" for way, count in sorted(outcome.stopped.items()))
    print(
        f"\n{kind}: {sum(outcome.stopped.values())} moments ({ways}), {outcome.late} too late, "
        f"{len(outcome.wrong)} wrong, {seconds:.0f} s (one run {once:.1f} s), seed {SEED}"
    )


def stopped_anywhere(kind: str, harness: Harness, few: int) -> None:
    began = time.monotonic()
    expected, seconds = harness.undisturbed
    ways = some_ways(MOMENTS or few, seed=SEED)
    outcome = harness.try_all(ways, seed=SEED, expected=expected, seconds=seconds)
    while (
        sum(outcome.stopped.values()) < MOMENTS and len(outcome.wrong) < 5
    ):  # those that came too late are tried again
        more = harness.try_all(["SIGKILL"], seed=random.randrange(10**9), expected=expected, seconds=seconds)
        outcome.stopped += more.stopped
        outcome.late += more.late
        outcome.wrong += more.wrong
    report(kind, outcome, time.monotonic() - began, seconds)
    assert not outcome.wrong, "\n".join(outcome.wrong)
    assert sum(outcome.stopped.values()) + outcome.late >= len(ways)


def test_tagging_stopped_anywhere_ends_byte_equal(tagging: Harness) -> None:
    stopped_anywhere("tag", tagging, 3)


def test_training_stopped_anywhere_ends_bit_equal(training: Harness) -> None:
    stopped_anywhere("train", training, 2)


def test_pretraining_stopped_anywhere_ends_bit_equal(pretraining: Harness) -> None:
    stopped_anywhere("pretrain", pretraining, 1)


FAULTS = [
    ("tagging", "parts in place"),
    ("training", "checkpoints in place"),
    ("tagging", "parts forgotten"),
    ("training", "optimizer forgotten"),
]


@pytest.mark.parametrize(("kind", "fault"), FAULTS if MOMENTS else FAULTS[:1])
def test_the_harness_finds_a_careless_commit(kind: str, fault: str, request: pytest.FixtureRequest) -> None:
    harness: Harness = request.getfixturevalue(kind)
    expected, seconds = harness.undisturbed
    seconds += 1.5  # such a run is slower: five parts that each stand unfinished for a while
    for trial in range(12):
        outcome = harness.try_all(["SIGKILL"], seed=trial, expected=expected, seconds=seconds, fault=fault)
        if outcome.wrong:
            record("injected", f"{kind}: {fault}", found="yes", moments=trial + 1)
            return
    pytest.fail(f"{fault}: not found at 12 moments")


def test_a_second_run_in_the_same_directory_is_refused(tagging: Harness, training: Harness) -> None:
    for harness in (tagging, training):
        expected, _ = harness.undisturbed
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
        assert harness.content(out) == expected
