"""Cost against size: `minsheng tag` on more and more documents, each run a process of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.passages import Passage
from benchmarks.rounds import Settings, prepared, say
from benchmarks.shapes import SHAPES
from benchmarks.taggers import write_documents
from benchmarks.workers import Line, Worker

_UNIT = 20  # passages in the smallest run
_EACH = 5  # paragraphs in a document


def serve_command(line: Line, *, arguments: list[str]) -> None:
    """Run a command as a person would; ready when it is done."""
    from minsheng.cli.app import run

    sys.argv = ["minsheng", *arguments]
    try:
        run()
    except SystemExit as end:
        if end.code not in (0, None):
            raise RuntimeError(f"minsheng {arguments[0]} ended with code {end.code}") from end
    line.ready()
    line.receive()


def measure_size(passages: list[Passage], folder: Path, settings: Settings) -> dict[str, Any]:
    """Seconds and peak memory of each size, with start-up; and the seconds of `minsheng --help`."""
    about = prepared("shipped", passages, [[p.text for p in passages[:_UNIT]]], folder, settings, onnx=False)
    rows, taken = [], 0
    for times in (1, 2) if settings.small else (1, 10, 100):
        count = min(_UNIT * times, len(passages) - taken)  # no passage is in two sizes while there are enough
        start = taken if count == _UNIT * times else 0
        chosen = passages[start : start + _UNIT * times]
        taken += count
        rows.append(_tag([passage.text for passage in chosen], folder, settings, each=_EACH))
    return {"about": about, "sizes": rows, "help_seconds": _help(settings)}


def measure_memory(passages: list[Passage], folder: Path, settings: Settings) -> list[dict[str, Any]]:
    """Peak memory of many passages, each different, beside a tenth of them: a tiny model, and BERT-base shape."""
    rows = []
    for shape, most in (("tiny", 200_000), ("bert-base", 5_000)):
        place = folder / shape
        place.mkdir()
        prepared(shape, passages, [[p.text for p in passages[:_UNIT]]], place, settings, onnx=False)
        for count in (20, 40) if settings.small else (most // 10, most):
            texts = [f"{passages[i % len(passages)].text}（第{i}段）" for i in range(count)]
            rows.append(
                {"title": SHAPES[shape].title, **_tag(texts, place, settings, each=50, evidence=False)}
            )
    return rows


def _tag(
    texts: list[str], folder: Path, settings: Settings, *, each: int, evidence: bool = True
) -> dict[str, Any]:
    """`minsheng tag` with the model of `folder` on documents of `each` paragraphs, in a process of its own."""
    place = folder / f"documents{len(texts)}"
    documents = write_documents(place, texts, each=each)
    say(f"{len(texts):,} passages in {documents:,} documents")
    arguments = [
        "tag", str(place), "--model", str(folder / "model"), "--out", str(folder / f"out{len(texts)}"),
        *([] if evidence else ["--no-evidence"]),
    ]  # fmt: skip
    worker = Worker(serve_command, threads=settings.threads, arguments=arguments)
    worker.close()
    return {
        "documents": documents, "passages": len(texts), "seconds": worker.startup, "peak_mib": worker.peak,
    }  # fmt: skip


def _help(settings: Settings) -> float:
    seconds = []
    for _ in range(settings.rounds):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "minsheng", "--help"], check=True, capture_output=True)
        seconds.append(time.perf_counter() - began)
    return median(seconds)
