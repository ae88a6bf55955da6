"""`minsheng doctor`: how this machine and this installation are, line by line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from minsheng.cli.console import Json, Quiet, conclude, put, screen
from minsheng.cli.words import say

if TYPE_CHECKING:
    from minsheng.workflows.doctor import Finding, Said

_STYLES = {"ok": "green", "note": "yellow", "problem": "bold red"}


def doctor(
    *,
    online: Annotated[
        bool,
        typer.Option(
            "--online", help="Also ask the Hub whether it can be reached: one request, nothing else."
        ),
    ] = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Check this machine and this installation, and say what to do. Exit code 1 if there is a problem."""
    from minsheng.workflows.doctor import examine

    found: list[Finding] = []
    with screen(quiet=quiet, as_json=as_json):
        for finding in examine(online=online):
            found.append(finding)
            if not as_json and (not quiet or finding.state == "problem"):
                _show(finding)
    problems = sum(finding.state == "problem" for finding in found)
    conclude(
        {"problems": problems, "findings": [_record(finding) for finding in found]},
        lambda: _close(found, problems),
        quiet=quiet,
        as_json=as_json,
    )
    if problems:
        raise typer.Exit(1)


def _said(sentence: Said) -> str:
    from minsheng.documents.values import one_line

    return one_line(say(sentence.text, **sentence.values))


def _show(finding: Finding) -> None:
    from rich.cells import cell_len

    state, name = say(finding.state), say(finding.name)
    put(
        f"{state:<{_width(state, 8)}} {name:<{_width(name, 12)}} {_said(finding.found)}",
        _STYLES[finding.state],
    )
    if finding.advice is not None:
        put(" " * (cell_len(" ") * 9) + "→ " + _said(finding.advice))


def _width(text: str, columns: int) -> int:
    """Characters to fill up to so many columns of the screen."""
    from rich.cells import cell_len

    return max(0, columns - (cell_len(text) - len(text)))


def _record(finding: Finding) -> dict[str, Any]:
    return {
        "name": finding.name, "state": finding.state, "found": str(finding.found),
        "advice": None if finding.advice is None else str(finding.advice),
        "values": dict(finding.found.values),
    }  # fmt: skip


def _close(found: Sequence[Finding], problems: int) -> None:
    notes = sum(finding.state == "note" for finding in found)
    if problems:
        put(say("{problems} to mend, {notes} to note", problems=problems, notes=notes), "bold red")
    else:
        put(say("nothing to mend, {notes} to note: `minsheng tag FOLDER` works here", notes=notes), "bold")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)
