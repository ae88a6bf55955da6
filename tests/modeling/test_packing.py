from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minsheng.errors import DataError
from minsheng.modeling.packing import Packed, write_stream

CLS, SEP = 1, 2


class Letters:
    """A tokenizer of one id a character."""

    sep_token_id = SEP

    def __init__(self, size: int = 1000) -> None:
        self.size = size

    def __len__(self) -> int:
        return self.size

    def __call__(self, texts: list[str], **_: Any) -> dict[str, list[list[int]]]:
        return {"input_ids": [[ord(c) % 900 + 10 for c in text] for text in texts]}


def documents_of(lengths: list[int], weights: list[float]) -> list[tuple[str, float]]:
    found = zip(lengths, weights, strict=True)
    return [
        ("".join(chr(0x4E00 + 31 * n + k) for k in range(length)), w) for n, (length, w) in enumerate(found)
    ]


def opened(folder: Path, part: str = "train", *, sequence: int = 8, seed: int = 5) -> Packed:
    return Packed(folder, part, sequence=sequence, cls_id=CLS, sep_id=SEP, seed=seed)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data(), st.integers(3, 12), st.integers(0, 99), st.sampled_from([1000, 100_000]))
def test_sequences_are_pieces_of_the_documents_laid_end_to_end(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, sequence: int, seed: int, size: int
) -> None:
    lengths = data.draw(st.lists(st.integers(1, 30), min_size=4, max_size=12))
    weights = data.draw(
        st.lists(st.sampled_from([0.3, 1.0, 2.0, 2.5]), min_size=len(lengths), max_size=len(lengths))
    )
    documents = documents_of(lengths, weights)
    folder, tokenizer = tmp_path_factory.mktemp("stream"), Letters(size)
    write_stream(folder, documents, tokenizer, held_out=0.0, fingerprint="f")
    if sum(lengths) + len(lengths) < sequence - 2:
        with pytest.raises(DataError, match="less than one sequence"):
            opened(folder, sequence=sequence, seed=seed)
        return
    packed = opened(folder, sequence=sequence, seed=seed)
    ids = [[*row, SEP] for row in tokenizer([text for text, _ in documents])["input_ids"]]
    firsts = np.concatenate([[0], np.cumsum([len(row) for row in ids])]).tolist()
    wanted = []
    for number in range(3):
        epoch = packed._epoch(number)
        order = [firsts.index(first) for first in epoch.firsts]
        for document, weight in enumerate(weights):
            copies = order.count(document)
            assert copies in (int(weight), int(weight) + (weight % 1 > 0)) or sorted(order) == list(
                range(len(ids))
            )
        whole = [token for document in order for token in ids[document]]
        body = sequence - 2
        pieces = [whole[i : i + body] for i in range(0, len(whole) - body + 1, body)]
        assert sorted(epoch.order) == list(range(len(pieces)))
        wanted += [[CLS, *pieces[i], SEP] for i in epoch.order]
    found = [row.tolist() for row in islice(packed.sequences(0), len(wanted))]
    assert found == wanted
    start = data.draw(st.integers(0, len(wanted) - 1))
    assert [row.tolist() for row in islice(packed.sequences(start), len(wanted) - start)] == wanted[start:]


def test_weights_are_how_often_a_document_is_seen(tmp_path: Path) -> None:
    weights = [0.25, 1.0, 2.5, 3.0]
    write_stream(tmp_path, documents_of([9] * 4, weights), Letters(), held_out=0.0, fingerprint="f")
    packed = opened(tmp_path)
    seen = np.zeros(4)
    for number in range(200):
        np.add.at(seen, packed._epoch(number).firsts // 10, 1)
    assert seen[1] == 200 and seen[3] == 600
    assert np.abs(seen / 200 - weights).max() < 0.12


def test_held_out_documents_are_not_in_train(tmp_path: Path) -> None:
    documents = documents_of([20] * 200, [1.0] * 200)
    write_stream(tmp_path, [*documents, *documents[:100]], Letters(), held_out=0.2, fingerprint="f")
    record = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    tokens = {
        part: np.fromfile(tmp_path / f"{part}.tokens", np.uint16).reshape(-1, 21)
        for part in ("train", "held_out")
    }
    assert {part: len(rows) for part, rows in tokens.items()} == record["documents"]
    held, train = ({tuple(row) for row in tokens[part].tolist()} for part in ("held_out", "train"))
    assert not held & train and len(held) + len(train) == 200  # a copy stays with its original
    assert 20 < len(held) < 60
    assert (tokens["train"][:, -1] == SEP).all()


def test_a_stream_is_written_once_and_an_interrupted_one_again(tmp_path: Path) -> None:
    documents = documents_of([20] * 600, [1.0] * 600)
    write_stream(tmp_path, documents, Letters(), held_out=0.0, fingerprint="one")
    whole = (tmp_path / "train.tokens").read_bytes()
    write_stream(tmp_path, iter(()), Letters(), held_out=0.0, fingerprint="one")
    assert (tmp_path / "train.tokens").read_bytes() == whole

    def stopping() -> Iterator[tuple[str, float]]:
        yield from documents[300:]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_stream(tmp_path, stopping(), Letters(), held_out=0.0, fingerprint="two")
    write_stream(
        tmp_path, documents, Letters(), held_out=0.0, fingerprint="one"
    )  # back to the first settings
    assert (tmp_path / "train.tokens").read_bytes() == whole
