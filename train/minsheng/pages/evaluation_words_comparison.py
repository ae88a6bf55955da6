"""Words of the comparison page and of the provenance, Chinese and English side by side."""

from __future__ import annotations

COMPARISON: dict[str, tuple[str, str]] = {
    "compare_title": ("模型比较", "Comparison of models"),
    "compare_eyebrow": ("模型比较 · {n} 个模型", "Comparison of {n} models"),
    "compare_head_better": ("{better}更好", "{better} is better"),
    "compare_head_best": ("{better}比其余模型都好", "{better} is better than all others"),
    "compare_head_open": ("分不出哪个模型更好", "No model is shown to be the best"),
    "pair_better": (
        "{better} 比 {worse} 好：宏平均 F1 之差 {gap}（{interval}，p\u00a0=\u00a0{p}）。",
        "{better} is better than {worse}: its macro-F1 differs by {gap} ({interval}, p\u00a0=\u00a0{p}).",
    ),
    "pair_open": (
        "{first} 与 {second} 分不出高下：宏平均 F1（前者减后者）{gap}（{interval}，p\u00a0=\u00a0{p}）。",
        "{first} and {second} cannot be told apart: macro-F1 of the first minus the second is {gap} ({interval}, "
        "p\u00a0=\u00a0{p}).",
    ),
    "compare_rule": (
        "“更好”是说：宏平均 F1 更高，差值的 {level} 区间整个在 0 的同一边，并且校正后的 p 不超过 {p}；做不到就是分不出"
        "高下，这不等于一样好。",
        "Better means: a higher macro-F1, the {level} interval of the difference on one side of 0 as a whole, and an "
        "adjusted p of {p} at most. Else the two cannot be told apart, which does not say that they are equal.",
    ),
    "pair_none": ("{first} 与 {second} 无法比较。", "{first} and {second} cannot be compared."),
    "pair_sets": (
        "只有 {first} 全对的 {only_first} 段，只有 {second} 全对的 {only_second} 段。",
        "Only {first} has {only_first} paragraphs fully right, only {second} has {only_second}.",
    ),
    "side_by_side": ("并列", "Side by side"),
    "measure": ("指标", "Measure"),
    "f1_of": ("F1 · {domain}", "F1 · {domain}"),
    "calibration_error": ("校准误差（小者好）", "Calibration error (less is better)"),
    "time": ("标 1000 段用时（秒，小者好）", "Seconds for 1,000 paragraphs (less is better)"),
    "auto_share": ("可自动接受", "Accepted automatically"),
    "contrast_share": ("对照段两段都对", "Contrast pairs both right"),
    "evidence_share": ("依据句一致", "Evidence right"),
    "differences": ("差异检验", "Tests of the differences"),
    "differences_text": (
        "换一批段落，差别还在不在？把这批段落有放回地重抽 {resamples} 次（每次抽{unit}），两个模型每次都在同样的"
        "段落上比：差值后面的小字是 {level} 的重抽所落的范围（图中圆点是差值，横线是范围，虚线是 0）。范围不含 0，差别"
        "就不像是碰巧；p 越小，越不像。",
        "Would the difference be there on other paragraphs too? These are drawn again with replacement {resamples} "
        "times ({unit}), and both models are scored on the same ones each time: beside each difference stands the "
        "range of {level} of the draws (a dot and a line in the picture, where the dashed line is 0). A range without "
        "0 hardly comes from chance; the smaller p, the less.",
    ),
    "first_side": ("前者好 →", "first →"),
    "second_side": ("← 后者好", "← second"),
    "conclusion": ("结论", "Better"),
    "first_wins": ("前者好", "the first"),
    "second_wins": ("后者好", "the second"),
    "no_side": ("分不出", "not shown"),
    "difference_title": ("{first} 减 {second}", "{first} minus {second}"),
    "difference_column": ("F1 之差", "Difference of F1"),
    "p": ("p（Holm 校正）", "p (Holm)"),
    "own_report": ("完整报告", "Whole report"),
    "reports": ("各模型的完整报告", "The whole report of each model"),
    "compare_method": (
        "各模型在同一批段落上比较；差值用成对自助法检验（同一批重抽样，{resamples} 次，每次抽取{unit}，随机种子 "
        "{seed}），区间为 {level} 百分位区间。p 为双侧，并按 Holm 法校正：宏平均按模型对数，各领域按领域数。",
        "All models on the same paragraphs; differences by a paired bootstrap (the same {resamples} resamples of "
        "{unit}, seed {seed}) with {level} percentile intervals. p is two-sided and adjusted after Holm: macro-F1 over "
        "the pairs of models, a domain over the domains.",
    ),
}

ABOUT: dict[str, tuple[str, str]] = {
    "about model": ("模型", "Model"),
    "about taxonomy": ("领域体系", "Taxonomy"),
    "about encoder": ("底座", "Encoder"),
    "about training config": ("训练配置（指纹）", "Training config (fingerprint)"),
    "about training data": ("训练数据（指纹）", "Training data (fingerprint)"),
    "about training seed": ("训练随机种子", "Training seed"),
    "about data": ("检验数据", "Data"),
    "about data fingerprint": ("检验数据（指纹）", "Data (fingerprint)"),
    "about contrast pairs": ("对照段", "Contrast pairs"),
    "about made": ("生成时间", "Made"),
    "about git": ("Git 状态", "Git"),
    "about minsheng": ("minsheng 版本", "minsheng"),
    "about python": ("Python", "Python"),
    "about torch": ("torch", "torch"),
    "about transformers": ("transformers", "transformers"),
    "about platform": ("系统", "Platform"),
    "about threads": ("线程", "Threads"),
    "about device": ("设备", "Device"),
    "about processor": ("处理器", "Processor"),
    "about precision": ("数值精度", "Arithmetic"),
}
