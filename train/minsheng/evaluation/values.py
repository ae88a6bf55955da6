"""One `Evaluation`: everything that a report says about a model on a labelled set, as plain frozen values.

Shares and scores lie in [0, 1]; a value is None where it is undefined (see `minsheng.metrics.scores`).
Intervals are bootstrap percentile intervals at `Settings.level`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from minsheng.errors import DataError
from minsheng.evaluation.estimates import STRICT, Averages, Bin, CurvePoint, Estimate, Name, Settings
from minsheng.evaluation.findings import Confusion, Mistake, Suspects, Together

Verdict = Literal["usable", "review", "few"]
Worth = Literal["worth", "open", "not_worth"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether a domain can be used without review, by lower bounds (see `rules.judgement`)."""

    verdict: Verdict
    precision: float | None  # lower bounds; None where undefined
    recall: float | None

    __pydantic_config__ = STRICT


@dataclass(frozen=True, slots=True)
class Domain:
    """One domain: `correct + false_alarms` labels were given, `correct + misses` are true."""

    name: str
    label: Name
    judgement: Judgement
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
    reliability_before: tuple[Bin, ...] | None
    curve: tuple[CurvePoint, ...]  # from high to low scores, up to full recall

    __pydantic_config__ = STRICT


@dataclass(frozen=True, slots=True)
class Overall:
    """Scores over all domains."""

    micro: Averages
    macro: Averages
    macro_average_precision: Estimate
    exact_match: Estimate
    hamming_loss: Estimate

    __pydantic_config__ = STRICT


@dataclass(frozen=True, slots=True)
class Calibration:
    """Calibration error, the mean over domains, after and before the temperature."""

    bins: int
    after: float
    before: float | None

    __pydantic_config__ = STRICT


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

    __pydantic_config__ = STRICT


@dataclass(frozen=True, slots=True)
class Agreement:
    """Evidence of one domain (or of all) against marked sentences."""

    name: str
    checked: int
    right: int  # at least half of the evidence lies in marked text
    share: float
    chance: float  # the same share for a sentence of the passage drawn at random

    __pydantic_config__ = STRICT


@dataclass(frozen=True, slots=True)
class Evidence:
    """Agreement over all domains and by domain (those that had marked sentences)."""

    overall: Agreement
    domains: tuple[Agreement, ...]

    __pydantic_config__ = STRICT


@dataclass(frozen=True, slots=True)
class ContrastShare:
    """How one system does on contrast pairs; right means that the whole label set is."""

    name: str
    both: int  # pairs with both paragraphs right
    one: int  # with only one right
    share: Estimate  # of both, among all pairs

    __pydantic_config__ = STRICT


@dataclass(frozen=True, slots=True)
class Contrast:
    """Pairs of nearly the same paragraph with different labels, never trained on."""

    pairs: int
    model: ContrastShare
    baselines: tuple[ContrastShare, ...]

    __pydantic_config__ = STRICT


@dataclass(frozen=True, slots=True)
class Slice:
    """The paragraphs with one value of one property, e.g. `source` = `news`."""

    name: str
    value: str | None  # None: unknown
    others: int  # so many rarer values taken together; 0: a single value
    examples: int
    labels: int  # true labels
    macro_f1: Estimate
    micro_f1: Estimate
    exact_match: Estimate
    accepted: float | None  # share decided `auto`

    __pydantic_config__ = STRICT


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

    __pydantic_config__ = STRICT


@dataclass(frozen=True, slots=True)
class Cost:
    """What a system took to label the paragraphs of this set, and how large it is on disk."""

    name: str
    seconds: float | None  # for all paragraphs, loading left out; None: not measured
    bytes: int | None

    __pydantic_config__ = STRICT


@dataclass(frozen=True, slots=True)
class Payoff:
    """Whether the model is worth its cost (see `rules.payoff`), by its lead over the baseline `against`."""

    verdict: Worth
    against: str

    __pydantic_config__ = STRICT


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
    payoff: Payoff | None  # None: no baseline to compare with
    costs: tuple[Cost, ...]  # of the model (first) and the baselines, where known
    confusions: tuple[Confusion, ...]  # every pair of domains, and none
    together: tuple[Together, ...]
    false_alarms: tuple[Mistake, ...]  # the surest first
    misses: tuple[Mistake, ...]
    suspects: Suspects
    settings: Settings
    about: dict[str, str] = field(default_factory=dict)  # model, data, versions: whatever the caller names

    __pydantic_config__ = STRICT

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
