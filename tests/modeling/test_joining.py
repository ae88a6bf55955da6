from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from minsheng.modeling.joining import join_examples, joined

CLS, SEP = 2, 3


def made(lengths: list[int]) -> tuple[list[list[int]], np.ndarray]:
    """Example n holds the token 10 + n only, and the label n of as many labels as examples."""
    return [[CLS, *[10 + n] * length, SEP] for n, length in enumerate(lengths)], np.eye(
        len(lengths), dtype=np.float32
    )


def test_two_texts_become_one_between_one_pair_of_special_tokens() -> None:
    assert joined([CLS, 10, 11, SEP], [CLS, 12, SEP]) == [CLS, 10, 11, 12, SEP]


@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=12),
    share=st.floats(0, 1),
    seed=st.integers(0, 99),
)
def test_each_example_keeps_its_text_and_has_the_labels_of_what_it_shows(
    lengths: list[int], share: float, seed: int
) -> None:
    encoded, targets = made(lengths)
    chosen = list(range(len(lengths)))
    ids, rows = join_examples(chosen, encoded, targets, share=share, longest=12, seed=(seed,))
    for number, (own, row) in enumerate(zip(ids, rows, strict=True)):
        assert (own[0], own[-1]) == (CLS, SEP) and len(own) <= max(12, len(encoded[number]))
        shown = {token - 10 for token in own[1:-1]}
        assert number in shown and shown == set(np.flatnonzero(row).tolist())
    # What one example becomes does not hang on which others are asked for.
    alone, row = join_examples(chosen[-1:], encoded, targets, share=share, longest=12, seed=(seed,))
    assert alone[0] == ids[-1] and (row[0] == rows[-1]).all()


def test_the_share_is_the_one_asked_for() -> None:
    encoded, targets = [[CLS, 10, 11, 12, SEP]] * 2000, np.ones((2000, 1), dtype=np.float32)
    for share in (0.0, 0.3, 1.0):
        ids, _ = join_examples(range(2000), encoded, targets, share=share, longest=50, seed=(7, 1))
        assert abs(sum(len(one) > 5 for one in ids) / 2000 - share) < 0.04
