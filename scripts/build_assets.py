"""Rebuild the models that ship: python scripts/build_assets.py [--more] [TEXT] [key=value …]

TEXT (default ../shared) is the folder with `corpus/` (unlabelled text) and `labelled/` (paragraphs with labels),
neither of which ships. Runs, each resumable: pre-training, fine-tuning, half precision, evaluation on
`labelled/dev.jsonl`. Further arguments replace settings of the pre-training. `--more` also learns from labels that
have not helped so far: passages that an earlier tagger doubted, and single sentences (see the trials in the
tagger's card). The model cards say how many hours each step took; they are written by hand and stay as they are.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from safetensors.torch import load_file, save_file

from minsheng.corpus.duplicates import duplicates_across
from minsheng.corpus.records import Record, read_files
from minsheng.documents.sentences import sentences
from minsheng.taxonomy import load_taxonomy

ROOT = Path(__file__).resolve().parents[1]
ASSETS = ROOT / "train" / "minsheng" / "assets" / "models"
ENCODER, TAGGER = "minsheng-mini", "minsheng-mini-livelihood"
DATA = ROOT / "runs" / f"{TAGGER}-data"
SETS = ("train", "validation")
DOUBTED = "doubted"  # how a passage was drawn


def minsheng(*arguments: str | Path) -> None:
    """One command of the package, in the repository's root."""
    print("$ minsheng", *arguments, flush=True)
    subprocess.run([sys.executable, "-m", "minsheng", *map(str, arguments)], cwd=ROOT, check=True)


def passages(corpus: Path) -> Iterator[tuple[str, str, str]]:
    """(document, date, paragraph) of every paragraph of the unlabelled text."""
    files = sorted(corpus.glob("*.jsonl.gz"))
    if not files:
        sys.exit(f"{corpus}: no *.jsonl.gz here; give the folder that holds corpus/ and labelled/")
    for file in files:
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            for line in lines:
                document = json.loads(line)
                for paragraph in document["text"].split("\n"):
                    yield f"x-{document['id']}", str(document["date"] or ""), paragraph.strip()


def passage_labels(corpus: Path, *, more: bool) -> dict[str, list[dict[str, object]]]:
    """The paragraphs that `data/passage-labels.csv` labels by the hash of their text, as records a set."""
    with (ROOT / "data" / "passage-labels.csv").open(encoding="utf-8", newline="") as table:
        wanted = {row["passage"]: row for row in csv.DictReader(table) if more or row["drawn"] != DOUBTED}
    found: dict[str, list[dict[str, object]]] = {name: [] for name in SETS}
    for document, date, text in passages(corpus):
        key = hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]
        if (row := wanted.pop(key, None)) is not None:
            labels = row["labels"].split("|") if row["labels"] else []
            record = {"id": f"x-{key}", "text": text, "labels": labels, "group": document, "date": date}
            found[row["set"]].append({**record, "stratum": row["drawn"]})
    if wanted:
        sys.exit(f"{corpus}: {len(wanted)} of the labelled paragraphs are not in this text")
    return found


def sentence_records(paragraphs: list[Record]) -> list[Record]:
    """The sentences of these paragraphs that `data/sentence-labels.csv` labels by the hash of their text."""
    with (ROOT / "data" / "sentence-labels.csv").open(encoding="utf-8", newline="") as table:
        labels = {row["sentence"]: row["labels"] for row in csv.DictReader(table)}
    found: dict[str, Record] = {}
    for record in paragraphs:
        for number, (start, end) in enumerate(sentences(record.text)):
            text = record.text[start:end].strip()
            key = hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]
            if key in labels:
                given = tuple(labels[key].split("|")) if labels[key] else ()
                found.setdefault(key, replace(record, id=f"{record.id}.{number}", text=text, labels=given))
    return list(found.values())


def write_sets(text: Path, *, more: bool) -> None:
    """Training and validation records of the tagger; what nearly repeats validation leaves training."""
    labels, extra = load_taxonomy("livelihood").keys, passage_labels(text / "corpus", more=more)
    DATA.mkdir(parents=True, exist_ok=True)
    for name in SETS:
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in extra[name])
        (DATA / f"passages-{name}.jsonl").write_text(lines, encoding="utf-8", newline="\n")
    own = ROOT / "data" / "corpus"
    validation = read_files([DATA / "passages-validation.jsonl", own / "validation.jsonl"], labels)
    train = read_files(
        [DATA / "passages-train.jsonl", text / "labelled" / "train.jsonl", own / "train.jsonl"], labels
    )
    # The same paragraph may stand in several documents of the text.
    held_out = {record.group for record in validation}
    repeated = {record.id for record in train if record.group in held_out}
    repeated |= {pair.second.id for pair in duplicates_across(validation, train)}
    while repeated:  # of several that repeat one paragraph only the nearest is found at a time
        train = [record for record in train if record.id not in repeated]
        repeated = {pair.first.id for pair in duplicates_across(train, validation)}
    alone = sentence_records(train) if more else []
    write_records(DATA / "validation.jsonl", validation)
    write_records(DATA / "train.jsonl", [*train, *alone])
    count = f"{len(train):,} paragraphs and {len(alone):,} of their sentences"
    print(f"{count} to train on, {len(validation):,} paragraphs for validation")


def write_records(path: Path, records: list[Record]) -> None:
    rows = ({"id": r.id, "text": r.text, "labels": r.labels, "group": r.group} for r in records)
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text(lines, encoding="utf-8", newline="\n")


def ship(model: Path, name: str) -> None:
    """A model directory → the assets, its weights in half precision, its card left as it is."""
    place = ASSETS / name
    card = (place / "README.md").read_text(encoding="utf-8") if (place / "README.md").is_file() else None
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(model, place)
    weights = load_file(place / "model.safetensors")
    save_file(
        {key: value.half() for key, value in weights.items()}, place / "model.safetensors", {"format": "pt"}
    )
    if card is not None:
        (place / "README.md").write_text(card, encoding="utf-8", newline="\n")


def main() -> None:
    more, arguments = "--more" in sys.argv, [a for a in sys.argv[1:] if a != "--more"]
    text = Path(arguments.pop(0)) if arguments and "=" not in arguments[0] else ROOT.parent / "shared"
    encoder, run = ROOT / "runs" / "pretrain-mini", ROOT / "runs" / TAGGER
    if not (encoder / "finished.json").is_file():
        minsheng("pretrain", "configs/pretrain-mini.yaml", *arguments)
    ship(encoder / "model", ENCODER)
    if not (run / "finished.json").is_file():
        write_sets(text, more=more)
        minsheng("train", f"configs/{TAGGER}.yaml")
    ship(run / "model", TAGGER)
    out = ("--out", run / "evaluation", "--contrast", "data/contrast.jsonl")
    minsheng("evaluate", ASSETS / TAGGER, text / "labelled" / "dev.jsonl", *out)


if __name__ == "__main__":
    main()
