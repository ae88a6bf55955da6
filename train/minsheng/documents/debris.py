r"""The words of what a web page puts around a text, as patterns for `boilerplate`.

They are written for the half-width, Simplified form of a line. A space in `any_of` separates alternatives.
White space is matched possessively (`\s*+`): a hundred thousand blanks between two words cost one pass.
"""

from __future__ import annotations

import re


def any_of(words: str) -> str:
    """A group that matches any of the patterns in a text, which white space separates."""
    return "(?:" + "|".join(words.split()) + ")"


def words(text: str) -> tuple[str, ...]:
    """The words of a text, which white space separates."""
    return tuple(text.split())


# A line that holds none of these is not looked at.
SIGNS = words(
    r"""编辑 责编 来源 稿源 浏览 阅读 点击 访问 人气 字号 字体 视力 发布 更新时间 发稿 发表 录入 转载 声明
    版权 免责 著作权 本网 本站 本文 ICP 公安 网站 Copyright copyright COPYRIGHT © All 相关 推荐 最新
    热门 猜你 感兴趣 大家都在 排行 友情 联系我们 关于我们 延伸 往期 下载 付费 VIP 全文 展开 更多 剩余
    未读 关键词 关键字 标签 Tag tag 分享 扫一扫 扫码 微信 收藏 打印 关闭 返回 上一 下一 首页 位置 纠错
    评论 页 | ｜"""
)

DATE = r"(?:(?:19|20)\d\d\s?[-/年.]\s?\d{1,2}(?:\s?[-/月.]\s?\d{1,2}\s?日?)?|\d{1,2}:\d\d(?::\d\d)?)"

# Fields around a text, such as 来源:…; the weak ones only count beside others.
KEY = any_of(
    r"""(?:责任|网站|视频|文字|图片|值班|本期|网络|执行|页面|实习)?编辑 责编 编校
    (?:浏览|阅读|点击|访问)(?:次数|量|数|率) (?:文字|字体)大小 字号 字体 视力保护色 背景色
    (?:发布|发表|发稿|更新|录入|上传)(?:时间|日期) 发布(?:者|人|单位|机构) 录入(?:者|人)
    (?:信息|稿件|文章|新闻|内容|资料|图片)?来源 稿源 转载自
    (?:浏览|点击|阅读|人气|大小)(?=\s*+:?\s*+\[?[\d大])"""
)
WEAK_KEY = any_of(
    r"""作者 记者 本报记者 通讯员 特约记者 时间 日期 摄影 撰稿 撰文 校对 审核 审签 [初复终一二三]审 监制
    主编 供稿(?:单位)? 打印 分享 收藏"""
)
FIELD = re.compile(rf"(?<![^\s|(\[。!?>)\]\"”])(?:({KEY})|{WEAK_KEY})(?=\s*+:)|(?<=[\s|])({KEY})(?=\s*+:)")
VALUE = re.compile(r"\s*+:[^。;!?:]{0,30}")
# What a bare 来源:… names if it is the origin of the page and not of, say, money.
PUBLISHER = re.compile(
    r"\s*+:.*"
    + any_of("[网报社台府局办委厅部室院站处会刊讯版号络》A-Za-z] 中心 客户端 新闻 频道 杂志")
    + r"[\s\])]*"
)
LEADING_FIELD = re.compile(
    rf"[\[(]?(?:({KEY})\s*:\s*|{WEAK_KEY}\s*:\s*)"
    rf"(?:{DATE}(?:\s+{DATE})?|\[[^\]]{{0,12}}\]|[^\s。;!?,:]{{0,20}})[\])]?\s+"
    rf"|{DATE}\s+|\[[大中小\s]+\]\s*+"
)

# Things to press.
_BUTTON_WORDS = r"""
    分享到? 一键分享 转发 微信 微博 新浪微博 腾讯微博 QQ空间 QQ好友 QQ 朋友圈 人人网 豆瓣 百度贴吧
    贴吧 开心网 复制链接 扫一扫(?:,?[在用]?手机(?:打开|看|访问)[^。,]{0,8})? 手机(?:看|阅读|版)
    用?微信扫(?:一扫|码) 加入收藏 收藏 设为首页 打印(?:本页|此页|本文|文章|页面)?
    关闭(?:窗口|本页|页面)? 返回(?:顶部|首页|列表|上一?页|上级|目录)? 上一页 下一页 首页 尾页 末页
    回到顶部 我要(?:纠错|评论|打印|分享) 纠错 发表评论 查看评论 网友评论 评论 网站地图 联系我们
    关于我们 友情链接 使用帮助 隐私(?:声明|政策|保护) 网站声明 法律声明 版权声明 免责声明 大 中 小
    更多 繁体 简体 无障碍(?:浏览|阅读)? 放大 缩小 默认 点赞 赞 举报 投稿 RSS English"""
BUTTON = any_of(_BUTTON_WORDS)
WEAK_BUTTON = re.compile(
    any_of("大 中 小 更多 微信 QQ 评论 收藏 分享 转发 首页 赞 投稿 默认 打印 关闭 返回 点赞 举报 English")
)
SHARE = re.compile(any_of("分享 微信 微博 扫一扫 朋友圈"))
_SEPARATOR = r"[\s|/>»·.,:;()\[\]<>«\d+~*-]"
# Atomic groups: a line that is no bar after all must not be tried in every way.
BUTTONS = re.compile(rf"{_SEPARATOR}*+(?:(?>{BUTTON}){_SEPARATOR}*+)++(?:[到至]{_SEPARATOR}*+)?")
BAR = re.compile(rf"(?>{DATE}|{_SEPARATOR}|{BUTTON})*+")

# Where one is on the site and where one can go.
_WHERE = any_of("当前 您(?:的|现在的|所在的?)? 你(?:的|现在的)? 现在的? 所在") + "位置"
CRUMBS = re.compile(
    rf"(?:{_WHERE}\s*+:?(?=[^。]*(?:[>»›]|首页))|(?:网站)?首页\s*+[>»›]|主页\s*+[>»›])[^。;!?]{{0,80}}"
)
LEADING_CRUMBS = re.compile(
    rf"(?:{_WHERE}\s*+:?\s*+)?(?:网站)?(?:首页|主页)(?:\s*+[>»›]\s*+[^\s>»›。,]{{1,16}})+\s+"
)
TURNING = re.compile(r"\[?(?:上|下)一(?:篇|条|则)\]?(?:\s*+[:>\]]|\s+|$)[^。;]{0,120}")
_LINKS = any_of(
    r"""相关(?:阅读|新闻|链接|文章|报道|推荐|文档|资料|搜索|内容|信息|专题|稿件|下载|附件) 延伸阅读
    推荐(?:阅读|新闻|文章|文档)
    (?:热门|热点|精彩|今日|编辑|本站|站长|为您|小编|图文|头条)(?:推荐|文章|文档|新闻|资讯|搜索|排行|标签|关注)
    最新(?:文档|文章|资讯|新闻|更新|发布|推荐|动态|评论) 猜[你您]喜欢 [你您]可能(?:还|也)?喜欢
    [您你]可能(?:还|也)?(?:会)?(?:对[^。]{0,8})?感兴趣(?:的[^。]{0,6})? 大家都在(?:看|搜) 图片新闻
    往期(?:回顾|推荐) (?:新闻|点击|阅读|文章|热点|一周)排行榜? 友情链接 24小时(?:热文|热点|排行)"""
)
LINKS_LINE = re.compile(rf"[\[<*■●◆▶·\s]*{_LINKS}[\]>\s]*(?:[:>»…|\s]|更多|\(\d+\)|MORE|more)*")
LINKS_TAIL = re.compile(rf"[\[<■●◆▶]?{_LINKS}(?:\s*+[:\]>|…]|\s)[^。]*")

# Prompts to read on or to pay.
DOWNLOAD = re.compile(
    r"[^㐀-鿿]{0,6}(?:积分)?\s*+(?:如需|若要|请|您可以?|需要)?"
    + any_of(
        r"""(?:点击|立即|免费|马上|高速|付费|本地|积分)?下载(?:本文|文档|全文|原文|地址|链接|次数|积分|[Ww]ord|WORD|pdf|PDF|doc)
    (?:文档|全文|附件|本文|付费|免费|立即|点击|高速|本地|积分)下载 资料下载$
    (?:开通|加入|升级|成为)VIP VIP(?:会员|免费|专享) 付费(?:阅读|文档) 试读(?:已)?结束
    (?:还剩|剩余)\s*+\d+\s*+页 本?文档共\s*+\d+\s*+页"""
    )
    + r"[^。;]{0,40}[!。]?"
)
MORE = re.compile(
    r"[\[(.…\s]*"
    + any_of(
        r"""点击(?:此处)?(?:查看|阅读|展开|显示)(?:全文|更多|原文|详情|剩余\S{0,6}) 展开(?:阅读)?全文
    (?:阅读|查看|显示)(?:全文|原文|更多) 继续阅读 展开剩余\s*+\d*%? 收起全文 加载更多
    未完,?\s*+(?:点击)?(?:下一页)?继续阅读"""
    )
    + r"[\])>».…\s]*"
)
MORE_ANYWHERE = re.compile(r"(?<!\s)\s*+(?:展开阅读全文|点击展开全文|展开剩余\s*+\d+%)\s*+[>»∨﹀↓]*")
PAGES_ANYWHERE = re.compile(
    r"(?<!\s)\s*+[-—–(\[]{0,2}\s*+第\s*+\d{1,4}\s*+页\s*+[,/|]?\s*+[(]?\s*+共\s*+\d{1,4}\s*+页\s*+[-—–)\]]{0,2}\s*+"
)
KEYWORDS = re.compile(
    r"[\[(]?(?:关\s?键\s?[词字]|标\s?签|(?i:tags?|key\s?words?))\s*+[\])]?\s*+:[^。!?]{0,150}"
)

# The foot of a page.
FOOTER = re.compile(
    r".*"
    + any_of(
        r"""ICP[备证](?:字第)?\s*+\d 公网安备\s*+\d 公安备案号?\s*+:?\s*+\d 网站标识码\s*+:?\s*+[A-Za-z]*\d
        All\s[Rr]ights?\s[Rr]eserved 版权所有(?:\s*+[:©(]|\s|$) [Cc]opyright COPYRIGHT ©\s*+(?:19|20)\d\d"""
    )
    + ".*"
)
FOOTER_PART = re.compile(
    any_of(
        r"""主办 承办 协办 主管 技术支持 制作 运维 运行维护 维护 地址 联系地址 单位地址 电话 联系电话 热线
    传真 邮编 邮政编码 邮箱 E-?mail 建议使用 推荐使用 您是第 总访问量 备案"""
    )
    + ".{0,80}"
)

# Legal notices: they speak of the site itself and of these things.
SELF = re.compile(
    r"本(?:网(?![格络点])|站|平台|公众号|文(?!件)|稿|刊|报网|作品)|[我该]网(?!络)|[我该]站|凡注明"
)
LEGAL = words(
    r"""转载 版权 著作权 侵权 免责 稿件 出处 删除 法律责任 观点 立场 真实性 授权 摘编 镜像 注明 原作者
    来源 及时处理 与本网联系 传递更多"""
)
NOTICE_TITLE = re.compile(
    r"[\[<■●◆\s]*.{0,24}?(?:版权|免责|转载|著作权)[^。,;]{0,10}(?:声明|须知|告知)[\]>]?\s*+:?"
)
NOTICE_LEAD = re.compile(
    r"[\[(*]?(?:(?:[^。,]{0,8}(?:版权|免责|郑重|特别|转载|著作权)[^。,]{0,6})?声明[\])]?\s*+:"
    r"|凡(?:本网|本站|注明|来源)|本网站?(?:注明|转载)|注:|本文|本稿|以上(?:内容|图文)|[如若]有侵权"
    r"|文章(?:来源|转载))"
)
ITEM = re.compile(r"[①-⑳]|[(]?[\d一二三四五六七八九十]{1,2}[)、.]")
NUMBERED = re.compile(r"[(\[]?(?:[一二三四五六七八九十]{1,3}[、.)]|第[一二三四五六七八九十\d]+[章节条部])")

# Where debris at the end of a block can begin: at a boundary, with the first character of one of the above.
TAIL_START = re.compile(
    r"(?:(?<=[\s。!?;:\"”』」)\]|>…])|^)(?=[\[(<■●◆▶©]?[关标责编来稿信文发浏阅点访人字相推热最猜你您大延往"
    r"友分扫微上下打返版免声凡注本展继查立付转精图今更设加收记作以如若视网值实页执TtCcI主©京津沪渝冀晋"
    r"辽吉黑苏浙皖闽赣鲁豫鄂湘粤桂琼川贵云藏陕甘青宁新蒙港])"
)
