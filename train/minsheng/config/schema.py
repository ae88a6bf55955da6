"""The one tree of settings. A default lives here and nowhere else.

Every model is frozen and refuses unknown keys. Scalars mean what a person means in YAML: `2e-5` is a
number, `no` is false for a switch and the text "no" for a name, `0123` is 123 for a count and "0123" for
an identifier (`load` reads plain scalars so that the field decides).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

_TRUE, _FALSE = {"true", "yes", "on"}, {"false", "no", "off"}


def _switch(value: Any) -> Any:
    if isinstance(value, str) and value.lower() in _TRUE | _FALSE:
        return value.lower() in _TRUE
    return value


def _count(value: Any) -> Any:
    if isinstance(value, str) and value.removeprefix("-").isascii() and value.removeprefix("-").isdigit():
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)  # 1e5 steps are a whole number
    return value


def _text(value: Any) -> Any:
    # A name made of digits alone (a year, a tag) is still a name.
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _many(value: Any) -> Any:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


Switch = Annotated[bool, BeforeValidator(_switch)]
Count = Annotated[int, BeforeValidator(_count)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Text = Annotated[str, BeforeValidator(_text)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_many)]


class Settings(BaseModel):
    """Base of every settings value: frozen, strict, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class CleanConfig(Settings):
    """What `documents.clean` does to a decoded source. Each switch can be turned off alone."""

    simplify: Switch = True  # Traditional → Simplified (OpenCC)
    glosses: Switch = True  # pinyin in brackets after a character
    punctuation: Switch = True  # half-width marks between Chinese characters
    mojibake: Switch = True  # repair where certain, flag where not
    boilerplate: Switch = True  # copyright blocks, link lists, share bars, page headers


class SplitConfig(Settings):
    """How a cleaned text becomes passages. Lengths in characters."""

    max_characters: Annotated[Count, Field(ge=50)] = 500
    heading_characters: Annotated[Count, Field(ge=0)] = 40  # a lead line up to this long heads what follows


class DocumentsConfig(Settings):
    """How input files are read."""

    encoding: Text | None = None  # None: detect
    text_column: Text = "text"
    id_column: Text = "id"
    date_column: Text = "date"
    clean: CleanConfig = CleanConfig()
    split: SplitConfig = SplitConfig()


class DataConfig(Settings):
    """Labelled files (JSONL, CSV, Parquet, Excel) for training."""

    train: Texts
    validation: Texts = ()  # empty: `validation_share` of train's groups
    validation_share: Share = 0.1
    max_duplicates: Annotated[Count, Field(ge=0)] = 0  # near-duplicates allowed across the sets
    join: Share = 0.0  # share of training texts shown with another behind them and the labels of both


class ArchitectureConfig(Settings):
    """A small randomly initialised encoder of ModernBERT blocks (Warner et al. 2024), or BERT."""

    kind: Literal["modernbert", "bert"] = "modernbert"
    layers: Annotated[Count, Field(ge=1)] = 4
    hidden: Annotated[Count, Field(ge=8)] = 320
    intermediate: Annotated[Count, Field(ge=8)] = 640
    heads: Annotated[Count, Field(ge=1)] = 5
    positions: Annotated[Count, Field(ge=16)] = 1024  # longest sequence in tokens


class TokenizerConfig(Settings):
    """A unigram vocabulary (Kudo 2018) of words; used where no encoder is given."""

    vocabulary: Annotated[Count, Field(ge=100)] = 14336
    characters: Annotated[Count, Field(ge=1000)] = 4_000_000  # sample that it is trained on
    rarest: Annotated[Count, Field(ge=1)] = 30  # a character seen less often becomes [UNK]
    piece: Annotated[Count, Field(ge=1)] = 6  # longest piece in characters


class ModelConfig(Settings):
    """The encoder that is fine-tuned."""

    name: Text | None = None  # Hub name or local directory; None: random weights of `architecture`
    revision: Text | None = None
    max_tokens: Annotated[Count, Field(ge=8)] = 384  # a longer text is cut
    dropout: Share | None = None  # None: what the encoder's own config says
    architecture: ArchitectureConfig = ArchitectureConfig()
    tokenizer: TokenizerConfig = TokenizerConfig(vocabulary=8192, rarest=3)  # trained here if name is None


class BatchConfig(Settings):
    """How examples become updates and micro-batches."""

    examples: Annotated[Count, Field(ge=1)] = 32  # an update, over all processes
    tokens: Annotated[Count, Field(ge=16)] = 4096  # most padded tokens in one micro-batch


class OptimizerConfig(Settings):
    """AdamW (Loshchilov & Hutter 2019), or Muon for the matrices; no decay on biases and norms."""

    kind: Literal["adamw", "muon"] = "adamw"
    learning_rate: Annotated[Number, Field(gt=0)] = 3e-5
    head_learning_rate: Annotated[Number, Field(gt=0)] | None = None  # None: as the encoder's top
    layer_decay: Annotated[Share, Field(gt=0)] = 1.0  # learning rate × this, a layer downwards
    weight_decay: Annotated[Number, Field(ge=0)] = 0.01
    beta1: Share = 0.9
    beta2: Share = 0.999
    epsilon: Annotated[Number, Field(gt=0)] = 1e-8
    clip: Annotated[Number, Field(gt=0)] = 1.0  # largest gradient norm


class ScheduleConfig(Settings):
    """Learning rate over real updates."""

    epochs: Annotated[Count, Field(ge=1)] = 4
    warmup: Share = 0.1  # share of all updates
    shape: Literal["linear", "cosine", "constant"] = "linear"


class LossConfig(Settings):
    """Binary cross-entropy a domain (multi-label) or cross-entropy (single-label)."""

    label_weights: Literal["none", "balanced", "sqrt"] = "none"  # weight of a domain's positives
    smoothing: Annotated[Share, Field(lt=0.5)] = 0.0


class StopConfig(Settings):
    """Which epoch is kept, and when to stop early."""

    metric: Literal["macro_f1", "micro_f1", "loss"] = "macro_f1"
    patience: Annotated[Count, Field(ge=1)] = 3  # evaluations without a better one
    average: Annotated[Share, Field(lt=1)] = 0.0  # decay of an exponential average of weights; 0: none


class CalibrationConfig(Settings):
    """What is fitted on validation data after training: temperature, thresholds, the bound for `auto`."""

    prior: Annotated[Number, Field(ge=0)] = 100.0  # examples of a domain at which its data weigh one half
    precision: Annotated[Share, Field(lt=1)] = 0.95  # of whole label sets among those decided `auto`
    confidence: Annotated[Share, Field(lt=1)] = 0.95  # level of the test that this precision is reached
    unfamiliar: Annotated[Share, Field(lt=1)] = 0.02  # of validation texts, the strangest: never `auto`


class BaselineConfig(Settings):
    """TF-IDF of character n-grams + logistic regression, kept beside the model."""

    characters: Annotated[Count, Field(ge=1)] = 3  # longest n-gram
    features: Annotated[Count, Field(ge=1)] = 262144  # most frequent n-grams kept, 16 bytes each
    texts: Annotated[Count, Field(ge=1)] = 2  # an n-gram seen in fewer texts is dropped
    strength: Annotated[Number, Field(gt=0)] = 30.0  # C, the inverse of the L2 penalty


class EvaluationConfig(Settings):
    """How good a model is: the report."""

    seed: Count = 13
    resamples: Annotated[Count, Field(ge=1)] = 1000
    level: Annotated[Share, Field(gt=0, lt=1)] = 0.95  # of the bootstrap intervals
    bins: Annotated[Count, Field(ge=1)] = 15  # equal-mass bins of the calibration error
    worst: Annotated[Count, Field(ge=0)] = 20  # false alarms, and as many misses, shown with their text
    # Upper ends of the length classes, in characters.
    lengths: Annotated[tuple[Count, ...], BeforeValidator(_many)] = (100, 200, 400)
    curve: Annotated[Count, Field(ge=2)] = 200  # most points of a precision-recall curve
    # A domain can be used without review where both lower bounds reach these, on so many positives.
    precision: Share = 0.85
    recall: Share = 0.85
    positives: Annotated[Count, Field(ge=1)] = 100
    margin: Share = 0.01  # macro-F1 that a model must be ahead of a cheap baseline to be worth its cost
    doubt: Annotated[Share, Field(gt=0.5)] = 0.9  # probability against a label from which it is suspect


class RunConfig(Settings):
    """Where a run lives and what it runs on. Changes here do not change what is learnt."""

    output: Text
    precision: Literal["auto", "no", "bf16", "fp16"] = "auto"
    threads: Annotated[Count, Field(ge=0)] = 0  # 0: torch's own choice
    checkpoint_updates: Annotated[Count, Field(ge=1)] = 200
    trackers: Texts = ()  # accelerate's trackers by name, e.g. tensorboard


class TrainConfig(Settings):
    """A fine-tuning run."""

    run: RunConfig
    seed: Count = 13
    taxonomy: Text = "livelihood"  # a YAML file, or the name of one that ships
    clean: CleanConfig = CleanConfig()
    problem: Literal["multi_label", "single_label"] = "multi_label"
    data: DataConfig
    model: ModelConfig = ModelConfig()
    batches: BatchConfig = BatchConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    schedule: ScheduleConfig = ScheduleConfig()
    loss: LossConfig = LossConfig()
    stop: StopConfig = StopConfig()
    calibration: CalibrationConfig = CalibrationConfig()
    baseline: BaselineConfig = BaselineConfig()


class SourceConfig(Settings):
    """One unlabelled file or glob, and how often its documents are seen an epoch."""

    path: Text
    weight: Annotated[Number, Field(gt=0)] = 1.0


class PretrainDataConfig(Settings):
    """Unlabelled text: JSONL (also gzip) with a text field, or plain text."""

    sources: Annotated[tuple[SourceConfig, ...], BeforeValidator(_many), Field(min_length=1)]
    text_field: Text = "text"
    held_out: Share = 0.004  # share of documents for the fixed evaluation set


class MaskConfig(Settings):
    """Which tokens are predicted (Devlin et al. 2019; spans: Joshi et al. 2020)."""

    share: Annotated[Share, Field(gt=0)] = 0.2
    span: Annotated[Count, Field(ge=1)] = 1  # mean tokens of a masked span; 1: single tokens
    whole_words: Switch = True  # never mask a part of a word that begins with ##


class PretrainScheduleConfig(Settings):
    """Length of a pre-training run."""

    tokens: Annotated[Count, Field(ge=1)] = 100_000_000
    batch_sequences: Annotated[Count, Field(ge=1)] = 64
    micro_sequences: Annotated[Count, Field(ge=1)] = 64
    sequence: Annotated[Count, Field(ge=16)] = 128  # tokens
    warmup: Share = 0.02
    decay: Share = 0.2  # last share of the updates over which the rate falls to zero
    evaluate_updates: Annotated[Count, Field(ge=1)] = 250


class PretrainConfig(Settings):
    """A masked-language-model run, from scratch or continued from `model`."""

    run: RunConfig
    seed: Count = 13
    data: PretrainDataConfig
    model: Text | None = None
    architecture: ArchitectureConfig = ArchitectureConfig()
    tokenizer: TokenizerConfig = TokenizerConfig()
    mask: MaskConfig = MaskConfig()
    optimizer: OptimizerConfig = OptimizerConfig(learning_rate=2e-3, weight_decay=0.05, beta2=0.98)
    schedule: PretrainScheduleConfig = PretrainScheduleConfig()


class TagConfig(Settings):
    """A batch-tagging run."""

    documents: DocumentsConfig = DocumentsConfig()
    precision: Literal["auto", "no", "bf16", "fp16", "int8"] = "auto"  # no: float32
    threads: Annotated[Count, Field(ge=0)] = 0  # 0: the physical cores
    batch_tokens: Annotated[Count, Field(ge=0)] = 0  # 0: what suits the machine
    window: Annotated[Count, Field(ge=1)] = 64  # documents in one part
    evidence: Switch = True
    mask_personal: Switch = False  # `*` over identity, phone and card numbers and e-mail addresses


class EvaluateConfig(Settings):
    """An evaluation run."""

    precision: Literal["auto", "no", "bf16", "fp16", "int8"] = "auto"  # no: float32
    threads: Annotated[Count, Field(ge=0)] = 0  # 0: the physical cores
    batch_tokens: Annotated[Count, Field(ge=0)] = 0  # 0: what suits the machine
    report: EvaluationConfig = EvaluationConfig()
