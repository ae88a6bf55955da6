"""What tagging writes: the line of a passage and the line of a document."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from minsheng.documents.values import Document, Failure
from minsheng.tagging.tagger import Tag

DIGITS = 6  # of a probability: finer than the sums of a batch differ between machines


def to_line(record: dict[str, Any]) -> str:
    """One JSON object a line. A lone surrogate cannot be UTF-8 and is written as its escape."""
    text = json.dumps(record, ensure_ascii=False)
    if any("\ud800" <= c <= "\udfff" for c in text):
        text = json.dumps(record)
    return text + "\n"


def passage_records(document: Document, tags: Sequence[Tag], *, model: str) -> list[dict[str, Any]]:
    """The lines of `tags.jsonl` of one document, with the contract's keys in the contract's order."""
    return [
        {
            "document": document.source.document,
            "date": document.source.date,
            "passage": number,
            "page": passage.page,
            "heading": passage.heading,
            "start": passage.start,
            "end": passage.end,
            "text": passage.text,
            "labels": list(tag.labels),
            "scores": {domain: round(score, DIGITS) for domain, score in tag.scores.items()},
            "evidence": [
                {"label": e.label, "start": e.start, "end": e.end, "score": round(e.score, DIGITS)}
                for e in tag.evidence
            ],
            "decision": tag.decision,
            "model": model,
        }
        for number, (passage, tag) in enumerate(zip(document.passages, tags, strict=True))
    ]


def document_record(document: Document, tags: Sequence[Tag], domains: Sequence[str]) -> dict[str, Any]:
    """The row of `documents.csv` of one document: counts, shares of its passages, and problems."""
    source, passages = document.source, document.passages
    counts = Counter(label for tag in tags for label in tag.labels)
    flags = Counter(flag.reason for flag in document.flags)
    record: dict[str, Any] = {
        "document": source.document,
        "date": source.date,
        "title": source.title,
        "encoding": source.encoding,
        "encoding_confidence": None if source.confidence is None else round(source.confidence, 3),
        "passages": len(passages),
        "characters": sum(len(passage.text) for passage in passages),
        "review": sum(tag.decision == "review" for tag in tags),
        "without_domain": sum(not tag.labels for tag in tags),
    }
    for domain in domains:
        record[f"{domain}_passages"] = counts[domain]
    for domain in domains:
        record[f"{domain}_share"] = round(counts[domain] / len(passages), 4) if passages else None
    problems = [f"{reason} × {count}" for reason, count in sorted(flags.items())]
    record["problems"] = "; ".join(problems if passages else [*problems, "no passages"])
    return record


def failure_record(failure: Failure) -> dict[str, Any]:
    """A line of `failures.jsonl`."""
    return {"document": failure.document, "code": failure.code, "message": failure.message}
