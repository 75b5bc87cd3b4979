"""The project's own files, as a repository or an image would ship them: what looks at text, and not at a running copy, reads.

Against a look that finds what nobody ships: environments, caches, products and the project's own tests are left out.
"""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterator
from pathlib import Path

SKIPPED = frozenset({
    ".git", ".hg", ".svn", ".venv", "venv", "env", "node_modules", "__pycache__", ".tox", ".nox", ".mypy_cache", ".ruff_cache",
    ".pytest_cache", ".hypothesis", ".eggs", "build", "dist", "htmlcov", ".idea", ".vscode", ".ringwork", "site-packages",
})  # fmt: skip
TESTS = frozenset({"tests", "test", "testing", "testdata", "fixtures", "conftest.py"})
"""Folders whose secrets protect nothing, and whose clients talk to themselves."""

LIMIT_BYTES = 512 * 1024
MOST_FILES = 20_000
_IGNORES = (".gitignore", ".dockerignore")


def files(root: Path) -> Iterator[Path]:
    """Every plain file below `root` that would be shipped, in a stable order, at most MOST_FILES."""
    count = 0
    for folder, names, found in os.walk(root):
        names[:] = sorted(
            name for name in names if name not in SKIPPED and name not in TESTS and not Path(folder, name, "pyvenv.cfg").exists()
        )
        for name in sorted(found):
            path = Path(folder, name)
            if name in TESTS or path.is_symlink() or not path.is_file():
                continue
            count += 1
            if count > MOST_FILES:
                return
            yield path


def text_of(path: Path) -> str:
    """The text of a file; "" for a large or unreadable one."""
    try:
        return path.read_text(encoding="utf-8", errors="replace") if path.stat().st_size <= LIMIT_BYTES else ""
    except OSError:
        return ""


def is_kept_out(path: Path, root: Path) -> bool:
    """Whether the project says itself that a file is shipped neither with its repository nor with its image."""
    wanted = [name for name in _IGNORES if (root / name).is_file()]
    if not (root / ".gitignore").is_file():
        return False
    relative = path.relative_to(root).as_posix()
    if ".dockerignore" not in wanted and any(root.glob("*Dockerfile*")):
        return False
    return all(_names(relative, text_of(root / name)) for name in wanted)


def _names(relative: str, text: str) -> bool:
    """Whether a list of patterns names a file; the plain ones, which is what such lists hold."""
    for line in text.splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith(("#", "!")):
            continue
        plain = pattern.strip("/").removeprefix("**/")
        parts = relative.split("/")
        folders = ["/".join(parts[:i]) for i in range(1, len(parts))]
        if any(fnmatch.fnmatch(part, plain) for part in (relative, parts[-1], *folders, *parts[:-1])):
            return True
    return False
