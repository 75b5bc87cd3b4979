"""The routes that a project approved as public: a short file that is read before it is committed.

Against a route that becomes public in passing: whoever opens one has to change this file as well, where a reviewer sees it.
`ringwork routes TARGET --public` writes it.
"""

from __future__ import annotations

from pathlib import Path

FILE = "ringwork-public.txt"
"""One route's name a line ("GET /login"), what stands behind a # is for people."""


def approved(folder: Path, *, root: Path) -> tuple[str, ...] | None:
    """The names in the nearest list from `folder` up to `root`, None where there is no list."""
    for candidate in (folder, *folder.parents):
        file = candidate / FILE
        if file.is_file():
            return names(file.read_text(encoding="utf-8"))
        if candidate == root:
            break
    return None


def names(text: str) -> tuple[str, ...]:
    """The names that a list holds."""
    lines = (" ".join(line.partition("#")[0].split()) for line in text.splitlines())
    return tuple(line for line in lines if line)
