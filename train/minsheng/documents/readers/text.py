"""Plain text and Markdown: the decoded file is the source."""

from __future__ import annotations

from minsheng.documents.encoding import decode
from minsheng.documents.values import Source
from minsheng.errors import DocumentError


def from_bytes(data: bytes, document: str, *, encoding: str | None, markup: str = "text") -> Source:
    """The whole file decoded, line ends as they are. Raises the errors of `encoding.decode`, and `empty`."""
    decoded = decode(data, encoding=encoding, document=document)
    if not decoded.text.strip():
        raise DocumentError("empty", f"{document}: the file holds no text")
    return Source(
        document=document,
        text=decoded.text,
        encoding=decoded.encoding,
        confidence=decoded.confidence,
        markup=markup,
    )
