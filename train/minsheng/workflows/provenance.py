"""What a report says of where its numbers come from."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from minsheng.corpus.records import Record, fingerprint
from minsheng.tagging.tagger import Tagger
from minsheng.workflows.hardware import machine

_SHOWN = 16  # digits of a fingerprint


def git_state(folder: Path) -> str | None:
    """The commit of the checkout that holds `folder`, and whether files differ from it; None outside one."""

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=10, check=True
        )
        return done.stdout.strip()

    try:
        commit, changes = git("rev-parse", "--short=12", "HEAD"), git("status", "--porcelain")
    except (OSError, subprocess.SubprocessError):  # no git, no checkout, no commit yet
        return None
    return f"{commit}, with changes that are not committed" if changes else commit


def processor() -> str:
    """The name of the processor and the number of its cores, as the system gives them."""
    name = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{name}, {os.cpu_count()} cores"


def of_data(data: Sequence[str | Path], records: Sequence[Record]) -> dict[str, str]:
    """The labelled files, and a fingerprint of their texts and labels."""
    return {
        "data": ", ".join(str(path) for path in data),
        "data fingerprint": fingerprint(records)[:_SHOWN],
    }


def of_model(name: str | Path, tagger: Tagger) -> dict[str, str]:
    """The model, its taxonomy, and what it was trained on and with as far as its directory says."""
    info = tagger.info
    trained: dict[str, Any] = dict(info.provenance)
    found = {
        "model": f"{name} ({tagger.fingerprint})",
        "taxonomy": f"{info.taxonomy.name} {info.taxonomy.version}",
        "encoder": str(trained.get("base") or ""),
        "training config": str(trained.get("config") or "")[:_SHOWN],
        "training data": str(dict(trained.get("data") or {}).get("train") or "")[:_SHOWN],
        "training seed": str(trained.get("seed", "")),
    }
    return {key: value for key, value in found.items() if value}


def of_run(*, precision: str) -> dict[str, str]:
    """The time, the state of the code, the versions and the machine."""
    state = git_state(Path.cwd())
    return {
        "made": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        **({} if state is None else {"git": state}),
        **{key: str(value) for key, value in machine().items()},
        "processor": processor(),
        "precision": precision,
    }
