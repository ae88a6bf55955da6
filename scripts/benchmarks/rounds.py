"""Interleaved rounds: every contender does the same work in turn, and what counts is the median."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.limit import serve_limit
from benchmarks.passages import Passage, deal
from benchmarks.shapes import SHAPES, prepare
from benchmarks.taggers import REFERENCE, TAGGERS, WHOLE, Contender, serve_tagger
from benchmarks.trainers import TRAINERS, Run, serve_training, write_rows
from benchmarks.workers import ContenderError, Worker

_RATES = {"bert-base": 3e-5, "shipped": 5e-4}  # learning rates
_VALIDATION = 16


@dataclass(frozen=True, slots=True)
class Settings:
    """Of the whole benchmark. `small`: a smoke test whose numbers mean nothing."""

    rounds: int
    threads: int
    small: bool
    passages: int | None = None  # a round of tagging; None: as the shape says


def say(text: str) -> None:
    """Progress, apart from the result on standard output."""
    print(text, file=sys.stderr, flush=True)


class Field:
    """The contenders of one table that are still in, each in its worker, and what became of the rest."""

    def __init__(self) -> None:
        self.workers: dict[str, Worker] = {}
        self.left_out: dict[str, str] = {}

    def enter(self, name: str, target: Callable[..., None], **options: Any) -> None:
        """Start a contender; where that fails say so and go on."""
        try:
            self.workers[name] = Worker(target, **options)
        except ContenderError as error:
            self.leave(name, str(error))

    def leave(self, name: str, reason: str) -> None:
        """Take a contender out, with the reason that the report gives."""
        say(f"  left out: {name}: {reason}")
        self.left_out[name] = reason
        if name in self.workers:
            self.workers.pop(name).close()

    def ask(self, name: str, question: Any) -> Any:
        """Its answer; None where it failed, and then it is out."""
        try:
            return self.workers[name].ask(question)
        except (ContenderError, OSError) as error:
            self.leave(name, str(error))
            return None

    def close(self) -> None:
        """End all workers."""
        for worker in self.workers.values():
            worker.close()


def measure_tagging(shape: str, passages: list[Passage], folder: Path, settings: Settings) -> dict[str, Any]:
    """One table of tagging: {about, limit, contenders, left_out}."""
    parts = 1 + settings.rounds  # the first warms up
    sets = deal(passages, rounds=parts, each=settings.passages or SHAPES[shape].passages)
    texts = [[passage.text for passage in part] for part in sets]
    about = prepared(shape, passages, texts, folder, settings, onnx=True)
    about |= {"passages": len(texts[0]), "characters": [sum(map(len, part)) for part in texts]}
    contenders = [*TAGGERS, *(WHOLE if shape == "shipped" else [])]
    if settings.small:
        contenders = [c for c in contenders if c.name in {"minsheng, exact", REFERENCE}]
    field = Field()
    limit = Worker(serve_limit, threads=settings.threads, small=settings.small)
    for contender in contenders:
        if contender.kind == "onnx" and about["onnx"]:
            field.leave(contender.name, about["onnx"])
            continue
        field.enter(
            contender.name, serve_tagger, threads=settings.threads,
            wait=not settings.small, kind=contender.kind, folder=str(folder), options=contender.options,
        )  # fmt: skip
    for worker in field.workers.values() if settings.small else ():
        worker.wait()
    found: dict[str, list[Any]] = {name: [] for name in field.workers}
    limits: list[dict[str, float]] = []
    for number, part in enumerate(texts):
        say(f"  round {number} of {settings.rounds}" + (" (warm-up)" if not number else ""))
        limits.append(limit.ask(number))
        for name in list(field.workers):
            if (answer := field.ask(name, part)) is not None:
                found[name].append(answer)
        if not number:
            _keep_fastest(field, contenders, found)
    result = {
        "about": about,
        "limit": {name: median(one[name] for one in limits) for name in limits[0]},
        "contenders": {
            c.name: _summary(c, found, field.workers[c.name], about, limits)
            for c in contenders
            if c.name in field.workers
        },
        "left_out": field.left_out,
    }
    limit.close()
    field.close()
    _compare(result["contenders"])
    return result


def prepared(
    shape: str,
    passages: list[Passage],
    texts: list[list[str]],
    folder: Path,
    settings: Settings,
    *,
    onnx: bool,
) -> dict[str, Any]:
    """The model directory of a shape, made in a worker of its own; what `shapes.prepare` says of it."""
    say(f"{shape}: making the model" + (" and its ONNX files" if onnx and not settings.small else ""))
    worker = Worker(
        prepare, threads=settings.threads, shape=shape, folder=str(folder),
        texts=[passage.text for passage in passages], sets=texts,
        onnx=onnx and not settings.small, small=settings.small,
    )  # fmt: skip
    worker.close()
    return {"title": SHAPES[shape].title, **worker.opened}


def _keep_fastest(field: Field, contenders: Sequence[Contender], found: dict[str, list[Any]]) -> None:
    for group in {c.group for c in contenders if c.group}:
        names = [c.name for c in contenders if c.group == group and c.name in field.workers]
        for name in sorted(names, key=lambda name: found[name][0][1])[1:]:
            field.leave(name, "slower in the first round than another batch size")


def _summary(
    contender: Contender,
    found: dict[str, list[Any]],
    worker: Worker,
    about: dict[str, Any],
    limits: list[Any],
) -> dict[str, Any]:
    """Medians over the rounds after the warm-up, and agreement with float32 over all rounds."""
    seconds = [answer[1] for answer in found[contender.name]][1:]
    cost, limits = about["flops"][1:], limits[1:]
    precision = contender.multiplies
    if precision == "auto":
        precision = "bf16" if limits[0].get("bf16", 0.0) > 1.2 * limits[0]["fp32"] else "fp32"
    counted = contender.counted and precision in limits[0]
    count = about["passages"]
    rates = [work / second / 1e9 for work, second in zip(cost, seconds, strict=True)]
    return {
        "seconds": seconds,
        "passages_per_second": median(count / second for second in seconds),
        "gflops": median(rates) if counted else None,
        "multiplies": precision,
        "share_of_limit": median(r / one[precision] for r, one in zip(rates, limits, strict=True))
        if counted
        else None,
        "peak_mib": worker.peak,
        "startup_seconds": worker.startup,
        **_agreement(found[contender.name], found.get(REFERENCE, []), about["thresholds"]),
    }


def _agreement(mine: list[Any], reference: list[Any], thresholds: list[float]) -> dict[str, Any]:
    """Share of passages with the same label set as float32, and the largest difference of a probability."""
    same = total = 0
    furthest = 0.0
    for (scores, _), (wanted, _) in zip(mine, reference, strict=False):
        for row, true in zip(scores or [], wanted, strict=False):
            same += all((p >= t) == (q >= t) for p, q, t in zip(row, true, thresholds, strict=True))
            furthest = max(furthest, *(abs(p - q) for p, q in zip(row, true, strict=True)))
            total += 1
    return {"same_labels": same / total, "furthest": furthest} if total else {}


def _compare(contenders: dict[str, dict[str, Any]]) -> None:
    """The ratio to the fastest pipeline, round by round."""
    pipelines = [one for name, one in contenders.items() if name.startswith("transformers.pipeline")]
    if not pipelines:
        return
    best = max(pipelines, key=lambda one: one["passages_per_second"])["seconds"]
    for one in contenders.values():
        one["times_pipeline"] = median(b / s for b, s in zip(best, one["seconds"], strict=True))


def measure_training(shape: str, passages: list[Passage], folder: Path, settings: Settings) -> dict[str, Any]:
    """One table of training: {about, limit, contenders, left_out}."""
    updates, examples = (2, 4) if settings.small else (SHAPES[shape].updates, SHAPES[shape].examples)
    (train,) = deal(passages[::2], rounds=1, each=updates * examples)
    (validation,) = deal(passages[1::2], rounds=1, each=_VALIDATION)
    about = prepared(shape, passages, [[p.text for p in train]], folder, settings, onnx=False)
    write_rows(folder / "train.jsonl", train, about["labels"])
    write_rows(folder / "validation.jsonl", validation, about["labels"])
    field = Field()
    for number, (name, (kind, options)) in enumerate(TRAINERS.items()):
        place = folder / f"training{number}"
        place.mkdir()
        for file in ("train.jsonl", "validation.jsonl"):
            (place / file).write_bytes((folder / file).read_bytes())
        run = Run(str(place), about["encoder"], examples, _RATES[shape])
        field.enter(name, serve_training, threads=settings.threads, kind=kind, run=run, options=options)
    limit = Worker(serve_limit, threads=settings.threads, small=settings.small)
    seconds: dict[str, list[float]] = {name: [] for name in field.workers}
    limits = []
    for number in range(updates):
        say(f"  update {number + 1} of {updates}")
        limits.append(limit.ask(number))
        for name in list(field.workers):
            if (answer := field.ask(name, number)) is not None:
                seconds[name].append(answer)
    rates = {name: median(one[name] for one in limits) for name in limits[0]}
    contenders = {}
    for name in list(field.workers):
        last, total = field.ask(name, "loss"), sum(seconds[name])
        precision = "fp32" if "fp32" in name or rates.get("bf16", 0.0) < 1.2 * rates["fp32"] else "bf16"
        speed = 3 * about["flops"][0] / total / 1e9
        contenders[name] = {
            "seconds": seconds[name],
            "paragraphs_per_second": updates * examples / total,
            "gflops": speed,
            "multiplies": precision,
            "share_of_limit": speed / rates[precision],
            "peak_mib": field.workers[name].peak if name in field.workers else None,
            "loss": last and last["loss"],
        }
    result = {"about": about, "limit": rates, "contenders": contenders, "left_out": field.left_out}
    limit.close()
    field.close()
    return json.loads(json.dumps(result))
