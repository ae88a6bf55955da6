"""`minsheng train`: labelled files → a model directory, by way of a run that can be killed at any moment."""

from __future__ import annotations

import math
import shutil
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from minsheng.config.schema import TrainConfig
from minsheng.errors import RunError
from minsheng.metrics.scores import decide, score
from minsheng.modeling.averaging import WeightAverage
from minsheng.modeling.batches import encode
from minsheng.modeling.calibration import probabilities
from minsheng.modeling.checkpoint import latest_checkpoint, load_checkpoint, save_checkpoint
from minsheng.modeling.directory import model_labels
from minsheng.modeling.forward import TorchForward
from minsheng.modeling.inference import predict_logits
from minsheng.modeling.model import build_classifier, load_tokenizer, use_fast_attention
from minsheng.modeling.optimization import build_optimizers, warmup_and_decay
from minsheng.modeling.sharding import full_classifier, full_tensor, is_sharded, prepare
from minsheng.modeling.training import Examples, TrainStep, summed_loss, total_updates, train_updates
from minsheng.modeling.vocabulary import train_tokenizer
from minsheng.taxonomy import load_taxonomy
from minsheng.workflows.data import load_sets
from minsheng.workflows.hardware import build_accelerator, machine
from minsheng.workflows.progress import Progress
from minsheng.workflows.run_directory import RunDirectory, open_run
from minsheng.workflows.task import Task, encode_validation, publish_model, settings_print

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


def train(config: TrainConfig, *, overwrite: bool = False) -> dict[str, Any]:
    """Run (or go on with) a fine-tuning run. Returns the summary that `finished.json` holds.

    Raises ConfigError, DataError, ModelError, RunError, TrainingError.
    """
    with ExitStack() as stack:
        return _train(config, overwrite=overwrite, stack=stack)


def _train(config: TrainConfig, *, overwrite: bool, stack: ExitStack) -> dict[str, Any]:
    """The run in reading order; `stack` closes and unlocks its directory, however it ends."""
    accelerator = build_accelerator(config.run, trackers=config.run.trackers, may_shard=True)
    taxonomy = load_taxonomy(config.taxonomy)
    single = config.problem == "single_label"
    sets = load_sets(config, taxonomy)
    with accelerator.main_process_first():
        run = stack.enter_context(open_run(config, overwrite=overwrite, first=accelerator.is_main_process))
        tokenizer = _tokenizer(run, config, sets[0].texts)
    labels = model_labels(taxonomy, single_label=single)
    task = Task(
        config=config,
        taxonomy=taxonomy,
        sets=sets,
        tokenizer=tokenizer,
        model=build_classifier(config.model, tokenizer, labels=labels, single_label=single, seed=config.seed),
        data=Examples(
            encode(tokenizer, sets[0].texts, max_tokens=config.model.max_tokens),
            sets[0].truth.astype(np.float32),
        ),
        settings=settings_print(config),
    )
    return learn(task, run, accelerator)


def learn(task: Task, run: RunDirectory, accelerator: Accelerator) -> dict[str, Any]:
    """Train `task.model` from the last checkpoint of the run on, and publish it; the summary of `finished.json`.

    Raises RunError, TrainingError, ModelError.
    """
    config, raw, data, prints = task.config, task.model, task.data, list(task.fingerprints)
    main, validation = accelerator.is_main_process, encode_validation(task)
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
    model, optimizers = prepare(accelerator, raw, optimizers)
    average, sharded = WeightAverage(raw, config.stop.average, stored), is_sharded(accelerator)
    total = total_updates(len(data), config)
    factor = warmup_and_decay(total, warmup=config.schedule.warmup, shape=config.schedule.shape)
    accelerator.init_trackers("train")
    if main:
        run.log("start", {"update": start, "updates": total, "records": len(data), **machine()})
    began = time.monotonic() - seconds
    steps = train_updates(
        model, optimizers, data, config=config, pad_id=task.pad_id,
        accelerator=accelerator, factor=factor, start=start, loss_of=task.loss,
    )  # fmt: skip
    stopped = best.waited >= config.stop.patience
    with Progress("train", total=total, unit="updates", show=main, done=start) as bar:
        for step in () if stopped else steps:
            average.update(raw, step.update)
            scores: dict[str, float] = {}
            if step.ends_epoch:
                scores = _evaluate(task, accelerator, average, validation)
                best = _judge(config, best, scores, step, average.weights or raw.state_dict())
            bar.update(step.update, f"epoch {step.epoch + 1} · loss {step.loss:.4f} · best {best.score:.4f}")
            stopped = best.waited >= config.stop.patience
            if main:
                _record(run, accelerator, step, scores, seconds=time.monotonic() - began)
            due = step.update % config.run.checkpoint_updates == 0 or step.ends_epoch
            if due and (main or sharded):  # what is sharded is gathered by all
                extra = {f"average/{k}": v for k, v in average.weights.items()}
                extra |= {f"best/{k}": v for k, v in (best.weights or {}).items()}
                save_checkpoint(
                    run.checkpoints, update=step.update, weights=raw.state_dict(), optimizers=optimizers,
                    state={
                        "seconds": time.monotonic() - began, "score": best.score, "best": best.update,
                        "waited": best.waited, "data": prints,
                    },
                    extra=extra, write=main,
                )  # fmt: skip
            if stopped:
                break
    if sharded:
        raw = full_classifier(raw)
        task = replace(task, model=raw)
    if best.weights is not None:
        raw.load_state_dict(best.weights)
    summary = publish_model(task, run, accelerator, validation)
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
    task: Task, accelerator: Accelerator, average: WeightAverage, validation: list[list[int]]
) -> dict[str, float]:
    """Validation scores of the averaged weights where there are some, else of the model as it is."""
    raw = task.model
    kept = (
        {name: value.detach().clone() for name, value in raw.state_dict().items()} if average.weights else {}
    )
    if average.weights:
        raw.load_state_dict(average.weights)
    logits = predict_logits(
        TorchForward(raw, accelerator), validation,
        pad_id=task.pad_id, tokens=task.config.batches.tokens, among=accelerator,
    )  # fmt: skip
    if kept:
        raw.load_state_dict(kept)
    return _score(task.config, logits, task.sets[1].truth)


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
            score,
            step.update,
            0,
            {name: full_tensor(value.detach()).cpu().clone() for name, value in weights.items()},
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
