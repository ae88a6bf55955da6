"""The models that are part of the package: present, small, loadable by anyone, and good."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from transformers import AutoModelForMaskedLM, AutoModelForSequenceClassification, AutoTokenizer, pipeline

from conftest import ROOT
from minsheng import Tagger
from minsheng.config.schema import EvaluateConfig, EvaluationConfig
from minsheng.errors import ModelError
from minsheng.modeling.shipped import ENCODER, TAGGER, shipped
from minsheng.workflows.evaluate import evaluate_model

NAMES = (ENCODER, TAGGER)
SENTENCES = {
    "education": "今年新建公办幼儿园三所，增加学位九百个，从师范院校招聘教师五十六名。",
    "healthcare": "县人民医院开通了夜间门诊，住院费用医保报销比例提高五个百分点。",
    "pensions": "城乡居民基础养老金每人每月上调二十元，新建村级养老服务站十二个。",
    "housing": "东城片区棚户区改造安置房交付六百套，为老小区加装电梯四十一部。",
    "stability": "派出所会同司法所化解邻里纠纷八十七起，破获电信诈骗案件十三起。",
    "": "新修农村公路二十六公里，粮食总产量比上年增长百分之二，规模以上工业企业增加四家。",
}


def folder_of(name: str) -> Path:
    folder = shipped(name)
    assert folder is not None
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_weights_are_safetensors_in_half_precision_with_a_card(name: str) -> None:
    folder = folder_of(name)
    assert not [p.name for p in folder.rglob("*") if p.suffix in (".bin", ".pt", ".pkl", ".pth")]
    with safe_open(folder / "model.safetensors", framework="pt") as weights:
        kinds = {weights.get_slice(key).get_dtype() for key in weights.keys()}  # noqa: SIM118 - no mapping
    assert kinds == {"F16"}
    card = (folder / "README.md").read_text("utf-8")
    assert "license: apache-2.0" in card and "xwlb" in card


def test_together_they_are_small() -> None:
    sizes = [p.stat().st_size for name in NAMES for p in folder_of(name).rglob("*.safetensors")]
    assert len(sizes) >= 2 and sum(sizes) < 40 * 2**20


def test_a_name_that_does_not_ship_is_none_and_a_directory_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shipped("hfl/chinese-macbert-base") is None
    monkeypatch.chdir(tmp_path)
    (tmp_path / TAGGER).mkdir()
    assert shipped(TAGGER) is None


def test_an_installation_without_the_files_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("minsheng.modeling.shipped._FOLDER", tmp_path)
    with pytest.raises(ModelError, match=f"{TAGGER}: .* install minsheng again"):
        Tagger.load()


def test_the_encoder_fills_gaps_with_plain_transformers() -> None:
    model = AutoModelForMaskedLM.from_pretrained(folder_of(ENCODER)).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder_of(ENCODER))
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    right = seen = 0
    for text in SENTENCES.values():
        ids = tokenizer(text, return_tensors="pt")["input_ids"]
        for place in range(1, ids.shape[1] - 1):
            masked = ids.clone()
            masked[0, place] = tokenizer.mask_token_id
            with torch.inference_mode():
                best = model(input_ids=masked).logits[0, place].topk(5).indices
            right, seen = right + int(ids[0, place] in best), seen + 1
    assert seen > 50 and right / seen > 0.25


def test_the_tagger_labels_plain_sentences_as_a_reader_would() -> None:
    tagger = Tagger.load(precision="no")
    for label, tag in zip(SENTENCES, tagger.tag(list(SENTENCES.values())), strict=True):
        assert tag.labels == ((label,) if label else ()), (label, tag.scores)


def test_plain_transformers_give_the_same_probabilities() -> None:
    texts = list(SENTENCES.values())
    folder = folder_of(TAGGER)
    plain = pipeline("text-classification", model=str(folder), top_k=None, device="cpu")
    assert plain.model.dtype == torch.float32
    for tag, found in zip(Tagger.load(precision="no").tag(texts), plain(texts), strict=True):
        assert {row["label"]: row["score"] for row in found} == pytest.approx(tag.scores, abs=1e-4)
    assert AutoModelForSequenceClassification.from_pretrained(folder).config.num_labels == 5


def test_it_is_good_on_the_corpus_that_ships(tmp_path: Path) -> None:
    """Floors well below what the card says: they catch broken weights and broken preparation of text."""
    data = ROOT / "data"
    found = evaluate_model(
        TAGGER, [data / "corpus" / "test.jsonl"], out=tmp_path, contrast_pairs=data / "contrast.jsonl",
        config=EvaluateConfig(precision="no", report=EvaluationConfig(resamples=50)),
    )  # fmt: skip
    assert found.overall.macro.f1.value is not None and found.overall.macro.f1.value > 0.88
    assert found.contrast is not None and (found.contrast.model.share.value or 0) > 0.65
    assert found.evidence is not None and found.evidence.overall.share > 0.7
    assert found.automatic is not None and (found.automatic.share.value or 0) > 0.3
    stored = json.loads((folder_of(TAGGER) / "minsheng.json").read_text("utf-8"))
    assert stored["calibration"]["abstention"]["bound"] is not None
