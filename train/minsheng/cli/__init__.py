"""The command line: parse, call a workflow, print. One file a command group."""

from __future__ import annotations


def main() -> None:
    """Entry point of the console command `minsheng`."""
    from minsheng.cli.app import run

    run()
