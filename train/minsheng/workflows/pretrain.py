"""`minsheng pretrain`: text files → an encoder directory that `AutoModel` loads."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minsheng.config.schema import PretrainConfig
from minsheng.corpus.unlabelled import SourceFile, find_sources, iterate_documents
from minsheng.modeling.checkpoint import latest_checkpoint, load_checkpoint, save_checkpoint
from minsheng.modeling.model import (
    build_masked_model,
    check_length,
    load_masked_model,
    load_tokenizer,
    use_fast_attention,
)
from minsheng.modeling.optimization import build_optimizers, warmup_stable_decay
from minsheng.modeling.packing import Packed, write_stream
from minsheng.modeling.pretraining import (
    Pieces,
    build_objective,
    evaluate_masked,
    pretrain_updates,
    total_updates,
)
from minsheng.modeling.vocabulary import sample_documents, train_tokenizer
from minsheng.workflows.hardware import build_accelerator, machine
from minsheng.workflows.progress import Progress, followed
from minsheng.workflows.run_directory import RunDirectory, open_run

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def _fingerprint(files: list[SourceFile], config: PretrainConfig, tokenizer: PreTrainedTokenizerBase) -> str:
    """Changes when the text, its weights or the vocabulary change."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.path.as_posix()} {file.path.stat().st_size} {file.weight}\n".encode())
    digest.update(json.dumps(config.data.model_dump(mode="json"), sort_keys=True).encode())
    digest.update(json.dumps(tokenizer.get_vocab(), sort_keys=True).encode())
    return digest.hexdigest()


def _prepare(run: RunDirectory, config: PretrainConfig, *, show: bool) -> PreTrainedTokenizerBase:
    """Tokenizer and token stream; what stands there from before is kept."""
    files = find_sources(config.data)
    if config.model is not None:
        tokenizer = load_tokenizer(config.model)
    else:
        place = run.folder / "tokenizer"
        if not place.is_dir():
            documents = iterate_documents(files, text_field=config.data.text_field)
            sample = sample_documents(documents, characters=config.tokenizer.characters, seed=config.seed)
            beside = run.folder / "tokenizer.part"
            shutil.rmtree(beside, ignore_errors=True)
            train_tokenizer(
                sample, config.tokenizer, positions=config.architecture.positions
            ).save_pretrained(beside)
            run.publish(beside, place)
        tokenizer = load_tokenizer(str(place))
    write_stream(
        run.folder / "stream",
        followed(
            iterate_documents(files, text_field=config.data.text_field),
            "prepare",
            unit="documents",
            show=show,
        ),
        tokenizer,
        held_out=config.data.held_out,
        fingerprint=_fingerprint(files, config, tokenizer),
    )
    return tokenizer


def pretrain(config: PretrainConfig, *, overwrite: bool = False) -> dict[str, Any]:
    """Run (or go on with) a pre-training run. Returns the summary that `finished.json` holds.

    Raises RunError, DataError, ModelError, TrainingError.
    """
    with ExitStack() as stack:
        return _pretrain(config, overwrite=overwrite, stack=stack)


def _pretrain(config: PretrainConfig, *, overwrite: bool, stack: ExitStack) -> dict[str, Any]:
    """The run in reading order; `stack` closes and unlocks its directory, however it ends."""
    accelerator = build_accelerator(config.run, trackers=config.run.trackers)
    main = accelerator.is_main_process
    with accelerator.main_process_first():
        run = stack.enter_context(open_run(config, overwrite=overwrite, first=main))
        tokenizer = _prepare(run, config, show=main)
    model = (
        build_masked_model(config.architecture, tokenizer, seed=config.seed)
        if config.model is None
        else load_masked_model(config.model)
    )
    check_length(model.config, config.schedule.sequence, key="schedule.sequence")
    use_fast_attention(model, accelerator.device)
    pieces = Pieces.of(tokenizer)
    objective = build_objective(model)
    optimizers = build_optimizers(objective, config.optimizer, layer_decay=False)
    start = seconds = 0.0
    if (place := latest_checkpoint(run.checkpoints)) is not None:
        state, _ = load_checkpoint(place, model=objective, optimizers=optimizers)
        start, seconds = state["update"], state["seconds"]
    objective, *optimizers = accelerator.prepare(objective, *optimizers)
    marks = {"cls_id": tokenizer.cls_token_id, "sep_id": tokenizer.sep_token_id}
    sequence = config.schedule.sequence
    stream = Packed(run.folder / "stream", "train", sequence=sequence, seed=config.seed, **marks)
    held_out = Packed(run.folder / "stream", "held_out", sequence=sequence, seed=0, **marks)
    total = total_updates(config)
    factor = warmup_stable_decay(total, warmup=config.schedule.warmup, decay=config.schedule.decay)
    accelerator.init_trackers("pretrain")
    if main:
        run.log("start", {"update": int(start), "updates": total, "train_tokens": stream.tokens, **machine()})
    began, held = time.monotonic() - seconds, (float("nan"), float("nan"))
    steps = pretrain_updates(
        objective,
        optimizers,
        stream,
        pieces,
        config=config,
        accelerator=accelerator,
        factor=factor,
        start=int(start),
    )
    tokens_an_update = config.schedule.batch_sequences * sequence
    with Progress(
        "pretrain",
        total=total * tokens_an_update,
        unit="tokens",
        show=main,
        done=int(start) * tokens_an_update,
    ) as bar:
        for step in steps:
            bar.update(step.tokens, f"loss {step.loss:.3f} · held-out {held[0]:.3f} ({held[1]:.1%})")
            last = step.update == total
            if step.update % config.schedule.evaluate_updates == 0 or last:
                held = evaluate_masked(objective, held_out, pieces, config=config, accelerator=accelerator)
            if main and (step.update % 10 == 0 or last):
                values = {
                    "update": step.update, "tokens": step.tokens, "loss": round(step.loss, 5),
                    "accuracy": round(step.accuracy, 5), "learning_rate": step.learning_rate,
                    "gradient_norm": round(step.gradient_norm, 5), "seconds": round(time.monotonic() - began, 1),
                }  # fmt: skip
                if step.update % config.schedule.evaluate_updates == 0 or last:
                    values |= {"held_out_loss": round(held[0], 5), "held_out_accuracy": round(held[1], 5)}
                run.log("update", values)
                accelerator.log({k: v for k, v in values.items() if k != "update"}, step=step.update)
            if main and (step.update % config.run.checkpoint_updates == 0 or last):
                bare = accelerator.unwrap_model(objective)
                save_checkpoint(
                    run.checkpoints, update=step.update, weights=bare.state_dict(), optimizers=optimizers,
                    state={"seconds": time.monotonic() - began},
                )  # fmt: skip
    if math.isnan(held[0]):
        held = evaluate_masked(objective, held_out, pieces, config=config, accelerator=accelerator)
    summary = {
        "updates": total, "tokens": total * tokens_an_update, "held_out_loss": held[0], "held_out_accuracy": held[1],
        "seconds": round(time.monotonic() - began, 1), "corpus_tokens": stream.tokens, **machine(),
    }  # fmt: skip
    if main:
        _publish(run, accelerator.unwrap_model(objective).model, tokenizer)
        run.finish(summary)
    accelerator.end_training()
    return summary


def _publish(run: RunDirectory, model: Any, tokenizer: PreTrainedTokenizerBase) -> None:
    beside = run.folder / "model.part"
    shutil.rmtree(beside, ignore_errors=True)
    model.save_pretrained(beside)
    tokenizer.save_pretrained(beside)
    run.publish(beside, Path(run.model))
