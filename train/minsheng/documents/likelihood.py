"""A rough model of Chinese prose, character by character: which decoding of some bytes reads like text."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Mapping

# The most frequent characters of modern prose and of government reports, most frequent first.
_SIMPLIFIED = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所"
    "然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心本前开但因只从想实日者意无力它与长把"
    "机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应向头文体政美相见被利什二等产或新己制身果"
    "加西月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活更"
    "别打女变四总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指许统区保至队形社便空决治展马科"
    "司五基眼书非则听白却界达光放强即像难且权思象完设式色路记南品住告类求据程北边张该交规万取格望觉术领共确传师观"
    "清今切院让识带导争运落推百千亿元增收村县镇乡农企项投环境障服医疗养育房稳综革创护施升改善监督检查持续优质绿城"
    "贫困群众党委组织干责深坚约支补助免费标准集街居户险贷款税财预算额亩吨米桥库灌溉粮食植畜牧林旅游馆图剧演广播网"
    "络字智慧息技研究验室专奖励培训岗失伤亡故消防药隐患排矛盾纠纷调访案犯罪诈骗毒警巡逻校幼园班级课堂考试招毕职床"
    "诊病疫苗价慢妇残疾孤龄低救济抚恤供退休廉租棚危旧翻修梯套购售积汽车站铁航港热暖燃污染尘河湖垃圾厕森草节减碳昨"
    "初底季末首每余近超占率逐步较均措局效足差距仍存短板薄弱希议办答复采负省单联附注页号章六七八九"
)
# The Traditional forms of those that have one, in the same order, both forms where two are in use.
_TRADITIONAL = (
    "這個們來為爲國說説時會對於著過發後裏裡種經麼學現當沒動還進樣開從實無與長機關點業將兩間問並應頭體見產話內給門"
    "兒東聲員論處義幾認條氣題別變總電數報結務場計資許統區隊決馬書則聽卻達強難權設記類據邊張該規萬覺術領確傳師觀讓"
    "識帶導爭運億縣鎮鄉農項環醫療養穩綜創護監檢續優質綠貧羣眾衆黨組織幹責堅約補費標準戶險貸稅財預額畝噸橋庫糧遊館"
    "圖劇廣網絡驗專獎勵訓崗傷藥隱糾紛調訪詐騙邏園級課試畢職牀診價婦殘齡濟撫舊購積車鐵熱汙塵廁節減餘佔較議辦復採負"
    "單聯頁號臺灣僅臨個盡務歲連續優療"
)
_MARKS = "，。、；：“”（）《》？！—…　·％「」『』〔〕①②③④⑤０１２３４５６７８９"

# Natural logarithms of the probability of one character, by kind. The frequent characters share 0.75 by
# Zipf's law; the others share the rest within their kind. Only the order of magnitude matters.
_MARK = math.log(0.1 / 20)
_ASCII = math.log(0.05 / 40)
_COMMON = math.log(0.08 / 6000)  # first level of GB 2312 or Big5, where the usual characters stand
_SYMBOL = math.log(0.004 / 1000)  # other letters, symbols, kana
_RARE = math.log(0.004 / 15000)
_WRONG = math.log(1e-9)  # private use, control characters, lone surrogates, unassigned
_ERROR = math.log(1e-12)  # bytes that the codec does not know


def ranks() -> dict[str, float]:
    """The log-probability of each frequent character and mark."""

    def zipf(chars: str, share: float) -> Iterable[tuple[str, float]]:
        weights = [1.0 / (rank + 20.0) for rank in range(len(chars))]
        scale = share / sum(weights)
        return ((char, math.log(weight * scale)) for char, weight in zip(chars, weights, strict=True))

    return dict(zipf(_TRADITIONAL, 0.25)) | dict(zipf(_SIMPLIFIED, 0.5)) | dict.fromkeys(_MARKS, _MARK)


def log_probability(char: str, known: Mapping[str, float]) -> float:
    """The log-probability of any character; `known` is what `ranks` gives. U+FFFD stands for an error."""
    value = known.get(char)
    if value is not None:
        return value
    if char == "\ufffd":
        return _ERROR
    if char < "\x80":
        return _ASCII if char >= " " or char in "\t\n\r\f" else _WRONG
    if unicodedata.category(char) in ("Co", "Cn", "Cs", "Cc"):
        return _WRONG
    if "\u4e00" <= char <= "\u9fff":
        return _COMMON if _first_level(char) else _RARE
    # Hangul, and ideographs outside the first block, never stand in these reports.
    return (
        _RARE if "\u3400" <= char < "\u4e00" or "\uac00" <= char <= "\ud7a3" or char > "\uffff" else _SYMBOL
    )


def _first_level(char: str) -> bool:
    simplified = char.encode("gb2312", "ignore")
    if simplified and simplified[0] < 0xD8:
        return True
    traditional = char.encode("big5", "ignore")
    return bool(traditional) and traditional[0] < 0xC7
