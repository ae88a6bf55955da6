"""Every package that minsheng needs at run time is under a permissive licence, by what its own metadata says."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from report import record

from conftest import ROOT

# Words of licence names (SPDX, classifiers, free text) that leave those who use or pass on the code free.
PERMISSIVE = re.compile(
    r"\b(apache|mit|mit-cmu|bsd|0bsd|isc|psf|python software foundation|cnri|zlib|unlicense|hpnd|"
    r"historical permission notice|boost|bsl-1|cc0|public domain)\b",
    re.IGNORECASE,
)
RESTRICTIVE = re.compile(
    r"\b(agpl|affero|lgpl|gpl|gnu|sspl|non-?commercial|proprietary|cc-by-nc)", re.IGNORECASE
)
RESTRICTIVE_FILES = re.compile(r"\bmpl|mozilla public", re.IGNORECASE)
# Under the Mozilla Public License, which asks for changes to its own files back and nothing of a program that
# uses them: certifi (certificates), tld (suffixes of addresses, for trafilatura) and a part of tqdm (bars).
OF_ITS_OWN_FILES = {"certifi", "tld", "tqdm"}
OF_HARDWARE = re.compile(r"^(nvidia|cuda)-")  # come with torch for GPUs, under NVIDIA's own terms


def needed() -> Iterator[tuple[str, Distribution]]:
    """Every distribution that the run-time dependencies of pyproject.toml lead to, as far as installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    waiting = [(line, frozenset[str]()) for line in project["dependencies"]]
    seen: set[tuple[str, frozenset[str]]] = set()
    yielded: set[str] = set()
    while waiting:
        line, extras = waiting.pop()
        wanted = Requirement(line)
        if wanted.marker and not any(wanted.marker.evaluate({"extra": extra}) for extra in (extras or {""})):
            continue
        key = canonicalize_name(wanted.name), frozenset(wanted.extras)
        if key in seen:
            continue
        seen.add(key)
        try:
            found = distribution(wanted.name)
        except PackageNotFoundError:
            continue  # of another system or an extra that is not asked for
        waiting += [(inner, frozenset(wanted.extras)) for inner in found.requires or []]
        if key[0] not in yielded:
            yielded.add(key[0])
            yield key[0], found


def licence(found: Distribution) -> str:
    """What the metadata say: the SPDX expression, the classifiers, or the first lines of the free text."""
    meta = found.metadata
    classifiers = [line for line in meta.get_all("Classifier") or [] if line.startswith("License ::")]
    free = (meta.get("License") or "").strip()[:200]
    said = meta.get("License-Expression") or " ".join(classifiers)
    if PERMISSIVE.search(said) or RESTRICTIVE.search(said):
        return str(said)
    return free or str(said)


def is_permissive(said: str) -> bool:
    """Whether one of the choices (`OR`) is permissive, and all of its parts (`AND`) are."""
    for choice in re.split(r"\bOR\b", said):
        parts = re.split(r"\bAND\b", choice)
        if all(PERMISSIVE.search(part) and not RESTRICTIVE.search(part) for part in parts):
            return True
    return False


def test_every_dependency_is_permissive() -> None:
    found = dict(needed())
    assert len(found) > 40 and {"torch", "transformers", "pypdfium2", "lxml", "openpyxl"} <= found.keys()
    for name, dist in sorted(found.items()):
        record("licence", name, version=dist.version, licence=" ".join(licence(dist).split())[:90])
    wrong = {
        name: licence(dist)
        for name, dist in found.items()
        if not OF_HARDWARE.match(name) and not is_permissive(licence(dist))
    }
    assert wrong.keys() <= OF_ITS_OWN_FILES, wrong
    for name, said in wrong.items():
        assert RESTRICTIVE_FILES.search(said), f"{name}: {said}"


def test_the_check_can_fail() -> None:
    assert is_permissive("MIT") and is_permissive("Apache-2.0 AND BSD-3-Clause")
    assert is_permissive("GPL-3.0-only OR MIT")
    for said in ("AGPL-3.0", "GNU General Public License v3", "MIT AND LGPL-2.1", "MPL-2.0", "UNKNOWN", ""):
        assert not is_permissive(said), said
