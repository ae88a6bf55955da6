"""Labelled files → the cleaned training and validation sets of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from minsheng.config.schema import TrainConfig
from minsheng.corpus.duplicates import duplicates_across
from minsheng.corpus.records import Record, label_matrix, read_files, split_by_group
from minsheng.documents.clean import clean_text
from minsheng.errors import DataError
from minsheng.modeling.directory import NONE, model_labels
from minsheng.taxonomy import Taxonomy

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Sets:
    """The labelled records of a run with cleaned texts and targets (records, labels)."""

    train: list[Record]
    validation: list[Record]
    texts: tuple[list[str], list[str]]
    targets: tuple[NDArray[np.bool_], NDArray[np.bool_]]


def targets_of(records: Sequence[Record], labels: Sequence[str], *, single_label: bool) -> NDArray[np.bool_]:
    """(records, labels) bool; in a single-label problem one in each row. Raises DataError."""
    truth = label_matrix(records, labels)
    if single_label:
        for record, row in zip(records, truth, strict=True):
            if row.sum() > 1:
                raise DataError(
                    f"record {record.id!r} has {int(row.sum())} labels; problem: single_label takes one"
                )
        truth[~truth.any(axis=1), labels.index(NONE)] = True
    return truth


def load_sets(config: TrainConfig, taxonomy: Taxonomy) -> Sets:
    """Read, split where no validation file is named, refuse leaks between the sets, clean.

    Raises DataError.
    """
    single = config.problem == "single_label"
    train = read_files(config.data.train, taxonomy.keys)
    if config.data.validation:
        validation = read_files(config.data.validation, taxonomy.keys)
    else:
        train, validation = split_by_group(train, share=config.data.validation_share, seed=config.seed)
    if not train or not validation:
        raise DataError(
            "data: training and validation both need records; name data.validation or more groups"
        )
    shared = {r.group for r in train} & {r.group for r in validation}
    if shared:
        raise DataError(
            f"data: the group {min(shared)!r} stands in training and in validation ({len(shared)} such)"
        )
    found = duplicates_across(train, validation)
    if len(found) > config.data.max_duplicates:
        worst = max(found, key=lambda d: d.share)
        raise DataError(
            f"data: {len(found)} validation records nearly repeat training records, for example "
            f"{worst.second.id!r} and {worst.first.id!r} ({worst.share:.0%} in common); "
            "remove them, or allow so many with data.max_duplicates"
        )
    labels = model_labels(taxonomy, single_label=single)
    return Sets(
        train,
        validation,
        tuple([clean_text(r.text, config=config.clean) for r in part] for part in (train, validation)),  # type: ignore[arg-type]
        tuple(targets_of(part, labels, single_label=single) for part in (train, validation)),  # type: ignore[arg-type]
    )
