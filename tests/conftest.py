"""Fixtures that several rooms share. Everything is offline, on the CPU and small."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

# Before any library reads them.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
# Messages in English, whatever the language of this machine; a test that wants Chinese says so.
os.environ["LC_ALL"] = "C.UTF-8"
os.environ.pop("MINSHENG_LANG", None)

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = {
    "education": "县里新建小学{n}所，招聘教师{m}名，孩子们在家门口上学，学位增加{m}个。",
    "healthcare": "乡镇卫生院添置设备{n}台，村医巡诊{m}次，医保报销比例提高了{n}个百分点。",
    "pensions": "城乡低保标准提高到每月{m}元，新增养老床位{n}张，高龄津贴按月发放。",
    "housing": "棚户区改造开工{n}套，公租房配租{m}户，老旧小区加装电梯{n}部。",
    "stability": "调解矛盾纠纷{m}件，整改消防隐患{n}处，扫黑除恶打掉团伙{n}个。",
    None: "修建农村公路{n}公里，粮食播种{m}亩，规模工业企业增加{n}家，货运量增长。",
}


def made_records(count: int) -> list[dict[str, object]]:
    """Easy labelled rows: one in six of each kind, groups of two."""
    kinds = list(EXAMPLES)
    return [
        {
            "id": f"r{n}",
            "text": EXAMPLES[kinds[n % 6]].format(n=n % 17 + 2, m=7 * n + 11),
            "labels": [kinds[n % 6]] if kinds[n % 6] else [],
            "group": f"g{n // 2}",
            "source": "made",
        }
        for n in range(count)
    ]


def write_jsonl(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


SMALL_RUN = """
run: {{output: {output}, checkpoint_updates: 3, precision: "no", threads: 1}}
data: {{train: {train}, validation: {validation}, max_duplicates: 1000}}
model:
  architecture: {{layers: 2, hidden: 32, intermediate: 48, heads: 2}}
  tokenizer: {{vocabulary: 300, rarest: 1}}
batches: {{examples: 8, tokens: 256}}
optimizer: {{learning_rate: 5e-3}}
schedule: {{epochs: 4}}
stop: {{patience: 10}}
"""


@pytest.fixture(scope="session")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(training file, validation file)."""
    folder = tmp_path_factory.mktemp("labelled")
    rows = made_records(108)
    return write_jsonl(folder / "train.jsonl", rows[:72]), write_jsonl(folder / "validation.jsonl", rows[72:])


@pytest.fixture
def run_config(labelled: tuple[Path, Path], tmp_path: Path) -> Path:
    """A config file for a run of a few seconds whose output is `tmp_path/run`."""
    path = tmp_path / "run.yaml"
    train, validation = (p.as_posix() for p in labelled)
    path.write_text(
        SMALL_RUN.format(output=(tmp_path / "run").as_posix(), train=train, validation=validation),
        encoding="utf-8",
    )
    return path


@pytest.fixture(scope="session")
def model_directory(labelled: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained model that knows `EXAMPLES`."""
    from minsheng.config.load import load_config
    from minsheng.config.schema import TrainConfig
    from minsheng.workflows.train import train

    folder = tmp_path_factory.mktemp("model")
    train_file, validation = (p.as_posix() for p in labelled)
    config = folder / "run.yaml"
    config.write_text(
        SMALL_RUN.format(output=(folder / "run").as_posix(), train=train_file, validation=validation),
        encoding="utf-8",
    )
    train(load_config(TrainConfig, config, ["schedule.epochs=25"]))
    return folder / "run" / "model"
