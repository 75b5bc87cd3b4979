"""semgrep, where it is installed: our small file of rules, and the project's own.

Against traffic that nobody asked for: neither rules are fetched nor figures sent.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ringwork.survey.flows import Unread
from ringwork.survey.linters import codes, standing, tool
from ringwork.survey.linters.tool import Apart, Asked, Declined, Saw, Tool

RULES = Path(__file__).parent / "semgrep.yml"
_EACH, _TOLD = ("results", "errors"), ("message", "metadata")
_OWN = (".semgrep.yml", ".semgrep.yaml", ".semgrep")


def start(asked: Asked, result: Path) -> Sequence[str] | Declined:
    """Our rules, and those that stand in the project."""
    program = tool.program("semgrep")
    if not program:
        return Declined(why="semgrep is not installed", unlock="pip install semgrep")
    own = [word for name in _OWN if (asked.root / name).exists() for word in ("--config", name)]
    options = ["--metrics", "off", "--disable-version-check", "--quiet", "--no-git-ignore", "--oss-only", "--json", "--output", str(result)]
    return [program, "scan", "--config", str(RULES), *own, *options, "--", *asked.files]


def read(result: Path, asked: Asked) -> Saw:
    """Findings with the kind that the rule names (`metadata: {ringwork: sql}`), and what it could not parse."""
    given = tool.json_of(result)
    flows = tuple(
        tool.seen(
            tool="semgrep",
            code=one["check_id"].rpartition(".")[2],
            kind=one["extra"].get("metadata", {}).get("ringwork", codes.NOTED),
            file=tool.inside(one["path"], asked.root),
            line=one["start"]["line"],
            column=one["start"]["col"] - 1,
            said=" ".join(one["extra"]["message"].split()),
        )
        for one in given["results"]
    )
    unread = [
        Unread(
            file=tool.inside(one["path"], asked.root),
            line=0,
            why=f"semgrep: {' '.join(str(one.get('message', one.get('type'))).split())[:200]}",
        )
        for one in given.get("errors", ())
        if one.get("path")
    ]
    return Saw(flows=flows, unread=tuple(unread))


# -- file by file --------------------------------------------------------------------------------------------


def _about(asked: Asked) -> str:
    """Our rules and the project's, and what it leaves out."""
    own = [path for name in _OWN for path in ((asked.root / name).rglob("*") if (asked.root / name).is_dir() else (asked.root / name,))]
    given = [f"{path}: {standing.content(path)}" for path in sorted([*own, asked.root / ".semgrepignore"]) if path.is_file()]
    return "\n".join((sys.version, standing.content(RULES), *given, *standing.installed(), *standing.variables()))


def _parts(given: Mapping[str, Any], root: Path) -> Mapping[str, Any]:
    """Without the lines of code that it quotes."""
    found: dict[str, dict[str, Any]] = {}
    for sort in _EACH:
        for one in given.get(sort, ()):
            told = {**one, "extra": {name: one["extra"][name] for name in _TOLD if name in one["extra"]}} if "extra" in one else one
            if one.get("path"):
                found.setdefault(tool.inside(one["path"], root), {}).setdefault(sort, []).append(told)
    return found


def _whole(parts: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    return {sort: [one for part in parts for one in part.get(sort, ())] for sort in _EACH}


TOOL = Tool(name="semgrep", start=start, read=read, apart=Apart(about=_about, parts=_parts, whole=_whole))
