"""Turn `run.precision`, `run.threads` and what the machine has into an Accelerator."""

from __future__ import annotations

import ctypes
import os
import platform
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from minsheng.config.schema import RunConfig
from minsheng.errors import ConfigError, nearest
from minsheng.modeling.precision import choose_precision, make_accelerator
from minsheng.modeling.sharding import is_sharded

if TYPE_CHECKING:
    from accelerate import Accelerator

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4  # of mallopt, see malloc.h


def build_accelerator(
    run: RunConfig, *, trackers: Sequence[str] = (), may_shard: bool = False
) -> Accelerator:
    """The Accelerator of a run. What `accelerate launch` says about devices and processes stays in force.

    `may_shard`: the run keeps its processes in step, so that the launch may shard the model (FSDP2). Raises
    ConfigError for an unknown or missing tracker, and for another launch that shards the model.
    """
    for name in ("FSDP", "DEEPSPEED", "MEGATRON_LM"):
        # Its processes would wait for each other for ever: each has its own number of batches here.
        if _uses(name) and not (name == "FSDP" and may_shard and os.environ.get("FSDP_VERSION") == "2"):
            raise ConfigError(
                f"accelerate: {name} shards the model over processes that compute in step, and these do not; "
                "use distributed_type MULTI_GPU, or for train FSDP of version 2 (see configs/accelerate)"
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
    keep_memory()
    try:
        accelerator = make_accelerator(
            precision=choose_precision(run.precision),
            log_with=list(trackers) or None,
            project_dir=run.output,
            step_scheduler_with_optimizer=False,
        )
    except (ImportError, ValueError) as error:
        raise ConfigError(f"run: {error}") from error
    if _uses("FSDP") and not is_sharded(accelerator):  # accelerate would train on without a word
        raise ConfigError(
            "accelerate: FSDP shards a model over several GPUs, and this launch has none or one"
        )
    return accelerator


def _uses(name: str) -> bool:
    return os.environ.get(f"ACCELERATE_USE_{name}", "").lower() == "true"


def keep_memory() -> None:
    """Have the allocator keep what is freed, where it is that of glibc.

    Each large tensor would else be new pages from the system, given back at its end: clearing them took a tenth to a
    quarter of the processor time of training in BERT-base shape on a virtual machine. Peak memory hardly changes.
    """
    if platform.libc_ver()[0] == "glibc":
        library = ctypes.CDLL(None)
        for option, value in ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, 2**31 - 1), (_TOP_PAD, 2**26)):
            library.mallopt(option, value)


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
