"""Configs that no person means: always an error that names file and line or key, never another exception."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minsheng.config.load import load_config
from minsheng.config.schema import PretrainConfig, TagConfig, TrainConfig
from minsheng.errors import ConfigError, MinshengError
from minsheng.taxonomy import load_taxonomy

SCHEMAS = {"train": TrainConfig, "pretrain": PretrainConfig, "tag": TagConfig}
KEYS = sorted(
    {name for schema in SCHEMAS.values() for name in schema.model_fields}
    | {
        "output",
        "train",
        "sources",
        "path",
        "learning_rate",
        "name",
        "epochs",
        "encoding",
        "domains",
        "key",
        "keywords",
    }
)
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
    | st.sampled_from([10**400, -(10**30), 1e308, "1e999", "0x1f", "0o17", "1_000", "12:30:45", "~", "no"])
)  # fmt: skip
names = st.sampled_from(KEYS) | st.text(max_size=5)
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
FILE = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def refused_or_read(path: Path, data: bytes, *overrides: str) -> None:
    path.write_bytes(data)
    for schema in SCHEMAS.values():
        try:
            load_config(schema, path, overrides)
        except ConfigError as error:
            message = str(error)
            assert path.name in message or "override" in message
            assert "\n" not in message and len(message) < 2000, message
    try:
        load_taxonomy(str(path))
    except MinshengError as error:
        assert path.name in str(error) and "\n" not in str(error) and len(str(error)) < 2000, str(error)


@FILE
@given(st.dictionaries(st.sampled_from(KEYS), trees, max_size=5))
def test_any_tree(tmp_path: Path, tree: dict[str, Any]) -> None:
    refused_or_read(tmp_path / "c.yaml", yaml.safe_dump(tree, allow_unicode=True).encode("utf-8", "replace"))


@FILE
@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes(tmp_path: Path, data: bytes) -> None:
    refused_or_read(tmp_path / "c.yaml", data)


pieces = st.sampled_from(
    ["run:", " output:",
     "{", "}", "[", "]", "- ", ": ", "\n", "\n  ", "&a ", "*a", "<<: ", "!!python/object:os.system ",
     "!!binary ", "!!set ", "!!timestamp ", "!!int ", "!!float x", "!x ", "|\n", ">-\n",
     "'", '"', "\\x", "#", "? ", "---\n",
     "...", "%YAML 9.9\n", "\t", "\0", "\x85", "\ufeff", "2024-13-45", "9" * 5000, "1e400", "~", "seed", "data", ","]
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(pieces, max_size=14).map("".join))
def test_any_yaml(tmp_path: Path, text: str) -> None:
    refused_or_read(tmp_path / "c.yaml", text.encode("utf-8"))


written = st.lists(pieces, max_size=5).map("".join)
overrides = st.text(max_size=30) | st.builds("{}={}".format, st.sampled_from(KEYS), written)


@FILE
@given(overrides)
def test_any_override(tmp_path: Path, override: str) -> None:
    refused_or_read(tmp_path / "c.yaml", b"run: {output: x}\ndata: {train: a}\n", override)


def nested(levels: int) -> str:
    """Each list names the one before nine times."""
    names = "abcdefghijklmnopqrstuvwxyz"[: levels + 1]
    lists = (f"{two}: &{two} [{f'*{one}, ' * 9}]\n" for one, two in pairwise(names))
    return f"a: &a [x, x]\n{''.join(lists)}"


BOMBS = {
    "aliases": nested(20),
    "a circle": "a: &a [*a]\n",
    "merge keys": "a: &a {x: 1}\nb: {<<: *a}\n",
    "deep flow": "a: " + "[" * 3_000,
    "deep blocks": "\n".join(" " * n + "a:" for n in range(900)),
    "deep dashes": "- " * 20_000,
    "many keys": "".join(f"k{n}: 1\n" for n in range(1_000)),
    "a long key": "k" * 20_000 + ": 1\n",
    "a long number": "seed: " + "9" * 20_000,
    "a tag": "seed: !!python/object/apply:os.system ['true']\n",
    "two documents": "seed: 1\n---\nseed: 2\n",
    "a key twice": "seed: 1\nseed: 2\n",
    "a key twice, quoted": 'seed: 1\n"seed": 2\n',
    "a list as a key": "? [a, b]\n: 1\n",
    "quotes": '"' * 99_999,
    "too large": "#" * 1_100_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_at_once(name: str, tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    began = time.process_time()
    refused_or_read(path, BOMBS[name].encode())
    assert time.process_time() - began < 10
    with pytest.raises(ConfigError, match=r"c\.yaml"):
        load_config(TrainConfig, path)
