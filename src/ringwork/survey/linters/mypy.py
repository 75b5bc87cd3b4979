"""mypy, as the project has configured it; a project without a configuration is not judged by ours.

Against a check of types that is believed to run: its result file is what counts, and a file that it gave up on ends its whole run.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from ringwork.survey import kept_files
from ringwork.survey.flows import Flow, Unread
from ringwork.survey.linters import standing, tool
from ringwork.survey.linters.tool import Asked, Declined, Saw, Together, Tool

KIND = "types"
_PATHS = ("files", "mypy_path", "plugins", "custom_typeshed_dir", "custom_typing_module", "cache_dir")
_INI = ("mypy.ini", ".mypy.ini")


def configuration(root: Path) -> tuple[str, Mapping[str, Any]]:
    """The file that mypy reads and its own table, with the overrides of modules under "overrides"; ("", {}) without one."""
    for name in _INI:
        if (root / name).is_file():
            return name, _ini(root / name)
    table = tool.settings(root, "tool", "mypy")
    if table:
        return "pyproject.toml", table
    found = _ini(root / "setup.cfg") if (root / "setup.cfg").is_file() else {}
    return ("setup.cfg", found) if found else ("", {})


def _ini(path: Path) -> Mapping[str, Any]:
    reader = tool.sections(path)
    if not reader.has_section("mypy"):
        return {}
    overrides = [
        {"module": [one.strip() for one in name.removeprefix("mypy-").split(",")], **_values(reader[name])}
        for name in reader.sections()
        if name.startswith("mypy-")
    ]
    return {**_values(reader["mypy"]), "overrides": overrides}


_WORDS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def _values(section: Mapping[str, str]) -> dict[str, Any]:
    return {key: _WORDS.get(value.lower(), value) for key, value in section.items()}


def start(asked: Asked, result: Path) -> Sequence[str] | Declined:
    """What its configuration names, else the whole folder; one JSON object a line is what it prints."""
    if not asked.is_whole:
        return Declined(why="mypy judges a whole project, and only some files were asked for")
    name, table = configuration(asked.root)
    if not name:
        return Declined(why="no mypy configuration was found", unlock="[tool.mypy] in pyproject.toml, with strict = true")
    words = tool.words_of("mypy")
    if not words:
        return tool.absent("mypy")
    named = any(table.get(key) for key in ("files", "packages", "modules"))
    # Its own cache reads again what changed. Not the project's, which may have been made by another version.
    cache = kept_files.room("mypy", asked.root) if asked.is_kept else None
    options = ["--output", "json", "--no-error-summary", "--cache-dir", str(cache or result.with_suffix(".cache"))]
    return [*words, *options, *([] if named else ["."])]


def read(result: Path, asked: Asked) -> Saw:
    """One finding for each error; an error of syntax means that nothing else was looked at."""
    if not result.is_file():
        raise ValueError("it wrote no result")
    flows, unread = list[Flow](), dict[str, Unread]()
    for one in _objects(result):
        if one.get("severity") != "error":
            continue
        code, file, line = one.get("code") or "misc", tool.inside(one["file"], asked.root), one["line"]
        if code == "syntax":
            unread.setdefault(file, Unread(file=file, line=line, why=f"mypy: {one['message']}; it looked at nothing else"))
        else:
            said = one["message"]
            flows.append(tool.seen(tool="mypy", code=code, kind=KIND, file=file, line=line, column=one["column"], said=said))
    return Saw(flows=tuple(flows), unread=tuple(unread.values()))


def _objects(result: Path) -> Iterator[Mapping[str, Any]]:
    for line in result.read_text(encoding="utf-8", errors="replace").splitlines():
        if not line.startswith("{"):
            raise ValueError(line[:200])
        yield json.loads(line)


_ELSEWHERE = re.compile(r"""(?:^|["'\s=:,])(?:\.\.|/|~|\$)""")
"""A path that leads out of the project, or a variable."""


def _about(asked: Asked) -> str:
    """What is installed, and what else is on its path; nothing is known where its settings name another interpreter, or lead elsewhere."""
    _, table = configuration(asked.root)
    given = [str(table.get(name, "")) for name in _PATHS]
    elsewhere = standing.elsewhere(asked.root)
    if any(_ELSEWHERE.search(text) for text in given) or table.get("python_executable") or os.environ.get("MYPYPATH") or elsewhere is None:
        return ""
    return "\n".join((sys.version, *elsewhere, *standing.installed(), *standing.variables()))


def _whole(data: bytes) -> str:
    return sha256(data).hexdigest()


TOOL = Tool(name="mypy", start=start, read=read, prints=True, together=Together(about=_about, of_file=_whole))
