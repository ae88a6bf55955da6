"""The stated rules of a report: when a domain can be used without review, when a model is worth its cost."""

from __future__ import annotations

from collections.abc import Sequence

from minsheng.config.schema import EvaluationConfig
from minsheng.evaluation.estimates import Estimate
from minsheng.evaluation.values import Judgement, Payoff, Rival, Verdict, Worth


def binomial_bound(part: int, whole: int, *, level: float) -> float:
    """Lower end of the exact binomial interval (Clopper & Pearson 1934) of `part` of `whole` at `level`."""
    from scipy.stats import beta  # type: ignore[import-untyped]

    return float(beta.ppf((1 - level) / 2, part, whole - part + 1)) if part else 0.0


def lower_bound(estimate: Estimate, part: int, whole: int, *, level: float) -> float | None:
    """The lower of two bounds of a share; None where `whole` is 0.

    The bootstrap knows that paragraphs of one document are alike, but says 1.0 wherever no error was seen;
    the binomial bound knows how little a small number shows, but takes paragraphs for independent.
    """
    if not whole or estimate.low is None:
        return None
    return min(estimate.low, binomial_bound(part, whole, level=level))


def judgement(
    precision: Estimate,
    recall: Estimate,
    *,
    correct: int,
    given: int,
    support: int,
    config: EvaluationConfig,
) -> Judgement:
    """`usable` where the lower bounds of precision and of recall both reach those of `config`, else `review`;
    `few` with less than `config.positives` true paragraphs, whatever the bounds."""
    low_precision = lower_bound(precision, correct, given, level=config.level)
    low_recall = lower_bound(recall, correct, support, level=config.level)
    verdict: Verdict = "review"
    if support < config.positives:
        verdict = "few"
    elif (
        low_precision is not None
        and low_recall is not None
        and low_precision >= config.precision
        and low_recall >= config.recall
    ):
        verdict = "usable"
    return Judgement(verdict, low_precision, low_recall)


def payoff(rivals: Sequence[Rival], *, margin: float) -> Payoff | None:
    """`worth` its cost: macro-F1 is ahead of every baseline by `margin` at least, by the lower bound of the
    paired difference; `not_worth`: by less than that even at the upper bound, against one of them; else
    `open`. `against` is the baseline with the smallest lower bound. None without a baseline to compare with.
    """
    known = [
        (rival.difference.low, rival.difference.high, rival.name)
        for rival in rivals
        if rival.difference.low is not None and rival.difference.high is not None
    ]
    if not known:
        return None
    low, _, against = min(known)
    verdict: Worth = "open"
    if low >= margin:
        verdict = "worth"
    elif any(high < margin for _, high, _ in known):
        verdict = "not_worth"
        _, _, against = min((pair for pair in known if pair[1] < margin), key=lambda pair: pair[1])
    return Payoff(verdict, against)
