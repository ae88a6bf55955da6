"""The forward pass of BERT and ModernBERT classifiers as an OpenVINO network, built from a model directory.

Why not convert the PyTorch model: tracing takes seconds and loads torch, and a traced network computes the
rotary angles in bf16, which shifts probabilities by a tenth. Here they are tables. Published layouts: Devlin
et al. 2019 (BERT), Warner et al. 2024 (ModernBERT).

Inputs: `input_ids` and `attention_mask`, both int32 (batch, sequence), padded on the right. Output: logits
(batch, labels). In int8, weights have one scale an output channel; OpenVINO scales the activations for each
token by itself (`DYNAMIC_QUANTIZATION_GROUP_SIZE`), so that a score does not depend on its batch.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from minsheng.modeling.batches import WIDTH

if TYPE_CHECKING:
    import openvino
    from numpy.typing import NDArray

_MASKED = -1e4  # added to the attention scores of padding; its exponential is 0 also in bf16


class UnsupportedError(Exception):
    """This network cannot be built; the text says why, for a log."""


def load_openvino() -> Any:
    """The library, without its telemetry: with that, the import alone reports its use to Intel.

    Raises UnsupportedError where it is not installed.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # its import fails, a stub steps in
    try:
        import openvino
    except ImportError as error:
        raise UnsupportedError("openvino is not installed") from error
    return openvino


def build_network(folder: Path, *, int8: bool, max_tokens: int) -> openvino.Model:
    """The network of a model directory, for sequences of up to `max_tokens`. Raises UnsupportedError."""
    openvino = load_openvino()
    from openvino import opset15 as op

    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    kinds = {"BertForSequenceClassification": _bert, "ModernBertForSequenceClassification": _modernbert}
    name = next(iter(config.get("architectures") or []), None)
    longest = -(-max_tokens // WIDTH) * WIDTH  # widths of batches are rounded up
    if name not in kinds:
        raise UnsupportedError(f"{name}: only {' and '.join(kinds)} are known")
    ids = op.parameter([-1, -1], np.int32, name="input_ids")
    mask = op.parameter([-1, -1], np.int32, name="attention_mask")
    layers = Layers(_weights(folder), int8=int8)
    try:
        if len(layers.weights["classifier.weight"]) != len(config["id2label"]):
            raise UnsupportedError(f"{folder}: its head does not fit its config.json")
        logits = kinds[name](layers, config, ids, op.convert(mask, "f32"), longest)
    except KeyError as error:
        raise UnsupportedError(f"{folder}: has no {error}") from error
    except RuntimeError as error:  # OpenVINO: sizes that do not fit
        raise UnsupportedError(f"{folder}: {' '.join(str(error).split())[:200]}") from error
    return openvino.Model([logits], [ids, mask], "classifier")


def group_size(folder: Path) -> int:
    """Activations that share a scale in int8: those of one token, at most the hidden size of them."""
    return int(json.loads((folder / "config.json").read_text(encoding="utf-8"))["hidden_size"])


def _weights(folder: Path) -> dict[str, NDArray[np.float32]]:
    from safetensors import safe_open

    place = folder / "model.safetensors"
    if not place.is_file():
        raise UnsupportedError(f"{folder}: its weights lie in several files")
    found = {}
    with safe_open(place, framework="numpy") as file:
        for name in file.keys():  # noqa: SIM118 - not a dictionary
            if file.get_slice(name).get_dtype() not in ("F32", "F16"):
                raise UnsupportedError(f"{folder}: weights of type {file.get_slice(name).get_dtype()}")
            found[name] = file.get_tensor(name).astype(np.float32)
    return found


class Layers:
    """Layers over named weights."""

    def __init__(self, weights: Mapping[str, NDArray[np.float32]], *, int8: bool) -> None:
        from openvino import opset15

        self._op, self.weights, self._int8 = opset15, weights, int8

    def number(self, value: Any, kind: Any = np.float32) -> Any:
        """A constant."""
        return self._op.constant(np.asarray(value, dtype=kind))

    def linear(self, x: Any, name: str, *, rows: slice = slice(None)) -> Any:
        """`x W^T + b`; `rows`: only these outputs."""
        weight = self.weights[f"{name}.weight"][rows]
        bias = self.weights.get(f"{name}.bias")
        if self._int8:
            scale = np.maximum(np.abs(weight).max(1, keepdims=True), 1e-12) / 127
            rounded = self._op.constant(np.round(weight / scale).astype(np.int8))
            kernel = self._op.multiply(self._op.convert(rounded, "f32"), self.number(scale))
        else:
            kernel = self._op.constant(np.ascontiguousarray(weight))
        y = self._op.matmul(x, kernel, transpose_a=False, transpose_b=True)
        return y if bias is None else self._op.add(y, self.number(bias[rows][None]))

    def norm(self, x: Any, name: str, *, epsilon: float) -> Any:
        """Layer normalisation over the last axis."""
        y = self._op.mvn(x, self.number([-1], np.int32), True, epsilon, "INSIDE_SQRT")
        y = self._op.multiply(y, self.number(self.weights[f"{name}.weight"]))
        bias = self.weights.get(f"{name}.bias")
        return y if bias is None else self._op.add(y, self.number(bias))

    def rows_of(self, name: str, ids: Any) -> Any:
        """Embeddings, (batch, sequence, hidden)."""
        return self._op.gather(self._op.constant(self.weights[name]), ids, self.number(0, np.int32))

    def heads(self, x: Any, heads: int) -> Any:
        """(batch, sequence, hidden) → (batch, heads, sequence, hidden / heads)."""
        size = self.number([0, 0, heads, -1], np.int32)
        return self._op.transpose(self._op.reshape(x, size, True), self.number([0, 2, 1, 3], np.int32))

    def joined(self, x: Any, hidden: int) -> Any:
        """The inverse of `heads`."""
        x = self._op.transpose(x, self.number([0, 2, 1, 3], np.int32))
        return self._op.reshape(x, self.number([0, 0, hidden], np.int32), True)

    def first(self, x: Any) -> Any:
        """(batch, sequence, hidden) → (batch, hidden) of the first token."""
        return self._op.gather(x, self.number(0, np.int32), self.number(1, np.int32))

    def beginning(self, table: NDArray[np.float32], ids: Any, *axes: int) -> Any:
        """As much of a table along `axes` as the sequences are long."""
        op, found = self._op, self._op.constant(table)
        zero, one = self.number([0], np.int32), self.number([1], np.int32)
        long = op.gather(op.shape_of(ids, "i32"), one, self.number(0, np.int32))
        for axis in axes:
            found = op.slice(found, zero, long, one, self.number([axis], np.int32))
        return found

    def padding(self, mask: Any) -> Any:
        """What padding adds to attention scores, (batch, 1, 1, sequence)."""
        op = self._op
        added = op.multiply(op.subtract(mask, self.number(1.0)), self.number(-_MASKED))
        return op.unsqueeze(added, self.number([1, 2], np.int32))

    def mean(self, x: Any, mask: Any) -> Any:
        """(batch, sequence, hidden) → (batch, hidden), over what is no padding."""
        op, sequence = self._op, self.number([1], np.int32)
        mask = op.unsqueeze(mask, self.number([2], np.int32))
        return op.divide(op.reduce_sum(op.multiply(x, mask), sequence), op.reduce_sum(mask, sequence))


class Rotary:
    """Rotary positions (Su et al. 2021) of one base, as tables."""

    def __init__(self, layers: Layers, theta: float, size: int, *, ids: Any, longest: int) -> None:
        from openvino import opset15

        self._op, self._axis = opset15, layers.number(3, np.int32)
        turns = np.arange(longest)[:, None] / theta ** (np.arange(0, size, 2) / size)
        self._cos, self._sin = (
            layers.beginning(table(turns).astype(np.float32)[None, None], ids, 2)
            for table in (np.cos, np.sin)
        )

    def turn(self, x: Any) -> Any:
        """(batch, heads, sequence, size), turned by position."""
        op, halves = self._op, self._op.split(x, self._axis, 2)
        a, b = halves.output(0), halves.output(1)
        left = op.subtract(op.multiply(a, self._cos), op.multiply(b, self._sin))
        right = op.add(op.multiply(b, self._cos), op.multiply(a, self._sin))
        return op.concat([left, right], 3)


def _require(config: Mapping[str, Any], **wanted: str) -> None:
    for key, value in wanted.items():
        if config.get(key, value) != value:
            raise UnsupportedError(f"{key} is {config[key]!r}; only {value!r} is known")


def _bert(layers: Layers, config: dict[str, Any], ids: Any, mask: Any, longest: int) -> Any:
    from openvino import opset15 as op

    _require(config, hidden_act="gelu", position_embedding_type="absolute")
    heads, hidden, epsilon = config["num_attention_heads"], config["hidden_size"], config["layer_norm_eps"]
    at = "bert.embeddings."
    # Every text is one segment, the first.
    places = (
        layers.weights[f"{at}position_embeddings.weight"]
        + layers.weights[f"{at}token_type_embeddings.weight"][0]
    )
    x = op.add(layers.rows_of(f"{at}word_embeddings.weight", ids), layers.beginning(places[None], ids, 1))
    x = layers.norm(x, f"{at}LayerNorm", epsilon=epsilon)
    bias = layers.padding(mask)
    for number in range(config["num_hidden_layers"]):
        at = f"bert.encoder.layer.{number}."
        q, k, v = (
            layers.heads(layers.linear(x, f"{at}attention.self.{name}"), heads)
            for name in ("query", "key", "value")
        )
        seen = layers.joined(op.scaled_dot_product_attention(q, k, v, bias, causal=False), hidden)
        x = op.add(x, layers.linear(seen, f"{at}attention.output.dense"))
        x = layers.norm(x, f"{at}attention.output.LayerNorm", epsilon=epsilon)
        inner = op.gelu(layers.linear(x, f"{at}intermediate.dense"), "erf")
        x = op.add(x, layers.linear(inner, f"{at}output.dense"))
        x = layers.norm(x, f"{at}output.LayerNorm", epsilon=epsilon)
    return layers.linear(op.tanh(layers.linear(layers.first(x), "bert.pooler.dense")), "classifier")


def _modernbert(layers: Layers, config: dict[str, Any], ids: Any, mask: Any, longest: int) -> Any:
    from openvino import opset15 as op

    _require(config, hidden_activation="gelu", classifier_activation="gelu")
    heads, hidden, epsilon = config["num_attention_heads"], config["hidden_size"], config["norm_eps"]
    inner, kinds = config["intermediate_size"], config["layer_types"]
    rotary = {
        kind: Rotary(
            layers, config["rope_parameters"][kind]["rope_theta"], hidden // heads, ids=ids, longest=longest
        )
        for kind in sorted(set(kinds))
    }
    full = layers.padding(mask)
    distance = np.abs(np.arange(longest)[:, None] - np.arange(longest))
    far = np.where(distance > config["local_attention"] // 2, np.float32(_MASKED), np.float32(0))[None, None]
    near = op.add(full, layers.beginning(far, ids, 2, 3)) if "sliding_attention" in kinds else full
    x = layers.rows_of("model.embeddings.tok_embeddings.weight", ids)
    x = layers.norm(x, "model.embeddings.norm", epsilon=epsilon)
    for number, kind in enumerate(kinds):
        at = f"model.layers.{number}."
        h = layers.norm(x, f"{at}attn_norm", epsilon=epsilon) if number else x
        q, k, v = (
            layers.heads(layers.linear(h, f"{at}attn.Wqkv", rows=slice(i * hidden, (i + 1) * hidden)), heads)
            for i in range(3)
        )
        q, k = rotary[kind].turn(q), rotary[kind].turn(k)
        bias = full if kind == "full_attention" else near
        seen = op.scaled_dot_product_attention(q, k, v, bias, causal=False)
        x = op.add(x, layers.linear(layers.joined(seen, hidden), f"{at}attn.Wo"))
        h = layers.norm(x, f"{at}mlp_norm", epsilon=epsilon)
        # Two products and not one that is split: the activation is then computed within the first.
        value = op.gelu(layers.linear(h, f"{at}mlp.Wi", rows=slice(inner)), "erf")
        gate = layers.linear(h, f"{at}mlp.Wi", rows=slice(inner, None))
        x = op.add(x, layers.linear(op.multiply(value, gate), f"{at}mlp.Wo"))
    x = layers.norm(x, "model.final_norm", epsilon=epsilon)
    pooled = layers.first(x) if config["classifier_pooling"] == "cls" else layers.mean(x, mask)
    pooled = layers.norm(op.gelu(layers.linear(pooled, "head.dense"), "erf"), "head.norm", epsilon=epsilon)
    return layers.linear(pooled, "classifier")
