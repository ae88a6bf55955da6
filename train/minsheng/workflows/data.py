"""Labelled files → the cleaned training and validation sets of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from minsheng.config.schema import TrainConfig
from minsheng.corpus.duplicates import duplicates_across
from minsheng.corpus.records import (
    Record,
    fingerprint,
    label_matrix,
    read_files,
    split_by_group,
    to_dataset,
)
from minsheng.documents.clean import clean_text
from minsheng.errors import ConfigError, DataError
from minsheng.modeling.directory import NONE, model_labels
from minsheng.taxonomy import Taxonomy

if TYPE_CHECKING:
    from datasets import Dataset
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """`data` has the contract's columns, with `text` cleaned, and `targets`: a truth value a label.

    `fingerprint` is that of the records before cleaning.
    """

    data: Dataset
    fingerprint: str

    @property
    def texts(self) -> list[str]:
        """Cleaned texts."""
        return list(self.data["text"])

    @property
    def truth(self) -> NDArray[np.bool_]:
        """(records, labels) bool."""
        return np.asarray(self.data["targets"], dtype=bool)


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


def _shared_groups(train: Sequence[Record], validation: Sequence[Record]) -> set[str]:
    """Groups on both sides. A record without a group is one by its id, and two files may count alike."""
    named = [{r.group for r in part if r.group != r.id} for part in (train, validation)]
    own = [{r.group for r in part if r.group == r.id} for part in (train, validation)]
    return (named[0] & named[1]) | (named[0] & own[1]) | (own[0] & named[1])


def load_sets(config: TrainConfig, taxonomy: Taxonomy) -> tuple[LabelledSet, LabelledSet]:
    """(training, validation): read, split where no validation file is named, refuse leaks between the sets, clean.

    Raises DataError, ConfigError.
    """
    single = config.problem == "single_label"
    if single and config.data.join:
        raise ConfigError("data.join: two texts have two labels; it needs problem: multi_label")
    labels = model_labels(taxonomy, single_label=single)
    train = read_files(config.data.train, labels)
    if config.data.validation:
        validation = read_files(config.data.validation, labels)
    else:
        train, validation = split_by_group(train, share=config.data.validation_share, seed=config.seed)
    if not train or not validation:
        raise DataError(
            "data: training and validation both need records; name data.validation or more groups"
        )
    shared = _shared_groups(train, validation)
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

    def labelled_set(records: Sequence[Record]) -> LabelledSet:
        data = to_dataset(records)
        cleaned = [clean_text(text, config=config.clean) for text in data["text"]]
        data = data.remove_columns("text").add_column("text", cleaned)
        targets = targets_of(records, labels, single_label=single)
        if not targets.any():
            name = "training" if records is train else "validation"
            raise DataError(f"data: no {name} record has a label, so nothing can be learnt or measured")
        return LabelledSet(data.add_column("targets", targets.tolist()), fingerprint(records))

    return labelled_set(train), labelled_set(validation)
