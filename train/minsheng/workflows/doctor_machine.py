"""What the operating system says about processor and memory; None or nothing where it does not say."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

# What makes matrix products faster, by the names that Linux gives.
_FEATURES = (
    "avx2", "avx512f", "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_int8", "amx_bf16",
    "asimd", "asimddp", "bf16", "i8mm", "sve",
)  # fmt: skip


def _cpuinfo(*keys: str) -> str:
    """The first value of one of these keys in /proc/cpuinfo, or an empty string."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(keys)), "")


def cpu_name() -> str:
    """The processor as its maker calls it, or its architecture."""
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def cpu_features() -> tuple[str, ...]:
    """Those vector units of the processor that count here. Elsewhere than on Linux what torch says."""
    flags = _cpuinfo("flags", "Features").split()
    if flags:
        return tuple(name for name in _FEATURES if name in flags)
    try:
        import torch

        named: str = torch.backends.cpu.get_cpu_capability()
    except (ImportError, OSError, AttributeError):
        return ()
    return () if named.upper() in ("DEFAULT", "NO AVX") else (named.lower(),)


def usable_cores() -> int:
    """Processors that this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def available_memory() -> int | None:
    """Bytes that could be had without swapping, by the limit of a container too; None where unknown."""
    if sys.platform == "win32":
        return _windows_memory()
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
        free = next(
            int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("MemAvailable:")
        )
    except (OSError, ValueError, StopIteration):
        try:  # macOS: all there is, which is more than is free
            return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        except (OSError, ValueError, AttributeError):
            return None
    group = Path("/sys/fs/cgroup")
    try:
        limit = int((group / "memory.max").read_text(encoding="ascii"))
        return min(free, max(0, limit - int((group / "memory.current").read_text(encoding="ascii"))))
    except (OSError, ValueError):  # no such limit, or `max`
        return free


def _windows_memory() -> int | None:
    if sys.platform != "win32":
        return None
    import ctypes

    class Status(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ulong), ("load", ctypes.c_ulong)] + [
            (name, ctypes.c_ulonglong) for name in ("total", "free", "page", "page_free", "own", "own_free", "rest")
        ]  # fmt: skip

    status = Status(length=ctypes.sizeof(Status))
    if not ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
        return None
    return int(status.free)
