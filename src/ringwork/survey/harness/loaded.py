"""Which of the project's own files are the application: the modules that it loaded, and the rest of their packages."""

from __future__ import annotations

import sys
from pathlib import Path

_TESTS = frozenset({"tests", "test", "testing", "testdata", "conftest.py"})


def sources(copy: Path) -> tuple[str, ...]:
    """Files below the copy, relative to it, sorted. Tests are none of them; a module that is loaded late stands in its package."""
    files = {Path(file) for module in list(sys.modules.values()) if (file := getattr(module, "__file__", None)) and file.endswith(".py")}
    found = {file for file in files if file.is_relative_to(copy)}
    for top in {_top(file, copy) for file in found} - {copy}:
        found |= set(top.rglob("*.py"))
    return tuple(sorted(name for file in found if not _TESTS & set(Path(name := file.relative_to(copy).as_posix()).parts)))


def _top(file: Path, copy: Path) -> Path:
    """The outermost package that holds a file, or the copy itself where it stands alone."""
    here, top = file.parent, copy
    while here != copy and (here / "__init__.py").exists():
        here, top = here.parent, here
    return top
