"""Turn `run.precision`, `run.threads` and what the machine has into an Accelerator."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minsheng.config.schema import RunConfig
from minsheng.errors import ConfigError, nearest
from minsheng.modeling.inference import make_accelerator

if TYPE_CHECKING:
    from accelerate import Accelerator


def cpu_has_bf16() -> bool:
    """Whether the processor multiplies bf16 matrices itself; emulation is slower than float32."""
    import torch

    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as lines:
            flags = next((line for line in lines if line.startswith(("flags", "Features"))), "")
        return any(flag in flags.split() for flag in ("avx512_bf16", "amx_bf16", "bf16"))
    except OSError:
        return bool(getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)())


def choose_precision(wanted: str) -> str:
    """`auto` → the fastest safe one here: bf16 where the device computes in it, else `no` (float32)."""
    import torch

    if wanted != "auto":
        return wanted
    if torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported() else "fp16"
    return "bf16" if cpu_has_bf16() else "no"


def build_accelerator(run: RunConfig, *, trackers: Sequence[str] = ()) -> Accelerator:
    """The Accelerator of a run. What `accelerate launch` says about devices and processes stays in force.

    Raises ConfigError for an unknown or missing tracker.
    """
    import torch
    from accelerate.tracking import LOGGER_TYPE_TO_CLASS, get_available_trackers
    from huggingface_hub.utils import logging as hub_logging
    from transformers.utils import logging

    # Its bars for loading and saving a few files stand in the way of ours.
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    hub_logging.set_verbosity_error()
    if run.threads:
        torch.set_num_threads(run.threads)
    for tracker in trackers:
        if tracker not in LOGGER_TYPE_TO_CLASS:
            known = sorted(LOGGER_TYPE_TO_CLASS)
            raise ConfigError(
                f"run.trackers: unknown tracker {tracker!r}{nearest(tracker, known)}; known: {', '.join(known)}"
            )
        if tracker not in {str(found) for found in get_available_trackers()}:  # accelerate would leave it out
            raise ConfigError(
                f"run.trackers: {tracker!r} is not installed; install its package or leave it out"
            )
    try:
        return make_accelerator(
            precision=choose_precision(run.precision),
            log_with=list(trackers) or None,
            project_dir=run.output,
            step_scheduler_with_optimizer=False,
        )
    except (ImportError, ValueError) as error:
        raise ConfigError(f"run: {error}") from error


def is_main_process() -> bool:
    """Whether this process should speak to the person: of several that `accelerate launch` began, the first."""
    from accelerate import PartialState

    return bool(PartialState().is_main_process)


def machine() -> dict[str, Any]:
    """What a result depends on besides config and data, for logs and cards."""
    import torch
    import transformers

    import minsheng

    return {
        "minsheng": minsheng.__version__,
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "transformers": transformers.__version__,
        "platform": platform.platform(),
        "threads": torch.get_num_threads(),
        "device": torch.cuda.get_device_name(0) if torch.cuda.is_available() else "cpu",
    }
