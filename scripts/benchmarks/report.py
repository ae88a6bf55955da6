"""The result as Markdown, for CONTRIBUTING and the README."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

_PACKAGES = ("torch", "transformers", "tokenizers", "onnxruntime", "accelerate", "numpy")


def machine(threads: int) -> dict[str, Any]:
    """What the numbers depend on besides the code."""
    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = None
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "processor": _processor(), "cores": cores, "threads": threads, "load_before": load,
        "system": platform.platform(), "python": platform.python_version(), "versions": versions,
    }  # fmt: skip


def _processor() -> str:
    place = Path("/proc/cpuinfo")
    if not place.is_file():
        return platform.processor()
    lines = place.read_text(encoding="utf-8", errors="replace").splitlines()
    name = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "")
    flags = next((line for line in lines if line.startswith(("flags", "Features"))), "").split()
    known = [
        f for f in ("avx2", "avx512f", "avx512_bf16", "avx512_vnni", "amx_bf16", "amx_int8") if f in flags
    ]
    return f"{name or platform.machine()} ({', '.join(known)})"


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    return ["| " + " | ".join(cells) + " |" for cells in [head, ["---"] + ["---:"] * (len(head) - 1), *rows]]


def _limit(limit: dict[str, float]) -> str:
    rates = ", ".join(f"{name} {rate:,.0f}" for name, rate in limit.items())
    return f"Matrix products of this machine in the same run, GFLOP/s: {rates}."


def _left_out(part: dict[str, Any]) -> list[str]:
    return [f"- left out: {name}: {reason}" for name, reason in part["left_out"].items()]


def markdown(result: dict[str, Any]) -> str:
    """All sections that were measured."""
    it = result["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in it["versions"].items() if version)
    lines = [
        f"`{result['command']}`, {result['date']}: {it['processor']}, {it['cores']} cores, {it['threads']} threads; "
        f"{it['system']}, Python {it['python']}, {versions}. Medians of {result['rounds']} interleaved rounds; no "
        "text twice.",
    ]
    if it["load_before"] and it["load_before"] > 0.5:
        lines.append(
            f"The machine was busy when this began (load {it['load_before']:.1f}): ratios may stand, rates not."
        )
    for part in result.get("tagging", {}).values():
        lines += ["", *_tagging(part)]
    for part in result.get("training", {}).values():
        lines += ["", *_training(part)]
    if "limit" in result:
        lines += ["", "### Limit", "", _limit(result["limit"])]
    if "size" in result:
        lines += ["", *_size(result["size"])]
    if "memory" in result:
        lines += ["", *_memory(result["memory"])]
    return "\n".join(lines) + "\n"


def _tagging(part: dict[str, Any]) -> list[str]:
    about = part["about"]
    passages, tokens = about["passages"], sum(about["tokens"]) / len(about["tokens"]) / about["passages"]
    length = sum(about["characters"]) / len(about["characters"]) / passages
    rows = [
        [
            name, _number(one["passages_per_second"], ".1f"), _number(one.get("times_pipeline"), ".2f"),
            _number(one["gflops"], ",.0f"),
            f"{one['share_of_limit']:.0%} {one['multiplies']}" if one["share_of_limit"] is not None else "–",
            _number(one["peak_mib"], ",.0f"), _number(one["startup_seconds"], ".1f"),
            _number(one.get("same_labels"), ".2%"), _number(one.get("furthest"), ".4f"),
        ]
        for name, one in part["contenders"].items()
    ]  # fmt: skip
    return [
        f"### Tagging: {about['title']}",
        "",
        f"{passages} passages a round, {length:.0f} characters and {tokens:.0f} tokens each in the mean; weights: "
        f"{about['source']}. {_limit(part['limit'])}",
        "",
        *_table(
            ["", "passages/s", "× pipeline", "GFLOP/s, real tokens", "of the limit", "peak MiB", "start-up s",
             "same labels as fp32", "largest Δp"],
            rows,
        ),
        *_left_out(part),
    ]  # fmt: skip


def _training(part: dict[str, Any]) -> list[str]:
    rows = [
        [
            name, _number(one["paragraphs_per_second"], ".2f"), _number(one["gflops"], ",.0f"),
            f"{one['share_of_limit']:.0%} {one['multiplies']}", _number(one["peak_mib"], ",.0f"),
            _number(one["loss"], ".4f"),
        ]
        for name, one in part["contenders"].items()
    ]  # fmt: skip
    return [
        f"### Training: {part['about']['title']}",
        "",
        f"An update of each in turn; forward and backward counted as three times forward. {_limit(part['limit'])}",
        "",
        *_table(
            ["", "paragraphs/s", "GFLOP/s, real tokens", "of the limit", "peak MiB", "validation loss"], rows
        ),
        *_left_out(part),
    ]


def _size(part: dict[str, Any]) -> list[str]:
    rows = [
        [f"{row['documents']:,}", f"{row['passages']:,}", f"{row['seconds']:.1f}", f"{row['peak_mib']:,.0f}"]
        for row in part["sizes"]
    ]
    return [
        "### Cost against size: `minsheng tag`, start-up, evidence and tables included",
        "",
        *_table(["documents", "passages", "seconds", "peak MiB"], rows),
        "",
        f"`minsheng --help`: {part['help_seconds']:.2f} s.",
    ]


def _memory(rows: list[dict[str, Any]]) -> list[str]:
    cells = [
        [
            row["title"], f"{row['documents']:,}", f"{row['passages']:,}", f"{row['seconds']:.0f}",
            f"{row['peak_mib']:,.0f}",
        ]
        for row in rows
    ]  # fmt: skip
    return [
        "### Memory: `minsheng tag --no-evidence` on many passages",
        "",
        *_table(["model", "documents", "passages", "seconds", "peak MiB"], cells),
    ]
