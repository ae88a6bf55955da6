"""Files → documents cut into passages, as tagging prepares them: read, clean, split in one call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from minsheng.config.schema import DocumentsConfig
from minsheng.documents.clean import clean
from minsheng.documents.read import read_all
from minsheng.documents.split import split
from minsheng.documents.values import Document, Failure


def read_documents(
    paths: str | Path | Sequence[str | Path], *, config: DocumentsConfig | None = None
) -> Iterator[Document | Failure]:
    """The documents that files, folders (with all below them), globs or tables hold, in order, one at a time.

    A `Document` has `passages`, each with `text`, `start` and `end` (offsets into the decoded source),
    `heading` and `page`. What cannot be read is a `Failure` with its `message`, and the rest goes on. Raises
    ConfigError for an unknown encoding in `config`.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from minsheng import read_documents
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder) / "report.txt"
    ...     _ = file.write_text("一、教育\\n今年全县新建小学三所。\\n", encoding="utf-8")
    ...     for document in read_documents(folder):
    ...         for passage in document.passages:
    ...             print(passage.heading, passage.text, sep=" | ")
    一、教育 | 今年全县新建小学三所。
    """
    config = config or DocumentsConfig()
    patterns = [paths] if isinstance(paths, str | Path) else list(paths)
    for item in read_all([str(path) for path in patterns], config=config):
        if isinstance(item, Failure):
            yield item
        else:
            yield split(clean(item, config=config.clean), config=config.split)
