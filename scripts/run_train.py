"""Train under `accelerate launch`: accelerate launch [options] scripts/run_train.py CONFIG [key=value …]."""

from __future__ import annotations

import sys

from minsheng.cli.app import run

if __name__ == "__main__":
    sys.argv[1:1] = ["train"]
    run()
