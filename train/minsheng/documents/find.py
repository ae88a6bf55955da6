"""Paths, folders and globs → the files to read, in an order that is the same on every machine."""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from minsheng.documents.readers import formats
from minsheng.documents.values import Failure
from minsheng.errors import DocumentError, nearest

STDIN = "-"
_MAGIC = frozenset("*?[")
_SHOWN = 3  # names of passed-over suffixes in a message


@dataclass(frozen=True, slots=True)
class Found:
    """A file to read. `document` names it: the path as given, with `/` on every system."""

    path: Path
    document: str


def find_files(patterns: Sequence[str]) -> Iterator[Found | Failure]:
    """The files that the patterns name, each once: files, folders (recursive), globs (`**` too), `-`.

    Folders are walked in the order of names; hidden files, Office lock files (`~$…`), linked folders and
    suffixes that nobody reads (images, archives) are passed over. A Failure stands for a pattern that
    matches nothing (`missing`), a folder without documents (`missing`) or without permission
    (`unreadable`), a pipe or device (`not_a_file`), and a file given by name that nobody reads
    (`unsupported`, `ofd`). Only the files of several patterns or of a glob are remembered.
    """
    seen: set[str] | None = set() if len(patterns) > 1 or _has_magic("".join(patterns)) else None
    for pattern in patterns:
        for item in _find(pattern):
            if seen is not None and isinstance(item, Found):
                key = os.path.normcase(os.path.abspath(item.path))  # noqa: PTH100 - does not follow links
                if key in seen:
                    continue
                seen.add(key)
            yield item


def readable_name(path: str) -> str:
    """A path as text that UTF-8 can hold: names in old encodings are decoded, `/` separates folders."""
    text = path.replace(os.sep, "/")
    if text.isprintable():
        return text
    raw = os.fsencode(text)  # lone surrogates stand for bytes that are not UTF-8
    for codec in ("utf-8", "gb18030"):
        try:
            return raw.decode(codec)
        except UnicodeDecodeError:
            continue
    return raw.decode("utf-8", "backslashreplace")


def _find(pattern: str) -> Iterator[Found | Failure]:
    if pattern == STDIN:
        yield Found(Path(STDIN), STDIN)
        return
    path = Path(pattern)
    if os.path.lexists(path):  # first: a name may hold brackets
        yield from _named(path)
        return
    if not _has_magic(pattern):
        yield Failure(readable_name(pattern), "missing", _missing(path))
        return
    nothing = True
    for match in _expand(Path(path.anchor), path.parts[1:] if path.anchor else path.parts):
        if _is_dir(match):
            for item in _walk(match):
                nothing = False
                yield item
        elif formats.is_document(match.name) and not _is_hidden(match.name):
            nothing = False
            yield _file(match)
    if nothing:
        yield Failure(readable_name(pattern), "missing", f"{readable_name(pattern)}: matches no document")


def _named(path: Path) -> Iterator[Found | Failure]:
    """A path that exists and was given by name."""
    name = readable_name(str(path))
    if _is_dir(path):
        skipped: set[str] = set()
        nothing = True
        for item in _walk(path, skipped=skipped):
            nothing = False
            yield item
        if nothing:
            shown = ", ".join(sorted(skipped)[:_SHOWN])
            only = f" (only {shown})" if skipped else ""
            yield Failure(name, "missing", f"{name}: no document in this folder{only}")
    elif path.name.startswith("~$"):
        yield Failure(name, "unsupported", f"{name} is a lock file of Office: give the document itself")
    elif formats.is_document(path.name):
        yield _file(path)
    else:
        try:
            formats.kind_of(name)
        except DocumentError as error:
            yield Failure(name, error.code, str(error))


def _file(path: Path) -> Found | Failure:
    name = readable_name(str(path))
    try:
        mode = path.stat().st_mode
    except OSError as error:
        broken = path.is_symlink()
        reason = "is a link to a file that does not exist" if broken else error.strerror or "cannot be read"
        gone = broken or isinstance(error, FileNotFoundError)  # deleted since its folder was listed
        return Failure(name, "missing" if gone else "unreadable", f"{name}: {reason}")
    if stat.S_ISREG(mode):
        return Found(path, name)
    return Failure(name, "not_a_file", f"{name} is a pipe or device: give a file, or `-` for standard input")


def _walk(folder: Path, *, skipped: set[str] | None = None) -> Iterator[Found | Failure]:
    """All documents below a folder, depth first by name; collects the suffixes passed over."""
    # A stack and not recursion: archives may be nested deeper than Python's limit allows.
    stack = [iter([folder])]
    while stack:
        path = next(stack[-1], None)
        if path is None:
            stack.pop()
        elif _is_dir(path):
            # Linked folders are passed over: a link to a parent would never end.
            if path is folder or not _is_link(path):
                listed = _list(path)
                if isinstance(listed, Failure):
                    yield listed
                else:
                    stack.append(iter(listed))
        elif formats.is_document(path.name):
            yield _file(path)
        elif skipped is not None:
            skipped.add(path.suffix.lower() or path.name)


def _list(folder: Path) -> list[Path] | Failure:
    try:
        names = sorted(name for name in os.listdir(folder) if not _is_hidden(name))  # noqa: PTH208
    except OSError as error:
        name = readable_name(str(folder))
        return Failure(name, "unreadable", f"{name}: the folder cannot be read ({error.strerror})")
    return [folder / name for name in names]


def _expand(base: Path, parts: Sequence[str]) -> Iterator[Path]:
    """Paths below `base` that match a glob, folder by folder; `**` stands for any number of folders."""
    if not parts:
        yield base
        return
    head, rest = parts[0], parts[1:]
    if not _has_magic(head):
        following = base / head
        if os.path.lexists(following):
            yield from _expand(following, rest)
        return
    listed = _list(base)
    children = [] if isinstance(listed, Failure) else listed
    if head == "**":
        yield from _expand(base, rest)
        for child in children if rest else ():
            if _is_dir(child) and not _is_link(child):
                yield from _expand(child, parts)
        return
    for child in children:
        if fnmatch.fnmatch(child.name, head) and (not rest or _is_dir(child)):
            yield from _expand(child, rest)


def _has_magic(text: str) -> bool:
    return any(char in _MAGIC for char in text)


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "~$"))


def _is_dir(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # no permission to look
        return False


def _is_link(path: Path) -> bool:
    if path.is_symlink():
        return True
    # A Windows junction is no symbolic link, but leads elsewhere than its name says.
    expected = Path(os.path.realpath(path.parent)) / path.name
    return os.name == "nt" and os.path.normcase(os.path.realpath(path)) != os.path.normcase(expected)


def _missing(path: Path) -> str:
    name = readable_name(str(path))
    parent = path.parent
    if not _is_dir(parent):
        return f"{name}: no such file or folder (there is no folder {readable_name(str(parent))})"
    listed = _list(parent)
    names = [] if isinstance(listed, Failure) else [entry.name for entry in listed]
    return f"{name}: no such file or folder{nearest(path.name, names)}"
