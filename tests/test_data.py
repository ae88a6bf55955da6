"""The corpus that ships keeps its promises, and its card says the truth."""

from __future__ import annotations

import re
from collections import Counter
from difflib import SequenceMatcher
from pathlib import Path

from minsheng.corpus.duplicates import duplicates_across, duplicates_within
from minsheng.corpus.records import Record, read_records
from minsheng.taxonomy import load_taxonomy

DATA = Path(__file__).resolve().parents[1] / "data"
SPLITS = ("train", "validation", "test")
DOMAINS = load_taxonomy("livelihood").keys


def corpus() -> dict[str, list[Record]]:
    return {split: read_records(DATA / "corpus" / f"{split}.jsonl", DOMAINS) for split in SPLITS}


def card() -> str:
    return (DATA / "README.md").read_text(encoding="utf-8")


def test_records_are_whole_and_no_group_is_split() -> None:
    parts = corpus()
    records = [record for part in parts.values() for record in part]
    assert len(records) >= 3000
    assert len({record.id for record in records}) == len(records)
    for record in records:
        assert 40 <= len(record.text) <= 400, record.id
        assert record.register and record.date and record.annotator and record.source == "minsheng", record.id
        assert record.group != record.id, f"{record.id} has no group"
    groups = Counter(group for part in parts.values() for group in {record.group for record in part})
    assert max(groups.values()) == 1
    for part in parts.values():
        found = Counter(label for record in part for label in record.labels)
        assert min(found[domain] for domain in DOMAINS) >= 20


def test_no_near_duplicates() -> None:
    records = [record for part in corpus().values() for record in part]
    assert not duplicates_within(records)


def test_marked_evidence_stands_in_the_text() -> None:
    whole = 0
    for part in corpus().values():
        for record in part:
            evidence = record.meta.get("evidence", {})
            for domain, sentence in evidence.items():
                assert domain in record.labels and sentence in record.text, record.id
            whole += len(record.labels) > 1 and set(evidence) == set(record.labels)
    assert whole >= 150
    assert f"{whole} paragraphs with several labels carry" in card()


def test_half_of_those_without_a_domain_are_hard() -> None:
    """The card names the words that make one hard, and how many have one."""
    found = re.search(r"(\d+) of (\d+) contain one of the words ([^a-z]+) and (\w+)", card())
    assert found
    words = [*re.split(r"[,\s]+", found[3]), found[4]]
    none = [record for part in corpus().values() for record in part if not record.labels]
    hard = [record for record in none if any(word in record.text for word in words)]
    assert [len(hard), len(none)] == [int(found[1]), int(found[2])]
    assert 2 * len(hard) >= len(none)


def test_the_card_counts_what_is_there() -> None:
    parts = corpus()
    rows = {
        cells[0].strip("` "): [int(cell.replace(",", "")) for cell in cells[1:]]
        for line in card().splitlines()
        if re.fullmatch(r"\|[^|]+(\| *[\d,]+ *){4}\|", line.strip())
        for cells in [[cell.strip() for cell in line.strip().strip("|").split("|")]]
    }

    def count(holds) -> list[int]:
        each = [sum(map(holds, part)) for part in parts.values()]
        return [*each, sum(each)]

    assert rows["paragraphs"] == count(lambda r: True)
    assert rows["none"] == count(lambda r: not r.labels)
    assert rows["one domain"] == count(lambda r: len(r.labels) == 1)
    assert rows["two to five"] == count(lambda r: len(r.labels) > 1)
    for domain in DOMAINS:
        assert rows[domain] == count(lambda r, d=domain: d in r.labels), domain
        assert rows[domain][-1] >= 450
    registers = {record.register for part in parts.values() for record in part}
    for register in registers:
        key = next(name for name in rows if name.split(" ")[0] == register)
        assert rows[key] == count(lambda r, g=register: r.register == g), register
    ranges = [name for name in rows if re.fullmatch(r"\d+–\d+", name)]
    assert len(ranges) == 12
    for name in ranges:
        low, high = map(int, name.split("–"))
        measure = (lambda r: int(r.date)) if low > 2000 else (lambda r: len(r.text))
        assert rows[name] == count(lambda r, m=measure, a=low, b=high: a <= m(r) <= b), name
    assert f"{rows['paragraphs'][-1]} paragraphs of" in card()
    groups = [len({record.group for record in part}) for part in parts.values()]
    assert "{} groups in train, {} in validation, {} in test".format(*groups) in card()


def test_contrast_pairs_differ_little_and_are_never_trained_on() -> None:
    records = read_records(DATA / "contrast.jsonl", DOMAINS)
    pairs: dict[str, list[Record]] = {}
    for record in records:
        pairs.setdefault(record.group, []).append(record)
    assert len(pairs) >= 200
    for pair in pairs.values():
        first, second = pair
        assert first.labels != second.labels, first.group
        assert SequenceMatcher(None, first.text, second.text, autojunk=False).ratio() >= 0.6, first.group
    trained = [record for part in corpus().values() for record in part]
    assert not duplicates_across(trained, records)
