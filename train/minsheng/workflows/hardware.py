"""Turn `run.precision`, `run.threads` and what the machine has into an Accelerator."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from minsheng.config.schema import RunConfig
from minsheng.errors import ConfigError, nearest
from minsheng.modeling.precision import choose_precision, make_accelerator

if TYPE_CHECKING:
    from accelerate import Accelerator


def build_accelerator(run: RunConfig, *, trackers: Sequence[str] = ()) -> Accelerator:
    """The Accelerator of a run. What `accelerate launch` says about devices and processes stays in force.

    Raises ConfigError for an unknown or missing tracker, and for a launch that shards the model.
    """
    for name in ("FSDP", "DEEPSPEED", "MEGATRON_LM"):
        # Its processes would wait for each other for ever: each has its own number of batches here.
        if os.environ.get(f"ACCELERATE_USE_{name}", "").lower() == "true":
            raise ConfigError(
                f"accelerate: {name} shards the model over processes that compute in step, and these do not; "
                "use distributed_type MULTI_GPU (see configs/accelerate)"
            )
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


def launch_accelerator(run: RunConfig) -> Accelerator | None:
    """The Accelerator of a launch with several processes; None for a process alone, which need not load torch."""
    return build_accelerator(run) if _is_one_of_several() else None


def _is_one_of_several() -> bool:
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def is_main_process() -> bool:
    """Whether this process should speak to the person: of several that `accelerate launch` began, the first."""
    if not _is_one_of_several():
        return True
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
