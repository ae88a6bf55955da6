"""Install into fresh environments and run every check: `python3 scripts/test.py [pytest arguments]`.

`python3 scripts/test.py --faults [--seed N] [--moments N]` runs the long fault suite instead: runs stopped at
random moments, hostile inputs, bombs. It takes the better part of an hour and ends with a table.

Standard library only; the same on Linux, macOS and Windows. Environments are made under `.venv-test` and
`.venv-wheel`; delete them to begin anew.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Nothing may be fetched while tests run, and telemetry of libraries stays off.
OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1", "PYTHONUTF8": "1"}


def run(title: str, *command: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None) -> None:
    """Run one step; stop everything where it fails."""
    print(f"\n== {title}", flush=True)
    began = time.monotonic()
    done = subprocess.run([str(part) for part in command], cwd=cwd, env={**os.environ, **(env or {})})
    if done.returncode:
        sys.exit(f"== {title}: failed with exit code {done.returncode}")
    print(f"== {title}: done in {time.monotonic() - began:.0f} s", flush=True)


def environment(folder: Path, *, fresh: bool = False) -> Path:
    """A virtual environment; returns its python."""
    if fresh and folder.exists():
        shutil.rmtree(folder)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        venv.create(folder, with_pip=True, clear=True)
    return python


def faults(python: Path, *, seed: int, moments: int, rest: list[str]) -> None:
    """The long fault suite, and the table of what was tried and survived, whether it fails or not."""
    print(f"\n== faults: seed {seed}, at least {moments} moments for each kind of run", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        report = Path(temporary) / "report.jsonl"
        report.touch()
        told = {
            "MINSHENG_FAULTS": str(moments), "MINSHENG_FAULTS_SEED": str(seed), "MINSHENG_FAULTS_REPORT": str(report),
        }  # fmt: skip
        try:
            run("faults", python, "-m", "pytest", "tests/faults", *rest, env=OFFLINE | told)
        finally:
            run(
                f"what was tried (seed {seed})",
                python,
                ROOT / "tests" / "faults" / "report.py",
                report,
                env=OFFLINE,
            )


def main() -> None:
    asked = argparse.ArgumentParser(
        description="Run every check, or the long fault suite.", allow_abbrev=False
    )
    asked.add_argument("--faults", action="store_true", help="the long fault suite, and nothing else")
    asked.add_argument("--seed", type=int, help="of the fault suite; default: a random one, which is printed")
    asked.add_argument("--moments", type=int, default=50, help="at which each kind of run is stopped")
    options, rest = asked.parse_known_args()
    if sys.version_info < (3, 11):
        sys.exit(f"minsheng needs Python 3.11 or newer; this is {sys.version.split()[0]}")
    python = environment(ROOT / ".venv-test")
    constraints = ROOT / "constraints.txt"
    run("install", python, "-m", "pip", "install", "--quiet", "-c", constraints, "-e", f"{ROOT}[dev]")
    if options.faults:
        seed = random.randrange(1_000_000) if options.seed is None else options.seed
        faults(python, seed=seed, moments=options.moments, rest=rest)
        return
    run("ruff check", python, "-m", "ruff", "check", ".")
    run("ruff format", python, "-m", "ruff", "format", "--check", ".")
    run("mypy", python, "-m", "mypy")
    run("pytest", python, "-m", "pytest", *rest, env=OFFLINE)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        run("build", python, "-m", "build", "--wheel", "--outdir", folder)
        wheel = next(folder.glob("*.whl"))
        clean = environment(ROOT / ".venv-wheel", fresh=True)
        run("install the wheel", clean, "-m", "pip", "install", "--quiet", "-c", constraints, wheel)
        # From outside the checkout, so that only what the wheel holds can be imported.
        check = ROOT / "tests" / "end_to_end" / "installed.py"
        copied = Path(shutil.copy(check, folder))
        run("the wheel by itself", clean, "-P", copied, cwd=folder, env=OFFLINE)


if __name__ == "__main__":
    main()
