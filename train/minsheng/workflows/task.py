"""What a run that trains a classifier is made of, and the model directory that it ends with.

`train` and `distill` differ in their `Task` alone.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from minsheng.config.distill import DistillConfig
from minsheng.config.schema import TrainConfig
from minsheng.evaluation.baselines import fit_baseline
from minsheng.metrics.scores import score
from minsheng.modeling.batches import encode
from minsheng.modeling.calibration import fit_calibration
from minsheng.modeling.directory import ModelInfo, fold_temperature, model_labels, save_directory, save_info
from minsheng.modeling.familiarity import fit_familiarity
from minsheng.modeling.forward import TorchForward
from minsheng.modeling.guard import compare_int8
from minsheng.modeling.inference import predict_logits
from minsheng.modeling.training import Examples, Loss
from minsheng.taxonomy import Taxonomy
from minsheng.workflows.data import LabelledSet
from minsheng.workflows.hardware import machine
from minsheng.workflows.model_card import render_card
from minsheng.workflows.run_directory import RunDirectory, comparable

if TYPE_CHECKING:
    from accelerate import Accelerator
    from numpy.typing import NDArray
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True, slots=True)
class Task:
    """`model` learns `data` by `loss` (None: that of labels); `sets` are (training, validation).

    `settings` is the fingerprint of the settings of the run. A run can only be taken up with the same
    labelled sets and `sources`, the fingerprints of what else it learns from. `provenance` is added to that
    of the model, and `measure`, given its directory, says what goes into the card and into `finished.json`.
    """

    config: TrainConfig
    taxonomy: Taxonomy
    sets: tuple[LabelledSet, LabelledSet]
    tokenizer: PreTrainedTokenizerBase
    model: PreTrainedModel
    data: Examples
    settings: str
    loss: Loss | None = None
    sources: tuple[str, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)
    measure: Callable[[Path], Mapping[str, Any]] | None = None

    @property
    def pad_id(self) -> int:
        """The token of padding."""
        return int(self.tokenizer.pad_token_id or 0)

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """Of everything that is learnt from."""
        return (*(part.fingerprint for part in self.sets), *self.sources)


def settings_print(config: TrainConfig | DistillConfig) -> str:
    """SHA-256 of the settings that change what is learnt."""
    return hashlib.sha256(json.dumps(comparable(config), sort_keys=True).encode()).hexdigest()


def encode_validation(task: Task) -> list[list[int]]:
    """Token ids of the validation texts."""
    return encode(task.tokenizer, task.sets[1].texts, max_tokens=task.config.model.max_tokens)


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


def publish_model(
    task: Task, run: RunDirectory, accelerator: Accelerator, validation: list[list[int]]
) -> dict[str, Any]:
    """Trained weights → calibration on validation → model directory with its baselines and its card."""
    config, single = task.config, task.config.problem == "single_label"
    labels, truth = model_labels(task.taxonomy, single_label=single), task.sets[1].truth
    logits = predict_logits(
        TorchForward(task.model, accelerator), validation,
        pad_id=task.pad_id, tokens=config.batches.tokens, among=accelerator,
    ).astype(np.float64)  # fmt: skip
    calibration = fit_calibration(
        logits, truth, domains=labels, single_label=single, config=config.calibration
    )
    predicted = calibration.decide(calibration.scores(logits))
    found = score(truth, predicted)
    names = ("train", "validation")
    info = ModelInfo(
        taxonomy=task.taxonomy,
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
            "data": {name: part.fingerprint for name, part in zip(names, task.sets, strict=True)},
            "records": {name: len(part.data) for name, part in zip(names, task.sets, strict=True)},
            "config": task.settings,
            "base": config.model.name or "random weights",
            "seed": config.seed,
            **task.provenance,
            **machine(),
        },
    )
    summary: dict[str, Any] = {"validation_macro_f1": found.macro.f1, "validation_micro_f1": found.micro.f1}
    if accelerator.is_main_process:
        fold_temperature(task.model, calibration.temperature)
        beside = run.folder / "model.part"
        shutil.rmtree(beside, ignore_errors=True)
        save_directory(beside, model=task.model, tokenizer=task.tokenizer, info=info)
        guard = compare_int8(
            beside, validation, exact=calibration.scores(logits), calibration=calibration,
            max_tokens=info.max_tokens, pad_id=task.pad_id,
        )  # fmt: skip
        save_info(beside, replace(info, int8=guard))
        familiarity = fit_familiarity(
            task.sets[0].texts, task.sets[1].texts, share=config.calibration.unfamiliar
        )
        familiarity.save(beside)
        baseline = fit_baseline(
            task.sets[0].texts, task.sets[0].truth, domains=labels, config=config.baseline, seed=config.seed
        )
        baseline.save(beside / "baselines")
        measured = {} if task.measure is None else dict(task.measure(beside))
        card = render_card(info, place=f"{run.model.parent.name}/{run.model.name}", measured=measured)
        (beside / "README.md").write_text(card, encoding="utf-8", newline="\n")
        run.publish(beside, run.model)
        summary |= measured
    return summary
