"""Faults that the harness must find: what a careless commit would do. Each is applied in a started process."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

_SLOW = 0.3  # seconds in a state that must not be seen


def _parts_in_place() -> None:
    """Parts are written where they stand, and count as finished from their first file on."""
    from minsheng.tagging import run

    def commit_part(place: Path, lines: dict[str, list[str]], record: dict[str, Any]) -> None:
        place.mkdir(parents=True)
        (place / "part.json").write_text(json.dumps(record), encoding="utf-8")
        for name in run.STREAMS:
            with (place / f"{name}.jsonl").open("w", encoding="utf-8") as out:
                for line in lines[name]:
                    out.write(line[:20])
                    out.flush()
                    time.sleep(_SLOW / max(1, len(lines[name])))
                    out.write(line[20:])

    run.commit_part = commit_part


def _parts_forgotten() -> None:
    """A part that fails half-way is left out on the next start, as if it were finished."""
    from minsheng.tagging import run

    true_commit = run.commit_part

    def commit_part(place: Path, lines: dict[str, list[str]], record: dict[str, Any]) -> None:
        true_commit(place, {name: [] for name in lines}, record)
        time.sleep(_SLOW)
        for name, found in lines.items():
            (place / f"{name}.jsonl").write_text("".join(found), encoding="utf-8")

    run.commit_part = commit_part


def _checkpoints_in_place() -> None:
    """Checkpoints are written where they stand."""
    from safetensors.torch import save_file

    from minsheng.modeling import checkpoint
    from minsheng.workflows import train

    def save_checkpoint(
        folder: Path, *, update: int, weights: Any, optimizers: Any, state: Any, extra: Any, write: bool
    ) -> Path:
        place = folder / f"update-{update:08d}"
        place.mkdir(parents=True, exist_ok=True)
        tensors, plain = checkpoint._flatten(optimizers)
        save_file({k: v.clone() for k, v in weights.items()}, place / "weights.safetensors")
        time.sleep(_SLOW)
        save_file(tensors, place / "optimizer.safetensors")
        save_file({k: v.clone() for k, v in (extra or {}).items()}, place / "extra.safetensors")
        record = {"update": update, "state": dict(state), "optimizers": plain}
        (place / "state.json").write_text(json.dumps(record), encoding="utf-8")
        return place

    train.save_checkpoint = save_checkpoint


def _optimizer_forgotten() -> None:
    """A continued run begins with an empty optimizer."""
    from minsheng.workflows import train

    true_load = train.load_checkpoint

    def load_checkpoint(place: Path, *, model: Any, optimizers: Any) -> Any:
        import copy

        return true_load(
            place, model=model, optimizers=[copy.deepcopy(optimizer) for optimizer in optimizers]
        )

    train.load_checkpoint = load_checkpoint


FAULTS = {
    "parts in place": _parts_in_place,
    "parts forgotten": _parts_forgotten,
    "checkpoints in place": _checkpoints_in_place,
    "optimizer forgotten": _optimizer_forgotten,
}
