"""A copy of the user's tree in a temporary folder, so that nothing a proof does reaches the original.

Against a proof that harms what it examines: the target is imported, attacked and changed here, never where the user works.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ringwork.errors import TargetFailed

SKIPPED_FOLDERS = frozenset({
    ".git", ".hg", ".svn", ".venv", "venv", "env", "node_modules", "__pycache__", ".tox", ".nox", ".mypy_cache", ".ruff_cache",
    ".pytest_cache", ".hypothesis", ".eggs", "build", "dist", "htmlcov", ".idea", ".vscode", ".ringwork", ".ci-cache",
})  # fmt: skip
"""Folders that hold no part of a running application: history, environments, caches, products."""

FILE_LIMIT_BYTES = 50 * 1024 * 1024
TREE_LIMIT_BYTES = 500 * 1024 * 1024
TEXT_LIMIT_BYTES = 1_048_576
"""What is larger is no text that a person wrote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What a copy holds. skipped: sentences, one for each file left out and why."""

    files: int
    size_bytes: int
    skipped: tuple[str, ...]


def copy_tree(root: Path, destination: Path) -> Copied:
    """Copy the plain files below `root` to the new folder `destination`; links that leave the tree are not followed.

    Raises TargetFailed when the tree is larger than TREE_LIMIT_BYTES.
    """
    files, size, skipped = 0, 0, list[str]()
    destination.mkdir(parents=True)
    inside = root.resolve()
    for path in walk(root):
        relative = path.relative_to(root)
        reason, length = _unfit(path, inside)
        if reason:
            skipped.append(f"{relative} was left out: {reason}")
            continue
        size += length
        if size > TREE_LIMIT_BYTES:
            raise _too_large(root)
        target = destination / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        shutil.copystat(path, target)
        files += 1
    for empty in _empty(root):
        (destination / empty.relative_to(root)).mkdir(parents=True, exist_ok=True)
    return Copied(files=files, size_bytes=size, skipped=tuple(skipped))


def walk(root: Path) -> Iterator[Path]:
    """Every file below `root` in a stable order, without the folders that hold no part of an application."""
    return (root / name for name in names(root))


def names(root: Path) -> Iterator[str]:
    """What `walk` gives, relative to `root` and with slashes: plain text, for whoever asks for thousands of them."""
    length = len(str(root))
    for folder, inner, files in os.walk(root):
        inner[:] = sorted(name for name in inner if not is_skipped(f"{folder}{os.sep}{name}"))
        below = folder[length:].strip(os.sep).replace(os.sep, "/")
        for name in sorted(files):
            yield f"{below}/{name}" if below else name


def _empty(root: Path) -> Iterator[Path]:
    """Folders without anything in them: an application may write there, and fails where one is missing."""
    for folder, inner, files in os.walk(root):
        if not inner and not files:
            yield Path(folder)
        inner[:] = sorted(name for name in inner if not is_skipped(f"{folder}{os.sep}{name}"))


def text_of(path: Path, *, limit_bytes: int = 1_000_000) -> str:
    """The text of a plain file, as far as it is text; "" for one that is larger, or that cannot be read."""
    try:
        if not path.is_file() or path.stat().st_size > limit_bytes:
            return ""
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def is_skipped(folder: str) -> bool:
    """Whether a folder holds no part of an application, or is a link. Plain text, for it is asked of every folder by whoever walks."""
    name = folder[folder.rfind(os.sep) + 1 :]
    return name in SKIPPED_FOLDERS or os.access(f"{folder}{os.sep}pyvenv.cfg", os.F_OK) or os.path.islink(folder)  # noqa: PTH114


def _unfit(path: Path, inside: Path) -> tuple[str, int]:
    try:
        if not path.is_file():
            return "it is no plain file", 0
        if path.is_symlink() and not path.resolve().is_relative_to(inside):
            return "it is a link that leads out of the project", 0
        length = path.stat().st_size
        if length > FILE_LIMIT_BYTES:
            return f"it is larger than {FILE_LIMIT_BYTES // 1024 // 1024} MB", 0
        with path.open("rb"):
            return "", length
    except OSError as error:
        return f"it cannot be read ({error.strerror})", 0


def _too_large(root: Path) -> TargetFailed:
    return TargetFailed(
        step="copy",
        problem=f"the project folder {root.name} holds more than {TREE_LIMIT_BYTES // 1024 // 1024} MB besides history and environments",
        advice="run ringwork from the folder that holds the application alone, or move data out of the project",
    )


SOURCES = frozenset(
    {".py", ".pyi", ".html", ".htm", ".j2", ".css", ".js", ".svg", ".png", ".md", ".rst", ".toml", ".lock", ".c", ".so", ".woff2"}
)
"""Suffixes of files that an application reads and does not write in place; variants share them."""

_OTHERS, _PRIVATE = 0o077, 0o600
_SHARED = tuple(SOURCES)
MEMORY = Path("/dev/shm")  # noqa: S108  # a folder with a random name, for this user alone, is made below it
_IN_MEMORY_BYTES, _FREE_BYTES = 20_000_000, 2_000_000_000


def home(root: Path, memory: Path = MEMORY) -> Path | None:
    """Where the copies of a tree are made: in memory, which waits for no disk; None for the usual place.

    A proof makes and removes more than a hundred copies and commits to their databases. The usual place it is where TMPDIR names one, for a
    large tree, with little memory, and where nothing may be executed there, as in many containers: the tree may hold libraries.
    """
    try:
        found = os.statvfs(memory)
    except OSError:
        return None
    is_usable = not found.f_flag & (os.ST_NOEXEC | os.ST_RDONLY) and os.access(memory, os.W_OK)
    if os.environ.get("TMPDIR") or not is_usable or found.f_bavail * found.f_frsize < _FREE_BYTES:
        return None
    return memory if _is_small(root) else None


def _is_small(root: Path) -> bool:
    size = 0
    for path in walk(root):
        with contextlib.suppress(OSError):
            size += path.lstat().st_size
        if size > _IN_MEMORY_BYTES:
            return False
    return True


def _copied(source: str, target: str) -> None:
    """The content; and where a file is its owner's alone, that too, for a key that others can read is refused where it is used."""
    shutil.copyfile(source, target)
    if not Path(source).stat().st_mode & _OTHERS:
        Path(target).chmod(_PRIVATE)


def duplicate(source: Path, destination: Path) -> None:
    """A second copy of a finished copy, for one variant; sources are shared by hard links, so that this takes no time."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    _duplicate(str(source), str(destination))


def _duplicate(source: str, destination: str) -> None:
    """Plain text, for a proof does this more than a hundred times over every file of the tree."""
    Path(destination).mkdir()
    with os.scandir(source) as entries:
        for entry in entries:
            _place(entry, f"{destination}{os.sep}{entry.name}")


def _place(entry: os.DirEntry[str], place: str) -> None:
    if entry.is_symlink():
        Path(place).symlink_to(Path(entry.path).readlink())
    elif entry.is_dir():
        _duplicate(entry.path, place)
    elif _is_shared(entry):
        os.link(entry.path, place)
    else:
        _copied(entry.path, place)


def restore(source: str, destination: str) -> None:
    """Make what a variant left behind a duplicate again, by names and inodes; what variants do not share is copied anew.

    Against a trace of one variant in the next: whatever is not the very file of the copy goes.
    """
    with os.scandir(destination) as entries:
        left = {entry.name: entry for entry in entries}
    with os.scandir(source) as entries:
        for entry in entries:
            place, there = f"{destination}{os.sep}{entry.name}", left.pop(entry.name, None)
            is_folder = entry.is_dir(follow_symlinks=False)
            if there is not None and is_folder and there.is_dir(follow_symlinks=False):
                restore(entry.path, place)
            elif there is None or is_folder or entry.is_symlink() or not _is_shared(entry) or there.inode() != entry.inode():
                if there is not None:
                    _remove(there)
                _place(entry, place)
    for gone in left.values():
        _remove(gone)


def _remove(entry: os.DirEntry[str]) -> None:
    if entry.is_dir(follow_symlinks=False):
        shutil.rmtree(entry.path)
    else:
        Path(entry.path).unlink()


def _is_shared(entry: os.DirEntry[str]) -> bool:
    return entry.name.endswith(_SHARED)
