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


DEBRIS = [
    ("首页 > 政务公开 > 工作报告", "navigation"),
    ("当前位置：首页 > 新闻", "navigation"),
    ("发布时间：2021-03-05 09:30　来源：县政府办　浏览次数：12　字号：[大 中 小]", "byline"),
    ("來源：青石縣融媒體中心", "byline"),
    ("（来源：青石日报）", "byline"),
    ("责任编辑：林某", "byline"),
    ("(视频编辑：林某 文字编辑：余某)", "byline"),
    ("分享到：微信 微博 QQ空间", "share"),
    ("扫一扫在手机打开当前页", "share"),
    ("【打印】【关闭】", "navigation"),
    ("【打印本页】 【关闭窗口】", "navigation"),
    ("上一篇：全县教育大会召开", "navigation"),
    ("下一篇：没有了", "navigation"),
    ("关键词：教育 医疗 养老", "keywords"),
    ("標籤：民生；報告", "keywords"),
    ("下载文档到电脑，查找使用更方便", "download"),
    ("5积分 立即下载", "download"),
    ("还剩3页未读，继续阅读", "download"),
    ("展开阅读全文", "download"),
    ("某ICP备12345678号-1", "footer"),
    ("版权所有：青石县人民政府", "footer"),
    ("Copyright © 2020 青石新闻网", "footer"),
    ("免责声明：本文转载自网络，版权归原作者所有，如有侵权请联系本站删除。", "copyright"),
    ("第 3 页", "page_number"),
    ("第 3 页 共 12 页", "page_number"),
    ("— 12 —", "page_number"),
    ("＊＊＊＊＊＊", "ornament"),
]
BEFORE, AFTER = "全县新建小学三所，新增学位九百个。", "县医院迁建工程开工。"


@pytest.mark.parametrize(("line", "reason"), DEBRIS, ids=[line for line, _ in DEBRIS])
def test_lines_of_debris_are_dropped_with_their_reason(line: str, reason: str) -> None:
    text = f"{BEFORE}\n{line}\n{AFTER}"
    result = cleaned(text)
    assert result.aligned.text.split("\n") == [BEFORE, AFTER]
    found = [(text[d.start : d.end].strip(), d.reason) for d in result.dropped if d.reason != "space"]
    assert found == [(line, reason)]


TAILS = [
    "责任编辑：林某",
    "关键词：教育 医疗 |",
    "|",
    "分享到： 微信 微博 相关新闻 某镇改造危房 某县扩建医院",
    "（来源：青石日报） 责任编辑：林某 【打印】【关闭】",
    "本文来源于网络，版权归原作者所有。如有侵权，请联系本站删除。",
    "相关阅读： 某镇改造危房 某县扩建医院",
    "上一篇：某镇改造危房 下一篇：某县扩建医院",
    "展开阅读全文",
    "某县人民政府 版权所有：青石县 京ICP备1234号",
]


@pytest.mark.parametrize("tail", TAILS[:-1])
@pytest.mark.parametrize("space", ["", " "])
def test_debris_that_trails_in_a_block_is_dropped(tail: str, space: str) -> None:
    assert lines(BEFORE + AFTER + space + tail) == [BEFORE + AFTER]


@pytest.mark.parametrize(
    "lead",
    [
        "来源：青石新闻网 发布时间：2020-01-01 浏览次数：33次 ",
        "首页 > 新闻中心 > 正文 ",
        "发布日期：2020年1月1日 字号：[大 中 小] ",
    ],
)
def test_debris_before_the_text_of_a_block_is_dropped(lead: str) -> None:
    assert lines(lead + BEFORE) == [BEFORE]


SENTENCES = [
    "来源：县财政拨款500万元，用于学校食堂改造。",
    "资金来源：省级补助、县级配套和社会捐赠",
    "来源：社会捐赠",
    "依法保护版权所有者的权益，查处侵权案件12起，下架侵权作品300件。",
    "编辑出版《县志》三卷，发放到各中小学。",
    "把就业信息分享到每个村的微信群，群众点击下载即可查看。",
    "阅读推广活动走进乡村学校，建成“农家书屋”120个。",
    "阅读：提升学生阅读能力",
    "浏览县政府网站的群众比上年增加三成。",
    "关键词是“稳”，全年信访总量下降一成。",
    "首页公开低保名单，接受群众监督。",
    "打印社保凭证不再收费。",
    "上一条措施落实后，拆迁矛盾明显减少。",
    "时间：2021年3月起实行新的医保报销比例。",
    "联系我们的第一站是敬老院。",
    "记者：您怎么看待学区划分？",
    "相关部门负责人表示，将加快安置房建设。",
    "您的位置在救助站，工作人员将尽快赶到。",
    "（二）推行医保付费后结算",
    "3.完成120家网站ICP备案整改",
    "图为志愿者在敬老院打扫卫生。",
    "群众可以点击下载“掌上办”客户端，在线办理养老认证。",
    "详见本报告第3页的说明。",
    "本网站开通了意见征集栏目，欢迎群众参与。",
    "依法打击网络侵权，保护著作权，查处转载、摘编他人作品的案件。",
]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_sentences_with_the_words_of_debris_stay(sentence: str) -> None:
    assert lines(f"{BEFORE}\n{sentence}\n{AFTER}") == [BEFORE, sentence, AFTER]
    assert lines(f"{BEFORE}{sentence}{AFTER}") == [f"{BEFORE}{sentence}{AFTER}"]


def test_a_notice_takes_its_items_and_a_link_list_its_links() -> None:
    notice = "某某网版权与免责声明：\n①凡本网注明来源的作品，未经授权不得转载。\n②转载的稿件不代表本网观点。"
    links = "最新文档\n某县召开教育大会\n某镇改造危房"
    assert lines(f"{BEFORE}\n{notice}\n{AFTER}\n{links}") == [BEFORE, AFTER]
    assert lines(f"{BEFORE}\n{links}\n二、下一步\n{AFTER}") == [BEFORE, "二、下一步", AFTER]


def test_running_heads_and_page_numbers_do_not_cut_a_sentence() -> None:
    head, half, rest = "青石县民生报告", "全县干部群众一起努力，改造乡村学校食堂十", "二个，惠及学生三千人。"
    pages = [f"{name}{half}\n- {n} -\n{head}\n{rest}" for n, name in enumerate(("东乡", "西乡", "北乡"))]
    assert lines("\n".join([head, *pages])) == [head, *(f"{n}乡{half}{rest}" for n in "东西北")]


def test_bare_page_numbers_are_dropped_only_where_they_count_up() -> None:
    body = "全县干部群众一起努力。\n医院也建好了。\n学校也建好了。\n"
    assert lines(f"{body}1\n{body}2\n{body}3") == (body * 3).strip().split("\n")
    assert lines(f"{body}17\n{body}5\n{body}9").count("17") == 1


def test_a_line_that_repeats_inside_a_report_is_no_page_header() -> None:
    text = "".join(f"{name}工作\n存在问题\n{BEFORE}\n" for name in ("教育", "医疗", "养老"))
    assert lines(text).count("存在问题") == 3
    notices = "".join(
        f"青石县公告\n第{n}号\n{BEFORE}\n县人民代表大会\n2020年1月8日于青石\n" for n in "一二三四"
    )
    assert lines(notices).count("青石县公告") == lines(notices).count("2020年1月8日于青石") == 4


def test_a_table_of_contents_is_dropped() -> None:
    text = f"目 录\n一、教育……………1\n二、卫生.........12\n一、教育\n{BEFORE}"
    assert lines(text) == ["一、教育", BEFORE]


WRAPPED = (
    "　　今年以来，全县坚持把保障和改善民生作为一切工作的出发\n"
    "点和落脚点，新建改扩建义务教育学校12所，新增学位4600个，\n"
    "城区大班额比例由上年的百分之十八下降到百分之六。\n"
    "　　基层医疗卫生机构标准化建设全面完成，村卫生室医保直接结\n"
    "算实现全覆盖，家庭医生签约服务重点人群签约率达到八成，县域\n"
    "内就诊率提高到九成。\n"
    "　　农村低保标准提高到每人每年6200元，特困供养人员生活费足\n"
    "额发放。\n"
)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_hard_wrapped_lines_are_joined(end: str) -> None:
    found = lines(WRAPPED.replace("\n", end))
    assert len(found) == 3
    assert "出发点和落脚点" in found[0] and "直接结算实现" in found[1] and "足额发放。" in found[2]


@pytest.mark.parametrize("end", ["", "。"])
def test_lines_that_are_paragraphs_are_not_joined(end: str) -> None:
    rest = "项民生实事办理完毕，群众反映良好，下一步继续做好后续管护工作，不留尾巴"
    text = "\n".join(f"全县第{number}{rest}{end}" for number in "一二三四五六七八")
    assert len(lines(text)) == 8


def test_markdown_marks_are_dropped() -> None:
    text = (
        "# 报告\n\n- **新建**学校，见[名单](http://a.example/b)。\n> 引用的话。\n\n"
        "| 项目 | 金额 |\n| --- | ---: |\n| 学校 | 1,200 |\n```\n代码。\n```\n"
    )
    result = cleaned(text, markup="markdown")
    assert result.aligned.text.split("\n") == [
        "报告", "新建学校，见名单。", "引用的话。", "项目\t金额", "学校\t1,200", "代码。",
    ]  # fmt: skip
    assert {d.reason for d in result.dropped} == {"markup", "space"}
    assert "**" in cleaned(text).aligned.text


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
