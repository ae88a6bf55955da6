from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minsheng.config.schema import CleanConfig
from minsheng.documents.clean import clean, clean_text
from minsheng.documents.values import Cleaned, Source

CONFIG = CleanConfig()
REPORTS = Path(__file__).parents[3] / "shared" / "reports"

# Level 1 of GB 2312: the 3,755 usual characters. 著 is left out, it may become 着.
USUAL = [
    bytes((row, cell)).decode("gb2312")
    for row in range(0xB0, 0xD8)
    for cell in range(0xA1, 0xFF if row < 0xD7 else 0xFA)
]
USUAL.remove("著")

PIECES = [
    "全县新建学校三所，新增学位九百个。",
    "县医院迁建工程开工！",
    "老城区改造惠及居民8,200户（占61.5%）。",
    "學校食堂改造完成,老師們看著孩子們吃飯。",
    "养老(yǎng)服务中心",
    "醫(yī)療(liáo)保險(xiǎn)",
    "一、工作回顾",
    "（二）兜住底线",
    "第 3 页 共 9 页",
    "- 4 -",
    "来源：青石县融媒体中心",
    "责任编辑：林某",
    "相关阅读：",
    "关键词：教育 医疗",
    "分享到：微信 微博",
    "********",
    "项目\t金额\t单位",
    "小学\t120\t万元",
    "\ue123\ufffd",
    "涓浗",
    "ä¸­å›½",
    "?！叭罕",
    "　　",
    "\r\n",
    "\n",
    "\n\n",
    "\r",
    "\u2028",
    "\x0c",
    " ",
    "\u00a0\u200b",
    "\ufeff",
    "\x00\x07",
    "㈠",
    "⒈",
    "⺠生",
    "１２３",
    "abc (def), x:y",
    "?",
    ".",
]
MIXTURES = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=5)), max_size=25).map("".join)


def cleaned(text: str, **settings: str) -> Cleaned:
    return clean(Source("x", text, **settings), config=CONFIG)  # type: ignore[arg-type]


def lines(text: str) -> list[str]:
    return cleaned(text).aligned.text.split("\n")


@settings(max_examples=300, deadline=None)
@given(MIXTURES, st.sampled_from(["text", "markdown", "html"]))
def test_every_source_character_stands_behind_the_text_or_is_dropped(text: str, markup: str) -> None:
    result = cleaned(text, markup=markup)
    aligned = result.aligned
    assert len(aligned.text) == len(aligned.starts) == len(aligned.ends)
    assert list(aligned.starts) == sorted(aligned.starts)
    assert list(aligned.ends) == sorted(aligned.ends)
    covered = {i for a, b in zip(aligned.starts, aligned.ends, strict=True) for i in range(a, b)}
    for span in result.dropped:
        assert 0 <= span.start < span.end <= len(text)
        if span.reason == "space":
            assert not text[span.start : span.end].strip(), repr(text[span.start : span.end])
        covered.update(range(span.start, span.end))
    assert covered == set(range(len(text)))
    assert all(a.end <= b.start for a, b in pairwise(result.dropped))
    assert all(0 <= flag.start < flag.end <= len(text) for flag in result.flags)
    assert not any(line != line.strip() or not line for line in aligned.text.split("\n") if aligned.text)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=[*USUAL, *"，。、；：？！“”（）《》…—"], max_size=80))
def test_usual_text_is_never_changed_or_flagged(text: str) -> None:
    assert clean_text(text, config=CONFIG) == text
    assert not cleaned(text).flags


@settings(max_examples=300, deadline=None)
@given(MIXTURES)
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    once = clean_text(text, config=CONFIG)
    if "." not in once and "?" not in once:  # their meaning may depend on what has gone
        assert clean_text(once, config=CONFIG) == once


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        ("縣裡新建學校，後來又擴建醫院。", "县里新建学校，后来又扩建医院。"),
        (
            "老師看著孩子，沿著小路，隨著人群，向著學校走去。",
            "老师看着孩子，沿着小路，随着人群，向着学校走去。",
        ),
        (
            "著名學者的著作成效顯著，名著編著原著專著土著昭著。",
            "著名学者的著作成效显著，名著编著原著专著土著昭著。",
        ),
        ("為著名教授辦理入住，他跟著走，眼睛睜著。", "为著名教授办理入住，他跟着走，眼睛睁着。"),
        (
            "皇后后来住在里弄，于谦与干部瞭望乾隆年间的松柏。",
            "皇后后来住在里弄，于谦与干部瞭望乾隆年间的松柏。",
        ),
        ("李乾任乾县县长，象徵与宫商角徵羽。", "李乾任乾县县长，象徵与宫商角徵羽。"),
        ("看著孩子上学", "看着孩子上学"),
        ("这部著作由他编著，他所著的书很著名", "这部著作由他编著，他所著的书很著名"),
    ],
)
def test_script(raw: str, wanted: str) -> None:
    assert clean_text(raw, config=CONFIG) == wanted


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        ("經(jīng)濟(jì)發(fā)展", "经济发展"),
        ("养（yǎng）老(lǎo )服务绿(lǜ)色女(nǚ)童", "养老服务绿色女童"),
        ("我們(men)的(de)学校", "我们的学校"),
        ("长(zha\u030cng)辈", "长辈"),
        (
            "生产总值（GDP）（a）方案(an)涅槃(niè pán)省(abc)",
            "生产总值（GDP）（a）方案（an）涅槃（niè pán）省（abc）",
        ),
        ("the café (né)", "the café (né)"),
    ],
)
def test_glosses(raw: str, wanted: str) -> None:
    assert clean_text(raw, config=CONFIG) == wanted


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        ("新建学校,改造医院;好不好?好!", "新建学校，改造医院；好不好？好！"),
        ("增长15.75%,共1,000人,时间:10:30,比分3:2", "增长15.75%，共1,000人，时间：10:30，比分3:2"),
        (
            "县政府(三楼)电话(0000)网址:http://a.example/x?y=1",
            "县政府（三楼）电话（0000）网址：http://a.example/x?y=1",
        ),
        ("A, B; f(x) = 2, see http://a.example/?q=1!", "A, B; f(x) = 2, see http://a.example/?q=1!"),
        ("事情办完了.\n一.\n二.5倍", "事情办完了。\n一.\n二.5倍"),
        ("２０１３年ＧＤＰ增长７．７％", "2013年GDP增长7.7%"),
        ("㈠学校⒈食堂⺠生⻓效﹐好", "（一）学校1.食堂民生长效，好"),
        ("太好了!!!真的?!", "太好了！！！真的？！"),
        ("见附件:(1)名单(试行);", "见附件：（1）名单（试行）；"),
    ],
)
def test_punctuation_and_width(raw: str, wanted: str) -> None:
    assert clean_text(raw, config=CONFIG) == wanted


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        ("  \u3000学校\u200b食\ufeff堂 \r\n\r\n 医院\u00a0 \t", "学校食堂\n医院"),
        ("建成 3 所 ，共 12 间", "建成3所，共12间"),
        ("办好了。 接着办  下一件", "办好了。 接着办 下一件"),
        ("小学 \t 120\t万元", "小学\t120\t万元"),
        ("使用 APP 办理", "使用 APP 办理"),
        ("一\u2028二\x0c三\r四", "一\n二\n三\n四"),
    ],
)
def test_spaces_and_invisible_characters(raw: str, wanted: str) -> None:
    assert clean_text(raw, config=CONFIG) == wanted


SENTENCE = "县里新建小学三所，解决了农村孩子上学难的问题。"


@pytest.mark.parametrize(
    "damaged",
    [
        SENTENCE.encode().decode("latin-1"),
        SENTENCE.encode("gb2312").decode("latin-1"),
        "县里新建小学三所，解决了农村孩子上学难的问题".encode().decode("gb18030") + "。",
    ],
    ids=["utf-8 as latin-1", "gbk as latin-1", "utf-8 as gbk"],
)
def test_wrong_codec_is_undone_and_flagged(damaged: str) -> None:
    text = "前面的话是好的。" + damaged
    assert clean_text(text, config=CONFIG) == "前面的话是好的。" + SENTENCE
    flags = cleaned(text).flags
    assert flags and {flag.reason for flag in flags} == {"repaired"}
    assert all(flag.start >= 8 for flag in flags)


def one_byte_off(text: str) -> str:
    """What a reader makes of GBK text that lost its first byte, as a scraper shows it."""
    return "?" + text.encode("gbk")[1:].decode("gbk")


@pytest.mark.parametrize("text", ["。“學", "，學", "。老百姓說學", "；幹部與學", "。“住房保障學"])
def test_gbk_read_one_byte_off_is_undone(text: str) -> None:
    # 無 and 學 end in an ASCII byte and so put the reader back in step.
    damaged = "縣裡辦了實事" + one_byte_off(text) + "小事，都要管好。"
    result = cleaned(damaged)
    wanted = clean_text("縣裡辦了實事" + text + "小事，都要管好。", config=CONFIG)
    assert result.aligned.text == wanted
    assert [flag.reason for flag in result.flags] == ["repaired"]
    aligned = result.aligned
    assert all(a <= b for a, b in zip(aligned.ends, aligned.starts[1:], strict=False))


@pytest.mark.parametrize("bad", ["\ufffd\ufffd", "□□□", "锟斤拷", "\ue123"])
def test_what_cannot_be_repaired_is_flagged_and_stays(bad: str) -> None:
    text = f"全县{bad}学校"
    result = cleaned(text)
    assert [(f.start, f.end, f.reason) for f in result.flags] == [(2, 2 + len(bad), "mojibake")]
    assert result.aligned.text == text


@pytest.mark.parametrize(
    ("switch", "text"),
    [
        ("simplify", "新建學校，擴建醫院。"),
        ("glosses", "养（yǎng）老服务。"),
        ("punctuation", "新建学校,扩建医院."),
        ("mojibake", SENTENCE.encode().decode("latin-1").replace("\xa0", "").replace("\xad", "")),
        ("boilerplate", "全县新建学校。\n责任编辑：林某"),
    ],
)
def test_each_switch_turns_its_step_off(switch: str, text: str) -> None:
    off = CleanConfig(**{switch: False})
    result = clean(Source("x", text), config=off)
    without_controls = "".join(c for c in text if not "\x7f" <= c <= "\x9f")
    assert result.aligned.text == without_controls
    assert not result.flags
    assert cleaned(text).aligned.text != text


def test_clean_text_drops_no_boilerplate() -> None:
    assert clean_text("全县新建学校。\n责任编辑：林某", config=CONFIG) == "全县新建学校。\n责任编辑：林某"


def test_speed() -> None:
    line = "今年以来，全县坚持把保障和改善民生作为一切工作的出发点和落脚点，新建学校12所，新增学位4600个。"
    text = "\n".join(f"{n}户家庭受益。{line}" for n in range(7000))
    cleaned("预热")
    begin = time.process_time()
    result = cleaned(text)
    seconds = time.process_time() - begin
    assert len(result.aligned.text) == len(text)
    assert len(text.encode()) / seconds > 1e6  # bytes a second; measured: above 4e6


@pytest.mark.skipif(not REPORTS.is_dir(), reason="the two real reports are not beside this checkout")
def test_real_reports_lose_their_debris_and_no_sentence() -> None:
    paths = sorted(REPORTS.glob("*.txt"))
    assert paths
    for path in paths:
        text = path.read_text(encoding="utf-8")
        result = cleaned(text)
        kept = result.aligned.text
        assert not [word for word in ("版权", "免责", "转载", "关键词", "|", "(", "ì") if word in kept]
        gone = "".join(text[d.start : d.end] for d in result.dropped if d.reason != "copyright")
        assert not set(gone) & set("。！？")
        assert kept.count("。") >= text.count("。") - sum(
            text[d.start : d.end].count("。") for d in result.dropped
        )
        assert {flag.reason for flag in result.flags} <= {"repaired"}
