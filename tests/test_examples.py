"""The examples in docstrings of the public functions run, and give what they show."""

from __future__ import annotations

import doctest
import subprocess
import sys
from importlib import import_module

import pytest

import minsheng

# A fixed number of examples each: a docstring that lost its example must not pass.
EXAMPLES = {
    "minsheng": 4,
    "minsheng.documents.passages": 4,
    "minsheng.documents.read": 2,
    "minsheng.tagging.tagger": 5,
    "minsheng.evaluation.evaluate": 9,
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_run(name: str) -> None:
    result = doctest.testmod(import_module(name))
    assert result.attempted >= EXAMPLES[name] and not result.failed


def test_the_front_door_is_light_and_complete() -> None:
    code = (
        "import sys, minsheng\n"
        "assert not {'torch', 'transformers', 'numpy'} & set(sys.modules)\n"
        "assert {'Tagger', 'read_documents', 'evaluate'} <= set(dir(minsheng))\n"
        "from minsheng import read_documents\n"
        "assert callable(read_documents) and not {'torch', 'transformers'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert all(callable(getattr(minsheng, name)) for name in ("Tagger", "read_documents", "evaluate"))
    with pytest.raises(AttributeError, match="no attribute 'tagger'"):
        _ = minsheng.tagger
