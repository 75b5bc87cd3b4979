"""Which files of a project are read, and under which names they are imported.

Against a project that ends or blinds the run: loops of links, binaries, files of endless size and files that may not be read are named, and
the others are read.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from ringwork.survey import copies
from ringwork.survey.flows import Unread

LIMIT_BYTES: Final = 2 * 1024 * 1024
"""No file that a person wrote is larger; what is larger is data with a name that ends in .py."""

_ENDING = ".py"
_PACKAGE = "__init__.py"
_MARKS = (b"python", b"pypy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One file of Python. file: relative to the project, with slashes. name: dotted, "" for a script that cannot be imported."""

    path: Path
    file: str
    name: str
    is_package: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """files: sorted by `file`. unread: those that are left out, and why; ordinary folders that hold no source are not named."""

    files: tuple[Found, ...]
    unread: tuple[Unread, ...]


def listing(root: Path) -> Listing:
    """Every file of Python below a folder, or the one file that `root` is. Never raises for what stands in it."""
    if root.is_file():
        name = root.stem if root.stem.isidentifier() else ""
        found, why = _unfit(root, root.parent.resolve())
        kept = (Found(path=root, file=root.name, name=name, is_package=root.name == _PACKAGE),) if found else ()
        return Listing(files=kept, unread=(Unread(file=root.name, line=0, why=why),) if why else ())
    inside = root.resolve()
    files, unread = list[tuple[str, Path]](), list[Unread]()
    for path, file in _walk(root, unread):
        is_source, why = _unfit(path, inside)
        if why:
            unread.append(Unread(file=file, line=0, why=why))
        elif is_source:
            files.append((file, path))
    names = _names([file for file, _ in files])
    found_files = tuple(Found(path=path, file=file, name=names[file], is_package=path.name == _PACKAGE) for file, path in sorted(files))
    return Listing(files=found_files, unread=tuple(sorted(unread, key=lambda one: one.file)))


def _walk(root: Path, unread: list[Unread]) -> Iterator[tuple[Path, str]]:
    """Every file that may be source, with its name relative to the root, in a stable order; no link to a folder is followed: no loop."""

    def refused(error: OSError) -> None:
        folder = Path(error.filename or root)
        where = folder.relative_to(root).as_posix() if folder.is_relative_to(root) else folder.name
        unread.append(Unread(file=where, line=0, why=f"the folder cannot be read ({error.strerror})"))

    length = len(str(root))
    for folder, names, files in os.walk(root, onerror=refused):
        here = Path(folder)
        below = folder[length:].strip(os.sep).replace(os.sep, "/")
        skipped = {name for name in names if copies.is_skipped(f"{folder}{os.sep}{name}")}
        for name in names:
            if name in skipped and name not in copies.SKIPPED_FOLDERS and (here / name).is_symlink():
                unread.append(
                    Unread(file=(here / name).relative_to(root).as_posix(), line=0, why="a link to a folder, which is not followed")
                )
        names[:] = sorted(set(names) - skipped)
        for name in sorted(files):
            if name.endswith(_ENDING) or not _suffix(name):
                yield here / name, f"{below}/{name}" if below else name


def _suffix(name: str) -> str:
    """As `PurePath.suffix` has it, told from plain text: a project has thousands of names."""
    at = name.rfind(".")
    return name[at:] if 0 < at < len(name) - 1 else ""


def _unfit(path: Path, inside: Path) -> tuple[bool, str]:
    """Whether a file is source to be read; and why not, where it should have been."""
    is_named = path.name.endswith(_ENDING)
    try:
        if not is_named and (path.suffix or not _is_script(path)):
            return False, ""
        state = path.lstat()
        if not stat.S_ISREG(state.st_mode):
            if not path.exists():
                return False, "a link that leads nowhere, or round in a circle"
            if not path.is_file():
                return False, "it is no plain file"
            if not path.resolve().is_relative_to(inside):
                return False, "a link that leads out of the project"
            state = path.stat()
        if state.st_size > LIMIT_BYTES:
            return False, f"it is larger than {LIMIT_BYTES // 1024 // 1024} MB"
        with path.open("rb") as opened:
            if b"\0" in opened.read(4096):
                return False, "it is binary"
    except (OSError, RuntimeError) as error:  # a loop of links is a RuntimeError before 3.13
        return (False, f"it cannot be read ({getattr(error, 'strerror', None) or 'a loop of links'})") if is_named else (False, "")
    return True, ""


def _is_script(path: Path) -> bool:
    """Whether a file without an ending begins as a script of Python does."""
    if not path.is_file() or path.is_symlink():
        return False
    with path.open("rb") as opened:
        first = opened.read(120).partition(b"\n")[0]
    return first.startswith(b"#!") and any(mark in first for mark in _MARKS)


def _names(files: list[str]) -> dict[str, str]:
    """By file its dotted name. A package begins where a folder has an __init__.py and the one above has none; else the root is guessed."""
    packages = {str(PurePosixPath(file).parent) for file in files if file.rpartition("/")[2] == _PACKAGE}
    above = {folder: PurePosixPath(folder) for folder in {file.rpartition("/")[0] for file in files}}
    roots = _roots(files, packages, above.values())
    inside = {folder: _inside(path, packages, roots) for folder, path in above.items()}
    return {file: _name(file, inside[file.rpartition("/")[0]]) for file in files}


def _roots(files: Iterable[str], packages: Collection[str], folders: Iterable[PurePosixPath]) -> list[str]:
    """Folders in which imports begin, the longest first: of manage.py, `src`, above each package, and the project itself."""
    found = {"."}
    for file in files:
        folder, _, name = file.rpartition("/")
        if name in {"manage.py", "setup.py"} and (folder or ".") not in packages:
            found.add(folder or ".")
    for path in folders:
        found.update(str(parent) for parent in (path, *path.parents) if parent.name == "src" and str(parent) not in packages)
    for package in packages:
        above = PurePosixPath(package).parent
        if str(above) not in packages and package != ".":
            found.add(str(above))
    return sorted(found, key=lambda root: (-len(PurePosixPath(root).parts), root))


def _inside(folder: PurePosixPath, packages: Collection[str], roots: Iterable[str]) -> tuple[str, ...]:
    """By what names the modules of a folder begin."""
    top = folder
    while str(top) in packages and str(top) != ".":
        top = top.parent
    if top == folder:  # in no package: below the nearest root
        top = PurePosixPath(next(root for root in roots if root == "." or folder.is_relative_to(root)))
    return folder.relative_to(top).parts


def _name(file: str, inside: tuple[str, ...]) -> str:
    name = file.rpartition("/")[2]
    suffix = _suffix(name)
    parts = [*inside, name.removesuffix(suffix)]
    if parts[-1] == "__init__" and len(parts) > 1:
        parts.pop()
    return ".".join(parts) if all(part.isidentifier() for part in parts) and suffix == _ENDING else ""
