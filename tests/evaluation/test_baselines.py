"""TF-IDF + logistic regression against scikit-learn's own pipeline; saved and loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from minsheng.config.schema import BaselineConfig
from minsheng.errors import DataError, ModelError
from minsheng.evaluation.baselines import Baseline, fit_baseline, load_baseline

DOMAINS = ["education", "healthcare", "fishing"]
SUBJECTS = {
    "education": ["新建三所乡村小学", "为山区老师发放补贴", "职校与企业合办课程"],
    "healthcare": ["县医院增加门诊", "村医每月上门一次", "降低常用药的价格"],
}
FRAMES = [
    "今年镇里{}，群众很满意。",
    "去年以来，我们{}。",
    "计划在秋天以前{}，钱已经备好。",
    "据介绍，{}是头一件事。",
]


def corpus() -> tuple[list[str], Any]:
    texts, labels = [], []
    for frame in FRAMES:
        for index, subjects in enumerate(SUBJECTS.values()):
            for subject in subjects:
                texts.append(frame.format(subject))
                labels.append([index == 0, index == 1, False])
        texts.append(frame.format("修好了通往码头的路"))
        labels.append([False, False, False])
    return texts, np.array(labels)


@pytest.fixture(scope="module")
def fitted() -> Baseline:
    texts, truth = corpus()
    return fit_baseline(texts, truth, domains=DOMAINS, config=BaselineConfig(), seed=0)


def test_scores_equal_the_unhashed_pipeline(fitted: Baseline) -> None:
    texts, truth = corpus()
    new = ["秋天以前新建两所小学", "村医到码头看门诊", "Road works", ""]
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True, min_df=2)
    features, unseen = vectorizer.fit_transform(texts), vectorizer.transform(new)
    assert fitted.buckets.shape == (features.shape[1],)
    scores = fitted.scores(new)
    for domain in range(2):
        model = LogisticRegression(C=30.0, class_weight="balanced", max_iter=1000).fit(
            features, truth[:, domain]
        )
        np.testing.assert_allclose(scores[:, domain], model.predict_proba(unseen)[:, 1], atol=0.005)
    assert ((fitted.scores(texts) >= 0.5) == truth).all()


def test_a_domain_without_an_example_has_a_low_constant_score(fitted: Baseline) -> None:
    texts, _ = corpus()
    scores = fitted.scores(texts)[:, 2]
    assert scores == pytest.approx(1 / (len(texts) + 2))


def test_saved_baseline_gives_the_same_scores_and_holds_no_text(fitted: Baseline, tmp_path: Path) -> None:
    texts, _ = corpus()
    folder = tmp_path / "baselines"
    fitted.save(folder)
    again = load_baseline(folder)
    assert again.domains == tuple(DOMAINS)
    assert (again.scores(texts) == fitted.scores(texts)).all()
    files = sorted(path.name for path in folder.iterdir())
    assert files == ["tfidf.json", "tfidf.safetensors"]
    assert not any("小学".encode() in path.read_bytes() for path in folder.iterdir())


def test_features_are_limited_to_the_most_frequent(fitted: Baseline) -> None:
    texts, truth = corpus()
    small = fit_baseline(texts, truth, domains=DOMAINS, config=BaselineConfig(features=20), seed=0)
    assert len(small.buckets) == 20 and set(small.buckets) <= set(fitted.buckets)
    none = fit_baseline(texts, truth, domains=DOMAINS, config=BaselineConfig(texts=99), seed=0)
    assert not len(none.buckets) and none.scores(["小学"]).shape == (1, 3)
    assert fitted.scores([]).shape == (0, 3)


def test_errors_name_what_is_wrong(fitted: Baseline, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"\(2, 2\)"):
        fit_baseline(["一", "二"], np.zeros((2, 2)), domains=DOMAINS, config=BaselineConfig(), seed=0)
    with pytest.raises(ModelError, match=r"tfidf\.safetensors: missing"):
        load_baseline(tmp_path)
    fitted.save(tmp_path)
    (tmp_path / "tfidf.safetensors").write_bytes(b"not tensors at all")
    with pytest.raises(ModelError, match="train the model again"):
        load_baseline(tmp_path)
