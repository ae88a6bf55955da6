"""Personal numbers: with `--mask-personal` they stand in no file of the results, not even packed."""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path

import pytest

from conftest import EXAMPLES
from minsheng.config.schema import TagConfig
from minsheng.workflows.tag import tag

# Made up; the first two have the check digit of their kind.
SECRETS = ("11010519491231002X", "4111111111111111", "13912345678", "li.si@example.com")


def everything(out: Path) -> bytes:
    """All files of a run, unpacked."""
    parts: list[bytes] = []
    for path in sorted(path for path in out.rglob("*") if path.is_file()):
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as archive:
                parts += map(archive.read, archive.namelist())
        elif path.suffix == ".parquet":
            import pyarrow.parquet

            parts.append(repr(pyarrow.parquet.read_table(path).to_pylist()).encode())
        else:
            parts.append(path.read_bytes())
    return b"\n".join(parts)


@pytest.mark.parametrize("masking", [False, True])
def test_no_result_holds_a_personal_number(masking: bool, model_directory: Path, tmp_path: Path) -> None:
    from docx import Document

    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    text = EXAMPLES["housing"].format(n=3, m=44)
    book = Document()
    book.core_properties.title = f"来信 {SECRETS[2]}"
    book.add_heading(f"一、张三 {SECRETS[0]}", level=1)
    book.add_paragraph(f"{text}联系 {SECRETS[3]}，电话{SECRETS[2]}。")
    book.save(str(folder / "a.docx"))
    (folder / "b.txt").write_text("".join(f"{text}账号{secret}。\n" for secret in SECRETS), encoding="utf-8")
    with (folder / "c.csv").open("w", encoding="utf-8", newline="") as table:
        csv.writer(table).writerows([["id", "text"], *([n, f"{text}{s}"] for n, s in enumerate(SECRETS))])
    page = f"<html><title>{SECRETS[1]}</title><p>{text}{SECRETS[0]}。</p></html>"
    (folder / "d.html").write_text(page, encoding="utf-8")
    config = TagConfig(threads=1, precision="no", mask_personal=masking)
    done = tag([str(folder)], model=model_directory, out=out, config=config)
    assert done.documents == 7 and done.failures == 0 and done.passages >= 10
    written = everything(out)
    assert [secret.encode() in written for secret in SECRETS] == [not masking] * len(SECRETS)
    names = {path.suffix for path in out.rglob("*") if path.is_file()}
    assert {".jsonl", ".csv", ".xlsx", ".parquet", ".html", ".json"} <= names
