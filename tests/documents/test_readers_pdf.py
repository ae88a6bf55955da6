from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from minsheng.documents.readers import layout, pdf
from minsheng.documents.values import Failure, Source
from minsheng.errors import DocumentError

Placed = tuple[float, float, float, str]  # x, y, size of type, text

SENTENCES = [
    "岚州市坚持把教育放在优先位置，全年新建改扩建公办幼儿园九所，新增学位两千七百个，义务教育大班额基本消除。",
    "全市乡镇卫生院标准化率达到百分之九十六，家庭医生签约服务覆盖四十一万人，基层就诊率明显提高。",
    "养老服务方面，新增养老床位八百张，社区食堂开到四十二家，高龄津贴按月足额发放到位。",
    "老旧小区改造完成六十八个，惠及居民一万两千户，加装电梯一百一十部，群众满意度持续提升。",
    "公路建设完成投资十二亿元。",
]


def build(
    pages: Sequence[Sequence[Placed]],
    *,
    pictures: Sequence[int] = (),
    page: str = "/MediaBox [0 0 595 842]",
    trailer: str = "",
) -> bytes:
    """A PDF with text in a Chinese font that is not embedded; `pictures` are pages with an image."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"",
        b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H"
        b" /DescendantFonts [4 0 R] >>",
        b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /DW 1000 /W [1 95 500]"
        b" /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 2 >> /FontDescriptor 5 0 R >>",
        b"<< /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880]"
        b" /ItalicAngle 0 /Ascent 880 /Descent -120 /CapHeight 880 /StemV 93 >>",
        b"<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8"
        b" /Length 1 >>\nstream\n\x80\nendstream",
    ]
    kids = []
    for number, rows in enumerate(pages):
        drawn = [
            f"BT /F1 {size:g} Tf 1 0 0 1 {x:g} {y:g} Tm <{text.encode('utf-16-be').hex()}> Tj ET"
            for x, y, size, text in rows
        ]
        if number in pictures:
            drawn.append("q 500 0 0 700 40 60 cm /Im1 Do Q")
        content = "\n".join(drawn).encode()
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
        resources = "/Resources << /Font << /F1 3 0 R >> /XObject << /Im1 6 0 R >> >>"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R {page} {resources} /Contents {len(objects)} 0 R >>".encode()
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(kids)}] >>".encode()
    data = b"%PDF-1.4\n"
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    end = f"trailer\n<< /Size {size} /Root 1 0 R {trailer} >>\nstartxref\n{len(data)}\n%%EOF\n"
    return data + b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table) + end.encode()


def typeset(
    paragraphs: Sequence[str], *, title: str, header: str = "", indent: int = 2
) -> list[list[Placed]]:
    """Pages of 24 lines of 32 characters, with a running header and page numbers."""
    pages: list[list[Placed]] = [[]]
    y = 770.0

    def put(x: float, size: float, text: str) -> None:
        nonlocal y
        if y < 150:
            pages.append([])
            y = 770.0
        pages[-1].append((x, y, size, text))
        y -= 26

    put(160, 22, title)
    for paragraph in paragraphs:
        put(74 + 14 * indent, 14, paragraph[: 32 - indent])
        for start in range(32 - indent, len(paragraph), 32):
            put(74, 14, paragraph[start : start + 32])
    if header:
        for number, rows in enumerate(pages, start=1):
            rows.insert(0, (230, 805, 9, header))
            rows.append((285, 40, 9, f"- {number} -"))
    return pages


def read(tmp_path: Path, data: bytes) -> list[Source | Failure]:
    path = tmp_path / "a.pdf"
    path.write_bytes(data)
    return list(pdf.read(path, "a.pdf"))


def source_of(tmp_path: Path, data: bytes) -> Source:
    (source,) = read(tmp_path, data)
    assert isinstance(source, Source)
    return source


def test_paragraphs_headers_numbers_and_pages(tmp_path: Path) -> None:
    wanted = [f"（{number}）{sentence}" for number in range(8) for sentence in SENTENCES]
    pages = typeset(wanted, title="岚州市民生报告", header="岚州市人民政府文件")
    assert len(pages) == 4
    source = source_of(tmp_path, build(pages))
    assert source.text.split("\n") == ["岚州市民生报告", *wanted]
    assert [source.text[start:end] for start, end in source.headings] == ["岚州市民生报告"]
    assert source.title == "岚州市民生报告" and source.markup == "pdf"
    first = [rows[1][3] for rows in pages]  # after the header
    assert [source.text[start : start + 5] for start in source.pages] == [text[:5] for text in first]
    assert any(source.text[start - 1] != "\n" for start in source.pages[1:]), "no paragraph crossed a page"


@settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(st.integers(4, 200).filter(lambda n: (n - 30) % 32 > 1), min_size=1, max_size=20),
    st.integers(0, 150),
)
def test_any_indented_paragraphs(tmp_path: Path, lengths: list[int], start: int) -> None:
    # Where no paragraph has a second line, nothing on the page says that its lines are indented.
    assume(max(lengths) > 32)
    text = "".join(SENTENCES).replace("。", "，").replace("，", "") * 3
    paragraphs = [text[start + n : start + n + length - 1] + "。" for n, length in enumerate(lengths)]
    source = source_of(tmp_path, build(typeset(paragraphs, title="报告")))
    assert source.text.split("\n") == ["报告", *paragraphs]
    assert list(source.pages) == sorted(source.pages)


@pytest.mark.parametrize("indent", [0, 2])
def test_paragraphs_without_indent_end_at_short_lines(tmp_path: Path, indent: int) -> None:
    pages = typeset(SENTENCES * 2, title="报告", indent=indent)
    assert source_of(tmp_path, build(pages)).text.split("\n") == ["报告", *SENTENCES, *SENTENCES]


def test_columns_keep_their_order(tmp_path: Path) -> None:
    text = "".join(SENTENCES)
    rows = [text[start : start + 16] for start in range(0, len(text), 16)]
    half = len(rows) // 2
    page: list[Placed] = [(150, 800, 20, "两栏标题横跨整页")]
    page += [(70, 760 - 18 * number, 12, row) for number, row in enumerate(rows[:half])]
    page += [(320, 760 - 18 * number, 12, row) for number, row in enumerate(rows[half:])]
    assert source_of(tmp_path, build([page])).text == f"两栏标题横跨整页\n{text}"


def test_table_rows_and_gaps(tmp_path: Path) -> None:
    page: list[Placed] = [(90, 700 - 20 * n, 14, a) for n, a in enumerate("甲乙")]
    page = [(90, 700, 14, "项目"), (250, 700, 14, "数量"), (90, 680, 14, "学校"), (250, 680, 14, "3所")]
    page += [
        (90, 640, 14, "全市"),
        (123, 640, 14, "新建"),
        (90, 600, 14, "GDP growth"),
        (167, 600, 14, "rate"),
    ]
    assert source_of(tmp_path, build([page])).text.split("\n") == [
        "项目\t数量",
        "学校\t3所",
        "全市新建",
        "GDP growth rate",
    ]


def test_latin_words_and_hyphens(tmp_path: Path) -> None:
    page: list[Placed] = [
        (70, 700, 12, "The city council adopted a new educa-"),
        (70, 680, 12, "tion policy for all of the schools and"),
        (70, 660, 12, "hospitals."),
    ]
    wanted = "The city council adopted a new education policy for all of the schools and hospitals."
    assert source_of(tmp_path, build([page])).text == wanted


def test_rotated_page(tmp_path: Path) -> None:
    rows = [
        "The first line of this paragraph goes on and is full",
        "second line goes on to the end of the same lin",
        "end.",
    ]
    upright = build([[(100, 700 - 20 * n, 12, row) for n, row in enumerate(rows)]])
    turned = build(
        [[(100, 700 - 20 * n, 12, row) for n, row in enumerate(rows)]],
        page="/MediaBox [0 0 842 595] /Rotate 90",
    )
    for n in range(3):
        y = 700 - 20 * n
        turned = turned.replace(f"1 0 0 1 100 {y} Tm".encode(), f"0 1 -1 0 {842 - y} 100 Tm".encode())
    # The stream lengths are wrong by a few bytes now; pdfium finds the ends by itself.
    assert source_of(tmp_path, turned).text == source_of(tmp_path, upright).text


def test_body_numbers_and_repeated_words_stay(tmp_path: Path) -> None:
    first: list[Placed] = [(90, 780, 14, "2023"), (90, 500, 14, "同一句话。"), (90, 60, 14, "45")]
    second: list[Placed] = [(90, 700, 14, "同一句话。"), (90, 500, 14, "同一句话。"), (90, 60, 14, "97")]
    text = source_of(tmp_path, build([first, second])).text
    assert text.split("\n") == ["2023", "同一句话。", "45", "同一句话。", "同一句话。", "97"]


def test_plain_numbers_that_count_with_the_pages_go(tmp_path: Path) -> None:
    pages: list[list[Placed]] = [
        [(90, 500, 14, f"第{n}段正文。"), (290, 40, 9, str(n + 11))] for n in range(3)
    ]
    assert source_of(tmp_path, build(pages)).text == "第0段正文。\n第1段正文。\n第2段正文。"


def test_scans(tmp_path: Path) -> None:
    with pytest.raises(DocumentError) as caught:
        read(tmp_path, build([[], [(290, 40, 9, "- 2 -")]], pictures=[0, 1]))
    assert caught.value.code == "scanned" and "OCR" in str(caught.value)
    page: list[Placed] = [(90, 500, 14, "附件扫描如下。")]
    source, failure = read(tmp_path, build([page, [], []], pictures=[1]))
    assert isinstance(source, Source) and isinstance(failure, Failure)
    assert (failure.code, source.pages) == ("scanned_pages", (0, 7, 7))
    assert "1 of 3 pages hold no text (2)" in failure.message
    with pytest.raises(DocumentError) as caught:
        read(tmp_path, build([[]]))
    assert caught.value.code == "empty"


def test_encrypted_and_damaged(tmp_path: Path) -> None:
    page: list[Placed] = [(90, 500, 14, "正文。")]
    locked = build(
        [page],
        trailer="/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <"
        + "41" * 32
        + "> /U <"
        + "42" * 32
        + "> >>"
        " /ID [<00> <00>]",
    )
    with pytest.raises(DocumentError) as caught:
        read(tmp_path, locked)
    assert caught.value.code == "encrypted"
    for data in (b"%PDF-1.4\nnothing", build([page])[:900]):
        with pytest.raises(DocumentError) as caught:
            read(tmp_path, data)
        assert caught.value.code == "damaged"


def test_fonts_without_unicode(tmp_path: Path) -> None:
    with pytest.raises(DocumentError) as caught:
        read(tmp_path, build([[(90, 500, 14, "\ue001\ue002\ue003\ue004教")]]))
    assert caught.value.code == "garbled"


def test_text_that_only_a_missing_font_could_show(tmp_path: Path) -> None:
    # With a Chinese font installed, pdfium reads both files whole.
    single: list[Placed] = [(90 + 14 * number, 500, 14, char) for number, char in enumerate(SENTENCES[2])]
    try:
        assert source_of(tmp_path, build([single])).text == SENTENCES[2]
    except DocumentError as error:
        assert error.code == "fonts" and "install a Chinese font" in str(error)
        mixed: list[Placed] = [
            (90, 600, 14, SENTENCES[4]),
            (90, 560, 14, SENTENCES[2][:9]),
            (90, 500, 14, "，"),
        ]
        source, failure = read(tmp_path, build([mixed]))
        assert isinstance(source, Source) and isinstance(failure, Failure)
        assert failure.code == "fonts" and "(pages: 1)" in failure.message


@pytest.mark.parametrize(
    ("before", "after", "joint"),
    [
        ("教育", "医疗", ""),
        ("增长", "GDP", ""),
        ("12", "5亿元", ""),
        ("the", "city", " "),
        ("in 2024", "schools", " "),
        ("“好”", "的", ""),
    ],
)
def test_glue(before: str, after: str, joint: str) -> None:
    assert layout.glue(before, after) == joint
