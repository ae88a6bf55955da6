"""How much the corpus that ships is worth on your own labels: python scripts/learning_curve.py GOLD [TRAIN]

Trains TF-IDF + logistic regression on the first 500, 1,000, 2,000 and all paragraphs (in a random order) of
TRAIN (default: `data/corpus/train.jsonl`) and prints macro-F1 on the gold file with a 95 % bootstrap interval.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

from minsheng.config.schema import BaselineConfig, CleanConfig, EvaluationConfig
from minsheng.corpus.records import label_matrix, read_records
from minsheng.documents.clean import clean_text
from minsheng.evaluation.baselines import fit_baseline
from minsheng.evaluation.evaluate import Examples, System, evaluate
from minsheng.taxonomy import load_taxonomy

SIZES = (500, 1000, 2000)
SEED = 13


def main() -> None:
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    domains = load_taxonomy("livelihood").keys
    shipped = Path(__file__).resolve().parents[1] / "data" / "corpus" / "train.jsonl"
    train = read_records(sys.argv[2] if len(sys.argv) == 3 else shipped, domains)
    gold = read_records(sys.argv[1], domains)
    random.Random(SEED).shuffle(train)
    texts, target = ([clean_text(r.text, config=CleanConfig()) for r in part] for part in (train, gold))
    truth = label_matrix(train, domains)
    examples = Examples(
        label_matrix(gold, domains), domains, target, [r.id for r in gold], [r.group for r in gold]
    )
    print("paragraphs  macro-F1  95 % interval")
    for size in [*(size for size in SIZES if size < len(train)), len(train)]:
        baseline = fit_baseline(
            texts[:size], truth[:size], domains=domains, config=BaselineConfig(), seed=SEED
        )
        system = System(baseline.scores(target), 0.5)
        f1 = evaluate(examples, system, baselines={}, config=EvaluationConfig()).overall.macro.f1
        print(f"{size:>10,}  {f1.value:>8.3f}  {f1.low:.3f} to {f1.high:.3f}", flush=True)


if __name__ == "__main__":
    main()
