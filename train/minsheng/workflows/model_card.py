"""The card of a fine-tuned model: `README.md` in its directory, made from what `minsheng.json` holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from minsheng.evaluation.formatting import decimal, literal, table
from minsheng.modeling.directory import ModelInfo

_USE = """\
```
minsheng tag FOLDER --model {place}
minsheng evaluate {place} LABELLED_FILE
```

```python
from minsheng import Tagger

for tag in Tagger.load("{place}").tag(["…"]):
    print(tag.labels, tag.decision)
```

It also loads with plain transformers (`pipeline("text-classification", ..., top_k=None)`) and gives the same
probabilities there; the thresholds below are in `minsheng.json`."""

_LIMITS = """\
- The scores are those of the validation set, on which the thresholds and the bound were chosen too: expect a little
  less elsewhere, and evaluate on text of your own (`minsheng evaluate`) before you rely on them.
- It knows the kinds of text that it was trained on. Other registers, other years and other languages are for a
  person to look at; text with little Chinese in it, or unlike the training text, is never decided `auto`.
- Labels say what a paragraph is about, and neither whether it is true nor whether it is good."""


def render_card(info: ModelInfo, *, place: str, measured: Mapping[str, Any] | None = None) -> str:
    """Markdown with the metadata that the Hub reads. `place`: the model's directory, for the commands.

    `measured`: of a distilled model, how it compares with its teacher (`minsheng.workflows.distill`).
    """
    about = info.provenance
    title = info.taxonomy.title.en if info.taxonomy.title is not None else info.taxonomy.name
    parts = [
        _metadata(about),
        f"# {literal(Path(place).parent.name or 'model')}",
        f"Labels a paragraph of Chinese text by the taxonomy {literal(title)} (`{info.taxonomy.name}`, version "
        f"{literal(info.taxonomy.version)}): {_rule(info)}. {_origin(about)} with minsheng.",
        "## Use",
        _USE.format(place=place),
        "## How good it is",
        _scores(info),
        _automatic(info),
        *([] if not measured else ["## Beside its teacher", _beside_teacher(measured)]),
        "## What it learnt from",
        _data(about),
        "## Limits",
        _LIMITS,
        "## How it was made",
        _made(about),
    ]
    return "\n\n".join(parts) + "\n"


def _metadata(about: Mapping[str, Any]) -> str:
    lines = ["language: zh", "library_name: transformers", "pipeline_tag: text-classification"]
    if about["base"] != "random weights":
        lines.append(f"base_model: {json.dumps(str(about['base']), ensure_ascii=False)}")
    return "\n".join(["---", *lines, "---"])


def _origin(about: Mapping[str, Any]) -> str:
    base = literal(str(about["base"]))
    if "teacher" not in about:
        return f"Fine-tuned from {base}"
    return f"Distilled from the model {literal(str(about['teacher_name']))} into {base}"


def _beside_teacher(measured: Mapping[str, Any]) -> str:
    cost = measured["cost"]
    rows = [
        [
            who,
            decimal(measured[f"{who}_macro_f1"]),
            f"{cost[who]['operations'] / 1e6:,.2f} million",
            f"{cost[who]['passages_a_second']:,.0f}",
            literal(cost[who]["computed_by"]),
        ]
        for who in ("student", "teacher")
    ]
    head = ["", "macro-F1 on validation", "operations a token", "passages a second", "computed by"]
    return (
        table(head, rows)
        + "\n\nOperations: two for each weight that is no embedding. Passages a second: both models "
        f"in turns in one process on {cost['passages']:,} validation paragraphs, on the machine named below."
    )


def _rule(info: ModelInfo) -> str:
    if info.single_label:
        return f"one of {len(info.labels)} labels"
    return f"any number of {len(info.labels)} domains, or none"


def _scores(info: ModelInfo) -> str:
    """Precision, recall and F1 of each label from the confusion counts of validation."""
    names = {domain.key: domain.name for domain in info.taxonomy.domains}
    thresholds = info.calibration.thresholds
    rows = []
    for place, (label, cell) in enumerate(info.validation["confusion"].items()):
        right, alarms, misses = (cell[k] for k in ("true_positives", "false_positives", "false_negatives"))
        name = names.get(label)
        rows.append(
            [
                f"`{label}`" + (f" {literal(name.zh)}, {literal(name.en)}" if name is not None else ""),
                str(right + misses),
                decimal(right / (right + alarms) if right + alarms else None),
                decimal(right / (right + misses) if right + misses else None),
                decimal(2 * right / (2 * right + alarms + misses) if right + alarms + misses else None),
                decimal(None if thresholds is None else thresholds[place]),
            ]
        )
    found = info.validation
    head = ["label", "true", "precision", "recall", "F1", "threshold"]
    return (
        f"On {found['records']:,} validation paragraphs: macro-F1 {decimal(found['macro_f1'])}, micro-F1 "
        f"{decimal(found['micro_f1'])}. Baselines and intervals: `minsheng evaluate`.\n\n{table(head, rows)}"
    )


def _automatic(info: ModelInfo) -> str:
    abstention = info.calibration.abstention
    if abstention.bound is None:
        return (
            "No passage is decided `auto`: the validation data were too few, or the errors too many, to say which "
            "label sets can be accepted unseen."
        )
    return (
        f"A passage is decided `auto` where the estimated probability that its whole label set is right reaches "
        f"{decimal(abstention.bound)}, fitted for a precision of {abstention.precision:.0%}; otherwise it is "
        "for review."
    )


def _data(about: Mapping[str, Any]) -> str:
    rows = [
        [name, f"{about['records'][name]:,}", f"`{about['data'][name]}`"] for name in ("train", "validation")
    ]
    return table(["set", "records", "fingerprint (SHA-256)"], rows)


def _made(about: Mapping[str, Any]) -> str:
    known = (
        "base",
        "teacher",
        "seed",
        "config",
        "minsheng",
        "python",
        "torch",
        "transformers",
        "device",
        "threads",
        "platform",
    )
    rows = [[key, f"`{literal(str(about[key]))}`"] for key in known if key in about]
    return (
        table(["", ""], rows, align="---")
        + "\n\n`config` is the SHA-256 of the settings that change what is learnt."
    )
