from __future__ import annotations

import datetime
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minsheng.documents.personal import MASK, mask_personal, masked
from minsheng.documents.values import Document, Heading, Passage, Source

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def identity(region: str, born: str, order: str) -> str:
    digits = region + born + order
    rest = sum(int(digit) * weight for digit, weight in zip(digits, WEIGHTS, strict=True)) % 11
    return digits + "10X98765432"[rest]


def luhn(digits: str) -> str:
    for check in string.digits:
        values = [int(c) * (2 if place % 2 else 1) for place, c in enumerate(reversed(digits + check))]
        if sum(v - 9 if v > 9 else v for v in values) % 10 == 0:
            return digits + check
    raise AssertionError


CARD = luhn("622202100011223")  # invented
ONE = identity("430102", "19900307", "123")
MASKED = {
    "identity": ONE,
    "identity, small x": next(
        i for n in range(99) if (i := identity("110101", "19850101", f"{n:03}")).endswith("X")
    ).lower(),
    "identity in groups": f"{ONE[:6]} {ONE[6:14]} {ONE[14:]}",
    "full-width identity": ONE.translate({ord(c): ord(c) + 0xFEE0 for c in string.digits}),
    "old identity": "430102900307123",
    "card": CARD,
    "card in groups": " ".join(CARD[i : i + 4] for i in range(0, 16, 4)),
    "card of 19 digits": luhn("955880200011223344"),
    "mobile": "13912345678",
    "mobile in groups": "139-1234-5678",
    "mobile from abroad": "+86 13912345678",
    "land line": "0731-85551234",
    "land line in brackets": "（010）65551234",
    "land line with extension": "021-5555123-801",
    "e-mail": "li.si_01+x@mail.county.gov.cn",
    "full-width e-mail": "lisi＠example.com",
}
KEPT = [
    "财政支出13.9亿元，惠及1390万人。",
    "2021—2025年，编号20230001至20239999。",
    "面积139123456平方米",
    "统一社会信用代码91430100MA4L123456",
    ONE[:-1] + ("1" if ONE[-1] != "1" else "2"),  # wrong check digit
    identity("430102", "19901341", "123"),  # no such day
    CARD[:-1] + str((int(CARD[-1]) + 1) % 10),
    "政务服务热线12345，急救电话120，举报电话12388",
    "圆周率3.141592653589793238462643",
    "第2024-0731号文件",
    "@全体成员",
]


@pytest.mark.parametrize("name", MASKED)
@pytest.mark.parametrize("around", ["联系人：{}。", "{}", "王某（{}）", "一\n{}\n二", "号码{}元", "\t{}\t"])
def test_personal_numbers_are_masked_character_by_character(name: str, around: str) -> None:
    number = MASKED[name]
    left, right = around.split("{}")
    assert mask_personal(around.format(number)) == left + MASK * len(number) + right


@pytest.mark.parametrize("text", KEPT)
def test_other_numbers_are_kept(text: str) -> None:
    assert mask_personal(text) == text


def test_a_number_after_a_word_for_telephone() -> None:
    assert mask_personal("电话：85551234，传真 5551234。") == "电话：********，传真 *******。"
    assert mask_personal("新建85551234") == "新建85551234"


around = st.text("，。学校 \n", max_size=5)


@given(st.integers(110000, 659999), st.dates(), st.integers(0, 999), around, around)
def test_every_identity_number_is_found(
    region: int, born: datetime.date, order: int, left: str, right: str
) -> None:
    number = identity(str(region), born.isoformat().replace("-", ""), f"{order:03}")
    known = 1850 <= int(number[6:10]) <= 2100
    found = mask_personal(left + number + right)
    assert (found == left + MASK * 18 + right) >= known
    if known:
        assert number not in found


@given(st.text(string.digits, min_size=15, max_size=18), st.sampled_from("3456789"))
def test_every_card_number_is_found(digits: str, first: str) -> None:
    number = luhn(first + digits[1:])
    assert mask_personal(f"卡号{number}。") == f"卡号{MASK * len(number)}。"


pieces = st.lists(
    st.sampled_from([*MASKED.values(), *"0- @.，\nX", "138", "电话", "学校", "86", "12345678"])
    | st.text(max_size=4)
)  # fmt: skip


@given(pieces)
def test_the_length_and_all_other_characters_stay(parts: list[str]) -> None:
    text = "".join(parts)
    found = mask_personal(text)
    assert len(found) == len(text)
    changed = [a for a, b in zip(text, found, strict=True) if a != b]
    allowed = set(string.printable) - set("\n\t") | set("（）() 转＠-—")
    assert all(c in allowed or c.isdigit() or "\uff01" <= c < "\uff5f" for c in changed)
    assert all(b == MASK for a, b in zip(text, found, strict=True) if a != b)


@given(pieces)
def test_no_number_is_left_and_masking_twice_is_masking_once(parts: list[str]) -> None:
    once = mask_personal("；".join(parts))
    assert mask_personal(once) == once
    for number in MASKED.values():
        assert f"；{number}；" not in f"；{once}；"


@pytest.mark.parametrize(
    "text", ["1" * 200_000, "a" * 200_000, "a@" * 100_000, "138 " * 50_000, "a." * 99_999 + "@"]
)
def test_long_texts_take_no_time(text: str) -> None:
    import time

    began = time.process_time()
    assert len(mask_personal(text)) == len(text)
    assert time.process_time() - began < 5


def test_a_document_is_masked_without_moving_an_offset() -> None:
    source = Source("a.txt", f"联系 {ONE}", title=f"致{MASKED['mobile']}")
    passage = Passage(f"联系 {ONE}", 0, 21, heading=f"电话{MASKED['mobile']}", page=2)
    document = Document(source, (passage,), (Heading(f"电话{MASKED['mobile']}", 0, 1),))
    found = masked(document)
    assert found.passages[0] == Passage("联系 " + MASK * 18, 0, 21, heading="电话" + MASK * 11, page=2)
    assert found.headings == (Heading("电话" + MASK * 11, 0, 1),)
    assert (found.source.title, found.source.text) == ("致" + MASK * 11, source.text)
