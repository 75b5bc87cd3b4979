"""deptry: dependencies that are declared and unused, used and undeclared, or there only because another brings them along.

Against a package that stays installed for nobody, and one that is there by luck.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from ringwork.survey import copies
from ringwork.survey.linters import imported, standing, tool
from ringwork.survey.linters.tool import Asked, Declined, Saw, Together, Tool

KIND = "dependency"


def start(asked: Asked, result: Path) -> Sequence[str] | Declined:
    """The whole project, by its own configuration. Names of packages are those of the environment that ringwork runs in."""
    if not asked.is_whole:
        return Declined(why="deptry judges a whole project, and only some files were asked for")
    project = tool.settings(asked.root, "project") or tool.settings(asked.root, "tool", "poetry")
    if not project and not (asked.root / "requirements.txt").is_file():
        return Declined(
            why="the project declares no dependencies that deptry reads", unlock="[project] in pyproject.toml, or requirements.txt"
        )
    words = tool.words_of("deptry")
    return [*words, ".", "--json-output", str(result), "--no-ansi"] if words else tool.absent("deptry")


def read(result: Path, asked: Asked) -> Saw:
    """One finding for each dependency and place."""
    return Saw(
        flows=tuple(
            tool.seen(
                tool="deptry",
                code=one["error"]["code"],
                kind=KIND,
                file=tool.inside(one["location"]["file"], asked.root),
                line=one["location"]["line"] or 1,
                column=(one["location"]["column"] or 1) - 1,
                said=one["error"]["message"],
            )
            for one in tool.json_of(result)
        )
    )


_ELSEWHERE = re.compile(r"""(?:^|["'\s=])(?:\.\./|/|~|[a-z]:\\\\)""", re.IGNORECASE)
"""A path that leads out of the project."""


def _about(asked: Asked) -> str:
    """What is installed, and what says which files are ignored; nothing is known where a requirement may be read outside of the project."""
    settings = str(tool.settings(asked.root, "tool", "deptry"))
    files = [*asked.root.glob("*.txt"), *asked.root.glob("*.in")]
    lines = [line for file in files for line in copies.text_of(file).splitlines() if line.lstrip().startswith("-")]
    if any(_ELSEWHERE.search(text) for text in (settings, *lines)):
        return ""
    return "\n".join((sys.version, *standing.installed(), *standing.ignoring(asked.root), *standing.variables()))


TOOL = Tool(name="deptry", start=start, read=read, together=Together(about=_about, of_file=imported.of))
