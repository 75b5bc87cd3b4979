"""Where the judges are, and how each is asked; `./run setup-system` installs them. A judge that is missing skips its test."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
TOP = HERE.parents[1]
NODE_MODULES = HERE / "node_modules"
PYTHON = TOP / ".venv-judges" / "bin"
PATIENCE = 240


def python_tool(name: str) -> str:
    """A command of the judges' own Python environment; the interpreter too."""
    if not (PYTHON / name).exists():
        pytest.skip(f"{name} is not installed; ./run setup-system does it")
    return str(PYTHON / name)


def node_file(name: str) -> str:
    """A file of the judges' packages."""
    if shutil.which("node") is None or not (NODE_MODULES / name).exists():
        pytest.skip(f"{name} is not installed; ./run setup-system does it")
    return str(NODE_MODULES / name)


def node_json(*words: str, given: str = "", **environment: str) -> Any:
    """What a script of the judges prints, read as JSON. given: its standard input."""
    done = run("node", *words, given=given, environment={"NODE_NO_WARNINGS": "1", **environment})
    try:
        return json.loads(done.stdout)
    except ValueError as error:
        raise AssertionError(f"{words[0]} said no JSON: {done.stdout[:500]}{done.stderr[-2000:]}") from error


def run(
    *words: str, given: str = "", environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """A finished process and all that it said. Its exit code is not looked at: several judges exit with 0 whatever they find.

    folder: where it works, for judges that leave files.
    """
    told = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent", "LC_ALL": "C.UTF-8", "NO_COLOR": "1", **(environment or {})}
    found = shutil.which(words[0])
    assert found is not None, words[0]
    return subprocess.run(
        [found, *words[1:]], input=given, env=told, cwd=folder, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
