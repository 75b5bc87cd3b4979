"""semgrep, where it is installed: our small file of rules, and the project's own.

Against traffic that nobody asked for: neither rules are fetched nor figures sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ringwork.survey.flows import Unread
from ringwork.survey.linters import codes, tool
from ringwork.survey.linters.tool import Asked, Declined, Saw, Tool

RULES = Path(__file__).parent / "semgrep.yml"
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


TOOL = Tool(name="semgrep", start=start, read=read)
