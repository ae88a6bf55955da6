"""What commands print: the English of the code, with its `{placeholders}` → Chinese."""

from __future__ import annotations

# `minsheng read`; the names of what was dropped are those of `documents.render.REASONS`.
_READING = {
    "{count:,} passages": "{count:,} 段",
    "{count:,} headings": "{count:,} 个标题",
    "{count:,} characters": "{count:,} 字",
    "{count:,} pages": "{count:,} 页",
    "encoding {name} ({sure})": "编码 {name}（把握 {sure}）",
    "date {date}": "日期 {date}",
    "title {title}": "题名 {title}",
    "page {page}": "第 {page} 页",
    "under: {heading}": "标题：{heading}",
    "Flagged ({count})": "请人看一看（{count}）",
    "Dropped ({count})": "已删去（{count}）",
    "  {reason} at {place}: {excerpt}": "  {reason}（字符 {place}）：{excerpt}",
    "  {reason}: {count}": "  {reason}：{count}",
    "  {reason}: {count}, such as {words}": "  {reason}：{count}，如 {words}",
    "{words}… ({count} characters)": "{words}……（{count} 字）",
    "byline": "署名栏",
    "table of contents": "目录",
    "legal notice": "版权声明",
    "download prompt": "下载提示",
    "page footer": "网页页脚",
    "pinyin glosses": "拼音注音",
    "invisible characters": "不可见字符",
    "keywords": "关键词栏",
    "list of links": "链接列表",
    "format marks": "格式符号",
    "mojibake": "乱码",
    "navigation": "导航栏",
    "ornament": "装饰线",
    "running header": "页眉",
    "page number": "页码",
    "repaired mojibake": "已修复的乱码",
    "share buttons": "分享按钮",
    "white space": "空白",
}

_TAGGING = {
    "{documents} documents, {passages} passages in {seconds:.1f} s ({rate:.0f} passages a second)": (
        "{documents} 篇文档，{passages} 个段落，用时 {seconds:.1f} 秒（每秒 {rate:.0f} 段）"
    ),
    "page: {page}": "网页：{page}",
    "results: {out} (tags.xlsx, tags.csv, tags.jsonl, tags.parquet, documents.csv)": (
        "结果：{out}（tags.xlsx、tags.csv、tags.jsonl、tags.parquet、documents.csv）"
    ),
    "{count} could not be read, listed in {place}:": "{count} 个无法读取，列于 {place}：",
    "  … and {count} more": "  …… 另有 {count} 个",
    "to review": "待复核",
    "passages": "段落",
    "share": "占比",
    "  (all: the model's validation data were too few, or its errors too many, to say which are safe)": (
        "  （全部：模型的验证数据太少，或错误太多，无法判断哪些可以直接采用）"
    ),
}

_ENGINES = {
    "tag (Ray)": "标注（Ray）",
    "{documents} documents, {passages} passages in {seconds} s": (
        "{documents} 篇文档，{passages} 个段落，用时 {seconds} 秒"
    ),
    "dataset: {out} (tags/*.parquet, documents/*.parquet, failures/*.parquet)": (
        "数据集：{out}（tags/*.parquet、documents/*.parquet、failures/*.parquet）"
    ),
    "{failures} could not be read, listed in {out}/failures": "{failures} 个无法读取，列于 {out}/failures",
}

_EVALUATION = {
    "precision": "精确率",
    "recall": "召回率",
    "positives": "正例数",
    "macro": "宏平均",
    "macro-F1 {value} ({low} to {high}), {count:,} paragraphs": (
        "宏平均 F1 {value}（{low} 至 {high}），{count:,} 个段落"
    ),
    "too few examples for a verdict on: {names} (asked for: {positives} positives each)": (
        "样本太少，尚不能下结论：{names}（每个领域需 {positives} 段正例）"
    ),
    "  about {more:,} more labelled paragraphs, drawn as these were, would be enough": (
        "  照这批段落的比例，再标注约 {more:,} 段就够"
    ),
    "keyword rule": "关键词规则",
    "TF-IDF + logistic regression": "TF-IDF + 逻辑回归",
    "model": "模型",
    "contrast pairs with both right, of {pairs}: {each}": "两条都判对的对照样本，共 {pairs} 组：{each}",
    "{first} − {second}: macro-F1 {gap} ({low} to {high}), p = {p}": (
        "{first} − {second}：宏平均 F1 {gap}（{low} 至 {high}），p = {p}"
    ),
    "report: {files}": "报告：{files}",
}

_TRAINING = {
    "model: {model}": "模型：{model}",
    "encoder: {model}": "编码器：{model}",
    "macro-F1 on validation": "验证集宏平均 F1",
    "micro-F1 on validation": "验证集微平均 F1",
    "million operations a token": "每个词元的运算量（百万次）",
    "passages a second": "每秒段落数",
    "student": "学生模型",
    "teacher": "教师模型",
    "same labels as the teacher: {share:.1%}": "与教师模型标签相同：{share:.1%}",
    "best update": "最佳更新步",
    "time": "用时",
    "held-out loss": "留出集损失",
    "held-out accuracy": "留出集准确率",
    "next: minsheng evaluate {model} LABELLED_FILE, or minsheng tag FOLDER --model {model}": (
        "下一步：minsheng evaluate {model} 标注文件，或 minsheng tag 文件夹 --model {model}"
    ),
    "next: minsheng train CONFIG model.name={model}": "下一步：minsheng train 配置文件 model.name={model}",
}

_CORPUS = {
    "{count:,} record": "{count:,} 条记录",
    "{count:,} records": "{count:,} 条记录",
    "{count:,} error": "{count:,} 个错误",
    "{count:,} errors": "{count:,} 个错误",
    "{count:,} warning": "{count:,} 个警告",
    "{count:,} warnings": "{count:,} 个警告",
    "{count:,} more error": "{count:,} 个错误",
    "{count:,} more errors": "{count:,} 个错误",
    "{count:,} more warning": "{count:,} 个警告",
    "{count:,} more warnings": "{count:,} 个警告",
    "… and {more} of the kind [{code}]; --all shows them": "…… [{code}] 类另有 {more}；加 --all 显示全部",
    "all": "合计",
    "all: {out}": "全部：{out}",
    "none": "无",
    "domain": "领域",
    "label": "标签",
    "(none)": "（无）",
    "(two or more)": "（两个或更多）",
    "(not given)": "（未注明）",
    "register": "语体",
    "characters": "字数",
    "differ": "不一致",
    "{count:,} texts coded by two or more of {coders}": "{count:,} 条文本由 {coders} 中的两人或更多人标注",
    "same whole label set: {count:,} ({share})": "标签集完全相同：{count:,}（{share}）",
    "alpha of label sets (MASI): {alpha}": "标签集的 α（MASI）：{alpha}",
    "Krippendorff: reliable from {reliable}, tentative conclusions from {tentative}": (
        "Krippendorff：{reliable} 以上可靠，{tentative} 以上可作初步结论"
    ),
    "{count} disagreements: {out} (add `labels` to each line)": (
        "{count} 处不一致：{out}（请在每行填入 `labels`）"
    ),
    "{found} of {all:,} with a label to look at again": "共 {all:,} 条，其中 {found}的标签值得再看",
    "given, doubted": "已标，存疑",
    "missing, likely": "未标，疑漏",
    "{rank:>3}. {id}  labels: {labels}  →  {doubts}": "{rank:>3}. {id}  标签：{labels}  →  {doubts}",
    "{domain}? (p = {p:.2f})": "{domain}？(p = {p:.2f})",
    "not {domain}? (p = {p:.2f})": "非 {domain}？(p = {p:.2f})",
    "macro-F1 of the model that doubts, out of fold: {value}": "判断所用模型的折外宏平均 F1：{value}",
    "{out}: {count:,} labelled records": "{out}：{count:,} 条已标注的记录",
    "{out}: {count:,} records": "{out}：{count:,} 条记录",
    "{count:,} texts that nobody has labelled: {verb}": "{count:,} 条文本无人标注：{verb}",
    "kept without labels": "保留，不带标签",
    "left out; --unlabelled keeps them": "已略去；加 --unlabelled 可保留",
    "labelling interface (Settings → Labeling Interface → Code):": (
        "标注界面（Settings → Labeling Interface → Code）："
    ),
    "{out}: {count:,} passages with weak labels": "{out}：{count:,} 个弱标注段落",
    "covered (a label or more)": "有标签（一个或更多）",
    "several domains": "多个领域",
    "conflicts (words of two domains)": "冲突（含两个领域的词）",
    "{out}: {count:,} of {all:,} passages": "{out}：从 {all:,} 段中选出 {count:,} 段",
    "{count:,} passages left out: labelled already, or there twice": "略去 {count:,} 段：已标注或重复",
}

_PROGRESS = {
    "loading torch; the first time this can take some seconds …": "正在加载 torch；首次可能需要几秒……",
    "tag": "标注",
    "train": "训练",
    "pretrain": "预训练",
    "prepare": "准备",
    "select": "挑选",
    "read": "读取",
    "evaluate": "评估",
    "evidence": "依据",
    "suspects": "查疑",
    "documents": "篇",
    "updates": "步",
    "tokens": "词元",
    "folds": "折",
    "paragraphs": "段",
    "{rate}/s": "每秒 {rate}",
    "{time} left": "剩余 {time}",
}

_DOCTOR = {
    "ok": "正常",
    "note": "注意",
    "problem": "问题",
    "Python": "Python",
    "torch": "torch",
    "processor": "处理器",
    "threads": "线程",
    "GPU": "显卡",
    "memory": "内存",
    "disk": "磁盘",
    "encoder": "编码器",
    "tagger": "标注模型",
    "Hub": "Hub",
    "LibreOffice": "LibreOffice",
    "console": "终端",
    "{problems} to mend, {notes} to note": "{problems} 处需要解决，{notes} 处请留意",
    "nothing to mend, {notes} to note: `minsheng tag FOLDER` works here": (
        "没有问题，{notes} 处请留意：本机可以使用 `minsheng tag 文件夹`"
    ),
    "Python {version} on {system}; minsheng {own}; {place}": "Python {version}，{system}；minsheng {own}；{place}",
    "install a 64-bit Python: torch has no other": "请安装 64 位 Python：torch 没有其他版本",
    "cannot be loaded ({reason})": "无法加载（{reason}）",
    "install minsheng again in a fresh environment; on Windows torch needs the Visual C++ runtime": (
        "请在新的虚拟环境中重装 minsheng；在 Windows 上 torch 需要 Visual C++ 运行库"
    ),
    "torch {torch}, transformers {transformers}": "torch {torch}，transformers {transformers}",
    "{name}; {features}": "{name}；{features}",
    "no AVX2: tagging works, several times slower": "没有 AVX2：可以标注，但要慢几倍",
    "{threads} threads on {cores} processors": "{cores} 个处理器，使用 {threads} 个线程",
    "{variable} holds it back; unset it to use the whole machine": "受 {variable} 限制；取消此变量即可用上整机",
    "{count} × {name}, {memory:.0f} GiB": "{count} × {name}，{memory:.0f} GiB",
    "Apple GPU (mps)": "Apple 显卡（mps）",
    "an NVIDIA driver is here, but torch cannot use it": "有 NVIDIA 驱动，但 torch 不能使用",
    "install a build of torch with CUDA that fits the driver, or go on with the processor": (
        "请安装与驱动相符的 CUDA 版 torch，或继续用处理器"
    ),
    "none; the processor does the work": "没有；由处理器计算",
    "nothing for tagging; fine-tuning BERT base takes hours on a processor": (
        "标注无需显卡；在处理器上微调 BERT base 要几个小时"
    ),
    "this system does not say how much is free": "本系统不提供可用内存的数值",
    "{free:.1f} GiB free": "可用 {free:.1f} GiB",
    "close other programs: tagging needs about 1 GiB": "请关闭其他程序：标注约需 1 GiB",
    "enough for tagging; for training close other programs or lower batches.tokens": (
        "足够标注；训练时请关闭其他程序或调低 batches.tokens"
    ),
    "{free:.1f} GiB free in {folder}": "{folder} 可用 {free:.1f} GiB",
    "{folder} cannot be written to": "{folder} 不可写",
    "results go to this folder unless --out names another: go to one that you may write to": (
        "结果默认写入当前文件夹（可用 --out 另指）：请换到可写的文件夹"
    ),
    "make room, or name another disk by --out": "请腾出空间，或用 --out 指定其他磁盘",
    "enough for tagging; training keeps checkpoints, so name another disk by run.output": (
        "足够标注；训练要保存检查点，请用 run.output 指定其他磁盘"
    ),
    "{reason}": "{reason}",
    "{folder}: holds no weights": "{folder}：其中没有权重",
    "{name}, fingerprint {mark}": "{name}，指纹 {mark}",
    "{name}, fingerprint {mark}; tagged a sentence in {seconds:.1f} s ({labels})": (
        "{name}，指纹 {mark}；试标一句用时 {seconds:.1f} 秒（{labels}）"
    ),
    "install minsheng again": "请重新安装 minsheng",
    "switched off by {variable}": "已由 {variable} 关闭",
    "local directories work; unset {variable} to fetch models by name": (
        "本地目录照常可用；要按名称下载模型，请取消 {variable}"
    ),
    "not asked ({place}): nothing is contacted unless you say so": "未检查（{place}）：除非您要求，不连接任何网址",
    "--online asks it; HF_HUB_OFFLINE=1 switches it off, HF_ENDPOINT names a mirror": (
        "加 --online 检查；HF_HUB_OFFLINE=1 关闭，HF_ENDPOINT 指定镜像"
    ),
    "{place} cannot be reached ({reason})": "无法连接 {place}（{reason}）",
    "the models that ship need no Hub; set HF_ENDPOINT to a mirror, or HF_HUB_OFFLINE=1 and give "
    "local model directories": (
        "附带的模型不需要 Hub；可将 HF_ENDPOINT 设为镜像，或设 HF_HUB_OFFLINE=1 并使用本地模型目录"
    ),
    "{place} answers in {seconds:.1f} s": "{place} 在 {seconds:.1f} 秒内应答",
    "{place}": "{place}",
    "soffice is not on the PATH": "PATH 中没有 soffice",
    "only .doc, .wps, .rtf and .odt need it: install LibreOffice, or save those files as .docx": (
        "只有 .doc、.wps、.rtf 和 .odt 需要它：请安装 LibreOffice，或把这些文件另存为 .docx"
    ),
    "encoding {name}": "编码 {name}",
    "it cannot show Chinese (files are not affected): set PYTHONUTF8=1, on Windows also run chcp 65001": (
        "不能显示中文（文件不受影响）：请设 PYTHONUTF8=1，在 Windows 上另运行 chcp 65001"
    ),
    "MINSHENG_LANG=zh or en chooses the language of messages": "MINSHENG_LANG=zh 或 en 选择提示语言",
}

SCREEN: dict[str, str] = {
    **_READING, **_TAGGING, **_ENGINES, **_EVALUATION, **_TRAINING, **_CORPUS, **_PROGRESS, **_DOCTOR,
}  # fmt: skip
