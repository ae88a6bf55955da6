from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load_file

import minsheng.workflows.train as workflow
from conftest import EXAMPLES, made_records, write_jsonl
from minsheng.config.load import load_config
from minsheng.config.schema import TrainConfig
from minsheng.errors import ConfigError, DataError, ModelError, RunError
from minsheng.modeling.directory import read_info
from minsheng.tagging.tagger import Tagger
from minsheng.taxonomy import load_taxonomy
from minsheng.workflows.data import load_sets
from minsheng.workflows.train import train

SHORT = ["schedule.epochs=2"]


def settings(run_config: Path, *overrides: str) -> TrainConfig:
    return load_config(TrainConfig, run_config, [*SHORT, *overrides])


def to(folder: Path) -> str:
    return f"run.output={folder.as_posix()}"


def logged(folder: Path, event: str = "update") -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text("utf-8").splitlines()]
    return [row for row in rows if row["event"] == event]


def stop_at(monkeypatch: pytest.MonkeyPatch, update: int) -> None:
    true_updates = workflow.train_updates

    def stopping(*args: Any, **kwargs: Any) -> Iterator[Any]:
        for step in true_updates(*args, **kwargs):
            if step.update == update:
                raise KeyboardInterrupt
            yield step

    monkeypatch.setattr(workflow, "train_updates", stopping)


# The run directory --------------------------------------------------------------------------------------


def test_a_run_leaves_what_the_contract_says(run_config: Path, tmp_path: Path) -> None:
    summary = train(settings(run_config))
    run = tmp_path / "run"
    names = {p.name for p in run.iterdir()}
    assert names >= {"config.yaml", "log.jsonl", "checkpoints", "model", "finished.json"}
    assert not [name for name in names if name.endswith(".part")]
    assert load_config(TrainConfig, run / "config.yaml") == settings(
        run_config
    )  # resolved, and read back equal
    rows = logged(run)
    assert [row["update"] for row in rows] == list(range(1, 19))
    assert all({"loss", "learning_rate", "gradient_norm", "epoch", "seconds"} <= row.keys() for row in rows)
    assert all(0 < row["learning_rate"] <= 5e-3 for row in rows) and rows[-1]["loss"] < rows[0]["loss"]
    scored = [row["update"] for row in rows if "validation_macro_f1" in row]
    assert scored == [9, 18] and "validation_loss" in rows[8]
    assert (
        json.loads((run / "finished.json").read_text("utf-8"))["validation_macro_f1"]
        == summary["validation_macro_f1"]
    )
    assert read_info(run / "model").validation["records"] == 36


def test_a_finished_run_is_refused_and_overwritten_only_when_told(run_config: Path, tmp_path: Path) -> None:
    train(settings(run_config, "schedule.epochs=1"))
    weights = (tmp_path / "run" / "model" / "model.safetensors").read_bytes()
    (tmp_path / "run" / "notes.txt").write_text("mine", "utf-8")
    with pytest.raises(RunError, match="run: holds a finished run"):
        train(settings(run_config, "schedule.epochs=1"))
    with pytest.raises(RunError, match="run: holds a finished run"):
        train(settings(run_config, "seed=14"))
    assert (tmp_path / "run" / "model" / "model.safetensors").read_bytes() == weights
    train(settings(run_config, "seed=14", "schedule.epochs=1"), overwrite=True)
    assert (tmp_path / "run" / "model" / "model.safetensors").read_bytes() != weights
    assert len(logged(tmp_path / "run", "start")) == 1  # nothing is left of the first


def test_one_seed_gives_one_model(run_config: Path, tmp_path: Path) -> None:
    weights = []
    for name, seed in (("a", 13), ("b", 13), ("c", 14)):
        train(
            settings(
                run_config, to(tmp_path / name), f"seed={seed}", "model.dropout=0.1", "schedule.epochs=1"
            )
        )
        weights.append((tmp_path / name / "model" / "model.safetensors").read_bytes())
    assert weights[0] == weights[1] != weights[2]
    infos = [json.loads((tmp_path / name / "model" / "minsheng.json").read_text("utf-8")) for name in "abc"]
    assert infos[0] == infos[1]  # where a run was written is not part of the model
    assert infos[0]["provenance"]["config"] != infos[2]["provenance"]["config"]


def test_an_unfinished_run_of_another_config_is_refused(
    run_config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        stop_at(patch, 8)
        train(settings(run_config))
    with pytest.raises(RunError, match=r"\(optimizer\.learning_rate, seed differ\)"):
        train(settings(run_config, "optimizer.learning_rate=1e-3", "seed=2"))
    train(settings(run_config, "run.checkpoint_updates=50"))  # changes nothing that is learnt
    assert [row["update"] for row in logged(tmp_path / "run", "start")] == [0, 6]


def test_data_changed_in_the_middle_of_a_run_is_refused(
    run_config: Path, labelled: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "train.jsonl"
    data.write_bytes(labelled[0].read_bytes())
    config = settings(run_config, f"data.train={data.as_posix()}")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        stop_at(patch, 8)
        train(config)
    rows = [json.loads(line) for line in data.read_text("utf-8").splitlines()]
    write_jsonl(data, [*rows[:-1], rows[-1] | {"labels": ["housing"]}])
    with pytest.raises(RunError, match="the data changed since this run began"):
        train(config)
    write_jsonl(data, rows)
    train(config)


@pytest.mark.parametrize("content", [None, "run: {name: x}\n", "lr: 1e-3\n", "- a\n", "\x00", ""])
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_directory_of_somebody_else_is_never_touched(
    content: str | None, overwrite: bool, run_config: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "thesis.txt").write_text("three years of work", "utf-8")
    if content is not None:
        (folder / "config.yaml").write_text(content, "utf-8")
    before = sorted(p.relative_to(folder) for p in folder.rglob("*"))
    with pytest.raises(RunError, match="not a run directory"):
        train(settings(run_config), overwrite=overwrite)
    assert sorted(p.relative_to(folder) for p in folder.rglob("*")) == before


def test_a_run_stopped_in_its_first_moment_can_be_started_again(run_config: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.yaml.part").write_text("ru", "utf-8")
    train(settings(run_config, "schedule.epochs=1"))
    assert (tmp_path / "run" / "finished.json").exists()


def test_a_file_where_the_directory_should_be(run_config: Path, tmp_path: Path) -> None:
    (tmp_path / "run").write_text("x", "utf-8")
    with pytest.raises(RunError, match="run: is a file"):
        train(settings(run_config), overwrite=True)


# Leaks --------------------------------------------------------------------------------------------------


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


# Other problems than the five domains -------------------------------------------------------------------

VILLAGE = {
    "roads": ("道路", "村道硬化{n}公里，坑洼路段全部填平，桥栏加固{m}处。"),
    "water": ("饮水", "自来水管网通到{n}个组，水塔清洗{m}次，水质检测合格。"),
    "crops": ("种植", "水稻插秧{m}亩，油菜长势良好，请来农技员指导{n}回。"),
    "animals": ("养殖", "生猪出栏{m}头，牛羊打了疫苗，鸡舍消毒{n}遍。"),
    "forest": ("林业", "栽种杉树{m}株，护林员巡山{n}趟，没有发生山火。"),
    "festival": ("文化", "庙会唱了{n}天大戏，舞龙队排练{m}回，书屋添了新书。"),
    "accounts": ("账目", "集体收入{m}万元，账本每季公开{n}次，开支由村民代表审核。"),
}


def test_seven_invented_domains_from_a_csv(tmp_path: Path) -> None:
    taxonomy = tmp_path / "village.yaml"
    domains = "".join(f"  - {{key: {key}, name: {name}}}\n" for key, (name, _) in VILLAGE.items())
    taxonomy.write_text(f"name: village\ndomains:\n{domains}", "utf-8")
    for name, first in (("train", 0), ("validation", 100)):
        with (tmp_path / f"{name}.csv").open("w", encoding="utf-8-sig", newline="") as out:
            table = csv.writer(out)
            table.writerow(["text", "labels"])
            for n in range(first, first + 10):
                for key, (_, pattern) in VILLAGE.items():
                    table.writerow([pattern.format(n=n % 9 + 2, m=n + 31), key])
                both = VILLAGE["roads"][1] + VILLAGE["water"][1]
                table.writerow([both.format(n=n % 9 + 2, m=n + 31), "water；roads"])
    config = tmp_path / "run.yaml"
    config.write_text(
        f"""
run: {{output: {(tmp_path / "run").as_posix()}, precision: "no", threads: 1}}
taxonomy: {taxonomy.as_posix()}
data:
  train: {(tmp_path / "train.csv").as_posix()}
  validation: {(tmp_path / "validation.csv").as_posix()}
  max_duplicates: 1000
model:
  architecture: {{layers: 1, hidden: 32, intermediate: 48, heads: 2}}
  tokenizer: {{vocabulary: 400, rarest: 1}}
batches: {{examples: 8, tokens: 512}}
optimizer: {{learning_rate: 1e-2}}
schedule: {{epochs: 12}}
stop: {{patience: 12}}
""",
        "utf-8",
    )
    train(load_config(TrainConfig, config))
    tagger = Tagger.load(tmp_path / "run" / "model")
    assert tagger.domains == tuple(VILLAGE)
    texts = [pattern.format(n=5, m=77) for _, pattern in VILLAGE.values()]
    assert [tag.labels for tag in tagger.tag(texts)] == [(key,) for key in VILLAGE]
    assert read_info(tmp_path / "run" / "model").taxonomy.names("zh")[0] == "道路"


def single_label_files(tmp_path: Path) -> tuple[str, str]:
    rows = made_records(108)
    for number, row in enumerate(rows):  # the none class said in words, or by no label
        row["labels"] = row["labels"] or (["none"] if number % 4 else [])
    return tuple(
        f"data.{name}={write_jsonl(tmp_path / f'{name}.jsonl', part).as_posix()}"
        for name, part in (("train", rows[:72]), ("validation", rows[72:]))
    )  # type: ignore[return-value]


def test_single_label_with_a_none_class(run_config: Path, tmp_path: Path) -> None:
    train(
        settings(
            run_config,
            "problem=single_label",
            "schedule.epochs=12",
            "stop.metric=loss",
            *single_label_files(tmp_path),
        )
    )
    info = read_info(tmp_path / "run" / "model")
    assert info.single_label and info.calibration.thresholds is None
    assert info.labels == (*info.taxonomy.keys, "none")
    tags = Tagger.load(tmp_path / "run" / "model").tag([p.format(n=4, m=66) for p in EXAMPLES.values()])
    assert [tag.labels for tag in tags] == [() if domain is None else (domain,) for domain in EXAMPLES]
    for tag in tags:
        assert set(tag.scores) == set(info.taxonomy.keys) and sum(tag.scores.values()) <= 1 + 1e-9
        assert len(tag.evidence) == len(tag.labels)


def test_two_labels_in_a_single_label_problem_are_refused(run_config: Path, tmp_path: Path) -> None:
    for labels in (["education", "housing"], ["none", "housing"]):
        rows = [*made_records(12), {"id": "two", "text": TEXTS[0], "labels": labels}]
        path = write_jsonl(tmp_path / "train.jsonl", rows)
        with pytest.raises(DataError, match="record 'two' has 2 labels; problem: single_label takes one"):
            train(settings(run_config, "problem=single_label", f"data.train={path.as_posix()}"))
    path = write_jsonl(tmp_path / "train.jsonl", [{"id": "n", "text": TEXTS[0], "labels": ["none"]}])
    with pytest.raises(DataError, match="line 1: unknown label 'none'"):  # of several labels none is no label
        train(settings(run_config, f"data.train={path.as_posix()}"))
    assert not (tmp_path / "run").exists()


# Stopping early, trackers, encoders ---------------------------------------------------------------------


def test_training_stops_early_and_keeps_the_best(
    run_config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = iter([0.3, 0.6, 0.6, 0.5, 0.9, 0.9, 0.9])
    states: list[dict[str, Any]] = []
    true_judge = workflow._judge

    def score(*_: Any) -> dict[str, float]:
        return {"loss": 1.0, "macro_f1": next(given), "micro_f1": 0.0}

    def judge(config: Any, best: Any, scores: Any, step: Any, weights: Any) -> Any:
        states.append({name: value.clone().numpy() for name, value in weights.items()})
        return true_judge(config, best, scores, step, weights)

    monkeypatch.setattr(workflow, "_score", score)
    monkeypatch.setattr(workflow, "_judge", judge)
    summary = train(settings(run_config, "schedule.epochs=7", "stop.patience=2"))
    assert summary["best_update"] == 18  # the first of the two with 0.6
    assert logged(tmp_path / "run")[-1]["update"] == 36  # two evaluations later
    saved = load_file(tmp_path / "run" / "model" / "model.safetensors")
    inner = [
        name for name in saved if not name.startswith("classifier")
    ]  # the head has the temperature in it
    assert inner and all((saved[name] == states[1][name]).all() for name in inner)
    assert any((saved[name] != states[3][name]).any() for name in inner)


def test_the_loss_can_be_what_counts(
    run_config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = iter([2.0, 1.0, 1.5])
    monkeypatch.setattr(
        workflow, "_score", lambda *_: {"loss": next(given), "macro_f1": 0.0, "micro_f1": 0.0}
    )
    assert train(settings(run_config, "schedule.epochs=3", "stop.metric=loss"))["best_update"] == 18


def test_trackers_by_name(run_config: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    train(settings(run_config, "run.trackers=[tensorboard]", "schedule.epochs=1"))
    (events,) = (tmp_path / "run").rglob("events.out.tfevents.*")
    found = EventAccumulator(str(events.parent))
    found.Reload()
    scalars = {name: [event.step for event in found.Scalars(name)] for name in found.Tags()["scalars"]}
    assert scalars["loss"] == scalars["learning_rate"] == list(range(1, 10))
    assert scalars["validation_macro_f1"] == [9]


def test_a_tracker_that_is_unknown_or_missing_is_refused(
    run_config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(
        ConfigError, match=r"run\.trackers: unknown tracker 'tensorbord'; did you mean 'tensorboard'"
    ):
        train(settings(run_config, "run.trackers=tensorbord"))
    monkeypatch.setattr("accelerate.tracking._available_trackers", [])
    with pytest.raises(ConfigError, match=r"run\.trackers: 'tensorboard' is not installed"):
        train(settings(run_config, "run.trackers=tensorboard"))
    assert not (tmp_path / "run").exists()


def test_an_encoder_that_cannot_be_had_is_one_line(run_config: Path, tmp_path: Path) -> None:
    for name in ("some-lab/no-such-bert", (tmp_path / "nothing").as_posix()):
        with pytest.raises(ModelError) as caught:
            train(settings(run_config, f"model.name={name}"))
        assert str(caught.value).startswith(f"{name}: ") and "\n" not in str(caught.value)


def test_fine_tuning_a_given_encoder(run_config: Path, tmp_path: Path, model_directory: Path) -> None:
    train(settings(run_config, f"model.name={model_directory.as_posix()}", "schedule.epochs=1"))
    info = read_info(tmp_path / "run" / "model")
    assert info.provenance["base"] == model_directory.as_posix()
    assert info.validation["macro_f1"] > 0.9  # it knew the task already
    assert not (tmp_path / "run" / "tokenizer").exists()
