"""The taxonomy as a page for people who code by it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from minsheng.errors import ConfigError
from minsheng.taxonomy.loading import load_taxonomy
from minsheng.taxonomy.values import Bilingual, Taxonomy


def render_codebook(taxonomy: Taxonomy) -> str:
    """The taxonomy as Markdown for people who code by it: Chinese first, with the English beside it."""
    path = f"configs/taxonomies/{taxonomy.name}.yaml"
    title = taxonomy.title or Bilingual(zh=taxonomy.name, en=taxonomy.name)
    out = [
        f"<!-- Rendered from {path}: change that file, not this one, and run",
        f"     python -m minsheng.taxonomy {path} data/CODEBOOK.md -->",
        f"# {title.zh}标注手册 · {title.en}: codebook",
        "",
        f"版本 version {taxonomy.version}",
    ]
    heads = (
        ("标注单位 Unit", taxonomy.unit),
        ("说明 Notes", taxonomy.notes),
        ("总则 General rule", taxonomy.rule),
    )
    for head, text in heads:
        if text:
            out += ["", f"## {head}", "", text.zh, "", f"> {text.en}"]
    out += ["", "## 领域 Domains", "", "| 键 key | 名称 | Name |", "| --- | --- | --- |"]
    out += [f"| `{d.key}` | {d.name.zh} | {d.name.en} |" for d in taxonomy.domains]
    for d in taxonomy.domains:
        out += ["", f"### {d.name.zh} · {d.name.en} (`{d.key}`)"]
        if d.definition:
            out += ["", d.definition.zh, "", f"> {d.definition.en}"]
        for head, items in (("包括 Included", d.include), ("不包括 Not included", d.exclude)):
            if items:
                out += ["", f"**{head}**", "", *(f"- {item}" for item in items)]
        if d.keywords:
            out += ["", "**关键词（仅供关键词规则使用） Keywords (for the keyword rule only)**"]
            out += ["", "、".join(d.keywords)]
    if taxonomy.rulings:
        out += ["", "## 疑难裁定 Rulings on hard cases"]
    for ruling in taxonomy.rulings:
        touched = "、".join(taxonomy.domain(key).name.zh for key in ruling.domains)
        out += ["", f"**{ruling.id}**（{touched}）{ruling.text.zh}", "", f"> {ruling.text.en}"]
    return "\n".join(out) + "\n"


def main(arguments: Sequence[str]) -> int:
    """`python -m minsheng.taxonomy NAME_OR_YAML [OUT.md]`: write the codebook as UTF-8, or print it."""
    if not 1 <= len(arguments) <= 2:
        print(main.__doc__, file=sys.stderr)
        return 2
    try:
        text = render_codebook(load_taxonomy(arguments[0]))
    except ConfigError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    if len(arguments) == 2:
        Path(arguments[1]).write_text(text, encoding="utf-8", newline="\n")
    else:
        print(text, end="")
    return 0
