from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from datasets import Dataset
from safetensors.numpy import load_file
from test_run_directory import logged, stop_at

import minsheng.workflows.distill as workflow
from conftest import EXAMPLES, made_records, write_jsonl
from minsheng.config.distill import DistillConfig
from minsheng.config.load import load_config
from minsheng.config.schema import CleanConfig
from minsheng.errors import ConfigError, DataError, MinshengError, ModelError, RunError
from minsheng.modeling.directory import fingerprint, read_info
from minsheng.tagging.tagger import Tagger
from minsheng.workflows.data import LabelledSet
from minsheng.workflows.distill import distill
from minsheng.workflows.distill_data import read_unlabelled

CONFIG = """
run: {{output: {output}, checkpoint_updates: 3, precision: "no", threads: 1}}
teacher: {teacher}
student: {{architecture: {{layers: 1, hidden: 16, intermediate: 24, heads: 2}}}}
data: {{train: {train}, validation: {validation}, max_duplicates: 1000}}
batches: {{examples: 8, tokens: 256}}
optimizer: {{learning_rate: 1e-2}}
schedule: {{epochs: 2}}
"""


@pytest.fixture
def config_file(labelled: tuple[Path, Path], model_directory: Path, tmp_path: Path) -> Path:
    path = tmp_path / "distill.yaml"
    names = {
        "train": labelled[0],
        "validation": labelled[1],
        "teacher": model_directory,
        "output": tmp_path / "run",
    }
    path.write_text(
        CONFIG.format(**{key: value.as_posix() for key, value in names.items()}), encoding="utf-8"
    )
    return path


def settings(path: Path, *overrides: str) -> DistillConfig:
    return load_config(DistillConfig, path, overrides)


def reports(folder: Path, count: int = 12) -> Path:
    folder.mkdir()
    for n in range(count):
        text = "\n\n".join(
            f"第{n + 3}号村{'东西南北'[n % 4]}片本季度的情况：{pattern.format(n=n + 40, m=211 * n + 5)}"
            for pattern in EXAMPLES.values()
        )
        (folder / f"{n:02d}.txt").write_text(text, encoding="utf-8")
    return folder


def test_a_student_says_what_its_teacher_says(
    config_file: Path, model_directory: Path, tmp_path: Path
) -> None:
    folder = reports(tmp_path / "reports")
    repeated = made_records(108)[80]["text"]  # a validation text
    (folder / "repeated.txt").write_text(
        f"{repeated}\n\n太短。\n\n{made_records(1)[0]['text']}", encoding="utf-8"
    )
    (folder / "bad.docx").write_bytes(b"PK\x03\x04")
    summary = distill(settings(config_file, f"data.unlabelled={folder.as_posix()}", "schedule.epochs=20"))
    run, teacher = tmp_path / "run", Tagger.load(model_directory, precision="no")
    info = read_info(run / "model")
    assert info.taxonomy == teacher.info.taxonomy and info.clean == teacher.info.clean
    assert info.max_tokens == teacher.info.max_tokens
    assert info.provenance["teacher"] == fingerprint(model_directory)
    (read,) = logged(run, "unlabelled")
    # What is labelled, too short or like a validation text was left out.
    assert 40 <= read["passages"] <= 72 and info.provenance["unlabelled"] == read["passages"]
    assert len(read["unread"]) == 1 and "bad.docx" in read["unread"][0]
    assert logged(run, "start")[0]["records"] == 72 + read["passages"]
    texts = [pattern.format(n=n + 3, m=7 * n + 60) for n in range(5) for pattern in EXAMPLES.values()]
    student = Tagger.load(run / "model", precision="no")
    pairs = [
        (tag.labels, other.labels) for tag, other in zip(student.tag(texts), teacher.tag(texts), strict=True)
    ]
    assert sum(one == two for one, two in pairs) >= 0.9 * len(pairs) and len({two for _, two in pairs}) == 6
    finished = json.loads((run / "finished.json").read_text("utf-8"))
    assert finished.items() >= summary.items()
    assert finished["student_macro_f1"] == pytest.approx(finished["validation_macro_f1"], abs=0.05)
    assert finished["teacher_macro_f1"] > 0.9 and finished["same_labels"] > 0.8
    cost = finished["cost"]
    assert cost["student"]["operations"] * 3 < cost["teacher"]["operations"] and cost["passages"] == 36
    assert all(cost[who]["passages_a_second"] > 0 for who in ("student", "teacher"))
    card = (run / "model" / "README.md").read_text("utf-8")
    assert (
        "## Beside its teacher" in card and fingerprint(model_directory) in card and "Distilled from" in card
    )


def test_the_teacher_reaches_the_loss(
    config_file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With another teacher the first loss is another, but not where the labels alone count."""
    true_logits = workflow.teacher_logits
    losses: dict[tuple[bool, str], float] = {}
    for turned in (False, True):
        sign = -1.0 if turned else 1.0
        monkeypatch.setattr(
            workflow, "teacher_logits", lambda *a, s=sign, **k: np.float32(s) * true_logits(*a, **k)
        )
        for weight in ("0", "1"):
            out = tmp_path / f"{turned}{weight}"
            distill(
                settings(
                    config_file, f"mix.weight={weight}", "schedule.epochs=1", f"run.output={out.as_posix()}"
                )
            )
            losses[turned, weight] = logged(out)[0]["loss"]
    assert losses[False, "0"] == losses[True, "0"]
    assert abs(losses[False, "1"] - losses[True, "1"]) > 1e-3


def test_a_stopped_run_resumes_to_the_same_weights(
    config_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = reports(tmp_path / "reports", 2)
    more = ["student.dropout=0.2", "stop.average=0.9", f"data.unlabelled={folder.as_posix()}"]
    distill(settings(config_file, *more, f"run.output={(tmp_path / 'whole').as_posix()}"))
    parts = settings(config_file, *more, f"run.output={(tmp_path / 'parts').as_posix()}")
    with monkeypatch.context() as patched:
        for update in (4, 9):
            stop_at(patched, update)
            with pytest.raises(KeyboardInterrupt):
                distill(parts)
    assert not (tmp_path / "parts" / "model").exists()
    asked: list[int] = []
    true_logits = Tagger.logits
    with monkeypatch.context() as patched:
        patched.setattr(
            Tagger,
            "logits",
            lambda self, texts, **k: asked.append(len(texts)) or true_logits(self, texts, **k),
        )
        # What the teacher said is not computed again: only the speeds of both are measured.
        patched.setattr(workflow, "_beside_teacher", lambda *a, **k: {})
        distill(parts)
    assert not asked
    one, two = ((tmp_path / name / "model" / "model.safetensors").read_bytes() for name in ("whole", "parts"))
    assert one == two


def test_another_teacher_or_other_text_is_another_run(
    config_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = reports(tmp_path / "reports", 2)
    config = settings(config_file, f"data.unlabelled={folder.as_posix()}")
    with monkeypatch.context() as patched:
        stop_at(patched, 4)
        with pytest.raises(KeyboardInterrupt):
            distill(config)
        (folder / "00.txt").write_text(
            "镇上的小学添了两间教室，操场也铺了新的草皮，孩子们很高兴。", encoding="utf-8"
        )
        with pytest.raises(RunError, match="the data changed since this run began"):
            distill(config)
        monkeypatch.setattr(Tagger, "load", changed(Tagger.load))
        with pytest.raises(RunError, match="the data changed since this run began"):
            distill(config)


def changed(load: Any) -> Any:
    def other(*arguments: Any, **named: Any) -> Tagger:
        tagger: Tagger = load(*arguments, **named)
        tagger.fingerprint = "0" * 16
        return tagger

    return other


def test_a_student_that_begins_with_an_encoder(
    config_file: Path, model_directory: Path, tmp_path: Path
) -> None:
    distill(
        settings(config_file, f"student.name={model_directory.as_posix()}", "optimizer.learning_rate=1e-3")
    )
    info = read_info(tmp_path / "run" / "model")
    assert info.provenance["base"] == model_directory.as_posix() and info.validation["macro_f1"] > 0.9


def test_what_the_teacher_labels(config_file: Path, tmp_path: Path) -> None:
    """New passages once, in order, then sentences; nothing like a validation text."""
    folder = tmp_path / "reports"
    folder.mkdir()
    new = "村里的老戏台翻修好了，正月里唱了三天大戏。来看戏的人站满了晒谷场，卖糖人的也来了。"
    (folder / "a.txt").write_text(f"{new}\n\n短句不要。\n\n{new}", encoding="utf-8")
    (folder / "b.txt").write_text(
        "验证集里有一句：水渠清淤之后灌溉方便多了，大家都这么说。", encoding="utf-8"
    )

    def texts_of(*texts: str) -> LabelledSet:
        return LabelledSet(Dataset.from_dict({"text": list(texts)}), fingerprint="")

    sets = (
        texts_of("山路通了车，茶叶当天就能送进城里。采茶的季节一到，家家户户都忙。"),
        texts_of("水渠清淤之后灌溉方便多了，大家都这么说。"),
    )
    data = settings(config_file, f"data.unlabelled={folder.as_posix()}", "data.shortest=15").data
    clean = CleanConfig()
    whole = data.model_copy(update={"sentences": False})
    assert read_unlabelled(whole, sets, clean, show=False) == ([new], [])
    found, failures = read_unlabelled(data, sets, clean, show=False)
    assert not failures and found == [
        new,
        "山路通了车，茶叶当天就能送进城里。",
        "采茶的季节一到，家家户户都忙。",
        "村里的老戏台翻修好了，正月里唱了三天大戏。",
        "来看戏的人站满了晒谷场，卖糖人的也来了。",
    ]


@pytest.mark.parametrize("embeddings", ["teacher", "random"])
def test_first_embeddings(embeddings: str, config_file: Path, model_directory: Path, tmp_path: Path) -> None:
    from minsheng.modeling.distillation import shortened

    more = [f"student.embeddings={embeddings}", "optimizer.learning_rate=1e-9", "schedule.epochs=1"]
    distill(settings(config_file, *more))
    name = "model.embeddings.tok_embeddings.weight"
    own, given = (
        load_file(folder / "model.safetensors")[name] for folder in (tmp_path / "run/model", model_directory)
    )
    assert np.allclose(own, shortened(given, 16)[: len(own)], atol=1e-4) == (embeddings == "teacher")


def test_the_command_shows_both_side_by_side(config_file: Path, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from minsheng.cli.app import app

    done = CliRunner().invoke(app, ["distill", str(config_file), "schedule.epochs=1"])
    assert done.exit_code == 0, done.output
    rows = {line.strip().split("  ")[0]: line.split() for line in done.output.splitlines()}
    operations = rows["million operations a token"]
    assert float(operations[-2]) < float(operations[-1]) and "passages a second" in rows
    assert "same labels as the teacher: " in done.output and (tmp_path / "run" / "model").is_dir()


def test_a_single_label_teacher(config_file: Path, run_config: Path, tmp_path: Path) -> None:
    from minsheng.config.schema import TrainConfig
    from minsheng.workflows.train import train

    rows = made_records(72)
    names = {"train": rows[:48], "validation": rows[48:]}
    files = [f"data.{n}={write_jsonl(tmp_path / f'{n}.jsonl', part).as_posix()}" for n, part in names.items()]
    teacher = tmp_path / "teacher"
    more = ["problem=single_label", "schedule.epochs=2", f"run.output={teacher.as_posix()}"]
    train(load_config(TrainConfig, run_config, [*more, *files]))
    summary = distill(settings(config_file, f"teacher={(teacher / 'model').as_posix()}", *files))
    info = read_info(tmp_path / "run" / "model")
    assert info.single_label and info.labels[-1] == "none" and 0 <= summary["same_labels"] <= 1


def test_what_does_not_fit_is_said(config_file: Path, tmp_path: Path) -> None:
    village = tmp_path / "village.yaml"
    village.write_text(
        "name: village\ndomains:\n  - {key: roads, name: 道路}\n  - {key: water, name: 饮水}\n", "utf-8"
    )
    strange = write_jsonl(
        tmp_path / "strange.jsonl", [{"id": "1", "text": "村道硬化。", "labels": ["roads"]}]
    )
    cases: list[tuple[str, type[MinshengError], str]] = [
        ("teacher=nowhere", ModelError, "teacher: nowhere: no such model directory"),
        ("teacher=minsheng-mini", ModelError, "teacher: .*no minsheng.json"),
        (f"taxonomy={village.as_posix()}", ConfigError, "village.yaml has the domains roads, water, the teacher"),
        (f"data.train={strange.as_posix()}", DataError, "strange.jsonl, line 1: unknown label 'roads'"),
        ("student.architecture.heads=3", ModelError, "student: architecture: hidden=16 is no multiple of heads=3"),
        ("student.name=nowhere/at/all", ModelError, "nowhere/at/all: no such model directory"),
        ("data.unlabelled=nothing.txt", DataError, "data.unlabelled: no new passage in nothing.txt"),
        ("mix.temperature=0", ConfigError, "mix.temperature"),
        ("mix.weight=1.5", ConfigError, "mix.weight"),
        ("mix.temprature=2", ConfigError, "mix.temprature.*did you mean 'temperature'"),
        ("student.embeddings=svd", ConfigError, "student.embeddings"),
        ("data.join=0.5", ConfigError, "data.join"),
    ]  # fmt: skip
    for override, kind, expected in cases:
        with pytest.raises(kind, match=expected):
            distill(settings(config_file, override))
    with pytest.raises(ConfigError, match="teacher"):
        load_config(DistillConfig, config_file, ["teacher=null"])
    assert len(cases) == 12 and not (tmp_path / "run" / "model").exists()
