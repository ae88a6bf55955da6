from __future__ import annotations

import dataclasses
import random
import shutil
from pathlib import Path

import numpy as np
import pytest

import minsheng
from conftest import EXAMPLES, made_records
from minsheng.documents.sentences import sentences
from minsheng.errors import ModelError
from minsheng.modeling.directory import load_directory, save_directory
from minsheng.modeling.precision import make_accelerator
from minsheng.tagging.tagger import Tag, Tagger

DOMAINS = ("education", "healthcare", "pensions", "housing", "stability")
LONG = "".join(EXAMPLES[domain].format(n=5, m=60) for domain in ("education", None, "housing", "healthcare"))
TEXTS = [
    *(str(row["text"]) for row in made_records(30)), LONG, "路。", EXAMPLES["housing"].format(n=3, m=9) + "\n" + LONG,
]  # fmt: skip


@pytest.fixture(scope="module")
def tagger(model_directory: Path) -> Tagger:
    return Tagger.load(model_directory, precision="no")


def with_bound(tagger: Tagger, bound: float, *, threshold: float = 0.5) -> Tagger:
    """The same model, accepting every label set of which it is at least so sure."""
    rule = dataclasses.replace(tagger.info.calibration.abstention, bound=bound)
    calibration = dataclasses.replace(
        tagger.info.calibration, abstention=rule, thresholds=(threshold,) * len(DOMAINS)
    )
    info = dataclasses.replace(tagger.info, calibration=calibration)
    return Tagger(tagger._forward, tagger._tokenizer, info, folder=tagger.folder)


def assert_same(one: list[Tag], two: list[Tag], *, within: float = 1e-5) -> None:
    assert len(one) == len(two) > 0
    for a, b in zip(one, two, strict=True):
        assert (a.labels, a.decision) == (b.labels, b.decision)
        assert a.scores == pytest.approx(b.scores, abs=within)
        spans = [[(e.label, e.start, e.end) for e in tag.evidence] for tag in (a, b)]
        assert spans[0] == spans[1]
        assert [e.score for e in a.evidence] == pytest.approx([e.score for e in b.evidence], abs=within)


def test_a_model_that_knows_its_data_gives_its_labels(tagger: Tagger) -> None:
    rows = made_records(60)
    tags = tagger.tag([str(row["text"]) for row in rows])
    assert sum(list(tag.labels) == row["labels"] for tag, row in zip(tags, rows, strict=True)) >= 58
    for tag in tags:
        assert tuple(tag.scores) == tagger.domains == DOMAINS
        assert all(0.0 <= score <= 1.0 for score in tag.scores.values())
        assert tag.decision in ("auto", "review")
        assert [e.label for e in tag.evidence] == list(tag.labels) == [d for d in DOMAINS if d in tag.labels]


def test_batches_and_order_do_not_matter(tagger: Tagger, model_directory: Path) -> None:
    together = tagger.tag(TEXTS)
    assert_same(together, [tagger.tag([text])[0] for text in TEXTS])
    assert_same(together, Tagger.load(model_directory, precision="no", batch_tokens=60).tag(TEXTS))
    order = random.Random(1).sample(range(len(TEXTS)), len(TEXTS))
    shuffled = tagger.tag([TEXTS[i] for i in order])
    assert_same([together[i] for i in order], shuffled)
    assert_same(together, tagger.tag(TEXTS), within=0.0)


def test_thresholds_decide_and_nothing_else(tagger: Tagger) -> None:
    thresholds = tagger.info.calibration.thresholds
    assert thresholds is not None
    given = 0
    for tag in tagger.tag(TEXTS, evidence=False):
        scores = list(tag.scores.values())
        wanted = tuple(
            d for d, score, bound in zip(DOMAINS, scores, thresholds, strict=True) if score >= bound
        )
        assert tag.labels == wanted and tag.evidence == ()
        given += len(wanted)
    assert given > 20


def test_scores_are_the_sigmoid_of_the_logits(tagger: Tagger) -> None:
    logits = tagger.logits(TEXTS)
    expected = 1.0 / (1.0 + np.exp(-logits))
    tags = tagger.tag(TEXTS, clean=False, evidence=False)
    assert np.allclose([list(tag.scores.values()) for tag in tags], expected, atol=1e-9)


def test_evidence_is_the_sentence_that_scores_best_alone(tagger: Tagger) -> None:
    tagger = with_bound(tagger, 0.0, threshold=0.0)  # every label, so that there is much to show
    tags = tagger.tag(TEXTS, clean=False)
    seen = several = 0
    for text, tag in zip(TEXTS, tags, strict=True):
        spans = sentences(text)
        alone = [tagger.tag([text[a:b]], clean=False, evidence=False)[0] for a, b in spans]
        for evidence in tag.evidence:
            scores = [sentence.scores[evidence.label] for sentence in alone]
            best = int(np.argmax(scores))
            assert (evidence.start, evidence.end) == spans[best]
            assert evidence.score == pytest.approx(scores[best], abs=1e-5)
            seen += 1
            several += len(spans) > 1
    assert seen > 20 and several >= 2
    found = {e.label: LONG[e.start : e.end] for e in tags[TEXTS.index(LONG)].evidence}
    for domain in ("education", "housing", "healthcare"):  # each shows its own sentence
        assert found[domain] == EXAMPLES[domain].format(n=5, m=60)


def test_text_is_cleaned_as_for_training(tagger: Tagger) -> None:
    plain = EXAMPLES["education"].format(n=5, m=60)
    dirty = "縣裡新建小學(xué)5所,招聘教師60名,孩子們在家門口上學,學位增加60個。"
    (clean,), (raw,), (wanted,) = (
        tagger.tag([dirty]), tagger.tag([dirty], clean=False), tagger.tag([plain.replace("县里", "县里")]),
    )  # fmt: skip
    assert_same([clean], [wanted], within=0.0)
    assert raw.scores != clean.scores
    (evidence,) = clean.evidence
    assert (evidence.start, evidence.end) == (0, len(plain))  # into the cleaned text


def test_what_is_no_chinese_prose_goes_to_review(tagger: Tagger) -> None:
    eager = with_bound(tagger, 0.0)
    chinese = [EXAMPLES["education"].format(n=5, m=60), "GDP 增长 5.2%，新建 5G 基站，群众办事方便多了。"]
    assert [tag.decision for tag in eager.tag(chinese[:1])] == ["auto"]
    foreign = [
        "The county opened five new primary schools last year.",
        "12.5 | 33,048 | 7.1% | 2023 | 105 | 0.98",
        "――――――――",
        "",
        "   \n",
        "龘靐齉爩鱻麤龗灪吁龖厵滟爨癵籱饢驫鲡鹂鸾",  # words that it has never seen
        "Школы и больницы",
    ]
    assert [tag.decision for tag in eager.tag(foreign)] == ["review"] * len(foreign)
    sure = with_bound(tagger, 1.0)
    assert [tag.decision for tag in sure.tag(chinese)] == ["review"] * 2


def test_prose_unlike_the_training_text_goes_to_review(tagger: Tagger, tmp_path: Path) -> None:
    texts = [str(row["text"]) for row in made_records(108)[72:74]]  # of its validation set
    novel = [text[::-1] for text in texts]  # characters that it knows, as it never saw them
    eager = with_bound(tagger, 0.0)
    assert [tag.decision for tag in eager.tag(texts + novel)] == ["auto"] * 2 + ["review"] * 2
    older = tmp_path / "older"
    shutil.copytree(tagger.folder, older)
    (older / "familiarity.safetensors").unlink()  # as models of earlier versions
    unaware = Tagger.load(older, precision="no")
    assert unaware.fingerprint != tagger.fingerprint
    assert [tag.decision for tag in with_bound(unaware, 0.0).tag(novel)] == ["auto"] * 2


def test_nothing_gives_nothing(tagger: Tagger) -> None:
    assert tagger.tag([]) == []
    (empty,) = tagger.tag([""])
    assert set(empty.scores) == set(DOMAINS) and empty.decision == "review"


def test_saved_and_loaded_again_it_gives_the_same_answer(
    tagger: Tagger, model_directory: Path, tmp_path: Path
) -> None:
    model, tokenizer, info = load_directory(model_directory)
    save_directory(tmp_path / "copy", model=model, tokenizer=tokenizer, info=info)
    copy = Tagger.load(tmp_path / "copy", precision="no")
    assert copy.info == tagger.info
    assert_same(copy.tag(TEXTS), tagger.tag(TEXTS), within=0.0)
    assert Tagger.load(str(model_directory), precision="no").fingerprint == tagger.fingerprint


def test_a_precision_used_before_does_not_stay(tagger: Tagger, model_directory: Path) -> None:
    wanted = tagger.tag(TEXTS[:3])
    assert make_accelerator(precision="bf16").mixed_precision == "bf16"  # as training may choose
    assert_same(Tagger.load(model_directory, precision="no").tag(TEXTS[:3]), wanted, within=0.0)
    assert make_accelerator(precision="no").mixed_precision == "no"


def test_the_front_door(model_directory: Path, tmp_path: Path) -> None:
    assert minsheng.Tagger is Tagger
    with pytest.raises(ModelError, match="no such model directory"):
        minsheng.Tagger.load(tmp_path / "nothing")
