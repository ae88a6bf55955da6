"""Which encoding a Chinese text file is in, by byte order mark, strict UTF-8 and then likelihood.

GB18030 decodes nearly every byte sequence, Big5 text included, so the order in which codecs are tried
cannot tell them apart. Each codec is a model of the same bytes: the decoded characters are scored with
rough frequencies of Chinese prose, and the codec with the highest total log-likelihood wins.
"""

from __future__ import annotations

import codecs
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from minsheng.documents import likelihood
from minsheng.errors import ConfigError, DocumentError

_SAMPLE = 1 << 16  # bytes that are scored: more change no decision and cost time
_HINT = 6.0  # what a declared charset adds to the log-likelihood: enough for a tie, not against evidence
_FLOOR = -12.0  # mean log-likelihood below which nothing fits; Chinese prose lies about -7
_GOOD = -9.0  # mean log-likelihood above which the fit alone raises no doubt

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16 LE, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Files that say GB2312 hold GBK and GB18030, and files that say Big5 hold its Windows and Hong Kong
# extensions, as the WHATWG Encoding Standard found of web pages.
_WIDER = {"gb2312": ("gb18030",), "gbk": ("gb18030",), "big5": ("cp950", "big5hkscs")}


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded file: `data.decode(encoding) == text` for the bytes it came from, line ends untouched.

    `confidence` (0 to 1) is the probability of `encoding` under the character model; 1 for a byte order
    mark, plain ASCII or an encoding that the caller set.
    """

    text: str
    encoding: str
    confidence: float


def decode(
    data: bytes, *, encoding: str | None = None, hint: str | None = None, document: str = "the data"
) -> Decoded:
    """Decode a whole file strictly; no replacement character is ever put in.

    `encoding` decides; `hint` (what a page declares of itself) only tips the balance; `document` names
    the file in errors. Raises ConfigError for an unknown `encoding`, DocumentError `encoding` for bytes
    that do not fit (with their offset) and `binary` for data that is not text.
    """
    decoded = _decode(data, encoding, hint, document)
    if (place := decoded.text.find("\0")) >= 0:
        raise DocumentError(
            "binary", f"{document}: not text (a NUL at character {place}): give the document itself"
        )
    return decoded


def detect(path: Path, *, encoding: str | None = None, document: str = "the file") -> tuple[str, float]:
    """The encoding of a file too large to decode as a whole, and its probability; errors as `decode`.

    The first lines that are not plain ASCII are looked at, wherever they stand.
    """
    sample = bytearray()
    with path.open("rb") as lines:
        head = lines.read(_SAMPLE)
        for mark, name in () if encoding else _BOMS:
            if head.startswith(mark):
                return name, 1.0
        if b"\0" in head:  # UTF-16, which has no lines of bytes
            return (
                guess(head, document=document)
                if encoding is None
                else (_exact(head, names(encoding)[0]), 1.0)
            )
        lines.seek(0)
        for line in lines:
            if not line.isascii():
                sample += line
                if len(sample) >= _SAMPLE:
                    break
    if encoding is not None:
        fitting = (name for name in names(encoding) if _fits(sample, name))
        return _exact(head, next(fitting, names(encoding)[0])), 1.0
    if _fits(sample, "utf-8"):
        return "utf-8", _utf8_confidence(sample.decode("utf-8"), len(sample))
    return guess(bytes(sample), document=document)


def _fits(data: bytes | bytearray, name: str) -> bool:
    try:
        data.decode(name)
    except UnicodeDecodeError:
        return False
    return True


def _decode(data: bytes, encoding: str | None, hint: str | None, document: str) -> Decoded:
    if encoding is not None:
        return _forced(data, names(encoding), document)
    for mark, name in _BOMS:
        if data.startswith(mark):
            return Decoded(_strict(data, name, document), name, 1.0)
    if b"\0" not in data:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            pass
        else:
            return Decoded(text, "utf-8", _utf8_confidence(text, len(data)))
    name, confidence = guess(data, hint=hint, document=document)
    return Decoded(_strict(data, name, document), name, confidence)


def names(encoding: str) -> tuple[str, ...]:
    """The codecs to try for the name of an encoding, in order; ConfigError if there is none."""
    try:
        b"0000".decode(encoding, "ignore")  # refuses codecs that do not make text, such as "hex"
        name = codecs.lookup(encoding).name
    except (LookupError, UnicodeError, ValueError):
        raise ConfigError(
            f"documents.encoding: unknown encoding {encoding!r}; use utf-8, gb18030, big5 or utf-16"
        ) from None
    return _WIDER.get(name, (name,))


def guess(data: bytes, *, hint: str | None = None, document: str = "the data") -> tuple[str, float]:
    """The likeliest codec of bytes without a byte order mark, and its probability.

    Codecs compete even where some bytes do not fit, so that a damaged file is reported as what it is and
    not read as something that happens to fit. Raises DocumentError `binary` or `encoding` if none fits.
    """
    start = _first_high_byte(data) & ~1  # even, for UTF-16
    sample = data[start : start + _SAMPLE]
    hinted = _hinted(hint)
    candidates = ["utf-16-le", "utf-16-be"]
    if b"\0" not in data:
        candidates += ["utf-8", "gb18030", "cp950", "big5hkscs", *hinted]
    known = likelihood.ranks()
    scored: list[tuple[float, float, str]] = []
    for name in dict.fromkeys(candidates):
        total, length = _score(sample, name, known)
        scored.append((total + (_HINT if name in hinted else 0.0), total / max(length, 1), name))
    scored.sort(key=lambda item: -item[0])  # stable: at a tie the earlier candidate
    total, mean, name = scored[0]
    if mean < _FLOOR:
        raise _nothing_fits(data, document)
    others = [item[0] for item in scored[1:] if _family(item[2]) != _family(name)]
    doubt = sum(math.exp(max(other - total, -700.0)) for other in others)
    fit = min(1.0, max(0.1, (mean - _FLOOR) / (_GOOD - _FLOOR)))
    return name, round(min(fit / (1.0 + doubt), 0.9999), 4)  # a guess is never certain


def _nothing_fits(data: bytes, document: str) -> DocumentError:
    if b"\0" in data:
        return DocumentError("binary", f"{document}: not text (NUL bytes): give the document itself")
    return DocumentError(
        "encoding",
        f"{document}: fits no known encoding (UTF-8, UTF-16, GB18030, Big5); set documents.encoding, "
        "or save the file as UTF-8",
    )


def _forced(data: bytes, codec_names: tuple[str, ...], document: str) -> Decoded:
    for name in codec_names:
        known = _exact(data, name)
        try:
            return Decoded(data.decode(known), known, 1.0)
        except UnicodeDecodeError:
            continue
    return Decoded(_strict(data, codec_names[0], document), codec_names[0], 1.0)


def _exact(data: bytes, name: str) -> str:
    # A mark that agrees with the encoding is no character of the text.
    if name == "utf-8" and data.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    little = name == "utf-16-le" and data.startswith(codecs.BOM_UTF16_LE)
    big = name == "utf-16-be" and data.startswith(codecs.BOM_UTF16_BE)
    return "utf-16" if little or big else name


def _strict(data: bytes, name: str, document: str) -> str:
    try:
        return data.decode(name)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        shown = data[error.start : error.start + 4].hex(" ")
        raise DocumentError(
            "encoding",
            f"{document}: not whole {name}, bytes {shown} at offset {error.start} (line {line}) do not fit; "
            "repair the file, or set documents.encoding",
        ) from None


def _utf8_confidence(text: str, size: int) -> float:
    # Bytes of another encoding pass as UTF-8 by accident only over a few characters: each continuation
    # byte has about an even chance.
    return round(1.0 - 0.5 ** (size - len(text)), 4) if size > len(text) else 1.0


def _hinted(hint: str | None) -> tuple[str, ...]:
    if hint is None:
        return ()
    try:
        return names(hint)
    except ConfigError:
        return ()  # a page may declare nonsense


def _family(name: str) -> str:
    return "big5" if name in ("cp950", "big5hkscs", "big5") else name


def _first_high_byte(data: bytes) -> int:
    head = data[:_SAMPLE]
    if b"\0" in head or not head.isascii():
        return 0
    for start in range(0, len(data), _SAMPLE):
        if not data[start : start + _SAMPLE].isascii():
            return start
    return 0


def _score(sample: bytes, name: str, known: Mapping[str, float]) -> tuple[float, int]:
    """Total log-likelihood of the sample's characters under a codec, and how many they are."""
    decoder = codecs.getincrementaldecoder(name)("replace")
    counts = Counter(decoder.decode(sample, len(sample) < _SAMPLE))
    total = sum(count * likelihood.log_probability(char, known) for char, count in counts.items())
    return total, counts.total()
