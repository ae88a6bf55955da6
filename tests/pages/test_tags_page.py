from __future__ import annotations

import json
import re
import string
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tags_run import CELLS, DOCUMENTS, HOSTILE, TAGS, TAXONOMY, write_run

from minsheng.config.pages import TagsPageConfig
from minsheng.config.schema import TagConfig
from minsheng.errors import RunError
from minsheng.pages import tags_words
from minsheng.pages.shell import asset
from minsheng.pages.tags_count import DocumentCount, Slice, count_run, file_and_row, year_of
from minsheng.pages.tags_data import compact, pieces_in_parts, source_link, utf16_offsets
from minsheng.workflows.tag import tag

SCRIPTS = ("tags.js", "tags_review.js", "tags_documents.js")


class Parts(HTMLParser):
    """Elements with their attributes, the visible text, and the JSON of the data blocks."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text, self.data = "", dict[str, Any]()
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag if tag in ("script", "style") else ""

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.text += data
        elif self.elements[-1][1].get("type") == "application/json":
            self.data[str(self.elements[-1][1]["id"])] = json.loads(data)


def parts_of(path: Path) -> Parts:
    return Parts(path.read_text("utf-8"))


def row(page: Parts, name: str) -> str:
    """The cells after a domain's name, apart by one space."""
    return " ".join(page.text.partition(name)[2].split())


# Words ---------------------------------------------------------------------------------------------------


def test_both_languages_have_the_same_words_and_each_is_used() -> None:
    zh, en = tags_words.WORDS["zh"], tags_words.WORDS["en"]
    assert list(zh) == list(en) and len(zh) > 50
    for key in zh:
        fields = [{f for _, f, _, _ in string.Formatter().parse(words[key]) if f} for words in (zh, en)]
        assert fields[0] == fields[1], key
    script = "\n".join(asset(name) for name in SCRIPTS)
    folder = Path(tags_words.__file__).parent
    python = (folder / "tags.py").read_text("utf-8") + (folder / "tags_overview.py").read_text("utf-8")
    used = set(re.findall(r"\bW\.(\w+)", script)) | {"mojibake", "no passages"}  # the last two by `W[kind]`
    assert used == set(tags_words.SCRIPT)
    named = {key for key in zh if re.search(f"[\"']{key}[\"']", python)}
    assert used | named == set(zh)


# Counting ------------------------------------------------------------------------------------------------


def test_counts_against_brute_force() -> None:
    count = count_run(DOCUMENTS, TAGS, TAXONOMY.keys)
    assert [document.name for document in count.documents] == ["甲/报告.pdf", "乙.txt", "空.docx", "丙.csv"]
    assert list(count.years) == ["2023", "2024"]
    slices = [(count.total, TAGS)]
    slices += [
        (counts, [t for t in TAGS if t["date"] and year in t["date"]]) for year, counts in count.years.items()
    ]
    slices += [(d.counts, [t for t in TAGS if t["document"].startswith(d.name)]) for d in count.documents]
    for counts, mine in slices:
        assert counts.passages == len(mine)
        assert counts.characters == sum(len(t["text"]) for t in mine)
        assert counts.review == sum(t["decision"] == "review" for t in mine)
        assert counts.without == sum(not t["labels"] for t in mine)
        for number, key in enumerate(TAXONOMY.keys):
            having = [t for t in mine if key in t["labels"]]
            assert counts.labels[number] == len(having)
            assert counts.label_characters[number] == sum(len(t["text"]) for t in having)
    assert count.documents[3].problem_text() == "mojibake × 3" and count.documents[3].date is None


@pytest.mark.parametrize(
    ("document", "wanted"),
    [
        ("a/b.txt", ("a/b.txt", None)),
        ("a#1.txt", ("a#1.txt", None)),
        ("a.csv#n1", ("a.csv", "n1")),
        ("a#x.XLSX#b#c.csv#d", ("a#x.XLSX", "b#c.csv#d")),
        ("-", ("-", None)),
    ],
)
def test_rows_of_tables_are_told_from_names_with_a_hash(document: str, wanted: object) -> None:
    assert file_and_row(document) == wanted


@pytest.mark.parametrize(
    ("date", "year"),
    [("2024-05-16", "2024"), ("2024年5月", "2024"), ("20240516", "2024"), ("16/05/1998", "1998"),
     ("1234567", None), ("上月", None), ("", None), (None, None), ("3024", None)],
)  # fmt: skip
def test_year_of_a_date(date: str | None, year: str | None) -> None:
    assert year_of(date) == year


# Data ----------------------------------------------------------------------------------------------------


@given(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("𠮷😀a")), st.data())
def test_offsets_fit_strings_of_a_browser(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    at, wide = utf16_offsets(text), text.encode("utf-16-le")
    assert wide[2 * at(start) : 2 * at(end)].decode("utf-16-le") == text[start:end]


@given(st.lists(st.integers(0, 12)), st.integers(1, 9))
def test_parts_hold_every_passage_once_and_cut_only_long_documents(sizes: list[int], most: int) -> None:
    documents = [DocumentCount(str(n), None, None, Slice(1, passages=size)) for n, size in enumerate(sizes)]
    parts = pieces_in_parts(documents, most=most)
    flat = [(p.document.name, p.first + i) for part in parts for p in part for i in range(p.passages)]
    assert flat == [(str(n), i) for n, size in enumerate(sizes) for i in range(size)]
    assert list(dict.fromkeys(p.document.name for part in parts for p in part)) == [
        str(n) for n in range(len(sizes))
    ]
    assert all(sum(piece.passages for piece in part) <= most for part in parts)
    for size, document in zip(sizes, documents, strict=True):
        pieces = [p for part in parts for p in part if p.document is document]
        assert len(pieces) == (1 if size <= most else -(-size // most))


def test_compact_passages_keep_everything() -> None:
    first, second, third = compact(TAGS[:3], TAXONOMY.keys)
    assert first == [
        "𠮷镇新建小学三所。学位够用。",
        "一、教育",
        3,
        120,
        260,
        [0],
        [875, 62, 62, 62, 62],
        [[0, 0, 10, 750]],
        0,
    ]
    assert second[1] == 0 and third[1] == HOSTILE and third[8] == 1
    rows = compact(TAGS[4:], TAXONOMY.keys)
    assert [made[9] for made in rows] == [
        ["7", "2024-01-02", 0, 1], ["7", "2024-01-02", 0, 2], ["a#b", "2023-08-01", 0, 1],
    ]  # fmt: skip


def test_links_to_the_source_are_relative_and_quoted(tmp_path: Path) -> None:
    odd = tmp_path / "材料" / "a b#1?.txt"
    odd.parent.mkdir()
    odd.write_text("x", "utf-8")
    link = source_link(str(odd), tmp_path / "out" / "report")
    assert link == "../../%E6%9D%90%E6%96%99/a%20b%231%3F.txt"
    for nothing in ("-", str(tmp_path / "none.txt"), str(tmp_path), "a\0b", "javascript:alert(1)"):
        assert source_link(nothing, tmp_path) is None


# The page ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_nothing_from_data_becomes_markup(lang: str, tmp_path: Path) -> None:
    (report,) = write_run(tmp_path, lang=lang)
    page = parts_of(report)
    assert {name for name, _ in page.elements} <= {
        "html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "p", "a", "div", "table", "thead",
        "tbody", "tr", "th", "td", "span", "small", "svg", "line", "circle", "button", "input", "label", "ul", "li",
        "noscript", "aside", "script", "strong",
    }  # fmt: skip
    for name, attributes in page.elements:
        assert not any(key == "style" or key.startswith("on") for key in attributes), name
    assert sum(name == "script" and "type" not in attributes for name, attributes in page.elements) == 1
    assert HOSTILE.rstrip("\u2028") in page.text  # the message of the file that could not be read, as text
    assert f"x0: {HOSTILE}" in page.text


def test_the_data_of_the_page_are_the_tags(tmp_path: Path) -> None:
    (report,) = write_run(tmp_path)
    data = parts_of(report).data
    run = data["run"]
    assert [document[0] for document in run["documents"]] == ["甲/报告.pdf", "乙.txt", "空.docx", "丙.csv"]
    found = [p for *_, block, slot in run["documents"] for p in data[f"b{block}"][slot]]
    assert [p[0] for p in found] == [t["text"] for t in TAGS]
    assert [[TAXONOMY.keys[n] for n in p[5]] for p in found] == [t["labels"] for t in TAGS]
    assert [p[8] == 1 for p in found] == [t["decision"] == "review" for t in TAGS]
    assert run["domains"][2] == ["pensions", "养老与社会保障", "社保"] and run["parts"] == 1
    again = write_run(tmp_path / "again")[0]
    assert again.read_bytes() == report.read_bytes()
    changed = write_run(tmp_path / "changed", tags=[*TAGS[:-1], TAGS[-1] | {"labels": []}])[0]
    assert parts_of(changed).data["run"]["run"] != run["run"]  # corrections of one run never meet another


def test_a_large_run_is_read_in_parts(tmp_path: Path) -> None:
    report, *pages = write_run(tmp_path, passages=2)
    assert [page.relative_to(tmp_path).as_posix() for page in pages] == [
        f"report/000{n}.html" for n in range(1, len(pages) + 1)
    ]
    texts = []
    for page in map(parts_of, pages):
        mine = [p for *_, b, s in page.data["run"]["documents"] for p in page.data[f"b{b}"][s]]
        assert 0 < len(mine) <= 2
        texts += [p[0] for p in mine]
    assert texts == [t["text"] for t in TAGS]
    overview = parts_of(report)
    assert not any(name.startswith("b") for name in overview.data)
    for name, *_, first, passages, _, _, _, _, _, link in overview.data["run"]["documents"]:
        file, _, place = link.partition("#d=")
        target = parts_of(tmp_path / file).data["run"]["documents"][int(place)]
        assert [target[0], *target[4:6]] == [name, first, passages]
    back = [attributes["href"] for name, attributes in parts_of(pages[1]).elements if name == "a"]
    assert back[:3] == ["../report.html", "0001.html", "0003.html"]


def test_lines_that_do_not_fit_their_documents_are_refused(tmp_path: Path) -> None:
    mixed = [TAGS[0], TAGS[3], TAGS[1]]
    with pytest.raises(RunError, match="tag it again"):
        write_run(tmp_path, tags=mixed)


# What it claims ------------------------------------------------------------------------------------------


def many(counts: dict[str, int], none: int) -> list[dict[str, Any]]:
    base = TAGS[3] | {"date": None}
    made = [base | {"labels": [key]} for key, n in counts.items() for _ in range(n)] + [base] * none
    return [line | {"passage": number} for number, line in enumerate(made)]


def test_shares_raw_and_corrected(tmp_path: Path) -> None:
    tags = many({"education": 500, "housing": 100}, 1400)
    page = parts_of(write_run(tmp_path, tags=tags, documents=DOCUMENTS[1:2])[0])
    # 25 % counted; hits 90 %, false alarms 9 of 400: (0.25 - 0.0225) / (0.9 - 0.0225) = 25.9 %.
    assert CELLS["false_positives"] / 400 == 0.0225
    assert re.search(r"500 ?25% ?26%", row(page, "各领域").partition("教育")[2])
    assert "谈得最多的是教育，约占全部段落的 26%（95% 区间" in page.text
    assert "Forman 2008" in page.text


def test_no_domain_is_called_first_within_the_uncertainty(tmp_path: Path) -> None:
    tags = many({"education": 21, "housing": 20}, 60)
    page = parts_of(write_run(tmp_path, tags=tags, documents=DOCUMENTS[1:2])[0])
    assert "不能断定" in page.text and "谈得最多的是教育" not in page.text


def test_a_model_without_validation_counts_gets_no_correction(tmp_path: Path) -> None:
    page = parts_of(write_run(tmp_path, validation={}, can_decide=False, lang="en", failures=25)[0])
    assert "no validation counts" in page.text and "Corrected" not in page.text
    assert "All 2 passages should be reviewed" in page.text and "as they are" not in page.text
    assert "By plain count the most frequent domain is" in page.text
    assert "x19:" in page.text and "x20:" not in page.text and "5 more are listed" in page.text


def test_a_run_without_passages(tmp_path: Path) -> None:
    page = parts_of(write_run(tmp_path, tags=[], documents=[])[0])
    assert "没有一份文件读成" in page.text and page.data["run"]["documents"] == []
    assert "1 份文件没有读成" in page.text and "按名称查找文件" not in page.text


def test_a_run_without_labels(tmp_path: Path) -> None:
    page = parts_of(write_run(tmp_path, tags=many({}, 40), documents=DOCUMENTS[1:2])[0])
    assert "没有一段被标上领域。" in page.text and "不能断定" not in page.text


# The command ---------------------------------------------------------------------------------------------


def test_tagging_writes_the_page(model_directory: Path, tmp_path: Path) -> None:
    source = tmp_path / "报告.txt"
    source.write_text("一、住房\n棚户区改造开工九百套，公租房配租七十户。\n", "utf-8")
    done = tag(
        [str(source)], model=model_directory, out=tmp_path / "out", page=TagsPageConfig(lang="en"),
        config=TagConfig(threads=1, precision="no"),
    )  # fmt: skip
    page = parts_of(done.out / "report.html")
    run = page.data["run"]
    assert page.elements[0] == ("html", {"lang": "en"}) and "By domain" in page.text
    assert run["documents"][0][3] == "../%E6%8A%A5%E5%91%8A.txt" and len(page.data["b0"][0]) == done.passages
