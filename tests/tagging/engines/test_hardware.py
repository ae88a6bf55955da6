"""The hardware files that ship are what accelerate reads, and their launch commands do what they say."""

from __future__ import annotations

import importlib.util
import shlex
import signal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from accelerate.commands.config.config_args import load_config_from_file
from accelerate.commands.launch import _validate_launch_command, launch_command_parser

from conftest import ROOT
from minsheng.config.schema import RunConfig
from minsheng.errors import ConfigError
from minsheng.modeling import forward
from minsheng.workflows.hardware import build_accelerator

HARDWARE = sorted((ROOT / "configs" / "accelerate").glob("*.yaml"))
PROCESSES = {"cpu": 1, "one-gpu": 1, "cpu-2-processes": 2, "fsdp": 2, "multi-gpu": 2, "several-machines-cpu": 4,
             "several-machines-gpu": 16}  # fmt: skip


def commands(place: Path) -> list[list[str]]:
    lines = place.read_text("utf-8").splitlines()
    found = [
        shlex.split(line.removeprefix("# ")) for line in lines if line.startswith("# accelerate launch ")
    ]
    assert found and lines[0].startswith("# accelerate launch "), place
    return found


@pytest.mark.parametrize("place", HARDWARE, ids=lambda place: place.stem)
def test_accelerate_reads_the_file_and_the_command(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    config = load_config_from_file(str(place))  # raises for a key that it does not know
    assert config.num_processes == PROCESSES[place.stem]
    for command in commands(place):
        arguments = launch_command_parser().parse_args(command[2:])
        assert (ROOT / arguments.config_file) == place and (ROOT / arguments.training_script).is_file()
        whole: Any = _validate_launch_command(arguments)[0]
        assert whole.num_processes == PROCESSES[place.stem]
        # Only this makes accelerate start more than one process by itself.
        assert whole.use_fsdp == (place.stem == "fsdp")
        assert whole.multi_gpu == (whole.num_processes > 1 and not whole.use_fsdp)
        assert whole.use_cpu == ("cpu" in place.stem)
        if "several-machines" in place.stem:
            assert (whole.num_machines, whole.main_process_ip, whole.main_process_port) == (
                2,
                "10.0.0.1",
                29500,
            )


def test_every_file_is_known() -> None:
    assert {place.stem for place in HARDWARE} == PROCESSES.keys()


@pytest.mark.parametrize(
    ("name", "version", "may"), [("FSDP", "2", False), ("FSDP", "1", True), ("DEEPSPEED", "", True)]
)
def test_a_launch_that_shards_the_model_is_refused(
    name: str, version: str, may: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"ACCELERATE_USE_{name}", "true")
    monkeypatch.setenv("FSDP_VERSION", version)
    with pytest.raises(ConfigError, match=f"{name} shards the model"):
        build_accelerator(RunConfig(output="out"), may_shard=may)


def test_a_launch_that_would_shard_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    monkeypatch.setenv("FSDP_VERSION", "2")
    with pytest.raises(ConfigError, match="over several GPUs, and this launch has none or one"):
        build_accelerator(RunConfig(output="out"), may_shard=True)


@pytest.mark.parametrize(("said", "threads"), [("3", 3), ("0", None), ("", None), ("4,2", None)])
def test_a_process_among_others_takes_the_cores_that_are_its_own(
    said: str, threads: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    alone = forward._cores()
    monkeypatch.setenv("OMP_NUM_THREADS", said)
    assert forward._cores() == (threads or alone) > 0


@pytest.fixture
def launcher() -> ModuleType:
    spec = importlib.util.spec_from_file_location("launcher", ROOT / "scripts" / "launch.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("code", "ends"), [(2, 2), (3, 3), (130, 130), (-9, 1), (0, 0)])
def test_the_launcher_ends_with_the_code_of_the_first_process_that_failed(
    code: int,
    ends: int,
    launcher: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from accelerate.commands import launch
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure

    def failing(arguments: Any) -> None:
        if code:
            late = ProcessFailure(0, 4711, -15, "")
            object.__setattr__(late, "timestamp", 2**33)
            raise ChildFailedError("run_tag.py", {0: late, 1: ProcessFailure(1, 4712, code, "")})

    monkeypatch.setattr(launch, "launch_command", failing)
    assert launcher.launch(["script.py"]) == ends
    assert ("rank 1 was killed (SIGKILL)" in capsys.readouterr().err) == (code == -9)


def test_a_launch_that_is_stopped_says_so(
    launcher: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from accelerate.commands import launch
    from torch.distributed.elastic.multiprocessing.api import SignalException

    def stopped(arguments: Any) -> None:
        raise SignalException("Process 4711 got signal: 2", sigval=signal.SIGINT)

    monkeypatch.setattr(launch, "launch_command", stopped)
    assert launcher.launch(["script.py"]) == 130
    assert "the launch was killed (SIGINT); start the same command again" in capsys.readouterr().err
