"""grimp: the project's own contracts of who may import whom, held against its import graph."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

from ringwork.survey.flows import Unread
from ringwork.survey.linters import contracts, imported, standing, tool
from ringwork.survey.linters.tool import Asked, Declined, Saw, Together, Tool

KIND = "contract"


def start(asked: Asked, result: Path) -> Sequence[str] | Declined:
    """In a process of its own, as the others."""
    if not asked.is_whole:
        return Declined(why="contracts of imports are of a whole project, and only some files were asked for")
    given = contracts.settings(asked.root)
    if not contracts.roots(given) or not given.get("contracts"):
        unlock = "[tool.importlinter] in pyproject.toml with root_package and [[tool.importlinter.contracts]]"
        return Declined(why="the project declares no contracts of imports", unlock=unlock)
    if importlib.util.find_spec("grimp") is None:
        return tool.absent("grimp")
    return [sys.executable, "-P", "-m", "ringwork.survey.linters.contracts", str(asked.root), str(result)]


def read(result: Path, asked: Asked) -> Saw:
    """One finding for each chain of imports that a contract forbids; contracts of other types are told."""
    rows = tool.json_of(result)
    if isinstance(rows, dict):
        raise ValueError(str(rows.get("error")))  # noqa: TRY004 - what the child says of the project, not a wrong type
    flows = tuple(
        tool.seen(
            tool="grimp",
            code="contract",
            kind=KIND,
            file=row["file"],
            line=row["line"],
            said=f"{row['contract']}: {' -> '.join(row['chain'])}",
        )
        for row in rows
    )
    others = contracts.unknown(contracts.settings(asked.root))
    why = "grimp: this type of contract is not held here"
    return Saw(flows=flows, unread=tuple(Unread(file="pyproject.toml", line=0, why=f"{why} ({name})") for name in others))


def _about(asked: Asked) -> str:
    """What is installed; nothing is known of a package whose files lie elsewhere."""
    names = contracts.roots(contracts.settings(asked.root))
    if not all((asked.root / name).is_dir() or (asked.root / "src" / name).is_dir() for name in names):
        return ""
    return "\n".join((sys.version, *standing.installed(), *standing.variables()))


TOOL = Tool(name="grimp", start=start, read=read, together=Together(about=_about, of_file=imported.of))
