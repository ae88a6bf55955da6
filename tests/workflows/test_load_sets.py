from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conftest import made_records, write_jsonl
from minsheng.config.schema import TrainConfig
from minsheng.errors import ConfigError, DataError
from minsheng.taxonomy import load_taxonomy
from minsheng.workflows.data import load_sets


def sets_of(tmp_path: Path, first: list[dict[str, Any]], second: list[dict[str, Any]], **data: Any) -> Any:
    names = [
        str(write_jsonl(tmp_path / f"{name}.jsonl", rows)) for name, rows in (("a", first), ("b", second))
    ]
    config = TrainConfig.model_validate(
        {"run": {"output": "x"}, "data": {"train": (names[0],), "validation": (names[1],), **data}}
    )
    return load_sets(config, load_taxonomy("livelihood"))


TEXTS = [
    "山区教学点修好了取暖锅炉，留守的孩子冬天上课不再冻手，老师也愿意留下来长期任教。",
    "社区门诊晚上开到九点，慢性病人下班以后可以来取药，医保当场结算，不用再跑县城。",
    "互助养老院收住了三十二位老人，村里每月补贴伙食费，子女在外打工也能放下心来。",
    "滩区迁建的新楼分了钥匙，六百多户从土坯房搬进带电梯的住宅，产权证年内办齐。",
]


def rows_of(texts: list[str], prefix: str, **more: Any) -> list[dict[str, Any]]:
    return [
        {"id": f"{prefix}{n}", "text": text, "labels": ["education"]} | more for n, text in enumerate(texts)
    ]


def test_a_group_in_both_sets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"the group '2023年报告' stands in training and in validation \(1 such\)"
    ):
        sets_of(
            tmp_path, rows_of(TEXTS[:2], "a", group="2023年报告"), rows_of(TEXTS[2:], "b", group="2023年报告")
        )
    loose = [*rows_of(TEXTS[2:3], "b"), {"text": TEXTS[3], "labels": ["housing"], "id": "x", "group": "a0"}]
    with pytest.raises(DataError, match="the group 'a0'"):  # the id of a record is its group
        sets_of(tmp_path, rows_of(TEXTS[:2], "a"), loose)


def test_two_files_that_count_their_rows_alike_do_not_share_groups(tmp_path: Path) -> None:
    one, two = sets_of(tmp_path, rows_of(TEXTS[:2], "r"), rows_of(TEXTS[2:], "r"))
    assert one.data["id"] == two.data["id"] == ["r0", "r1"]


def test_near_duplicates_across_the_sets_are_refused(tmp_path: Path) -> None:
    copy = "（资料）" + TEXTS[0].replace("取暖锅炉", "新锅炉").replace("，", "、")
    second = [*rows_of(TEXTS[2:], "b"), {"id": "copy", "text": copy, "labels": []}]
    with pytest.raises(
        DataError, match="1 validation records nearly repeat training records, for example 'copy' and 'a0'"
    ):
        sets_of(tmp_path, rows_of(TEXTS[:2], "a"), second)
    sets_of(tmp_path, rows_of(TEXTS[:2], "a"), second, max_duplicates=1)


def test_without_a_validation_file_whole_groups_are_held_out(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "all.jsonl", made_records(120))
    data = {"train": (str(path),), "validation_share": 0.2, "max_duplicates": 1000}
    config = TrainConfig.model_validate({"run": {"output": "x"}, "data": data})
    one, two = load_sets(config, load_taxonomy("livelihood"))
    assert len(one.texts) + len(two.texts) == 120 and 18 <= len(two.texts) <= 30
    assert not set(one.data["group"]) & set(two.data["group"])
    assert two.truth.sum(0).min() >= 2  # of each domain
    with pytest.raises(DataError, match="training and validation both need records"):
        load_sets(
            config.model_copy(update={"data": config.data.model_copy(update={"validation_share": 0.0})}),
            load_taxonomy("livelihood"),
        )


def test_sets_without_any_label_are_refused(tmp_path: Path) -> None:
    labelled = [{"id": "x", "text": TEXTS[0], "labels": ["education"]}]
    with pytest.raises(DataError, match="no validation record has a label"):
        sets_of(tmp_path, labelled, rows_of(TEXTS[2:], "b", labels=[]))
    with pytest.raises(DataError, match="no training record has a label"):
        sets_of(tmp_path, rows_of(TEXTS[2:], "b", labels=[]), labelled)


def test_texts_are_cleaned_as_in_tagging(tmp_path: Path) -> None:
    one, _ = sets_of(tmp_path, rows_of(["縣裡新建小學(xué)三所,學位增加。"], "a"), rows_of(TEXTS, "b"))
    assert one.texts == ["县里新建小学三所，学位增加。"]


def test_joined_texts_need_several_labels(tmp_path: Path) -> None:
    config = TrainConfig.model_validate(
        {"run": {"output": "x"}, "problem": "single_label", "data": {"train": ("x",), "join": 0.2}}
    )
    with pytest.raises(ConfigError, match=r"data\.join: .* problem: multi_label"):
        load_sets(config, load_taxonomy("livelihood"))
