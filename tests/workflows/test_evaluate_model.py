from __future__ import annotations

import csv
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from conftest import EXAMPLES, made_records, write_jsonl
from minsheng.config.schema import EvaluateConfig, EvaluationConfig
from minsheng.errors import DataError, ModelError
from minsheng.evaluation.comparison import Comparison
from minsheng.evaluation.values import Evaluation
from minsheng.workflows.evaluate import compare_models, evaluate_model, folders_of
from minsheng.workflows.measure import year_of
from minsheng.workflows.provenance import git_state

CONFIG = EvaluateConfig(threads=1, precision="no", report=EvaluationConfig(resamples=20, worst=3))
DOMAINS = ["education", "healthcare", "pensions", "housing", "stability"]
TWO = {domain: EXAMPLES[domain].format(n=5, m=60) for domain in ("education", "housing")}


def evaluated(model: Path, data: Path, out: Path) -> Evaluation:
    return evaluate_model(model, [data], out=out, config=CONFIG)


@pytest.fixture(scope="module")
def report(model_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Evaluation, Path]:
    folder = tmp_path_factory.mktemp("evaluation")
    rows = made_records(96)
    for number, row in enumerate(rows):
        row |= {"register": "news" if number % 3 else "report", "source": "made"}
        row |= {"date": (f"{2019 - number % 4}-05-01", None)[number % 5 == 0]}
        if number % 16 == 1:
            row["labels"] = ["stability"]  # wrong on purpose
    data = write_jsonl(folder / "test.jsonl", rows)
    return evaluated(model_directory, data, folder / "out"), folder / "out"


def test_all_forms_are_written_and_agree(report: tuple[Evaluation, Path]) -> None:
    result, out = report
    assert {p.name for p in out.iterdir()} == {"evaluation.json", "evaluation.md", "report.html"}
    assert Evaluation.from_json((out / "evaluation.json").read_text("utf-8")) == result
    page = (out / "evaluation.md").read_text("utf-8")
    assert [domain.name for domain in result.domains] == DOMAINS
    assert all(domain in page for domain in DOMAINS)
    assert result.examples == 96 and f"{result.overall.macro.f1.value:.3f}" in page


def test_scores_are_those_of_the_tags(report: tuple[Evaluation, Path], model_directory: Path) -> None:
    from minsheng.tagging.tagger import Tagger

    result, out = report
    rows = [json.loads(line) for line in (out.parent / "test.jsonl").read_text("utf-8").splitlines()]
    tags = Tagger.load(model_directory, precision="no").tag([row["text"] for row in rows])
    assert 0 < sum(list(tag.labels) != row["labels"] for tag, row in zip(tags, rows, strict=True)) < 20
    for domain in result.domains:
        pairs = [
            (domain.name in row["labels"], domain.name in tag.labels)
            for row, tag in zip(rows, tags, strict=True)
        ]
        counts = (pairs.count((True, True)), pairs.count((False, True)), pairs.count((True, False)))
        assert (domain.correct, domain.false_alarms, domain.misses) == counts
        assert domain.average_precision.value is not None and domain.threshold is not None
    assert result.automatic is not None
    assert result.automatic.accepted == sum(tag.decision == "auto" for tag in tags)


def test_baselines_stand_beside_the_model_always(report: tuple[Evaluation, Path]) -> None:
    result, out = report
    names = [rival.name for rival in result.baselines]
    assert len(names) == 2 and "keyword" in names[0] and "TF-IDF" in names[1]
    assert all(rival.macro_f1.value is not None and len(rival.f1) == 5 for rival in result.baselines)
    assert all(name in (out / "evaluation.md").read_text("utf-8") for name in names)


def test_slices_and_worst_errors(report: tuple[Evaluation, Path]) -> None:
    result, _ = report
    assert {(s.name, s.value): s.examples for s in result.slices if s.name == "register"} == {
        ("register", "news"): 64, ("register", "report"): 32,
    }  # fmt: skip
    assert not [s for s in result.slices if s.name == "source"]  # one value says nothing
    assert 0 < len(result.misses) <= 3 and 0 < len(result.false_alarms) <= 3
    assert all(mistake.text and mistake.domain not in mistake.given for mistake in result.misses)
    years = [(s.value, s.examples) for s in result.slices if s.name == "year"]
    assert [value for value, _ in years] == ["2016", "2017", "2018", "2019", None]
    assert sum(examples for _, examples in years) == 96


def test_mistakes_have_their_sentence_and_systems_their_cost(report: tuple[Evaluation, Path]) -> None:
    result, _ = report
    for mistake in (*result.false_alarms, *result.misses):
        assert mistake.sentence is not None and 0 <= mistake.sentence.score <= 1
        assert mistake.text[mistake.sentence.start : mistake.sentence.end].strip()
    assert [cost.name for cost in result.costs] == ["model", *(rival.name for rival in result.baselines)]
    assert all(cost.seconds for cost in result.costs) and result.costs[0].bytes
    assert result.domains[0].label.zh == "教育" and result.domains[0].label.colour == "#2f6fb7"
    assert result.payoff is not None and result.suspects.found > 0
    about = result.about
    assert {"model", "data", "data fingerprint", "training config", "made", "torch", "processor"} <= set(
        about
    )


@pytest.mark.parametrize(
    ("date", "year"),
    [
        ("2019-03-01", "2019"),
        ("2008", "2008"),
        ("03.04.2011", "2011"),
        ("2015年3月", "2015"),
        ("12019", None),
        (None, None),
        ("", None),
    ],
)
def test_the_year_of_a_date(date: str | None, year: str | None) -> None:
    assert year_of(date) == year


def test_git_state_says_whether_files_differ(tmp_path: Path) -> None:
    assert git_state(tmp_path) is None

    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)

    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    git("init")
    assert git_state(tmp_path) is None  # no commit yet
    git("commit", "--allow-empty", "-m", "x")
    state = git_state(tmp_path)
    assert state is not None and len(state) == 12
    (tmp_path / "new").write_text("x", "utf-8")
    assert git_state(tmp_path) == f"{state}, with changes that are not committed"


def test_models_are_compared_on_the_same_paragraphs(model_directory: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(model_directory, other)
    values = json.loads((other / "minsheng.json").read_text("utf-8"))
    values["calibration"]["thresholds"] = [1.0] * 5  # gives no label
    (other / "minsheng.json").write_text(json.dumps(values), "utf-8")
    data = write_jsonl(tmp_path / "test.jsonl", made_records(60))
    config = EvaluateConfig(threads=1, precision="no", report=EvaluationConfig(resamples=200))
    result = compare_models([model_directory, other], [data], out=tmp_path / "out", config=config, lang="zh")
    first, second = result.models
    assert first.evaluation.overall.macro.f1.value > second.evaluation.overall.macro.f1.value  # type: ignore
    (pair,) = result.pairs
    gap = first.evaluation.overall.macro.f1.value - second.evaluation.overall.macro.f1.value  # type: ignore
    assert pair.macro_f1.difference.value == pytest.approx(gap)
    out = tmp_path / "out"
    assert Comparison.from_json((out / "comparison.json").read_text("utf-8")) == result
    assert "better than" in (out / "comparison.md").read_text("utf-8")
    page = (out / "report.html").read_text("utf-8")
    for model in result.models:
        assert f'href="{model.folder}/report.html"' in page
        assert (
            Evaluation.from_json((out / model.folder / "evaluation.json").read_text("utf-8"))
            == model.evaluation
        )
        assert (out / model.folder / "report.html").is_file()
    with pytest.raises(DataError, match="named twice"):
        compare_models([other, other], [data], out=tmp_path / "out", config=CONFIG)


def test_models_of_other_labels_are_not_compared(model_directory: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(model_directory, other)
    for name in ("minsheng.json", "config.json"):
        text = (other / name).read_text("utf-8")
        (other / name).write_text(text.replace('"stability"', '"safety"'), "utf-8")
    data = write_jsonl(tmp_path / "test.jsonl", made_records(12))
    with pytest.raises(DataError, match="compare models of one taxonomy and problem"):
        compare_models([model_directory, other], [data], out=tmp_path / "out", config=CONFIG)
    assert not (tmp_path / "out").exists()


def test_folders_of_models_are_safe_and_distinct() -> None:
    names = ["runs/a/model", "runs\\a\\model", "../../x", "模型", "C:/a b", "a" * 99]
    found = folders_of(names)
    assert found[:5] == ["1-runs-a-model", "2-runs-a-model", "3-x", "4", "5-C-a-b"]
    assert len(set(found)) == 6 and all(len(name) < 50 and "/" not in name for name in found)


def test_the_temperature_is_taken_out_for_the_comparison(report: tuple[Evaluation, Path]) -> None:
    result, _ = report
    assert result.calibration.before is not None and result.calibration.before != result.calibration.after
    about = " ".join(str(value) for value in dict(result.about).values())
    assert "livelihood" in about


# Marked evidence ----------------------------------------------------------------------------------------


def marked_rows() -> list[dict[str, Any]]:
    """Passages of two sentences that the model knows, of which a person marked one for each label."""
    return [
        {
            "id": f"m{n}", "group": f"m{n}", "labels": [domain],
            "text": f"今天县里开会研究了下一步安排{n}。" + EXAMPLES[domain].format(n=n + 2, m=9 * n + 20),
            "evidence": {domain: [EXAMPLES[domain].format(n=n + 2, m=9 * n + 20)]},
        }
        for n in range(12)
        for domain in [("education", "housing")[n % 2]]
    ]  # fmt: skip


def as_csv(path: Path, rows: list[dict[str, Any]]) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        table = csv.DictWriter(out, list(rows[0]))
        table.writeheader()
        for row in rows:
            mark = json.dumps(row["evidence"], ensure_ascii=False) if row["evidence"] else ""
            table.writerow(row | {"labels": "|".join(row["labels"]), "evidence": mark})
    return path


def as_parquet(path: Path, rows: list[dict[str, Any]]) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    parquet.write_table(pa.Table.from_pylist(rows), path)
    return path


def test_evidence_is_counted_where_a_person_marked_it(model_directory: Path, tmp_path: Path) -> None:
    rows = [
        *marked_rows(),
        {"id": "x", "text": "没有标注的一段。", "labels": [], "group": "x", "evidence": None},
    ]
    files = [write_jsonl(tmp_path / "a.jsonl", rows)]
    files += [as_csv(tmp_path / "a.csv", rows), as_parquet(tmp_path / "a.parquet", rows)]
    found = [evaluated(model_directory, data, tmp_path / "out").evidence for data in files]
    assert found[0] is not None and found[0] == found[1] == found[2]
    overall = found[0].overall
    assert overall.checked > 0 and overall.chance == pytest.approx(0.5)
    assert overall.right == overall.checked  # each shows its own sentence and not the one about the meeting
    assert "vidence" in (tmp_path / "out" / "evaluation.md").read_text("utf-8")


def test_marks_are_looked_for_in_the_cleaned_text(model_directory: Path, tmp_path: Path) -> None:
    rows = marked_rows()
    for row in rows:  # as scraped: half-width commas, in the text and in the mark
        row["text"] = row["text"].replace("，", ",")
        row["evidence"] = {
            domain: [quote.replace("，", ",") for quote in quotes]
            for domain, quotes in row["evidence"].items()
        }
    result = evaluated(model_directory, write_jsonl(tmp_path / "a.jsonl", rows), tmp_path / "out")
    assert result.evidence is not None and result.evidence.overall.checked > 0


@pytest.mark.parametrize(
    ("evidence", "message"),
    [
        ({"education": ["这句话不在文中。"]}, "the evidence of education does not stand in the text"),
        ({"education": [""]}, "the evidence of education does not stand in the text"),
        (
            {"eduction": [TWO["education"]]},
            "evidence of an unknown label 'eduction'; did you mean 'education'",
        ),
        (["education"], "evidence must map a domain to its sentences"),
        ("education", "evidence must map a domain to its sentences"),
        ({"education": [7]}, "evidence must map a domain to its sentences"),
        (7, "evidence must map a domain to its sentences"),
    ],
)
def test_wrong_marks_are_refused(
    evidence: object, message: str, model_directory: Path, tmp_path: Path
) -> None:
    text = TWO["education"] + TWO["housing"]
    row = {"id": "r1", "text": text, "labels": ["education", "housing"], "evidence": evidence}
    data = write_jsonl(tmp_path / "a.jsonl", [row])
    with pytest.raises(DataError, match=f"record 'r1': {message}"):
        evaluated(model_directory, data, tmp_path / "out")
    assert not (tmp_path / "out").exists()


# What cannot be evaluated -------------------------------------------------------------------------------


def test_refusals(model_directory: Path, tmp_path: Path) -> None:
    data = write_jsonl(tmp_path / "a.jsonl", [{"text": "一段话。", "labels": ["transport"]}])
    with pytest.raises(DataError, match=r"a\.jsonl, line 1: unknown label 'transport'"):
        evaluated(model_directory, data, tmp_path / "out")
    with pytest.raises(DataError, match="no such file"):
        evaluated(model_directory, tmp_path / "b.jsonl", tmp_path / "out")
    with pytest.raises(ModelError, match="no such model directory"):
        evaluated(tmp_path / "nothing", data, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_one_record_and_absent_domains_give_no_numbers_but_a_report(
    model_directory: Path, tmp_path: Path
) -> None:
    data = write_jsonl(tmp_path / "a.jsonl", [{"text": "修好了一条路。", "labels": []}])
    result = evaluated(model_directory, data, tmp_path / "out")
    assert result.examples == 1 and result.domains[0].recall.value is None
    assert "–" in (tmp_path / "out" / "evaluation.md").read_text("utf-8")


def test_contrast_pairs_are_reported_for_the_model_and_its_baselines(
    model_directory: Path, tmp_path: Path
) -> None:
    rows = made_records(24)
    for number, row in enumerate(rows):
        row["group"] = f"pair {number // 2}"
    rows[0]["labels"] = ["stability", "pensions"]  # wrong on purpose: a pair that cannot be right
    data = write_jsonl(tmp_path / "pairs.jsonl", rows)
    result = evaluate_model(model_directory, [data], out=tmp_path / "out", config=CONFIG, contrast_pairs=data)
    found = result.contrast
    assert found is not None and found.pairs == 12 and 6 < found.model.both < 12
    assert [row.name for row in found.baselines] == [rival.name for rival in result.baselines]
    assert f"| model | {found.model.both} |" in (tmp_path / "out" / "evaluation.md").read_text("utf-8")
    assert Evaluation.from_json(result.to_json()) == result
