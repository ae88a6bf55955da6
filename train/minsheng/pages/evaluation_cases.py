"""Paragraphs to read on the evaluation page: the worst mistakes and the labels to check."""

from __future__ import annotations

from collections.abc import Sequence

from minsheng.evaluation.findings import Mistake, Sentence, Suspect
from minsheng.evaluation.values import Evaluation
from minsheng.pages import figures
from minsheng.pages.evaluation_summary import domain_mark, domain_name
from minsheng.pages.evaluation_words import Words
from minsheng.pages.markup import Child, Html, element, joined
from minsheng.pages.tables import section

_OPEN = 5  # cases that are seen without opening the rest


def mistakes(e: Evaluation, say: Words) -> list[Html]:
    """The false alarms and the misses, each with the sentence that caused it."""
    found = (("false_alarms", e.false_alarms), ("misses", e.misses))
    return [
        section(
            key,
            say(key),
            element("p", say(f"{key}_text")),
            _listed([_mistake(m, e, say) for m in rows], say),
        )
        for key, rows in found
    ]


def suspects(e: Evaluation, say: Words) -> Html:
    """The records whose labels the model contradicts most strongly."""
    doubt, found = figures.percent(e.settings.doubt, digits=0), e.suspects
    text = say("suspects_none", doubt=doubt)
    if found.shown:
        text = say("suspects_text", found=figures.count(found.found), doubt=doubt)
    cases = [_suspect(s, e, say) for s in found.shown]
    return section("suspects", say("suspects"), element("p", text), _listed(cases, say) if cases else None)


def _listed(cases: Sequence[Html], say: Words) -> Html:
    if not cases:
        return element("p", say("nothing_found"))
    first, rest = cases[:_OPEN], cases[_OPEN:]
    more = None
    if rest:
        more = element(
            "details",
            element("summary", say("more", n=len(rest))),
            element("ol", rest, class_="cases", start=len(first) + 1),
        )
    return Html(element("ol", first, class_="cases") + joined(more))


def _mistake(m: Mistake, e: Evaluation, say: Words) -> Html:
    head: list[Child] = [_named(m.domain, e, say), _soft(say("case_score", score=figures.threshold(m.score)))]
    if m.sentence is not None:
        head.append(_soft(say("case_sentence", score=figures.threshold(m.sentence.score))))
    return _case(head, m.text, m.sentence, m.truth, m.given, m.id, e, say)


def _suspect(s: Suspect, e: Evaluation, say: Words) -> Html:
    name = _names((s.domain,), e, say)
    head: list[Child] = [
        _named(s.domain, e, say, say("case_extra" if s.domain in s.truth else "case_missing", domain=name)),
        _soft(say("case_against", score=figures.percent(s.against))),
    ]
    if s.agree:
        agree = [say.known(name) for name in s.agree]
        head.append(_soft(say("case_agree", names=_list(agree, say))))
    return _case(head, s.text, None, s.truth, s.given, s.id, e, say)


def _case(
    head: Sequence[Child],
    text: str,
    sentence: Sentence | None,
    truth: Sequence[str],
    given: Sequence[str],
    key: str,
    e: Evaluation,
    say: Words,
) -> Html:
    labels = [
        say("case_truth", names=_names(truth, e, say)),
        say("case_given", names=_names(given, e, say)),
        element("code", key),
    ]
    return element(
        "li",
        element("p", head, class_="case"),
        element("blockquote", _highlighted(text, sentence)),
        element("p", [_soft(label) for label in labels], class_="case"),
    )


def _highlighted(text: str, sentence: Sentence | None) -> Html:
    """The text with its sentence marked; a text of one sentence stays as it is."""
    if sentence is None or not (text[: sentence.start] + text[sentence.end :]).strip():
        return joined(text)
    start, end = sentence.start, sentence.end
    return joined([text[:start], element("mark", text[start:end]), text[end:]])


def _soft(text: Child) -> Html:
    return element("span", text, class_="soft")


def _named(key: str, e: Evaluation, say: Words, text: Child = None) -> Html:
    place = [d.name for d in e.domains].index(key)
    domain = e.domains[place]
    return element("strong", domain_mark(domain, place), text or domain_name(domain, say))


def _names(keys: Sequence[str], e: Evaluation, say: Words) -> Html:
    known = {d.name: domain_name(d, say) for d in e.domains}
    return _list([known[key] for key in keys], say) if keys else say("case_none")


def _list(parts: Sequence[Child], say: Words) -> Html:
    found: list[Child] = []
    for part in parts:
        found += [say("comma"), part] if found else [part]
    return joined(found)
