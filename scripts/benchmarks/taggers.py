"""Who tags. Each contender runs in a worker: `serve_tagger` opens it and answers with scores and seconds."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.workers import Line

Scores = list[list[float]] | None  # (texts, labels); None where they are not compared
_BATCH = 16  # passages in a batch of the plain loops


@dataclass(frozen=True, slots=True)
class Contender:
    """`multiplies` is the precision of its matrix products, whose limit it is held against.

    Of those of one `group` only the fastest in the first round goes on.
    """

    name: str
    kind: str
    multiplies: str
    options: dict[str, Any] = field(default_factory=dict)
    group: str = ""
    counted: bool = True  # whether its cost is that of the passages alone


REFERENCE = "loop, fp32"
_PIPELINES = [
    Contender(f"transformers.pipeline, batch {size}", "pipeline", "fp32", {"batch": size}, "batched pipeline")
    for size in (8, 16, 32)
]
TAGGERS = [
    Contender("minsheng, fast", "ours", "int8", {"evidence": False, "precision": "int8"}),
    Contender("minsheng, exact", "ours", "auto", {"evidence": False, "precision": "bf16"}),
    Contender("minsheng, float32", "ours", "fp32", {"evidence": False, "precision": "no"}),
    Contender(
        "minsheng, fast, evidence", "ours", "int8", {"evidence": True, "precision": "int8"}, counted=False
    ),
    Contender(
        "minsheng, exact, evidence", "ours", "auto", {"evidence": True, "precision": "bf16"}, counted=False
    ),
    Contender("transformers.pipeline, batch 1", "pipeline", "fp32", {"batch": 1}),
    *_PIPELINES,
    Contender(REFERENCE, "loop", "fp32", {"dtype": "float32"}),
    Contender("loop, bf16", "loop", "bf16", {"dtype": "bfloat16"}),
    Contender("ONNX Runtime, fp32", "onnx", "fp32", {"file": "fp32.onnx"}),
    Contender("ONNX Runtime, int8", "onnx", "int8", {"file": "int8.onnx"}),
]
WHOLE = [
    Contender("minsheng tag, files to tables, fast", "command", "int8", {"precision": "int8"}, counted=False),
    Contender(
        "minsheng tag, files to tables, exact", "command", "auto", {"precision": "bf16"}, counted=False
    ),
]


@dataclass(frozen=True, slots=True)
class Opened:
    """A loaded contender. What `ready` makes of the texts is not timed."""

    run: Callable[[Any], Scores]
    ready: Callable[[list[str]], Any] = lambda texts: texts


def serve_tagger(line: Line, *, kind: str, folder: str, options: dict[str, Any]) -> None:
    """Open a contender, tag one text, then each list of texts that is asked: (scores, seconds)."""
    opened = _KINDS[kind](Path(folder), **options)
    opened.run(opened.ready(["全县新建幼儿园三所。"]))
    line.ready()
    for texts in line:
        work = opened.ready(texts)
        began = time.perf_counter()
        scores = opened.run(work)
        line.answer((scores, time.perf_counter() - began))


def _ours(folder: Path, *, evidence: bool, precision: str) -> Opened:
    """Texts that are clean already → tags, as `minsheng tag` makes them.

    int8 also where its guard would refuse it, as it does for random weights: the table says how far its labels agree.
    """
    from minsheng.modeling.directory import load_text_tokenizer, open_directory
    from minsheng.modeling.forward import OpenVinoForward
    from minsheng.tagging.tagger import Tagger

    place, info = open_directory(folder / "model")
    threads = int(os.environ["OMP_NUM_THREADS"])
    forward = OpenVinoForward(place, precision=precision, threads=threads, max_tokens=info.max_tokens)
    tagger = Tagger(forward, load_text_tokenizer(place), info, folder=place)
    return Opened(
        lambda texts: [list(tag.scores.values()) for tag in tagger.tag(texts, evidence=evidence, clean=False)]
    )


def _command(folder: Path, *, precision: str) -> Opened:
    """Files → all that `minsheng tag` writes, with evidence: reading, cleaning, loading, tables included."""
    from minsheng.config.load import build
    from minsheng.config.schema import TagConfig
    from minsheng.workflows.tag import tag

    place = folder / "documents"
    config = build(
        TagConfig, {"precision": precision, "threads": int(os.environ["OMP_NUM_THREADS"])}, where=""
    )

    def write(texts: list[str]) -> Path:
        shutil.rmtree(place, ignore_errors=True)
        write_documents(place, texts)
        return place

    def run(documents: Path) -> Scores:
        tag(
            [str(documents)], model=folder / "model", out=folder / "tags",
            config=config, overwrite=True,
        )  # fmt: skip
        return None

    return Opened(run, write)


def write_documents(folder: Path, texts: list[str], *, each: int = 10) -> int:
    """Text files of `each` paragraphs; how many."""
    folder.mkdir(parents=True)
    starts = range(0, len(texts), each)
    for start in starts:
        text = "\n".join(texts[start : start + each]) + "\n"
        (folder / f"{start:06d}.txt").write_text(text, encoding="utf-8")
    return len(starts)


def _device() -> Any:
    import torch

    return (torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None) or "cpu"


def _pipeline(folder: Path, *, batch: int) -> Opened:
    from transformers import pipeline

    place = str(folder / "model")
    pipe = pipeline("text-classification", model=place, tokenizer=place, device=_device())
    order = pipe.model.config.label2id

    def run(texts: list[str]) -> Scores:
        found = pipe(texts, batch_size=batch, top_k=None, function_to_apply="sigmoid", truncation=True)
        return [
            [item["score"] for item in sorted(row, key=lambda item: order[item["label"]])] for row in found
        ]

    return Opened(run)


def _sorted_batches(tokenizer: Any, texts: list[str], forward: Callable[[Any], Any]) -> Scores:
    """Scores of texts in batches of like length."""
    order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
    scores: list[list[float]] = [[] for _ in texts]
    for start in range(0, len(order), _BATCH):
        chosen = order[start : start + _BATCH]
        inputs = tokenizer([texts[i] for i in chosen], padding=True, truncation=True, return_tensors="pt")
        rows = forward({name: inputs[name] for name in ("input_ids", "attention_mask")})
        for index, row in zip(chosen, rows, strict=True):
            scores[index] = row.tolist()
    return scores


def _loop(folder: Path, *, dtype: str) -> Opened:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    device = _device()
    model = AutoModelForSequenceClassification.from_pretrained(folder / "model", dtype=getattr(torch, dtype))
    model = model.to(device).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder / "model")

    def forward(inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        with torch.inference_mode():
            return model(**{k: v.to(device) for k, v in inputs.items()}).logits.float().sigmoid().cpu()

    return Opened(lambda texts: _sorted_batches(tokenizer, texts, forward))


def _onnx(folder: Path, *, file: str) -> Opened:
    import onnxruntime
    import torch
    from transformers import AutoTokenizer

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = int(os.environ["OMP_NUM_THREADS"])
    session = onnxruntime.InferenceSession(folder / file, settings, providers=["CPUExecutionProvider"])
    tokenizer = AutoTokenizer.from_pretrained(folder / "model")

    def forward(inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        logits = session.run(None, {name: value.numpy() for name, value in inputs.items()})[0]
        return torch.from_numpy(logits).sigmoid()

    return Opened(lambda texts: _sorted_batches(tokenizer, texts, forward))


_KINDS: dict[str, Callable[..., Opened]] = {
    "ours": _ours,
    "command": _command,
    "pipeline": _pipeline,
    "loop": _loop,
    "onnx": _onnx,
}
