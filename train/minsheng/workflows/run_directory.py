"""A run directory: `config.yaml`, `log.jsonl`, `checkpoints/`, `model/`; finished runs are never overwritten."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from minsheng.config.distill import DistillConfig
from minsheng.config.load import dump_config, parse_yaml
from minsheng.config.schema import PretrainConfig, TrainConfig
from minsheng.errors import ConfigError, RunError
from minsheng.modeling.checkpoint import latest_checkpoint, write_atomic

# Settings of a run that may differ between its start and its continuation.
_FREE = {"output", "threads", "checkpoint_updates", "trackers"}
_LOCK = ".lock"

RunSettings = TrainConfig | DistillConfig | PretrainConfig


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep every other process out of the directory of a run (made if missing) until this ends.

    The operating system holds the lock and lets go of it when the process dies, however it dies. Raises
    RunError where another process has it.
    """
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    place = folder / _LOCK
    lock = FileLock(place, blocking=False)
    try:
        lock.acquire()
    except Timeout:
        raise RunError(
            f"{folder}: another process is writing into it; wait until that ends, or choose another directory"
        ) from None
    except OSError as error:  # a file system without locks must not stop the work
        print(f"minsheng: {folder}: cannot be locked ({error.strerror or error})", file=sys.stderr)
    try:
        yield
    finally:
        if lock.is_locked:
            # While it is still held: later, it could be that of the next run. (Windows: deleted on release.)
            with suppress(OSError):
                place.unlink()
            lock.release()


class RunDirectory:
    """Paths, the log and the lock of one run. `open_run` makes it; leaving its `with` block closes it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.checkpoints = folder / "checkpoints"
        self.model = folder / "model"
        self.evaluation = folder / "evaluation"
        self._log: IO[str] | None = None
        self._held = ExitStack()

    def __enter__(self) -> RunDirectory:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def hold(self) -> None:
        """Lock the directory until `close`. Raises RunError where another process has it."""
        self._held.enter_context(held(self.folder))

    def log(self, event: str, values: Mapping[str, Any]) -> None:
        """Append one line to `log.jsonl`."""
        if self._log is None:
            _drop_half_line(self.folder / "log.jsonl")
            self._log = (self.folder / "log.jsonl").open("a", encoding="utf-8")
        record = {"event": event, "time": round(time.time(), 3), **values}
        self._log.write(json.dumps(record, ensure_ascii=False) + "\n")
        self._log.flush()

    def publish(self, beside: Path, place: Path) -> None:
        """Put a finished directory in its place at once."""
        for file in beside.rglob("*"):
            if file.is_file():
                with file.open("rb+") as handle:
                    os.fsync(handle.fileno())
        if place.exists():
            shutil.rmtree(place)
        beside.rename(place)

    def finish(self, summary: Mapping[str, Any]) -> None:
        """Mark the run as finished."""
        write_atomic(
            self.folder / "finished.json", (json.dumps(summary, ensure_ascii=False, indent=1) + "\n").encode()
        )

    def close(self) -> None:
        """Close the log and let go of the directory."""
        if self._log is not None:
            self._log.close()
            self._log = None
        self._held.close()


def _drop_half_line(log: Path) -> None:
    """Cut off a last line whose writing was stopped, so that the next one is not joined to it."""
    if not log.exists():
        return
    with log.open("rb+") as lines:
        data = lines.read()
        lines.truncate(data.rfind(b"\n") + 1)


def clear(folder: Path, *, marker: Path) -> None:
    """Delete what a run left in its folder; the file by which it is known goes last, in case this is stopped."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path not in (marker, folder / _LOCK):
            path.unlink()
    marker.unlink(missing_ok=True)


def holds_anything(folder: Path) -> bool:
    """Whether a folder holds more than a small file whose writing was stopped."""
    return folder.is_dir() and any(path.suffix != ".part" and path.name != _LOCK for path in folder.iterdir())


def comparable(config: RunSettings) -> dict[str, Any]:
    """The settings that must not change between the start of a run and its continuation, as plain values.

    Those that change what is learnt, but for the length of a pre-training run: until its decay begins, the
    learning rate does not depend on the end, so a run can be brought to an end early or prolonged.
    """
    tree = config.model_dump(mode="json")
    tree["run"] = {key: value for key, value in tree["run"].items() if key not in _FREE}
    if isinstance(config, PretrainConfig):
        tree["schedule"] = {k: v for k, v in tree["schedule"].items() if k not in ("tokens", "decay")}
    return tree


def open_run(config: RunSettings, *, overwrite: bool = False, first: bool = True) -> RunDirectory:
    """Make and lock the run directory, or take up an unfinished run of the same config.

    `first`: of several processes only one looks and writes; the others follow it.
    Raises RunError if it holds a finished run, an unfinished one of another config, or no run at all, or if
    another process is writing into it.
    """
    run = RunDirectory(Path(config.run.output))
    if not first:
        return run
    _check(run, config, overwrite=overwrite)  # before anything is made in a folder that is no run
    run.hold()
    try:
        _check(run, config, overwrite=overwrite)  # again: it may have been finished in between
        stored = run.folder / "config.yaml"
        if overwrite:
            clear(run.folder, marker=stored)
        write_atomic(stored, dump_config(config).encode("utf-8"))
        run.checkpoints.mkdir(exist_ok=True)
    except BaseException:
        run.close()
        raise
    return run


def _check(run: RunDirectory, config: RunSettings, *, overwrite: bool) -> None:
    """Raises RunError where a run may not be begun or taken up."""
    stored = run.folder / "config.yaml"
    if run.folder.exists() and not run.folder.is_dir():
        raise RunError(f"{run.folder}: is a file; choose another run.output")
    if holds_anything(run.folder) and not _is_run(stored):
        raise RunError(f"{run.folder}: not a run directory; it is left as it is, choose another run.output")
    if overwrite:
        return
    if (run.folder / "finished.json").exists():
        raise RunError(f"{run.folder}: holds a finished run; choose another run.output, or add --overwrite")
    if stored.exists():
        from minsheng.config.load import load_config

        before = load_config(type(config), stored)
        if latest_checkpoint(run.checkpoints) and comparable(before) != comparable(config):
            keys = _differences(comparable(before), comparable(config))
            raise RunError(
                f"{run.folder}: holds an unfinished run with another config ({', '.join(keys)} differ); "
                "choose another run.output, or add --overwrite"
            )


def _is_run(stored: Path) -> bool:
    """Whether a `config.yaml` is that of a run of ours; many other programs write a file of this name."""
    try:
        tree = parse_yaml(stored.read_text(encoding="utf-8"), where=str(stored))
    except (OSError, UnicodeDecodeError, ConfigError):
        return False
    return isinstance(tree, dict) and isinstance(tree.get("run"), dict) and {"data", "seed"} <= tree.keys()


def _differences(one: Mapping[str, Any], two: Mapping[str, Any], prefix: str = "") -> list[str]:
    found: list[str] = []
    for key in one.keys() | two.keys():
        a, b = one.get(key), two.get(key)
        if isinstance(a, dict) and isinstance(b, dict):
            found += _differences(a, b, f"{prefix}{key}.")
        elif a != b:
            found.append(f"{prefix}{key}")
    return sorted(found)
