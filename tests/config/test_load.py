from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from minsheng.config.distill import DistillConfig
from minsheng.config.load import build, dump_config, load_config, parse_yaml
from minsheng.config.schema import DocumentsConfig, PretrainConfig, TrainConfig
from minsheng.errors import ConfigError

MINIMAL = "run: {output: runs/x}\ndata: {train: a.jsonl}\n"


def load(tmp_path: Path, text: str, *overrides: str) -> TrainConfig:
    path = tmp_path / "c.yaml"
    path.write_text(text, encoding="utf-8")
    return load_config(TrainConfig, path, overrides)


def test_scalars_mean_what_a_person_means(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        "run: {output: 2024, threads: 02, trackers: no}\n"
        "data: {train: a.jsonl}\n"
        "optimizer: {learning_rate: 2e-5, weight_decay: 1}\n"
        "clean: {simplify: no, glosses: on, mojibake: off, boilerplate: yes}\n"
        "model: {name: 0123, max_tokens: 1e2}\n"
        "seed: 007\n",
    )
    assert config.optimizer.learning_rate == 2e-5
    assert config.optimizer.weight_decay == 1.0
    assert (config.clean.simplify, config.clean.glosses) == (False, True)
    assert (config.clean.mojibake, config.clean.boilerplate) == (False, True)
    assert config.model.name == "0123"
    assert config.run.output == "2024"
    assert config.run.trackers == ("no",)
    assert (config.seed, config.run.threads, config.model.max_tokens) == (7, 2, 100)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (MINIMAL + "optimiser: {}\n", "unknown key 'optimiser'; did you mean 'optimizer'?"),
        (MINIMAL + "optimizer: {learning_rat: 1}\n", "'optimizer.learning_rat'; did you mean 'learning_rate'?"),
        (MINIMAL + "seed: thirteen\n", "seed: got 'thirteen'"),
        (MINIMAL + "seed: 1.5\n", "seed: got 1.5"),
        (MINIMAL + "optimizer: {learning_rate: -1}\n", "optimizer.learning_rate: got -1"),
        (MINIMAL + "optimizer: {learning_rate: .nan}\n", "optimizer.learning_rate"),
        (MINIMAL + "seed: 1\nseed: 2\n", "line 4: not valid YAML: the key 'seed' stands twice (first on line 3)"),
        (MINIMAL + "seed: [1\n", "line 4"),
        (MINIMAL + "a: &x 1\nb: *x\n", "line 4: aliases (*name) are not allowed"),
        ("data: {train: a}\n", "the key 'run' is missing"),
        ("rnu: {output: x}\ndata: {train: a}\n", "c.yaml: unknown key 'rnu'; did you mean 'run'?$"),
        ("run: {output: x}\ndata: {trian: a}\n", "c.yaml: unknown key 'data.trian'; did you mean 'train'?$"),
        ("rnu: {output: x}\ndata: {trian: a}\n", "'data.trian'; did you mean 'train'? (and 2 more)$"),
        ("rnu: {output: x}\nseed: thirteen\ndata: {train: a}\n", "'rnu'; did you mean 'run'? (and 1 more)$"),
        # No typo of what is missing: that comes first, as before.
        ("optimiser: {}\ndata: {train: a}\n", "c.yaml: the key 'run' is missing (and 1 more)$"),
        ("- 1\n", "expected keys and values, got list"),
        (MINIMAL + "model: " + "[" * 2000 + "\n", "c.yaml"),
        (MINIMAL + "clean: {simplify: maybe}\n", "clean.simplify: got 'maybe'"),
    ],
)  # fmt: skip
def test_errors_name_file_and_key(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    message = str(caught.value)
    assert expected in message + "$" and "c.yaml" in message
    assert "\n" not in message


def test_overrides(tmp_path: Path) -> None:
    config = load(
        tmp_path, MINIMAL, "optimizer.learning_rate=3e-5", "data.validation=[b.jsonl]", "stop.patience=2"
    )
    assert config.optimizer.learning_rate == 3e-5
    assert config.data.validation == ("b.jsonl",)
    assert config.stop.patience == 2
    for wrong in ("optimizer", "=1", "a..b=1", "seed.x=1"):
        with pytest.raises(ConfigError, match="override"):
            load(tmp_path, MINIMAL + "seed: 1\n", wrong)


def test_missing_file_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "quickstart.yaml").touch()
    with pytest.raises(ConfigError, match=r"did you mean 'quickstart\.yaml'"):
        load_config(TrainConfig, tmp_path / "quickstrat.yaml")


def test_wrong_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_bytes("run: 运行".encode("gb18030"))
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_config(TrainConfig, tmp_path / "c.yaml")


def test_dump_reads_back_equal(tmp_path: Path) -> None:
    config = load(
        tmp_path, MINIMAL + "optimizer: {learning_rate: 2e-5}\nmodel: {name: hfl/chinese-macbert-base}\n"
    )
    again = tmp_path / "again.yaml"
    again.write_text(dump_config(config), encoding="utf-8")
    assert load_config(TrainConfig, again) == config


def test_every_shipped_config_loads() -> None:
    root = Path(__file__).resolve().parents[2] / "configs"
    files = sorted(root.glob("*.yaml"))
    assert len(files) >= 5
    for path in files:
        kinds = {"pretrain": PretrainConfig, "distill": DistillConfig}
        load_config(kinds.get(path.name.partition("-")[0], TrainConfig), path)
        command = path.read_text(encoding="utf-8").splitlines()[0]
        assert command.startswith("# ") and path.name in command, (
            f"{path}: its first line is not its launch command"
        )


def test_every_accelerate_config_loads() -> None:
    from accelerate.commands.config.config_args import load_config_from_file

    files = sorted((Path(__file__).resolve().parents[2] / "configs" / "accelerate").glob("*.yaml"))
    assert {f.stem for f in files} >= {"cpu", "cpu-2-processes", "one-gpu", "multi-gpu"}
    for path in files:
        assert load_config_from_file(str(path)).num_processes >= 1


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
                    max_leaves=8))  # fmt: skip
def test_any_tree_is_a_config_or_a_config_error(tree: object) -> None:
    text = yaml.safe_dump(tree, allow_unicode=True)
    try:
        build(DocumentsConfig, parse_yaml(text, where="x"), where="x")
    except ConfigError as error:
        assert str(error).startswith("x")


@given(st.text(max_size=60))
def test_any_text_parses_or_is_a_config_error(text: str) -> None:
    try:
        parse_yaml(text, where="x")
    except ConfigError as error:
        assert str(error).startswith("x")
