"""The values that a report is made of: a number with its interval, a point of a curve, a name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import ConfigDict, StringConstraints

STRICT = ConfigDict(extra="forbid", strict=True)

Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value on this data and its interval; all None where undefined."""

    value: float | None
    low: float | None
    high: float | None

    __pydantic_config__ = STRICT


@dataclass(frozen=True, slots=True)
class Averages:
    """Precision, recall and F1, micro or macro."""

    precision: Estimate
    recall: Estimate
    f1: Estimate

    __pydantic_config__ = STRICT


@dataclass(frozen=True, slots=True)
class Bin:
    """One bin of a reliability curve: mean score and share of examples that have the domain."""

    score: float
    frequency: float
    examples: int

    __pydantic_config__ = STRICT


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Precision and recall if every score from `threshold` on earned the label."""

    threshold: float
    precision: float
    recall: float

    __pydantic_config__ = STRICT


@dataclass(frozen=True, slots=True)
class Name:
    """How a domain is shown; `short` and `colour` where the taxonomy has them."""

    zh: str
    en: str
    short: str | None = None
    colour: Colour | None = None

    __pydantic_config__ = STRICT


@dataclass(frozen=True, slots=True)
class Settings:
    """How the numbers were made, and the rules of the verdicts (see `config.schema.EvaluationConfig`)."""

    seed: int
    resamples: int
    level: float
    precision: float  # least lower bound for `usable`
    recall: float
    positives: int
    margin: float
    doubt: float

    __pydantic_config__ = STRICT
