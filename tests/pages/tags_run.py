"""A small finished tagging run, with text that would break out of a page that trusted it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from minsheng.config.pages import TagsPageConfig
from minsheng.pages.tags import write_pages
from minsheng.taxonomy import load_taxonomy

TAXONOMY = load_taxonomy("livelihood")
HOSTILE = '</script><script>document.title="owned"</script><img src=x onerror=alert(1)>&\u2028'
CELLS = {"true_positives": 90, "false_negatives": 10, "false_positives": 9, "true_negatives": 391}
VALIDATION = {"confusion": dict.fromkeys(TAXONOMY.keys, CELLS)}


def passage(document: str, number: int, text: str, *labels: str, **more: Any) -> dict[str, Any]:
    """A line of `tags.jsonl`; the evidence of each label is the first sentence."""
    end = text.index("。") + 1 if "。" in text else len(text)
    return {
        "document": document, "date": None, "passage": number, "page": None, "heading": None,
        "start": 100 * number, "end": 100 * number + len(text), "text": text, "labels": list(labels),
        "scores": {key: 0.875 if key in labels else 0.0625 for key in TAXONOMY.keys},
        "evidence": [{"label": label, "start": 0, "end": end, "score": 0.75} for label in labels],
        "decision": "auto", "model": "f" * 16,
    } | more  # fmt: skip


TAGS = [
    passage(
        "甲/报告.pdf", 0, "𠮷镇新建小学三所。学位够用。", "education",
        page=3, heading="一、教育", start=120, end=260,
    ),
    passage("甲/报告.pdf", 1, "村医巡诊两千人次。校医也去。", "education", "healthcare", page=3, heading="一、教育"),
    passage("甲/报告.pdf", 2, HOSTILE + "。", page=4, heading=HOSTILE, decision="review"),
    passage("乙.txt", 0, "粮食播种面积稳定。", date="2023年5月"),
    passage("丙.csv#7", 0, "加装电梯四部。", "housing", date="2024-01-02"),
    passage("丙.csv#7", 0, "公租房配租七十户。", "housing", date="2024-01-02", decision="review"),
    passage("丙.csv#a#b", 0, "调解矛盾九件。", "stability", date="2023-08-01"),
]  # fmt: skip
DOCUMENTS = [
    {"document": "甲/报告.pdf", "date": None, "title": "年度" + HOSTILE, "problems": "mojibake × 2"},
    {"document": "乙.txt", "date": "2023年5月", "title": None, "problems": ""},
    {"document": "空.docx", "date": None, "title": None, "problems": "no passages"},
    *({"document": name, "date": "2024-01-02", "title": None, "problems": "mojibake × 1"}
      for name in ("丙.csv#7", "丙.csv#7", "丙.csv#a#b")),
]  # fmt: skip


def write_run(
    out: Path,
    *,
    tags: list[dict[str, Any]] = TAGS,
    documents: list[dict[str, Any]] = DOCUMENTS,
    validation: dict[str, Any] = VALIDATION,
    failures: int = 1,
    can_decide: bool = True,
    **config: Any,
) -> list[Path]:
    """The pages of a run in `out`."""
    out.mkdir(parents=True, exist_ok=True)
    failed = [{"document": "x", "code": "damaged", "message": f"x{n}: {HOSTILE}"} for n in range(failures)]
    for name, rows in (("tags", tags), ("documents", documents), ("failures", failed)):
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (out / f"{name}.jsonl").write_text(text, encoding="utf-8")
    return write_pages(
        out, documents=out / "documents.jsonl", model="f" * 16, taxonomy=TAXONOMY, validation=validation,
        can_decide=can_decide, config=TagsPageConfig(resamples=200, **config),
    )  # fmt: skip
