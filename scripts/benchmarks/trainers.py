"""Who trains: `minsheng train` and the Hugging Face Trainer, an update at a time.

Each answers a question with the seconds of one update, and the question after the last one with the loss on
the validation set. Same encoder, examples, batch and rate; one pass over the data.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.workers import Line

_SEED = 13


@dataclass(frozen=True, slots=True)
class Run:
    """What every contender is given. `folder` holds train.jsonl and validation.jsonl."""

    folder: str
    encoder: str
    examples: int  # an update
    rate: float
    max_tokens: int = 384


TRAINERS: dict[str, tuple[str, dict[str, Any]]] = {
    "minsheng train": ("ours", {}),
    "Trainer, fp32, padded batches": ("trainer", {"best": False}),
    "Trainer, bf16, grouped by length": ("trainer", {"best": True}),
}


def serve_training(line: Line, *, kind: str, run: Run, options: dict[str, Any]) -> None:
    """See the module."""
    (_ours if kind == "ours" else _trainer)(line, run, **options)


def _ours(line: Line, run: Run) -> None:
    """The workflow as `minsheng train` calls it; only its generator of updates waits for its turn."""
    import minsheng.workflows.train as workflow
    from minsheng.config.load import build
    from minsheng.config.schema import TrainConfig

    updates = workflow.train_updates

    def gated(*arguments: Any, **named: Any) -> Iterator[Any]:
        steps = updates(*arguments, **named)
        line.ready()
        for _ in line:
            began = time.perf_counter()
            step = next(steps, None)
            seconds = time.perf_counter() - began
            if step is None:
                return
            yield step  # logged, and at the end validated and saved, before it is the next one's turn
            line.answer(seconds)

    workflow.train_updates = gated
    folder = Path(run.folder)
    values = {
        "run": {"output": str(folder / "run"), "checkpoint_updates": 1000000},
        "data": {"train": str(folder / "train.jsonl"), "validation": str(folder / "validation.jsonl"),
                 "max_duplicates": 1_000_000},
        "model": {"name": run.encoder, "max_tokens": run.max_tokens},
        "batches": {"examples": run.examples},
        "optimizer": {"learning_rate": run.rate},
        "schedule": {"epochs": 1},
    }  # fmt: skip
    workflow.train(build(TrainConfig, values, where="benchmark"), overwrite=True)
    log = (folder / "run" / "log.jsonl").read_text(encoding="utf-8").splitlines()
    line.answer({"loss": next(found for row in log if (found := json.loads(row).get("validation_loss")))})


def _trainer(line: Line, run: Run, *, best: bool) -> None:
    """`best`: bf16 and batches of like length; else float32 and the padding collator, as in its examples."""
    import torch
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        Trainer,
        TrainerCallback,
        TrainingArguments,
    )

    tokenizer = AutoTokenizer.from_pretrained(run.encoder)

    def rows(name: str) -> list[dict[str, Any]]:
        found = []
        for text in (Path(run.folder) / name).read_text(encoding="utf-8").splitlines():
            row = json.loads(text)
            encoded = tokenizer(row["text"], truncation=True, max_length=run.max_tokens)
            labels = [float(label in row["labels"]) for label in row["domains"]]
            found.append({"input_ids": encoded["input_ids"], "attention_mask": encoded["attention_mask"],
                          "labels": labels})  # fmt: skip
        return found

    class Turns(TrainerCallback):
        began = 0.0

        def on_train_begin(self, *arguments: Any, **named: Any) -> None:
            line.ready()

        def on_step_begin(self, *arguments: Any, **named: Any) -> None:
            line.receive()
            self.began = time.perf_counter()

        def on_step_end(self, *arguments: Any, **named: Any) -> None:
            line.answer(time.perf_counter() - self.began)

    train = rows("train.jsonl")
    model = AutoModelForSequenceClassification.from_pretrained(
        run.encoder, num_labels=len(train[0]["labels"]), problem_type="multi_label_classification"
    )
    settings = TrainingArguments(
        output_dir=str(Path(run.folder) / "trainer"), num_train_epochs=1, seed=_SEED,
        per_device_train_batch_size=run.examples, per_device_eval_batch_size=16,
        learning_rate=run.rate, warmup_steps=round(0.1 * len(train) / run.examples), weight_decay=0.01,
        bf16=best, train_sampling_strategy="group_by_length" if best else "random",
        use_cpu=not torch.accelerator.is_available(), dataloader_pin_memory=False,
        logging_strategy="no", save_strategy="no", report_to="none", disable_tqdm=True,
    )  # fmt: skip
    trainer = Trainer(
        model, settings, train_dataset=train, eval_dataset=rows("validation.jsonl"),
        data_collator=DataCollatorWithPadding(tokenizer), callbacks=[Turns()],
    )  # fmt: skip
    trainer.train()
    line.receive()
    line.answer({"loss": trainer.evaluate()["eval_loss"]})


def write_rows(place: Path, passages: list[Any], domains: list[str]) -> None:
    """A labelled file; `domains` stands in each row so that the Trainer's labels have the same order."""
    with place.open("w", encoding="utf-8") as out:
        for number, passage in enumerate(passages):
            row = asdict(passage) | {"id": f"{place.stem}{number}", "domains": domains}
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
