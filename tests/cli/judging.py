"""Other people's tools that judge what `ringwork init` writes; installed by `./run setup-system`, each skipped where it is not."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.house import graph

PYTHON = graph.TOP / ".venv-judges" / "bin"
NODE = graph.TOP / "tests" / "judges" / "node_modules" / ".bin"


def tool(name: str) -> str:
    """The path of a judge."""
    found = next((str(folder / name) for folder in (PYTHON, NODE) if (folder / name).exists()), "")
    if not found:
        pytest.skip(f"{name} is not there; ./run setup-system installs it")
    return found


def ask(name: str, *words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """What a judge says about files below `cwd`, which it is started in."""
    return subprocess.run([tool(name), *map(str, words)], cwd=cwd, capture_output=True, text=True, check=False, timeout=300)


def yaml(path: Path) -> dict:
    """A YAML file as the libraries of the judges read it: `on` is a text, as GitHub and GitLab have it."""
    read = "YAML(typ='safe', pure=True).load(open(sys.argv[1], encoding='utf-8'))"
    script = f"import json, sys; from ruamel.yaml import YAML; print(json.dumps({read}))"
    done = subprocess.run([tool("python"), "-c", script, path], capture_output=True, text=True, check=True, timeout=300)
    return json.loads(done.stdout)
