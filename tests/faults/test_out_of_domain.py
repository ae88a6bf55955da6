from __future__ import annotations

import json

import out_of_domain
from report import record

# Measured with the tagger that ships, and a margin for another one of its kind.
MOST_WRONG_AND_AUTO = 0.05
MOST_WRONG_AND_AUTO_OF_A_KIND = 0.25
LEAST_REVIEW = {"novel": 0.5, "classical": 0.6, "poem": 0.6, "chat": 0.5, "code": 0.9}


def test_the_set_has_what_the_table_says() -> None:
    rows = [json.loads(line) for line in out_of_domain.PLACE.read_text(encoding="utf-8").splitlines()]
    kinds = [row["kind"] for row in rows]
    assert len(rows) >= 120 and len({row["text"] for row in rows}) == len(rows)
    assert len(set(kinds)) >= 10 and min(map(kinds.count, kinds)) >= 5
    assert all(row.keys() == {"kind", "text", "labels"} and row["labels"] == [] for row in rows)


def test_other_text_is_seldom_labelled_without_review() -> None:
    rates = out_of_domain.measure()
    print("\n" + out_of_domain.table(rates))
    for kind, found in rates.items():
        record("text", kind, **dict(zip(out_of_domain.COLUMNS, found.cells(), strict=True)))
        assert found.wrong_and_auto <= MOST_WRONG_AND_AUTO_OF_A_KIND * found.passages, kind
    assert rates["all"].wrong_and_auto <= MOST_WRONG_AND_AUTO * rates["all"].passages
    for kind, share in LEAST_REVIEW.items():
        assert rates[kind].review >= share * rates[kind].passages, kind
    # English and figures hold no Chinese prose: always for a person.
    assert rates["english"].review == rates["english"].passages
