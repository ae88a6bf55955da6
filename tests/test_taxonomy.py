from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minsheng.errors import ConfigError
from minsheng.taxonomy import (
    Taxonomy,
    keyword_labels,
    keyword_matches,
    load_taxonomy,
    render_codebook,
    shipped_taxonomies,
)
from minsheng.taxonomy.codebook import main

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = ROOT / "configs" / "taxonomies"
ASSETS = ROOT / "train" / "minsheng" / "assets" / "taxonomies"

FRUIT = """\
name: fruit
domains:
  - key: apple
    name: 苹果
    keywords: [苹果, 果园]
    unless: [苹果手机]
  - key: no
    name: {zh: 其他, en: Other}
    keywords: 110
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "own.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def problem(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_taxonomy(write(folder, text))
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(str(folder / "own.yaml"))
    return message.removeprefix(str(folder / "own.yaml"))


def test_the_codebook_that_ships() -> None:
    taxonomy = load_taxonomy("livelihood")
    assert taxonomy.keys == ("education", "healthcare", "pensions", "housing", "stability")
    assert taxonomy.names("zh") == ("教育", "医疗卫生", "养老与社会保障", "住房", "平安稳定")
    assert taxonomy.names("en")[2] == "Pensions and social security"
    assert taxonomy.names("en")[4] == "Public safety and order"
    assert [ruling.id for ruling in taxonomy.rulings] == [f"R{n}" for n in range(1, 17)]
    for domain in taxonomy.domains:
        assert domain.definition and domain.include and domain.exclude and domain.short
        assert len(domain.keywords) >= 50


def test_the_second_example_adds_work_and_keeps_the_rest() -> None:
    five, six = load_taxonomy("livelihood"), load_taxonomy("livelihood-and-work")
    assert six.keys == ("education", "employment", "healthcare", "pensions", "housing", "stability")
    assert six.fingerprint() != five.fingerprint()
    for domain in five.domains:
        assert six.domain(domain.key).keywords == domain.keywords
        assert six.domain(domain.key).include == domain.include
    text = "全年新增就业2600人，举办招聘会14场。"
    assert keyword_labels(text, six) == ("employment",)
    assert keyword_labels(text, five) == ()


def test_the_copies_in_the_package_equal_the_configs() -> None:
    names = sorted(path.name for path in CONFIGS.glob("*.yaml"))
    assert len(names) >= 2
    assert names == sorted(path.name for path in ASSETS.glob("*.yaml"))
    assert set(shipped_taxonomies()) == {name.removesuffix(".yaml") for name in names}
    for name in names:
        assert (CONFIGS / name).read_bytes() == (ASSETS / name).read_bytes(), f"copy {name} to the assets"
        assert load_taxonomy(CONFIGS / name) == load_taxonomy(name.removesuffix(".yaml"))


def test_the_rendered_codebook_is_up_to_date(tmp_path: Path) -> None:
    config = CONFIGS / "livelihood.yaml"
    assert main([str(config), str(tmp_path / "out.md")]) == 0
    rendered = (tmp_path / "out.md").read_bytes()
    assert rendered == (ROOT / "data" / "CODEBOOK.md").read_bytes().replace(b"\r\n", b"\n")
    text = rendered.decode("utf-8")
    assert "python -m minsheng.taxonomy configs/taxonomies/livelihood.yaml data/CODEBOOK.md" in text
    for domain in load_taxonomy(config).domains:
        assert domain.name.zh in text and all(line in text for line in domain.include + domain.exclude)


def test_main_says_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert main(["livelihod"]) == 2
    assert "did you mean 'livelihood'" in capsys.readouterr().err


def test_chinese_text_keeps_no_space_from_folded_lines() -> None:
    for name in shipped_taxonomies():
        taxonomy = load_taxonomy(name)
        texts = [ruling.text.zh for ruling in taxonomy.rulings] + [taxonomy.rule.zh if taxonomy.rule else ""]
        assert len(texts) > 10
        assert not [text for text in texts if " " in text or not text]


def test_an_own_taxonomy_needs_little(tmp_path: Path) -> None:
    taxonomy = load_taxonomy(write(tmp_path, FRUIT))
    assert taxonomy.keys == ("apple", "no")
    assert taxonomy.names("en") == ("苹果", "Other")
    assert taxonomy.domain("no").keywords == ("110",)
    assert load_taxonomy(str(write(tmp_path, "\ufeff" + FRUIT))) == taxonomy
    assert "### 苹果" in render_codebook(taxonomy)
    with pytest.raises(ConfigError, match="did you mean 'apple'"):
        taxonomy.domain("aple")


@pytest.mark.parametrize("name", shipped_taxonomies())
def test_a_dict_and_back(name: str) -> None:
    taxonomy = load_taxonomy(name)
    again = Taxonomy.from_dict(json.loads(json.dumps(taxonomy.to_dict())))
    assert again == taxonomy
    assert hash(again) == hash(taxonomy)
    assert again.fingerprint() == taxonomy.fingerprint()
    assert len(taxonomy.fingerprint()) == 64


def test_a_fingerprint_sees_every_change() -> None:
    data = load_taxonomy("livelihood").to_dict()
    before = Taxonomy.from_dict(data).fingerprint()
    data["domains"][3]["exclude"].append("车位租赁")
    assert Taxonomy.from_dict(data).fingerprint() != before


def test_wrong_data_names_its_source() -> None:
    with pytest.raises(ConfigError, match=r"minsheng\.json: domains is missing"):
        Taxonomy.from_dict({"name": "fruit"}, source="minsheng.json")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "keywords: [苹",
            "keyword: [苹",
            ", line 5: domains[0].keyword is not a key here; did you mean 'keywords'?",
        ),
        ("name: fruit", "nmae: fruit", ", line 1: nmae is not a key here; did you mean 'name'?"),
        ("en: Other", "eng: Other", ", line 8: domains[1].name.eng is not a key here"),
        ("key: no", "key: apple", ", line 7: domains[1].key is 'apple' a second time"),
        ("key: no", "key: 2b", ", line 7: domains[1].key is '2b'; expected lower-case letters"),
        ("key: apple", "key: Apple", ", line 3: domains[0].key is 'Apple'; expected lower-case letters"),
        ("  - key: apple\n    name: 苹果\n", "  - key: apple\n", ", line 3: domains[0].name is missing"),
        ("[苹果手机]", "[香蕉]", ", line 6: domains[0].unless[0] is '香蕉', which holds no keyword"),
        ("[苹果, 果园]", "[苹果, 苹果]", ", line 5: domains[0].keywords[1] is '苹果' a second time"),
        ("[苹果, 果园]", "[苹果, 果园", ", line 6: not valid YAML"),
        (
            "keywords: 110",
            "keywords: 110\n    keywords: 119",
            ", line 10: domains[1].keywords is given twice",
        ),
        ("keywords: 110", 'colour: "red"', ", line 9: domains[1].colour is 'red'; expected a colour"),
        ("keywords: 110", "keywords: {a: b}", ", line 9: domains[1].keywords is {'a': 'b'}"),
    ],
)
def test_errors_name_line_key_and_remedy(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert old in FRUIT
    message = problem(tmp_path, FRUIT.replace(old, new, 1))
    assert message.startswith(expected)


@pytest.mark.parametrize("text", ["name: fruit\ndomains: []\n", "name: fruit\ndomains:\n", "name: fruit\n"])
def test_no_domains_is_an_error(tmp_path: Path, text: str) -> None:
    message = problem(tmp_path, text)
    assert "domains" in message and "at least one domain" in message


@pytest.mark.parametrize("text", ["", "- a\n", "just text\n"])
def test_a_file_without_keys_is_an_error(tmp_path: Path, text: str) -> None:
    assert "expected keys such as name and domains" in problem(tmp_path, text)


def test_a_ruling_on_an_unknown_domain_is_an_error(tmp_path: Path) -> None:
    message = problem(tmp_path, FRUIT + "rulings:\n  - {id: R1, text: 见上, domains: [aple]}\n")
    assert message.startswith(", line 11: rulings[0].domains[0] is 'aple'")
    assert "did you mean 'apple'" in message


def test_a_missing_or_foreign_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read taxonomy .*none\.yaml"):
        load_taxonomy(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match=r"no taxonomy 'livelihod' ships .*did you mean 'livelihood'"):
        load_taxonomy("livelihod")
    gbk = tmp_path / "gbk.yaml"
    gbk.write_bytes(FRUIT.encode("gb18030"))
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_taxonomy(gbk)


def test_the_keyword_rule_skips_shielded_phrases(tmp_path: Path) -> None:
    taxonomy = load_taxonomy(write(tmp_path, FRUIT))
    assert keyword_labels("苹果手机降价了", taxonomy) == ()
    assert keyword_labels("果园里丢了一部苹果手机，拨打110", taxonomy) == ("apple", "no")
    found = keyword_matches("苹果手机和苹果", taxonomy)
    assert [(m.domain, m.start, m.end) for m in found] == [("apple", 5, 7)]


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("新建公办幼儿园6所，新增学位1800个。", ("education",)),
        ("深入开展主题教育，清理超标办公用房，医药产业园开工。", ()),
        ("乡镇卫生院全部配齐全科医生，低保标准提高到每月720元。", ("healthcare", "pensions")),
        ("棚户区改造开工900套，排查消防通道堵塞问题210处。", ("housing", "stability")),
        ("群众的获得感、幸福感、安全感不断增强。", ()),
    ],
)
def test_the_keyword_rule_of_the_codebook(text: str, labels: tuple[str, ...]) -> None:
    assert keyword_labels(text, load_taxonomy("livelihood")) == labels


@given(
    text=st.text("ab", max_size=14),
    keywords=st.lists(st.text("ab", min_size=1, max_size=3), min_size=1, max_size=4, unique=True),
    wraps=st.lists(st.tuples(st.text("ab", max_size=2), st.text("ab", max_size=2)), max_size=2),
)
def test_matches_agree_with_brute_force(text: str, keywords: list[str], wraps: list[tuple[str, str]]) -> None:
    unless = [before + keywords[0] + after for before, after in wraps]
    domain = {"key": "a", "name": "a", "keywords": keywords, "unless": unless}
    taxonomy = Taxonomy.from_dict({"name": "t", "domains": [domain]})
    spans = [(i, j) for i in range(len(text)) for j in range(i + 1, len(text) + 1)]
    shields = [(i, j) for i, j in spans if text[i:j] in unless]
    open_ = [
        (i, j) for i, j in spans if text[i:j] in keywords and not any(a <= i and j <= b for a, b in shields)
    ]
    widest = [(i, j) for i, j in open_ if not any(a <= i and j <= b and (a, b) != (i, j) for a, b in open_)]
    assert [(m.start, m.end) for m in keyword_matches(text, taxonomy)] == widest
    assert keyword_labels(text, taxonomy) == (("a",) if open_ else ())
