"""Training texts joined in pairs: a text of two subjects, made from two texts of one.

One clause in the midst of other matter earns a label, and such paragraphs are rare among labelled ones. Two
paragraphs behind each other have the labels of both (as in mixing whole examples; Zhang et al. 2018, but in
the text itself and with labels that stay true).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from minsheng.modeling.batches import Ids


def joined(first: Ids, second: Ids) -> Ids:
    """Token ids of two texts as one, between the first special token of one and the last of the other."""
    return [*first[:-1], *second[1:]]


def join_examples(
    chosen: Sequence[int],
    encoded: Sequence[Ids],
    targets: NDArray[np.float32],
    *,
    share: float,
    longest: int,
    seed: tuple[int, ...],
) -> tuple[list[Ids], NDArray[np.float32]]:
    """Ids and targets (chosen, labels) of the examples `chosen`, a `share` of them joined with any other one.

    A pair longer than `longest` tokens is left apart. The draw of an example depends on `seed` and on its
    number alone, not on the others or on the process that asks.
    """
    ids: list[Ids] = []
    rows = np.array(targets[list(chosen)], dtype=np.float32)
    for place, number in enumerate(chosen):
        random = np.random.default_rng((*seed, number))
        own, other = encoded[number], int(random.integers(len(encoded)))
        pair = (own, encoded[other]) if random.random() < 0.5 else (encoded[other], own)
        if random.random() < share and len(own) + len(encoded[other]) - 2 <= longest:
            ids.append(joined(*pair))
            rows[place] = np.maximum(rows[place], targets[other])
        else:
            ids.append(own)
    return ids, rows
