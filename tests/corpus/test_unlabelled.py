from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from minsheng.config.schema import PretrainDataConfig, SourceConfig
from minsheng.corpus.unlabelled import SourceFile, find_sources, iterate_documents
from minsheng.errors import DataError


def sources(*given: tuple[Path | str, float]) -> list[SourceFile]:
    config = PretrainDataConfig(sources=tuple(SourceConfig(path=str(path), weight=w) for path, w in given))
    return find_sources(config)


def jsonl(*rows: object) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def test_every_kind_of_file_in_a_fixed_order(tmp_path: Path) -> None:
    (tmp_path / "b.jsonl").write_text(
        jsonl({"text": "乙一"}, {"text": " "}, {"text": "乙\u2028二"}) + "\n", "utf-8"
    )
    with gzip.open(tmp_path / "c.jsonl.gz", "wt", encoding="utf-8") as out:
        out.write(jsonl({"text": "丙", "url": "x"}))
    (tmp_path / "a.txt").write_text("甲一\n甲二\n", "utf-8")
    with gzip.open(tmp_path / "d.txt.gz", "wt", encoding="utf-8") as out:
        out.write("丁")
    (tmp_path / "sub.txt").mkdir()
    found = sources((tmp_path / "*", 1.0), (tmp_path / "b*", 2.5))
    assert [(file.path.name, file.weight) for file in found] == [
        ("a.txt", 1.0), ("b.jsonl", 2.5), ("c.jsonl.gz", 1.0), ("d.txt.gz", 1.0),
    ]  # fmt: skip
    assert list(iterate_documents(found, text_field="text")) == [
        ("甲一\n甲二\n", 1.0), ("乙一", 2.5), ("乙\u2028二", 2.5), ("丙", 1.0), ("丁", 1.0),
    ]  # fmt: skip


def test_folders_below_are_found_by_two_stars(tmp_path: Path) -> None:
    (tmp_path / "x" / "y").mkdir(parents=True)
    (tmp_path / "x" / "y" / "a.txt").write_text("甲", "utf-8")
    assert [file.path.name for file in sources((tmp_path / "**" / "*.txt", 1.0))] == ["a.txt"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"text": "好"', "line 3: not a JSON object"),
        ('["好"]', "line 3: not a JSON object"),
        ("7", "line 3: not a JSON object"),
        ('{"txt": "好"}', "line 3: no field 'text'"),
        ('{"text": 5}', "line 3: 'text' is not text"),
        ('{"text": "\\udc00"}', "line 3: 'text' holds half of a surrogate"),
    ],
)
def test_errors_name_file_and_line(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"text": "好"}\n\n' + line + "\n", "utf-8")
    with pytest.raises(DataError) as caught:
        list(iterate_documents(sources((path, 1.0)), text_field="text"))
    assert str(caught.value).startswith(f"{path}, {message}")


def test_errors_of_whole_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nothing\*: no such file"):
        sources((tmp_path / "nothing*", 1.0))
    (tmp_path / "folder.txt").mkdir()
    with pytest.raises(DataError, match=r"folder\.txt: no such file"):  # a folder is no text
        sources((tmp_path / "folder.txt", 1.0))
    (tmp_path / "cut.txt.gz").write_bytes(gzip.compress("好".encode() * 999)[:-12])
    (tmp_path / "noise.txt.gz").write_bytes(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xff\xff\xff\xff")
    (tmp_path / "gb.txt").write_bytes("民生报告".encode("gb18030"))
    for name in ("cut.txt.gz", "noise.txt.gz", "gb.txt"):
        with pytest.raises(DataError, match=f"{name}: cannot be read"):
            list(iterate_documents(sources((tmp_path / name, 1.0)), text_field="text"))
