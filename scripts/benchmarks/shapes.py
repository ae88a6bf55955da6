"""The models that are measured, and what a passage costs in them. `prepare` runs in a worker."""

from __future__ import annotations

import json
import shutil
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.workers import Line

# A trained tagger gives a label to a fifth of the passages or so, and is sure of most.
_MEAN, _SPREAD = -1.5, 2.5  # of the logits of a random head, so that agreement means something


@dataclass(frozen=True, slots=True)
class Shape:
    """A model to measure, how many passages a round holds, and how long a training run is."""

    title: str
    passages: int  # 0: in no table of speed
    layers: int = 0  # on tokens of one character; 0: the model that ships
    width: int = 768
    updates: int = 0  # of training; 0: not trained
    examples: int = 8  # an update


SHAPES = {
    "bert-base": Shape("BERT-base shape, 12 × 768, random weights", 32, layers=12, updates=7),
    "bert-3": Shape("3 × 768, random weights", 64, layers=3),
    "shipped": Shape("the encoder that ships, 4 × 320", 256, updates=24, examples=16),
    "tiny": Shape("2 × 64, random weights", 0, layers=2, width=64),
}


def flops(lengths: list[int], *, layers: int, hidden: int, weights: int) -> float:
    """Floating-point operations of one forward pass over passages of these tokens, padding not counted.

    Per token 2 for each weight of the blocks' matrices (`weights`, a block), and for attention 4 × length
    × hidden a block (scores and weighted sum). Embeddings, norms, pooler and head are left out.
    """
    return float(sum(layers * (2 * n * weights + 4 * n * n * hidden) for n in lengths))


def prepare(
    line: Line, *, shape: str, folder: str, texts: list[str], sets: list[list[str]], onnx: bool, small: bool
) -> None:
    """Write the model directory `folder`/model, and as ONNX; answers cost and thresholds."""
    import torch

    from minsheng.errors import ModelError
    from minsheng.modeling.batches import encode
    from minsheng.modeling.directory import load_directory
    from minsheng.modeling.shipped import ENCODER, TAGGER, shipped

    place = Path(folder) / "model"
    layers = min(SHAPES[shape].layers, 1) if small else SHAPES[shape].layers
    source = "random weights"
    try:
        kept = None if layers or small else shipped(TAGGER)
    except ModelError:  # this installation has none
        kept = None
    if kept is not None:
        shutil.copytree(kept, place)
        source = TAGGER
    else:
        _random_model(place, texts, sets[0], layers=layers, width=SHAPES[shape].width, small=small)
    model, tokenizer, info = load_directory(place)
    missing = None
    if onnx:
        missing = _export(model, Path(folder))
    blocks: list[dict[str, int]] = [{} for _ in range(model.config.num_hidden_layers)]
    for name, module in model.base_model.named_modules():
        numbers = [int(part) for part in name.split(".") if part.isdigit()]
        if isinstance(module, torch.nn.Linear) and numbers:
            blocks[numbers[0]][name] = module.weight.numel()
    lengths = [[len(ids) for ids in encode(tokenizer, part, max_tokens=info.max_tokens)] for part in sets]
    hidden, weights = model.config.hidden_size, sum(blocks[0].values())
    line.ready(
        {
            "source": source,
            "encoder": str(shipped(ENCODER)) if kept is not None else str(Path(folder) / "encoder"),
            "labels": list(info.labels),
            "thresholds": list(info.calibration.thresholds or ()),
            "parameters": sum(p.numel() for p in model.parameters()),
            "tokens": [sum(part) for part in lengths],
            "flops": [flops(part, layers=len(blocks), hidden=hidden, weights=weights) for part in lengths],
            "onnx": missing,
        }
    )


def _random_model(
    place: Path, texts: list[str], sample: list[str], *, layers: int, width: int, small: bool
) -> None:
    """A directory of random weights, and beside it `encoder`, to train from."""
    import torch

    from minsheng.config.load import load_config
    from minsheng.config.schema import ModelConfig, PretrainConfig, TokenizerConfig
    from minsheng.modeling.batches import collate, encode
    from minsheng.modeling.model import build_classifier
    from minsheng.modeling.vocabulary import train_tokenizer
    from minsheng.taxonomy import load_taxonomy

    taxonomy = load_taxonomy("livelihood")
    if layers:
        tokenizer, model = _bert(place.parent, texts, layers=layers, width=width, labels=taxonomy.keys)
    else:
        root = Path(__file__).resolve().parents[2]
        design = load_config(PretrainConfig, root / "configs" / "pretrain-mini.yaml")
        tokenizer = train_tokenizer(
            texts[:300] if small else texts, TokenizerConfig(vocabulary=14336, rarest=1), positions=1024
        )
        config = ModelConfig(architecture=design.architecture)
        model = build_classifier(config, tokenizer, labels=taxonomy.keys, single_label=False, seed=13)
    model.base_model.save_pretrained(place.parent / "encoder")
    tokenizer.save_pretrained(place.parent / "encoder")
    # The head of random weights says the same of every text: spread it as a trained one would.
    head = next(m for m in reversed(list(model.modules())) if isinstance(m, torch.nn.Linear))
    ids = encode(tokenizer, sample, max_tokens=384)
    with torch.inference_mode():
        logits = torch.cat(
            [model.eval()(**collate([row], pad_id=int(tokenizer.pad_token_id or 0))).logits for row in ids]
        )
        mean, spread = logits.mean(0), logits.std(0).clamp_min(1e-6)
        head.weight.mul_((_SPREAD / spread)[:, None])
        head.bias.sub_(mean).mul_(_SPREAD / spread).add_(_MEAN)
    _save(place, model, tokenizer, taxonomy, max_tokens=512 if layers else 384)


def _bert(folder: Path, texts: list[str], *, layers: int, width: int, labels: tuple[str, ...]) -> Any:
    """(tokenizer, model): one token a character, as in Google's Chinese BERT."""
    from transformers import BertConfig, BertModel, BertTokenizer, set_seed

    from minsheng.config.schema import ModelConfig
    from minsheng.modeling.model import build_classifier, load_tokenizer

    characters = sorted({c for text in texts for c in text.lower() if not c.isspace()})
    pieces = [f"##{c}" for c in characters if not "\u4e00" <= c <= "\u9fff"]
    known = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters, *pieces]
    known += [f"[unused{i}]" for i in range(21128 - len(known))]
    vocabulary = {token: number for number, token in enumerate(known)}
    place = folder / "start"
    BertTokenizer(vocab=vocabulary, do_lower_case=True, model_max_length=512).save_pretrained(place)
    set_seed(13)
    # The usual 0.02 gives features that hardly depend on the text; 0.04 is about that of trained matrices.
    config = BertConfig(
        vocab_size=len(known), num_hidden_layers=layers, initializer_range=0.04,
        hidden_size=width, intermediate_size=4 * width, num_attention_heads=max(1, width // 64),
    )  # fmt: skip
    BertModel(config).save_pretrained(place)
    tokenizer = load_tokenizer(str(place))
    model = build_classifier(
        ModelConfig(name=str(place)), tokenizer, labels=labels, single_label=False, seed=13
    )
    shutil.rmtree(place)
    return tokenizer, model


def _save(place: Path, model: Any, tokenizer: Any, taxonomy: Any, *, max_tokens: int) -> None:
    from minsheng.config.schema import CleanConfig
    from minsheng.modeling.calibration import AbstentionRule, Calibration
    from minsheng.modeling.directory import ModelInfo, save_directory

    info = ModelInfo(
        taxonomy=taxonomy,
        single_label=False,
        clean=CleanConfig(),
        max_tokens=max_tokens,
        calibration=Calibration(
            taxonomy.keys, 1.0, (0.5,) * len(taxonomy.keys), AbstentionRule(0.9, 0.95, 0.95, 1, 1, 1)
        ),
        validation={},
        provenance={},
    )
    save_directory(place, model=model, tokenizer=tokenizer, info=info)


def _export(model: Any, folder: Path) -> str | None:
    """fp32.onnx and int8.onnx (weights by tensor, activations by batch); the reason where that cannot be."""
    import torch

    class Logits(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            return self.model(input_ids=input_ids, attention_mask=attention_mask).logits

    try:
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
        from onnxruntime.quantization import QuantType, quantize_dynamic
    except ImportError as error:
        return f"{error.name} is not installed: pip install 'minsheng[benchmark]'"
    size = {0: torch.export.Dim("batch", max=4096), 1: torch.export.Dim("sequence", max=512)}
    example = torch.full((2, 40), 7), torch.ones((2, 40), dtype=torch.int64)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                Logits().eval(), example, folder / "fp32.onnx", input_names=["input_ids", "attention_mask"],
                output_names=["logits"], dynamic_shapes={"input_ids": size, "attention_mask": size},
                dynamo=True, verbose=False,
            )  # fmt: skip
        quantize_dynamic(folder / "fp32.onnx", folder / "int8.onnx", weight_type=QuantType.QInt8)
    except Exception as error:
        return f"export failed: {json.dumps(str(error)[:200], ensure_ascii=False)}"
    return None
