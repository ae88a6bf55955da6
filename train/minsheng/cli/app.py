"""The typer application and its one place where errors become messages and exit codes."""

from __future__ import annotations

import os
import re
import sys
from typing import Annotated, Any, NoReturn

import typer

import minsheng
from minsheng.cli import corpus, doctor, documents, evaluation, help, training
from minsheng.cli.words import phrase
from minsheng.documents.values import one_line
from minsheng.errors import MinshengError

# Nothing is sent anywhere: telemetry of the libraries, and the bot that transformers asks to convert weights.
_QUIET = {"HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1", "DISABLE_SAFETENSORS_CONVERSION": "1"}
# How safetensors and tokenizers, written in Rust, name a full disk; their errors are no OSError.
_OS_ERROR = re.compile(r"\(os error (\d+)\)")
_LONGEST = 500  # characters of what a library says
_INTERRUPTED = "interrupted; start the same command again to go on"
# Newer versions of typer have a click of their own inside, so that its name differs.
_UsageError: Any = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")

app = typer.Typer(
    name="minsheng",
    help="Label the paragraphs of Chinese reports by livelihood domain (民生领域段落标注).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
)
documents.register(app)
training.register(app)
evaluation.register(app)
corpus.register(app)
doctor.register(app)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"minsheng {minsheng.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
    debug: Annotated[  # `run` takes it off wherever it stands; this is for the help
        bool, typer.Option("--debug", help="Show where an error arose, as a traceback.")
    ] = False,
) -> None:
    """Label the paragraphs of Chinese reports by livelihood domain (民生领域段落标注)."""


def run() -> None:
    """Run the command line; a known error is one line on standard error and its exit code."""
    debug = "--debug" in sys.argv
    if debug:
        sys.argv.remove("--debug")
    for name, value in _QUIET.items():  # before any library is imported and reads it
        os.environ.setdefault(name, value)
    for stream in (sys.stdout, sys.stderr):
        # A cp936 console cannot show every character: show a substitute, never crash.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            code = _main()
        finally:
            sys.stdout.flush()  # a pipe that nobody reads is found here and not after the last line
        if code == 130:  # what typer makes of Ctrl-C
            _fail(_INTERRUPTED, 130)
        sys.exit(code)
    except MinshengError as error:
        if debug:
            raise
        _fail(str(error), error.exit_code)
    except OSError as error:  # a full disk, a closed pipe, no permission, a file where a folder should be
        if debug:
            raise
        place = f"{error.filename}: " if error.filename else ""
        _fail(f"{place}{error.strerror or error} (--debug shows where)", 1)
    except (KeyboardInterrupt, typer.Abort):
        _fail(_INTERRUPTED, 130)
    except _UsageError as error:
        _usage(error)
    except Exception as error:
        if debug:
            raise
        _fail(_unforeseen(error), 1)


def _main() -> int:
    """Run the command that the arguments name; its exit code."""
    given = sys.argv[1:]
    with help.fixed_words(wanted="--help" in given or len(given) < 2):
        # Not standalone: wrong usage and exit codes come here and are said in our way.
        code = help.tree(app).main(prog_name="minsheng", standalone_mode=False)
    return code if isinstance(code, int) else 0


def _unforeseen(error: Exception) -> str:
    """What to say of an error that no room raised on purpose."""
    found = _OS_ERROR.search(str(error))
    if found is not None:
        return f"{os.strerror(int(found[1]))} (--debug shows where)"
    if isinstance(error, MemoryError):
        return "not enough memory: close other programs, or do it in parts (--debug shows where)"
    kind, reason = type(error).__name__, str(error)[:_LONGEST] or "no reason given"
    return f"unexpected {kind}: {reason}; a fault of minsheng: add --debug to see where, and report it"


def _usage(error: Any) -> NoReturn:
    """Wrong usage: what was wrong, and how to see what is right."""
    if type(error).__name__ == "NoArgsIsHelpError":  # the help itself, printed already or its message
        if error.message:
            print(error.message)
        sys.exit(error.exit_code)
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "minsheng"
    message = " ".join(error.format_message().split()).rstrip(".").replace("Value error, ", "")
    end = "" if message.endswith("?") else "."
    _fail(f"{message}{end} See `{path} --help`", error.exit_code)


def _fail(message: str, code: int) -> NoReturn:
    try:
        sys.stdout.flush()
    except OSError:  # what cannot be said must not be tried again when Python ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    # File names and what a file holds are part of messages, and may hold what a terminal obeys.
    print("minsheng:", one_line(phrase(" ".join(message.splitlines()))), file=sys.stderr)
    sys.exit(code)
