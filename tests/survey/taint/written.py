"""Small projects as tests write them: files by name, read as ringwork reads a project."""

from __future__ import annotations

import textwrap
from pathlib import Path

from ringwork.survey.taint import routes
from ringwork.survey.taint.handlers import Handler
from ringwork.survey.taint.project import Project


def project(folder: Path, files: dict[str, str]) -> Project:
    """A project of these files."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
    return Project(folder)


def handlers(folder: Path, files: dict[str, str]) -> dict[str, Handler]:
    """The handlers of a project, by the name of the route; the first where several share one."""
    found: dict[str, Handler] = {}
    for handler in routes.handlers(project(folder, files)):
        found.setdefault(handler.name, handler)
    return found
