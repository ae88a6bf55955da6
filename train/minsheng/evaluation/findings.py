"""The values that name single paragraphs or pairs of domains: confusions, mistakes, suspects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from minsheng.evaluation.estimates import STRICT


@dataclass(frozen=True, slots=True)
class Confusion:
    """What happens to paragraphs of domain `true` and not of `given`: a cell of the confusion table.

    `true` None: paragraphs without any domain. `given` None: paragraphs of `true` that were given no label at
    all (all of them are `instead`). A paragraph of two domains counts in the rows of both.
    """

    true: str | None
    given: str | None
    paragraphs: int  # that have `true` and not `given`
    instead: int  # of them, given `given` and not `true`: taken for the other
    beside: int  # of them, given both: tagged with the other as well

    __pydantic_config__ = STRICT

    @property
    def wrong(self) -> int:
        """Paragraphs that were wrongly given `given`."""
        return self.instead + self.beside


@dataclass(frozen=True, slots=True)
class Together:
    """Two domains that stand in one paragraph, by the truth and by the model."""

    first: str
    second: str
    true: int  # paragraphs that have both
    given: int  # that were given both
    correct: int  # that have both and were given both

    __pydantic_config__ = STRICT


@dataclass(frozen=True, slots=True)
class Sentence:
    """`text[start:end]`: the sentence with the highest score for a domain when scored alone."""

    start: int
    end: int
    score: float

    __pydantic_config__ = STRICT


@dataclass(frozen=True, slots=True)
class Mistake:
    """One wrong cell: a label given that is not true, or the reverse."""

    kind: Literal["false_alarm", "miss"]
    id: str
    domain: str
    score: float
    text: str
    truth: tuple[str, ...]
    given: tuple[str, ...]
    sentence: Sentence | None = None  # None: nobody scored sentences

    __pydantic_config__ = STRICT


@dataclass(frozen=True, slots=True)
class Suspect:
    """A record whose label the model holds for wrong: in the cell of `domain` by the probability `against`."""

    id: str
    text: str
    truth: tuple[str, ...]  # the labels as they stand
    given: tuple[str, ...]  # what the model says
    domain: str  # the most doubtful cell
    against: float  # probability that this cell of the truth is wrong, if the scores are right
    agree: tuple[str, ...]  # baselines that say the same of this cell as the model

    __pydantic_config__ = STRICT


@dataclass(frozen=True, slots=True)
class Suspects:
    """The records with the strongest contradictions first; `found` may be more than are shown."""

    found: int
    shown: tuple[Suspect, ...]

    __pydantic_config__ = STRICT
