"""Sentences that a person marked in labelled records → cases for the agreement of evidence."""

from __future__ import annotations

import json
from collections.abc import Sequence

from minsheng.corpus.records import Record
from minsheng.documents.clean import clean_text
from minsheng.documents.sentences import sentences
from minsheng.errors import DataError, nearest
from minsheng.evaluation.evidence import EvidenceCase
from minsheng.modeling.directory import ModelInfo
from minsheng.tagging.tagger import Tag


def _marks(record: Record) -> dict[str, list[str]]:
    """{domain: sentences} of the optional column `evidence`, in a cell of a CSV or Excel file as JSON."""
    marks = record.meta.get("evidence")
    try:
        marks = json.loads(marks) if isinstance(marks, str) else marks
        found = {  # Parquet gives every row every domain, empty where nothing is marked
            domain: [quotes] if isinstance(quotes, str) else list(quotes)
            for domain, quotes in (marks or {}).items()
            if quotes
        }
    except (ValueError, TypeError, AttributeError):
        found = {"": [marks]}
    if not all(isinstance(quote, str) and domain for domain, quotes in found.items() for quote in quotes):
        raise DataError(f"record {record.id!r}: evidence must map a domain to its sentences, got {marks!r}")
    return found


def _marked(record: Record, text: str, info: ModelInfo) -> dict[str, list[tuple[int, int]]]:
    """Spans of the cleaned `text` that earn each label. Raises DataError."""
    found: dict[str, list[tuple[int, int]]] = {}
    for domain, quotes in _marks(record).items():
        if domain not in info.taxonomy.keys:
            hint = nearest(domain, info.taxonomy.keys)
            raise DataError(f"record {record.id!r}: evidence of an unknown label {domain!r}{hint}")
        for quote in quotes:
            quote = clean_text(quote, config=info.clean)  # as the text was
            place = text.find(quote) if quote else -1
            if place < 0:
                raise DataError(f"record {record.id!r}: the evidence of {domain} does not stand in the text")
            found.setdefault(domain, []).append((place, place + len(quote)))
    return found


def evidence_cases(
    records: Sequence[Record], texts: Sequence[str], tags: Sequence[Tag], info: ModelInfo
) -> list[EvidenceCase]:
    """The evidence of every label that is given, true, and marked in a text of several sentences."""
    cases = []
    for record, text, tag in zip(records, texts, tags, strict=True):
        if not record.meta.get("evidence"):
            continue
        marked, spans = _marked(record, text, info), sentences(text)
        cases += [
            EvidenceCase(e.label, (e.start, e.end), tuple(marked[e.label]), tuple(spans))
            for e in tag.evidence
            if e.label in record.labels and e.label in marked and len(spans) > 1
        ]
    return cases
