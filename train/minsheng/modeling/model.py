"""Build, save and load models and tokenizers. Weights are safetensors; remote code is never run."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minsheng.config.schema import ArchitectureConfig, ModelConfig
from minsheng.errors import ModelError
from minsheng.modeling.batches import WIDTH
from minsheng.modeling.shipped import shipped

if TYPE_CHECKING:
    import torch
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

_WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
_VOCABULARIES = ("vocab.txt", "vocab.json", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model")


def _explain(name: str, error: Exception) -> str:
    text = " ".join(str(error).split())
    if Path(name).is_dir():
        return f"{name}: cannot be loaded ({type(error).__name__}: {text[:300]})"
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in {"1", "true", "yes", "on"}:
        reach = "HF_HUB_OFFLINE is set, so only models already in the local cache can be used"
    else:
        reach = "the Hub could not be reached or has no such model"
    if any(
        word in text
        for word in ("offline", "connect", "couldn't", "not a valid model identifier", "Can't load")
    ):
        return (
            f"{name}: {reach}. Give model.name a local directory with config.json and model.safetensors, "
            "or set HF_ENDPOINT to a mirror that you may use"
        )
    return f"{name}: {text[:300] or type(error).__name__}"


def locate(name: str) -> str:
    """What transformers loads for a name: the directory of a model that ships, a local directory, a Hub name.

    Checked as far as can be without the network. Raises ModelError for a directory without config, without
    weights, or with pickled weights only.
    """
    if (found := shipped(name)) is not None:
        return str(found)
    folder = Path(name)
    if not folder.is_dir():
        if folder.exists() or name.startswith((".", "/", "~")) or "\\" in name or name.count("/") > 1:
            raise ModelError(f"{name}: no such model directory")
        return name
    if not (folder / "config.json").is_file():
        raise ModelError(f"{name}: not a model directory (no config.json)")
    if not any((folder / weights).is_file() for weights in _WEIGHTS):
        pickled = sorted(folder.glob("*.bin")) + sorted(folder.glob("*.pt*"))
        if pickled:
            raise ModelError(
                f"{name}: its weights ({pickled[0].name}) are a pickle, which can run code when it is opened; "
                "only safetensors are read. Convert them with transformers' save_pretrained on a machine you trust"
            )
        raise ModelError(f"{name}: the directory has no weights (model.safetensors)")
    return name


def _load(kind: Any, name: str, **options: Any) -> Any:
    try:
        return kind.from_pretrained(name, trust_remote_code=False, **options)
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(_explain(name, error)) from error


def load_tokenizer(name: str, *, revision: str | None = None) -> PreTrainedTokenizerBase:
    """The tokenizer of a name as `locate` takes it, or of a directory without weights. Raises ModelError."""
    from transformers import AutoTokenizer

    name = str(shipped(name) or name)
    folder = Path(name)
    if not (folder / "tokenizer.json").is_file():
        locate(name)
        if folder.is_dir() and not any((folder / file).is_file() for file in _VOCABULARIES):
            raise ModelError(f"{name}: the directory has no tokenizer (tokenizer.json or vocab.txt)")
    tokenizer: PreTrainedTokenizerBase = _load(AutoTokenizer, name, revision=revision)
    if tokenizer.pad_token_id is None:
        raise ModelError(f"{name}: its tokenizer has no padding token")
    return tokenizer


def new_config(architecture: ArchitectureConfig, tokenizer: PreTrainedTokenizerBase) -> PretrainedConfig:
    """The configuration of a small encoder with random weights. Raises ModelError if it does not fit."""
    from transformers import BertConfig, ModernBertConfig

    if architecture.hidden % architecture.heads:
        raise ModelError(
            f"architecture: hidden={architecture.hidden} is no multiple of heads={architecture.heads}"
        )
    shared = {
        "vocab_size": len(tokenizer),
        "hidden_size": architecture.hidden,
        "intermediate_size": architecture.intermediate,
        "num_hidden_layers": architecture.layers,
        "num_attention_heads": architecture.heads,
        "max_position_embeddings": architecture.positions,
        "pad_token_id": tokenizer.pad_token_id,
    }
    if architecture.kind == "bert":
        return BertConfig(**shared)
    cls, sep = tokenizer.cls_token_id, tokenizer.sep_token_id
    return ModernBertConfig(
        **shared,
        bos_token_id=cls,
        cls_token_id=cls,
        eos_token_id=sep,
        sep_token_id=sep,
        # Paragraphs are short: every layer sees the whole of one.
        layer_types=["full_attention"] * architecture.layers,
        classifier_pooling="mean",
    )


def check_length(settings: PretrainedConfig, tokens: int, *, key: str) -> None:
    """Raises ModelError if sequences of `tokens` (the value of the setting `key`) are too long for a model."""
    positions = getattr(settings, "max_position_embeddings", None)
    if positions is not None and -(-tokens // WIDTH) * WIDTH > positions:
        raise ModelError(
            f"{key}={tokens} (in batches a multiple of {WIDTH}) is more than the {positions} positions of the encoder"
        )


def use_fast_attention(model: PreTrainedModel, device: torch.device) -> None:
    """Set the attention that trains fastest on a device.

    On CPUs the backward pass of the fused attention is a third slower than that of three plain products.
    """
    if device.type == "cpu":
        model.set_attn_implementation("eager")


def build_masked_model(
    architecture: ArchitectureConfig, tokenizer: PreTrainedTokenizerBase, *, seed: int
) -> PreTrainedModel:
    """A masked-language model with random weights drawn from `seed`."""
    from transformers import AutoModelForMaskedLM, set_seed

    set_seed(seed)
    model: PreTrainedModel = AutoModelForMaskedLM.from_config(new_config(architecture, tokenizer))
    return model


def load_masked_model(name: str, *, revision: str | None = None) -> PreTrainedModel:
    """The masked-language model behind a Hub name or directory, to go on pre-training. Raises ModelError."""
    from transformers import AutoModelForMaskedLM

    model: PreTrainedModel = _load(
        AutoModelForMaskedLM, locate(name), revision=revision, use_safetensors=True
    )
    return model.float()


def build_classifier(
    config: ModelConfig,
    tokenizer: PreTrainedTokenizerBase,
    *,
    labels: Sequence[str],
    single_label: bool,
    seed: int,
) -> PreTrainedModel:
    """An encoder with a new head, one output a label, in float32.

    The head is drawn from `seed`; so are all weights where `config.name` is None.
    """
    from transformers import AutoConfig, AutoModelForSequenceClassification, set_seed

    set_seed(seed)
    head: dict[str, Any] = {
        "num_labels": len(labels),
        "id2label": dict(enumerate(labels)),
        "label2id": {label: index for index, label in enumerate(labels)},
        "problem_type": "single_label_classification" if single_label else "multi_label_classification",
    }
    if config.name is None:
        settings = new_config(config.architecture, tokenizer)
    else:
        settings = _load(AutoConfig, locate(config.name), revision=config.revision)
    check_length(settings, config.max_tokens, key="model.max_tokens")
    if config.dropout is not None:
        names = [n for n in vars(settings) if n.endswith(("dropout", "dropout_prob"))]
        head |= dict.fromkeys(names, config.dropout)
    if config.name is None:
        settings.update(head)
        model: PreTrainedModel = AutoModelForSequenceClassification.from_config(settings)
        return model
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "newly initialized: classifier": that is what training is for
        model, loaded = _load(
            AutoModelForSequenceClassification,
            locate(config.name),
            revision=config.revision,
            use_safetensors=True,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
            **head,
        )
    # The head is new, and so may be a pooler; an encoder with random parts would train without a complaint.
    _check_loaded(config.name, [n for n in _not_loaded(loaded) if _is_encoder(model, n)])
    return model.float()


def _not_loaded(loaded: Any) -> list[str]:
    """Names of the weights that a file did not have, or had in another size."""
    mismatched = [entry if isinstance(entry, str) else entry[0] for entry in loaded["mismatched_keys"]]
    return sorted({*loaded["missing_keys"], *mismatched})


def _is_encoder(model: PreTrainedModel, name: str) -> bool:
    return name.startswith(f"{model.base_model_prefix}.") and "pooler" not in name


def _check_loaded(name: str, lost: Sequence[str]) -> None:
    if lost:
        raise ModelError(
            f"{name}: its weights do not fit its config.json: {len(lost)} are missing or of another size, "
            f"such as {lost[0]}; fetch or save the model again"
        )


def load_classifier(folder: Path) -> PreTrainedModel:
    """A trained model directory → the model in evaluation mode, float32. Raises ModelError."""
    from transformers import AutoModelForSequenceClassification

    model: PreTrainedModel
    model, loaded = _load(
        AutoModelForSequenceClassification,
        locate(str(folder)),
        use_safetensors=True,
        output_loading_info=True,
    )
    _check_loaded(str(folder), _not_loaded(loaded))
    return model.float().eval()
