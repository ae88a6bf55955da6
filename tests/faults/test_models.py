"""Models are untrusted: no code of theirs is run, and no pickle is opened, whatever their files ask for."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from minsheng.errors import ModelError
from minsheng.modeling.directory import load_directory
from minsheng.modeling.model import load_masked_model, load_tokenizer


def hostile_copy(model: Path, folder: Path, *, kind: str | None) -> tuple[Path, Path]:
    """(model directory that asks for its own code, the file that this code would make)."""
    shutil.copytree(model, folder)
    mark = folder.parent / "code was run"
    code = f"from pathlib import Path\nPath({str(mark)!r}).touch()\n"
    for name in (
        "modeling_evil.py",
        "configuration_evil.py",
        "tokenization_evil.py",
        "__init__.py",
        "setup.py",
    ):
        (folder / name).write_text(code + "class Evil: pass\n", "utf-8")
    config = json.loads((folder / "config.json").read_text("utf-8"))
    config["auto_map"] = {
        "AutoConfig": "configuration_evil.Evil",
        "AutoModel": "modeling_evil.Evil",
        "AutoModelForMaskedLM": "modeling_evil.Evil",
        "AutoModelForSequenceClassification": "modeling_evil.Evil",
    }
    if kind is not None:
        config["model_type"] = kind
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    place = folder / "tokenizer_config.json"
    settings = json.loads(place.read_text("utf-8"))
    settings["auto_map"] = {"AutoTokenizer": ["tokenization_evil.Evil", "tokenization_evil.Evil"]}
    place.write_text(json.dumps(settings), "utf-8")
    return folder, mark


@pytest.mark.parametrize("kind", [None, "evil"])
def test_the_code_of_a_model_is_never_run(kind: str | None, model_directory: Path, tmp_path: Path) -> None:
    folder, mark = hostile_copy(model_directory, tmp_path / "model", kind=kind)
    if kind is None:  # a known kind: it loads, without its own code
        load_directory(folder)
    else:
        with pytest.raises(ModelError) as caught:
            load_directory(folder)
        assert "\n" not in str(caught.value)
        with pytest.raises(ModelError):
            load_masked_model(str(folder))
    load_tokenizer(str(folder))
    assert not mark.exists()


def test_a_pickle_beside_or_under_another_name_is_never_opened(model_directory: Path, tmp_path: Path) -> None:
    import pickle

    mark = tmp_path / "opened"

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[object]]:
            return (Path.touch, (mark,))

    data = pickle.dumps(Evil())
    pickle.loads(data)
    assert mark.exists()  # it would do harm
    mark.unlink()
    beside = tmp_path / "beside"
    shutil.copytree(model_directory, beside)
    for name in ("pytorch_model.bin", "training_args.bin", "optimizer.pt", "model.pkl"):
        (beside / name).write_bytes(data)
    load_directory(beside)
    named = tmp_path / "named"
    shutil.copytree(model_directory, named)
    (named / "model.safetensors").write_bytes(data)
    with pytest.raises(ModelError, match="named"):
        load_directory(named)
    (named / "model.safetensors").rename(named / "pytorch_model.bin")
    with pytest.raises(ModelError, match="pickle"):
        load_directory(named)
    assert not mark.exists()
