"""Speed of tagging and training against others, on this machine: python scripts/benchmark.py --rounds 7

Every contender runs in a process of its own and does the same work in turn, round by round (A B A B …); the
first round warms up, the medians of the rest are reported, as a Markdown table on standard output and as
JSON with --json. Sections: `tagging` and `training` (see scripts/benchmarks/taggers.py and trainers.py for
who takes part), `limit` (the machine's rate of matrix products), `size` (time and memory against documents), and only
when asked for, `memory` (200,000 passages with a tiny model, 5,000 in BERT-base shape).
A floating-point operation counts for real tokens alone: see `flops` in scripts/benchmarks/shapes.py.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.limit import serve_limit
from benchmarks.passages import read_passages
from benchmarks.report import machine, markdown
from benchmarks.rounds import Settings, measure_tagging, measure_training, say
from benchmarks.shapes import SHAPES
from benchmarks.size import measure_memory, measure_size
from benchmarks.workers import Worker

ROOT = Path(__file__).resolve().parents[1]
SECTIONS = ("limit", "tagging", "training", "size", "memory")
MODELS = [name for name, shape in SHAPES.items() if shape.passages]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=0, help="0: one for each core that may be used")
    parser.add_argument("--sections", nargs="+", choices=SECTIONS, default=list(SECTIONS[:-1]))
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--passages", type=int, help="a round of tagging; default: by model, see shapes.py")
    parser.add_argument("--corpus", type=Path, default=ROOT / "data" / "corpus", help="folder of JSONL")
    parser.add_argument("--json", type=Path, help="file for all numbers")
    parser.add_argument(
        "--quick", action="store_true", help="a smoke test: tiny, and its numbers mean nothing"
    )
    return parser.parse_args()


def main() -> None:
    asked = arguments()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    settings = Settings(
        rounds=1 if asked.quick else asked.rounds,
        threads=asked.threads or cores,
        small=asked.quick,
        passages=4 if asked.quick else asked.passages,
    )
    passages = read_passages(asked.corpus)
    result: dict[str, Any] = {
        "command": " ".join(["python scripts/benchmark.py", *sys.argv[1:]]),
        "date": date.today().isoformat(),
        "rounds": settings.rounds,
        "machine": machine(settings.threads),
    }
    for section in SECTIONS:
        if section not in asked.sections:
            continue
        say(f"== {section}")
        if section == "limit":
            worker = Worker(serve_limit, threads=settings.threads, small=settings.small)
            rounds = [worker.ask(number) for number in range(settings.rounds)]
            worker.close()
            result["limit"] = {name: median(one[name] for one in rounds) for name in rounds[0]}
            continue
        if section == "size":
            with tempfile.TemporaryDirectory() as folder:
                result["size"] = measure_size(passages, Path(folder), settings)
            continue
        if section == "memory":
            with tempfile.TemporaryDirectory() as folder:
                result["memory"] = measure_memory(passages, Path(folder), settings)
            continue
        measure = measure_tagging if section == "tagging" else measure_training
        for shape in asked.models:
            if section == "training" and not SHAPES[shape].updates:
                continue
            with tempfile.TemporaryDirectory() as folder:
                found = measure(shape, passages, Path(folder), settings)
            result.setdefault(section, {})[shape] = found
        if asked.json:  # what is done is not lost where a later section fails
            asked.json.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if asked.json:
        asked.json.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(markdown(result))


if __name__ == "__main__":
    main()
