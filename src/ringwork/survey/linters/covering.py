"""How far tests went through some files, read from the data that coverage.py left: coverage.json, coverage.xml or .coverage.

Against a number for the whole project that hides the one file that matters, and against data that is older than the code.
Source: the documentation of coverage.py 7 (JSON report, format 3; XML in Cobertura's form).
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.parsers import expat

from ringwork.survey import copies
from ringwork.survey.flows import Covered
from ringwork.survey.linters import tool

DATA = ("coverage.json", "coverage.xml", ".coverage")
_CONDITIONS = re.compile(r"\((\d+)/(\d+)\)")
_SECONDS = 30.0
_LIMIT_BYTES = 50_000_000


def read(root: Path, files: Sequence[str]) -> tuple[str, tuple[Covered, ...]]:
    """The file that was read, "" for none, and what it says of each file."""
    there = [name for name in DATA if (root / name).is_file()]
    if not there:
        return "", tuple(Covered(file=file, why="there is no coverage data") for file in files)
    name = max(there, key=lambda one: (root / one).stat().st_mtime)
    try:
        known = _read(root, name)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return name, tuple(Covered(file=file, why=f"{name} cannot be read ({error})") for file in files)
    made = (root / name).stat().st_mtime
    return name, tuple(
        _fresh(root, made, name, known.get(file) or Covered(file=file, why=f"{name} does not speak of it")) for file in files
    )


def _fresh(root: Path, made: float, name: str, one: Covered) -> Covered:
    # Against a number that is of other code.
    return Covered(file=one.file, why=f"it is newer than {name}") if (root / one.file).stat().st_mtime > made + 1 else one


def _read(root: Path, name: str) -> Mapping[str, Covered]:
    if name.endswith(".xml"):
        return _of_xml(root, copies.text_of(root / name, limit_bytes=_LIMIT_BYTES))
    text = _as_json(root) if name == ".coverage" else copies.text_of(root / name, limit_bytes=_LIMIT_BYTES)
    return _of_json(root, json.loads(text))


def _as_json(root: Path) -> str:
    """coverage.py's own report of its data. Raises ValueError where it is not there to make it."""
    if importlib.util.find_spec("coverage") is None:
        raise ValueError("coverage is not installed, which alone reads it; `coverage json` writes what is read here")
    with tempfile.TemporaryDirectory(prefix="ringwork-coverage-") as folder:
        out = Path(folder, "coverage.json")
        words = [sys.executable, "-P", "-m", "coverage", "json", "-q", "-i", "--fail-under", "0", "-o", str(out)]
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        try:
            subprocess.run(words, cwd=root, env=environment, check=False, capture_output=True, timeout=_SECONDS)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ValueError("coverage did not report in time") from error
        if not out.is_file():
            raise ValueError("coverage wrote no report")
        return out.read_text(encoding="utf-8")


def _of_json(root: Path, given: Mapping[str, Any]) -> Mapping[str, Covered]:
    has_branches, found = bool(given["meta"].get("branch_coverage")), dict[str, Covered]()
    for path, one in given["files"].items():
        file, summary = tool.inside(path.replace("\\", "/"), root), one["summary"]
        lines, hit = summary["num_statements"], summary["covered_lines"]
        branches, taken = summary.get("num_branches", 0), summary.get("covered_branches", 0)
        found[file] = Covered(file=file, parts=lines + branches, hit=hit + taken, has_branches=has_branches)
    return found


def _of_xml(root: Path, text: str) -> Mapping[str, Covered]:
    """Cobertura's form. Entities are refused: the file may come from anywhere."""
    found, sources, names = dict[str, list[int]](), list[str](), list[str]()
    has_branches = False
    parser = expat.ParserCreate()

    def refuse(*_: object) -> None:
        raise ValueError("it declares entities")

    def begin(name: str, values: dict[str, str]) -> None:
        nonlocal has_branches
        if name == "coverage":
            has_branches = int(values.get("branches-valid", "0")) > 0
        elif name == "class":
            names.append(values["filename"])
            found[values["filename"]] = [0, 0]
        elif name == "line" and names:
            one, conditions = found[names[-1]], _CONDITIONS.search(values.get("condition-coverage", ""))
            one[0] += 1 + (int(conditions[2]) if conditions else 0)
            one[1] += (int(values["hits"]) > 0) + (int(conditions[1]) if conditions else 0)

    def characters(text: str) -> None:
        if text.strip().startswith(("/", ".")):
            sources.append(text.strip())

    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = begin
    parser.CharacterDataHandler = characters
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise ValueError(f"line {error.lineno} is no XML") from error
    made = dict[str, Covered]()
    for name, (parts, hit) in found.items():
        places = [name, *(f"{source}/{name}" for source in sources)]
        file = next((tool.inside(place, root) for place in places if (root / place).is_file()), tool.inside(name, root))
        made[file] = Covered(file=file, parts=parts, hit=hit, has_branches=has_branches)
    return made
