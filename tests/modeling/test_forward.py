"""The OpenVINO network against PyTorch, and what chooses between them."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    ModernBertConfig,
    ModernBertForSequenceClassification,
    PreTrainedModel,
)

from minsheng.errors import ModelError
from minsheng.modeling import forward as forward_module
from minsheng.modeling.calibration import probabilities
from minsheng.modeling.directory import open_directory
from minsheng.modeling.forward import OpenVinoForward, TorchForward, choose_on_cpu, load_forward
from minsheng.modeling.guard import Guard, compare_int8, guard_from
from minsheng.modeling.inference import predict_logits
from minsheng.modeling.network import UnsupportedError, build_network
from minsheng.modeling.precision import cpu_has_int8, make_accelerator
from minsheng.modeling.shipped import TAGGER, shipped

pytest.importorskip("openvino", reason="OpenVINO has no build for this machine")

SIZES = {
    "vocab_size": 99, "hidden_size": 48, "num_hidden_layers": 3, "num_attention_heads": 3,
    "intermediate_size": 64, "num_labels": 5, "max_position_embeddings": 64, "pad_token_id": 0,
}  # fmt: skip
TOKENS = {"cls_token_id": 1, "sep_token_id": 2, "bos_token_id": 1, "eos_token_id": 2}
BIASES = dict.fromkeys(("norm_bias", "mlp_bias", "attention_bias", "classifier_bias"), True)
GOOD = Guard(passages=500, same=0.998, furthest=0.02)


def modern(**options: Any) -> PreTrainedModel:
    return ModernBertForSequenceClassification(ModernBertConfig(**SIZES, **TOKENS, **options))


MODELS = {
    "BERT": lambda: BertForSequenceClassification(BertConfig(**SIZES)),
    "ModernBERT as ours": lambda: modern(layer_types=["full_attention"] * 3, classifier_pooling="mean"),
    "ModernBERT, local layers": lambda: modern(local_attention=16, classifier_pooling="mean", **BIASES),
    "ModernBERT, first token": lambda: modern(local_attention=16, classifier_pooling="cls"),
}


@pytest.fixture(scope="module", params=MODELS)
def saved(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, PreTrainedModel]:
    """A model with weights that make every part count, and its directory."""
    torch.manual_seed(7)
    model = MODELS[request.param]().eval()
    for values in model.parameters():
        values.data = torch.randn_like(values) * 0.3 + (0.5 if values.ndim == 1 else 0.0)
    folder = tmp_path_factory.mktemp("model")
    model.save_pretrained(folder)
    return folder, model


def made_ids(width: int, lengths: list[int]) -> tuple[Any, Any]:
    ids = np.random.default_rng(width).integers(3, 99, (len(lengths), width))
    mask = (np.arange(width) < np.array(lengths)[:, None]).astype(np.int64)
    return ids * mask, mask


@pytest.mark.parametrize("width", [8, 24, 64])
def test_the_network_computes_what_pytorch_computes(saved: tuple[Path, PreTrainedModel], width: int) -> None:
    folder, model = saved
    ours = OpenVinoForward(folder, precision="no", threads=1, max_tokens=60)
    ids, mask = made_ids(width, [width, width // 2, 1, width - 1])
    with torch.inference_mode():
        wanted = model(input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask)).logits.numpy()
    assert np.abs(wanted).max() > 0.5
    np.testing.assert_allclose(ours(ids, mask), wanted, atol=2e-5)


@pytest.mark.skipif(not cpu_has_int8(), reason="this processor has no exact int8 products")
def test_a_score_in_int8_is_near_and_does_not_depend_on_its_batch(
    saved: tuple[Path, PreTrainedModel],
) -> None:
    folder, _ = saved
    exact = OpenVinoForward(folder, precision="no", threads=1, max_tokens=60)
    fast = OpenVinoForward(folder, precision="int8", threads=1, max_tokens=60)
    ids, mask = made_ids(32, [32, 20, 9, 31, 2, 17])
    together = fast(ids, mask)
    assert 0 < np.abs(together - exact(ids, mask)).max() < 0.5
    for row in range(len(ids)):
        np.testing.assert_allclose(fast(ids[[row]], mask[[row]])[0], together[row], atol=2e-2)


def test_what_cannot_be_built_says_why(saved: tuple[Path, PreTrainedModel], tmp_path: Path) -> None:
    def refused(**changes: Any) -> str:
        config = json.loads((saved[0] / "config.json").read_text(encoding="utf-8")) | changes
        (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
        (tmp_path / "model.safetensors").write_bytes((saved[0] / "model.safetensors").read_bytes())
        with pytest.raises(UnsupportedError) as caught:
            build_network(tmp_path, int8=False, max_tokens=60)
        return str(caught.value)

    assert "ElectraForSequenceClassification" in refused(architectures=["ElectraForSequenceClassification"])
    assert "relu" in refused(hidden_act="relu", hidden_activation="relu")
    assert "has no" in refused(num_hidden_layers=4, layer_types=["full_attention"] * 4)


def test_pytorch_steps_in_and_the_log_says_why(
    model_directory: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: Any, **__: Any) -> None:
        raise UnsupportedError("openvino is not installed")

    monkeypatch.setattr(forward_module, "OpenVinoForward", missing)
    with caplog.at_level(logging.INFO):
        found = load_forward(model_directory, precision="no", threads=1, max_tokens=64, guard=None)
    assert isinstance(found, TorchForward)
    assert "openvino is not installed" in caplog.text
    assert found.name == "PyTorch float32 on cpu"
    with pytest.raises(ModelError, match="int8"):
        load_forward(model_directory, precision="int8", threads=1, max_tokens=64, guard=GOOD)


def test_int8_is_taken_only_behind_its_guard(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(forward_module, "cpu_has_int8", lambda: True)
    monkeypatch.setattr(forward_module, "cpu_has_bf16", lambda: True)
    assert choose_on_cpu("auto", GOOD) == "int8"
    assert choose_on_cpu("no", GOOD) == "no"
    for guard, reason in (
        (None, "not compared"),
        (Guard(500, 0.98, 0.1), "98.0%"),
        (Guard(20, 1.0, 0.0), "20 passages"),
    ):
        with caplog.at_level(logging.INFO):
            assert choose_on_cpu("auto", guard) == "bf16"
        assert reason in caplog.text
        with pytest.raises(ModelError, match=f"int8: refused: .*{reason}"):
            choose_on_cpu("int8", guard)
    monkeypatch.setattr(forward_module, "cpu_has_int8", lambda: False)
    assert choose_on_cpu("auto", GOOD) == "bf16"
    monkeypatch.setattr(forward_module, "cpu_has_bf16", lambda: False)
    assert choose_on_cpu("auto", GOOD) == "no"
    with pytest.raises(ModelError, match="processor"):
        choose_on_cpu("int8", GOOD)


def test_a_guard_that_was_tampered_with_is_refused() -> None:
    assert guard_from(GOOD.to_dict()) == GOOD
    assert guard_from(None) is None
    for wrong in ({"same": 1.5}, {"passages": -1}, {"same": "x"}):
        with pytest.raises(ValueError):
            guard_from(GOOD.to_dict() | wrong)


@pytest.mark.skipif(not cpu_has_int8(), reason="this processor has no exact int8 products")
def test_the_guard_counts_changed_labels() -> None:
    folder, info = open_directory(TAGGER)
    rng = np.random.default_rng(3)
    encoded = [[1, *rng.integers(5, 14000, n).tolist(), 2] for n in range(4, 44)]
    exact = probabilities(
        predict_logits(
            OpenVinoForward(folder, precision="no", threads=1, max_tokens=info.max_tokens),
            encoded, pad_id=0, tokens=512,
        ).astype(np.float64),
        single_label=False,
    )  # fmt: skip
    options: dict[str, Any] = {"calibration": info.calibration, "max_tokens": info.max_tokens, "pad_id": 0}
    honest = compare_int8(folder, encoded, exact=exact, **options)
    turned = compare_int8(folder, encoded, exact=1 - exact, **options)
    assert honest is not None and turned is not None
    assert (honest.passages, honest.same > 0.9, honest.furthest < 0.2) == (40, True, True)
    assert turned.same < 0.1


def test_the_tagger_that_ships_may_use_int8() -> None:
    folder, info = open_directory(TAGGER)
    assert folder == shipped(TAGGER)
    assert info.int8 is not None
    assert info.int8.refusal() is None


def test_what_occurs_twice_is_computed_once(model_directory: Path) -> None:
    class Counting:
        name, batch_tokens, at_once, rows = "", 64, 1, 0

        def __call__(self, ids: Any, mask: Any) -> Any:
            self.rows += len(ids)
            return np.stack([ids.sum(1), mask.sum(1)], 1).astype(np.float32)

    counting = Counting()
    encoded = [[1, 7, 2], [1, 9, 2], [1, 7, 2], [1, 2], [1, 9, 2]]
    logits = predict_logits(counting, encoded, pad_id=0, tokens=64)
    assert counting.rows == 3
    assert logits.tolist() == [[sum(ids), len(ids)] for ids in encoded]
    assert predict_logits(counting, [], pad_id=0, tokens=64).shape == (0, 0)


def test_batches_run_at_once_and_come_back_in_order() -> None:
    class Meeting:
        """Goes on only when two calls are inside, so one at a time would break the barrier."""

        name, batch_tokens, at_once = "", 1024, 2
        both = threading.Barrier(2, timeout=20)

        def __call__(self, ids: Any, mask: Any) -> Any:
            self.both.wait()
            return ids[:, :1].astype(np.float32)

    encoded = [[number] * 512 for number in range(8)]
    assert predict_logits(Meeting(), encoded, pad_id=0, tokens=512).ravel().tolist() == list(range(8))
    few = [[number] * 512 for number in range(2)]  # one batch of 1,024 would leave the other thread idle
    assert predict_logits(Meeting(), few, pad_id=0, tokens=1024).ravel().tolist() == [0, 1]


def test_an_error_in_a_thread_comes_through() -> None:
    class Failing:
        name, batch_tokens, at_once = "", 64, 2

        def __call__(self, ids: Any, mask: Any) -> Any:
            raise MemoryError("too wide")

    with pytest.raises(MemoryError, match="too wide"):
        predict_logits(Failing(), [[1], [2]], pad_id=0, tokens=64)


def test_threads_give_the_scores_of_one(saved: tuple[Path, PreTrainedModel]) -> None:
    rng = np.random.default_rng(5)
    encoded = [[1, *rng.integers(3, 99, n).tolist()] for n in rng.integers(1, 59, 60)]
    one, three = (
        OpenVinoForward(saved[0], precision="no", threads=threads, max_tokens=60) for threads in (1, 3)
    )
    assert (one.at_once, three.at_once) == (1, 3)
    np.testing.assert_allclose(
        predict_logits(three, encoded, pad_id=0, tokens=128),
        predict_logits(one, encoded, pad_id=0, tokens=512),
        atol=2e-5,
    )


def test_pytorch_and_openvino_tag_alike(model_directory: Path) -> None:
    from minsheng.modeling.model import load_classifier

    _, info = open_directory(model_directory)
    torch_forward = TorchForward(load_classifier(model_directory), make_accelerator(precision="no"))
    ours = load_forward(model_directory, precision="no", threads=1, max_tokens=info.max_tokens, guard=None)
    assert ours.name.startswith("OpenVINO")
    rng = np.random.default_rng(1)
    rows = json.loads((model_directory / "config.json").read_text(encoding="utf-8"))["vocab_size"]
    encoded = [[1, *rng.integers(5, rows, n).tolist(), 2] for n in range(1, 30)]
    np.testing.assert_allclose(
        predict_logits(ours, encoded, pad_id=0, tokens=256),
        predict_logits(torch_forward, encoded, pad_id=0, tokens=256),
        atol=2e-5,
    )


def test_the_telemetry_of_openvino_stays_off(tmp_path: Path) -> None:
    # Its import alone would report to Intel, from a process of its own, and leave an identifier in ~/intel.
    code = (
        "from minsheng.modeling.network import load_openvino\n"
        "load_openvino()\n"
        "from openvino.tools.ovc import telemetry_utils\n"
        "print(telemetry_utils.tm.__name__)\n"
    )
    environment = os.environ | {"HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip().endswith("telemetry_stub")
    assert not list(tmp_path.iterdir())
