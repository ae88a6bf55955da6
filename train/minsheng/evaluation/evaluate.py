"""Gold and scores → one `Evaluation`. Arrays in, plain values out; no model, no files.

The points come from the local `evaluate` module (scikit-learn computes), the intervals from one set of
resamples that all systems share.

>>> import numpy as np
>>> from minsheng import Tagger, evaluate
>>> from minsheng.config.schema import EvaluationConfig
>>> from minsheng.evaluation.evaluate import Examples, System
>>> tagger = Tagger.load()
>>> texts = ["全县新建公办小学三所，招聘教师八十名。", "今年建成公租房两百套，分给住房困难家庭。"]
>>> truth = np.array([[d == label for d in tagger.domains] for label in ("education", "housing")])
>>> result = evaluate(
...     Examples(truth, tagger.domains, texts=texts, ids=["1", "2"]),
...     System(tagger.probabilities(tagger.logits(texts)), tagger.info.calibration.thresholds),
...     baselines={},
...     config=EvaluationConfig(resamples=20),
... )
>>> result.examples, result.overall.micro.f1.value
(2, 1.0)
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from minsheng import metrics
from minsheng.config.schema import EvaluationConfig
from minsheng.errors import DataError
from minsheng.evaluation import rules, sections, tables
from minsheng.evaluation import values as v
from minsheng.evaluation.confusion import confusions, together
from minsheng.evaluation.estimates import Name, Settings
from minsheng.evaluation.evidence import EvidenceCase, agreement
from minsheng.evaluation.findings import Mistake
from minsheng.evaluation.mistakes import Paragraphs, Scorer, mistakes, suspects, with_sentences
from minsheng.evaluation.sections import View
from minsheng.metrics.scores import Mask, Matrix, checked


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """The labelled set; every sequence has one entry an example.

    `slices` maps the name of a property (source, register, …) to its values, None where unknown; the length
    of the text is added to them. Those of `ordered` (year) are shown in the order of their values, the others
    by frequency. `groups` (document, issuer) are drawn whole by the bootstrap. `names` show the domains.
    """

    truth: Mask  # (examples, domains)
    domains: Sequence[str]
    texts: Sequence[str]
    ids: Sequence[str]
    groups: Sequence[Hashable] | None = None
    slices: Mapping[str, Sequence[str | None]] = field(default_factory=dict)
    ordered: Collection[str] = ()
    names: Sequence[Name] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class System:
    """What the model said of the examples. `thresholds` None is the single-label rule."""

    scores: Matrix  # (examples, domains), calibrated
    thresholds: ArrayLike | None  # one number, or (domains,)
    uncalibrated: Matrix | None = None  # scores before the temperature
    accepted: Mask | None = None  # (examples,): decided `auto`; None: the model has no rule for that
    target: float | None = None  # precision of whole label sets that this rule was fitted for
    score: Scorer | None = None  # of other texts, for the sentences that caused mistakes
    costs: Sequence[v.Cost] = ()  # its own (first) and those of the baselines


def evaluate(
    examples: Examples,
    system: System,
    *,
    baselines: Mapping[str, ArrayLike],
    evidence: Sequence[EvidenceCase] = (),
    contrast: v.Contrast | None = None,
    about: Mapping[str, str] | None = None,
    config: EvaluationConfig,
) -> v.Evaluation:
    """The whole report.

    `baselines` holds, by name, scores or bare decisions (bool) `(examples, domains)`. Raises `DataError`
    where lengths or shapes do not fit or a score is no probability.
    """
    truth, scores = checked(examples.truth, system.scores, name="scores")
    _check_lengths(examples, system, truth.shape)
    draws = metrics.resampling(
        len(truth), groups=examples.groups, resamples=config.resamples, seed=config.seed
    )
    view = View(truth, scores, metrics.decide(scores, system.thresholds), draws, config.level)
    accepted = None if system.accepted is None else np.asarray(system.accepted, dtype=bool)
    decisions = {
        name: sections.rival_decisions(truth, name, labels, single_label=system.thresholds is None)
        for name, labels in baselines.items()
    }
    rivals = tuple(sections.rival(view, name, labels, decisions[name]) for name, labels in baselines.items())
    shared = tables.measured(
        view, thresholds=system.thresholds, uncalibrated=system.uncalibrated, bins=config.bins
    )
    rows = tables.domains(shared, examples.domains, examples.names, config=config)
    paragraphs = Paragraphs(examples.texts, examples.ids, examples.domains, truth, view.given, scores)
    return v.Evaluation(
        examples=len(truth),
        groups=None if examples.groups is None else draws.groups,
        without_label=int((~truth.any(axis=1)).sum()),
        domains=rows,
        overall=tables.overall(shared),
        calibration=tables.calibration(shared, rows, bins=config.bins),
        automatic=None if accepted is None else sections.automatic(view, accepted, target=system.target),
        evidence=agreement(evidence, domains=examples.domains),
        contrast=contrast,
        slices=_slices(view, examples, accepted, config),
        baselines=rivals,
        payoff=rules.payoff(rivals, margin=config.margin),
        costs=tuple(system.costs),
        confusions=confusions(truth, view.given, examples.domains),
        together=together(truth, view.given, examples.domains),
        false_alarms=_mistakes(paragraphs, "false_alarm", system, most=config.worst),
        misses=_mistakes(paragraphs, "miss", system, most=config.worst),
        suspects=suspects(paragraphs, decisions, doubt=config.doubt, most=config.worst),
        settings=Settings(**config.model_dump(include={field.name for field in fields(Settings)})),
        about=dict(about or {}),
    )


def _mistakes(
    paragraphs: Paragraphs, kind: Literal["false_alarm", "miss"], system: System, *, most: int
) -> tuple[Mistake, ...]:
    found = mistakes(paragraphs, kind, most=most)
    if system.score is None:
        return found
    return with_sentences(found, system.score, domains=paragraphs.domains)


def _check_lengths(examples: Examples, system: System, shape: tuple[int, ...]) -> None:
    if len(examples.domains) != shape[1]:
        raise DataError(
            f"{len(examples.domains)} domains for {shape[1]} columns of truth: give one name a column"
        )
    columns: dict[str, Any] = {"texts": examples.texts, "ids": examples.ids, "groups": examples.groups}
    columns |= {f"slice {name!r}": column for name, column in examples.slices.items()}
    columns |= {"accepted": system.accepted, "uncalibrated": system.uncalibrated}
    if examples.names is not None and len(examples.names) != shape[1]:
        raise DataError(f"{len(examples.names)} names for {shape[1]} domains: give one a domain")
    for name, column in columns.items():
        if column is not None and len(column) != shape[0]:
            raise DataError(
                f"{name}: {len(column)} entries for {shape[0]} examples; give one entry an example"
            )


def _slices(
    view: View, examples: Examples, accepted: Mask | None, config: EvaluationConfig
) -> tuple[v.Slice, ...]:
    properties = {**examples.slices, "length": sections.by_length(examples.texts, config.lengths)}
    orders = {"length": sections.length_classes(config.lengths)}
    orders |= {
        name: sorted({value for value in properties[name] if value is not None})
        for name in examples.ordered
        if name in properties
    }
    return sections.slices(view, properties, orders=orders, accepted=accepted)
