"""How a tagger treats text that is no report on livelihood: `python tests/faults/out_of_domain.py [MODEL]`.

`out_of_domain.jsonl` holds passages written for this purpose, and classics of more than a thousand years ago.
None of them earns a label by the codebook, so every label is wrong.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PLACE = Path(__file__).with_name("out_of_domain.jsonl")
COLUMNS = ("passages", "any label", "wrong and auto", "review")


@dataclass(frozen=True, slots=True)
class Rates:
    """Counts of passages; `wrong_and_auto` are those with a label that nobody would look at again."""

    passages: int
    labelled: int
    wrong_and_auto: int
    review: int

    def cells(self) -> tuple[str, ...]:
        """As text, the last three as shares of the passages."""
        shares = (self.labelled, self.wrong_and_auto, self.review)
        return (str(self.passages), *(f"{share / self.passages:.1%}" for share in shares))


def measure(model: str | Path = "minsheng-mini-livelihood") -> dict[str, Rates]:
    """The rates of each kind of text in the order of the file, then those of `all`."""
    from minsheng.tagging.tagger import Tagger

    rows = [json.loads(line) for line in PLACE.read_text(encoding="utf-8").splitlines()]
    tags = Tagger.load(model).tag([row["text"] for row in rows], evidence=False)
    found: dict[str, Rates] = {}
    for kind in [*dict.fromkeys(row["kind"] for row in rows), "all"]:
        mine = [(row, tag) for row, tag in zip(rows, tags, strict=True) if kind in (row["kind"], "all")]
        wrong = [tag.decision for row, tag in mine if list(tag.labels) != row["labels"]]
        found[kind] = Rates(
            len(mine),
            sum(bool(tag.labels) for _, tag in mine),
            wrong.count("auto"),
            sum(tag.decision == "review" for _, tag in mine),
        )
    return found


def table(rates: Mapping[str, Rates]) -> str:
    """The rates as plain text, one line a kind."""
    cells = [("kind", *COLUMNS), *((kind, *found.cells()) for kind, found in rates.items())]
    return "\n".join("".join(cell.rjust(16) for cell in line) for line in cells)


if __name__ == "__main__":
    print(table(measure(*sys.argv[1:2])))
