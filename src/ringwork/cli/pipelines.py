"""The pipeline files that `ringwork init` writes: what is the same everywhere stands in templates, what is this project's is put in.

Against a text of the project that becomes a command of its pipeline: what is put in is quoted, or refused where it cannot be.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from ringwork.errors import TargetFailed

TEMPLATES = Path(__file__).parent / "templates"
_PLAIN = re.compile(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*")
_INCLUDE = re.compile(r"^include\s*:", re.MULTILINE)
_LISTS = {
    "requirements.txt": re.compile(r"^ringwork\b", re.MULTILINE | re.IGNORECASE),
    "pyproject.toml": re.compile(r"""["']ringwork(\s*[\[<>=!~;@][^"']*)?["']""", re.IGNORECASE),
}
"""Files that may name ringwork among what a project needs, and how it looks there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a project stands. top: of its repository. folder: the project below it, with slashes, "." for the top itself.

    branch: the one that changes are merged into. users: the file that makes users, read from the top.
    install: lines of a shell that install the application and ringwork in a fresh environment.
    """

    top: Path
    folder: str
    branch: str
    users: str
    install: tuple[str, ...]


def github(place: Place) -> str:
    """The workflow. Raises TargetFailed for a name that cannot stand in it."""
    return _filled("github.yml", place)


def gitlab(place: Place) -> str:
    """The file that `.gitlab-ci.yml` includes. Raises TargetFailed likewise."""
    return _filled("gitlab.yml", place)


INCLUDE = "include:\n  - local: .gitlab/ringwork.yml\n"


def including(old: str | None) -> str:
    """`.gitlab-ci.yml` with the file included. Raises TargetFailed where it has a list of its own to which a person must add."""
    if old is None:
        return f"---\n{INCLUDE}"
    if ".gitlab/ringwork.yml" in old:
        return old
    if _INCLUDE.search(old):
        advice = "add to that list:  - local: .gitlab/ringwork.yml"
        raise TargetFailed(step="init", problem=".gitlab-ci.yml includes other files already", advice=advice)
    return f"{old.rstrip()}\n\n{INCLUDE}"


def install(root: Path) -> tuple[str, ...]:
    """How this project is installed, by the files that are there, the first that fits; then ringwork, of this version if none is named."""
    texts = {name: (root / name).read_text(encoding="utf-8", errors="replace") for name in _LISTS if (root / name).is_file()}
    lines = list[str]()
    if (root / "uv.lock").is_file():
        lines += ["python -m pip install --quiet uv", "uv sync --quiet --locked --active --inexact"]
    elif (root / "poetry.lock").is_file():
        lines += ["python -m pip install --quiet poetry", "poetry install --quiet --no-interaction"]
    elif "requirements.txt" in texts:
        lines += ["python -m pip install --quiet --requirement requirements.txt"]
    elif re.search(r"^\[(project|build-system)\]", texts.get("pyproject.toml", ""), re.MULTILINE) or (root / "setup.py").is_file():
        lines += ["python -m pip install --quiet ."]
    named = any(_LISTS[name].search(text) for name, text in texts.items())
    version = "" if named else f"=={metadata.version('ringwork')}"
    return (*lines, f"python -m pip install --quiet 'ringwork[prove]{version}'")


def _filled(name: str, place: Place) -> str:
    for what, text in (("folder", place.folder), ("branch", place.branch), ("file of users", place.users)):
        if not _PLAIN.fullmatch(text):
            advice = "letters, digits, dot, dash, underscore and slash can; rename it"
            raise TargetFailed(step="init", problem=f"the {what} {text!r} cannot stand in a pipeline file", advice=advice)
    text = (TEMPLATES / name).read_text(encoding="utf-8")
    given = {"BRANCH": place.branch, "FOLDER": place.folder, "USERS": place.users, "PYTHON": _python()}
    for word, value in given.items():
        text = text.replace(f"@{word}@", value)
    return re.sub(r"^( *)@INSTALL@$", lambda found: "\n".join(f"{found[1]}{line}" for line in place.install), text, flags=re.MULTILINE)


def _python() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"
