"""Messages that a person commonly meets: templates of what the rooms raise → Chinese.

`{name}` stands for any text and is kept as it is; one that begins with `hint` may be empty, and it and
`rest` are translated in turn. The first template that matches a message counts, so the narrower stand first.
A test takes templates that no message of the code matches for wrong.
"""

from __future__ import annotations

_PARTS = {
    "; did you mean {word}?{hint}": "；是不是 {word}？{hint}",
    "; known keys: {keys} (and {count} more)": "；可用的键：{keys}（另有 {count} 处）",
    "; known keys: {keys}": "；可用的键：{keys}",
    "; known: {names}": "；可用的有：{names}",
    " (and {count} more)": "（另有 {count} 处）",
    " (only {suffixes})": "（只有 {suffixes}）",
    "{number} and more": "{number} 及以上",
    "run OCR first, for example `ocrmypdf --language chi_sim`, and read its result": (
        "请先做文字识别（OCR），例如 `ocrmypdf --language chi_sim`，再读取其结果"
    ),
}

# How `corpus check` frames what it finds.
_PROBLEMS = {
    "{place}: error: {rest} [{code}]": "{place}：错误：{rest} [{code}]",
    "{place}: warning: {rest} [{code}]": "{place}：警告：{rest} [{code}]",
}

# Wrong usage, as typer and click say it.
_USAGE = {
    "{rest}? See `{command} --help`": "{rest}？请看 `{command} --help`",
    "{rest}. See `{command} --help`": "{rest}。请看 `{command} --help`",
    "No such option: {name} (Possible options: {names})": "没有选项 {name}（相近的有：{names}）",
    "No such option: {name}": "没有选项 {name}",
    "No such command {name}. Did you mean {names}": "没有命令 {name}。是不是 {names}",
    "No such command {name}": "没有命令 {name}",
    "Missing argument {name}": "缺少参数 {name}",
    "Missing option {name}": "缺少选项 {name}",
    "Missing command": "缺少命令",
    "Got unexpected extra argument(s) ({words})": "多出了参数（{words}）",
    "Option {name} requires an argument": "选项 {name} 需要一个值",
    "Option {name} does not take a value": "选项 {name} 不带值",
    "Invalid value for {name}: {given} is not one of {known}": "{name} 的值无效：{given} 不在 {known} 之中",
    "Invalid value for {name}: {given} is not a valid {kind}": "{name} 的值无效：{given} 不是 {kind}",
    "Invalid value for {name}: {given} is not in the range {range}": "{name} 的值无效：{given} 不在范围 {range} 内",
    "Invalid value for {name}: {reason}": "{name} 的值无效：{reason}",
    "interrupted; start the same command again to go on": "已中断；再次运行同一命令即可继续",
    "not enough memory: close other programs, or do it in parts (--debug shows where)": (
        "内存不足：请关闭其他程序，或分几次做（加 --debug 查看出错位置）"
    ),
    "unexpected {kind}: {reason}; a fault of minsheng: add --debug to see where, and report it": (
        "意外错误 {kind}：{reason}；这是 minsheng 的缺陷：请加 --debug 查看出错位置并报告"
    ),
    "{place}: {reason} (--debug shows where)": "{place}：{reason}（加 --debug 查看出错位置）",
    "{reason} (--debug shows where)": "{reason}（加 --debug 查看出错位置）",
}

_CONFIG = {
    "{where}: unknown key {key}{hint}": "{where}：没有名为 {key} 的键{hint}",
    "{where}: the key {key} is missing{hint}": "{where}：缺少键 {key}{hint}",
    "{where}: {key}: got {given}, {reason}": "{where}：{key} 的值 {given} 不合要求（{reason}）",
    "{path}: no such config file{hint}": "{path}：没有这个配置文件{hint}",
    "{where}: not valid YAML: {reason}": "{where}：不是有效的 YAML：{reason}",
    "{where}: expected keys and values, got {kind}": "{where}：应为键和值，得到的是 {kind}",
    "override {given}: write it as key.subkey=value": "覆盖设置 {given}：请写成 键.子键=值",
    "override {given}: {key} is not a section": "覆盖设置 {given}：{key} 不是一节",
    "{path}: over {bytes} bytes; this is not a config file": "{path}：超过 {bytes} 字节，不是配置文件",
    "{where}: nested too deeply": "{where}：嵌套太深",
    "documents.encoding: unknown encoding {name}; use utf-8, gb18030, big5 or utf-16": (
        "documents.encoding：未知编码 {name}；请用 utf-8、gb18030、big5 或 utf-16"
    ),
    "cannot read taxonomy {path}: {reason}": "无法读取分类体系 {path}：{reason}",
    "no taxonomy {name} ships (there are {names}){hint}": "没有附带名为 {name} 的分类体系（现有 {names}）{hint}",
    "run.trackers: unknown tracker {name}{hint}; known: {names}": (
        "run.trackers：未知的记录工具 {name}{hint}；可用的有：{names}"
    ),
    "run.trackers: {name} is not installed; install its package or leave it out": (
        "run.trackers：{name} 没有安装；请安装或去掉它"
    ),
    'suspects need cleanlab: pip install "minsheng[curation]"': '查疑需要 cleanlab：pip install "minsheng[curation]"',
}

_DATA = {
    "{where}: unknown label {label}{hint}": "{where}：未知标签 {label}{hint}",
    "{where}: no field 'labels'{hint}": "{where}：没有字段 'labels'{hint}",
    "{where}: no field 'text'{hint}": "{where}：没有字段 'text'{hint}",
    "{where}: no 'text', or it is empty{hint}": "{where}：没有 'text' 或其为空{hint}",
    "{where}: 'text' is empty or not text": "{where}：'text' 为空或不是文字",
    "{where}: no column {name}, or it is empty{hint}": "{where}：没有列 {name} 或其为空{hint}",
    "{where}: labels must be a list of names, got {given}": "{where}：labels 应为名称列表，得到的是 {given}",
    "{where}: the id {id} stands on line {line} already": "{where}：id {id} 已在第 {line} 行出现",
    "{path}, line {line}: not valid JSON ({reason})": "{path} 第 {line} 行：不是有效的 JSON（{reason}）",
    "{path}, line {line}: expected an object, got {kind}": "{path} 第 {line} 行：应为对象，得到的是 {kind}",
    "{path}, line {line}: the number of cells differs from the header's": (
        "{path} 第 {line} 行：单元格数与表头不同"
    ),
    "{path}: expected a JSON array of tasks; is it an export of Label Studio?": (
        "{path}：应为任务的 JSON 数组；它是 Label Studio 的导出吗？"
    ),
    "{path}: not UTF-8 (byte {byte}); save it as UTF-8": "{path}：不是 UTF-8（第 {byte} 字节）；请另存为 UTF-8",
    "{path}: cannot read {suffix}; give {names}": "{path}：不能读取 {suffix}；请给出 {names}",
    "{path}: holds no records": "{path}：其中没有记录",
    "{path}: which format is {suffix}? Known suffixes: {names}; or name it": (
        "{path}：{suffix} 是什么格式？已知后缀：{names}；或用 --format 指明"
    ),
    "no format is called {name}{hint}": "没有名为 {name} 的格式{hint}",
    "{out}: exists already; choose another name, or add --overwrite": "{out}：已存在；请换名称，或加 --overwrite",
    "no passages in these documents": "这些文档中没有段落",
    "agreement needs the files of two coders or more": "计算一致性需要两位或更多标注者的文件",
    "{coders}: no id stands in two of the files, so nothing can be compared": (
        "{coders}：没有 id 同时出现在两个文件中，无从比较"
    ),
    "{source}: none of {count} texts has labels; --unlabelled keeps them all the same": (
        "{source}：{count} 条文本都没有标签；加 --unlabelled 可照样保留"
    ),
    "{model}: no labelled file to evaluate on; name one after the model": (
        "{model}：没有可供评估的标注文件；请写在模型之后"
    ),
    "{model}: name the models before the labelled files": "{model}：请把模型写在标注文件之前",
    "data: no {name} record has a label, so nothing can be learnt or measured": (
        "data：{name} 中没有一条记录带标签，无从学习或评估"
    ),
    "data: the group {group} stands in training and in validation ({count} such)": (
        "data：组 {group} 同时出现在训练集和验证集中（共 {count} 组）"
    ),
    "data: training and validation both need records; name data.validation or more groups": (
        "data：训练集和验证集都要有记录；请指定 data.validation 或增加组"
    ),
    "data.sources: {path}: no such file": "data.sources：{path}：没有这个文件",
    "{count} groups cannot be split into {folds} folds; give more records, or a `group` to each": (
        "{count} 组不能分成 {folds} 折；请增加记录，或给每条注明 `group`"
    ),
    "unknown label {label}{hint}": "未知标签 {label}{hint}",
    "no field {name}{hint}": "没有字段 {name}{hint}",
    "unknown column {name}{hint}": "未知的列 {name}{hint}",
    "the id {id} stands on line {line} already": "id {id} 已在第 {line} 行出现",
    "the same text stands in {place}": "{place} 有相同的文本",
    "labelled {mine}; the same text in {place}: {theirs}": "标为 {mine}；{place} 的相同文本标为 {theirs}",
    "{share} of the text stands in {place}, too": "文本的 {share} 也出现在 {place}",
    "only {count} characters": "只有 {count} 字",
    "{count} characters; a model reads the first {most} or so": "{count} 字；模型只读开头约 {most} 字",
    "only {count} records of {domain}: too few to rely on": "{domain} 只有 {count} 条：太少，不足为凭",
    "no record of {domain}": "没有 {domain} 的记录",
}

_MODELS = {
    "{name}: no such model directory": "{name}：没有这个模型目录",
    "{name}: not a model directory (no config.json)": "{name}：不是模型目录（没有 config.json）",
    "{name}: the directory has no weights (model.safetensors)": "{name}：目录中没有权重（model.safetensors）",
    "{name}: the directory has no tokenizer (tokenizer.json or vocab.txt)": (
        "{name}：目录中没有分词器（tokenizer.json 或 vocab.txt）"
    ),
    "{name}: no minsheng.json, so taxonomy and thresholds are unknown; fine-tune it with `minsheng train`": (
        "{name}：没有 minsheng.json，不知道分类体系和阈值；请先用 `minsheng train` 微调"
    ),
    "{name}: its weights ({file}) are a pickle, which can run code when it is opened; only safetensors "
    "are read. Convert them with transformers' save_pretrained on a machine you trust": (
        "{name}：权重（{file}）是 pickle，打开时可能运行代码；只读取 safetensors。"
        "请在可信的机器上用 transformers 的 save_pretrained 转换"
    ),
    "{place}: damaged or of another make: {reason}": "{place}：已损坏或由其他程序生成：{reason}",
    "{name}: {rest}. Give model.name a local directory with config.json and model.safetensors, "
    "or set HF_ENDPOINT to a mirror that you may use": (
        "{name}：{rest}。请把 model.name 设为含有 config.json 和 model.safetensors 的本地目录，"
        "或将 HF_ENDPOINT 设为可用的镜像"
    ),
    "HF_HUB_OFFLINE is set, so only models already in the local cache can be used": (
        "已设 HF_HUB_OFFLINE，只能用本地缓存中已有的模型"
    ),
    "the Hub could not be reached or has no such model": "连不上 Hub，或其上没有这个模型",
    "{name}: ships with minsheng but is not in this installation; install minsheng again": (
        "{name}：本应随 minsheng 附带，但安装中没有；请重新安装 minsheng"
    ),
    "a model is named twice ({names}); compare different ones": "同一模型写了两次（{names}）；请比较不同的模型",
    "update {update}: the loss is {loss} and the gradient norm {norm}; weights were left as they were. "
    "Lower optimizer.learning_rate or use run.precision=no": (
        "第 {update} 步：损失为 {loss}，梯度范数为 {norm}；权重保持原样。"
        "请调低 optimizer.learning_rate，或用 run.precision=no"
    ),
}

_RUNS = {
    "{out}: holds a finished run; choose another --out, or add --overwrite": (
        "{out}：其中已有完成的结果；请另选 --out，或加 --overwrite"
    ),
    "{out}: holds a finished run; choose another run.output, or add --overwrite": (
        "{out}：其中已有完成的训练；请另选 run.output，或加 --overwrite"
    ),
    "{out}: holds files that are no tagging run; it is left as it is, choose another --out": (
        "{out}：其中有不是标注结果的文件；未作改动，请另选 --out"
    ),
    "{out}: holds a run with another {what}; choose another --out, or add --overwrite": (
        "{out}：其中是另一次标注的结果（{what} 不同）；请另选 --out，或加 --overwrite"
    ),
    "{out}: is a file; choose another --out": "{out}：是文件；请另选 --out",
    "{out}: is a file; choose another run.output": "{out}：是文件；请另选 run.output",
    "{out}: not a run directory; it is left as it is, choose another run.output": (
        "{out}：不是运行目录；未作改动，请另选 run.output"
    ),
    "{out}: holds an unfinished run with another config ({keys} differ); choose another run.output, "
    "or add --overwrite": (
        "{out}：其中有配置不同的未完成训练（{keys} 不同）；请另选 run.output，或加 --overwrite"
    ),
    "taxonomy: {name} has the domains {wanted}, the teacher {domains}; leave it out, or train a teacher with "
    "this taxonomy": (
        "taxonomy：{name} 的领域为 {wanted}，教师模型的为 {domains}；请去掉此项，或用该分类体系训练教师模型"
    ),
    "data.unlabelled: no new passage in {names}": "data.unlabelled：{names} 中没有新的段落",
    "{out}: the data changed since this run began; choose another run.output, or add --overwrite": (
        "{out}：训练开始后数据有变动；请另选 run.output，或加 --overwrite"
    ),
    "{out}: the input changed since this run began (part {part}); choose another --out, or add --overwrite": (
        "{out}：标注开始后输入有变动（第 {part} 部分）；请另选 --out，或加 --overwrite"
    ),
    "{out}: another process is writing into it; wait until that ends, or choose another directory": (
        "{out}：另一个进程正在写入；请等它结束，或另选目录"
    ),
}

_DOCUMENTS = {
    "{path}: no such file or folder (there is no folder {folder})": (
        "{path}：没有这个文件或文件夹（没有文件夹 {folder}）"
    ),
    "{path}: no such file or folder{hint}": "{path}：没有这个文件或文件夹{hint}",
    "{path}: no such file{hint}": "{path}：没有这个文件{hint}",
    "{path}: no document in this folder{hint}": "{path}：文件夹中没有可读的文档{hint}",
    "{path}: matches no document": "{path}：没有匹配的文档",
    "{path}: the folder cannot be read ({reason})": "{path}：文件夹无法读取（{reason}）",
    "{path} is a lock file of Office: give the document itself": "{path} 是 Office 的锁定文件：请给出文档本身",
    "{path} is a pipe or device: give a file, or `-` for standard input": (
        "{path} 是管道或设备：请给出文件，或用 `-` 表示标准输入"
    ),
    "{path} is no whole {kind} file: it may be cut off; fetch or save it again": (
        "{path} 不是完整的 {kind} 文件：可能被截断；请重新下载或另存"
    ),
    "{path} is protected by a password: save a copy without one and read that": (
        "{path} 有密码保护：请另存一份不带密码的再读取"
    ),
    "{path} is {what} by its content: {rest}": "{path} 的内容是 {what}：{rest}",
    "rename it to {suffix}": "请改名为 {suffix}",
    "give the document itself": "请给出文档本身",
    "{path} is a scan (its pages are pictures): {rest}": "{path} 是扫描件（页面都是图片）：{rest}",
    "{path} is an OFD file, which is not read: open it in an OFD reader and save it as PDF": (
        "{path} 是 OFD 文件，不能读取：请用 OFD 阅读器打开并另存为 PDF"
    ),
    "{path} is an old Excel file: save it as .xlsx": "{path} 是旧版 Excel 文件：请另存为 .xlsx",
    "{path} is a WPS spreadsheet: save it as .xlsx": "{path} 是 WPS 表格：请另存为 .xlsx",
    "{path} holds slides, which are not read: save its text as .docx or .pdf": (
        "{path} 是幻灯片，不能读取：请把文字另存为 .docx 或 .pdf"
    ),
    "{path} is a CAJ file: save it as PDF in CAJViewer": "{path} 是 CAJ 文件：请在 CAJViewer 中另存为 PDF",
    "{path} is damaged ({reason}): it may be cut off; fetch or save it again": (
        "{path} 已损坏（{reason}）：可能被截断；请重新下载或另存"
    ),
    "{path} cannot be read as a Word file ({reason}): open it in Word and save it again": (
        "{path} 不能作为 Word 文件读取（{reason}）：请用 Word 打开后另存"
    ),
    "{path} cannot be read as a workbook ({reason}): open it in Excel and save it again": (
        "{path} 不能作为工作簿读取（{reason}）：请用 Excel 打开后另存"
    ),
    "{path} cannot be read ({reason}): it may be damaged; open it and save it again": (
        "{path} 无法读取（{reason}）：可能已损坏；请打开后另存"
    ),
    "{path}: {what} is not read{hint}; what is read: {names}": "{path}：不能读取 {what}{hint}；可读取的有：{names}",
    "{path}: the file is empty (0 bytes)": "{path}：文件是空的（0 字节）",
    "{path}: the file holds no text": "{path}：文件中没有文字",
    "{path}: the Word file holds no text (only pictures?)": "{path}：Word 文件中没有文字（只有图片？）",
    "{path}: the page holds no text (is it built by a script?)": "{path}：网页中没有文字（由脚本生成？）",
    "{path}: the table holds no rows": "{path}：表格没有数据行",
    "{path}: no page holds text": "{path}：各页都没有文字",
    "{path}: not text (a NUL at character {place}): give the document itself": (
        "{path}：不是文本（第 {place} 字符为 NUL）：请给出文档本身"
    ),
    "{path}: {suffix} files are read through LibreOffice, but `soffice` is not on the PATH; install it, "
    "or save the file as .docx": (
        "{path}：{suffix} 文件要借助 LibreOffice 读取，但 PATH 中没有 `soffice`；请安装，或另存为 .docx"
    ),
    "{path}: was not read in {seconds} seconds; split it, or save it in another format": (
        "{path}：{seconds} 秒内没有读完；请拆分，或存为其他格式"
    ),
    "{path}: cannot be read ({reason})": "{path}：无法读取（{reason}）",
    "{path}: cannot be read: {reason}": "{path}：无法读取：{reason}",
}

# Notes of progress bars.
_NOTES = {
    "tag (rank {rank} of {ranks})": "标注（进程 {rank}/{ranks}）",
    "{passages} passages · {rate} passages/s": "{passages} 段 · 每秒 {rate} 段",
    "epoch {epoch} · loss {loss} · best {best}": "第 {epoch} 轮 · 损失 {loss} · 最佳 {best}",
    "loss {loss} · held-out {held} ({accuracy})": "损失 {loss} · 留出集 {held}（{accuracy}）",
}

MESSAGES: dict[str, str] = {
    **_PROBLEMS, **_NOTES, **_PARTS, **_USAGE, **_CONFIG, **_DATA, **_MODELS, **_RUNS, **_DOCUMENTS,
}  # fmt: skip
