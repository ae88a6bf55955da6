"""Evaluate a model under `accelerate launch`: accelerate launch [options] scripts/run_evaluate.py MODEL DATA."""

from __future__ import annotations

import sys

from minsheng.cli.app import run

if __name__ == "__main__":
    sys.argv[1:1] = ["evaluate"]
    run()
