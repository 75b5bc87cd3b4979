"""A small project of the files that a test writes, and what the looks see in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from ringwork.survey.flows import Flow
from ringwork.survey.looks import register
from ringwork.survey.taint.handlers import Handler, Routes
from ringwork.survey.taint.project import Project

Looked = Callable[..., list[Flow]]


@pytest.fixture
def looked(tmp_path: Path) -> Looked:
    """Writes files (name to text; a lone text is app.py), and gives what is told of one kind, or of all."""

    def look(files: str | dict[str, str], kind: str = "", handlers: tuple[Handler, ...] = ()) -> list[Flow]:
        for name, text in ({"app.py": files} if isinstance(files, str) else files).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text), encoding="utf-8")
        return [flow for flow in all_seen(Project(tmp_path), handlers) if not kind or flow.kind == kind]

    return look


def all_seen(project: Project, handlers: tuple[Handler, ...] = (), *, only: set[str] | None = None) -> tuple[Flow, ...]:
    """What all looks see, each module by itself first."""
    known = Routes.of(handlers)
    units = [unit for unit in project.units() if only is None or unit.file in only]
    return register.found(project, [flow for unit in units for flow in register.in_module(project, unit, known)], only=only)
