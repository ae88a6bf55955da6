"""Documents → rows without labels: what may be labelled next. Also the keyword rule's labels for a start."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from minsheng.config.schema import DocumentsConfig
from minsheng.corpus.exchange.rows import Row
from minsheng.documents.clean import clean
from minsheng.documents.read import read_all
from minsheng.documents.split import split
from minsheng.documents.values import Failure
from minsheng.taxonomy import KeywordMatch, Taxonomy, keyword_matches

RULE = "keyword-rule"  # the annotator of weak labels


def candidates(patterns: Sequence[str], *, config: DocumentsConfig) -> Iterator[Row | Failure]:
    """Every passage of the documents that the patterns name, as `minsheng tag` would see it.

    `group` is the document, so that its passages stay in one set; `id` is document and passage number.
    """
    for item in read_all(patterns, config=config):
        if isinstance(item, Failure):
            yield item
            continue
        document = split(clean(item, config=config.clean), config=config.split)
        for number, passage in enumerate(document.passages):
            row: Row = {"id": f"{item.document}:{number}", "text": passage.text, "group": item.document}
            extra = {"date": item.date, "heading": passage.heading}
            yield row | {key: value for key, value in extra.items() if value}


@dataclass(frozen=True, slots=True)
class WeakLabels:
    """What the keyword rule says of passages. Terms as for labelling functions in Ratner et al. 2017."""

    rows: tuple[Row, ...]
    coverage: int  # passages with a label
    overlaps: int  # with several domains
    conflicts: int  # in which two domains claim the same words
    domains: dict[str, int]
    contested: tuple[tuple[str, int], ...]  # such words with their domains, and passages; most frequent first


def suggest(rows: Sequence[Row], taxonomy: Taxonomy) -> WeakLabels:
    """Label passages by the keyword rule, in the name of `keyword-rule`, with the words that it went by."""
    made: list[Row] = []
    counts: Counter[str] = Counter()
    contested: Counter[str] = Counter()
    conflicts = 0
    for row in rows:
        matches = keyword_matches(row["text"], taxonomy)
        words: dict[str, list[str]] = {}
        for match in matches:
            word = row["text"][match.start : match.end]
            if word not in words.setdefault(match.domain, []):
                words[match.domain].append(word)
        counts.update(list(words))
        found = _contested(row["text"], matches)
        contested.update(found)
        conflicts += bool(found)
        made.append(row | {"labels": list(words), "annotator": RULE} | ({"keywords": words} if words else {}))
    return WeakLabels(
        rows=tuple(made),
        coverage=sum(bool(row["labels"]) for row in made),
        overlaps=sum(len(row["labels"]) > 1 for row in made),
        conflicts=conflicts,
        domains={domain: counts[domain] for domain in taxonomy.keys},
        contested=tuple(contested.most_common()),
    )


def _contested(text: str, matches: Sequence[KeywordMatch]) -> set[str]:
    """`医养结合 (healthcare) / 养 (pensions)` for matches of two domains that lie on the same characters."""
    found = set()
    for number, a in enumerate(matches):
        for b in matches[number + 1 :]:
            if a.domain != b.domain and a.start < b.end and b.start < a.end:
                pair = [f"{text[m.start : m.end]} ({m.domain})" for m in (a, b)]
                found.add(" / ".join(pair))
    return found
