"""`minsheng tag`: files → tags, tables, a page to look at and failures in one directory."""

from __future__ import annotations

import json
import shutil
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from minsheng.config.pages import TagsPageConfig
from minsheng.config.schema import RunConfig, TagConfig
from minsheng.documents import encoding
from minsheng.errors import RunError
from minsheng.modeling.checkpoint import write_atomic
from minsheng.pages.tags import write_pages
from minsheng.tagging.run import STREAMS, Counts, files_in_windows, is_table, join_parts, tag_parts
from minsheng.tagging.sinks import flatten, read_lines, tag_columns, write_csv, write_excel, write_parquet
from minsheng.tagging.tagger import Tagger
from minsheng.workflows.hardware import build_accelerator
from minsheng.workflows.progress import Progress
from minsheng.workflows.run_directory import clear, held, holds_anything


@dataclass(frozen=True, slots=True)
class Tagged:
    """What a finished tagging run did."""

    out: Path
    documents: int
    passages: int
    failures: int
    review: int
    seconds: float  # of tagging itself, without loading and the tables at the end
    labels: dict[str, int] = field(default_factory=dict)  # passages a domain
    can_decide: bool = True  # False: the model has no bound for `auto`, and every passage is for review


def _open(out: Path, identity: dict[str, Any], *, overwrite: bool, stack: ExitStack) -> None:
    """Make the output directory, or take up an unfinished run of the same kind, and lock it. Raises RunError."""
    if (_manifest(out / "run.json", identity) or {}).get("finished"):
        shutil.rmtree(out / "parts", ignore_errors=True)  # of a run that was stopped after its last word
    _check(out, identity, overwrite=overwrite)  # before anything is made in a folder that is no run
    stack.enter_context(held(out))
    _check(out, identity, overwrite=overwrite)  # again: it may have been finished in between
    manifest = out / "run.json"
    if overwrite:
        clear(out, marker=manifest)
    write_atomic(manifest, (json.dumps(identity, ensure_ascii=False, indent=1) + "\n").encode("utf-8"))


def _check(out: Path, identity: dict[str, Any], *, overwrite: bool) -> None:
    """Raises RunError where a run may not be begun or taken up."""
    if out.exists() and not out.is_dir():
        raise RunError(f"{out}: is a file; choose another --out")
    before = _manifest(out / "run.json", identity)
    if before is None and holds_anything(out):
        raise RunError(
            f"{out}: holds files that are no tagging run; it is left as it is, choose another --out"
        )
    if before is not None and not overwrite:
        different = [key for key, value in identity.items() if before.get(key) != value]
        if different:
            raise RunError(
                f"{out}: holds a run with another {' and '.join(different)}; choose another --out, or add --overwrite"
            )
        if before.get("finished"):
            raise RunError(f"{out}: holds a finished run; choose another --out, or add --overwrite")


def _manifest(place: Path, identity: dict[str, Any]) -> dict[str, Any] | None:
    """`run.json` of a tagging run; None where there is none, or one of another program."""
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and identity.keys() <= found.keys() else None


def tag(
    patterns: Sequence[str],
    *,
    model: str | Path,
    out: Path,
    config: TagConfig,
    page: TagsPageConfig | None = None,
    overwrite: bool = False,
) -> Tagged:
    """Tag every document that the patterns name into `out`, or go on where a run was stopped.

    `page`: of `report.html`; it changes no tag.

    Raises ModelError, ConfigError, RunError. A file that cannot be read is listed and the rest goes on.
    """
    with ExitStack() as stack:
        return _tag(
            patterns, model=model, out=out, config=config, page=page or TagsPageConfig(), overwrite=overwrite,
            stack=stack,
        )  # fmt: skip


def _tag(
    patterns: Sequence[str],
    *,
    model: str | Path,
    out: Path,
    config: TagConfig,
    page: TagsPageConfig,
    overwrite: bool,
    stack: ExitStack,
) -> Tagged:
    """The run in reading order; `stack` unlocks its directory, however it ends."""
    if config.documents.encoding is not None:
        encoding.names(config.documents.encoding)  # a name that nobody knows is found before any work
    accelerator = build_accelerator(
        RunConfig(output=str(out), precision=config.precision, threads=config.threads)
    )
    tagger = Tagger.load(model, accelerator=accelerator, batch_tokens=config.batch_tokens)
    main = accelerator.is_main_process
    identity = {
        "model": tagger.fingerprint,
        "inputs": list(patterns),
        "config": config.model_dump(mode="json", exclude={"threads"}),
        "domains": list(tagger.domains),
    }
    if main:
        _open(out, identity, overwrite=overwrite, stack=stack)
    accelerator.wait_for_everyone()
    began = time.monotonic()
    parts, counts = out / "parts", Counts()
    with Progress("tag", total=_planned(patterns, out), unit="documents", show=main) as bar:
        for counts in tag_parts(
            tagger, patterns, parts, config=config,
            rank=accelerator.process_index, ranks=accelerator.num_processes,
        ):  # fmt: skip
            rate = counts.passages / max(1e-9, time.monotonic() - began)
            bar.update(
                counts.documents + counts.failures, f"{counts.passages:,} passages · {rate:,.0f} passages/s"
            )
    accelerator.wait_for_everyone()
    seconds = time.monotonic() - began
    if not main:
        return Tagged(out, counts.documents, counts.passages, counts.failures, 0, seconds)
    return _finish(out, parts, identity, tagger, page, seconds)


def _planned(patterns: Sequence[str], out: Path) -> int | None:
    """How many documents there are; None where tables hide how many."""
    total = 0
    for (item,) in files_in_windows(patterns, window=1, without=out):
        if is_table(item):
            return None
        total += 1
    return total


def _finish(
    out: Path, parts: Path, identity: dict[str, Any], tagger: Tagger, page: TagsPageConfig, seconds: float
) -> Tagged:
    """Join the parts, derive the tables and the page, then mark the run as finished and drop the parts."""
    parts.mkdir(exist_ok=True)
    domains = tagger.domains
    can_decide = tagger.info.calibration.abstention.bound is not None
    for stream in STREAMS:
        join_parts(parts, out / f"{stream}.jsonl", stream)
    tags = out / "tags.jsonl"
    columns = tag_columns(domains)
    write_csv((flatten(tag, domains) for tag in read_lines(tags)), columns, out / "tags.csv")
    left = write_excel((flatten(tag, domains) for tag in read_lines(tags)), columns, out / "tags.xlsx")
    write_parquet(read_lines(tags), domains, out / "tags.parquet")
    names = list(next(read_lines(out / "documents.jsonl"), {"document": None}))
    write_csv(read_lines(out / "documents.jsonl"), names, out / "documents.csv")
    documents = sum(1 for _ in read_lines(out / "documents.jsonl"))
    write_pages(
        out, documents=out / "documents.jsonl", model=tagger.fingerprint, taxonomy=tagger.info.taxonomy,
        validation=tagger.info.validation, can_decide=can_decide, config=page,
    )  # fmt: skip
    (out / "documents.jsonl").unlink()
    labels: Counter[str] = Counter()
    review = passages = 0
    for record in read_lines(tags):
        labels.update(record["labels"])
        passages += 1
        review += record["decision"] == "review"
    failures = sum(1 for _ in read_lines(out / "failures.jsonl"))
    result = Tagged(
        out, documents, passages, failures, review, seconds, {d: labels[d] for d in domains}, can_decide
    )
    summary = {
        "documents": result.documents, "passages": passages, "failures": failures, "review": review,
        "labels": result.labels, "rows_left_out_of_excel": left,
    }  # fmt: skip
    finished = identity | {"finished": True, "summary": summary}
    write_atomic(
        out / "run.json", (json.dumps(finished, ensure_ascii=False, indent=1) + "\n").encode("utf-8")
    )
    shutil.rmtree(parts, ignore_errors=True)
    return result
