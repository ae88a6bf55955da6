"""minsheng (民生): labels the paragraphs of Chinese reports by livelihood domain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Tagger", "__version__"]

if TYPE_CHECKING:
    from minsheng.tagging.tagger import Tagger


def __getattr__(name: str) -> Any:
    # Lazy, so that `import minsheng` and `minsheng --help` load neither torch nor transformers.
    if name == "Tagger":
        from minsheng.tagging.tagger import Tagger

        return Tagger
    raise AttributeError(f"module 'minsheng' has no attribute {name!r}")
