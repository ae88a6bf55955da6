from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

from conftest import made_records
from minsheng.config.schema import (
    ArchitectureConfig,
    CalibrationConfig,
    CleanConfig,
    ModelConfig,
    TokenizerConfig,
)
from minsheng.errors import ModelError
from minsheng.modeling.calibration import fit_calibration
from minsheng.modeling.directory import (
    ModelInfo,
    fingerprint,
    fold_temperature,
    load_directory,
    model_labels,
    read_info,
    save_directory,
)
from minsheng.modeling.model import build_classifier
from minsheng.modeling.vocabulary import train_tokenizer
from minsheng.tagging.tagger import Tagger
from minsheng.taxonomy import load_taxonomy

TEXTS = [str(row["text"]) for row in made_records(40)[12:24]] + [
    "全市学校和医院都装了消防设施。",
    "路修好了。",
]


def made_directory(folder: Path, *, kind: str, single_label: bool) -> Path:
    """A directory of an untrained model, calibrated on noise, so that its temperature is far from 1."""
    taxonomy = load_taxonomy("livelihood")
    labels = model_labels(taxonomy, single_label=single_label)
    tokenizer = train_tokenizer(TEXTS * 3, TokenizerConfig(vocabulary=150, rarest=1), positions=64)
    architecture = ArchitectureConfig(kind=kind, layers=1, hidden=16, intermediate=24, heads=2, positions=64)
    config = ModelConfig(max_tokens=40, architecture=architecture)
    model = build_classifier(config, tokenizer, labels=labels, single_label=single_label, seed=3)
    with torch.no_grad():
        for name, value in model.named_parameters():
            if name.startswith("classifier."):
                value.mul_(40.0)
    rng = np.random.default_rng(1)
    truth = np.eye(len(labels), dtype=bool)[rng.integers(0, len(labels), 60)]
    logits = rng.normal(size=truth.shape) * 9 + truth
    calibration = fit_calibration(
        logits, truth, domains=labels, single_label=single_label, config=CalibrationConfig()
    )
    assert calibration.temperature > 2
    fold_temperature(model, calibration.temperature)
    info = ModelInfo(taxonomy, single_label, CleanConfig(), 40, calibration, {"records": 60}, {"seed": 3})
    save_directory(folder, model=model, tokenizer=tokenizer, info=info)
    return folder


def assert_same_in_transformers(folder: Path) -> None:
    tagger = Tagger.load(folder, precision="no")
    ours = tagger.tag(TEXTS, evidence=False)
    classify = pipeline("text-classification", model=str(folder), top_k=None, device="cpu")
    theirs = classify([*TEXTS], batch_size=4)
    seen = 0
    for tag, found in zip(ours, theirs, strict=True):
        scores = {entry["label"]: entry["score"] for entry in found}
        assert set(scores) == set(tagger.info.labels)
        for domain, score in tag.scores.items():
            assert score == pytest.approx(scores[domain], abs=1e-5)
            seen += 1
    assert seen == len(TEXTS) * len(tagger.domains)


def test_a_trained_model_is_the_same_in_plain_transformers(model_directory: Path) -> None:
    model = AutoModelForSequenceClassification.from_pretrained(model_directory)
    assert [model.config.id2label[i] for i in range(5)] == list(read_info(model_directory).labels)
    assert_same_in_transformers(model_directory)


@pytest.mark.parametrize("kind", ["modernbert", "bert"])
@pytest.mark.parametrize("single_label", [False, True])
def test_every_kind_of_model_is_the_same_in_plain_transformers(
    kind: str, single_label: bool, tmp_path: Path
) -> None:
    assert_same_in_transformers(made_directory(tmp_path, kind=kind, single_label=single_label))


def test_plain_transformers_cuts_a_long_text_where_we_cut(tmp_path: Path) -> None:
    folder = made_directory(tmp_path, kind="bert", single_label=False)
    long = "，".join(TEXTS)
    ids = AutoTokenizer.from_pretrained(folder)(long, truncation=True)["input_ids"]
    assert len(ids) == 40
    classify = pipeline("text-classification", model=str(folder), top_k=None, truncation=True, device="cpu")
    theirs = {entry["label"]: entry["score"] for entry in classify([long])[0]}
    assert Tagger.load(folder, precision="no").tag([long])[0].scores == pytest.approx(theirs, abs=1e-5)


def test_a_directory_holds_what_the_contract_says(model_directory: Path) -> None:
    names = {p.relative_to(model_directory).as_posix() for p in model_directory.rglob("*") if p.is_file()}
    assert names >= {
        "config.json", "model.safetensors", "tokenizer.json", "minsheng.json", "baselines/tfidf.safetensors",
        "baselines/tfidf.json",
    }  # fmt: skip
    assert {Path(name).suffix for name in names} <= {
        ".json",
        ".safetensors",
        ".txt",
        ".md",
    }  # nothing pickled
    data = json.loads((model_directory / "minsheng.json").read_text("utf-8"))
    labels = ["education", "healthcare", "pensions", "housing", "stability"]
    assert data["labels"] == labels and [d["key"] for d in data["taxonomy"]["domains"]] == labels
    assert set(data["preprocessing"]) == {"clean", "max_tokens"}
    assert len(data["calibration"]["thresholds"]) == 5 and "bound" in data["calibration"]["abstention"]
    assert set(data["validation"]["confusion"]) == set(labels)
    for counts in data["validation"]["confusion"].values():
        assert len(counts) == 4 and sum(counts.values()) == data["validation"]["records"] == 36
    made = data["provenance"]
    assert len(made["data"]["train"]) == len(made["data"]["validation"]) == len(made["config"]) == 64
    assert {"minsheng", "python", "torch", "transformers", "seed"} <= made.keys()


def test_the_stored_model_decides_as_it_did_when_it_was_measured(
    model_directory: Path, labelled: tuple[Path, Path]
) -> None:
    """Temperature and thresholds were fitted before they were stored: the counts must come out again."""
    rows = [json.loads(line) for line in labelled[1].read_text("utf-8").splitlines()]
    info = read_info(model_directory)
    assert abs(info.calibration.temperature - 1) > 0.05
    tags = Tagger.load(model_directory, precision="no").tag([row["text"] for row in rows])
    for domain, counts in info.validation["confusion"].items():
        pairs = [(domain in row["labels"], domain in tag.labels) for row, tag in zip(rows, tags, strict=True)]
        found = [pairs.count(pair) for pair in ((True, True), (False, True), (True, False), (False, False))]
        assert found == list(counts.values()), domain


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    folder = made_directory(tmp_path, kind="bert", single_label=True)
    info = read_info(folder)
    assert info.labels[-1] == "none" and info.calibration.thresholds is None
    assert json.loads(json.dumps(info.to_dict())) == json.loads((folder / "minsheng.json").read_text("utf-8"))
    before = fingerprint(folder)
    assert len(before) == 16 and before == fingerprint(folder)
    (folder / "README.md").write_text("notes", "utf-8")
    assert fingerprint(folder) == before
    weights = load_file(folder / "model.safetensors")
    weights["classifier.bias"][0] += 1e-6
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    assert fingerprint(folder) != before


def change(*keys: str | int, to: Any) -> Callable[[dict[str, Any]], None]:
    def apply(data: dict[str, Any]) -> None:
        place: Any = data
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = to

    return apply


def without(*keys: str | int) -> Callable[[dict[str, Any]], None]:
    def apply(data: dict[str, Any]) -> None:
        place: Any = data
        for key in keys[:-1]:
            place = place[key]
        del place[keys[-1]]

    return apply


TAMPERED = {
    "format": change("format", to=2),
    "format as text": change("format", to="1"),
    "no format": without("format"),
    "problem": change("problem", to="multi"),
    "another problem": change("problem", to="single_label"),
    "a label less": without("labels", 4),
    "labels swapped": change("labels", to=["healthcare", "education", "pensions", "housing", "stability"]),
    "labels a number": change("labels", to=5),
    "a domain less": without("taxonomy", "domains", 0),
    "a domain twice": change("taxonomy", "domains", 1, "key", to="education"),
    "another domain": change("taxonomy", "domains", 1, "key", to="transport"),
    "taxonomy a text": change("taxonomy", to="livelihood"),
    "taxonomy a list": change("taxonomy", to=[1, 2]),
    "taxonomy with an unknown key": change("taxonomy", "colour", to="red"),
    "no taxonomy": without("taxonomy"),
    "a threshold less": without("calibration", "thresholds", 0),
    "a threshold as text": change("calibration", "thresholds", 0, to="0.5"),
    "a threshold of 7": change("calibration", "thresholds", 0, to=7.0),
    "a negative threshold": change("calibration", "thresholds", 0, to=-0.5),
    "a threshold that is no number": change("calibration", "thresholds", 0, to=float("nan")),
    "no thresholds": change("calibration", "thresholds", to=None),
    "temperature 0": change("calibration", "temperature", to=0.0),
    "an endless temperature": change("calibration", "temperature", to=float("inf")),
    "a bound above 1": change("calibration", "abstention", "bound", to=1.5),
    "a bound as text": change("calibration", "abstention", "bound", to="high"),
    "calibration of other domains": change("calibration", "domains", 0, to="transport"),
    "calibration a list": change("calibration", to=[]),
    "preprocessing misspelt": change("preprocessing", "clean", "simplfy", to=True),
    "preprocessing as text": change("preprocessing", "clean", "simplify", to="yes please"),
    "no length": change("preprocessing", "max_tokens", to=0),
    "a length as text": change("preprocessing", "max_tokens", to="384"),
    "a length that is a truth value": change("preprocessing", "max_tokens", to=True),
    "validation a text": change("validation", to="good"),
    "provenance a list": change("provenance", to=[]),
}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_directory(tmp_path_factory.mktemp("plain"), kind="bert", single_label=False)


@pytest.mark.parametrize("name", TAMPERED)
def test_a_tampered_description_is_refused(name: str, plain: Path, tmp_path: Path) -> None:
    data = json.loads((plain / "minsheng.json").read_text("utf-8"))
    read_info(plain)
    TAMPERED[name](data)
    (tmp_path / "minsheng.json").write_text(json.dumps(data, ensure_ascii=False), "utf-8")
    with pytest.raises(ModelError, match=r"minsheng\.json") as caught:
        read_info(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "7", '"text"', "\ufffd" * 9, "[" * 100_000])
def test_a_description_that_is_none_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "minsheng.json").write_text(text, "utf-8")
    with pytest.raises(ModelError, match=r"minsheng\.json") as caught:
        read_info(tmp_path)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500


def test_incomplete_directories_are_refused(plain: Path, tmp_path: Path) -> None:
    cases = {
        "config.json": "not a model directory (no config.json)",
        "model.safetensors": "the directory has no weights (model.safetensors)",
        "minsheng.json": "no minsheng.json",
        "tokenizer.json": "the directory has no tokenizer (tokenizer.json or vocab.txt)",
    }
    for name, message in cases.items():
        folder = tmp_path / name
        shutil.copytree(plain, folder)
        (folder / name).unlink()
        for load in (load_directory, Tagger.load):
            with pytest.raises(ModelError) as caught:
                load(folder)
            assert message in str(caught.value) and str(folder) in str(caught.value)
            assert "\n" not in str(caught.value) and "Hub" not in str(caught.value)
    with pytest.raises(ModelError, match="nowhere: no such model directory"):
        load_directory(tmp_path / "nowhere")


def test_a_head_of_another_size_is_refused(plain: Path, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    shutil.copytree(plain, folder)
    weights = load_file(folder / "model.safetensors")
    weights["classifier.weight"], weights["classifier.bias"] = torch.zeros(3, 16), torch.zeros(3)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    for load in (load_directory, Tagger.load):
        with pytest.raises(ModelError, match="other"):
            load(folder)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    config |= {"id2label": {str(i): str(i) for i in range(3)}, "label2id": {str(i): i for i in range(3)}}
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    with pytest.raises(ModelError, match=r"the head has 3 outputs, minsheng\.json names 5 labels"):
        load_directory(folder)
    names = ["healthcare", "education", "pensions", "housing", "stability"]
    shutil.copy(plain / "model.safetensors", folder)
    config |= {"id2label": dict(enumerate(names)), "label2id": {name: i for i, name in enumerate(names)}}
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    with pytest.raises(ModelError, match="order"):  # the pipeline would name the wrong domain
        load_directory(folder)


def test_a_tokenizer_with_more_tokens_than_the_model_is_refused(plain: Path, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    shutil.copytree(plain, folder)
    data = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    count = len(data["model"]["vocab"])
    for number in range(count, count + 200):
        token = f"新{number}"
        if isinstance(data["model"]["vocab"], dict):
            data["model"]["vocab"][token] = number
        else:
            data["model"]["vocab"].append([token, -9.0])
    (folder / "tokenizer.json").write_text(json.dumps(data), "utf-8")
    with pytest.raises(ModelError, match=r"its tokenizer has \d+ tokens, its model \d+"):
        Tagger.load(folder)


def test_the_temperature_is_folded_into_the_last_layer_only() -> None:
    tokenizer = train_tokenizer(TEXTS, TokenizerConfig(vocabulary=200, rarest=1), positions=64)
    for kind in ("modernbert", "bert"):  # as many labels as hidden units, so that other layers look alike
        architecture = ArchitectureConfig(
            kind=kind, layers=1, hidden=8, intermediate=8, heads=2, positions=64
        )
        config = ModelConfig(max_tokens=40, architecture=architecture)
        labels = [f"d{n}" for n in range(8)]
        model = build_classifier(config, tokenizer, labels=labels, single_label=False, seed=3).eval()
        torch.nn.init.normal_(model.classifier.bias)
        inputs = tokenizer(TEXTS[0], return_tensors="pt")
        before = model(**inputs).logits
        fold_temperature(model, 2.5)
        assert torch.allclose(model(**inputs).logits * 2.5, before, atol=1e-6)
