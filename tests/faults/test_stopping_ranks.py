"""Two processes that work as one (gloo, on the CPU): one is lost at a random moment, and the run is taken up again."""

from __future__ import annotations

import random
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import reports_for_faults
from nursery import Child, Nursery, shared_nursery
from report import Tell, record, teller
from stopping import MOMENTS, SEED, Content, files_of, is_finished, model_of

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="processes are forked and stopped by signals here"
)
COUNT = max(1, MOMENTS // 5) if MOMENTS else 1


def free_port() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return str(taken.getsockname()[1])


def start_two(started: Nursery, arguments: Sequence[str]) -> list[Child]:
    """Rank 0 and rank 1 of a run, with the variables that `accelerate launch` sets."""
    port = free_port()
    return [
        started.start(
            arguments,
            variables={
                "RANK": str(rank),
                "LOCAL_RANK": str(rank),
                "WORLD_SIZE": "2",
                "LOCAL_WORLD_SIZE": "2",
                "MASTER_ADDR": "127.0.0.1",
                "MASTER_PORT": port,
                "ACCELERATE_USE_CPU": "true",
                "ACCELERATE_MIXED_PRECISION": "no",
            },
        )
        for rank in range(2)
    ]


def lose_one(ranks: Sequence[Child], rng: random.Random, *, seconds: float) -> bool:
    """Kill one of the two at a random moment; what starts them ends the other one then. False: too late."""
    end = time.monotonic() + rng.random() * seconds
    while time.monotonic() < end and all(child.alive() for child in ranks):
        time.sleep(0.001)
    lost, left = rng.sample(list(ranks), 2)
    early = lost.alive()
    lost.stop(signal.SIGKILL)
    end = time.monotonic() + rng.choice([0.0, 0.05, 0.5])  # the other goes on for as long as it can
    while time.monotonic() < end and left.alive():
        time.sleep(0.005)
    left.stop(rng.choice([signal.SIGTERM, signal.SIGKILL]))
    return early


def finish(ranks: Sequence[Child], good: Sequence[int]) -> None:
    for child in reversed(ranks):
        code = child.wait()
        # The first one speaks for all: whether something could not be read is its exit code.
        assert code in (good if child is ranks[0] else (0, *good)), f"exit {code}: {child.said()[-900:]}"


def lost_anywhere(
    started: Nursery,
    folder: Path,
    command: Callable[[Path], Sequence[str]],
    content: Callable[[Path], Content],
    *,
    kind: str,
    good: Sequence[int] = (0,),
    alone: bool,
    tell: Tell,
) -> None:
    """`alone`: one process must be able to end what two began, to the same bytes."""
    out = folder / "undisturbed" / "disk" / "out"
    began = time.monotonic()
    finish(start_two(started, command(out)), good)
    seconds = time.monotonic() - began
    expected = content(out)
    assert expected
    tried = late = trial = 0
    while tried < COUNT and trial < 4 * COUNT + 4:
        rng = random.Random(f"{SEED}/{kind}/{trial}")
        out = folder / f"trial-{trial}" / "disk" / "out"
        losses = rng.choice([1, 2, 3])  # a lost run is taken up by two, one of which is lost again
        for _ in range(losses):
            early = lose_one(start_two(started, command(out)), rng, seconds=1.3 * seconds / losses)
            tried, late = tried + early, late + (not early)
            if is_finished(out):
                break
        if is_finished(out):
            again = started.start(command(out))  # clears away what was left after the last word
            assert again.wait() == 2 and "holds a finished run" in again.said(), again.said()[-900:]
        else:
            both = not alone or rng.random() < 0.5
            finish(start_two(started, command(out)) if both else [started.start(command(out))], good)
        found = content(out)
        different = sorted(n for n in expected.keys() | found.keys() if expected.get(n) != found.get(n))
        assert not different, f"seed {SEED}, trial {trial}: differs in {', '.join(different)}"
        record(
            "stopped", f"{kind}, one of two lost", asked=COUNT, tried=tried, survived=tried, late=late, SIGKILL=tried
        )  # fmt: skip
        seconds_so_far = time.monotonic() - began
        tell(f"{kind} in two processes: lost one at {tried} of {COUNT} moments, {seconds_so_far:.0f} s")
        trial += 1
    assert tried >= COUNT


@pytest.fixture(scope="module")
def started() -> Nursery:
    return shared_nursery()


def test_tagging_in_two_processes_loses_nothing(
    started: Nursery, model_directory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reports_for_faults.write(tmp_path / "材料")
    fixed = ["tag", str(tmp_path / "材料"), "--model", str(model_directory)]
    lost_anywhere(
        started,
        tmp_path,
        lambda out: [*fixed, "--out", str(out)],
        files_of,
        kind="tag",
        good=(3,),
        alone=True,
        tell=teller(capsys),
    )
    # And what two processes leave is what one leaves.
    one = tmp_path / "one" / "disk" / "out"
    finish([started.start([*fixed, "--out", str(one)])], (3,))
    assert files_of(one) == files_of(tmp_path / "undisturbed" / "disk" / "out")


def test_training_in_two_processes_ends_bit_equal(
    started: Nursery, labelled: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from conftest import SMALL_RUN

    train, validation = (path.as_posix() for path in labelled)
    config = tmp_path / "run.yaml"
    config.write_text(SMALL_RUN.format(output="unused", train=train, validation=validation), encoding="utf-8")
    fixed = ["train", str(config), "schedule.epochs=2", "model.dropout=0.1"]
    lost_anywhere(
        started,
        tmp_path,
        lambda out: [*fixed, f"run.output={out.as_posix()}"],
        model_of,
        kind="train",
        alone=False,
        tell=teller(capsys),
    )
