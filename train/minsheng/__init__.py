"""minsheng (民生): labels the paragraphs of Chinese reports by livelihood domain.

`Tagger` labels texts, `read_documents` cuts files into passages, `evaluate` says how good labels are:

>>> from minsheng import Tagger
>>> tagger = Tagger.load()  # the tagger that ships; no network
>>> (tag,) = tagger.tag(["全县新建公办幼儿园六所，新增学位一千八百个。"])
>>> tag.labels
('education',)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Tagger", "__version__", "evaluate", "read_documents"]

if TYPE_CHECKING:
    from minsheng.documents.passages import read_documents
    from minsheng.evaluation.evaluate import evaluate
    from minsheng.tagging.tagger import Tagger

# Lazy, so that `import minsheng` and `minsheng --help` load neither torch nor transformers.
_PLACES = {
    "Tagger": "minsheng.tagging.tagger",
    "evaluate": "minsheng.evaluation.evaluate",
    "read_documents": "minsheng.documents.passages",
}


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module 'minsheng' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
