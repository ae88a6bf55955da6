"""Old Word, WPS, RTF and OpenDocument files, converted to .docx by LibreOffice where it is installed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from minsheng.documents.readers import word
from minsheng.documents.values import Source
from minsheng.errors import DocumentError

# The first start of LibreOffice on a slow machine takes half a minute; a file that takes longer hangs.
SECONDS = 120


def read(path: Path, document: str) -> Source:
    """The text of a document that LibreOffice can open.

    Raises DocumentError `needs_libreoffice` (not on the PATH), `timeout`, `damaged` (it could not convert
    the file), and those of `word.read`.
    """
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if program is None:
        raise DocumentError(
            "needs_libreoffice",
            f"{document}: {path.suffix} files are read through LibreOffice, but `soffice` is not on the "
            "PATH; install it, or save the file as .docx",
        )
    with tempfile.TemporaryDirectory(prefix="minsheng-") as folder:
        work = Path(folder)
        # A neutral name: LibreOffice takes a leading dash for an option.
        copy = work / f"document{path.suffix.lower()}"
        shutil.copyfile(path, copy)
        said = _convert(program, copy, work, document)
        result = work / "converted" / "document.docx"
        if not result.is_file():
            raise DocumentError("damaged", f"{document}: LibreOffice could not convert it ({said})")
        return word.read(result, document)


def _convert(program: str, path: Path, work: Path, document: str) -> str:
    """Run LibreOffice with a profile of its own, as a running one would refuse; its last line of output."""
    profile = (work / "profile").as_uri()
    command = [
        program,
        f"-env:UserInstallation={profile}",
        "--headless",
        "--norestore",
        "--convert-to",
        "docx",
    ]
    process = subprocess.Popen(
        [*command, "--outdir", str(work / "converted"), str(path)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # its own group, so that the program behind the launcher ends too
    )
    try:
        output, _ = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise DocumentError(
            "timeout", f"{document}: LibreOffice did not finish in {SECONDS} seconds"
        ) from None
    finally:
        _end(process)
    lines = output.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else f"exit code {process.returncode}"


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    if os.name == "posix":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True, check=False)
    process.communicate()
