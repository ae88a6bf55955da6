"""The command tree as it is shown: with its examples, and in Chinese where messages are Chinese."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import typer
from typer.main import get_command

from minsheng.cli import words
from minsheng.cli.examples import EXAMPLES, TITLE

_FIXED = {
    "ARGUMENTS_PANEL_TITLE": "Arguments",
    "OPTIONS_PANEL_TITLE": "Options",
    "COMMANDS_PANEL_TITLE": "Commands",
    "DEFAULT_STRING": "[default: {}]",
    "REQUIRED_LONG_STRING": "[required]",
}
# Where a line may end: after white space as in English, and after every Chinese character but before those
# marks that must not begin a line. rich knows only the former, and would cut Chinese off.
_WIDE = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
_WORD = re.compile(
    rf"\s*(?:[（《「『【“]*[{_WIDE}][，。；：、！？）》」』】”]*|[^\s{_WIDE}]+[，。；：、！？）》」』】”]*)\s*"
)


def tree(app: typer.Typer) -> Any:
    """The click command of the application, with examples, in the person's language."""
    command = get_command(app)
    chinese = words.language() == "zh"
    for path, inner in commands(command):
        inner.epilog = epilog(path)
        if chinese:
            _translate(inner)
    return command


def commands(command: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every command below one, and itself, with its name as a person types it after `minsheng`."""
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, f"{path} {name}".strip())


def epilog(path: str) -> str:
    """The examples of a command, a line each, in the person's language."""
    lines = [_said(TITLE)]
    for purpose, example in EXAMPLES[path]:
        lines += ["", f"  # {_said(purpose)}", f"  {example}"]
    # Plain help would fill the lines to a paragraph; \b keeps them, and rich shows it as an empty line.
    rich = getattr(typer.core, "HAS_RICH", True)
    return "\n".join(lines) if rich else "\n\n".join("\b\n" + part for part in "\n".join(lines).split("\n\n"))


def texts(command: Any) -> Iterator[str]:
    """Every text of a command that has a translation, as it stands in the code."""
    if command.help:
        yield squeezed(command.help)
    for parameter in _parameters(command):
        if getattr(parameter, "help", None):
            yield squeezed(parameter.help)
        if getattr(parameter, "rich_help_panel", None):
            yield parameter.rich_help_panel


def squeezed(text: str) -> str:
    """On one line."""
    return " ".join(text.split())


def _said(text: str) -> str:
    from minsheng.cli.words_help import HELP

    return HELP.get(text, text) if words.language() == "zh" else text


def _parameters(command: Any) -> list[Any]:
    help_option = command.get_help_option(typer.Context(command))
    return [*command.params, *([] if help_option is None else [help_option])]


def _translate(command: Any) -> None:
    """Put the Chinese texts in place of the English ones."""
    if command.help:
        command.help = _said(squeezed(command.help))
        command.short_help = None
    command.options_metavar = _said("[OPTIONS]")
    if hasattr(command, "commands"):
        command.subcommand_metavar = _said("COMMAND [ARGS]...")
    # How click begins the line is no setting.
    command.format_usage = partial(_usage, command)
    for parameter in _parameters(command):
        if getattr(parameter, "help", None):
            parameter.help = _said(squeezed(parameter.help))
        if getattr(parameter, "rich_help_panel", None):
            parameter.rich_help_panel = _said(parameter.rich_help_panel)


def _usage(command: Any, context: Any, formatter: Any) -> None:
    pieces = " ".join(command.collect_usage_pieces(context))
    formatter.write_usage(context.command_path, pieces, prefix=_said("Usage: "))


def _folded(make: Any, **options: Any) -> Any:
    """What typer makes of a text; rich then ends a line that is a space too wide without an ellipsis."""
    text = make(**options)
    text.overflow = "fold"
    return text


@contextmanager
def fixed_words(*, wanted: bool) -> Iterator[None]:
    """Where help is `wanted`: the titles that typer has as constants are in the person's language inside this."""
    if not wanted or words.language() == "en":
        yield
        return
    texts, wrapping = importlib.import_module("typer.rich_utils"), importlib.import_module("rich._wrap")
    wanted_values: list[tuple[Any, str, Any]] = [(texts, name, _said(text)) for name, text in _FIXED.items()]
    wanted_values += [(wrapping, "re_word", _WORD), (typer.core, "_", _said)]
    if (made := getattr(texts, "_make_rich_text", None)) is not None:
        wanted_values.append((texts, "_make_rich_text", partial(_folded, made)))
    # Names that another version may not have are left alone: then a word stays English.
    present = [(module, name, value) for module, name, value in wanted_values if hasattr(module, name)]
    before = [(module, name, getattr(module, name)) for module, name, _ in present]
    for module, name, value in present:
        setattr(module, name, value)
    try:
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)
