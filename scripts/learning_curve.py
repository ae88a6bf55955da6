"""How much the corpus that ships is worth on your own labels: python scripts/learning_curve.py GOLD [TRAIN]

Trains TF-IDF + logistic regression on the first 500, 1,000, 2,000 and all paragraphs (in a random order) of
TRAIN (default: `data/corpus/train.jsonl`) and prints macro-F1 on the gold file with a 95 % bootstrap interval,
twice: with a label given from 0.5 on, and with each domain's threshold fitted as the tagger's is, on
`data/corpus/validation.jsonl`. Nothing is fitted on the gold file.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

from minsheng.config.schema import BaselineConfig, CalibrationConfig, CleanConfig, EvaluationConfig
from minsheng.corpus.records import Record, label_matrix, read_records
from minsheng.documents.clean import clean_text
from minsheng.errors import MinshengError
from minsheng.evaluation.baselines import fit_baseline
from minsheng.evaluation.evaluate import Examples, System, evaluate
from minsheng.metrics.scores import Matrix
from minsheng.modeling.calibration import fit_thresholds
from minsheng.taxonomy import load_taxonomy

CORPUS = Path(__file__).resolve().parents[1] / "data" / "corpus"
SIZES = (500, 1000, 2000)
SEED = 13


def main() -> None:
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    try:
        curve(sys.argv[1], *sys.argv[2:])
    except MinshengError as error:
        sys.exit(f"error: {error}")


def curve(gold_file: str, train_file: str | Path = CORPUS / "train.jsonl") -> None:
    """Prints the table. Raises `MinshengError` where a file cannot be read or has a label of another taxonomy."""
    domains = load_taxonomy("livelihood").keys
    train, held, gold = (
        read_records(file, domains) for file in (train_file, CORPUS / "validation.jsonl", gold_file)
    )
    random.Random(SEED).shuffle(train)
    texts, validation, target = (cleaned(part) for part in (train, held, gold))
    truth = label_matrix(train, domains)
    examples = Examples(
        label_matrix(gold, domains), domains, target, [r.id for r in gold], [r.group for r in gold]
    )
    print("paragraphs  at 0.5  95 % interval   fitted  95 % interval")
    for size in [*(size for size in SIZES if size < len(train)), len(train)]:
        baseline = fit_baseline(
            texts[:size], truth[:size], domains=domains, config=BaselineConfig(), seed=SEED
        )
        fitted = fit_thresholds(
            baseline.scores(validation), label_matrix(held, domains), prior=CalibrationConfig().prior
        )
        scores = baseline.scores(target)
        columns = (measured(examples, scores, thresholds) for thresholds in (0.5, fitted))
        print(f"{size:>10,}   " + "    ".join(columns), flush=True)


def cleaned(records: list[Record]) -> list[str]:
    return [clean_text(record.text, config=CleanConfig()) for record in records]


def measured(examples: Examples, scores: Matrix, thresholds: float | Matrix) -> str:
    system = System(scores, thresholds)
    f1 = evaluate(examples, system, baselines={}, config=EvaluationConfig()).overall.macro.f1
    return f"{f1.value:.3f}  {f1.low:.3f} to {f1.high:.3f}"


if __name__ == "__main__":
    main()
