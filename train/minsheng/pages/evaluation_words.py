"""All words of the evaluation and comparison pages, Chinese and English side by side: those of the first screen,
and the rest from the files beside this one."""

from __future__ import annotations

from minsheng.pages.evaluation_words_comparison import ABOUT, COMPARISON
from minsheng.pages.evaluation_words_detail import DETAIL
from minsheng.pages.language import Language
from minsheng.pages.markup import Child, Html, filled, joined

_EN = {"zh": 0, "en": 1}

SUMMARY: dict[str, tuple[str, str]] = {
    "title": ("模型评估", "Evaluation"),
    "eyebrow": ("模型评估 · {model}", "Evaluation · {model}"),
    "usable": ("可直接使用", "Use as it is"),
    "review": ("建议复核", "Have it reviewed"),
    "few": ("样本太少", "Too few examples"),
    "head_usable": ("{n} 个领域可直接使用", "{n} domains can be used as they are"),
    "head_usable_one": ("1 个领域可直接使用", "1 domain can be used as it is"),
    "head_review": ("{n} 个建议复核", "{n} should be reviewed"),
    "head_review_one": ("1 个建议复核", "1 should be reviewed"),
    "head_few": ("{n} 个样本太少", "{n} have too few examples"),
    "head_few_one": ("1 个样本太少", "1 has too few examples"),
    "head_all_few": ("样本太少，尚不能下结论", "Too few examples for a conclusion"),
    "few_text": (
        "每个领域要有 {positives} 段真正谈它的才下结论；{domain}最少，只有 {support} 段。照这批段落的比例，再随机抽取"
        "约 {more} 段标注就够：可以在 minsheng tag 的网页里核对并下载，再与这次的文件一起评估。",
        "A verdict takes {positives} true paragraphs; {domain} has {support}. About {more} more paragraphs, drawn at "
        "random and labelled (on the page of minsheng tag), would do: evaluate both files.",
    ),
    "few_none": (
        "每个领域要有 {positives} 段真正谈它的才下结论，而这里没有一段谈{domain}：请补充谈到它的段落，再评估一次。",
        "A verdict takes {positives} true paragraphs, and none here speaks of {domain}: add some that do, "
        "and evaluate again.",
    ),
    "few_met": (
        "就现有的段落看，{names}的两个下限已达到规则的要求。",
        "By their lower bounds these would be usable: {names}.",
    ),
    "few_met_none": (
        "就现有的段落看，还没有一个领域的两个下限都达到规则的要求。",
        "By the lower bounds no domain would be usable yet.",
    ),
    "few_until": ("在此之前请人复核，下面的数字可作参考。", "Until then, have labels reviewed."),
    "few_detail": ("{support} 段，需 {positives} 段", "{support} of {positives} true paragraphs"),
    "separator": ("，", ", "),
    "lede": (
        "用 {examples} 段人工标注的文字检验；其中 {none} 段不属于任何领域。",
        "Tested on {examples} paragraphs that people labelled; {none} of them belong to no domain.",
    ),
    "lede_groups": (
        "用 {groups} 组来源中 {examples} 段人工标注的文字检验；其中 {none} 段不属于任何领域。",
        "Tested on {examples} paragraphs from {groups} groups of documents that people labelled; {none} of them "
        "belong to no domain.",
    ),
    "by_domain": ("每个领域能不能用", "Can each domain be used?"),
    "found": ("每 100 段真正谈{domain}的，找到 {n} 段", "Of 100 that speak of it, {n} are found"),
    "found_none": ("没有一段真正谈{domain}", "No paragraph here speaks of it"),
    "wrong": ("每 100 段标为{domain}的，错 {n} 段", "Of 100 tagged with it, {n} are wrong"),
    "wrong_none": ("没有一段被标为{domain}", "No paragraph was tagged with it"),
    "found_detail": ("{part} / {whole} 段；至少 {low}", "{part} of {whole}; at least {low}"),
    "wrong_detail": ("{part} / {whole} 段；正确率至少 {low}", "{part} of {whole}; right at least {low}"),
    "rule": (
        "判定规则：查准率不低于 {precision}、查全率不低于 {recall}（均取 {level} 置信区间的下限，并取自助法与精确二项"
        "区间中较低者），且人工标注的正例不少于 {positives} 段，为“可直接使用”；正例不足 {positives} 段为“样本太少”；"
        "其余“建议复核”。色条表示所占份额，细线是置信区间，竖线是规则要求的界限。",
        "The rule: use as it is where the lower {level} bounds of precision and recall (the lower of the bootstrap "
        "and the exact binomial interval) reach {precision} and {recall} on at least {positives} true paragraphs; "
        "too few below {positives}; else have it reviewed. Bars show the share, thin lines its interval, upright "
        "lines what the rule asks.",
    ),
    "automatic": ("多少可以自动接受", "How much needs no review?"),
    "automatic_main": (
        "{accepted} 段自动接受，{rest} 段由人复核",
        "{accepted} accepted, {rest} to review",
    ),
    "automatic_right": (
        "自动接受的段落里，标签全对的占 {right}（{interval}）；要求是 {target}。",
        "Of those accepted, {right} have exactly the right labels ({interval}); {target} was asked for.",
    ),
    "automatic_right_bare": (
        "自动接受的段落里，标签全对的占 {right}（{interval}）。",
        "Of those accepted, {right} have exactly the right labels ({interval}).",
    ),
    "automatic_below": ("未达到要求。", "Below what was asked for."),
    "automatic_none": (
        "校准数据不足以证明任何一部分达到 {target} 的正确率，因此全部交人复核。",
        "The calibration data could not show {target} precision for any part, so all of it goes to review.",
    ),
    "automatic_none_bare": ("没有一段可以自动接受。", "Nothing can be accepted automatically."),
    "automatic_share": ("占全部段落的 {share}。", "That is {share} of all paragraphs."),
    "automatic_unknown": ("这个模型没有自动接受的规则。", "This model has no rule for accepting."),
    "payoff": ("模型值不值得用", "Is the model worth its cost?"),
    "worth": ("值得", "Yes"),
    "open": ("尚不能断定", "Not shown yet"),
    "not_worth": ("不值得", "No"),
    "worth_text": (
        "宏平均 F1 比关键词规则和统计方法都高出至少 {margin}（按置信下限）。",
        "Its macro-F1 is ahead of every cheap method by {margin} at least, by the lower bound.",
    ),
    "open_text": (
        "与{against}相比，领先可能不到 {margin}（按置信区间）。",
        "Its lead over {against} may be less than {margin}, by the interval.",
    ),
    "not_worth_text": (
        "与{against}相比，领先不到 {margin}，甚至更差（按置信上限）。",
        "It is less than {margin} ahead of {against}, or behind it, by the upper bound.",
    ),
    "payoff_none": ("没有可比的便宜方法。", "There is no cheap method to compare with."),
    "system": ("方法", "System"),
    "model": ("本模型", "This model"),
    "keyword rule": ("关键词规则", "keyword rules"),
    "TF-IDF + logistic regression": ("TF-IDF＋逻辑回归", "TF-IDF + logistic regression"),
    "of_hundred_exact": ("标签全对", "All labels right"),
    "seconds": ("标 1000 段用时（秒）", "Seconds for 1,000 paragraphs"),
    "size": ("大小", "Size"),
    "ahead": ("模型领先", "Model ahead by"),
}

WORDS = {**SUMMARY, **DETAIL, **COMPARISON, **ABOUT}


class Words:
    """The words of one language: `words("rule", level=…)` gives markup with everything escaped."""

    def __init__(self, lang: Language, words: dict[str, tuple[str, str]] = WORDS) -> None:
        self.lang: Language = lang
        self._words, self._place = words, _EN[lang]

    def __call__(self, key: str, /, **values: Child) -> Html:
        """Raises KeyError for a key or a placeholder that does not exist."""
        return filled(self._words[key][self._place], **values)

    def plain(self, key: str, /, **values: object) -> str:
        """The same as plain text, for attributes and titles."""
        return self._words[key][self._place].format(**values)

    def known(self, key: str) -> Html:
        """The word for a name that comes from data, or the name itself, escaped."""
        return self(key) if key in self else joined(key)

    def __contains__(self, key: str) -> bool:
        return key in self._words
