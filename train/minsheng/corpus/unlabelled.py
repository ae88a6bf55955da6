"""Unlabelled text for pre-training: JSONL (plain or gzip) and plain text, one document at a time."""

from __future__ import annotations

import glob
import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from minsheng.config.schema import PretrainDataConfig
from minsheng.corpus.records import is_whole
from minsheng.errors import DataError


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of the corpus and how often its documents are seen an epoch."""

    path: Path
    weight: float


def find_sources(config: PretrainDataConfig) -> list[SourceFile]:
    """The files behind the globs, sorted; a file named twice keeps its last weight.

    Raises DataError for a pattern that matches nothing.
    """
    found: dict[Path, float] = {}
    for source in config.sources:
        matched = (Path(p) for p in glob.glob(source.path, recursive=True))  # noqa: PTH207 - a path may be absolute
        paths = sorted(path for path in matched if path.is_file())
        if not paths:
            raise DataError(f"data.sources: {source.path}: no such file")
        found.update(dict.fromkeys(paths, source.weight))
    return [SourceFile(path, weight) for path, weight in sorted(found.items())]


def _open(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="\n")
    return path.open("r", encoding="utf-8", newline="\n")


def _texts(path: Path, text_field: str) -> Iterator[str]:
    with _open(path) as lines:
        if Path(path.name.removesuffix(".gz")).suffix not in {".jsonl", ".json"}:
            yield lines.read()
            return
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                text = json.loads(line)[text_field]
            except (ValueError, TypeError) as error:
                raise DataError(f"{path}, line {number}: not a JSON object") from error
            except KeyError as error:
                raise DataError(f"{path}, line {number}: no field {text_field!r}") from error
            if not isinstance(text, str):
                raise DataError(f"{path}, line {number}: {text_field!r} is not text")
            if not is_whole(text):
                raise DataError(f"{path}, line {number}: {text_field!r} holds half of a surrogate pair")
            yield text


def iterate_documents(files: Sequence[SourceFile], *, text_field: str) -> Iterator[tuple[str, float]]:
    """(text, weight) of every document that is not empty, file by file. Memory: one document."""
    for file in files:
        try:
            for text in _texts(file.path, text_field):
                if text.strip():
                    yield text, file.weight
        except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
            raise DataError(f"{file.path}: cannot be read: {error}") from error
