"""Save and restore a run in the middle: weights, optimizer state and position.

Safetensors and JSON only, so that a checkpoint can never run code. A checkpoint directory appears whole
or not at all: it is written beside its place and renamed.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minsheng.errors import RunError
from minsheng.modeling.sharding import full_tensor

if TYPE_CHECKING:
    import torch
    from torch.optim import Optimizer


def sync_directory(path: Path) -> None:
    """Make a rename durable where the system can (not on Windows)."""
    if os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_atomic(path: Path, data: bytes) -> None:
    """Write a small file so that readers see the old or the new one, never a part."""
    beside = path.with_name(path.name + ".part")
    with beside.open("wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    beside.replace(path)
    sync_directory(path.parent)


def _flatten(optimizers: Sequence[Optimizer]) -> tuple[dict[str, torch.Tensor], list[Any]]:
    import torch

    tensors: dict[str, torch.Tensor] = {}
    plain: list[Any] = []
    for number, optimizer in enumerate(optimizers):
        state: dict[str, dict[str, Any]] = {}
        for index, values in optimizer.state_dict()["state"].items():
            state[str(index)] = {k: v for k, v in values.items() if not isinstance(v, torch.Tensor)}
            for name, value in values.items():
                if isinstance(value, torch.Tensor):
                    tensors[f"{number}/{index}/{name}"] = full_tensor(value.detach()).cpu().contiguous()
        plain.append(state)
    return tensors, plain


def save_checkpoint(
    folder: Path,
    *,
    update: int,
    weights: Mapping[str, torch.Tensor],
    optimizers: Sequence[Optimizer],
    state: Mapping[str, Any],
    extra: Mapping[str, torch.Tensor] | None = None,
    keep: int = 2,
    write: bool = True,
) -> Path:
    """Write `folder/update-N` and delete all but the last `keep`. Returns its path.

    `state` is what else must come back (JSON); `extra` further tensors, such as averaged weights. `write`: False in the
    other processes of a model that is sharded over them: all of them gather it.
    """
    from safetensors.torch import save_file

    place = folder / f"update-{update:08d}"
    beside = folder / f".update-{update:08d}.part"
    if write:
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
    tensors, plain = _flatten(optimizers)
    for name, part in (("weights", weights), ("extra", extra or {})):
        # Tied weights share memory, which safetensors refuses: every name gets its own copy.
        copies = {key: full_tensor(value.detach()).cpu().clone() for key, value in part.items()}
        if write:
            save_file(copies, beside / f"{name}.safetensors")
    if not write:
        return place
    save_file(tensors, beside / "optimizer.safetensors")
    record = {"update": update, "state": dict(state), "optimizers": plain}
    (beside / "state.json").write_text(json.dumps(record), encoding="utf-8")
    for file in beside.iterdir():
        with file.open("rb+") as handle:
            os.fsync(handle.fileno())
    if place.exists():
        _remove(place)
    beside.rename(place)
    sync_directory(folder)
    for old in sorted(folder.glob("update-*"))[:-keep]:
        with suppress(OSError):  # a scanner may hold a file open; the next checkpoint tries again
            _remove(old)
    for left in folder.glob(".update-*"):  # of a process that was stopped
        shutil.rmtree(left, ignore_errors=True)
    return place


def _remove(place: Path) -> None:
    """Delete a checkpoint; stopped half-way it is no checkpoint any more."""
    hidden = place.with_name(f".{place.name}.old")
    shutil.rmtree(hidden, ignore_errors=True)
    place.rename(hidden)
    shutil.rmtree(hidden, ignore_errors=True)


def latest_checkpoint(folder: Path) -> Path | None:
    """The newest whole checkpoint, or None."""
    found = sorted(folder.glob("update-*")) if folder.is_dir() else []
    return found[-1] if found else None


def load_checkpoint(
    place: Path, *, model: torch.nn.Module, optimizers: Sequence[Optimizer]
) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """Put weights and optimizer state back, bit for bit. Returns (state, extra tensors).

    Raises RunError if the checkpoint belongs to another model or optimizer.
    """
    from safetensors.torch import load_file

    try:
        record = json.loads((place / "state.json").read_text(encoding="utf-8"))
        tensors = load_file(place / "optimizer.safetensors")
        weights = load_file(place / "weights.safetensors")
        extra = load_file(place / "extra.safetensors")
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise RunError(
            f"{place}: the checkpoint is damaged ({reason}); delete this folder to use the one before"
        ) from error
    try:
        model.load_state_dict(weights)
        for number, optimizer in enumerate(optimizers):
            whole = optimizer.state_dict()
            state: dict[int, dict[str, Any]] = {
                int(index): dict(values) for index, values in record["optimizers"][number].items()
            }
            for key, tensor in tensors.items():
                owner, index, name = key.split("/", 2)
                if int(owner) == number:
                    state.setdefault(int(index), {})[name] = tensor
            optimizer.load_state_dict({"state": state, "param_groups": whole["param_groups"]})
        return {**record["state"], "update": record["update"]}, extra
    except (RuntimeError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())[:200]  # torch names every tensor, a line each
        raise RunError(f"{place}: this checkpoint belongs to another model or config: {reason}") from error
