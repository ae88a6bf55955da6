from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis.extra.numpy import arrays

from minsheng.evaluation.confusion import confusions, together

DOMAINS = ("a", "b", "c")
CELLS = arrays(bool, (25, 3))


@given(CELLS, CELLS)
def test_cells_against_counting_by_hand(truth: np.ndarray, given_: np.ndarray) -> None:
    rows = [
        ({d for d, cell in zip(DOMAINS, t, strict=True) if cell}, {d for d, c in zip(DOMAINS, g, strict=True) if c})
        for t, g in zip(truth, given_, strict=True)
    ]  # fmt: skip
    found = {(c.true, c.given): c for c in confusions(truth, given_, DOMAINS)}
    assert len(found) == 3 * 2 + 3 + 3
    for (true, other), cell in found.items():
        if true is None:
            own = [g for t, g in rows if not t]
            expected = (len(own), sum(other in g for g in own), 0)
        elif other is None:
            own = [g for t, g in rows if true in t]
            expected = (len(own), sum(not g for g in own), 0)
        else:
            own = [g for t, g in rows if true in t and other not in t]
            expected = (
                len(own),
                sum(other in g and true not in g for g in own),
                sum(other in g and true in g for g in own),
            )
        assert (cell.paragraphs, cell.instead, cell.beside) == expected
        assert cell.wrong == cell.instead + cell.beside <= cell.paragraphs


@given(CELLS, CELLS)
def test_domains_that_stand_together(truth: np.ndarray, given_: np.ndarray) -> None:
    found = {(t.first, t.second): t for t in together(truth, given_, DOMAINS)}
    for a, b in ((0, 1), (0, 2), (1, 2)):
        true, tagged = truth[:, a] & truth[:, b], given_[:, a] & given_[:, b]
        row = found.get((DOMAINS[a], DOMAINS[b]))
        if row is None:
            assert not true.any() and not tagged.any()
        else:
            assert (row.true, row.given, row.correct) == (true.sum(), tagged.sum(), (true & tagged).sum())
