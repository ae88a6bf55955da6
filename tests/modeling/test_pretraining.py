from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_vocabulary import made_texts
from transformers import AutoModel, AutoModelForMaskedLM, AutoTokenizer

from conftest import write_jsonl
from minsheng.config.load import build
from minsheng.config.schema import MaskConfig, PretrainConfig
from minsheng.errors import ConfigError, DataError, ModelError
from minsheng.modeling.pretraining import Pieces, mask_tokens, masked_batch
from minsheng.workflows.pretrain import pretrain

CLS, SEP, MASK = 1, 2, 3


# Masking ------------------------------------------------------------------------------------------------


def made_pieces(size: int = 40, *, inside: int = 0) -> Pieces:
    special, continues = np.zeros(size, dtype=bool), np.zeros(size, dtype=bool)
    special[:5] = True
    if inside:
        continues[-inside:] = True
    return Pieces(size, MASK, special, continues)


def made_ids(rng: np.random.Generator, rows: int, width: int, size: int = 40) -> np.ndarray:
    ids = rng.integers(4, size, (rows, width))  # 4 is [UNK]
    ids[:, 0], ids[:, -1] = CLS, SEP
    return ids


@settings(deadline=None)
@given(st.integers(0, 10**6), st.floats(0.05, 0.6), st.integers(1, 4), st.integers(0, 15), st.booleans())
def test_masks_touch_no_special_and_leave_the_rest(
    seed: int, share: float, span: int, inside: int, whole: bool
) -> None:
    pieces = made_pieces(inside=inside)
    config = MaskConfig(share=share, span=span, whole_words=whole)
    ids = made_ids(np.random.default_rng(seed), 4, 17)
    inputs, chosen = mask_tokens(ids, pieces, config, np.random.default_rng(seed))
    again = mask_tokens(ids, pieces, config, np.random.default_rng(seed))
    assert (inputs == again[0]).all() and (chosen == again[1]).all()
    assert chosen.any() and not (chosen & pieces.special[ids]).any()
    assert (inputs[~chosen] == ids[~chosen]).all()
    hidden = inputs[chosen]
    assert ((hidden == MASK) | ~pieces.special[hidden]).all()
    if whole and inside:
        goes_on = pieces.inside[ids[:, 1:]] & ~pieces.special[ids[:, :-1]]
        assert (chosen[:, 1:] == chosen[:, :-1])[goes_on].all()


@pytest.mark.parametrize(
    ("span", "inside", "least", "most"), [(1, 0, 0.19, 0.21), (1, 20, 0.18, 0.22), (3, 0, 0.15, 0.21)]
)
def test_share_and_fate_of_the_chosen(span: int, inside: int, least: float, most: float) -> None:
    pieces = made_pieces(inside=inside)
    ids = made_ids(np.random.default_rng(1), 400, 128)
    inputs, chosen = mask_tokens(ids, pieces, MaskConfig(share=0.2, span=span), np.random.default_rng(2))
    allowed = ~pieces.special[ids]
    assert least < chosen[allowed].mean() < most
    masked, same = (inputs == MASK)[chosen].mean(), (inputs == ids)[chosen].mean()
    assert abs(masked - 0.8) < 0.02
    assert abs(same - 0.1 - 0.1 / 35) < 0.02  # a random piece is the same one now and then
    drawn = inputs[chosen & (inputs != MASK) & (inputs != ids)]
    assert len(np.unique(drawn)) == 35  # every ordinary piece is drawn


def test_spans_are_runs() -> None:
    pieces, ids = made_pieces(), made_ids(np.random.default_rng(1), 400, 128)
    lengths = {}
    for span in (1, 3):
        _, chosen = mask_tokens(ids, pieces, MaskConfig(share=0.1, span=span), np.random.default_rng(2))
        starts = chosen & ~np.pad(chosen, ((0, 0), (1, 0)))[:, :-1]
        lengths[span] = chosen.sum() / starts.sum()
    assert 1.0 <= lengths[1] < 1.3 < 2.0 < lengths[3] < 4.0


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5))
def test_targets_are_what_stood_at_the_positions(seed: int, rows: int) -> None:
    ids = made_ids(np.random.default_rng(seed), rows, 20)
    part = masked_batch(list(ids), made_pieces(), MaskConfig(), np.random.default_rng(seed))
    inputs, positions, targets = part.inputs.numpy(), part.positions.numpy(), part.targets.numpy()
    count = part.predicted
    assert len(positions) == len(targets) >= count > 0 and (targets[count:] < 0).all()
    assert (targets[:count] == ids.reshape(-1)[positions[:count]]).all()
    assert len(set(positions[:count].tolist())) == count
    untouched = np.ones(ids.size, dtype=bool)
    untouched[positions[:count]] = False
    assert (inputs.reshape(-1)[untouched] == ids.reshape(-1)[untouched]).all()


# A whole run --------------------------------------------------------------------------------------------


def run_settings(corpus: Path, output: Path, **changes: Any) -> PretrainConfig:
    """40 updates of 8 sequences of 32 tokens, in two micro-batches."""
    tree: dict[str, Any] = {
        "run": {"output": str(output), "precision": "no", "threads": 1, "checkpoint_updates": 5},
        "data": {"sources": [{"path": str(corpus)}], "held_out": 0.15},
        "architecture": {"layers": 2, "hidden": 32, "intermediate": 48, "heads": 2, "positions": 64},
        "tokenizer": {"vocabulary": 250, "rarest": 1, "characters": 9000},
        "schedule": {
            "tokens": 40 * 8 * 32, "batch_sequences": 8, "micro_sequences": 4, "sequence": 32, "evaluate_updates": 10,
        },
        "optimizer": {"learning_rate": 2e-2},
    }  # fmt: skip
    for key, value in changes.items():
        tree[key] = tree[key] | value if isinstance(value, dict) and key in tree else value
    return build(PretrainConfig, tree, where="test")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows: list[dict[str, object]] = [{"text": text} for text in made_texts()]
    return write_jsonl(tmp_path_factory.mktemp("corpus") / "text.jsonl", rows)


@pytest.fixture(scope="module")
def encoder(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run directory of a finished run."""
    folder = tmp_path_factory.mktemp("encoder") / "run"
    pretrain(run_settings(corpus, folder))
    return folder


def logged(run: Path) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in (run / "log.jsonl").read_text("utf-8").splitlines()]
    return [row for row in rows if row["event"] == "update"]


def test_the_loss_falls_and_the_encoder_loads_with_plain_transformers(encoder: Path) -> None:
    rows = logged(encoder)
    assert [row["update"] for row in rows] == [10, 20, 30, 40]
    assert rows[-1]["held_out_loss"] < rows[0]["held_out_loss"] - 0.1
    assert {"learning_rate", "gradient_norm", "accuracy", "tokens"} <= rows[0].keys()
    assert {p.name for p in encoder.iterdir()} >= {
        "config.yaml",
        "log.jsonl",
        "checkpoints",
        "model",
        "finished.json",
    }
    assert not [p for p in (encoder / "model").iterdir() if p.suffix in (".bin", ".pt", ".pkl")]
    model, info = AutoModelForMaskedLM.from_pretrained(encoder / "model", output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"] and not info["mismatched_keys"]
    plain, info = AutoModel.from_pretrained(encoder / "model", output_loading_info=True)
    assert not info["missing_keys"]
    tokenizer = AutoTokenizer.from_pretrained(encoder / "model")
    before = AutoTokenizer.from_pretrained(encoder / "tokenizer")
    texts = ["乡村医生上门巡诊，药费可以报销。", "ABC 龘 12"]
    assert tokenizer(texts)["input_ids"] == before(texts)["input_ids"]
    inputs = tokenizer(texts[:1], return_tensors="pt")
    assert plain(**inputs).last_hidden_state.shape[-1] == 32
    assert model.eval()(**inputs).logits.shape[-1] == len(tokenizer)


def interrupt(monkeypatch: pytest.MonkeyPatch, config: PretrainConfig, *, stop: int) -> None:
    """Run until after the update `stop`."""
    import minsheng.workflows.pretrain as workflow

    true_updates = workflow.pretrain_updates

    def stopping(*args: Any, **kwargs: Any) -> Iterator[Any]:
        for step in true_updates(*args, **kwargs):
            yield step
            if step.update == stop:
                raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(workflow, "pretrain_updates", stopping)
        pretrain(config)


@pytest.mark.parametrize("kind", ["modernbert", "bert"])
def test_an_interrupted_run_gives_the_same_weights(
    kind: str, corpus: Path, encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BERT has dropout by default, so its random draws must repeat as well."""
    kinds = {"architecture": {"kind": kind}}
    if kind == "modernbert":
        whole = encoder
    else:
        whole = tmp_path / "whole"
        pretrain(run_settings(corpus, whole, **kinds))
    for stop in (8, 25):  # in between checkpoints, and right after one
        interrupt(monkeypatch, run_settings(corpus, tmp_path / "parts", **kinds), stop=stop)
    pretrain(run_settings(corpus, tmp_path / "parts", **kinds))
    weights = [(run / "model" / "model.safetensors").read_bytes() for run in (whole, tmp_path / "parts")]
    assert weights[0] == weights[1]
    assert AutoModel.from_pretrained(tmp_path / "parts" / "model").config.model_type == kind
    assert AutoModelForMaskedLM.from_pretrained(tmp_path / "parts" / "model").config.hidden_size == 32


def test_a_run_can_be_brought_to_an_early_end(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before its decay a long run is the same as a short one."""
    short = {"schedule": {"warmup": 0.0, "tokens": 20 * 8 * 32, "decay": 0.5}}
    long = {"schedule": {"warmup": 0.0, "tokens": 200 * 8 * 32, "decay": 0.2}}
    pretrain(run_settings(corpus, tmp_path / "short", **short))
    interrupt(monkeypatch, run_settings(corpus, tmp_path / "ended", **long), stop=8)
    pretrain(run_settings(corpus, tmp_path / "ended", **short))
    weights = [(tmp_path / run / "model" / "model.safetensors").read_bytes() for run in ("short", "ended")]
    assert weights[0] == weights[1]


def test_going_on_from_a_given_encoder(corpus: Path, encoder: Path, tmp_path: Path) -> None:
    changes = {"schedule": {"tokens": 8 * 32, "evaluate_updates": 1}, "optimizer": {"learning_rate": 1e-6}}
    pretrain(run_settings(corpus, tmp_path / "more", model=str(encoder / "model"), **changes))
    first, more = logged(encoder), logged(tmp_path / "more")
    assert more[0]["held_out_loss"] == pytest.approx(first[-1]["held_out_loss"], abs=0.02)
    assert not (tmp_path / "more" / "tokenizer").exists()
    names = [AutoTokenizer.from_pretrained(run / "model").get_vocab() for run in (encoder, tmp_path / "more")]
    assert names[0] == names[1]


def test_what_cannot_work_is_refused_in_one_line(corpus: Path, tmp_path: Path) -> None:
    cases: list[tuple[type[Exception], str, dict[str, Any]]] = [
        (DataError, "held_out", {"data": {"sources": [{"path": str(corpus)}], "held_out": 0.0}}),
        (ModelError, "no such model directory", {"model": str(tmp_path / "nothing")}),
        ((ConfigError, ModelError), "positions", {"architecture": {"kind": "bert", "positions": 16}}),
        (ModelError, "heads", {"architecture": {"heads": 3}}),
    ]
    for number, (kind, message, change) in enumerate(cases):
        with pytest.raises(kind, match=message) as caught:
            pretrain(run_settings(corpus, tmp_path / str(number), **change))
        assert "\n" not in str(caught.value)
