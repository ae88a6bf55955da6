"""The verdict of an `Evaluation` in words: what a reader who stops there must know."""

from __future__ import annotations

from collections.abc import Sequence

from minsheng.evaluation import formatting as fmt
from minsheng.evaluation.estimates import Settings
from minsheng.evaluation.values import Domain, Evaluation, Rival

VERDICTS = {"usable": "use as it is", "review": "have it reviewed", "few": "too few examples"}
_FEW_LABELS, _FEW_GROUPS = 30, 20  # below, a number says little
_GOOD, _FAIR = 0.03, 0.07  # calibration errors that a reader need not, or should, think of


def verdict(evaluation: Evaluation) -> str:
    """One paragraph: how good, against what, where it fails, what can be used without review, how sure."""
    e = evaluation
    source = f"{e.examples:,} paragraphs"
    if e.groups is not None:
        source += f" of {fmt.counted(e.groups, 'group')}"
    macro = e.overall.macro.f1
    sentences = [
        f"**On {source} the macro-F1 is {fmt.point(macro)}** ({fmt.interval(macro)});",
        f"{fmt.percent(e.overall.exact_match)} of the paragraphs get exactly the right labels.",
        f"{fmt.percent_of(e.without_label, e.examples)} have no domain.",
        *(_against(rival) for rival in e.baselines),
        _worth(e),
        _usable(e),
        _extremes(e.domains),
        _review(e),
        _calibration(e),
        _warnings(e),
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _against(rival: Rival) -> str:
    gap = rival.difference
    if gap.value is None or gap.low is None or gap.high is None:
        return f"It cannot be compared with {rival.name}."
    if gap.low > 0:
        return f"It is better than {rival.name} by {gap.value:.3f} ({gap.low:.3f} to {gap.high:.3f})."
    if gap.high < 0:
        return f"**It is worse than {rival.name}** by {-gap.value:.3f} ({-gap.high:.3f} to {-gap.low:.3f})."
    return f"It cannot be told apart from {rival.name} ({gap.value:+.3f}, {fmt.interval(gap)})."


def _worth(evaluation: Evaluation) -> str:
    found = evaluation.payoff
    if found is None:
        return ""
    margin = f"{evaluation.settings.margin:g}"
    if found.verdict == "worth":
        return f"It is worth its cost: by the lower bounds {margin} or more ahead of every baseline."
    if found.verdict == "not_worth":
        return f"**It is not worth its cost**: even by the upper bound less than {margin} ahead of {found.against}."
    return f"Whether it is worth its cost is open: it may be less than {margin} ahead of {found.against}."


def _usable(evaluation: Evaluation) -> str:
    groups = [
        (text, [d.name for d in evaluation.domains if d.judgement.verdict == verdict])
        for verdict, text in VERDICTS.items()
    ]
    text = "; ".join(f"{text}: {', '.join(names)}" for text, names in groups if names)
    return f"{text[:1].upper()}{text[1:]}."


def rule(settings: Settings) -> str:
    """How the verdict of a domain is reached."""
    return (
        f"Use as it is: the lower {100 * settings.level:g} % bounds of precision and recall reach "
        f"{100 * settings.precision:g} % and {100 * settings.recall:g} %, with at least {settings.positives} true "
        "paragraphs. The bound is the lower of the bootstrap's and the exact binomial one."
    )


def _extremes(domains: Sequence[Domain]) -> str:
    ranked = sorted((d for d in domains if d.f1.value is not None), key=lambda d: d.f1.value or 0.0)
    if len(ranked) < 2:
        return ""
    worst, best = ranked[0], ranked[-1]
    given, true = worst.correct + worst.false_alarms, worst.correct + worst.misses
    if not given:
        why = "it is never given"
    elif not true:
        why = "no paragraph has it"
    elif worst.misses > worst.false_alarms:
        why = f"{worst.misses} of {fmt.counted(true, 'paragraph')} with it are missed"
    else:
        why = f"{worst.false_alarms} of {fmt.counted(given, 'label')} given are wrong"
    return (
        f"The strongest domain is {best.name} (F1 {fmt.point(best.f1)}), the weakest {worst.name} "
        f"({fmt.point(worst.f1)}: {why})."
    )


def _review(evaluation: Evaluation) -> str:
    a = evaluation.automatic
    if a is None:
        return ""
    if not a.accepted:
        return (
            "No paragraph can be taken without review: the validation data could not show that this is safe."
        )
    text = (
        f"{fmt.percent(a.share)} of the paragraphs can be taken without review: "
        f"{fmt.percent(a.set_precision)} of their label sets are right"
    )
    if a.target is None or a.set_precision.value is None:
        return text + "."
    reached = a.set_precision.value >= a.target
    aim = f"{100 * a.target:.0f} %"
    return f"{text} ({aim} was aimed at)." if reached else f"{text}, **below the {aim} aimed at**."


def _calibration(evaluation: Evaluation) -> str:
    c = evaluation.calibration
    if c.after <= _GOOD:
        judgement = "Scores can be read as probabilities"
    elif c.after <= _FAIR:
        judgement = "Scores are nearly probabilities"
    else:
        judgement = "Scores should not be read as probabilities"
    before = "" if c.before is None else f", {c.before:.3f} before the temperature"
    return f"{judgement}: they are off by {c.after:.3f} on average{before}."


def _warnings(evaluation: Evaluation) -> str:
    e = evaluation
    found = []
    few = [f"{d.name} ({d.support})" for d in e.domains if d.support < _FEW_LABELS]
    if few:
        found.append(f"Too few true paragraphs to say much: {', '.join(few)}.")
    if e.groups is not None and e.groups < _FEW_GROUPS:
        found.append(f"With only {fmt.counted(e.groups, 'group')} the intervals are too narrow.")
    return " ".join(found)
