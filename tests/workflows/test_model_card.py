from __future__ import annotations

from pathlib import Path

from minsheng.modeling.directory import fingerprint, read_info
from minsheng.workflows.model_card import render_card


def test_training_writes_a_card(model_directory: Path) -> None:
    card = (model_directory / "README.md").read_text("utf-8")
    info = read_info(model_directory)
    assert card == render_card(info, place=f"{model_directory.parent.name}/{model_directory.name}")
    assert card.startswith("---\nlanguage: zh\n") and "base_model" not in card  # random weights have none
    assert "pipeline_tag: text-classification" in card
    for label in info.labels:
        assert f"| `{label}`" in card
    assert f"{info.validation['macro_f1']:.3f}" in card and f"{info.validation['records']:,}" in card
    assert str(info.provenance["data"]["train"]) in card and str(info.provenance["seed"]) in card
    assert f"minsheng tag FOLDER --model {model_directory.parent.name}/{model_directory.name}" in card
    assert model_directory.as_posix() not in card  # it would name the machine that it was made on
    before = fingerprint(model_directory)
    (model_directory / "README.md").write_text(card + "\nedited\n", "utf-8")
    assert fingerprint(model_directory) == before, "a card may be edited without another model"
    (model_directory / "README.md").write_text(card, "utf-8")


def test_scores_are_those_of_the_confusion_counts(model_directory: Path) -> None:
    from dataclasses import replace

    info = read_info(model_directory)
    cell = {"true_positives": 8, "false_positives": 2, "false_negatives": 4, "true_negatives": 86}
    empty = {"true_positives": 0, "false_positives": 0, "false_negatives": 0, "true_negatives": 100}
    confusion = {label: cell if label == "housing" else empty for label in info.labels}
    card = render_card(
        replace(info, validation={**info.validation, "confusion": confusion}), place="runs/x/model"
    )
    (row,) = (line for line in card.splitlines() if line.startswith("| `housing`"))
    assert [part.strip() for part in row.split("|")[2:6]] == ["12", "0.800", "0.667", "0.727"]
    (row,) = (line for line in card.splitlines() if line.startswith("| `education`"))
    assert [part.strip() for part in row.split("|")[2:6]] == ["0", "–", "–", "–"]
    assert "# x" in card.splitlines()
