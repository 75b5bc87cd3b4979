"""deptry: dependencies that are declared and unused, used and undeclared, or there only because another brings them along.

Against a package that stays installed for nobody, and one that is there by luck.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ringwork.survey.linters import tool
from ringwork.survey.linters.tool import Asked, Declined, Saw, Tool

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


TOOL = Tool(name="deptry", start=start, read=read)
