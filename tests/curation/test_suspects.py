"""Planted label errors are found out of fold, and no record is judged by a model that saw its group."""

from __future__ import annotations

import builtins
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from conftest import EXAMPLES
from minsheng.config.corpus import SuspectsConfig
from minsheng.corpus.records import Record, label_matrix
from minsheng.curation import suspects
from minsheng.curation.suspects import find_suspects, out_of_fold
from minsheng.errors import ConfigError, DataError

DOMAINS = ("education", "healthcare", "pensions", "housing", "stability")
CONFIG = SuspectsConfig(folds=4)


def corpus(count: int = 120) -> list[Record]:
    kinds = list(EXAMPLES)
    return [
        Record(
            id=f"r{n}",
            text=EXAMPLES[kinds[n % 6]].format(n=n % 17 + 2, m=7 * n + 11),
            labels=(kinds[n % 6],) if kinds[n % 6] else (),
            group=f"g{n // 3}",
        )
        for n in range(count)
    ]


def test_planted_errors_come_first() -> None:
    records = corpus()
    records[6] = replace(records[6], labels=("housing",))  # a school: one label too many, one missing
    records[19] = replace(records[19], labels=())  # a clinic
    records[35] = replace(records[35], labels=("stability",))  # a road
    found = find_suspects(records, [r.text for r in records], domains=DOMAINS, config=CONFIG)
    assert {suspect.record.id for suspect in found.ranked[:3]} == {"r6", "r19", "r35"}
    assert found.records == 120 and found.macro_f1 > 0.9
    by_id = {suspect.record.id: suspect for suspect in found.ranked}
    assert {(d.domain, d.given) for d in by_id["r6"].doubts} == {("housing", True), ("education", False)}
    assert by_id["r6"].proposed == ("education",) and by_id["r19"].proposed == ("healthcare",)
    assert by_id["r35"].proposed == ()
    qualities = [suspect.quality for suspect in found.ranked]
    assert qualities == sorted(qualities) and all(0 <= quality <= 1 for quality in qualities)
    for suspect in found.ranked:
        for doubt in suspect.doubts:
            assert (
                doubt.probability == suspect.scores[doubt.domain] and (doubt.probability < 0.5) == doubt.given
            )


def test_a_sound_corpus_has_no_suspects() -> None:
    records = corpus(60)
    assert find_suspects(records, [r.text for r in records], domains=DOMAINS, config=CONFIG).ranked == ()


def test_no_model_sees_the_group_that_it_judges(monkeypatch: pytest.MonkeyPatch) -> None:
    records = corpus(48)
    groups = {r.text: r.group for r in records}
    assert len(groups) == 48
    folds: list[tuple[set[str], set[str]]] = []

    class Spy:
        def __init__(self, texts: list[str]) -> None:
            self.seen = {groups[text] for text in texts}

        def scores(self, texts: list[str]) -> Any:
            folds.append((self.seen, {groups[text] for text in texts}))
            return np.full((len(texts), len(DOMAINS)), 0.25)

    monkeypatch.setattr(suspects, "fit_baseline", lambda texts, truth, **_: Spy(texts))
    scores = out_of_fold(
        [r.text for r in records], label_matrix(records, DOMAINS), [r.group for r in records],
        domains=DOMAINS, config=CONFIG,
    )  # fmt: skip
    assert len(folds) == CONFIG.folds and all(not seen & held for seen, held in folds)
    assert (scores == 0.25).all()  # everything was judged


def test_too_few_groups_and_a_missing_library_are_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    records = [replace(record, group="one") for record in corpus(12)]
    with pytest.raises(DataError, match="1 groups cannot be split into 4 folds"):
        find_suspects(records, [r.text for r in records], domains=DOMAINS, config=CONFIG)
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("cleanlab"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigError, match=r'pip install "minsheng\[curation\]"'):
        suspects.doubts_of(np.ones((2, 1), dtype=bool), np.ones((2, 1)))
