"""What a student learns from besides labels: more text, and what its teacher says of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from minsheng.config.distill import DistillDataConfig
from minsheng.config.schema import CleanConfig, DocumentsConfig
from minsheng.corpus.candidates import candidates
from minsheng.corpus.duplicates import duplicates_across
from minsheng.corpus.records import Record
from minsheng.documents.sentences import sentences
from minsheng.documents.values import Failure
from minsheng.errors import DataError
from minsheng.modeling.checkpoint import write_atomic
from minsheng.tagging.tagger import Tagger
from minsheng.workflows.data import LabelledSet
from minsheng.workflows.progress import Progress, followed
from minsheng.workflows.run_directory import RunDirectory

if TYPE_CHECKING:
    from numpy.typing import NDArray

PART = 1024  # texts that are encoded together, and whose logits go into one file


def read_unlabelled(
    data: DistillDataConfig, sets: tuple[LabelledSet, LabelledSet], clean: CleanConfig, *, show: bool
) -> tuple[list[str], list[Failure]]:
    """Cleaned text without labels, each once, and the documents that could not be read.

    The passages of `data.unlabelled`, then with `data.sentences` the sentences of these and of the training
    texts. Left out are short ones, those that are labelled, and those that nearly repeat a validation text: on
    these the student is judged. Raises DataError where nothing is left of what was named.
    """
    documents = DocumentsConfig(text_column=data.text_column, clean=clean, split=data.split)
    found = dict.fromkeys(sets[0].texts, False)  # is it for the teacher to label?
    failures: list[Failure] = []
    items = candidates(data.unlabelled, config=documents) if data.unlabelled else ()
    for item in followed(items, "read", unit="passages", show=show):
        if isinstance(item, Failure):
            failures.append(item)
        elif len(item["text"]) >= data.shortest:
            found.setdefault(item["text"], True)
    if data.unlabelled and len(found) == len(set(sets[0].texts)):
        reason = f" ({failures[0].message})" if failures else ""
        raise DataError(f"data.unlabelled: no new passage in {', '.join(data.unlabelled)}{reason}")
    if data.sentences:
        for text in list(found):
            for start, end in sentences(text):
                if end - start >= data.shortest:
                    found.setdefault(text[start:end], True)
    texts = [text for text, is_new in found.items() if is_new]
    near = {d.second.id for d in duplicates_across(_records(sets[1].texts), _records(texts))}
    return [text for number, text in enumerate(texts) if str(number) not in near], failures


def _records(texts: Sequence[str]) -> list[Record]:
    return [Record(id=str(number), text=text, labels=(), group="") for number, text in enumerate(texts)]


def print_of(texts: Sequence[str]) -> str:
    """SHA-256 of texts in their order."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode("utf-8") + b"\0")
    return digest.hexdigest()


def teacher_logits(
    run: RunDirectory, teacher: Tagger, texts: Sequence[str], *, show: bool
) -> NDArray[np.float32]:
    """Logits (texts, labels) of cleaned texts, computed once a run.

    They lie in `teacher/` of the run, in files named after the teacher's fingerprint and their texts, so that
    those of another teacher or of other texts are never taken for them.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file, save

    folder = run.folder / "teacher"
    folder.mkdir(exist_ok=True)
    parts = [np.zeros((0, len(teacher.info.labels)), dtype=np.float32)]
    with Progress("teacher", total=len(texts), unit="passages", show=show) as bar:
        for start in range(0, len(texts), PART):
            some = texts[start : start + PART]
            place = folder / f"{print_of([teacher.fingerprint, *some])[:32]}.safetensors"
            try:
                part = load_file(place)["logits"]
            except (OSError, KeyError, SafetensorError):  # not there, or damaged
                part = teacher.logits(some).astype(np.float32)
                write_atomic(place, save({"logits": part}))
            parts.append(part)
            bar.update(start + len(some))
    return np.concatenate(parts)
