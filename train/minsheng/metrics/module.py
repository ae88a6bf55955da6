"""The metric as a module of Hugging Face `evaluate`, loaded from this package; nothing is fetched."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def metric_path() -> Path:
    """The folder to give to `evaluate.load`."""
    return Path(__file__).resolve().parents[1] / "assets" / "metrics" / "livelihood"


def load_metric() -> Any:
    """The `evaluate.Metric` of this package; `compute(predictions=scores, references=truth, thresholds=…)`.

    `evaluate.load` copies the module into its cache (`HF_MODULES_CACHE`). Where that cannot be written (a
    read-only home) the class is taken from where it lies, with a cache in the system's temporary folder.
    """
    import evaluate

    try:
        return evaluate.load(str(metric_path()), keep_in_memory=True)
    except OSError:
        return _load_in_place()


def _load_in_place() -> Any:
    import importlib.util
    import tempfile

    spec = importlib.util.spec_from_file_location("minsheng_metric", metric_path() / "livelihood.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Livelihood(keep_in_memory=True, cache_dir=tempfile.gettempdir())
