from __future__ import annotations

import io
import os
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import docx
import pytest

from minsheng.config.schema import DocumentsConfig
from minsheng.documents.read import read_all, read_sources
from minsheng.documents.values import Failure, Source
from minsheng.errors import ConfigError, DocumentError

CONFIG = DocumentsConfig()
SAMPLES = Path(__file__).parents[2] / "data" / "samples"
REPORTS = Path(__file__).parents[3] / "shared" / "reports"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600


def one(path: Path | str, config: DocumentsConfig = CONFIG) -> Source:
    (source,) = read_sources(path, config=config)
    assert isinstance(source, Source)
    return source


def code_of(path: Path) -> str:
    with pytest.raises(DocumentError) as caught:
        list(read_sources(path, config=CONFIG))
    assert str(caught.value).startswith(path.as_posix())
    return caught.value.code


@pytest.mark.parametrize(("name", "markup"), [("a.txt", "text"), ("a.MD", "markdown"), ("b.text", "text")])
def test_text(tmp_path: Path, name: str, markup: str) -> None:
    path = tmp_path / name
    path.write_bytes("# 教育\r\n\r\n医疗事业发展。".encode("gb18030"))
    source = one(path)
    assert source.document == path.as_posix()
    assert source.text == "# 教育\r\n\r\n医疗事业发展。"
    assert (source.encoding, source.markup, source.date) == ("gb18030", markup, None)


def test_override(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("教育".encode("big5"))
    assert one(path, DocumentsConfig(encoding="big5")).text == "教育"
    with pytest.raises(ConfigError):
        list(read_all([str(path)], config=DocumentsConfig(encoding="big6")))


def zipped(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.txt", b"", "empty"),
        ("a.txt", b" \r\n\t", "empty"),
        ("a.txt", "　\n".encode(), "empty"),
        ("a.docx", b"", "empty"),
        ("a.txt", b"%PDF-1.7\n...", "mismatch"),
        ("a.txt", b"\x89PNG\r\n\x1a\n", "mismatch"),
        ("a.txt", b"text\0\x01\x02\x03" * 30, "binary"),
        ("a.csv", zipped("[Content_Types].xml", "xl/workbook.xml"), "mismatch"),
        ("a.docx", OLE + "WordDocument".encode("utf-16-le"), "mismatch"),
        ("a.docx", OLE + "EncryptedPackage".encode("utf-16-le"), "encrypted"),
        ("a.xlsx", OLE + "EncryptedPackage".encode("utf-16-le"), "encrypted"),
        ("a.docx", zipped("[Content_Types].xml", "xl/workbook.xml"), "mismatch"),
        ("a.docx", zipped("a.txt"), "damaged"),
        ("a.docx", b"PK\x03\x04 cut off", "damaged"),
        ("a.docx", b"plain text", "damaged"),
        ("a.pdf", b"plain text", "damaged"),
        ("a.pdf", b"<html>404</html>", "mismatch"),
        ("a.pdf", zipped("OFD.xml"), "mismatch"),
        ("a.json", b"<html>404</html>", "mismatch"),
        ("a.ofd", zipped("OFD.xml"), "ofd"),
        ("a.xls", OLE, "unsupported"),
        ("a.xyz", b"x", "unsupported"),
        ("noname", b"x", "unsupported"),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, name: str, data: bytes, code: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    assert code_of(path) == code
    (failure,) = read_all([str(path)], config=CONFIG)
    assert isinstance(failure, Failure)
    assert (failure.document, failure.code) == (path.as_posix(), code)
    assert "\n" not in failure.message and path.name in failure.message


def test_missing_and_pipes(tmp_path: Path) -> None:
    assert code_of(tmp_path / "nothing.txt") == "missing"
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "a.txt")
        assert code_of(tmp_path / "a.txt") == "not_a_file"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("教育", encoding="utf-8")
    path.chmod(0)
    assert code_of(path) == "unreadable"


def test_pages_and_word_files_under_other_names(tmp_path: Path) -> None:
    page = "<html><body><p>教育事业发展，新建学校三所。</p></body></html>".encode()
    for name in ("a.txt", "a.doc"):
        (tmp_path / name).write_bytes(page)
        assert one(tmp_path / name).markup == "html"
    document = docx.Document()
    document.add_paragraph("医疗。")
    document.save(str(tmp_path / "b.docx"))
    (tmp_path / "b.docx").rename(tmp_path / "b.wps")
    assert one(tmp_path / "b.wps").text == "医疗。"


def test_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("minsheng.documents.read.MOST_BYTES", 10)
    (tmp_path / "a.txt").write_text("教育事业发展", encoding="utf-8")
    assert code_of(tmp_path / "a.txt") == "too_large"


def stdin(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))


def test_standard_input_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("minsheng.documents.read.MOST_BYTES", 10)

    class Endless(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            assert size >= 0, "all of it was asked for"
            return b"x" * size

    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=Endless()))
    (item,) = read_all(["-"], config=CONFIG)
    assert isinstance(item, Failure) and item.code == "too_large" and "standard input" in item.message


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin(monkeypatch, "教育事业发展。".encode("gb18030"))
    source = one("-")
    assert (source.document, source.text, source.encoding) == ("-", "教育事业发展。", "gb18030")
    stdin(monkeypatch, "<!DOCTYPE html><p>教育事业发展。</p>".encode())
    assert one("-").text == "教育事业发展。"
    for data, code in ((b"", "empty"), (b"%PDF-1.4", "mismatch"), (zipped("word/document.xml"), "mismatch")):
        stdin(monkeypatch, data)
        (failure,) = read_all(["-"], config=CONFIG)
        assert isinstance(failure, Failure)
        assert (failure.document, failure.code) == ("-", code)


def test_one_bad_file_stops_nothing(tmp_path: Path) -> None:
    for name, data in (
        ("1.txt", "教育".encode()),
        ("2.docx", b"PK\x03\x04"),
        ("3.pdf", b"%PDF-1.4 broken"),
        ("4.txt", "养老金".encode()),
        ("5.csv", "text\n住房\n".encode()),
    ):
        (tmp_path / name).write_bytes(data)
    items = list(read_all([str(tmp_path), str(tmp_path / "no.txt")], config=CONFIG))
    assert [item.text if isinstance(item, Source) else item.code for item in items] == [
        "教育",
        "damaged",
        "damaged",
        "养老金",
        "住房",
        "missing",
    ]


def test_a_parser_that_breaks_is_a_damaged_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> Source:
        raise RecursionError("too deep")

    monkeypatch.setattr("minsheng.documents.readers.text.from_bytes", broken)
    (tmp_path / "a.txt").write_text("教育", encoding="utf-8")
    assert code_of(tmp_path / "a.txt") == "damaged"


def test_samples_are_read() -> None:
    items = list(read_all([str(SAMPLES)], config=CONFIG))
    sources = {item.markup: item for item in items if isinstance(item, Source)}
    assert [item for item in items if isinstance(item, Failure)] == []
    assert set(sources) == {"docx", "html", "pdf", "text"}
    assert all(sum("\u4e00" <= char <= "\u9fff" for char in source.text) > 600 for source in sources.values())
    assert sources["text"].encoding == "gb18030" and "濟(jì)" not in sources["text"].text[:5]
    assert "學(xué)校" in sources["text"].text
    assert "教育\t新增义务教育学位\t3000个\t3200个" in sources["docx"].text
    assert len(sources["docx"].headings) == 9
    pdf = sources["pdf"]
    assert len(pdf.pages) == 2 and pdf.text[pdf.pages[1] - 1] != "\n", "a paragraph goes over the page"
    assert "— 1 —" not in pdf.text and pdf.text.count("民生实事办理情况通报") == 1
    page = sources["html"]
    assert page.date == "2024-05-16" and "首页" not in page.text and "相关阅读" not in page.text


@pytest.mark.skipif(not REPORTS.is_dir(), reason="the shared reports are not beside this checkout")
def test_real_reports_are_decoded() -> None:
    items = list(read_all([str(REPORTS)], config=CONFIG))
    assert len(items) >= 2
    for item in items:
        assert isinstance(item, Source) and item.encoding == "utf-8"
        assert "\ufffd" not in item.text
