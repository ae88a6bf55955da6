from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from minsheng.documents.readers import formats, word
from minsheng.errors import DocumentError

NAMESPACES = (
    nsdecls("w")
    + ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    + ' xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
)


def write(tmp_path: Path, fill: Callable[[Any], None]) -> Path:
    document = docx.Document()
    fill(document)
    path = tmp_path / "报告.docx"
    document.save(str(path))
    return path


def append(document: Any, xml: str) -> None:
    document.element.body.insert(len(document.element.body) - 1, parse_xml(xml))


def test_reading_order_headings_and_rows(tmp_path: Path) -> None:
    def fill(document: Any) -> None:
        document.add_heading("松岭县工作报告", 0)
        document.add_heading("一、教育", 1)
        document.add_paragraph("新建学校三所。\n改造食堂五个。")
        table = document.add_table(rows=3, cols=3)
        for row, texts in enumerate([("项目", "数量", "单位"), ("学校", "3", "所"), ("合计", "", "")]):
            for column, text in enumerate(texts):
                table.cell(row, column).text = text
        table.cell(2, 0).merge(table.cell(2, 1))
        document.add_paragraph("下一步继续努力。")
        document.core_properties.created = __import__("datetime").datetime(2020, 1, 1)

    source = word.read(write(tmp_path, fill), "报告.docx")
    assert source.text.split("\n") == [
        "松岭县工作报告",
        "一、教育",
        "新建学校三所。",
        "改造食堂五个。",
        "项目\t数量\t单位",
        "学校\t3\t所",
        "合计",
        "下一步继续努力。",
    ]
    assert [source.text[start:end] for start, end in source.headings] == ["松岭县工作报告", "一、教育"]
    assert (source.title, source.date, source.markup, source.encoding) == (
        "松岭县工作报告",
        None,
        "docx",
        None,
    )


def test_vertically_merged_cells_once_and_layout_tables(tmp_path: Path) -> None:
    long = "本段在版面表格之内，属于正文，而不是数据。" * 6

    def fill(document: Any) -> None:
        table = document.add_table(rows=2, cols=2)
        table.cell(0, 0).merge(table.cell(1, 0)).text = "教育"
        table.cell(0, 1).text = "幼儿园"
        table.cell(1, 1).text = "小学"
        layout = document.add_table(rows=1, cols=2)
        layout.cell(0, 0).text = "责任单位"
        layout.cell(0, 1).text = f"{long}\n{long}"
        nested = layout.cell(0, 1).add_table(rows=1, cols=2)
        nested.cell(0, 0).text, nested.cell(0, 1).text = "内", "层"

    lines = word.read(write(tmp_path, fill), "a.docx").text.split("\n")
    assert lines == ["教育\t幼儿园", "小学", "责任单位", long, long, "内\t层"]


def test_what_python_docx_leaves_out(tmp_path: Path) -> None:
    def run(text: str) -> str:
        return f"<w:r><w:t>{text}</w:t></w:r>"

    def fill(document: Any) -> None:
        append(document, f"<w:p {NAMESPACES}>{run('新增')}<w:ins w:id='1'>{run('学位')}</w:ins></w:p>")
        append(
            document,
            f"<w:sdt {NAMESPACES}><w:sdtContent><w:p>{run('控件内文字')}</w:p></w:sdtContent></w:sdt>",
        )
        deleted = "<w:del w:id='2'><w:r><w:delText>删去</w:delText></w:r></w:del>"
        hidden = "<w:r><w:rPr><w:vanish/></w:rPr><w:t>隐藏</w:t></w:r>"
        append(document, f"<w:p {NAMESPACES}>{run('留下')}{deleted}{hidden}</w:p>")
        box = f"<w:txbxContent><w:p>{run('文本框')}</w:p></w:txbxContent>"
        append(
            document,
            f"<w:p {NAMESPACES}>{run('正文')}<w:r><mc:AlternateContent><mc:Choice Requires='wps'><w:drawing>"
            f"<wps:txbx>{box}</wps:txbx></w:drawing></mc:Choice><mc:Fallback><w:pict>{box}</w:pict>"
            "</mc:Fallback></mc:AlternateContent></w:r></w:p>",
        )
        append(
            document,
            f"<w:sdt {NAMESPACES}><w:sdtPr><w:docPartObj><w:docPartGallery w:val='Table of Contents'/>"
            f"</w:docPartObj></w:sdtPr><w:sdtContent><w:p>{run('一、教育 3')}</w:p></w:sdtContent></w:sdt>",
        )
        append(document, f"<w:p {NAMESPACES}><w:pPr><w:outlineLvl w:val='1'/></w:pPr>{run('二、医疗')}</w:p>")
        append(
            document,
            f"<w:p {NAMESPACES}><w:r><w:ruby><w:rt>{run('jiào')}</w:rt><w:rubyBase>{run('教')}</w:rubyBase>"
            f"</w:ruby></w:r>{run('育')}</w:p>",
        )

    source = word.read(write(tmp_path, fill), "a.docx")
    assert source.text.split("\n") == ["新增学位", "控件内文字", "留下", "正文", "文本框", "二、医疗", "教育"]
    assert [source.text[start:end] for start, end in source.headings] == ["二、医疗"]


def test_heading_by_inherited_style_and_overlong_heading(tmp_path: Path) -> None:
    long = "这一段误用了标题样式，" * 20

    def fill(document: Any) -> None:
        style = document.styles.add_style("章", 1)
        style.base_style = document.styles["Heading 2"]
        document.add_paragraph("第一章", style="章")
        document.add_heading(long, 2)

    source = word.read(write(tmp_path, fill), "a.docx")
    assert [source.text[start:end] for start, end in source.headings] == ["第一章"]
    assert long in source.text


def test_styles_in_a_circle(tmp_path: Path) -> None:
    def fill(document: Any) -> None:
        one, two = document.styles.add_style("甲", 1), document.styles.add_style("乙", 1)
        one.base_style, two.base_style = two, one
        document.add_paragraph("正文在此。", style="甲")

    assert word.read(write(tmp_path, fill), "a.docx").headings == ()


def test_empty_and_damaged(tmp_path: Path) -> None:
    path = write(tmp_path, lambda document: None)
    with pytest.raises(DocumentError) as caught:
        word.read(path, "a.docx")
    assert caught.value.code == "empty"
    whole = write(tmp_path, lambda document: document.add_paragraph("教育。" * 3000)).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DocumentError) as caught:
        word.read(path, "a.docx")
    assert caught.value.code == "damaged"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<broken")
    with pytest.raises(DocumentError) as caught:
        word.read(path, "a.docx")
    assert caught.value.code == "damaged"


def test_zip_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, lambda document: document.add_paragraph("教育"))
    monkeypatch.setattr(formats, "MOST_UNPACKED", 1000)
    with pytest.raises(DocumentError) as caught:
        word.read(path, "a.docx")
    assert caught.value.code == "too_large"
