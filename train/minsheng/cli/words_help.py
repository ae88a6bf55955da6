"""The texts of `--help`: the English of the code, on one line → Chinese."""

from __future__ import annotations

# What typer and click say.
_FRAME = {
    "Usage: ": "用法：",
    "[OPTIONS]": "[选项]",
    "COMMAND [ARGS]...": "命令 [参数]...",
    "Arguments": "参数",
    "Options": "选项",
    "Commands": "命令",
    "[default: {}]": "[默认：{}]",
    "[required]": "[必填]",
    "default: {default}": "默认：{default}",
    "required": "必填",
    "Show this message and exit.": "显示本帮助。",
    "Install completion for the current shell.": "为当前 shell 安装命令补全。",
    "Show completion for the current shell, to copy it or customize the installation.": (
        "显示当前 shell 的补全脚本，便于复制或自行安装。"
    ),
    "Examples:": "示例：",
    "What is read": "读取",
    "What is written": "写出",
    "On the screen": "屏幕显示",
}

_COMMANDS = {
    "Label the paragraphs of Chinese reports by livelihood domain (民生领域段落标注).": (
        "为中文报告的段落标注民生领域（教育、医疗卫生、养老与社会保障、住房、平安稳定）。"
    ),
    "Show the passages of documents as they would be tagged.": "显示文档切分成的段落，即标注时所用的文字。",
    "Label every passage of the documents; results go to --out as a page, JSONL, CSV, Excel and Parquet.": (
        "标注文档的每个段落；结果写入 --out 目录：网页、JSONL、CSV、Excel 和 Parquet。"
    ),
    "Fine-tune an encoder on labelled paragraphs, or go on with a run that was stopped.": (
        "用已标注的段落微调编码器，或继续被中断的训练。"
    ),
    "Make a small, fast model that says what a large one says, or go on with a run that was stopped.": (
        "训练一个又小又快的模型，使其与大模型的判断一致（知识蒸馏），或继续被中断的训练。"
    ),
    "Train a Chinese encoder on unlabelled text, or go on training one (masked-language modelling).": (
        "用未标注文本训练中文编码器（掩码语言模型），或继续训练已有的编码器。"
    ),
    "Say how good a model is on labelled paragraphs, beside keyword rules and TF-IDF; or compare models.": (
        "在已标注段落上评估模型，与关键词规则和 TF-IDF 对照；也可比较多个模型。"
    ),
    "Check this machine and this installation, and say what to do. Exit code 1 if there is a problem.": (
        "检查本机与安装情况，并说明该怎么办。有问题时退出码为 1。"
    ),
    "Make, check and exchange labelled paragraphs (标注语料).": "制作、检查和交换标注语料。",
    "Find what is wrong in labelled files; each file is one set (train, validation, …).": (
        "查找标注文件中的错误；每个文件是一个数据集（训练集、验证集……）。"
    ),
    "Say how far coders agree: Krippendorff's alpha, and Cohen's kappa of two.": (
        "计算标注者之间的一致性：Krippendorff α；两人时另有 Cohen κ。"
    ),
    "Rank records whose labels a model doubts that did not train on them (needs cleanlab).": (
        "按可疑程度列出标签可能有误的记录，由未用其训练的模型判断（需要 cleanlab）。"
    ),
    "Read labels from Label Studio, doccano or a table. Labels may be keys or display names.": (
        "从 Label Studio、doccano 或表格读入标签。标签可用键名或显示名称。"
    ),
    "Write records for Label Studio or doccano, or as a table.": (
        "把记录写成 Label Studio、doccano 的格式或表格。"
    ),
    "Label passages by the taxonomy's keywords, for a start without a model (annotator keyword-rule).": (
        "按分类体系的关键词标注段落，供没有模型时起步（标注者记为 keyword-rule）。"
    ),
    "Choose the passages that are most worth labelling next for a model: uncertain and different.": (
        "挑选最值得接着标注的段落：模型没有把握、彼此又不相同。"
    ),
}

_PARAMETERS = {
    "Show the version.": "显示版本。",
    "Show where an error arose, as a traceback.": "出错时显示调用栈，说明错误出在何处。",
    "Files, folders (with all below them), globs, or - for standard input.": (
        "文件、文件夹（含其下全部文件）、通配符，或用 - 表示标准输入。"
    ),
    "Also show what was dropped, and why.": "同时显示删去了什么、为什么删去。",
    "Character encoding of text files, such as gb18030 or big5. Default: detected.": (
        "文本文件的字符编码，如 gb18030 或 big5。默认自动识别。"
    ),
    "Column of a table that holds the text.": "表格中存放正文的列。",
    "Model directory. Default: the tagger that ships with minsheng.": "模型目录。默认用随 minsheng 附带的标注模型。",
    "Directory for the results.": "存放结果的目录。",
    "Name the sentence that earns each label.": "给出每个标签所依据的句子。",
    "Write * over identity-card, phone and bank-card numbers and e-mail addresses in the results.": (
        "在结果中用 * 遮盖身份证号、电话号码、银行卡号和电子邮箱。"
    ),
    "Language of the page. Default: that of the system.": "网页的语言。默认随系统。",
    "Delete an earlier run in --out.": "删除 --out 中先前的结果，重新开始。",
    "No progress and no summary; errors are still shown.": "不显示进度和摘要；错误仍会显示。",
    "Print one JSON object on standard output in place of the summary.": "在标准输出打印一个 JSON 对象，代替摘要。",
    "A YAML file such as configs/quickstart.yaml.": "YAML 配置文件，如 configs/quickstart.yaml。",
    "Settings that replace those of the file: optimizer.learning_rate=3e-5": (
        "替换文件中的设置，如 optimizer.learning_rate=3e-5"
    ),
    "Delete what the run directory holds and start anew.": "删除运行目录中已有的内容，重新开始。",
    "Model directories (default: the tagger that ships with minsheng), then labelled files: JSONL, "
    "CSV, Parquet or Excel. Several models are compared.": (
        "先写模型目录（默认用随 minsheng 附带的标注模型），再写标注文件：JSONL、CSV、Parquet 或 Excel。"
        "给出多个模型时进行比较。"
    ),
    "Directory for the report. Default: MODEL/../evaluation, else minsheng-evaluation; for several "
    "models minsheng-comparison.": (
        "存放报告的目录。默认为 MODEL/../evaluation，否则为 minsheng-evaluation；"
        "比较多个模型时为 minsheng-comparison。"
    ),
    "Labelled file of contrast pairs: two records a group, such as data/contrast.jsonl.": (
        "对照样本的标注文件：每组两条记录，如 data/contrast.jsonl。"
    ),
    "Language of report.html. Default: that of the system.": "report.html 的语言。默认随系统。",
    "Also ask the Hub whether it can be reached: one request, nothing else.": (
        "另外询问 Hub 能否连通：只发一个请求，别无其他。"
    ),
    "Labelled files: JSONL, CSV, Excel or Parquet.": "标注文件：JSONL、CSV、Excel 或 Parquet。",
    "A YAML file, or the name of one that ships. Default: livelihood.": (
        "分类体系的 YAML 文件，或附带的分类体系的名称。默认：livelihood。"
    ),
    "Warnings count as errors.": "把警告也算作错误。",
    "Show every problem.": "显示全部问题。",
    "One labelled file a coder, with the same ids: A B [C …].": "每位标注者一个文件，id 相同：A B [C …]。",
    "JSONL for the disagreements, to be decided.": "把不一致之处写入此 JSONL 文件，供裁定。",
    "Replace a file that exists.": "覆盖已有的文件。",
    "Where all suspects go, the worst first.": "写出全部可疑记录的文件，最可疑的在前。",
    "How many to print.": "显示多少条。",
    "jsonl, csv, excel, parquet, label-studio, doccano, doccano-1. Default: by the suffix.": (
        "jsonl、csv、excel、parquet、label-studio、doccano、doccano-1。默认按后缀判断。"
    ),
    "Labels from another program.": "其他程序导出的标签文件。",
    "Where they go: .jsonl, .csv, .xlsx or .parquet.": "写到哪里：.jsonl、.csv、.xlsx 或 .parquet。",
    "Label Studio: take the annotations of this person (e-mail or number).": (
        "Label Studio：只取此人的标注（邮箱或编号）。"
    ),
    "Column that holds the text.": "存放正文的列。",
    "Column that holds the labels.": "存放标签的列。",
    "Keep what nobody has labelled yet.": "保留尚无人标注的文本。",
    "Records, labelled or not: JSONL, CSV, Excel, Parquet.": "记录，有无标签均可：JSONL、CSV、Excel、Parquet。",
    "Where they go: .json (Label Studio), .jsonl, .csv, .xlsx, .parquet.": (
        "写到哪里：.json（Label Studio）、.jsonl、.csv、.xlsx、.parquet。"
    ),
    "Labels become suggestions that a person confirms.": "标签作为建议写出，由人确认。",
    "Documents: files, folders (with all below them), globs, or tables.": (
        "文档：文件、文件夹（含其下全部文件）、通配符或表格。"
    ),
    "Where the weakly labelled passages go.": "写出弱标注段落的文件。",
    "Model directory.": "模型目录。",
    "Where the passages go: .json (Label Studio), .jsonl, .xlsx, …": (
        "写出段落的文件：.json（Label Studio）、.jsonl、.xlsx……"
    ),
    "How many passages. Default: 100.": "挑选多少段。默认 100。",
    "Another seed, another choice.": "随机种子；不同的种子，不同的选择。",
    "Labelled files whose texts to leave out.": "已标注的文件，其中的文本不再挑选。",
}

_ENGINES = {
    "Many documents": "文档很多时",
    "process: this process; ray: a Ray cluster.": "process：本进程；ray：Ray 集群。",
    "A running Ray cluster. Default: RAY_ADDRESS, or else this machine.": (
        "正在运行的 Ray 集群。默认为 RAY_ADDRESS，否则为本机。"
    ),
    "Processes that tag. Default: as many as there is room for.": "标注进程的数量；默认能放下多少就用多少。",
    "GPUs of each of these.": "每个标注进程的显卡数。",
}

_EXAMPLES = {
    "label every report in a folder, with the model that ships": "用附带的模型标注文件夹中的全部报告",
    "see whether everything is in place": "检查是否一切就绪",
    "every command explains itself (MINSHENG_LANG=zh or en: in which language)": (
        "每条命令都有说明（MINSHENG_LANG=zh 或 en 选择语言）"
    ),
    "the passages of a report, and what was left out": "报告切分成的段落，以及删去了什么",
    "for a script, with offsets into the source": "供脚本使用，带原文中的字符位置",
    "text that another program hands over": "读取其他程序交来的文本",
    "all reports in a folder; the page is results/report.html": (
        "标注整个文件夹；打开 results/report.html 查看"
    ),
    "a table with one text a row": "每行一条文本的表格",
    "with a model of your own, for a script": "用自己的模型，供脚本调用",
    "a model in minutes, from the encoder and the corpus that ship": "用附带的编码器和语料，几分钟训练一个模型",
    "with labels of your own": "用自己的标注",
    "a student of a tenth of the cost of the tagger that ships": "计算量为附带模型十分之一的学生模型",
    "with reports that nobody has labelled: the teacher does": "加入无人标注的报告，由教师模型标注",
    "a compact encoder from text files": "用文本文件训练小型编码器",
    "the tagger that ships on the test set that ships": "在附带的测试集上评估附带的模型",
    "two models side by side": "比较两个模型",
    "this machine and this installation; nothing is contacted": "检查本机与安装；不连接网络",
    "also whether the Hub, or a mirror, answers": "另外检查 Hub 或镜像能否连通",
    "is a labelled file sound?": "标注文件有没有问题？",
    "which labels look wrong?": "哪些标签看来有误？",
    "two sets, warnings count": "两个数据集，警告也算错误",
    "two coders of the same texts": "两人标注了同一批文本",
    "the twenty worst, and all of them in a table": "显示最可疑的二十条，全部写入表格",
    "an export of Label Studio becomes training data": "把 Label Studio 的导出变成训练数据",
    "a table with other column names": "列名不同的表格",
    "texts to be labelled in Label Studio": "送到 Label Studio 标注",
    "first labels by keywords": "先按关键词标注",
    "passages that are worth a label, for Label Studio": "挑选值得标注的段落，交给 Label Studio",
}

HELP: dict[str, str] = {**_FRAME, **_COMMANDS, **_PARAMETERS, **_ENGINES, **_EXAMPLES}
