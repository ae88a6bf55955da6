"""Which domains are taken for which, and which stand together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from minsheng.evaluation.findings import Confusion, Together
from minsheng.metrics.scores import Mask


def confusions(truth: Mask, given: Mask, domains: Sequence[str]) -> tuple[Confusion, ...]:
    """Every ordered pair of different domains, then the paragraphs without any, then those given nothing.

    `truth` and `given` are (examples, domains).
    """
    rows = []
    for t, true in enumerate(domains):
        for g, other in enumerate(domains):
            if t != g:
                own = truth[:, t] & ~truth[:, g]
                wrong = own & given[:, g]
                rows.append(
                    Confusion(
                        true,
                        other,
                        paragraphs=int(own.sum()),
                        instead=int((wrong & ~given[:, t]).sum()),
                        beside=int((wrong & given[:, t]).sum()),
                    )
                )
    empty, silent = ~truth.any(axis=1), ~given.any(axis=1)
    for d, domain in enumerate(domains):
        rows.append(Confusion(None, domain, int(empty.sum()), int((empty & given[:, d]).sum()), 0))
    for d, domain in enumerate(domains):
        rows.append(Confusion(domain, None, int(truth[:, d].sum()), int((truth[:, d] & silent).sum()), 0))
    return tuple(rows)


def together(truth: Mask, given: Mask, domains: Sequence[str]) -> tuple[Together, ...]:
    """Each pair of domains that some paragraph has or was given, in the order of the domains."""
    rows = []
    for a, b in combinations(range(len(domains)), 2):
        true, tagged = truth[:, a] & truth[:, b], given[:, a] & given[:, b]
        if true.any() or tagged.any():
            rows.append(
                Together(
                    domains[a], domains[b], int(true.sum()), int(tagged.sum()), int((true & tagged).sum())
                )
            )
    return tuple(rows)
