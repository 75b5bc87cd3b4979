"""bandit, with the project's own configuration.

Against files that it loses in silence: what this interpreter cannot read stands under `errors` of its result, and what its configuration
leaves out stands nowhere, so both are told by name.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ringwork.survey import copies
from ringwork.survey.flows import Unread
from ringwork.survey.linters import codes, standing, tool
from ringwork.survey.linters.tool import Apart, Asked, Declined, Saw, Tool

_FILES = ("bandit.yaml", "bandit.yml", ".bandit.yaml", ".bandit.yml")


def start(asked: Asked, result: Path) -> Sequence[str] | Declined:
    """Every file by name, so that what is missing in the result was not read."""
    words = tool.words_of("bandit")
    if not words:
        return tool.absent("bandit")
    return [*words, "-q", *_configuration(asked.root), "-f", "json", "-o", str(result), *(f"./{file}" for file in asked.files)]


def _configuration(root: Path) -> list[str]:
    words = ["--ini", ".bandit"] if (root / ".bandit").is_file() else []
    if tool.settings(root, "tool", "bandit"):
        return [*words, "-c", "pyproject.toml"]
    found = next((name for name in _FILES if (root / name).is_file()), "")
    return [*words, "-c", found] if found else words


def read(result: Path, asked: Asked) -> Saw:
    """Findings, what it could not read, and what its configuration leaves out."""
    given = tool.json_of(result)
    flows = tuple(
        tool.seen(
            tool="bandit",
            code=one["test_id"],
            kind=codes.of_bandit(one["test_id"]),
            file=tool.inside(one["filename"], asked.root),
            line=one["line_number"],
            column=one.get("col_offset", 0),
            said=_said(one),
        )
        for one in given["results"]
    )
    lost = {tool.inside(one["filename"], asked.root): one["reason"] for one in given["errors"]}
    spoken = {tool.inside(name, asked.root) for name in given["metrics"] if name != "_totals"}
    left = [file for file in asked.files if file not in spoken and file not in lost]
    unread = [Unread(file=file, line=0, why=f"bandit: {reason}") for file, reason in sorted(lost.items())]
    unread += [Unread(file=file, line=0, why="bandit: its configuration leaves the file out") for file in left]
    return Saw(flows=flows, unread=tuple(unread))


def _said(one: Mapping[str, Any]) -> str:
    """Its sentence. Against a report that carries the password which it found: the length stands in its place."""
    text = str(one["issue_text"])
    return re.sub(r"'(.*)'", lambda found: f"{len(found[1])} characters", text) if codes.of_bandit(one["test_id"]) == "secret" else text


# -- file by file --------------------------------------------------------------------------------------------

_EACH = ("results", "errors")


def _about(asked: Asked) -> str:
    """Its configuration as it is written, what else brings tests into it, and what reads Python for it."""
    root = asked.root
    if (root / ".bandit").is_file():  # it names further files that decide, so nothing is known that holds
        return ""
    given = [f"{name}: {copies.text_of(root / name)}" for name in (".bandit", *_FILES) if (root / name).is_file()]
    given.append(repr(tool.settings(root, "tool", "bandit")))
    return "\n".join((*given, *standing.installed(), sys.version))


def _parts(given: Mapping[str, Any], root: Path) -> Mapping[str, Any]:
    """Without the lines of code that it quotes, and the passwords that it found: no secret is kept."""
    found: dict[str, dict[str, Any]] = {}
    for sort in _EACH:
        for one in given[sort]:
            told = {**one, "issue_text": _said(one)} if "issue_text" in one else one
            part = found.setdefault(tool.inside(one["filename"], root), {})
            part.setdefault(sort, []).append({name: value for name, value in told.items() if name != "code"})
    for name in given["metrics"]:
        if name != "_totals":
            found.setdefault(tool.inside(name, root), {})["spoken"] = name
    return found


def _whole(parts: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    each = {sort: [one for part in parts for one in part.get(sort, ())] for sort in _EACH}
    return {**each, "metrics": {part["spoken"]: {} for part in parts if part.get("spoken")}}


TOOL = Tool(name="bandit", start=start, read=read, apart=Apart(about=_about, parts=_parts, whole=_whole))
