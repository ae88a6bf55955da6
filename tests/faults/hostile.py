"""Files that no reader expects: mutations of whole documents, and texts and tables made to break parsers.

`cases(seed, count)` gives them in an order that depends on the seed alone.
"""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from conftest import EXAMPLES, made_records

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
SUFFIXES = (
    ".txt",
    ".md",
    ".html",
    ".docx",
    ".pdf",
    ".csv",
    ".tsv",
    ".xlsx",
    ".json",
    ".jsonl",
    ".doc",
    ".htm",
    ".rtf",
)
PROSE = "\n".join(pattern.format(n=7, m=77) for pattern in EXAMPLES.values())
ODD = (
    "\u202e\u200f\u200b\u200d\ufeff\u2066\u00ad\ufffd\ue000\x1b\x07\x0b\x0c\x1c\x85\u2028\U000e0041\U0001f468\u0301\u3000"
    "㈠⒈⺠ﷺ"
)
Random = random.Random
Case = tuple[str, str, bytes]  # kind, file name, content


@cache
def bases() -> dict[str, bytes]:
    """Whole documents, by suffix."""
    from openpyxl import Workbook

    found = {path.suffix: path.read_bytes() for path in sorted(SAMPLES.iterdir())}
    book = Workbook()
    book.active.append(["id", "date", "text"])
    for row in made_records(12):
        book.active.append([row["id"], "2024-05-01", row["text"]])
    out = io.BytesIO()
    book.save(out)
    rows = made_records(12)
    found |= {
        ".xlsx": out.getvalue(),
        ".csv": ("id,text\r\n" + "".join(f'{r["id"]},"{r["text"]}"\r\n' for r in rows)).encode(),
        ".jsonl": "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows).encode(),
        ".json": json.dumps(rows, ensure_ascii=False).encode(),
        ".md": ("# 综述\n\n" + PROSE + "\n\n| 项目 | 数量 |\n| --- | --- |\n| 学校 | 3 |\n").encode(),
    }
    assert {".docx", ".html", ".pdf", ".txt"} <= found.keys()
    return found


# Bytes --------------------------------------------------------------------------------------------------


def mutated(rng: Random, data: bytes) -> bytes:
    """Some careless or cruel changes of bytes."""
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        a, b = sorted(rng.randrange(len(data) + 1) for _ in range(2))
        b = min(b, a + rng.choice([1, 8, 500, 100_000]))
        change = rng.randrange(8)
        if change == 0:
            data = data[:a]
        elif change == 1:
            flipped = bytearray(data)
            for _ in range(rng.choice([1, 10, 200])):
                if flipped:
                    flipped[rng.randrange(len(flipped))] = rng.randrange(256)
            data = bytes(flipped)
        elif change == 2:
            data = data[:a] + data[b:]
        elif change == 3:
            data = data[:b] + data[a:b] * rng.choice([1, 3, 50]) + data[b:]
        elif change == 4:
            data = data[:a] + rng.randbytes(rng.choice([1, 30, 3000])) + data[a:]
        elif change == 5:
            data = data[:a] + bytes(b - a) + data[b:]
        elif change == 6:
            data = data[b:] + data[:a]
        else:
            data = (
                data[:a]
                + rng.choice([b"\xff\xfe", b"%%EOF", b"PK\x05\x06", b"<!--", b"<![CDATA[", b"\0"])
                + data[a:]
            )
    return data


def repacked(rng: Random, data: bytes) -> bytes:
    """An Office file whose parts are mutated, missing, doubled or badly named, with whole checksums."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        names = old.namelist()
        victims = set(rng.sample(names, rng.choice([1, 1, 2, 3])))
        for name in names:
            content = old.read(name)
            if name in victims:
                change = rng.randrange(6)
                if change == 0:
                    continue
                if change == 1:
                    new.writestr(
                        rng.choice(["../../escape.xml", "/etc/passwd", "C:\\x", "a\0b", "x" * 300]), content
                    )
                content = (
                    xml_mutated(rng, content) if change < 5 else rng.randbytes(rng.choice([0, 10, 5000]))
                )
            new.writestr(name, content)
    packed = bytearray(out.getvalue())
    if rng.random() < 0.15:  # a part that says it is encrypted, or packed in a way that nobody knows
        place = packed.find(b"PK\x01\x02") + rng.choice([8, 10])
        packed[place] ^= rng.choice([1, 0x63])
    return bytes(packed)


def xml_mutated(rng: Random, content: bytes) -> bytes:
    """XML with something wrong in it."""
    tags = [place for place in range(len(content)) if content[place : place + 1] == b"<"]
    at = rng.choice(tags) if tags else 0
    change = rng.randrange(7)
    if change == 0:
        return content[:at]
    if change == 1:
        return content[:at] + b"<w:p>" * rng.choice([10, 300, 20_000]) + content[at:]
    if change == 2:
        lol = b'<!DOCTYPE x [<!ENTITY a "ha">' + b"".join(
            b'<!ENTITY %c "%s">' % (c + 1, b"&%c;" % c * 10) for c in range(97, 107)
        )
        body = content.partition(b"?>")[2] or content
        return lol + b"]>" + body.replace(b"<w:t>", b"<w:t>&j;").replace(b"<t>", b"<t>&j;")
    if change == 3:
        head = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
        return head + (content.partition(b"?>")[2] or content).replace(b"<w:t>", b"<w:t>&e;").replace(
            b"<t>", b"<t>&e;"
        )
    if change == 4:
        return content.replace(b"UTF-8", rng.choice([b"UTF-16", b"GB18030", b"hex", b""]))
    if change == 5:
        return content.replace(b'val="', b'val="' + rng.randbytes(3).hex().encode()).replace(
            b'r="A', b'r="ZZZ9999999'
        )
    return mutated(rng, content)


# Text ---------------------------------------------------------------------------------------------------


def odd_text(rng: Random) -> bytes:
    """Prose in a wrong, mixed or broken encoding, or with characters that are seen by nobody."""
    marked = "".join(c + (rng.choice(ODD) if rng.random() < 0.2 else "") for c in PROSE)
    half = len(PROSE) // 2
    options: list[Callable[[], bytes]] = [
        lambda: PROSE[:half].encode() + PROSE[half:].encode("gb18030"),
        lambda: PROSE[:half].encode("gb18030") + PROSE[half:].encode("big5", "ignore"),
        lambda: PROSE.encode(rng.choice(["utf-16-le", "utf-16-be", "utf-32-le"])),
        lambda: PROSE.encode("utf-16-le")[: -rng.randrange(1, 4)],
        lambda: rng.choice([b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\xff\xfe\0\0"]) + PROSE.encode()[:99],
        lambda: marked.encode("utf-8"),
        lambda: marked.encode("gb18030"),
        lambda: (PROSE[:half] + "\ud800\udfff\udcff"[rng.randrange(3)] + PROSE[half:]).encode("utf-8", "surrogatepass"),
        lambda: PROSE.encode().replace(b"\n", rng.choice([b"\0", b"\r", b"\r\r\n", b"\x85", b"\x1e"])),
        lambda: PROSE.encode("gb18030").decode("latin-1").encode(),
        lambda: PROSE.encode().decode("gb18030", "replace").encode(),
        lambda: rng.randbytes(rng.choice([1, 2, 3, 100, 5000])),
        lambda: rng.choice("\0 \n\xa0\u200b\u202e").encode() * rng.choice([1, 5000]),
        lambda: (rng.choice("(（[<|_*`~?:；…-=#>&\\\"'０①") * rng.choice([3, 3000]) + PROSE[:9]).encode(),
        lambda: mutated(rng, PROSE.encode(rng.choice(["utf-8", "gb18030", "utf-16"]))),
    ]  # fmt: skip
    return rng.choice(options)()


def odd_page(rng: Random) -> bytes:
    """A web page that no browser should have to show."""
    deep = rng.choice([50, 3000])
    word = PROSE[:40]
    options = [
        lambda: "<div>" * deep + word + "</div>" * rng.choice([0, deep]),
        lambda: "<table><tr><td>" * min(deep, 300) + word,
        lambda: f"<p {' '.join(f'a{n}=1' for n in range(deep))}>{word}",
        lambda: f"<!-- {word} <p>{word}",
        lambda: f"<script>{word}<style>{word}<noscript><p>{word}",
        lambda: f"<p>{'&amp;' * deep}&#x110000;&#0;&#xD800;&nosuch;{word}",
        lambda: f'<meta charset="{rng.choice(["utf-7", "hex", "utf-16", "x" * 999, "base64"])}"><p>{word}',
        lambda: f"<![CDATA[{word}]]><?php {word} ?><p>{word}<p",
        lambda: f"<svg><title>{word}</title></svg><math><mi>{word}<textarea>{word}",
        lambda: "<a href=x>" * deep + word + "<b><i>" * deep,
        lambda: f"<p>{word}\0{word}\x1b[31m{word}\u202e",
        lambda: f'<meta name="PubDate" content="{"9" * 500}-99-99"><title>{"题" * 5000}</title><p>{word}',
    ]
    return ("<html>" + rng.choice(options)()).encode("utf-8")


def odd_table(rng: Random) -> tuple[str, bytes]:
    """A table with broken rows."""
    rows = made_records(5)
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    odd_lines = [
        "[" * 20_000, "{" * 300, '{"text": 1e999}', '{"text": "\\ud800"}', '{"text": null}', "null", '"text"', "NaN",
        '{"text": ["a"]}', '{"text": "a", "text": "b"}', '{"id": {"a": 1}, "text": "字"}',
        '{"text": ' + "9" * 6000 + "}",
        '{"id": "a/../b#c", "date": [1], "text": "字"}', '{"text":"\\u0000字"}', "\x00", '{"text": "字"', "}",
    ]  # fmt: skip
    lines.insert(rng.randrange(len(lines)), rng.choice(odd_lines))
    header = rng.choice(
        ["id,text", "text", "id;text", "id\ttext", "id,text,text", "text,,", '"te""xt",text', "no"]
    )
    cells = [
        '"', '"' * 99, "a,b,c,d,e,f", '"unclosed', "\0", "=1+1", "\r", "x" * 200_000, '"a\nb"', "", "，", "\ud83d",
        "1\x1a2",
    ]  # fmt: skip
    csv = "\r\n".join([header, *(str(row["text"]) for row in rows), *(rng.choice(cells) for _ in range(4))])
    options = [
        lambda: (".jsonl", "\n".join(lines)),
        lambda: (".json", "[" + ",".join(lines) + "]"),
        lambda: (".json", rng.choice(odd_lines)),
        lambda: (rng.choice([".csv", ".tsv"]), csv),
    ]
    suffix, text = rng.choice(options)()
    return suffix, text.encode(rng.choice(["utf-8", "utf-8", "gb18030", "utf-16"]), "replace")


# All ----------------------------------------------------------------------------------------------------


def cases(seed: int, count: int) -> Iterator[Case]:
    """`count` hostile files."""
    for number in range(count):
        rng = Random(f"{seed}/{number}")
        kind = rng.choice(["mutated", "mutated", "repacked", "text", "page", "table", "renamed"])
        suffix = rng.choice(sorted(bases()))
        if kind == "repacked":
            suffix = rng.choice([".docx", ".xlsx"])
            data = repacked(rng, bases()[suffix])
        elif kind == "text":
            suffix, data = rng.choice([".txt", ".md", ".csv"]), odd_text(rng)
        elif kind == "page":
            suffix, data = rng.choice([".html", ".htm", ".txt"]), odd_page(rng)
        elif kind == "table":
            suffix, data = odd_table(rng)
        else:
            data = mutated(rng, bases()[suffix])
            if kind == "renamed":
                suffix, data = rng.choice(SUFFIXES), rng.choice([data, bases()[suffix]])
        yield kind, f"{number:05}{suffix}", data
