"""Documents → one stream of token ids on disk → sequences of a fixed length, without padding.

The stream is written once, document by document, and memory-mapped afterwards, so that a corpus larger
than memory works. Which tokens make sequence `i` of epoch `e` depends on the seed alone, so a run can go
on at any update.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from minsheng.errors import DataError
from minsheng.modeling.checkpoint import write_atomic

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from transformers import PreTrainedTokenizerBase

_CHUNK = 256  # documents tokenised at once


def _held_out(text: str, share: float) -> bool:
    # By content, so that a document that stands in two files is held out of both.
    digest = hashlib.blake2b(text[:2000].encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") < share * 2**64


def write_stream(
    folder: Path,
    documents: Iterable[tuple[str, float]],
    tokenizer: PreTrainedTokenizerBase,
    *,
    held_out: float,
    fingerprint: str,
) -> None:
    """Tokenise every document into `folder/{train,held_out}.tokens`; nothing is done if it stands there.

    A document ends with [SEP]. Ids are 16 bits where the vocabulary allows, else 32.
    """
    manifest = folder / "manifest.json"
    if manifest.is_file() and json.loads(manifest.read_text(encoding="utf-8"))["fingerprint"] == fingerprint:
        return
    folder.mkdir(parents=True, exist_ok=True)
    manifest.unlink(missing_ok=True)  # what it describes is about to be overwritten
    kind = np.uint16 if len(tokenizer) <= 2**16 else np.uint32
    lengths: dict[str, list[int]] = {"train": [], "held_out": []}
    weights: dict[str, list[float]] = {"train": [], "held_out": []}
    characters = 0
    stream = iter(documents)
    with (folder / "train.tokens").open("wb") as train, (folder / "held_out.tokens").open("wb") as held:
        files = {"train": train, "held_out": held}
        while chunk := list(islice(stream, _CHUNK)):
            encoded = tokenizer([text for text, _ in chunk], add_special_tokens=False, verbose=False)[
                "input_ids"
            ]
            for (text, weight), ids in zip(chunk, encoded, strict=True):
                part = "held_out" if _held_out(text, held_out) else "train"
                data = np.asarray([*ids, tokenizer.sep_token_id], dtype=kind)
                files[part].write(data.tobytes())
                lengths[part].append(len(data))
                weights[part].append(weight)
                characters += len(text)
    for part in files:
        np.save(folder / f"{part}.lengths.npy", np.asarray(lengths[part], dtype=np.int64))
        np.save(folder / f"{part}.weights.npy", np.asarray(weights[part], dtype=np.float64))
    record = {
        "fingerprint": fingerprint,
        "bytes": np.dtype(kind).itemsize,
        "characters": characters,
        "documents": {part: len(lengths[part]) for part in files},
        "tokens": {part: sum(lengths[part]) for part in files},
    }
    write_atomic(manifest, json.dumps(record, indent=1).encode())


@dataclass(frozen=True, slots=True)
class Epoch:
    """One order of the documents, each repeated by its weight, cut into sequences and shuffled."""

    firsts: NDArray[np.int64]  # offset in the file of each document, in this epoch's order
    ends: NDArray[np.int64]  # where each ends in this epoch's stream
    order: NDArray[np.int64]  # shuffled sequence numbers


class Packed:
    """Sequences of `sequence` tokens: [CLS], `sequence` - 2 tokens of the stream, [SEP]."""

    def __init__(
        self, folder: Path, part: str, *, sequence: int, cls_id: int, sep_id: int, seed: int
    ) -> None:
        """Open what `write_stream` wrote. Raises DataError if it holds less than one sequence."""
        record: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        self.tokens = record["tokens"][part]
        self._body, self._cls, self._sep, self._seed = sequence - 2, cls_id, sep_id, seed
        if self.tokens < self._body:
            raise DataError(
                f"{part}: {self.tokens} tokens are less than one sequence of {sequence}; give more text"
                + (" or raise data.held_out" if part == "held_out" else "")
            )
        kind = np.uint16 if record["bytes"] == 2 else np.uint32
        self._ids = np.memmap(folder / f"{part}.tokens", dtype=kind, mode="r")
        self._lengths = np.load(folder / f"{part}.lengths.npy")
        self._weights = np.load(folder / f"{part}.weights.npy")
        self._starts = np.concatenate([[0], np.cumsum(self._lengths)[:-1]])
        self._cached: tuple[int, Epoch] | None = None

    def _epoch(self, number: int) -> Epoch:
        if self._cached is None or self._cached[0] != number:
            rng = np.random.default_rng((self._seed, 1, number))
            whole = np.floor(self._weights)
            copies = (whole + (rng.random(len(whole)) < self._weights - whole)).astype(np.int64)
            documents = rng.permutation(np.repeat(np.arange(len(copies)), copies))
            if self._lengths[documents].sum() < self._body:
                documents = rng.permutation(len(copies))
            ends = np.cumsum(self._lengths[documents])
            order = rng.permutation(ends[-1] // self._body)
            self._cached = number, Epoch(self._starts[documents], ends, order)
        return self._cached[1]

    def _sequence(self, epoch: Epoch, number: int) -> NDArray[np.int64]:
        start = number * self._body
        row = np.full(self._body + 2, self._sep, dtype=np.int64)
        row[0] = self._cls
        filled = 1
        document = int(np.searchsorted(epoch.ends, start, side="right"))
        while filled <= self._body:
            begin = epoch.ends[document - 1] if document else 0
            offset = start + filled - 1 - begin
            take = min(epoch.ends[document] - begin - offset, self._body + 1 - filled)
            first = epoch.firsts[document] + offset
            row[filled : filled + take] = self._ids[first : first + take]
            filled += take
            document += 1
        return row

    def sequences(self, start: int) -> Iterator[NDArray[np.int64]]:
        """Endless sequences of token ids, from the `start`-th of the run on, epoch after epoch."""
        number = 0
        while True:
            epoch = self._epoch(number)
            if start >= len(epoch.order):
                start -= len(epoch.order)
            else:
                for index in epoch.order[start:]:
                    yield self._sequence(epoch, int(index))
                start = 0
            number += 1
