"""`minsheng tag`: files → tags, tables, a page to look at and failures in one directory."""

from __future__ import annotations

import json
import shutil
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minsheng.config.engines import RayConfig
from minsheng.config.pages import TagsPageConfig
from minsheng.config.schema import RunConfig, TagConfig
from minsheng.documents import encoding
from minsheng.documents.find import STDIN
from minsheng.errors import ConfigError, EngineError, RunError
from minsheng.modeling.checkpoint import write_atomic
from minsheng.pages.tags import write_pages
from minsheng.tagging.engines.plan import missing_part, slice_plan, write_plan
from minsheng.tagging.engines.ranks import Ranks, begin
from minsheng.tagging.engines.ray import tag_slices
from minsheng.tagging.engines.stages import PartsStore
from minsheng.tagging.run import STREAMS, Counts, join_parts, refuse_parts_beyond, tag_parts
from minsheng.tagging.sinks import flatten, read_lines, tag_columns, write_csv, write_excel, write_parquet
from minsheng.tagging.tagger import Tagger
from minsheng.tagging.units import files_in_windows, is_table
from minsheng.workflows.hardware import launch_accelerator
from minsheng.workflows.progress import Progress
from minsheng.workflows.run_directory import clear, held, holds_anything

if TYPE_CHECKING:
    from accelerate import Accelerator


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
    before = _manifest(out / "run.json", identity) or {}
    if before.get("finished"):
        shutil.rmtree(out / "parts", ignore_errors=True)  # of a run that was stopped after its last word
        # A mistyped path leaves a run that read nothing; it must not stand in the way of the right one.
        overwrite = overwrite or (before.get("summary") or {}).get("documents") == 0
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
    ray: RayConfig | None = None,
) -> Tagged:
    """Tag every document that the patterns name into `out`, or go on where a run was stopped.

    `page`: of `report.html`; it changes no tag. `ray`: let a Ray cluster do the work, whose nodes all see the
    inputs, the model and `out` at the same places; a run may be begun in one way and finished in another.

    Raises ModelError, ConfigError, RunError. A file that cannot be read is listed and the rest goes on.
    """
    with ExitStack() as stack:
        return _tag(
            patterns, model=model, out=out, config=config, page=page or TagsPageConfig(), overwrite=overwrite,
            ray=ray, stack=stack,
        )  # fmt: skip


def _tag(
    patterns: Sequence[str],
    *,
    model: str | Path,
    out: Path,
    config: TagConfig,
    page: TagsPageConfig,
    overwrite: bool,
    ray: RayConfig | None,
    stack: ExitStack,
) -> Tagged:
    """The run in reading order; `stack` unlocks its directory, however it ends."""
    if config.documents.encoding is not None:
        encoding.names(config.documents.encoding)  # a name that nobody knows is found before any work
    accelerator = launch_accelerator(RunConfig(output=str(out), threads=config.threads))
    tagger = Tagger.load(
        model, precision=config.precision, threads=config.threads, batch_tokens=config.batch_tokens,
        accelerator=accelerator,
    )  # fmt: skip
    main = accelerator is None or accelerator.is_main_process
    identity = {
        "model": tagger.fingerprint,
        "inputs": list(patterns),
        "config": config.model_dump(mode="json", exclude={"threads"}),
        "domains": list(tagger.domains),
    }
    parts = out / "parts"
    launch = begin(accelerator, partial(_open, out, identity, overwrite=overwrite, stack=stack))
    began = time.monotonic()
    if ray is not None:
        counts = _tag_with_ray(tagger, patterns, parts, config=config, ray=ray)
    elif accelerator is None:
        counts = _tag_parts(tagger, patterns, parts, config=config, planned=_planned(patterns, out))
    else:
        counts = _tag_with_others(
            tagger, patterns, parts, config=config, accelerator=accelerator, launch=launch
        )
    seconds = time.monotonic() - began
    if not main:
        return Tagged(out, counts.documents, counts.passages, counts.failures, 0, seconds)
    return _finish(out, parts, identity, tagger, page, seconds)


def _tag_parts(
    tagger: Tagger,
    patterns: Sequence[str],
    parts: Path,
    *,
    config: TagConfig,
    planned: int | None,
    ranks: Ranks | None = None,
) -> Counts:
    """The parts of this process, with a bar: all, or those of its rank. `planned`: how many documents these hold."""
    began, counts = time.monotonic(), Counts()
    rank, of = (ranks.rank, ranks.ranks) if ranks else (0, 1)
    title = "tag" if of == 1 else f"tag (rank 0 of {of})"
    windows = ranks.windows() if ranks else None
    with Progress(title, total=planned, unit="documents", show=rank == 0) as bar:
        for counts in tag_parts(tagger, patterns, parts, config=config, rank=rank, ranks=of, windows=windows):
            rate = counts.passages / max(1e-9, time.monotonic() - began)
            bar.update(
                counts.documents + counts.failures, f"{counts.passages:,} passages · {rate:,.0f} passages/s"
            )
    return counts


def _tag_with_others(
    tagger: Tagger,
    patterns: Sequence[str],
    parts: Path,
    *,
    config: TagConfig,
    accelerator: Accelerator,
    launch: str,
) -> Counts:
    """The parts of this rank; rank 0 ends when those of all ranks stand. Raises EngineError."""
    number, of = accelerator.process_index, accelerator.num_processes
    with Ranks(parts, launch, rank=number, ranks=of) as ranks:
        planned = ranks.list_files(patterns, window=config.window)
        counts = _tag_parts(tagger, patterns, parts, config=config, planned=planned, ranks=ranks)
        if number == 0:
            ranks.wait_for_all()
    return counts


def _tag_with_ray(
    tagger: Tagger, patterns: Sequence[str], parts: Path, *, config: TagConfig, ray: RayConfig
) -> Counts:
    """All parts, by the workers of a Ray cluster. Raises EngineError, RunError, ConfigError."""
    if STDIN in patterns:
        raise ConfigError("standard input cannot be read by the workers of a cluster: give a file")
    parts.mkdir(parents=True, exist_ok=True)
    plan, counts = parts / ".plan.txt", Counts()
    planned = write_plan(plan, patterns, window=config.window, without=parts.parent)
    rows = slice_plan(plan)
    store = PartsStore(parts.absolute(), config, plan.absolute(), Path.cwd())
    model = str(tagger.folder.absolute())
    with Progress("tag (Ray)", total=planned, unit="documents") as bar:
        for counts in tag_slices(rows, store, model=model, config=config, ray=ray):
            bar.update(counts.documents + counts.failures, f"{counts.passages:,} passages")
    refuse_parts_beyond(parts, sum(row["count"] for row in rows))
    missing = missing_part(plan, parts)
    if missing is not None:
        raise EngineError(
            f"{parts.parent}: part {missing} is missing; do all nodes see this folder at this place?"
        )
    return counts


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
