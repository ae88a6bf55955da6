"""Words of the detail of the evaluation page, Chinese and English side by side."""

from __future__ import annotations

DETAIL: dict[str, tuple[str, str]] = {
    "contents": ("详细结果", "The detail"),
    "domains": ("各领域指标", "Every domain"),
    "domain": ("领域", "Domain"),
    "positives": ("正例", "True"),
    "precision": ("查准率", "Precision"),
    "recall": ("查全率", "Recall"),
    "average_precision": ("平均精度", "Average precision"),
    "threshold": ("阈值", "Threshold"),
    "highest": ("取最高", "highest"),
    "false_alarms_short": ("错标", "Wrong"),
    "misses_short": ("漏标", "Missed"),
    "macro": ("宏平均", "Macro"),
    "micro": ("微平均", "Micro"),
    "macro_f1": ("宏平均 F1", "Macro-F1"),
    "micro_f1": ("微平均 F1", "Micro-F1"),
    "exact": ("整段标签全对", "All labels right"),
    "overall_line": (
        "整段标签全对：{exact}（{exact_interval}）。单个判断出错（汉明损失）：{hamming}（{hamming_interval}）。",
        "All labels right: {exact} ({exact_interval}). Wrong cells (Hamming loss): {hamming} ({hamming_interval}).",
    ),
    "baselines": ("与基线比较", "Beside the baselines"),
    "curves": ("查准率与查全率", "Precision and recall"),
    "curves_text": (
        "曲线是阈值从高到低时的查全率（横轴）与查准率（纵轴）；圆点是实际采用的阈值，虚线是随意猜测的水平。",
        "Each curve runs from high to low thresholds: recall across, precision up. The dot is the threshold in use, "
        "the dashed line what guessing gives.",
    ),
    "curve_caption": ("平均精度 {ap} · 阈值 {threshold}", "AP {ap} · threshold {threshold}"),
    "curve_label": (
        "{domain}的查准率—查全率曲线：平均精度 {ap}，采用点查准率 {precision}、查全率 {recall}",
        "Precision-recall curve of {domain}: average precision {ap}, in use precision {precision}, recall {recall}",
    ),
    "no_positives": ("没有正例", "No true paragraph"),
    "confusion": ("哪些领域被混淆", "Which domains are confused"),
    "confusion_text": (
        "每行是真实属于该领域的段落，每格是其中本不属于列中领域、却被标上该领域的段数；括号内是仍同时标对本行领域的"
        "段数（连带误标），其余是张冠李戴。对角线是标对的段数 / 正例数。一段有几个领域，就在几行里各算一次。",
        "A row holds the paragraphs that truly have its domain; a cell counts those that do not have the column's "
        "domain and were tagged with it all the same. In brackets: those tagged with the row's domain as well; the "
        "others were taken for the column's. On the diagonal: found of true. A paragraph of several domains counts in "
        "each of their rows.",
    ),
    "truth": ("真实", "Truth"),
    "tagged_as": ("被标为", "tagged as"),
    "no_domain": ("无领域", "No domain"),
    "nothing": ("什么也没标", "Nothing given"),
    "cell": (
        "{paragraphs} 段{true}中，{wrong} 段误标为{given}",
        "Of {paragraphs} paragraphs ({true}), {wrong} wrongly tagged {given}",
    ),
    "together": ("同段出现的领域", "Domains in one paragraph"),
    "both_true": ("实有", "In truth"),
    "both_given": ("标出", "Tagged"),
    "both_right": ("两个都标对", "Both right"),
    "reliability": ("分数可不可信", "Can the scores be read as probabilities?"),
    "reliability_text": (
        "横轴是模型给出的分数，纵轴是其中真正属于该领域的比例；落在对角线上，分数就等于概率。实心为校准后，空心灰点为"
        "校准前；每点所含段数相近。",
        "Score across, share that truly has the domain up; on the diagonal a score is a probability. Filled: after "
        "calibration, hollow grey: before. Each dot holds about as many paragraphs.",
    ),
    "error_caption": ("校准误差 {after}（校准前 {before}）", "Error {after} (before {before})"),
    "reliability_label": (
        "{domain}的可靠性图：校准误差 {after}，校准前 {before}",
        "Reliability of {domain}: calibration error {after}, before {before}",
    ),
    "mean_error": (
        "平均校准误差 {after}，校准前 {before}。",
        "Mean calibration error {after}, before {before}.",
    ),
    "score_axis": ("分数", "score"),
    "share_axis": ("实际比例", "true share"),
    "slices": ("分来源、文体、长度、年份", "By source, register, length and year"),
    "slices_text": (
        "区间由重抽样得出；段落太少或只来自一组文档时，重抽样不变，区间不写。",
        "Intervals come from resampling; where paragraphs are so few, or of one group only, that resampling changes "
        "nothing, none is given.",
    ),
    # The registers of the corpus that ships (data/README.md).
    "register work_report": ("工作报告", "work report"),
    "register news": ("新闻", "news"),
    "register bulletin": ("统计公报", "bulletin"),
    "register message": ("群众留言", "citizen's message"),
    "register notice": ("通知与规定", "notice"),
    "register speech": ("讲话", "speech"),
    "register reply": ("答复", "official reply"),
    "register interview": ("访谈", "interview"),
    "source": ("来源", "Source"),
    "register": ("文体", "Register"),
    "stratum": ("抽样层", "Stratum"),
    "length": ("长度（字）", "Length in characters"),
    "year": ("年份", "Year"),
    "unknown": ("未知", "unknown"),
    "others": ("其他 {n} 种", "{n} others"),
    "paragraphs": ("段数", "Paragraphs"),
    "labels": ("标签", "Labels"),
    "accepted": ("自动接受", "Accepted"),
    "review_detail": ("自动接受的代价", "What accepting costs"),
    "set_precision": ("自动接受中标签全对", "Accepted with all labels right"),
    "label_precision": ("自动接受中的标签正确", "Labels right in those accepted"),
    "recall_auto": ("全部真实标签中，在自动接受部分找到", "Of all true labels, found in those accepted"),
    "recall_lost": ("全部真实标签中，找到但留待复核", "Of all true labels, found but left for review"),
    "share": ("比例", "Share"),
    "interval": ("置信区间", "Interval"),
    "contrast": ("对照段", "Contrast pairs"),
    "contrast_text": (
        "{pairs} 对几乎相同而标签不同的段落：两段的标签都全对才算对。它检验模型读懂的是关键的话，还是只认常见的词。",
        "{pairs} pairs of nearly the same paragraph with different labels; a pair is right where all labels of both "
        "are. They test whether a model reads what decides, or what usually stands near it.",
    ),
    "both": ("两段都对", "Both right"),
    "one": ("只对一段", "One right"),
    "evidence": ("依据句", "Evidence"),
    "evidence_text": (
        "模型给出的依据句与人工划出的句子是否一致（至少一半落在人工划线内）；“随机”是任选一句的一致率。",
        "Whether the sentence shown for a label is one that a person marked (at least half of it); chance is a "
        "sentence drawn at random.",
    ),
    "checked": ("核对", "Checked"),
    "right": ("一致", "Right"),
    "chance": ("随机", "Chance"),
    "all": ("全部", "All"),
    "false_alarms": ("最严重的错标", "The worst false alarms"),
    "misses": ("最严重的漏标", "The worst misses"),
    "false_alarms_text": (
        "模型最有把握、却标错的段落；加底色的是单独打分时该领域分数最高的一句。",
        "Wrong labels of which the model was surest. Highlighted: the sentence that scores highest for the domain "
        "when scored alone.",
    ),
    "misses_text": (
        "真实有该领域、模型给分最低的段落；加底色的是单独打分时该领域分数最高的一句。",
        "True labels with the lowest scores. Highlighted: the sentence that scores highest for the domain when scored "
        "alone.",
    ),
    "case_score": ("分数 {score}", "score {score}"),
    "case_truth": ("人工：{names}", "Truth: {names}"),
    "case_given": ("模型：{names}", "Model: {names}"),
    "case_sentence": ("该句分数 {score}", "that sentence {score}"),
    "case_none": ("无", "none"),
    "comma": ("、", ", "),
    "more": ("再看 {n} 段", "{n} more"),
    "suspects": ("可能标错的数据", "Labels to check"),
    "suspects_text": (
        "共 {found} 段的人工标签与模型严重矛盾（按分数，标签有误的概率不低于 {doubt}），最可疑的在前。也可能错在"
        "模型。",
        "{found} records with a label that the scores hold for wrong with a probability of {doubt} or more, the "
        "strongest first. The model may be what is wrong.",
    ),
    "suspects_none": (
        "没有人工标签与模型严重矛盾（界限 {doubt}）。",
        "No label is contradicted with a probability of {doubt} or more.",
    ),
    "case_against": ("有误的概率 {score}", "wrong with probability {score}"),
    "case_extra": ("多标了{domain}？", "{domain} too much?"),
    "case_missing": ("漏标了{domain}？", "{domain} missing?"),
    "case_agree": ("{names}也这样认为", "{names} agree"),
    "nothing_found": ("没有。", "None."),
    "provenance": ("出处", "Provenance"),
    "method": ("数字怎么来的", "How the numbers were made"),
    "method_text": (
        "区间为 {level} 自助法百分位区间（重抽 {resamples} 次，每次抽取{unit}，随机种子 {seed}）；两种方法之差用同一批"
        "重抽样计算。宏平均不计无定义的领域（–）。带分数的基线以 0.5 为界。用时在本机测得，不含加载。",
        "Intervals are {level} bootstrap percentile intervals ({resamples} resamples of {unit}, seed {seed}); "
        "differences use the same resamples for both systems. Macro averages leave out a domain whose score is "
        "undefined (–). A baseline with scores gives a label from 0.5 on. Times were taken on this machine, loading "
        "left out.",
    ),
    "unit_groups": ("整组文档", "whole groups"),
    "unit_paragraphs": ("单个段落", "paragraphs"),
}
