"""`minsheng distill`: a model directory → a smaller and faster one that says the same.

The run is that of `train`; what differs is what is learnt: the teacher's probabilities, on labelled text and
on text without labels.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from minsheng.config.distill import DistillConfig
from minsheng.config.schema import DataConfig, ModelConfig, TrainConfig
from minsheng.errors import ConfigError, MinshengError, ModelError
from minsheng.metrics.scores import score
from minsheng.modeling.batches import Ids, encode
from minsheng.modeling.directory import ModelInfo
from minsheng.modeling.distillation import (
    distillation_loss,
    distillation_targets,
    operations_a_token,
    take_embeddings,
)
from minsheng.modeling.model import build_classifier, load_classifier, load_tokenizer
from minsheng.modeling.training import Examples
from minsheng.tagging.tagger import Tagger
from minsheng.taxonomy import Taxonomy, load_taxonomy
from minsheng.workflows.data import LabelledSet, load_sets
from minsheng.workflows.distill_data import PART, print_of, read_unlabelled, teacher_logits
from minsheng.workflows.hardware import build_accelerator
from minsheng.workflows.run_directory import open_run
from minsheng.workflows.task import Task, settings_print
from minsheng.workflows.train import learn

if TYPE_CHECKING:
    from accelerate import Accelerator
    from numpy.typing import NDArray
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_ROUNDS, _TIMED = 5, 512  # of the comparison of speeds, and texts in each


def training_config(config: DistillConfig, info: ModelInfo) -> TrainConfig:
    """The settings of the training of a student whose teacher has `info`."""
    student, data = config.student, config.data
    return TrainConfig(
        run=config.run,
        seed=config.seed,
        clean=info.clean,
        problem="single_label" if info.single_label else "multi_label",
        data=DataConfig(
            train=data.train,
            validation=data.validation,
            validation_share=data.validation_share,
            max_duplicates=data.max_duplicates,
        ),
        model=ModelConfig(
            name=student.name,
            revision=student.revision,
            max_tokens=info.max_tokens,
            dropout=student.dropout,
            architecture=student.architecture,
        ),
        batches=config.batches,
        optimizer=config.optimizer,
        schedule=config.schedule,
        loss=config.loss,
        stop=config.stop,
        calibration=config.calibration,
        baseline=config.baseline,
    )


def distill(config: DistillConfig, *, overwrite: bool = False) -> dict[str, Any]:
    """Run (or go on with) a distillation. Returns the summary that `finished.json` holds.

    Raises ConfigError, DataError, ModelError, RunError, TrainingError.
    """
    with ExitStack() as stack:
        return _distill(config, overwrite=overwrite, stack=stack)


def _distill(config: DistillConfig, *, overwrite: bool, stack: ExitStack) -> dict[str, Any]:
    """The run in reading order; `stack` closes and unlocks its directory, however it ends."""
    accelerator = build_accelerator(config.run, trackers=config.run.trackers)
    main = accelerator.is_main_process
    teacher = _load_teacher(config, accelerator)
    info = teacher.info
    training = training_config(config, info)
    sets = load_sets(training, info.taxonomy)
    student, tokenizer = _build_student(config, training, teacher)
    with accelerator.main_process_first():
        run = stack.enter_context(open_run(config, overwrite=overwrite, first=main))
        texts, failures = read_unlabelled(config.data, sets, info.clean, show=main)
        if main:
            values = {"passages": len(texts), "unread": [failure.message for failure in failures]}
            run.log("unlabelled", values)
        logits = teacher_logits(run, teacher, [*sets[0].texts, *texts, *sets[1].texts], show=main)
    learnt = sets[0].texts + texts
    gold = sets[0].truth
    task = Task(
        config=training,
        taxonomy=info.taxonomy,
        sets=sets,
        tokenizer=tokenizer,
        model=student,
        data=Examples(
            _encode(tokenizer, learnt, max_tokens=info.max_tokens),
            distillation_targets(gold, logits[: len(learnt)]),
        ),
        settings=settings_print(config),
        loss=distillation_loss(
            gold.astype(np.float32), mix=config.mix, config=config.loss, single_label=info.single_label
        ),
        sources=(teacher.fingerprint, print_of(texts)),
        provenance={"teacher": teacher.fingerprint, "teacher_name": config.teacher, "unlabelled": len(texts)},
        measure=lambda folder: _beside_teacher(
            folder,
            teacher,
            sets[1],
            logits[len(learnt) :],
            accelerator=accelerator,
            threads=config.run.threads,
        ),
    )
    return learn(task, run, accelerator)


def _load_teacher(config: DistillConfig, accelerator: Accelerator) -> Tagger:
    """Raises ModelError, and ConfigError where `config.taxonomy` is not that of the teacher."""
    try:
        teacher = Tagger.load(config.teacher, threads=config.run.threads, accelerator=accelerator)
    except ModelError as error:
        raise ModelError(f"teacher: {error}") from error
    if config.taxonomy is not None:
        wanted: Taxonomy = load_taxonomy(config.taxonomy)
        if wanted.keys != teacher.domains:
            raise ConfigError(
                f"taxonomy: {config.taxonomy} has the domains {', '.join(wanted.keys)}, the teacher "
                f"{', '.join(teacher.domains)}; leave it out, or train a teacher with this taxonomy"
            )
    return teacher


def _build_student(
    config: DistillConfig, training: TrainConfig, teacher: Tagger
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    new = config.student.name is None
    tokenizer = (
        load_tokenizer(str(teacher.folder))
        if new
        else load_tokenizer(str(config.student.name), revision=config.student.revision)
    )
    try:
        student = build_classifier(
            training.model, tokenizer,
            labels=teacher.info.labels, single_label=teacher.info.single_label, seed=config.seed,
        )  # fmt: skip
    except MinshengError as error:
        raise type(error)(f"student: {error}") from error
    if new and config.student.embeddings == "teacher":
        take_embeddings(student, load_classifier(teacher.folder))
    return student, tokenizer


def _encode(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], *, max_tokens: int) -> list[Ids]:
    """`encode` into arrays: as lists, the ids of a million passages would fill the memory."""
    found: list[Any] = []
    for start in range(0, len(texts), PART):
        some = encode(tokenizer, texts[start : start + PART], max_tokens=max_tokens)
        found += [np.asarray(ids, dtype=np.int32) for ids in some]
    return cast("list[Ids]", found)


def _beside_teacher(
    folder: Path, teacher: Tagger, validation: LabelledSet, logits: NDArray[np.float32],
    *, accelerator: Accelerator, threads: int,
) -> Mapping[str, Any]:  # fmt: skip
    """How a student's directory compares with its teacher, whose `logits` are those of the validation texts."""
    student = Tagger.load(folder, threads=threads, accelerator=accelerator)
    decided = teacher.info.calibration.decide(teacher.probabilities(logits.astype(np.float64)))
    own = student.info.calibration.decide(student.probabilities(student.logits(validation.texts)))
    scores = {
        "teacher_macro_f1": score(validation.truth, decided).macro.f1,
        "student_macro_f1": score(validation.truth, own).macro.f1,
    }
    return scores | {
        "same_labels": float((own == decided).all(axis=1).mean()),
        "cost": _cost({"student": student, "teacher": teacher}, validation.texts[:_TIMED]),
    }


def _cost(models: Mapping[str, Tagger], texts: list[str]) -> dict[str, Any]:
    """Operations a token and passages a second of each, measured in turns: A B A B … , the medians."""
    seconds: dict[str, list[float]] = {name: [] for name in models}
    for number in range(_ROUNDS + 1):
        for name, model in models.items():
            began = time.perf_counter()
            model.logits(texts)
            if number:  # the first round makes everything warm
                seconds[name].append(time.perf_counter() - began)
    return {"passages": len(texts)} | {
        name: {
            "operations": operations_a_token(model.folder),
            "passages_a_second": round(len(texts) / median(seconds[name]), 1),
            "computed_by": model.computed_by,
        }
        for name, model in models.items()
    }
