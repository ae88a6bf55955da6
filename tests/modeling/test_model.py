from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSequenceClassification, BertConfig, BertModel

from minsheng.config.schema import ArchitectureConfig, ModelConfig, TokenizerConfig
from minsheng.errors import ModelError
from minsheng.modeling.model import (
    build_classifier,
    build_masked_model,
    load_classifier,
    load_masked_model,
    load_tokenizer,
)
from minsheng.modeling.vocabulary import train_tokenizer

LABELS = ("education", "housing", "stability")
SMALL = ArchitectureConfig(layers=2, hidden=16, intermediate=24, heads=2, positions=64)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT encoder directory as one finds them on the Hub: with a tokenizer, without a classifier."""
    folder = tmp_path_factory.mktemp("encoder")
    tokenizer = train_tokenizer(
        ["学校开学，医院看病。"] * 40, TokenizerConfig(vocabulary=100, rarest=1), positions=64
    )
    torch.manual_seed(0)
    settings = BertConfig(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24,
        max_position_embeddings=64,
    )  # fmt: skip
    BertModel(settings).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def classifier(name: Path | str | None, tokenizer_of: Path, **options: object) -> torch.nn.Module:
    config = ModelConfig(
        name=None if name is None else str(name), max_tokens=64, architecture=SMALL, **options
    )
    tokenizer = load_tokenizer(str(tokenizer_of))
    return build_classifier(config, tokenizer, labels=LABELS, single_label=False, seed=4)


def refusal(load: object, *arguments: object) -> str:
    with pytest.raises(ModelError) as caught:
        load(*arguments)  # type: ignore[operator]
    message = str(caught.value)
    assert "\n" not in message and len(message) < 600
    return message


def test_a_new_head_on_an_encoder(encoder: Path) -> None:
    model = classifier(encoder, encoder)
    assert model.config.id2label == {0: "education", 1: "housing", 2: "stability"}
    assert model.config.problem_type == "multi_label_classification"
    weights = load_file(encoder / "model.safetensors")
    name = "embeddings.word_embeddings.weight"
    assert torch.equal(model.state_dict()[f"bert.{name}"], weights[name])
    again = classifier(encoder, encoder)
    assert torch.equal(model.classifier.weight, again.classifier.weight)
    assert all(p.dtype == torch.float32 for p in model.parameters())


@pytest.mark.parametrize("kind", ["modernbert", "bert"])
def test_random_weights_are_drawn_from_the_seed(kind: str, encoder: Path) -> None:
    tokenizer = load_tokenizer(str(encoder))
    config = ModelConfig(max_tokens=64, architecture=SMALL.model_copy(update={"kind": kind}))
    one, same, other = (
        build_classifier(config, tokenizer, labels=LABELS, single_label=True, seed=seed) for seed in (1, 1, 2)
    )
    assert one.config.model_type == kind and one.config.problem_type == "single_label_classification"
    states = [model.state_dict() for model in (one, same, other)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert not all(torch.equal(states[0][name], states[2][name]) for name in states[0])
    inputs = tokenizer("学校看病", return_tensors="pt")
    assert one(**inputs).logits.shape == (1, 3)


@pytest.mark.parametrize("from_directory", [True, False])
@pytest.mark.parametrize("rate", [0.0, 0.35])
def test_dropout_is_overridden_everywhere(
    from_directory: bool, rate: float, encoder: Path, tmp_path: Path
) -> None:
    model = classifier(encoder if from_directory else None, encoder, dropout=rate)
    rates = {module.p for module in model.modules() if isinstance(module, torch.nn.Dropout)}
    assert rates == {rate}
    settings = model.config.to_dict()
    named = {name: value for name, value in settings.items() if name.endswith(("dropout", "dropout_prob"))}
    assert len(named) >= 3 and set(named.values()) == {rate}
    model.save_pretrained(tmp_path)  # also in the directory that is written
    assert AutoModelForSequenceClassification.from_pretrained(tmp_path).config.to_dict()[min(named)] == rate


def test_dropout_stays_what_the_encoder_says(encoder: Path) -> None:
    assert classifier(encoder, encoder).config.hidden_dropout_prob == 0.1


def test_directories_that_cannot_be_loaded(encoder: Path, tmp_path: Path) -> None:
    message = refusal(classifier, tmp_path / "nothing", encoder)
    assert message == f"{tmp_path / 'nothing'}: no such model directory"
    (tmp_path / "file").write_text("x", "utf-8")
    assert "no such model directory" in refusal(load_masked_model, str(tmp_path / "file"))
    (tmp_path / "empty").mkdir()
    assert refusal(load_tokenizer, str(tmp_path / "empty")).endswith("not a model directory (no config.json)")

    bare = tmp_path / "bare"
    shutil.copytree(encoder, bare)
    (bare / "model.safetensors").unlink()
    for load in (
        load_classifier,
        lambda path: load_masked_model(str(path)),
        lambda path: classifier(path, encoder),
    ):
        assert refusal(load, bare) == f"{bare}: the directory has no weights (model.safetensors)"


def test_pickled_weights_are_never_opened(
    encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "pickled"
    shutil.copytree(encoder, folder)
    weights = load_file(folder / "model.safetensors")
    torch.save(weights, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()

    def opened(*_: object, **__: object) -> None:
        raise AssertionError("a pickle was opened")

    monkeypatch.setattr(torch, "load", opened)
    for load in (
        load_classifier,
        lambda path: load_masked_model(str(path)),
        lambda path: classifier(path, encoder),
    ):
        message = refusal(load, folder)
        assert "pytorch_model.bin" in message and "pickle" in message and "safetensors" in message


def test_damaged_weights_are_refused(encoder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(encoder, folder)
    file = folder / "model.safetensors"
    whole = file.read_bytes()
    for data in (whole[: len(whole) // 2], b"", b"\xff" * 100):
        file.write_bytes(data)
        assert str(folder) in refusal(classifier, folder, encoder)
    file.write_bytes(whole)
    (folder / "config.json").write_text("{", "utf-8")
    assert str(folder) in refusal(classifier, folder, encoder)
    (folder / "config.json").write_text('{"model_type": "perceiver-of-tomorrow"}', "utf-8")
    assert str(folder) in refusal(classifier, folder, encoder)


def test_a_head_that_was_never_trained_is_no_classifier(encoder: Path, tmp_path: Path) -> None:
    model = classifier(encoder, encoder)
    model.save_pretrained(tmp_path)
    assert load_classifier(tmp_path).training is False
    weights = load_file(tmp_path / "model.safetensors")
    lost = {name: value for name, value in weights.items() if not name.startswith("classifier")}
    assert len(lost) < len(weights)
    save_file(lost, tmp_path / "model.safetensors", metadata={"format": "pt"})
    message = refusal(load_classifier, tmp_path)
    assert str(tmp_path) in message and "classifier." in message


def test_an_encoder_with_random_parts_is_refused(encoder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "lost"
    shutil.copytree(encoder, folder)
    weights = load_file(folder / "model.safetensors")
    no_pooler = {name: value for name, value in weights.items() if "pooler" not in name}
    assert len(no_pooler) < len(weights)
    save_file(no_pooler, folder / "model.safetensors", metadata={"format": "pt"})
    classifier(folder, encoder)  # as masked-language models come
    layer = {name: value for name, value in weights.items() if "layer.1." not in name}
    assert len(layer) < len(weights)
    save_file(layer, folder / "model.safetensors", metadata={"format": "pt"})
    assert "encoder.layer.1." in refusal(classifier, folder, encoder)
    shutil.copy(encoder / "model.safetensors", folder)
    settings = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps(settings | {"vocab_size": 7}), "utf-8")
    assert "word_embeddings" in refusal(classifier, folder, encoder)


def test_a_hub_name_offline_is_one_clear_line() -> None:
    for load in (load_tokenizer, load_masked_model):
        message = refusal(load, "some-lab/no-such-bert")
        assert message.startswith("some-lab/no-such-bert: HF_HUB_OFFLINE is set")
        assert "local directory" in message


def test_texts_longer_than_the_positions_are_refused(encoder: Path) -> None:
    tokenizer = load_tokenizer(str(encoder))
    for name in (None, str(encoder)):
        config = ModelConfig(name=name, max_tokens=65, architecture=SMALL)
        with pytest.raises(ModelError, match=r"model\.max_tokens=65 .* is more than the 64 positions"):
            build_classifier(config, tokenizer, labels=LABELS, single_label=False, seed=1)


def test_a_tokenizer_without_padding_is_refused(encoder: Path, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(str(encoder))
    tokenizer.pad_token = None
    tokenizer.save_pretrained(tmp_path)
    assert "no padding token" in refusal(load_tokenizer, str(tmp_path))


def test_a_masked_model_fits_its_tokenizer(encoder: Path) -> None:
    tokenizer = load_tokenizer(str(encoder))
    model = build_masked_model(SMALL, tokenizer, seed=1)
    assert model(**tokenizer("学校", return_tensors="pt")).logits.shape[-1] == len(tokenizer)
    with pytest.raises(ModelError, match="hidden=16 is no multiple of heads=3"):
        build_masked_model(SMALL.model_copy(update={"heads": 3}), tokenizer, seed=1)
