"""The house rules that a machine can check: the order of the rooms, light imports, small files."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import minsheng

PACKAGE = Path(minsheng.__file__).parent
ROOMS = [
    "errors", "metrics", "taxonomy", "config", "documents", "corpus", "modeling", "tagging", "evaluation",
    "curation", "pages", "workflows", "cli",
]  # fmt: skip
# `minsheng/__init__.py` and `__main__.py` are the front door and see every room.


def imports_of(path: Path) -> set[str]:
    """Rooms of this package that a file imports, inside functions too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            names = [node.module]
            if node.module == "minsheng":
                names = [f"minsheng.{alias.name}" for alias in node.names]
        found |= {name.split(".")[1] for name in names if name.startswith("minsheng.")}
    return found


def test_rooms_import_only_from_rooms_above() -> None:
    seen = 0
    for path in sorted(PACKAGE.rglob("*.py")):
        room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if room in ("__init__", "__main__", "assets"):
            continue
        assert room in ROOMS, f"{path}: not a room of the house"
        below = {name for name in imports_of(path) if name in ROOMS and ROOMS.index(name) > ROOMS.index(room)}
        assert not below, f"{path} imports from {below}, which stands below {room}"
        seen += 1
    assert seen > 30


def test_no_circles_within_a_room() -> None:
    graph: dict[str, set[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(("minsheng", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(
            ".__init__"
        )
        edges = set()
        for node in ast.parse(path.read_text(encoding="utf-8")).body:  # at import time only
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("minsheng."):
                edges.add(node.module or "")
        graph[name] = edges

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, f"circle: {' → '.join((*trail, name))}"
        for target in graph.get(name, ()):
            visit(target, (*trail, name))

    assert len(graph) > 30
    for name in graph:
        visit(name, ())


def test_import_and_help_load_no_heavy_library() -> None:
    code = (
        "import sys, minsheng.cli.app as app\n"
        "from typer.testing import CliRunner\n"
        "result = CliRunner().invoke(app.app, ['--help'])\n"
        "assert result.exit_code == 0 and 'tag' in result.output, result.output\n"
        "heavy = {'torch', 'transformers', 'datasets', 'sklearn', 'pandas', 'accelerate'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_files_and_functions_stay_small() -> None:
    seen = 0
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "longer than" not in text:  # a reason stands in the file
            assert len(text.splitlines()) <= 300, f"{path}: over 300 lines"
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                limit = 100 if path.parts[-2] == "workflows" or node.name.endswith("_updates") else 60
                length = (node.end_lineno or 0) - node.lineno + 1
                assert length <= limit, f"{path}: {node.name} has {length} lines"
                seen += 1
    assert seen > 100
