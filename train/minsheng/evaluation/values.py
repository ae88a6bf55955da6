"""One `Evaluation`: everything that a report says about a model on a labelled set, as plain frozen values.

Shares and scores lie in [0, 1]; a value is None where it is undefined (see `minsheng.metrics.scores`).
Intervals are bootstrap percentile intervals at `Settings.level`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError

from minsheng.errors import DataError

_STRICT = ConfigDict(extra="forbid", strict=True)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value on this data and its interval; all None where undefined."""

    value: float | None
    low: float | None
    high: float | None

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, slots=True)
class Averages:
    """Precision, recall and F1, micro or macro."""

    precision: Estimate
    recall: Estimate
    f1: Estimate

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, slots=True)
class Bin:
    """One bin of a reliability curve: mean score and share of examples that have the domain."""

    score: float
    frequency: float
    examples: int

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, slots=True)
class Domain:
    """One domain: `correct + false_alarms` labels were given, `correct + misses` are true."""

    name: str
    support: int
    correct: int
    false_alarms: int
    misses: int
    threshold: float | None  # None: single-label
    precision: Estimate
    recall: Estimate
    f1: Estimate
    average_precision: Estimate
    calibration_error: float
    calibration_error_before: float | None  # before the temperature; None: not known
    reliability: tuple[Bin, ...]

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, slots=True)
class Overall:
    """Scores over all domains."""

    micro: Averages
    macro: Averages
    macro_average_precision: Estimate
    exact_match: Estimate
    hamming_loss: Estimate

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, slots=True)
class Calibration:
    """Calibration error, the mean over domains, after and before the temperature."""

    bins: int
    after: float
    before: float | None

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, slots=True)
class Automatic:
    """What happens if only paragraphs decided `auto` are taken without review."""

    target: float | None  # precision of whole label sets that the bound was fitted for
    accepted: int
    share: Estimate  # of all paragraphs
    set_precision: Estimate  # accepted paragraphs whose whole label set is right
    label_precision: Estimate  # labels given in accepted paragraphs that are right
    recall: Estimate  # true labels found in accepted paragraphs, of all true labels
    recall_lost: Estimate  # true labels that the model found but in paragraphs left for review, of all

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, slots=True)
class Agreement:
    """Evidence of one domain (or of all) against marked sentences."""

    name: str
    checked: int
    right: int  # at least half of the evidence lies in marked text
    share: float
    chance: float  # the same share for a sentence of the passage drawn at random

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, slots=True)
class Evidence:
    """Agreement over all domains and by domain (those that had marked sentences)."""

    overall: Agreement
    domains: tuple[Agreement, ...]

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, slots=True)
class ContrastShare:
    """How one system does on contrast pairs; right means that the whole label set is."""

    name: str
    both: int  # pairs with both paragraphs right
    one: int  # with only one right
    share: Estimate  # of both, among all pairs

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, slots=True)
class Contrast:
    """Pairs of nearly the same paragraph with different labels, never trained on."""

    pairs: int
    model: ContrastShare
    baselines: tuple[ContrastShare, ...]

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, slots=True)
class Slice:
    """The paragraphs with one value of one property, e.g. `source` = `news`."""

    name: str
    value: str
    examples: int
    labels: int  # true labels
    macro_f1: Estimate
    micro_f1: Estimate
    exact_match: Estimate
    accepted: float | None  # share decided `auto`

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, slots=True)
class Rival:
    """A baseline on the same paragraphs; one with scores gives a label from 0.5 on."""

    name: str
    f1: tuple[float | None, ...]  # one a domain
    macro_f1: Estimate
    micro_f1: Estimate
    exact_match: Estimate
    macro_average_precision: float | None  # None: it gives no scores
    difference: Estimate  # macro-F1 of the model minus its own, on the same resamples
    ahead: float  # share of resamples in which the model has the higher macro-F1

    __pydantic_config__ = _STRICT


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

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, slots=True)
class Settings:
    """How the numbers were made."""

    seed: int
    resamples: int
    level: float

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A model on a labelled set."""

    examples: int
    groups: int | None  # drawn whole by the bootstrap; None: single paragraphs were drawn
    without_label: int  # paragraphs that have no domain
    domains: tuple[Domain, ...]
    overall: Overall
    calibration: Calibration
    automatic: Automatic | None
    evidence: Evidence | None
    contrast: Contrast | None
    slices: tuple[Slice, ...]
    baselines: tuple[Rival, ...]
    false_alarms: tuple[Mistake, ...]  # the surest first
    misses: tuple[Mistake, ...]
    settings: Settings
    about: dict[str, str] = field(
        default_factory=dict
    )  # model, data, fingerprints: whatever the caller names

    __pydantic_config__ = _STRICT

    def to_json(self) -> str:
        """Indented JSON with a final newline; `from_json` gives the same value back, every bit."""
        return TypeAdapter(Evaluation).dump_json(self, indent=2).decode("utf-8") + "\n"

    @staticmethod
    def from_json(text: str) -> Evaluation:
        """Raises `DataError` that names the first wrong key."""
        try:
            return TypeAdapter(Evaluation).validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"]) or "(the whole)"
            raise DataError(
                f"not an evaluation of this version: {key}: {first['msg']}; evaluate again"
            ) from error
