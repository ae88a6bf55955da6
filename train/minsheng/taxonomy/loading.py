"""YAML → taxonomy. This room stands above `config` and therefore reads its YAML itself."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from minsheng.errors import ConfigError, nearest
from minsheng.taxonomy.values import Taxonomy, Trail, build, dotted

MAX_CHARACTERS = 1_000_000
DEEPEST = 40  # levels; no config or taxonomy has ten


def shipped_taxonomies() -> tuple[str, ...]:
    """Names of the taxonomies inside the package, sorted."""
    folder = files("minsheng") / "assets" / "taxonomies"
    return tuple(sorted(f.name.removesuffix(".yaml") for f in folder.iterdir() if f.name.endswith(".yaml")))


def guard_yaml(text: str, *, where: str) -> None:
    """Raises ConfigError for YAML that no person writes and that could grow without bound when it is built.

    That is more than `MAX_CHARACTERS`, nesting deeper than `DEEPEST`, tags, and aliases, which can repeat each
    other ("billion laughs") or go in a circle. Raises what yaml raises where it does not parse.
    """
    if len(text) > MAX_CHARACTERS:
        raise ConfigError(f"{where}: over {MAX_CHARACTERS} characters; this is not written by hand")
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else "?"
        if isinstance(event, yaml.AliasEvent):
            raise ConfigError(f"{where}, line {line}: aliases (*name) are not allowed")
        # `!!timestamp`, `!!python/…`: plain values need none.
        if (tag := getattr(event, "tag", None)) is not None:
            raise ConfigError(f"{where}, line {line}: tags ({tag}) are not allowed")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise ConfigError(f"{where}, line {line}: nested too deeply")


def load_taxonomy(name_or_path: str | Path) -> Taxonomy:
    """Read a taxonomy: a path to a `.yaml`/`.yml` file, or the name of one that ships.

    Raises ConfigError (file, line, dotted key, what was expected, nearest valid key) for a missing file,
    YAML that does not parse, unknown or repeated keys, no domains, repeated or ill-formed domain keys,
    rulings on unknown domains and `unless` phrases without a keyword inside.
    """
    wanted = str(name_or_path)
    if isinstance(name_or_path, Path) or wanted.lower().endswith((".yaml", ".yml")):
        try:
            text = Path(name_or_path).read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise ConfigError(f"{wanted} is not UTF-8 (byte {error.start}); save it as UTF-8") from error
        except OSError as error:
            raise ConfigError(f"cannot read taxonomy {wanted}: {error.strerror}") from error
        return _parse(text, source=wanted)
    known = shipped_taxonomies()
    if wanted not in known:
        hint = nearest(wanted, known) or "; for one of your own give a path that ends in .yaml"
        raise ConfigError(f"no taxonomy {wanted!r} ships (there are {', '.join(known)}){hint}")
    entry = files("minsheng") / "assets" / "taxonomies" / f"{wanted}.yaml"
    return _parse(entry.read_text(encoding="utf-8"), source=f"{wanted}.yaml")


def _parse(text: str, *, source: str) -> Taxonomy:
    try:
        guard_yaml(text, where=source)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{source}{line}: not valid YAML: {error.problem or error.context}") from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: an escape of no character
        raise ConfigError(f"{source}: not valid YAML: {' '.join(str(error).split())}") from error
    lines: dict[Trail, int] = {}
    data = _plain(node, (), lines, source) if node else None
    if not isinstance(data, dict):
        raise ConfigError(f"{source}: expected keys such as name and domains, found none")
    return build(data, source=source, lines=lines)


def _plain(node: Any, trail: Trail, lines: dict[Trail, int], source: str) -> Any:
    """A YAML node as dicts, lists and text, with its lines noted.

    Scalars stay text, so that a domain may be called `no` and a keyword `110`.
    """
    lines[trail] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*trail, i), lines, source) for i, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        plain: dict[str, Any] = {}
        for head, value in node.value:
            key, line = str(head.value), head.start_mark.line + 1
            if key in plain:
                raise ConfigError(f"{source}, line {line}: {dotted((*trail, key))} is given twice")
            plain[key] = _plain(value, (*trail, key), lines, source)
            lines[(*trail, key)] = line
        return plain
    return None if node.tag == "tag:yaml.org,2002:null" else node.value
