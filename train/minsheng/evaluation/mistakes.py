"""The paragraphs that a person should look at: the worst mistakes and the labels that look wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from minsheng.documents.sentences import sentences
from minsheng.evaluation.findings import Mistake, Sentence, Suspect, Suspects
from minsheng.metrics.scores import Mask, Matrix

Scorer = Callable[[Sequence[str]], Matrix]  # texts → scores (texts, domains)


@dataclass(frozen=True, slots=True, eq=False)
class Paragraphs:
    """What was labelled, and how: every sequence has one entry a paragraph."""

    texts: Sequence[str]
    ids: Sequence[str]
    domains: Sequence[str]
    truth: Mask  # (paragraphs, domains)
    given: Mask
    scores: Matrix

    def names(self, cells: NDArray[np.bool_]) -> tuple[str, ...]:
        """The domains of one row of `truth` or `given`."""
        return tuple(domain for domain, cell in zip(self.domains, cells, strict=True) if cell)


def mistakes(
    paragraphs: Paragraphs, kind: Literal["false_alarm", "miss"], *, most: int
) -> tuple[Mistake, ...]:
    """The false alarms with the highest scores, or the misses with the lowest."""
    p = paragraphs
    wrong = ~p.truth & p.given if kind == "false_alarm" else p.truth & ~p.given
    rows, columns = np.nonzero(wrong)
    scores = p.scores[rows, columns]
    order = np.argsort(-scores if kind == "false_alarm" else scores, kind="stable")[:most]
    return tuple(
        Mistake(
            kind=kind,
            id=p.ids[rows[place]],
            domain=p.domains[columns[place]],
            score=float(scores[place]),
            text=p.texts[rows[place]],
            truth=p.names(p.truth[rows[place]]),
            given=p.names(p.given[rows[place]]),
        )
        for place in order
    )


def with_sentences(found: Sequence[Mistake], score: Scorer, *, domains: Sequence[str]) -> tuple[Mistake, ...]:
    """The same mistakes, each with the sentence that scores highest for its domain when scored alone.

    A text of one sentence keeps its own score. For a miss it is the sentence that came nearest to earning
    the label.
    """
    spans = [sentences(mistake.text) for mistake in found]
    alone = [(row, start, end) for row, parts in enumerate(spans) for start, end in parts if len(parts) > 1]
    scores = score([found[row].text[start:end] for row, start, end in alone]) if alone else np.zeros((0, 0))
    best: dict[int, Sentence] = {
        row: Sentence(*parts[0], found[row].score) for row, parts in enumerate(spans) if len(parts) == 1
    }
    for (row, start, end), values in zip(alone, scores, strict=True):
        value = float(values[domains.index(found[row].domain)])
        if row not in best or value > best[row].score:
            best[row] = Sentence(start, end, value)
    return tuple(replace(mistake, sentence=best.get(row)) for row, mistake in enumerate(found))


def suspects(paragraphs: Paragraphs, baselines: Mapping[str, Mask], *, doubt: float, most: int) -> Suspects:
    """Records with a cell of the truth that the scores hold for wrong with probability `doubt` at least.

    Only cells where the decision differs from the truth count. One entry a record, by its most doubtful cell;
    the strongest first. `baselines` are decisions (paragraphs, domains) by name.
    """
    p = paragraphs
    against = np.where(p.truth != p.given, np.where(p.truth, 1 - p.scores, p.scores), 0.0)
    worst, columns = against.max(axis=1), against.argmax(axis=1)
    order = np.argsort(-worst, kind="stable")
    order = order[worst[order] >= doubt]
    shown = []
    for row in order[:most]:
        column = columns[row]
        agree = (name for name, given in baselines.items() if given[row, column] == p.given[row, column])
        shown.append(
            Suspect(
                id=p.ids[row],
                text=p.texts[row],
                truth=p.names(p.truth[row]),
                given=p.names(p.given[row]),
                domain=p.domains[column],
                against=float(worst[row]),
                agree=tuple(agree),
            )
        )
    return Suspects(len(order), tuple(shown))
