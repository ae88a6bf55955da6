"""What a machine computes with, and in what precision it is fastest without harm.

Nothing here loads torch where that can be helped: it takes a second.
"""

from __future__ import annotations

import os
import shutil
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from accelerate import Accelerator

# Where a driver shows, a look with torch is worth its second; elsewhere there is no GPU to find.
_DRIVERS = ("/dev/nvidiactl", "/dev/kfd", "/dev/dri/renderD128", "/dev/dxg")


@cache
def cpu_flags() -> frozenset[str]:
    """What the processor can do, in the names of Linux; empty where that cannot be read."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as lines:
            found = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    except OSError:
        return frozenset()
    return frozenset(found.split())


def cpu_has_bf16() -> bool:
    """Whether the processor multiplies bf16 matrices itself; emulation is slower than float32."""
    if cpu_flags():
        return bool(cpu_flags() & {"avx512_bf16", "amx_bf16", "bf16"})
    import torch

    return bool(getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)())


def cpu_has_int8() -> bool:
    """Whether the processor multiplies int8 exactly; older ones saturate sums of two products."""
    if cpu_flags():
        return bool(cpu_flags() & {"avx512_vnni", "avx_vnni", "amx_int8", "i8mm"})
    import torch

    return bool(getattr(torch.cpu, "_is_vnni_supported", lambda: False)())


def has_gpu() -> bool:
    """Whether torch can compute on an accelerator here."""
    driver = sys.platform == "darwin" or shutil.which("nvidia-smi") or any(Path(d).exists() for d in _DRIVERS)
    if not driver:
        return False
    import torch

    return torch.accelerator.is_available()


def choose_precision(wanted: str) -> str:
    """`auto` → the fastest safe one here: bf16 where the device computes in it, else `no` (float32)."""
    if wanted != "auto":
        return wanted
    if has_gpu():
        import torch

        if torch.cuda.is_available():
            return "bf16" if torch.cuda.is_bf16_supported() else "fp16"
    return "bf16" if cpu_has_bf16() else "no"


def make_accelerator(*, precision: str, **options: Any) -> Accelerator:
    """An Accelerator of this precision, also where an earlier one in this process had another.

    `options` go to Accelerator.
    """
    import torch
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState, is_initialized

    if is_initialized() and AcceleratorState().mixed_precision != precision:
        AcceleratorState._reset_state()  # it holds one precision for a whole process; the process group stays
    # Processes that torchrun or `accelerate launch` began on a machine without a GPU work each for
    # itself unless accelerate is told that they compute on the CPU.
    several = int(os.environ.get("WORLD_SIZE", "1")) > 1
    return Accelerator(
        mixed_precision=precision, cpu=several and not torch.accelerator.is_available(), **options
    )
