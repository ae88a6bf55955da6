"""`python -m minsheng.taxonomy`: render a codebook."""

from __future__ import annotations

import sys

from minsheng.taxonomy.codebook import main

if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
