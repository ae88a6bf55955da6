"""YAML file + `a.b=value` overrides → a frozen settings tree, with errors that name file and dotted key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from minsheng.config.schema import Settings
from minsheng.errors import ConfigError, nearest
from minsheng.taxonomy.loading import guard_yaml

S = TypeVar("S", bound=Settings)

_LONGEST_SHOWN = 200  # characters of a value in a message
MAX_BYTES = 1_000_000  # a config is written by hand; more than this is a wrong file


class _Loader(yaml.SafeLoader):
    """YAML 1.2 core scalars, so that the field and not the reader decides about `no` and `0123`."""


_Loader.yaml_implicit_resolvers = {}
_SCALARS: tuple[tuple[str, str, str], ...] = (
    ("tag:yaml.org,2002:null", r"~|null|Null|NULL|", "~nN\0"),
    ("tag:yaml.org,2002:bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("tag:yaml.org,2002:int", r"[-+]?(0|[1-9][0-9]*)", "-+0123456789"),
    (
        "tag:yaml.org,2002:float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
)
for _tag, _pattern, _first in _SCALARS:
    _Loader.add_implicit_resolver(
        _tag, re.compile(f"^(?:{_pattern})$"), [c if c != "\0" else "" for c in _first]
    )


def _float(loader: _Loader, node: yaml.ScalarNode) -> float | str:
    text = loader.construct_scalar(node)
    # "0123" matches the float pattern; it stays text, so that a name keeps its zero.
    if re.fullmatch(r"[-+]?0[0-9]+", text):
        return text
    return float(text.replace(".inf", "inf").replace(".nan", "nan")) if text[-1].isalpha() else float(text)


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: dict[Any, int] = {}
    for key, _ in node.value:
        name = loader.construct_object(key, deep=True)
        if not isinstance(name, str | int | float | bool | None):
            raise yaml.constructor.ConstructorError(None, None, "a key must be plain text", key.start_mark)
        if name in seen:
            problem = f"the key {name!r} stands twice (first on line {seen[name]})"
            raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
        seen[name] = key.start_mark.line + 1
    return yaml.SafeLoader.construct_mapping(loader, node, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:float", _float)
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def parse_yaml(text: str, *, where: str) -> Any:
    """Plain values of a YAML text. Raises ConfigError that names `where` and the line."""
    loader: _Loader | None = None
    try:
        guard_yaml(text, where=where)
        loader = _Loader(text)
        return loader.get_single_data()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = f", line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{where}{at}: not valid YAML: {error.problem or error.context}") from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a number too long to convert
        raise ConfigError(f"{where}: not valid YAML: {str(error).splitlines()[0]}") from error
    except RecursionError as error:
        raise ConfigError(f"{where}: nested too deeply") from error
    finally:
        if loader is not None:
            loader.dispose()


def _set(tree: dict[str, Any], dotted: str, value: Any, override: str) -> None:
    *parents, last = dotted.split(".")
    for depth, name in enumerate(parents):
        branch = tree.setdefault(name, {})
        if branch is None:
            branch = tree[name] = {}
        if not isinstance(branch, dict):
            raise ConfigError(
                f"override {_shown(override)}: {'.'.join(parents[: depth + 1])} is not a section"
            )
        tree = branch
    tree[last] = value


def _fields(schema: type[BaseModel], path: Sequence[str | int]) -> Iterable[str]:
    """Valid keys at a place in the tree, for the nearest-key hint."""
    model: Any = schema
    for name in path:
        if isinstance(name, int):
            continue
        info = getattr(model, "model_fields", {}).get(name)
        if info is None:
            return ()
        kinds = [info.annotation, *get_args(info.annotation)]
        model = next((k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)), None)
    return getattr(model, "model_fields", {}).keys()


def _shown(value: Any) -> str:
    """A value as it stands in Python, the beginning of a long one."""
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"


def _path(fault: ErrorDetails) -> list[str | int]:
    """The keys and places that lead to a fault."""
    return [p for p in fault["loc"] if not (isinstance(p, str) and p.startswith("function"))]


def _misspelt(faults: Sequence[ErrorDetails], schema: type[BaseModel]) -> ErrorDetails | None:
    """An unknown key whose nearest known one is missing beside it: a typo, of which there is one fault, not two."""
    missing = [_path(fault) for fault in faults if fault["type"] == "missing"]
    for fault in faults:
        *parents, last = _path(fault)
        if fault["type"] == "extra_forbidden" and (hint := nearest(str(last), _fields(schema, parents))):
            beside = [str(path[-1]) for path in missing if path[:-1] == parents]
            if hint == nearest(str(last), beside):
                return fault
    return None


def _explain(error: ValidationError, schema: type[BaseModel], where: str) -> str:
    faults = error.errors()
    typo = _misspelt(faults, schema)
    first, others = typo or faults[0], len(faults) - (1 if typo is None else 2)
    path = _path(first)
    dotted = ".".join(str(p) for p in path)
    more = f" (and {others} more)" if others else ""
    if first["type"] == "extra_forbidden":
        known = list(_fields(schema, path[:-1]))
        hint = nearest(str(path[-1]), known) or f"; known keys: {', '.join(known)}"
        return f"{where}: unknown key {dotted!r}{hint}{more}"
    if first["type"] == "missing":
        return f"{where}: the key {dotted!r} is missing{more}"
    message = first["msg"].removeprefix("Input ")
    return f"{where}: {dotted}: got {_shown(first['input'])}, {message}{more}"


def build(schema: type[S], tree: Any, *, where: str) -> S:
    """Validate plain values against a settings class. Raises ConfigError."""
    if tree is None:
        tree = {}
    if not isinstance(tree, dict):
        raise ConfigError(f"{where}: expected keys and values, got {type(tree).__name__}")
    try:
        return schema.model_validate(tree)
    except ValidationError as error:
        raise ConfigError(_explain(error, schema, where)) from error


def load_config(schema: type[S], path: str | Path, overrides: Sequence[str] = ()) -> S:
    """Read a YAML file into `schema`, then apply overrides such as `optimizer.learning_rate=3e-5`."""
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError(f"{path}: over {MAX_BYTES} bytes; this is not a config file")
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        names = [p.name for p in path.parent.glob("*.yaml")] if path.parent.is_dir() else []
        raise ConfigError(f"{path}: no such config file{nearest(path.name, names)}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error
    tree = parse_yaml(text, where=str(path))
    if overrides:
        tree = {} if tree is None else tree
        if not isinstance(tree, dict):
            raise ConfigError(f"{path}: expected keys and values, got {type(tree).__name__}")
        for override in overrides:
            key, equals, value = override.partition("=")
            if not equals or not all(key.split(".")):
                raise ConfigError(f"override {_shown(override)}: write it as key.subkey=value")
            _set(tree, key, parse_yaml(value, where=f"override {_shown(override)}"), override)
    return build(schema, tree, where=str(path))


def dump_config(config: Settings) -> str:
    """The whole resolved tree as YAML; `load_config` reads it back to an equal value."""
    return yaml.safe_dump(config.model_dump(mode="json"), allow_unicode=True, sort_keys=False)
