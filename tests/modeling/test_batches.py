from __future__ import annotations

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from minsheng.modeling.batches import (
    TextTokenizer,
    collate,
    encode,
    plan_batches,
    plan_epoch,
    updates_an_epoch,
)

LENGTHS = st.lists(st.integers(1, 60), max_size=80)


@given(LENGTHS, st.integers(1, 200), st.sampled_from([1, 8]))
def test_every_example_once_within_the_budget(lengths: list[int], tokens: int, multiple: int) -> None:
    plan = plan_batches(lengths, tokens=tokens, multiple=multiple)
    assert sorted(i for batch in plan for i in batch) == list(range(len(lengths)))
    for batch in plan:
        width = -(-max(lengths[i] for i in batch) // multiple) * multiple
        assert len(batch) == 1 or width * len(batch) <= tokens


@given(LENGTHS, st.integers(1, 200))
def test_batches_are_sorted_so_that_padding_is_little(lengths: list[int], tokens: int) -> None:
    flat = [lengths[i] for batch in plan_batches(lengths, tokens=tokens) for i in batch]
    assert flat == sorted(lengths, reverse=True)


@given(
    st.lists(st.integers(1, 30), max_size=9), st.integers(1, 90), st.integers(0, 40), st.sampled_from([1, 8])
)
def test_the_cheapest_plan_is_the_cheapest(
    lengths: list[int], tokens: int, overhead: int, multiple: int
) -> None:
    def cost(plan: list[list[int]]) -> int:
        widths = [-(-max(lengths[i] for i in batch) // multiple) * multiple for batch in plan]
        sizes = [width * len(batch) for width, batch in zip(widths, plan, strict=True)]
        allowed = all(size <= tokens or len(batch) == 1 for size, batch in zip(sizes, plan, strict=True))
        return sum(sizes) + overhead * len(plan) if allowed else 10**9

    plan = plan_batches(lengths, tokens=tokens, multiple=multiple, overhead=overhead)
    flat = [i for batch in plan for i in batch]
    assert flat == sorted(range(len(lengths)), key=lambda i: (-lengths[i], i))
    cuts = range(1, len(flat))
    all_plans = [
        [flat[a:b] for a, b in pairwise([0, *chosen, len(flat)])]
        for count in range(len(flat))
        for chosen in combinations(cuts, count)
    ]
    assert cost(plan) == min(map(cost, all_plans), default=0)


@given(LENGTHS, st.integers(1, 9), st.integers(1, 3), st.integers(0, 3))
def test_an_epoch_sees_every_example_once_over_the_ranks(
    lengths: list[int], examples: int, ranks: int, epoch: int
) -> None:
    plans = [
        list(plan_epoch(lengths, examples=examples, tokens=100, epoch=epoch, seed=3, rank=r, ranks=ranks))
        for r in range(ranks)
    ]
    seen = [i for plan in plans for update in plan for batch in update.batches for i in batch]
    assert sorted(seen) == list(range(len(lengths)))
    for updates in zip(*plans, strict=True):
        held = sum(len(batch) for update in updates for batch in update.batches)
        assert held == updates[0].examples <= examples
    assert len(plans[0]) == updates_an_epoch(len(lengths), examples=examples)


def test_epochs_differ_and_repeat() -> None:
    def order(epoch: int, seed: int = 1) -> list[list[list[int]]]:
        plan = plan_epoch([5] * 40, examples=4, tokens=100, epoch=epoch, seed=seed)
        return [update.batches for update in plan]

    assert order(0) == order(0) != order(1)
    assert order(0) != order(0, seed=2)


def test_collate_pads_on_the_right() -> None:
    batch = collate([[7, 8, 9], [4]], pad_id=1, multiple=4)
    assert batch["input_ids"].tolist() == [[7, 8, 9, 1], [4, 1, 1, 1]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1, 0], [1, 0, 0, 0]]


def test_a_tokenizer_that_pads_or_cuts_otherwise_is_set_right() -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers

    backend = Tokenizer(models.WordLevel({"[UNK]": 0, "a": 1, "b": 2, "c": 3}, unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    backend.enable_padding(length=6)
    backend.enable_truncation(1, direction="left")
    tokenizer = TextTokenizer(backend, 0, 0)
    assert encode(tokenizer, ["a b c", "b"], max_tokens=2) == [[1, 2], [2]]
    assert encode(tokenizer, ["a b c", "b"], max_tokens=3) == [[1, 2, 3], [2]]
