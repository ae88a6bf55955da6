"""What can be checked of Windows without Windows: names, consoles, line ends, encodings, spawned processes."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path, PureWindowsPath

import pytest
from stopping import MOMENTS

import minsheng
from conftest import EXAMPLES, ROOT, made_records, write_jsonl
from minsheng.config.load import load_config
from minsheng.config.schema import DocumentsConfig, TrainConfig
from minsheng.corpus.records import read_records
from minsheng.documents import find
from minsheng.documents.clean import clean
from minsheng.documents.read import read_sources
from minsheng.documents.split import split
from minsheng.documents.values import Source
from minsheng.taxonomy import load_taxonomy

PACKAGE = Path(minsheng.__file__).parent
RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in "0123456789¹²³")}
LONGEST = 150  # characters below the folder that a person chose; Windows allows 260 in all


def bad_name(path: PureWindowsPath) -> bool:
    """Whether Windows could not hold a file of this relative name, by its rules for names."""
    return len(str(path)) > LONGEST or any(
        part.partition(".")[0].rstrip().lower() in RESERVED
        or part[-1:] in (".", " ")
        or any(c in '<>:"/\\|?*' or c < " " for c in part)
        for part in path.parts
    )


def unfit(folder: Path, *, without: frozenset[str] = frozenset()) -> list[str]:
    """Names below a folder that Windows cannot hold, or cannot tell apart."""
    seen: dict[str, str] = {}
    wrong: list[str] = []
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if without & set(relative.parts):
            continue
        name = relative.as_posix()
        if bad_name(PureWindowsPath(name)) or seen.setdefault(name.lower(), name) != name:
            wrong.append(name)
    assert seen or folder.is_file(), folder
    return wrong


def test_the_rules_for_names() -> None:
    for name in ("a/con.txt", "NUL", "a/b.", "a ", "a?b", "x/aux/y", "Com1.json", "a:b", "b" * 200):
        assert bad_name(PureWindowsPath(name)), name
    for name in ("a/contents.txt", "报告.docx", "a.b/c", ".lock", "00000001"):
        assert not bad_name(PureWindowsPath(name)), name


def test_the_repository_can_be_checked_out_on_windows() -> None:
    for name in ("train", "configs", "data", "scripts", "tests"):
        assert unfit(ROOT / name, without=frozenset({"__pycache__"})) == []


def test_what_a_run_writes_can_stand_on_windows(model_directory: Path, tmp_path: Path) -> None:
    from minsheng.config.schema import TagConfig
    from minsheng.workflows.tag import tag

    assert unfit(model_directory.parent) == []
    reports = tmp_path / "in"
    reports.mkdir()
    names = ["甲.txt", "b c.txt"] if os.name == "nt" else ["con.txt", "a:b?.txt", "b|c .txt", "甲.txt"]
    for name in names:  # the names of documents stand in the results, never as names of files
        (reports / name).write_text(EXAMPLES["housing"].format(n=3, m=44), encoding="utf-8")
    settings = TagConfig(threads=1, precision="no", window=1)
    done = tag([str(reports)], model=model_directory, out=tmp_path / "out", config=settings)
    assert done.documents == len(names) and unfit(done.out) == []


def test_paths_of_windows_are_shown_with_slashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find.os, "sep", "\\")
    assert find.readable_name("C:\\材料\\2024\\报告.docx") == "C:/材料/2024/报告.docx"
    assert find.readable_name("\\\\server\\share\\a.txt") == "//server/share/a.txt"


# The source ---------------------------------------------------------------------------------------------

POSIX_ONLY = {"fcntl", "grp", "pwd", "resource", "syslog", "termios", "tty", "pty"}
ARCHIVES = ("old", "new", "archive")  # what zip files are called here: they hold bytes
GUARDS = ("os.name", "sys.platform", "hasattr(os")
POSIX_CALLS = {"fork", "setsid", "getuid", "geteuid", "killpg", "mkfifo", "symlink", "sched_getaffinity"}


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def is_text_without_encoding(call: ast.Call) -> bool:
    """Whether a call reads or writes text in the encoding of the console's country."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    given = {keyword.arg for keyword in call.keywords}
    if "encoding" in given or None in given:
        return False
    if name == "read_text":
        return not call.args
    if name == "write_text":
        return len(call.args) < 2
    if name != "open" or (isinstance(call.func, ast.Attribute) and _owner(call.func) in ("os", *ARCHIVES)):
        return False
    modes = [arg.value for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    modes += [k.value.value for k in call.keywords if k.arg == "mode" and isinstance(k.value, ast.Constant)]
    return any(set(mode) <= set("rwax+t") for mode in modes) or not (call.args or call.keywords)


def _owner(attribute: ast.Attribute) -> str:
    return attribute.value.id if isinstance(attribute.value, ast.Name) else ""


def test_the_check_of_encodings_can_fail() -> None:
    for line in (
        "p.read_text()",
        "p.write_text(x)",
        "open(p, 'r')",
        "p.open('w')",
        "p.open()",
        "p.open(mode='a')",
    ):
        assert is_text_without_encoding(next(calls(ast.parse(line)))), line
    for line in ("p.read_text('utf-8')", "p.write_text(x, 'utf-8')", "p.open('rb')", "os.open(p, f)"):
        assert not is_text_without_encoding(next(calls(ast.parse(line)))), line


def unfit_calls(text: str) -> Iterator[str]:
    """What in a source file would fail, or mean something else, on Windows."""
    lines = text.splitlines()
    tree = ast.parse(text)
    for node in tree.body:
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        yield from (f"imports {name}" for name in names if name.partition(".")[0] in POSIX_ONLY)
    for call in calls(tree):
        where = f"line {call.lineno}: "
        if is_text_without_encoding(call):
            yield where + "text without an encoding"
        if (
            isinstance(call.func, ast.Attribute)
            and call.func.attr in POSIX_CALLS
            and _owner(call.func) == "os"
        ):
            # Fine right where the system was asked what it is.
            near = "\n".join(lines[max(0, call.lineno - 8) : call.lineno])
            if not any(guard in near for guard in GUARDS):
                yield where + f"os.{call.func.attr}"
        if any(isinstance(arg, ast.Constant) and arg.value in ("fork", "forkserver") for arg in call.args):
            yield where + "a start method that Windows does not have"
        if any(k.arg == "shell" and getattr(k.value, "value", None) is True for k in call.keywords):
            yield where + "a shell"


def test_nothing_is_posix_only_and_every_encoding_is_named() -> None:
    found = {
        path.name: list(unfit_calls(path.read_text(encoding="utf-8")))
        for path in [*sorted(PACKAGE.rglob("*.py")), *sorted((ROOT / "scripts").rglob("*.py"))]
    }
    assert len(found) > 100
    assert {name: wrong for name, wrong in found.items() if wrong} == {}
    harmful = "import fcntl\nos.fork()\nget_context('fork')\nrun(x, shell=True)\np.read_text()\n"
    assert len(list(unfit_calls(harmful))) == 5


# Line ends ----------------------------------------------------------------------------------------------


def crlf(path: Path, *, mark: bool = False) -> Path:
    """A copy with the line ends, and perhaps the byte order mark, that Notepad writes."""
    made = path.with_name(f"crlf-{path.name}")
    data = path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    made.write_bytes((b"\xef\xbb\xbf" if mark else b"") + data)
    return made


@pytest.mark.parametrize("mark", [False, True])
def test_line_ends_and_marks_of_notepad_change_nothing(mark: bool, run_config: Path, tmp_path: Path) -> None:
    assert load_config(TrainConfig, crlf(run_config, mark=mark)) == load_config(TrainConfig, run_config)
    taxonomy = tmp_path / "mine.yaml"
    taxonomy.write_bytes((PACKAGE / "assets" / "taxonomies" / "livelihood.yaml").read_bytes())
    assert load_taxonomy(str(crlf(taxonomy, mark=mark))).to_dict() == load_taxonomy("livelihood").to_dict()
    domains = load_taxonomy("livelihood").keys
    rows = write_jsonl(tmp_path / "rows.jsonl", made_records(12))
    assert read_records(crlf(rows, mark=mark), domains) == read_records(rows, domains)
    table = tmp_path / "rows.csv"
    lines = [f"{row['id']},{row['text']},{'|'.join(row['labels'])}" for row in made_records(12)]  # type: ignore[arg-type]
    table.write_text("id,text,labels\n" + "\n".join(lines) + "\n", encoding="utf-8")
    assert read_records(crlf(table, mark=mark), domains) == read_records(table, domains)
    texts = {
        "a.txt": "一、教育\n县里新建小学。\n\n二、住房\n公租房配租。\n",
        "b.md": "# 教育\n\n新建小学。\n",
    }
    for name, text in texts.items():
        plain = tmp_path / name
        plain.write_text(text, encoding="utf-8", newline="\n")
        one, two = (passages(path) for path in (plain, crlf(plain, mark=mark)))
        assert one and one == two


def passages(path: Path) -> list[tuple[str, str | None]]:
    config = DocumentsConfig()
    (source,) = read_sources(path, config=config)
    assert isinstance(source, Source)
    return [
        (p.text, p.heading) for p in split(clean(source, config=config.clean), config=config.split).passages
    ]


# Consoles and processes ---------------------------------------------------------------------------------


def command(*arguments: str, console: str) -> subprocess.CompletedProcess[bytes]:
    """`minsheng ARGUMENTS` on a console in another encoding than UTF-8."""
    environment = os.environ | {
        "PYTHONIOENCODING": console, "PYTHONUTF8": "0", "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path),
        "LC_ALL": "C",
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-m", "minsheng", *arguments], env=environment, capture_output=True
    )


@pytest.mark.parametrize("console", ["cp936", "cp437"] if MOMENTS else ["cp936"])
def test_a_console_in_cp936_shows_what_it_can(console: str, tmp_path: Path) -> None:
    path = tmp_path / "报告𠮷😀.txt"
    path.write_text("一、教育\n𠮷镇新建小学三所😀，Zürich、Ελλάδα。\n", encoding="utf-8")
    done = command("read", str(path), console=console)
    said = done.stdout.decode(console)  # whole: nothing half-written
    assert done.returncode == 0, done.stderr
    assert ("新建小学三所" in said) == (console == "cp936")
    done = command("read", str(tmp_path / "没有😀.txt"), console=console)
    assert done.returncode in (2, 3) and b"Traceback" not in done.stderr + done.stdout
    assert b"minsheng" in done.stderr or done.stderr.decode(console).strip()


SPAWNED = """
import multiprocessing, sys
from pathlib import Path

def work(path, queue):
    from minsheng.config.schema import DocumentsConfig
    from minsheng.documents.read import read_all
    queue.put([getattr(item, "text", None) for item in read_all([path], config=DocumentsConfig())])

if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=work, args=(sys.argv[1], queue))
    process.start()
    (text,) = queue.get(timeout=100)
    process.join()
    sys.stdout.buffer.write(text.encode("utf-8"))
"""


def test_documents_are_read_in_a_spawned_process(tmp_path: Path) -> None:
    (tmp_path / "spawned.py").write_text(SPAWNED, encoding="utf-8")
    page = tmp_path / "a.html"
    page.write_text("<html><body><p>县里新建小学三所，学位增加了二百个。</p></body></html>", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(tmp_path / "spawned.py"), str(page)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    assert "新建小学三所" in done.stdout.decode("utf-8")
