"""Install into fresh environments and run every check: `python3 scripts/test.py [pytest arguments]`.

`python3 scripts/test.py --faults [--seed N] [--moments N]` runs the long fault suite instead: runs stopped at
random moments, hostile inputs, bombs. It says how far it has come and ends with a table, also if it is cut off.

Standard library only; the same on Linux, macOS and Windows. Environments are made under `.venv-test` and
`.venv-wheel`; delete them to begin anew.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
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


def run_until_cut_off(*command: str | Path, env: dict[str, str]) -> int:
    """The exit code of a step; if this process is told to end, the step is, and has a minute to clear up."""
    # Of its own session: a terminal would interrupt it a second time while it clears up.
    step = subprocess.Popen(
        [str(part) for part in command], cwd=ROOT, env={**os.environ, **env}, start_new_session=True
    )
    try:
        return step.wait()
    except BaseException:
        if os.name == "nt":
            step.terminate()
        else:
            step.send_signal(signal.SIGINT)
        try:
            step.wait(60)
        except subprocess.TimeoutExpired:
            step.kill()
            step.wait()
        raise


def faults(python: Path, *, seed: int, moments: int, rest: list[str], tests: str = "tests/faults") -> None:
    """The long fault suite, and the table of what was tried and survived, whether it fails or is cut off."""
    print(f"\n== faults: seed {seed}, at least {moments} moments for each kind of run", flush=True)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    # A shell turns it off for what runs behind it, and for all that starts from there.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    began, ended = time.monotonic(), "cut off"
    with tempfile.TemporaryDirectory() as temporary:
        report = Path(temporary) / "report.jsonl"
        report.touch()
        told = {
            "MINSHENG_FAULTS": str(moments), "MINSHENG_FAULTS_SEED": str(seed), "MINSHENG_FAULTS_REPORT": str(report),
        }  # fmt: skip
        try:
            code = run_until_cut_off(python, "-m", "pytest", tests, *rest, env=OFFLINE | told)
            ended = f"failed with exit code {code}" if code else "passed"
        finally:
            minutes, seconds = divmod(round(time.monotonic() - began), 60)
            said = f"{ended} after {minutes} min {seconds} s, seed {seed}"
            print(f"\n== faults: {said}; what was tried:\n", flush=True)
            subprocess.run([python, ROOT / "tests" / "faults" / "report.py", report], check=False)
    if ended != "passed":
        sys.exit(f"== faults: {ended}")


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
