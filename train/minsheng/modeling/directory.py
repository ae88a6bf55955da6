"""The model directory: everything that tagging and evaluating need, in one folder.

The weights load with plain transformers and give the same probabilities there: the temperature is folded
into the head. `minsheng.json` adds what transformers has no place for.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minsheng.config.schema import CleanConfig
from minsheng.errors import ConfigError, ModelError
from minsheng.modeling.batches import TextTokenizer
from minsheng.modeling.calibration import Calibration, calibration_from
from minsheng.modeling.guard import Guard, guard_from
from minsheng.modeling.model import load_classifier, load_tokenizer, locate
from minsheng.modeling.shipped import shipped
from minsheng.taxonomy import Taxonomy

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

FORMAT = 1
NONE = "none"  # the extra class of a single-label model


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What `minsheng.json` holds.

    `validation` has the confusion counts of each label on the validation set, `provenance` fingerprints
    of data and config, versions and seed; `int8` how its labels in int8 compare with those in float32.
    """

    taxonomy: Taxonomy
    single_label: bool
    clean: CleanConfig
    max_tokens: int
    calibration: Calibration
    validation: Mapping[str, Any]
    provenance: Mapping[str, Any]
    int8: Guard | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """The outputs of the model, in order: the domains, and `none` if single-label."""
        return model_labels(self.taxonomy, single_label=self.single_label)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "format": FORMAT,
            "problem": "single_label" if self.single_label else "multi_label",
            "labels": list(self.labels),
            "preprocessing": {"clean": self.clean.model_dump(), "max_tokens": self.max_tokens},
            "calibration": self.calibration.to_dict(),
            "validation": dict(self.validation),
            "provenance": dict(self.provenance),
            "int8": None if self.int8 is None else self.int8.to_dict(),
            "taxonomy": self.taxonomy.to_dict(),
        }


def model_labels(taxonomy: Taxonomy, *, single_label: bool) -> tuple[str, ...]:
    """Outputs of a model of this taxonomy; a single-label one has `none` last unless it is a domain."""
    return (*taxonomy.keys, NONE) if single_label and NONE not in taxonomy.keys else taxonomy.keys


def fold_temperature(model: PreTrainedModel, temperature: float) -> None:
    """Divide the logits by `temperature` for good, in the weights of the last linear layer."""
    import torch

    last: torch.nn.Linear | None = None
    for module in model.modules():
        if isinstance(module, torch.nn.Linear) and module.out_features == model.config.num_labels:
            last = module
    if last is None:
        raise ModelError(f"{type(model).__name__}: found no linear head to fold the temperature into")
    with torch.no_grad():
        last.weight.div_(temperature)
        if last.bias is not None:
            last.bias.div_(temperature)


def save_directory(
    folder: Path, *, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, info: ModelInfo
) -> None:
    """Write weights, tokenizer and `minsheng.json` into an existing or new folder."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.model_max_length = info.max_tokens  # plain transformers then cuts where we cut
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    save_info(folder, info)


def save_info(folder: Path, info: ModelInfo) -> None:
    """Write `minsheng.json`."""
    text = json.dumps(info.to_dict(), ensure_ascii=False, indent=1)
    (folder / "minsheng.json").write_text(text + "\n", encoding="utf-8")


def read_info(folder: Path) -> ModelInfo:
    """`minsheng.json` of a model directory, checked against itself. Raises ModelError."""
    place = folder / "minsheng.json"
    try:
        data = json.loads(place.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(
            f"{folder}: no minsheng.json, so taxonomy and thresholds are unknown; fine-tune it with `minsheng train`"
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{place}: cannot be read: {error}") from error
    try:
        if data["format"] != FORMAT:
            raise ModelError(f"{place}: format {data['format']!r}; this version reads {FORMAT}")
        if data["problem"] not in ("single_label", "multi_label"):
            raise ModelError(f"{place}: problem {data['problem']!r}; expected multi_label or single_label")
        info = ModelInfo(
            taxonomy=Taxonomy.from_dict(data["taxonomy"], source=f"{place}: taxonomy"),
            single_label=data["problem"] == "single_label",
            clean=CleanConfig.model_validate(data["preprocessing"]["clean"]),
            max_tokens=data["preprocessing"]["max_tokens"],
            calibration=calibration_from(data["calibration"], where=str(place)),
            validation=data["validation"],
            provenance=data["provenance"],
            int8=guard_from(data.get("int8")),
        )
        listed = tuple(data["labels"])
    except (KeyError, TypeError, ValueError, ConfigError) as error:  # pydantic's error is a ValueError
        first = str(error).splitlines()[0]
        raise ModelError(f"{place}: damaged or of another make: {type(error).__name__} {first}") from error
    if type(info.max_tokens) is not int or info.max_tokens < 1:
        raise ModelError(
            f"{place}: preprocessing.max_tokens must be a positive whole number, got {info.max_tokens!r}"
        )
    if not isinstance(info.validation, dict) or not isinstance(info.provenance, dict):
        raise ModelError(f"{place}: validation and provenance must hold keys and values")
    _check_calibration(info.calibration, place)
    if listed != info.labels or info.calibration.domains != info.labels:
        raise ModelError(
            f"{place}: its labels, its taxonomy and its calibration do not name the same domains"
        )
    if (info.calibration.thresholds is None) != info.single_label:
        raise ModelError(f"{place}: thresholds and problem do not fit together")
    return info


def _check_calibration(calibration: Calibration, place: Path) -> None:
    """Numbers out of their range would not fail but quietly give every label, or none."""
    bound = calibration.abstention.bound
    shares = [*(calibration.thresholds or ()), *([] if bound is None else [bound])]
    if not all(0.0 <= value <= 1.0 for value in shares):
        raise ModelError(f"{place}: calibration: thresholds and bound must lie between 0 and 1, got {shares}")
    if not 0.0 < calibration.temperature < math.inf:
        raise ModelError(f"{place}: calibration: temperature must be above 0, got {calibration.temperature}")


def open_directory(folder: str | Path) -> tuple[Path, ModelInfo]:
    """A model directory as `save_directory` wrote it, or the name of one that ships: its place and `ModelInfo`.

    Raises ModelError if a part is missing or the head does not fit `minsheng.json`.
    """
    folder = shipped(str(folder)) or Path(folder)
    if not folder.is_dir():
        raise ModelError(f"{folder}: no such model directory")
    locate(str(folder))
    info = read_info(folder)
    place = folder / "config.json"
    try:
        names = json.loads(place.read_text(encoding="utf-8")).get("id2label") or {}
        listed = tuple(names[str(number)] for number in range(len(names)))
    except (OSError, ValueError, RecursionError, KeyError, AttributeError, TypeError) as error:
        raise ModelError(
            f"{place}: cannot be read as a model's config: {type(error).__name__} {error}"
        ) from error
    if len(listed) != len(info.labels):
        raise ModelError(
            f"{folder}: the head has {len(listed)} outputs, minsheng.json names {len(info.labels)} labels"
        )
    if listed != info.labels:
        raise ModelError(f"{folder}: config.json and minsheng.json do not name the labels in the same order")
    return folder, info


def load_directory(folder: str | Path) -> tuple[PreTrainedModel, PreTrainedTokenizerBase, ModelInfo]:
    """`open_directory` with the PyTorch model, in evaluation mode and float32, and transformers' tokenizer."""
    folder, info = open_directory(folder)
    return load_classifier(folder), load_tokenizer(str(folder)), info


def load_text_tokenizer(folder: Path) -> TextTokenizer:
    """The tokenizer of a model directory. Raises ModelError."""
    from tokenizers import Tokenizer

    place, settings = folder / "tokenizer.json", folder / "tokenizer_config.json"
    if not (place.is_file() and settings.is_file()):
        return _from_transformers(folder)
    try:
        backend = Tokenizer.from_file(str(place))
        named = json.loads(settings.read_text(encoding="utf-8"))
        tokens = {name: _content(named.get(f"{name}_token")) for name in ("pad", "unk")}
    except Exception as error:  # tokenizers raises nothing narrower
        raise ModelError(f"{place}: cannot be loaded ({' '.join(str(error).split())[:300]})") from error
    rows = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("vocab_size")
    if type(rows) is int and backend.get_vocab_size() > rows:  # a network would read beyond its embeddings
        raise ModelError(f"{folder}: its tokenizer has {backend.get_vocab_size()} tokens, its model {rows}")
    pad, unknown = (None if token is None else backend.token_to_id(token) for token in tokens.values())
    if pad is None:
        raise ModelError(f"{folder}: its tokenizer has no padding token")
    return TextTokenizer(backend, int(pad), unknown)


def _content(token: Any) -> str | None:
    """A special token as a config names it: its text, or an object that has it."""
    found = token["content"] if isinstance(token, dict) else token
    return None if found is None else str(found)


def _from_transformers(folder: Path) -> TextTokenizer:
    tokenizer = load_tokenizer(str(folder))
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise ModelError(f"{folder}: its tokenizer has no tokenizer.json; save it again with save_pretrained")
    return TextTokenizer(backend, int(tokenizer.pad_token_id or 0), tokenizer.unk_token_id)


def fingerprint(folder: Path) -> str:
    """The first 16 hex digits of SHA-256 over all that decides about a tag."""
    digest = hashlib.sha256()
    for name in (
        "minsheng.json", "config.json", "tokenizer.json", "model.safetensors", "familiarity.safetensors",
    ):  # fmt: skip
        if (folder / name).is_file():
            digest.update(name.encode())
            with (folder / name).open("rb") as file:
                while block := file.read(1 << 20):
                    digest.update(block)
    return digest.hexdigest()[:16]
