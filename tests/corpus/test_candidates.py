"""Documents → unlabelled rows, and the keyword rule's labels for them."""

from __future__ import annotations

from pathlib import Path

from minsheng.config.schema import DocumentsConfig
from minsheng.corpus.candidates import RULE, candidates, suggest
from minsheng.documents.values import Failure
from minsheng.taxonomy import Taxonomy, keyword_labels, load_taxonomy

TAXONOMY = load_taxonomy("livelihood")


def test_candidates_are_passages_with_their_document_as_group(tmp_path: Path) -> None:
    report = tmp_path / "报告.txt"
    report.write_text(
        "全县新建小学三所，招聘教师八十名，孩子们在家门口上学。\n今年修好了通往八个村的水泥路，客车每天两班。\n",
        encoding="utf-8",
    )
    rows = list(candidates([str(report), str(tmp_path / "没有.txt")], config=DocumentsConfig()))
    *passages, failure = rows
    assert isinstance(failure, Failure) and failure.code == "missing"
    assert [row["id"] for row in passages if isinstance(row, dict)] == [f"{report}:0", f"{report}:1"]
    for row in passages:
        assert isinstance(row, dict) and row["group"] == str(report) and "labels" not in row


def test_suggest_marks_its_labels_as_weak_and_counts() -> None:
    texts = ["招聘教师八十名，公租房交付二百套。", "今年修好了水泥路。", "乡镇卫生院添了两台设备。"]
    weak = suggest([{"id": str(n), "text": text} for n, text in enumerate(texts)], TAXONOMY)
    assert [row["labels"] for row in weak.rows] == [list(keyword_labels(text, TAXONOMY)) for text in texts]
    assert {row["annotator"] for row in weak.rows} == {RULE}
    assert (weak.coverage, weak.overlaps, weak.conflicts) == (2, 1, 0)
    assert weak.domains == {"education": 1, "healthcare": 1, "pensions": 0, "housing": 1, "stability": 0}
    words = weak.rows[0]["keywords"]
    assert set(words) == {"education", "housing"} and all(
        word in texts[0] for found in words.values() for word in found
    )
    assert "keywords" not in weak.rows[1]


def test_words_that_two_domains_claim_are_conflicts() -> None:
    domains = [
        {"key": "care", "name": "照护", "keywords": ["养老服务"]},
        {"key": "work", "name": "就业", "keywords": ["服务岗位", "招工"]},
    ]
    taxonomy = Taxonomy.from_dict({"name": "two", "domains": domains})
    rows = [{"id": "1", "text": "养老服务岗位不足"}, {"id": "2", "text": "养老服务改善，招工增加"}]
    weak = suggest(rows, taxonomy)
    assert (weak.coverage, weak.overlaps, weak.conflicts) == (2, 2, 1)
    assert weak.contested == (("养老服务 (care) / 服务岗位 (work)", 1),)
