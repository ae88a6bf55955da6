from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import EXAMPLES
from minsheng.config.schema import TokenizerConfig
from minsheng.errors import ConfigError, DataError
from minsheng.modeling.vocabulary import SPECIAL, _pieces, _words, sample_documents, train_tokenizer


def made_texts(count: int = 120) -> list[str]:
    kinds = list(EXAMPLES.values())
    return [
        " ".join(kinds[(n + k) % 6].format(n=n % 13 + 2, m=5 * n + k) for k in range(3)) for n in range(count)
    ]


def test_a_vocabulary_is_the_same_in_every_process() -> None:
    """Python mixes its hashes anew in each process: nothing may depend on the order of a set."""
    code = (
        "import json, sys\n"
        "from minsheng.config.schema import TokenizerConfig\n"
        "from minsheng.modeling.vocabulary import _pieces, _words\n"
        "config = TokenizerConfig(vocabulary=300, rarest=2)\n"
        "print(json.dumps(_pieces(_words(json.load(sys.stdin), 2), config)))"
    )
    texts, outputs = json.dumps(made_texts()), []
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code], input=texts, capture_output=True, encoding="utf-8",
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        outputs.append([tuple(piece) for piece in json.loads(done.stdout)])
    assert (
        outputs[0]
        == outputs[1]
        == _pieces(_words(made_texts(), 2), TokenizerConfig(vocabulary=300, rarest=2))
    )
    vocabulary = train_tokenizer(
        made_texts(), TokenizerConfig(vocabulary=300, rarest=2), positions=64
    ).get_vocab()
    assert sorted(vocabulary, key=vocabulary.__getitem__) == [*SPECIAL, *(piece for piece, _ in outputs[0])]
    assert len(vocabulary) > 100


def test_a_tokenizer_marks_its_ends_and_folds_width_and_case() -> None:
    tokenizer = train_tokenizer(
        [*made_texts(), "PM2.5 达标"], TokenizerConfig(vocabulary=300, rarest=1), positions=64
    )
    ids = tokenizer("ＰＭ２.５达标")["input_ids"]
    assert ids == tokenizer("pm2.5达标")["input_ids"]
    assert (ids[0], ids[-1]) == (tokenizer.cls_token_id, tokenizer.sep_token_id)
    assert tokenizer.unk_token_id not in ids and tokenizer.unk_token_id in tokenizer("龘")["input_ids"]


def test_a_vocabulary_that_cannot_be_made_is_explained() -> None:
    with pytest.raises(
        ConfigError, match=r"tokenizer\.vocabulary=100 is too small for \d+ different characters"
    ):
        train_tokenizer(
            ["".join(map(chr, range(0x4E00, 0x4E80)))], TokenizerConfig(vocabulary=100, rarest=1), positions=9
        )
    with pytest.raises(DataError, match=r"lower tokenizer\.rarest"):
        train_tokenizer(["学校"], TokenizerConfig(vocabulary=100, rarest=3), positions=9)


@settings(max_examples=30)
@given(
    st.lists(st.tuples(st.integers(1, 5000), st.sampled_from([0.5, 1.0, 3.0])), max_size=40),
    st.integers(1, 9000),
)
def test_a_sample_is_bounded_and_repeats(shape: list[tuple[int, float]], characters: int) -> None:
    documents = [(chr(0x4E00 + n) * length, weight) for n, (length, weight) in enumerate(shape)]
    sample = sample_documents(documents, characters=characters, seed=3)
    assert sample == sample_documents(iter(documents), characters=characters, seed=3)
    pieces = [min(2000, length) for length, _ in shape]
    held = sum(map(len, sample))
    assert held >= min(characters, sum(pieces)) and held <= characters + max([0, *pieces])
    assert [text[0] for text in sample] == sorted(text[0] for text in sample)  # in the order of the corpus
