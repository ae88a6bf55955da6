from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minsheng.documents import align
from minsheng.documents.values import Aligned, Dropped

TEXT = st.text(alphabet="民生教育医疗 \nabc，。", max_size=40)


@st.composite
def edited(draw: st.DrawFn) -> tuple[str, list[align.Edit]]:
    """A text and edits that are in order and do not overlap."""
    text = draw(TEXT)
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
    spans = [pair for pair in pairwise(cuts) if draw(st.booleans())]
    return text, [(a, b, draw(st.text(alphabet="xyz", max_size=4))) for a, b in spans]


def check(aligned: Aligned, length: int) -> None:
    assert len(aligned.text) == len(aligned.starts) == len(aligned.ends)
    assert all(a < b for a, b in zip(aligned.starts, aligned.ends, strict=True))
    assert list(aligned.starts) == sorted(aligned.starts)
    assert list(aligned.ends) == sorted(aligned.ends)
    assert not aligned.text or (aligned.starts[0] >= 0 and aligned.ends[-1] <= length)


@given(edited())
def test_edit_maps_kept_characters_to_themselves_and_new_ones_into_what_they_replace(
    case: tuple[str, list[align.Edit]],
) -> None:
    text, edits = case
    result = align.edit(align.identity(text), edits)
    check(result, len(text))
    assert result.text == align.edit_text(text, edits)
    position = 0
    expected: list[tuple[int, int]] = []  # the span that each character may point into
    for start, end, replacement in edits:
        expected += [(i, i + 1) for i in range(position, start)] + [(start, end)] * len(replacement)
        position = end
    expected += [(i, i + 1) for i in range(position, len(text))]
    for k, (low, high) in enumerate(expected):
        assert low <= result.starts[k] < result.ends[k] <= high
    for (start, end, replacement), first in zip(edits, _firsts(edits), strict=True):
        if replacement:  # together they cover all that they replace
            assert result.starts[first] == start
            assert result.ends[first + len(replacement) - 1] == end
        if len(replacement) <= end - start:
            spans = range(first, first + len(replacement))
            assert all(result.ends[k] <= result.starts[k + 1] for k in spans[:-1])


def _firsts(edits: list[align.Edit]) -> list[int]:
    """Where each replacement begins in the result."""
    found, shift = [], 0
    for start, end, replacement in edits:
        found.append(start + shift)
        shift += len(replacement) - (end - start)
    return found


@given(edited(), st.data())
def test_a_second_edit_keeps_the_order(case: tuple[str, list[align.Edit]], data: st.DataObject) -> None:
    text, edits = case
    once = align.edit(align.identity(text), edits)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(once.text)), max_size=6)))
    again = [(a, b, data.draw(st.text(alphabet="uv", max_size=3))) for a, b in pairwise(cuts)]
    check(align.edit(once, again), len(text))


@pytest.mark.parametrize(
    "edits", [[(2, 2, "x")], [(3, 5, ""), (4, 6, "")], [(4, 5, ""), (1, 2, "")], [(3, 9, "")]]
)
def test_edit_refuses_insertions_overlaps_and_disorder(edits: list[align.Edit]) -> None:
    with pytest.raises(ValueError, match="edit"):
        align.edit(align.identity("教育医疗养老"), edits)


def test_retext_keeps_the_length() -> None:
    assert align.retext(align.identity("學校"), "学校").text == "学校"
    with pytest.raises(ValueError, match="length"):
        align.retext(align.identity("學校"), "学")


@given(edited(), st.data())
def test_cut_and_concatenate_give_the_text_back(
    case: tuple[str, list[align.Edit]], data: st.DataObject
) -> None:
    text, edits = case
    whole = align.edit(align.identity(text), [(a, b, r[: b - a]) for a, b, r in edits])
    cuts = sorted({0, len(whole.text), *data.draw(st.sets(st.integers(0, len(whole.text)), max_size=4))})
    parts = [align.cut(whole, a, b) for a, b in pairwise(cuts)] or [whole]
    assert align.concatenate(parts) == whole


def test_concatenate_refuses_parts_out_of_order() -> None:
    text = align.identity("学校医院")
    with pytest.raises(ValueError, match="order"):
        align.concatenate([align.cut(text, 2, 4), align.cut(text, 0, 2)])


SPANS = st.lists(st.tuples(st.integers(0, 25), st.integers(1, 5)).map(lambda s: (s[0], sum(s))), max_size=8)


@given(SPANS)
def test_gaps_are_what_no_span_covers(spans: list[tuple[int, int]]) -> None:
    covered = {i for a, b in spans for i in range(a, b)}
    found = align.gaps(sorted(spans), 30)
    assert {i for a, b in found for i in range(a, b)} == set(range(30)) - covered
    assert all(a[1] < b[0] for a, b in pairwise(found))


@given(SPANS)
def test_disjoint_covers_the_same_without_overlap(spans: list[tuple[int, int]]) -> None:
    dropped = [Dropped(a, b, "x") for a, b in spans]
    found = align.disjoint(dropped)
    covered = {i for d in dropped for i in range(d.start, d.end)}
    assert {i for d in found for i in range(d.start, d.end)} == covered
    assert all(a.end <= b.start for a, b in pairwise(found))


def test_an_outer_dropped_span_takes_in_inner_ones() -> None:
    assert align.disjoint([Dropped(3, 5, "gloss"), Dropped(0, 9, "links")]) == (Dropped(0, 9, "links"),)


@given(edited())
def test_runs_are_the_source_that_stands_behind_the_text(case: tuple[str, list[align.Edit]]) -> None:
    text, edits = case
    result = align.edit(align.identity(text), edits)
    covered = {i for a, b in zip(result.starts, result.ends, strict=True) for i in range(a, b)}
    found = align.runs(result)
    assert {i for a, b in found for i in range(a, b)} == covered
    assert all(a[1] < b[0] for a, b in pairwise(found))


def test_characters_that_share_their_source_are_not_separable() -> None:
    result = align.edit(align.identity("前㈠后"), [(1, 2, "（一）")])
    assert [align.separable(result, k) for k in range(1, 5)] == [True, False, False, True]
