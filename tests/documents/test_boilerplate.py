from __future__ import annotations

import pytest

from minsheng.config.schema import CleanConfig
from minsheng.documents.clean import clean
from minsheng.documents.values import Cleaned, Source

BEFORE, AFTER = "全县新建小学三所，新增学位九百个。", "县医院迁建工程开工。"


def cleaned(text: str, *, markup: str = "text") -> Cleaned:
    return clean(Source("x", text, markup=markup), config=CleanConfig())


def lines(text: str) -> list[str]:
    return cleaned(text).aligned.text.split("\n")


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
]


@pytest.mark.parametrize("tail", TAILS)
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
