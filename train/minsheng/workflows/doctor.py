"""`minsheng doctor`: what this machine and this installation have, and what to do about what is missing.

Nothing is sent or fetched, but for one request to the Hub where `online` asks for it.
"""

from __future__ import annotations

import os
import platform
import shutil
import struct
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from minsheng.workflows.doctor_machine import available_memory, cpu_features, cpu_name, usable_cores

State = Literal["ok", "note", "problem"]

_GIB = 1 << 30
_LEAST_MEMORY, _GOOD_MEMORY = 1.0, 4.0  # GiB: to tag with the model that ships; to train it
_LEAST_DISK, _GOOD_DISK = 0.2, 2.0  # GiB: for the results of tagging; for checkpoints
_SECONDS = 5.0  # the Hub has to answer within
_OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
_SENTENCE = "村里的小学添了两名教师，孩子们上学不用再走远路。"


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence with `{placeholders}` and what goes into them, so that it can be said in another language."""

    text: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.text.format(**self.values)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: about what, how it is, what was found, and what to do (None: nothing)."""

    name: str
    state: State
    found: Said
    advice: Said | None = None


def examine(*, online: bool = False) -> Iterator[Finding]:
    """Every finding, in the order in which one would look. `online`: ask the Hub whether it can be reached."""
    yield _python()
    torch = _torch()
    yield torch
    yield _cpu()
    if torch.state != "problem":
        yield _threads()
        yield _gpu()
    yield _memory()
    yield _disk(Path.cwd())
    if torch.state != "problem":
        yield _encoder()
        yield _tagger()
    yield _hub(online=online)
    yield _libreoffice()
    yield _console()


def _python() -> Finding:
    import minsheng

    values = {
        "version": platform.python_version(), "system": platform.platform(terse=True), "place": sys.executable,
        "own": minsheng.__version__,
    }  # fmt: skip
    found = Said("Python {version} on {system}; minsheng {own}; {place}", values)
    if struct.calcsize("P") < 8:
        return Finding("Python", "problem", found, Said("install a 64-bit Python: torch has no other"))
    return Finding("Python", "ok", found)


def _torch() -> Finding:
    try:
        import torch
        import transformers
    except (ImportError, OSError) as error:  # OSError: a DLL that torch needs is not there
        advice = (
            "install minsheng again in a fresh environment; on Windows torch needs the Visual C++ runtime"
        )
        return Finding(
            "torch", "problem", Said("cannot be loaded ({reason})", {"reason": _first(error)}), Said(advice)
        )
    values = {"torch": str(torch.__version__), "transformers": transformers.__version__}
    return Finding("torch", "ok", Said("torch {torch}, transformers {transformers}", values))


def _cpu() -> Finding:
    features = cpu_features()
    values = {"name": cpu_name(), "features": ", ".join(features) or "–"}
    found = Said("{name}; {features}", values)
    if platform.machine().lower() in ("x86_64", "amd64") and features and "avx2" not in features:
        return Finding("processor", "note", found, Said("no AVX2: tagging works, several times slower"))
    return Finding("processor", "ok", found)


def _threads() -> Finding:
    import torch

    cores, threads = usable_cores(), torch.get_num_threads()
    found = Said("{threads} threads on {cores} processors", {"threads": threads, "cores": cores})
    if threads < cores // 2:  # two processors are often one core
        named = next((name for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS") if name in os.environ), None)
        if named is not None:
            advice = Said("{variable} holds it back; unset it to use the whole machine", {"variable": named})
            return Finding("threads", "note", found, advice)
    return Finding("threads", "ok", found)


def _gpu() -> Finding:
    import torch

    if torch.cuda.is_available():
        memory = torch.cuda.get_device_properties(0).total_memory / _GIB
        values = {
            "name": torch.cuda.get_device_name(0), "memory": memory, "count": torch.cuda.device_count(),
        }  # fmt: skip
        return Finding("GPU", "ok", Said("{count} × {name}, {memory:.0f} GiB", values))
    if torch.backends.mps.is_available():
        return Finding("GPU", "ok", Said("Apple GPU (mps)"))
    if shutil.which("nvidia-smi") is not None:
        advice = "install a build of torch with CUDA that fits the driver, or go on with the processor"
        return Finding("GPU", "note", Said("an NVIDIA driver is here, but torch cannot use it"), Said(advice))
    advice = "nothing for tagging; fine-tuning BERT base takes hours on a processor"
    return Finding("GPU", "note", Said("none; the processor does the work"), Said(advice))


def _memory() -> Finding:
    free = available_memory()
    if free is None:
        return Finding("memory", "note", Said("this system does not say how much is free"))
    found = Said("{free:.1f} GiB free", {"free": free / _GIB})
    if free < _LEAST_MEMORY * _GIB:
        return Finding("memory", "problem", found, Said("close other programs: tagging needs about 1 GiB"))
    if free < _GOOD_MEMORY * _GIB:
        advice = "enough for tagging; for training close other programs or lower batches.tokens"
        return Finding("memory", "note", found, Said(advice))
    return Finding("memory", "ok", found)


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    found = Said("{free:.1f} GiB free in {folder}", {"free": free / _GIB, "folder": str(folder)})
    if not os.access(folder, os.W_OK):
        advice = "results go to this folder unless --out names another: go to one that you may write to"
        return Finding(
            "disk", "problem", Said("{folder} cannot be written to", {"folder": str(folder)}), Said(advice)
        )
    if free < _LEAST_DISK * _GIB:
        return Finding("disk", "problem", found, Said("make room, or name another disk by --out"))
    if free < _GOOD_DISK * _GIB:
        advice = "enough for tagging; training keeps checkpoints, so name another disk by run.output"
        return Finding("disk", "note", found, Said(advice))
    return Finding("disk", "ok", found)


def _encoder() -> Finding:
    from minsheng.errors import MinshengError
    from minsheng.modeling.directory import fingerprint
    from minsheng.modeling.shipped import ENCODER, shipped

    try:
        folder = shipped(ENCODER) or Path(ENCODER)
    except MinshengError as error:
        return Finding("encoder", "problem", Said("{reason}", {"reason": str(error)}), _again())
    if not (folder / "model.safetensors").is_file():
        return Finding(
            "encoder", "problem", Said("{folder}: holds no weights", {"folder": str(folder)}), _again()
        )
    found = Said("{name}, fingerprint {mark}", {"name": ENCODER, "mark": fingerprint(folder)})
    return Finding("encoder", "ok", found)


def _tagger() -> Finding:
    """Load the tagger and let it tag a sentence: nothing proves better that tagging works."""
    from minsheng.config.schema import RunConfig
    from minsheng.modeling.shipped import TAGGER
    from minsheng.tagging.tagger import Tagger
    from minsheng.workflows.hardware import build_accelerator

    began = time.monotonic()
    try:
        tagger = Tagger.load(accelerator=build_accelerator(RunConfig(output=".")))
        tags = tagger.tag([_SENTENCE])
    except Exception as error:  # a damaged installation fails in any way
        return Finding("tagger", "problem", Said("{reason}", {"reason": _first(error)}), _again())
    values = {
        "name": TAGGER, "mark": tagger.fingerprint, "seconds": time.monotonic() - began,
        "labels": ", ".join(tags[0].labels) or "–",
    }  # fmt: skip
    found = Said("{name}, fingerprint {mark}; tagged a sentence in {seconds:.1f} s ({labels})", values)
    return Finding("tagger", "ok", found)


def _hub(*, online: bool) -> Finding:
    from huggingface_hub import constants

    off = next(
        (name for name in _OFFLINE if os.environ.get(name, "").upper() in ("1", "ON", "YES", "TRUE")), None
    )
    if off is not None:
        unset = Said("local directories work; unset {variable} to fetch models by name", {"variable": off})
        return Finding("Hub", "ok", Said("switched off by {variable}", {"variable": off}), unset)
    place = os.environ.get("HF_ENDPOINT") or constants.ENDPOINT
    if not online:
        advice = "--online asks it; HF_HUB_OFFLINE=1 switches it off, HF_ENDPOINT names a mirror"
        found = Said("not asked ({place}): nothing is contacted unless you say so", {"place": place})
        return Finding("Hub", "ok", found, Said(advice))
    return _asked(place)


def _asked(place: str) -> Finding:
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    began = time.monotonic()
    try:
        if not place.startswith(("http://", "https://")):
            raise ValueError("HF_ENDPOINT must begin with https://")
        with urlopen(Request(place, method="HEAD"), timeout=_SECONDS):
            pass
    except HTTPError:
        pass  # it answers, if only to say no
    except (OSError, ValueError) as error:
        found = Said("{place} cannot be reached ({reason})", {"place": place, "reason": _first(error)})
        advice = (
            "the models that ship need no Hub; set HF_ENDPOINT to a mirror, or HF_HUB_OFFLINE=1 and give "
            "local model directories"
        )
        return Finding("Hub", "note", found, Said(advice))
    values = {"place": place, "seconds": time.monotonic() - began}
    return Finding("Hub", "ok", Said("{place} answers in {seconds:.1f} s", values))


def _libreoffice() -> Finding:
    place = shutil.which("soffice") or shutil.which("libreoffice")
    if place is None:
        advice = "only .doc, .wps, .rtf and .odt need it: install LibreOffice, or save those files as .docx"
        return Finding("LibreOffice", "note", Said("soffice is not on the PATH"), Said(advice))
    return Finding("LibreOffice", "ok", Said("{place}", {"place": place}))


def _console() -> Finding:
    name = getattr(sys.stdout, "encoding", None) or "utf-8"
    found = Said("encoding {name}", {"name": name})
    try:
        "民生".encode(name)
    except (UnicodeEncodeError, LookupError):
        advice = "it cannot show Chinese (files are not affected): set PYTHONUTF8=1, on Windows also run chcp 65001"
        return Finding("console", "note", found, Said(advice))
    return Finding("console", "ok", found, Said("MINSHENG_LANG=zh or en chooses the language of messages"))


def _again() -> Said:
    return Said("install minsheng again")


def _first(error: BaseException) -> str:
    """The first line of an error's text, or its name."""
    return next(iter(str(getattr(error, "reason", None) or error).splitlines()), "") or type(error).__name__
