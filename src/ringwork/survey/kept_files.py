"""The folder of the user's cache in which what was read is kept, and how a file is written there: whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from hashlib import sha256
from pathlib import Path

_MOST_PROJECTS = 50
"""Projects of which something is kept, of each sort; the oldest go first."""
_MOST_ROOMS = 10
"""Folders that another program fills, of each sort: they are large."""


def folder() -> Path:
    """The user's folder for what may be lost; a file that cannot be written to where the user has no home."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    if Path(given).is_absolute():
        return Path(given) / "ringwork"
    try:
        return Path.home() / ".cache" / "ringwork"
    except RuntimeError:
        return Path(os.devnull) / "ringwork"


def room(sort: str, root: Path) -> Path | None:
    """A folder that a program of this sort may fill for the project at `root`; None where it cannot be made."""
    path = folder() / f"{sort}-{sha256(str(root.resolve()).encode()).hexdigest()[:40]}"
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.utime(path)
        older = sorted((one for one in path.parent.glob(f"{sort}-*") if one.is_dir()), key=lambda one: one.stat().st_mtime, reverse=True)
    except OSError:
        return None
    for one in older[_MOST_ROOMS:]:
        shutil.rmtree(one, ignore_errors=True)
    return path


def write(path: Path, data: bytes) -> None:
    """Whole or not at all: another process may be reading. What cannot be written only costs time."""
    sort = path.name.partition("-")[0]
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f"{sort}-", suffix=".part")
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        Path(name).replace(path)
        older = sorted(path.parent.glob(f"{sort}-*.kept"), key=lambda one: one.stat().st_mtime, reverse=True)
        for one in older[_MOST_PROJECTS:]:
            one.unlink(missing_ok=True)
