"""`minsheng train`: labelled files → a model directory, by way of a run that can be killed at any moment."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from minsheng.config.schema import TrainConfig
from minsheng.errors import RunError
from minsheng.evaluation.baselines import fit_baseline
from minsheng.metrics.scores import decide, score
from minsheng.modeling.averaging import WeightAverage
from minsheng.modeling.batches import encode
from minsheng.modeling.calibration import fit_calibration, probabilities
from minsheng.modeling.checkpoint import latest_checkpoint, load_checkpoint, save_checkpoint
from minsheng.modeling.directory import ModelInfo, fold_temperature, model_labels, save_directory
from minsheng.modeling.inference import predict_logits
from minsheng.modeling.model import build_classifier, load_tokenizer, use_fast_attention
from minsheng.modeling.optimization import build_optimizers, warmup_and_decay
from minsheng.modeling.training import Examples, TrainStep, summed_loss, total_updates, train_updates
from minsheng.modeling.vocabulary import train_tokenizer
from minsheng.taxonomy import Taxonomy, load_taxonomy
from minsheng.workflows.data import LabelledSet, load_sets
from minsheng.workflows.hardware import build_accelerator, machine
from minsheng.workflows.progress import Progress
from minsheng.workflows.run_directory import RunDirectory, comparable, open_run

if TYPE_CHECKING:
    import torch
    from accelerate import Accelerator
    from numpy.typing import NDArray
    from transformers import PreTrainedTokenizerBase


def _tokenizer(run: RunDirectory, config: TrainConfig, texts: list[str]) -> PreTrainedTokenizerBase:
    if config.model.name is not None:
        return load_tokenizer(config.model.name, revision=config.model.revision)
    place = run.folder / "tokenizer"
    if not place.is_dir():
        beside = run.folder / "tokenizer.part"
        shutil.rmtree(beside, ignore_errors=True)
        tokenizer = train_tokenizer(
            texts, config.model.tokenizer, positions=config.model.architecture.positions
        )
        tokenizer.save_pretrained(beside)
        run.publish(beside, place)
    return load_tokenizer(str(place))


@dataclass
class Best:
    """The best evaluation so far and its weights; `waited` evaluations since then."""

    score: float = -math.inf
    update: int = 0
    waited: int = 0
    weights: dict[str, torch.Tensor] | None = None


def _score(config: TrainConfig, logits: NDArray[np.float32], truth: NDArray[np.bool_]) -> dict[str, float]:
    import torch

    single = config.problem == "single_label"
    targets = torch.from_numpy(truth.astype(np.float32))
    weights = torch.ones(truth.shape[1])
    loss = float(summed_loss(torch.from_numpy(logits), targets, weights, config.loss, single_label=single))
    scores = probabilities(logits.astype(np.float64), single_label=single)
    found = score(truth, decide(scores, None if single else 0.5))
    return {"loss": loss / len(truth), "macro_f1": found.macro.f1, "micro_f1": found.micro.f1}


def confusion(
    truth: NDArray[np.bool_], predicted: NDArray[np.bool_], labels: Sequence[str]
) -> dict[str, dict[str, int]]:
    """Counts of true and false positives and negatives of each label."""
    cells = {
        "true_positives": truth & predicted,
        "false_positives": ~truth & predicted,
        "false_negatives": truth & ~predicted,
        "true_negatives": ~truth & ~predicted,
    }
    return {
        label: {name: int(cell[:, i].sum()) for name, cell in cells.items()} for i, label in enumerate(labels)
    }


def train(config: TrainConfig, *, overwrite: bool = False) -> dict[str, Any]:
    """Run (or go on with) a fine-tuning run. Returns the summary that `finished.json` holds.

    Raises ConfigError, DataError, ModelError, RunError, TrainingError.
    """
    with ExitStack() as stack:
        return _train(config, overwrite=overwrite, stack=stack)


def _train(config: TrainConfig, *, overwrite: bool, stack: ExitStack) -> dict[str, Any]:
    """The run in reading order; `stack` closes and unlocks its directory, however it ends."""
    accelerator = build_accelerator(config.run, trackers=config.run.trackers)
    main, single = accelerator.is_main_process, config.problem == "single_label"
    taxonomy = load_taxonomy(config.taxonomy)
    labels = model_labels(taxonomy, single_label=single)
    train_set, validation_set = load_sets(config, taxonomy)
    with accelerator.main_process_first():
        run = stack.enter_context(open_run(config, overwrite=overwrite, first=main))
        tokenizer = _tokenizer(run, config, train_set.texts)
    raw = build_classifier(config.model, tokenizer, labels=labels, single_label=single, seed=config.seed)
    encoded = [
        encode(tokenizer, s.texts, max_tokens=config.model.max_tokens) for s in (train_set, validation_set)
    ]
    truth, prints = validation_set.truth, [train_set.fingerprint, validation_set.fingerprint]
    data = Examples(encoded[0], train_set.truth.astype(np.float32))
    optimizers = build_optimizers(raw, config.optimizer)
    best, start, seconds, stored = Best(), 0, 0.0, None
    if (place := latest_checkpoint(run.checkpoints)) is not None:
        state, extra = load_checkpoint(place, model=raw, optimizers=optimizers)
        if state.get("data", prints) != prints:
            raise RunError(
                f"{run.folder}: the data changed since this run began; choose another run.output, or add --overwrite"
            )
        start, seconds, stored = state["update"], state["seconds"], _part(extra, "average/")
        best = Best(state["score"], state["best"], state["waited"], _part(extra, "best/"))
    use_fast_attention(raw, accelerator.device)
    raw.to(accelerator.device)
    average = WeightAverage(raw, config.stop.average, stored)
    model, *optimizers = accelerator.prepare(raw, *optimizers)
    total = total_updates(len(data), config)
    factor = warmup_and_decay(total, warmup=config.schedule.warmup, shape=config.schedule.shape)
    accelerator.init_trackers("train")
    if main:
        run.log("start", {"update": start, "updates": total, "records": len(data), **machine()})
    began = time.monotonic() - seconds
    steps = train_updates(
        model, optimizers, data, config=config, pad_id=int(tokenizer.pad_token_id or 0),
        accelerator=accelerator, factor=factor, start=start,
    )  # fmt: skip
    stopped = best.waited >= config.stop.patience
    with Progress("train", total=total, unit="updates", show=main, done=start) as bar:
        for step in () if stopped else steps:
            average.update(raw, step.update)
            scores: dict[str, float] = {}
            if step.ends_epoch:
                scores = _evaluate(config, accelerator, model, raw, average, encoded[1], truth, tokenizer)
                best = _judge(config, best, scores, step, average.weights or raw.state_dict())
            bar.update(step.update, f"epoch {step.epoch + 1} · loss {step.loss:.4f} · best {best.score:.4f}")
            stopped = best.waited >= config.stop.patience
            if main:
                _record(run, accelerator, step, scores, seconds=time.monotonic() - began)
                if step.update % config.run.checkpoint_updates == 0 or step.ends_epoch:
                    extra = {f"average/{k}": v for k, v in average.weights.items()}
                    extra |= {f"best/{k}": v for k, v in (best.weights or {}).items()}
                    save_checkpoint(
                        run.checkpoints, update=step.update, weights=raw.state_dict(), optimizers=optimizers,
                        state={
                            "seconds": time.monotonic() - began, "score": best.score, "best": best.update,
                            "waited": best.waited, "data": prints,
                        },
                        extra=extra,
                    )  # fmt: skip
            if stopped:
                break
    sets = (train_set, validation_set)
    summary = _finish(run, config, accelerator, raw, best, sets, encoded[1], taxonomy, tokenizer)
    summary |= {"best_update": best.update, "updates": total, "seconds": round(time.monotonic() - began, 1)}
    if main:
        run.finish(summary | machine())
    accelerator.wait_for_everyone()
    accelerator.end_training()
    return summary


def _part(extra: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor] | None:
    found = {name.removeprefix(prefix): value for name, value in extra.items() if name.startswith(prefix)}
    return found or None


def _evaluate(
    config: TrainConfig, accelerator: Accelerator, model: torch.nn.Module, raw: torch.nn.Module,
    average: WeightAverage, encoded: list[list[int]], truth: NDArray[np.bool_], tokenizer: PreTrainedTokenizerBase,
) -> dict[str, float]:  # fmt: skip
    """Validation scores of the averaged weights where there are some, else of the model as it is."""
    kept = (
        {name: value.detach().clone() for name, value in raw.state_dict().items()} if average.weights else {}
    )
    if average.weights:
        raw.load_state_dict(average.weights)
    pad_id, tokens = int(tokenizer.pad_token_id or 0), config.batches.tokens
    logits = predict_logits(raw, encoded, pad_id=pad_id, tokens=tokens, accelerator=accelerator)
    if kept:
        raw.load_state_dict(kept)
    return _score(config, logits, truth)


def _judge(
    config: TrainConfig,
    best: Best,
    scores: dict[str, float],
    step: TrainStep,
    weights: dict[str, torch.Tensor],
) -> Best:
    score = -scores["loss"] if config.stop.metric == "loss" else scores[config.stop.metric]
    if score > best.score:
        return Best(
            score, step.update, 0, {name: value.detach().cpu().clone() for name, value in weights.items()}
        )
    return Best(best.score, best.update, best.waited + 1, best.weights)


def _record(
    run: RunDirectory, accelerator: Accelerator, step: TrainStep, scores: dict[str, float], *, seconds: float
) -> None:
    values: dict[str, Any] = {
        "update": step.update, "epoch": step.epoch + 1, "loss": round(step.loss, 6),
        "learning_rate": step.learning_rate, "gradient_norm": round(step.gradient_norm, 5),
        "seconds": round(seconds, 2),
    }  # fmt: skip
    values |= {f"validation_{name}": round(value, 6) for name, value in scores.items()}
    run.log("update", values)
    accelerator.log({k: v for k, v in values.items() if k not in ("update", "seconds")}, step=step.update)


def _finish(
    run: RunDirectory, config: TrainConfig, accelerator: Accelerator, raw: Any, best: Best,
    sets: tuple[LabelledSet, LabelledSet], encoded: list[list[int]], taxonomy: Taxonomy,
    tokenizer: PreTrainedTokenizerBase,
) -> dict[str, Any]:  # fmt: skip
    """Best weights → calibration on validation → model directory with its baselines."""
    train_set, validation_set = sets
    single = config.problem == "single_label"
    labels = model_labels(taxonomy, single_label=single)
    if best.weights is not None:
        raw.load_state_dict(best.weights)
    pad_id, tokens, truth = int(tokenizer.pad_token_id or 0), config.batches.tokens, validation_set.truth
    logits = predict_logits(raw, encoded, pad_id=pad_id, tokens=tokens, accelerator=accelerator).astype(
        np.float64
    )
    calibration = fit_calibration(
        logits, truth, domains=labels, single_label=single, config=config.calibration
    )
    predicted = calibration.decide(calibration.scores(logits))
    found = score(truth, predicted)
    info = ModelInfo(
        taxonomy=taxonomy,
        single_label=single,
        clean=config.clean,
        max_tokens=config.model.max_tokens,
        calibration=calibration,
        validation={
            "records": len(truth),
            "confusion": confusion(truth, predicted, labels),
            "macro_f1": found.macro.f1,
            "micro_f1": found.micro.f1,
        },
        provenance={
            "data": {"train": train_set.fingerprint, "validation": validation_set.fingerprint},
            "records": {"train": len(train_set.data), "validation": len(validation_set.data)},
            "config": hashlib.sha256(json.dumps(comparable(config), sort_keys=True).encode()).hexdigest(),
            "base": config.model.name or "random weights",
            "seed": config.seed,
            **machine(),
        },
    )
    if accelerator.is_main_process:
        fold_temperature(raw, calibration.temperature)
        beside = run.folder / "model.part"
        shutil.rmtree(beside, ignore_errors=True)
        save_directory(beside, model=raw, tokenizer=tokenizer, info=info)
        baseline = fit_baseline(
            train_set.texts, train_set.truth, domains=labels, config=config.baseline, seed=config.seed
        )
        baseline.save(beside / "baselines")
        run.publish(beside, run.model)
    return {"validation_macro_f1": found.macro.f1, "validation_micro_f1": found.micro.f1}
