"""Settings of `minsheng distill`. They stand beside `schema` (which is near its 300 lines): the same room, the
same rules, and no other place holds their defaults."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from minsheng.config.schema import (
    ArchitectureConfig,
    BaselineConfig,
    BatchConfig,
    CalibrationConfig,
    Count,
    LossConfig,
    Number,
    OptimizerConfig,
    RunConfig,
    ScheduleConfig,
    Settings,
    Share,
    SplitConfig,
    StopConfig,
    Switch,
    Text,
    Texts,
)


class StudentConfig(Settings):
    """The small model. It takes taxonomy, cleaning and length of text from the teacher."""

    name: Text | None = None  # model directory, encoder that ships, Hub name; None: new, of `architecture`
    revision: Text | None = None
    dropout: Share | None = 0.0  # None: what the encoder's own config says
    architecture: ArchitectureConfig = ArchitectureConfig(layers=2, hidden=128, intermediate=256, heads=2)
    # Of a new student, which has the teacher's tokenizer: drawn, or the teacher's by a truncated SVD.
    embeddings: Literal["teacher", "random"] = "teacher"


class DistillDataConfig(Settings):
    """Labelled files as for training, and text without labels, which the teacher labels."""

    train: Texts
    validation: Texts = ()  # empty: `validation_share` of train's groups
    validation_share: Share = 0.1
    max_duplicates: Annotated[Count, Field(ge=0)] = 0  # near-duplicates allowed across the sets
    unlabelled: Texts = ()  # documents: files, folders, globs, tables
    text_column: Text = "text"  # of such tables
    split: SplitConfig = SplitConfig()  # of such documents into passages
    # The sentences of all these texts too: the tagger scores them one by one where it names the evidence.
    sentences: Switch = True
    shortest: Annotated[Count, Field(ge=1)] = 20  # characters; a shorter passage teaches little


class MixConfig(Settings):
    """How much the student listens to the teacher (Hinton et al. 2015)."""

    temperature: Annotated[Number, Field(gt=0)] = 2.0  # by which logits are divided; above 1: softer
    weight: Share = 0.8  # of the teacher; the rest is that of the labels, where a text has some


class DistillConfig(Settings):
    """A distillation run."""

    run: RunConfig
    seed: Count = 13
    teacher: Text  # model directory, or the name of a model that ships
    taxonomy: Text | None = None  # None: the teacher's; one that is named must have the same domains
    student: StudentConfig = StudentConfig()
    data: DistillDataConfig
    mix: MixConfig = MixConfig()
    batches: BatchConfig = BatchConfig(examples=16)
    optimizer: OptimizerConfig = OptimizerConfig(learning_rate=2e-3, weight_decay=0.05, beta2=0.98)
    schedule: ScheduleConfig = ScheduleConfig(epochs=6)
    loss: LossConfig = LossConfig()  # of the labels' part
    stop: StopConfig = StopConfig(patience=6)
    calibration: CalibrationConfig = CalibrationConfig()
    baseline: BaselineConfig = BaselineConfig()
