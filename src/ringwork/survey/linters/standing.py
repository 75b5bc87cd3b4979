"""What the word of a tool stands on beside the files that it reads: installed packages, settings of git and of the user, the environment.

Against a word of another day that is told today because only the files were looked at. Packages are taken as pip leaves them: whoever
writes into one by hand is not seen.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from ringwork.survey.linters.tool import environment

_OF_PACKAGES = (".dist-info", ".egg-info", ".egg-link", ".pth")
_READ = (".py", ".pyi", "py.typed")
_MOST_ENTRIES = 20_000
_EXCLUDES = re.compile(r"^\s*excludesfile\s*=\s*(?P<path>.+?)\s*$", re.IGNORECASE | re.MULTILINE)
_PASSING = frozenset({"TMPDIR", "TEMP", "LANG", "LC_ALL"})
"""Variables that change no tool's word."""


def installed() -> list[str]:
    """Every package that this interpreter finds, with its version, as its folder is called, and when that was written."""
    return sorted({line for place in sys.path if place for line in _packages(place)})


def _packages(folder: str) -> Iterator[str]:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(_OF_PACKAGES):
                yield f"{entry.path} {state(entry.path)}"


def state(path: str | Path) -> tuple[int, ...]:
    """What changes when anybody writes a file or a folder; () for what is not there."""
    with contextlib.suppress(OSError):
        of = os.stat(path)  # noqa: PTH116  # thousands of files are asked
        return of.st_mode, of.st_ino, of.st_size, of.st_mtime_ns, of.st_ctime_ns
    return ()


def content(path: Path) -> str:
    """The digest of a file's bytes; "" for what cannot be read."""
    with contextlib.suppress(OSError):
        return sha256(path.read_bytes()).hexdigest()
    return ""


def variables() -> list[str]:
    """What a tool is given of our environment, as far as it can change its word."""
    return [f"{name}={value}" for name, value in sorted(environment().items()) if name not in _PASSING]


def ignoring(root: Path) -> Iterator[str]:
    """What lies outside of the root and says which files below it are ignored: git's settings, and files in the folders above."""
    folders = (root.resolve(), *root.resolve().parents)
    paths = [folder / name for folder in folders for name in (".gitignore", ".ignore", ".git/info/exclude", ".git/config")]
    paths += [common / name for folder in folders for common in _common(folder) for name in ("info/exclude", "config")]
    own = [Path.home() / name for name in (".gitconfig", ".config/git/config", ".config/git/ignore")] if "HOME" in os.environ else []
    for path in (*paths, *own):
        found = content(path)
        if found:
            yield f"{path} {found}"
            for match in _EXCLUDES.finditer(path.read_text(encoding="utf-8", errors="replace")) if path.name.endswith("config") else ():
                named = root / Path(match["path"].strip('"')).expanduser()
                yield f"{named} {content(named)}"


def _common(folder: Path) -> Iterator[Path]:
    """The repository that a further worktree belongs to."""
    with contextlib.suppress(OSError):
        if (folder / ".git").is_file():
            own = folder / (folder / ".git").read_text(encoding="utf-8", errors="replace").removeprefix("gitdir:").strip()
            yield own.parent.parent


def elsewhere(root: Path) -> list[str] | None:
    """Python on this interpreter's path that is neither its own, nor installed, nor below the root; None where it is too much."""
    usual = {Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib", "purelib", "platlib", "scripts")}
    places = {Path(place).resolve() for place in sys.path if place and Path(place).is_dir()} - usual
    far = sorted(place for place in places if not place.is_relative_to(root.resolve()) and not _is_usual(place, usual))
    found = list[str]()
    for line in _python(far):
        found.append(line)
        if len(found) > _MOST_ENTRIES:
            return None
    return found


def _is_usual(place: Path, usual: Iterable[Path]) -> bool:
    return place.name in {"site-packages", "dist-packages"} or any(place.is_relative_to(one) for one in usual)


def _python(places: Iterable[Path]) -> Iterator[str]:
    for place in places:
        for folder, inner, files in os.walk(place):
            inner[:] = sorted(name for name in inner if name.isidentifier() and name != "__pycache__")  # no other can be imported
            if "pyvenv.cfg" in files:
                inner.clear()
            for name in sorted(files):
                if name.endswith(_READ):
                    yield f"{folder}/{name} {state(f'{folder}/{name}')}"
