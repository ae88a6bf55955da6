"""Text unlike the training text is for a person to look at."""

from __future__ import annotations

import math
import random
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from minsheng.errors import ModelError
from minsheng.modeling.familiarity import Familiarity, fit_familiarity, load_familiarity


def made(alphabet: str, count: int, seed: int) -> list[str]:
    chance = random.Random(seed)
    return ["".join(chance.choices(alphabet, k=30)) for _ in range(count)]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text("甲乙丙 0", max_size=12), min_size=1, max_size=6), st.text("甲乙丙0", min_size=2))
def test_the_value_is_the_mean_log_probability(texts: list[str], asked: str) -> None:
    counts: Counter[tuple[str, str]] = Counter()
    for text in texts:
        counts.update(pairwise(text.replace(" ", "")))
    total = counts.total() + 0.5 * 2**16
    wanted = sum(math.log((counts[pair] + 0.5) / total) for pair in pairwise(asked)) / (len(asked) - 1)
    value = fit_familiarity(texts, [], share=0.01).value(asked)
    assert value == pytest.approx(wanted, abs=0.01)  # the table is in half precision


def test_other_text_is_not_known_and_the_share_is_kept() -> None:
    training, validation = made("一二三四五六七八", 300, 1), made("一二三四五六七八", 200, 2)
    found = fit_familiarity(training, validation, share=0.02)
    assert sum(not found.knows(text) for text in validation) == 4
    assert np.mean([found.knows(text) for text in made("一二三四五六七八", 200, 3)]) > 0.9
    assert not any(found.knows(text) for text in made("甲乙丙丁戊己庚辛", 20, 4))
    assert not found.knows("") and not found.knows("一")
    assert found.value("第12条") == found.value("第 34条")


def test_few_validation_texts_are_all_known() -> None:
    validation = made("一二三四", 20, 5)
    found = fit_familiarity(made("一二三四", 50, 6), validation, share=0.02)
    assert all(found.knows(text) for text in validation)
    assert fit_familiarity(validation, [], share=0.02).knows("甲乙")  # nothing says what is too strange


def test_saved_and_read_back(tmp_path: Path) -> None:
    found = fit_familiarity(made("一二三四", 50, 6), made("一二三四", 20, 5), share=0.1)
    assert load_familiarity(tmp_path) is None
    found.save(tmp_path)
    again = load_familiarity(tmp_path)
    assert isinstance(again, Familiarity)
    assert again.floor == found.floor and (again.table == found.table).all()


@pytest.mark.parametrize(
    "tensors",
    [
        {"table": np.zeros(5, np.float16), "floor": np.zeros(1)},
        {"table": np.zeros(2**16, np.float32), "floor": np.zeros(1)},
        {"table": np.full(2**16, np.nan, np.float16), "floor": np.zeros(1)},
        {"table": np.zeros(2**16, np.float16), "floor": np.array([np.nan])},
        {"table": np.zeros(2**16, np.float16)},
    ],
)
def test_a_damaged_table_is_refused(tmp_path: Path, tensors: dict[str, np.ndarray]) -> None:
    save_file(tensors, tmp_path / "familiarity.safetensors")
    with pytest.raises(ModelError, match=r"familiarity\.safetensors"):
        load_familiarity(tmp_path)
    (tmp_path / "familiarity.safetensors").write_bytes(b"no tensors")
    with pytest.raises(ModelError, match=r"familiarity\.safetensors"):
        load_familiarity(tmp_path)
