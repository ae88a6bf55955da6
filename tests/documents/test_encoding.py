from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minsheng.documents.encoding import decode, detect, names
from minsheng.errors import ConfigError, DocumentError

SIMPLIFIED = (
    "全市新建公办幼儿园九所，新增学位两千七百个。乡镇卫生院标准化率明显提高，家庭医生签约服务覆盖面扩大。"
    "高龄津贴按月足额发放到位；老旧小区改造惠及居民一万两千户，加装电梯一百一十部。"
    "公安机关打掉诈骗团伙六个，调解矛盾纠纷三千多件。粮食总产稳定，农民收入持续增长。"
)
TRADITIONAL = (
    "全市新建公辦幼兒園九所，新增學位兩千七百個。鄉鎮衛生院標準化率明顯提高，家庭醫生簽約服務覆蓋面擴大。"
    "高齡津貼按月足額發放到位；老舊小區改造惠及居民一萬兩千戶，加裝電梯一百一十部。"
    "公安機關打掉詐騙團夥六個，調解矛盾糾紛三千多件。糧食總產穩定，農民收入持續增長。"
)
WORDS = [SIMPLIFIED[i : i + 4] for i in range(0, len(SIMPLIFIED), 4)]
TRADITIONAL_WORDS = [TRADITIONAL[i : i + 4] for i in range(0, len(TRADITIONAL), 4)]


def texts(words: list[str]) -> st.SearchStrategy[str]:
    """At least eight characters of common Chinese, short or long, with some ASCII between."""
    return st.lists(st.sampled_from([*words, " 2024", "\n", "GDP"]), min_size=3, max_size=200).map(
        lambda parts: words[0] + "".join(parts) + words[1]
    )


fixed = settings(max_examples=60, derandomize=True, deadline=None)


@fixed
@given(texts(WORDS), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"]))
def test_simplified_round_trip(text: str, codec: str) -> None:
    data = text.encode(codec)
    decoded = decode(data)
    assert decoded.text == text
    assert data.decode(decoded.encoding) == text
    assert 0.5 < decoded.confidence <= 1.0


@fixed
@given(
    texts(TRADITIONAL_WORDS),
    st.sampled_from(["utf-8", "utf-16-le", "utf-32", "gb18030", "big5", "big5hkscs"]),
)
def test_traditional_round_trip(text: str, codec: str) -> None:
    data = text.encode(codec)
    decoded = decode(data)
    assert decoded.text == text
    assert data.decode(decoded.encoding) == text


@pytest.mark.parametrize("length", [8, 12, 24])
@pytest.mark.parametrize(
    ("text", "codec"),
    [(SIMPLIFIED, "gb18030"), (TRADITIONAL, "gb18030"), (TRADITIONAL, "cp950"), (SIMPLIFIED, "utf-8")],
)
def test_every_short_window_is_read(text: str, codec: str, length: int) -> None:
    windows = [text[i : i + length] for i in range(len(text) - length + 1)]
    assert len(windows) > 80
    wrong = [window for window in windows if decode(window.encode(codec)).text != window]
    assert wrong == []


@pytest.mark.parametrize("data", [b"Hello, world.", b"2024", b"12.5%\r\n", b"x"])
def test_ascii_is_certain(data: bytes) -> None:
    decoded = decode(data)
    assert (decoded.text, decoded.encoding, decoded.confidence) == (data.decode(), "utf-8", 1.0)


def test_english_and_digits_in_utf16_without_mark() -> None:
    assert decode("Report 2024".encode("utf-16-le")).text == "Report 2024"
    assert decode("20242025".encode("utf-16-be")).text == "20242025"


def test_line_ends_and_mark() -> None:
    assert decode(codecs.BOM_UTF8 + "教育\r\n医疗\r".encode()).text == "教育\r\n医疗\r"


def test_override_decides_and_widens() -> None:
    data = "朱镕基堃".encode("gb18030")  # the second and last characters are not in GB 2312
    assert decode(data, encoding="GB2312").text == "朱镕基堃"
    assert decode("着重".encode("big5hkscs"), encoding="big5").text == "着重"
    assert decode(codecs.BOM_UTF16_LE + "教育".encode("utf-16-le"), encoding="utf-16-le").text == "教育"
    assert decode("教育".encode("utf-16-be"), encoding="utf-16-be").confidence == 1.0


@pytest.mark.parametrize("name", ["utf8x", "hex", "", "gb\0k"])
def test_unknown_override(name: str) -> None:
    with pytest.raises(ConfigError, match="unknown encoding"):
        names(name)
    with pytest.raises(ConfigError):
        decode(b"abc", encoding=name)


def test_hint_tips_the_balance_only() -> None:
    data = TRADITIONAL.encode("big5")
    assert decode(data, hint="gb2312").text == TRADITIONAL
    assert decode(data, hint="no-such-charset").text == TRADITIONAL
    assert decode(TRADITIONAL.encode(), hint="big5").text == TRADITIONAL


@pytest.mark.parametrize(
    ("data", "codec", "offset"),
    [
        (SIMPLIFIED.encode("gb18030")[:-1], "gb18030", len(SIMPLIFIED.encode("gb18030")) - 2),
        (SIMPLIFIED.encode()[:-1], "utf-8", len(SIMPLIFIED.encode()) - 3),
        (SIMPLIFIED.encode()[:60] + b"\xff" + SIMPLIFIED.encode()[60:], "utf-8", 60),
        (SIMPLIFIED.encode("utf-16-le")[:-1], "utf-16-le", len(SIMPLIFIED.encode("utf-16-le")) - 2),
    ],
)
def test_damage_is_an_error_with_its_offset(data: bytes, codec: str, offset: int) -> None:
    with pytest.raises(DocumentError) as caught:
        decode(data, document="a.txt")
    assert caught.value.code == "encoding"
    assert codec in str(caught.value)
    assert f"offset {offset} " in str(caught.value)
    assert str(caught.value).startswith("a.txt")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x00\x01\x02\x03" * 50, "binary"),
        ("教育\0".encode(), "binary"),
        (codecs.BOM_UTF8 + b"a\0b", "binary"),
        (bytes(range(128, 256)) * 4, "encoding"),
        ("Доклад о развитии образования".encode("cp1251"), "encoding"),
    ],
)
def test_what_is_no_chinese_text(data: bytes, code: str) -> None:
    with pytest.raises(DocumentError) as caught:
        decode(data)
    assert caught.value.code == code


def test_detect_looks_behind_ascii_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"id,text\n" + b"1,plain\n" * 20_000 + TRADITIONAL.encode("big5") + b"\n")
    assert detect(path)[0] == "cp950"
    path.write_bytes(b"id,text\n1,plain\n")
    assert detect(path) == ("utf-8", 1.0)
    path.write_bytes(SIMPLIFIED.encode("utf-16"))
    assert detect(path)[0] == "utf-16"
    path.write_bytes(f"a\n{SIMPLIFIED}".encode("utf-16-le"))
    assert detect(path)[0] == "utf-16-le"
    # One bad line does not change what the rest is.
    path.write_bytes(SIMPLIFIED.encode() + b"\n\xff\xfe\xff\n")
    assert detect(path)[0] == "utf-8"
    path.write_bytes("a,着\n".encode("big5hkscs"))
    assert detect(path, encoding="big5") == ("big5hkscs", 1.0)


def test_no_replacement_character_is_put_in() -> None:
    # One that the file itself holds is the file's own.
    assert decode("教育\ufffd事业".encode()).text == "教育\ufffd事业"
