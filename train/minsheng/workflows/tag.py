"""`minsheng tag`: files → tags, tables and failures in one directory."""

from __future__ import annotations

import json
import shutil
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from minsheng.config.schema import RunConfig, TagConfig
from minsheng.documents.find import find_files
from minsheng.errors import RunError
from minsheng.modeling.checkpoint import write_atomic
from minsheng.tagging.run import STREAMS, Counts, join_parts, tag_parts
from minsheng.tagging.sinks import flatten, read_lines, tag_columns, write_csv, write_excel, write_parquet
from minsheng.tagging.tagger import Tagger
from minsheng.workflows.hardware import build_accelerator
from minsheng.workflows.progress import Progress


@dataclass(frozen=True, slots=True)
class Tagged:
    """What a finished tagging run did."""

    out: Path
    documents: int
    passages: int
    failures: int
    review: int
    seconds: float
    labels: dict[str, int] = field(default_factory=dict)  # passages a domain


def _open(out: Path, identity: dict[str, Any], *, overwrite: bool) -> None:
    """Make the output directory or take up an unfinished run of the same kind. Raises RunError."""
    manifest = out / "run.json"
    if overwrite and out.exists():
        if any(out.iterdir()) and not manifest.exists():
            raise RunError(f"{out}: holds files that are no tagging run; it is left as it is")
        shutil.rmtree(out)
    if manifest.exists():
        before = json.loads(manifest.read_text(encoding="utf-8"))
        different = [key for key, value in identity.items() if before.get(key) != value]
        if different:
            raise RunError(
                f"{out}: holds a run with another {' and '.join(different)}; choose another --out, or add --overwrite"
            )
        if before.get("finished"):
            raise RunError(f"{out}: holds a finished run; choose another --out, or add --overwrite")
    elif out.exists() and any(out.iterdir()):
        raise RunError(f"{out}: not empty and no tagging run; choose another --out")
    out.mkdir(parents=True, exist_ok=True)
    write_atomic(manifest, (json.dumps(identity, ensure_ascii=False, indent=1) + "\n").encode("utf-8"))


def tag(
    patterns: Sequence[str], *, model: Path, out: Path, config: TagConfig, overwrite: bool = False
) -> Tagged:
    """Tag every document that the patterns name into `out`, or go on where a run was stopped.

    Raises ModelError, ConfigError, RunError. A file that cannot be read is listed and the rest goes on.
    """
    began = time.monotonic()
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
        _open(out, identity, overwrite=overwrite)
    accelerator.wait_for_everyone()
    total = sum(1 for _ in find_files(patterns))
    parts, counts = out / "parts", Counts()
    with Progress("tag", total=total, unit="documents", show=main) as bar:
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
    return _finish(out, parts, identity, tagger.domains, seconds)


def _finish(
    out: Path, parts: Path, identity: dict[str, Any], domains: Sequence[str], seconds: float
) -> Tagged:
    """Join the parts, derive the tables, then mark the run as finished and drop the parts."""
    parts.mkdir(exist_ok=True)
    for stream in STREAMS:
        join_parts(parts, out / f"{stream}.jsonl", stream)
    tags = out / "tags.jsonl"
    columns = tag_columns(domains)
    write_csv((flatten(tag, domains) for tag in read_lines(tags)), columns, out / "tags.csv")
    left = write_excel((flatten(tag, domains) for tag in read_lines(tags)), columns, out / "tags.xlsx")
    write_parquet(read_lines(tags), domains, out / "tags.parquet")
    documents = list(read_lines(out / "documents.jsonl"))
    names = list(documents[0]) if documents else ["document"]
    write_csv(iter(documents), names, out / "documents.csv")
    (out / "documents.jsonl").unlink()
    labels: Counter[str] = Counter()
    review = passages = 0
    for record in read_lines(tags):
        labels.update(record["labels"])
        passages += 1
        review += record["decision"] == "review"
    failures = sum(1 for _ in read_lines(out / "failures.jsonl"))
    result = Tagged(out, len(documents), passages, failures, review, seconds, {d: labels[d] for d in domains})
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
