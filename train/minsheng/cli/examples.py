"""What stands below the options in `--help`: for every command, a purpose and a command that can be run."""

from __future__ import annotations

TITLE = "Examples:"

# "corpus check" → (purpose, command) …; the empty name is `minsheng` itself. No line over 76 columns.
EXAMPLES: dict[str, tuple[tuple[str, str], ...]] = {
    "": (
        ("label every report in a folder, with the model that ships", "minsheng tag data/samples"),
        ("see whether everything is in place", "minsheng doctor"),
        ("every command explains itself (MINSHENG_LANG=zh or en: in which language)", "minsheng tag --help"),
    ),
    "read": (
        ("the passages of a report, and what was left out", "minsheng read data/samples --dropped"),
        ("text that another program hands over", "minsheng read - < report.txt"),
        ("for a script, with offsets into the source", "minsheng read data/samples --json"),
    ),
    "tag": (
        ("all reports in a folder; the page is results/report.html", "minsheng tag data/samples --out results"),
        ("a table with one text a row", "minsheng tag messages.xlsx --text-column content"),
        ("with a model of your own, for a script", "minsheng tag data/samples --model runs/quickstart/model --json"),
    ),
    "train": (
        ("a model in minutes, from the encoder and the corpus that ship", "minsheng train configs/quickstart.yaml"),
        (
            "with labels of your own",
            "minsheng train configs/quickstart.yaml data.train=my.jsonl run.output=my-run",
        ),
    ),
    "distill": (
        ("a student of a tenth of the cost of the tagger that ships", "minsheng distill configs/distill-example.yaml"),
        (
            "with reports that nobody has labelled: the teacher does",
            "minsheng distill configs/distill-example.yaml data.unlabelled=my-reports",
        ),
    ),
    "pretrain": (
        ("a compact encoder from text files", "minsheng pretrain configs/pretrain-mini.yaml run.output=runs/mini"),
    ),
    "evaluate": (
        ("the tagger that ships on the test set that ships", "minsheng evaluate data/corpus/test.jsonl"),
        (
            "two models side by side",
            "minsheng evaluate minsheng-mini-livelihood my-run/model my-test.jsonl",
        ),
    ),
    "doctor": (
        ("this machine and this installation; nothing is contacted", "minsheng doctor"),
        ("also whether the Hub, or a mirror, answers", "HF_ENDPOINT=https://mirror.example minsheng doctor --online"),
    ),
    "corpus": (
        ("is a labelled file sound?", "minsheng corpus check data/corpus/train.jsonl"),
        ("which labels look wrong?", "minsheng corpus suspects data/corpus/train.jsonl"),
    ),
    "corpus check": (
        ("two sets, warnings count", "minsheng corpus check train.jsonl validation.jsonl --strict"),
    ),
    "corpus agree": (("two coders of the same texts", "minsheng corpus agree wang.jsonl li.jsonl --out decide.jsonl"),),
    "corpus suspects": (
        ("the twenty worst, and all of them in a table", "minsheng corpus suspects my.jsonl --out suspects.xlsx"),
    ),
    "corpus import": (
        ("an export of Label Studio becomes training data", "minsheng corpus import export.json my.jsonl"),
        ("a table with other column names", "minsheng corpus import my.xlsx my.jsonl --text-column content"),
    ),
    "corpus export": (
        ("texts to be labelled in Label Studio", "minsheng corpus export my.jsonl tasks.json --suggestions"),
    ),
    "corpus suggest": (
        ("first labels by keywords", "minsheng corpus suggest data/samples --out weak.jsonl"),
    ),
    "corpus select": (
        (
            "passages that are worth a label, for Label Studio",
            "minsheng corpus select data/samples --model my-run/model --out next.json",
        ),
    ),
}  # fmt: skip
