"""Tag documents: accelerate launch [options] scripts/run_tag.py PATH… --model DIR --out DIR."""

from __future__ import annotations

import sys

from minsheng.cli.app import run

if __name__ == "__main__":
    sys.argv[1:1] = ["tag"]
    run()
