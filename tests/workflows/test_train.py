from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load_file
from test_run_directory import logged, settings

import minsheng.workflows.train as workflow
from conftest import EXAMPLES, made_records, write_jsonl
from minsheng.config.load import load_config
from minsheng.config.schema import TrainConfig
from minsheng.errors import ConfigError, DataError, ModelError
from minsheng.modeling.directory import read_info
from minsheng.tagging.tagger import Tagger
from minsheng.workflows.train import train

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
    tagger = Tagger.load(tmp_path / "run" / "model", precision="no")
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
    tags = Tagger.load(tmp_path / "run" / "model", precision="no").tag(
        [p.format(n=4, m=66) for p in EXAMPLES.values()]
    )
    assert [tag.labels for tag in tags] == [() if domain is None else (domain,) for domain in EXAMPLES]
    for tag in tags:
        assert set(tag.scores) == set(info.taxonomy.keys) and sum(tag.scores.values()) <= 1 + 1e-9
        assert len(tag.evidence) == len(tag.labels)


def test_two_labels_in_a_single_label_problem_are_refused(run_config: Path, tmp_path: Path) -> None:
    for labels in (["education", "housing"], ["none", "housing"]):
        rows = [*made_records(12), {"id": "two", "text": "账本公开了，新楼也分了钥匙。", "labels": labels}]
        path = write_jsonl(tmp_path / "train.jsonl", rows)
        with pytest.raises(DataError, match="record 'two' has 2 labels; problem: single_label takes one"):
            train(settings(run_config, "problem=single_label", f"data.train={path.as_posix()}"))
    path = write_jsonl(
        tmp_path / "train.jsonl", [{"id": "n", "text": "账本公开了，新楼也分了钥匙。", "labels": ["none"]}]
    )
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
