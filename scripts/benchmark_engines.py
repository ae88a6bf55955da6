"""One folder tagged by each engine, and again with a worker killed: python scripts/benchmark_engines.py

Makes a folder of documents from data/corpus (three paragraphs each), tags it with one process, with two of accelerate
(gloo), and with Ray (one and two actors), each process that tags with one thread; then kills a worker of each engine
in the middle. Every run's tags are compared with those of the one process. Tables in Markdown on standard output:
`seconds` are of tagging itself (with Ray, also of its start), `whole` with start-up and tables; memory is that of all
processes of a run together at its peak. `busy with others`: the cores that other work held meanwhile; where that is
much, seconds say little, and only `core-seconds` (processor time of all processes of a run, with start-up and tables)
can be compared. Ctrl-C ends the run of the moment and prints what is done; with --folder the same command goes on.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import signal
import sys
import tempfile
from collections import Counter
from dataclasses import asdict, fields
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.engines import ROOT, RUNS, Run, run
from benchmarks.report import machine

EPSILON = 1e-4  # two engines may differ in a label where its probability is this near to the threshold
WINDOW = 64  # documents in one part, as `minsheng tag` makes them
LISTED = 30  # rows near a threshold that are listed; all are counted
SCALING = (("accelerate", "one process", "accelerate, 2 processes"), ("Ray", "Ray, 1 actor", "Ray, 2 actors"))


def write_folder(place: Path, documents: int, *, each: int = 3) -> int:
    """Text files in folders of 100; the paragraphs are dealt like cards, so that one comes again after all others.

    Returns the characters in all.
    """
    rows = [
        json.loads(line)["text"]
        for path in sorted((ROOT / "data" / "corpus").glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    rng, deck, characters = random.Random(13), [], 0
    for number in range(documents):
        if len(deck) < each:
            deck = rng.sample(rows, len(rows))
        text = [deck.pop() for _ in range(each)]
        characters += sum(map(len, text))
        path = place / f"{number // 100:03d}" / f"{number:06d}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n\n".join(text) + "\n", encoding="utf-8")
    return characters


def read_rows(out: Path) -> list[dict[str, Any]]:
    """The passages of a run."""
    return [json.loads(line) for line in (out / "tags.jsonl").read_text(encoding="utf-8").splitlines()]


def compare(reference: Path, other: Path, limits: dict[str, float]) -> dict[str, Any]:
    """Passages lost and doubled; rows with other labels, and those of them that no nearness to a threshold excuses."""
    (one, two), rows = (Counter(map(_key, read_rows(out))) for out in (reference, other)), read_rows(other)
    mine = {_key(row): row for row in read_rows(reference)}
    found: dict[str, Any] = {
        "passages": len(rows), "lost": sum((one - two).values()), "doubled": sum((two - one).values()),
        "same": (reference / "tags.jsonl").read_bytes() == (other / "tags.jsonl").read_bytes(),
        "labels": 0, "beyond": 0, "furthest": 0.0,
    }  # fmt: skip
    for row in rows:
        if (base := mine.get(_key(row))) is None:
            continue
        different = set(base["labels"]) ^ set(row["labels"])
        found["labels"] += bool(different)
        found["beyond"] += any(abs(base["scores"][name] - limits[name]) > EPSILON for name in different)
        far = max(abs(base["scores"][name] - row["scores"][name]) for name in limits)
        found["furthest"] = max(found["furthest"], far)
    return found


def _key(row: dict[str, Any]) -> tuple[str, int]:
    return row["document"], row["passage"]


def thresholds() -> dict[str, float]:
    """The threshold of each domain, of the tagger that ships."""
    sys.path.insert(0, str(ROOT / "train"))
    from minsheng.modeling.directory import read_info
    from minsheng.modeling.shipped import TAGGER, shipped

    place = shipped(TAGGER)
    assert place is not None
    info = read_info(place)
    return dict(zip(info.taxonomy.keys, map(float, info.calibration.thresholds), strict=False))


def table(columns: str, rows: list[list[str]]) -> str:
    """A Markdown table; the first column is text."""
    names = [name.strip() for name in columns.split("|")]
    lines = [names, ["---"] + ["---:"] * (len(names) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def described(done: Run, found: dict[str, Any]) -> list[str]:
    """A row of the first table."""
    seconds = "–" if done.seconds is None else f"{done.seconds:.1f}"
    rate = "–" if done.seconds is None else f"{found['passages'] / done.seconds:.1f}"
    return [
        done.name, str(done.starts), seconds, rate, f"{done.whole:.1f}", f"{done.cores:.1f}",
        f"{done.others:.1f}", f"{done.mib:,.0f}", f"{found['passages']:,}",
        str(found["lost"]), str(found["doubled"]), "the same" if found["same"] else "others",
        str(found["labels"]), str(found["beyond"]), f"{found['furthest']:.6f}",
    ]  # fmt: skip


def scaling(runs: dict[str, Run], passages: int) -> list[list[str]]:
    """A row for each engine and number of processes."""
    rows = []
    for engine, one, two in SCALING:
        base = runs[one].seconds if one in runs else None
        for name in (one, two):
            seconds = runs[name].seconds if name in runs else None
            if base is None or seconds is None:
                continue
            of = RUNS[name][2]
            rows.append(
                [engine, str(of), f"{seconds:.1f}", f"{passages / seconds:.1f}", f"{passages / seconds / of:.1f}",
                 f"{base / seconds:.2f}", f"{base / seconds / of:.0%}"]
            )  # fmt: skip
    return rows


def near(out: Path, others: dict[str, Path], limits: dict[str, float]) -> list[list[str]]:
    """The probabilities of the one process within ε of a threshold, or beyond where a run decides otherwise."""
    labels = {name: {_key(row): row["labels"] for row in read_rows(place)} for name, place in others.items()}
    lines = []
    for row in read_rows(out):
        for domain, limit in limits.items():
            given = domain in row["labels"]
            differ = [n for n, found in labels.items() if (domain in found.get(_key(row), ())) != given]
            score = row["scores"][domain]
            if differ or abs(score - limit) <= EPSILON:
                lines.append(
                    [row["document"][-14:], str(row["passage"]), domain, f"{score:.6f}", f"{limit:.6f}",
                     ", ".join(differ) or "none"]
                )  # fmt: skip
    return lines


def sizing(rate: float, size: float, price: float) -> list[list[str]]:
    """What 10^6 and 10^8 such passages take. `rate`: passages a second a core; `size`: bytes of a passage's line."""
    rows = []
    for power in (6, 8):
        hours = 10**power / rate / 3600
        days = [f"{hours / 24 / cores:,.2f}" for cores in (1, 16, 64)]
        rows.append(
            [f"10^{power}", f"{hours:,.1f}", *days, f"{hours * price:,.2f}", f"{10**power * size / 1e9:,.1f}"]
        )
    return rows


def report(
    work: Path, runs: dict[str, Run], documents: int, characters: int, price: float, it: dict[str, Any]
) -> None:
    """Print the tables of the runs that are done. `it`: the machine before them."""
    limits = thresholds()
    names = ("torch", "accelerate", "openvino", "ray")
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in names)
    print(
        f"`python scripts/benchmark_engines.py --documents {documents}`, {date.today()}: {it['processor']}, "
        f"{it['cores']} cores, load {it['load_before'] or 0:.1f} before, one thread a process; {it['system']}, "
        f"Python {it['python']}, {versions}.\n"
    )
    places = {name: work / _folder(name) for name in runs}
    found = {name: compare(work / _folder("one process"), place, limits) for name, place in places.items()}
    columns = (
        "run | starts | seconds | passages/s | whole | core-seconds | busy with others | MiB | passages | lost | "
        f"doubled | bytes of tags.jsonl | rows with other labels | of these beyond ε = {EPSILON:g} | largest difference"
    )
    print(table(columns, [described(done, found[name]) for name, done in runs.items()]))
    passages = found["one process"]["passages"]
    print(
        f"{documents:,} documents, {passages:,} passages of {characters / passages:.0f} characters in the mean.\n"
    )
    columns = "engine | processes | seconds | passages/s | passages/s a process | × one | of the ideal"
    scaled = scaling(runs, passages)
    print(table(columns, scaled))
    if scaled:
        rate = float(scaled[min(1, len(scaled) - 1)][4])  # of two processes, where they ran
        size = (places["one process"] / "tags.jsonl").stat().st_size / passages
        print(
            f"At {rate:.1f} passages/s a core, {size:.0f} bytes a passage, and {price:g} for a core-hour:\n"
        )
        columns = "passages | core-hours | days on 1 core | 16 cores | 64 cores | cost | GB of tags.jsonl"
        print(table(columns, sizing(rate, size, price)))
    close = near(places["one process"], places, limits)
    print(
        f"Within {EPSILON:g} of a threshold, or with another label in some run: {len(close)} probabilities.\n"
    )
    columns = "document | passage | domain | probability | threshold | runs with other labels"
    print(table(columns, close[:LISTED]) if close else "", flush=True)


def _folder(name: str) -> str:
    return name.replace(",", "").replace(" ", "-")


def measure(work: Path, documents: int, price: float) -> None:
    """All runs that are not done yet, and the report, also when this is interrupted."""
    shutil.rmtree(work / "documents", ignore_errors=True)
    characters, record = write_folder(work / "documents", documents), work / "runs.json"
    runs: dict[str, Run] = {}
    before = machine(1)
    if record.is_file():
        held = json.loads(record.read_text(encoding="utf-8"))
        if held["documents"] != documents:
            raise SystemExit(f"{work}: holds runs with other --documents; choose another --folder")
        known = {field.name for field in fields(Run)}
        runs = {one["name"]: Run(**one) for one in held["runs"] if one.keys() == known}
    try:
        for number, name in enumerate(RUNS, 1):
            if name in runs:
                continue
            print(f"{number} of {len(RUNS)}: {name}", file=sys.stderr, flush=True)
            shutil.rmtree(work / _folder(name), ignore_errors=True)
            after = max(1, -(-documents // WINDOW) // 3)
            runs[name] = run(name, work / "documents", work / _folder(name), after=after)
            kept = {"documents": documents, "runs": [asdict(done) for done in runs.values()]}
            record.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    finally:
        if runs:
            report(work, runs, documents, characters, price, before)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--documents", type=int, default=5000, help=f"at least {4 * WINDOW}: a kill needs parts"
    )
    parser.add_argument(
        "--folder", type=Path, help="where to work and what stays; default: a temporary folder"
    )
    parser.add_argument("--price", type=float, default=0.05, help="of a core for an hour, in any currency")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # `kill` ends it as Ctrl-C does
    try:
        with tempfile.TemporaryDirectory() as temporary:
            measure(asked.folder or Path(temporary), asked.documents, asked.price)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
