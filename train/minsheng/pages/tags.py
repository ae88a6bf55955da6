"""The page of a finished tagging run: overview, every document to read, corrections to save.

Derived from `tags.jsonl`, the line of each document and `failures.jsonl`; equal runs give equal bytes. What
the page saves is labelled JSONL as `minsheng corpus import` and `minsheng train` take it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from minsheng.config.pages import TagsPageConfig
from minsheng.config.schema import TrainConfig
from minsheng.modeling.checkpoint import write_atomic
from minsheng.pages.shell import asset, escaped, page
from minsheng.pages.tags_count import Record, count_run
from minsheng.pages.tags_data import Piece, blocks_of, pieces_in_parts, source_link
from minsheng.pages.tags_overview import Overview, render, short_name
from minsheng.pages.tags_style import domain_styles
from minsheng.pages.tags_words import WORDS, script_words
from minsheng.tagging.sinks import read_lines
from minsheng.taxonomy import Taxonomy

REPORT = "report.html"
_FOLDER = "report"  # of the pages of a run too large for one
_TAXONOMY = TrainConfig.model_fields["taxonomy"].default
_SCRIPTS = ("tags.js", "tags_review.js", "tags_documents.js")


def write_pages(
    out: Path,
    *,
    documents: Path,
    model: str,
    taxonomy: Taxonomy,
    validation: Mapping[str, Any],
    can_decide: bool,
    config: TagsPageConfig,
) -> list[Path]:
    """Write `report.html` into a directory with `tags.jsonl` and `failures.jsonl`; returns what was written.

    `documents`: JSONL with a line a document, in the order of the tags. `model` is the model's fingerprint,
    `validation` its validation counts (see `ModelInfo`). A run of more than `config.passages` passages is
    read in `report/0001.html`, … . Memory: the passages of one file. Raises RunError where the files do not
    fit together, ModelError for impossible validation counts.
    """
    tags = out / "tags.jsonl"
    count = count_run(read_lines(documents), read_lines(tags), taxonomy.keys)
    failures = list(read_lines(out / "failures.jsonl"))
    parts = pieces_in_parts(count.documents, most=config.passages)
    confusion = validation.get("confusion") or {}
    view = Overview(taxonomy, count, confusion, failures, can_decide, config, len(parts))
    run: dict[str, Any] = {
        "run": _sha256(tags)[:16],
        "model": model,
        "lang": config.lang,
        "words": script_words(config.lang),
        # For the command that the page names: the taxonomy where it is not that of `corpus import`.
        "options": "" if taxonomy.name == _TAXONOMY else f" --taxonomy {taxonomy.name}",
        "domains": [
            [domain.key, view.name(domain), short_name(domain, config.lang)] for domain in taxonomy.domains
        ],
        "parts": len(parts),
    }
    lines = read_lines(tags)
    if len(parts) == 1:
        report = _page(render(view), parts[0], lines, run | {"part": 1}, taxonomy, out)
        write_atomic(out / REPORT, report.encode("utf-8"))
        return [out / REPORT]
    return _write_parts(view, parts, lines, run, out)


def _write_parts(
    view: Overview, parts: Sequence[Sequence[Piece]], tags: Iterator[Record], run: dict[str, Any], out: Path
) -> list[Path]:
    """A file a part, and the overview whose documents lead there."""
    folder, taxonomy = out / _FOLDER, view.taxonomy
    folder.mkdir(exist_ok=True)
    written, places = [], []
    for number, pieces in enumerate(parts, 1):
        head = _part_head(number, len(parts), view.words)
        part = _page(head, pieces, tags, run | {"part": number}, taxonomy, folder)
        written.append(folder / f"{number:04d}.html")
        write_atomic(written[-1], part.encode("utf-8"))
        link = f"{_FOLDER}/{number:04d}.html#d="
        places += [[*_row(piece, out), f"{link}{place}"] for place, piece in enumerate(pieces)]
    data = {"run": run | {"part": 0, "documents": places}}
    report = _html(render(view), taxonomy, run["lang"], data, view.words["title"])
    write_atomic(out / REPORT, report.encode("utf-8"))
    return [out / REPORT, *written]


def _page(
    head: str,
    pieces: Sequence[Piece],
    tags: Iterator[Record],
    run: dict[str, Any],
    taxonomy: Taxonomy,
    folder: Path,
) -> str:
    """A file with passages."""
    blocks, places = blocks_of(pieces, tags, taxonomy.keys)
    documents = [[*_row(piece, folder), *place] for piece, place in zip(pieces, places, strict=True)]
    data = {"run": run | {"documents": documents}} | {f"b{n}": block for n, block in enumerate(blocks)}
    words = WORDS[run["lang"]]
    body = head + "\n" + _reader(run, words)
    return _html(body, taxonomy, run["lang"], data, words["title"])


def _row(piece: Piece, folder: Path) -> list[Any]:
    """What the script knows of a document: see `documentOf` there."""
    document, counts = piece.document, piece.document.counts
    return [
        document.name, document.title, document.date, source_link(document.name, folder),
        piece.first, piece.passages, counts.passages, counts.review, counts.labels, document.problem_text(),
        counts.characters,
    ]  # fmt: skip


def _html(body: str, taxonomy: Taxonomy, lang: str, data: Mapping[str, Any], title: str) -> str:
    return page(
        title=title,
        lang="zh-CN" if lang == "zh" else "en",
        body=body,
        styles=asset("tags.css") + domain_styles(taxonomy),
        script="\n".join(asset(name) for name in _SCRIPTS),
        data=data,
    )


def _part_head(part: int, parts: int, words: Mapping[str, str]) -> str:
    """What stands on a page of passages in place of the overview."""
    links = [
        f'<a href="{number:04d}.html">{escaped(words[name])}</a>'
        for number, name in ((part - 1, "previous"), (part + 1, "next"))
        if 1 <= number <= parts
    ]
    where = escaped(words["part"].format(part=part, parts=parts))
    return (
        f'<nav class="part"><a href="../{REPORT}">{escaped(words["overview"])}</a> {where} {" ".join(links)}</nav>'
        f'<noscript><p class="bad">{escaped(words["no_script"])}</p></noscript>'
    )


def _reader(run: Mapping[str, Any], words: Mapping[str, str]) -> str:
    """The frame of the reading view; the script fills it."""
    chips = "".join(
        f'<button type="button" class="chip k{n}" data-domain="{escaped(key)}" aria-pressed="false">'
        f"{escaped(short)}</button>"
        for n, (key, _, short) in enumerate(run["domains"])
    )
    chips += f'<button type="button" class="chip" data-domain="" aria-pressed="false">{escaped(words["none"])}</button>'
    chips += "".join(
        f'<button type="button" class="chip" id="{name}" aria-pressed="false">{escaped(words[name])}</button>'
        for name in ("review", "mine")
    )
    back = f'<a href="#">{escaped(words["overview"])}</a>' if run["parts"] == 1 else ""
    search = escaped(words["search"])
    return f"""<main id="reader" hidden>
<div class="tools">
<div class="where">{back}<h1 id="where"></h1><span id="steps"></span></div>
<div class="filters" role="group" aria-label="{escaped(words["filter"])}">
<input type="search" id="search" placeholder="{search}" aria-label="{search}">
<span class="chips">{chips}</span><span id="found" class="soft" role="status"></span></div>
</div>
<p class="soft hints"><span class="keys">{escaped(words["keys"])}</span>
<label class="file">{escaped(words["take"])}<input type="file" id="take" accept=".jsonl"></label></p>
<p id="left"></p>
<div id="list" lang="zh-CN"></div>
</main>
<aside id="saving" hidden>
<span id="mine-count"></span>
<label>{escaped(words["annotator"])} <input id="annotator" autocomplete="name" size="10"></label>
<button type="button" id="save">{escaped(words["save"])}</button>
<span id="message" role="status"></span>
</aside>"""


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
