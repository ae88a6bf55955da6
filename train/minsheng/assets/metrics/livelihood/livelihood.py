"""minsheng's scores as a Hugging Face `evaluate` metric: `evaluate.load("…/assets/metrics/livelihood")`."""

import datasets
import evaluate

_DESCRIPTION = (
    """Scores of multi-label decisions and of probabilities (minsheng.metrics; scikit-learn computes)."""
)

_INPUTS = """
Args:
    predictions: scores in [0, 1], one list of `domains` numbers an example; 0 and 1 for bare decisions.
    references: true labels, one list of `domains` booleans an example.
    thresholds: a label is given where its score reaches this: one number or one a domain (default 0.5);
        None gives the one label with the highest score (single-label problems).
    bins: equal-mass bins of the calibration error (default: that of minsheng's evaluation).
Returns:
    A dict of plain numbers (`macro_f1`, `micro_f1`, `exact_match`, …) and of lists with one number a domain
    (`f1`, `precision`, `recall`, `average_precision`, `support`, `given`, `calibration_error`).
    NaN where a score is undefined; macro averages leave undefined scores out.
"""


class Livelihood(evaluate.Metric):  # type: ignore[misc]  # evaluate ships no types
    """Multi-label scores by domain."""

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation="",
            inputs_description=_INPUTS,
            features=datasets.Features(
                {
                    "predictions": datasets.Sequence(datasets.Value("float64")),
                    "references": datasets.Sequence(datasets.Value("bool")),
                }
            ),
        )

    def _compute(
        self,
        predictions: list[list[float]],
        references: list[list[bool]],
        thresholds: float | list[float] | None = 0.5,
        bins: int | None = None,
    ) -> dict[str, float | list[float] | list[int]]:
        # Imported here because evaluate reads the imports at the top to look for packages to install.
        import numpy as np

        from minsheng import metrics
        from minsheng.config.schema import EvaluationConfig

        scores = np.asarray(predictions, dtype=np.float64)
        found = metrics.score(references, metrics.decide(scores, thresholds), scores)
        assert found.average_precision is not None and found.macro_average_precision is not None
        bins = EvaluationConfig().bins if bins is None else bins
        errors = metrics.calibration_error(references, scores, bins=bins)
        return {
            "macro_f1": found.macro.f1,
            "macro_precision": found.macro.precision,
            "macro_recall": found.macro.recall,
            "macro_average_precision": found.macro_average_precision,
            "micro_f1": found.micro.f1,
            "micro_precision": found.micro.precision,
            "micro_recall": found.micro.recall,
            "exact_match": found.exact_match,
            "hamming_loss": found.hamming_loss,
            "mean_calibration_error": float(errors.mean()),
            "f1": found.f1.tolist(),
            "precision": found.precision.tolist(),
            "recall": found.recall.tolist(),
            "average_precision": found.average_precision.tolist(),
            "support": found.support.tolist(),
            "given": found.given.tolist(),
            "calibration_error": errors.tolist(),
        }
