"""The pipeline files that `ringwork init` writes: what is the same everywhere stands in templates, what is this project's is put in.

Against a text of the project that becomes a command of its pipeline: what is put in is quoted, or refused where it cannot be.
"""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

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


def install(root: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Lines that install this project and then ringwork, by the first of its files that fits; and what a person has to see to."""
    texts = {name: (root / name).read_text(encoding="utf-8", errors="replace") for name in _LISTS if (root / name).is_file()}
    lines, doubts = list[str](), list[str]()
    if (root / "uv.lock").is_file():
        lines += ["python -m pip install --quiet uv", "uv sync --quiet --locked --active --inexact"]
    elif (root / "poetry.lock").is_file():
        lines += ["python -m pip install --quiet poetry", "poetry install --quiet --no-interaction"]
    elif "requirements.txt" in texts:
        lines += ["python -m pip install --quiet --requirement requirements.txt"]
    elif re.search(r"^\[(project|build-system)\]", texts.get("pyproject.toml", ""), re.MULTILINE) or (root / "setup.py").is_file():
        lines += ["python -m pip install --quiet ."]
    else:
        doubts += ["No requirements.txt, pyproject.toml or lock says what the application needs: give it with --install."]
    if any(_LISTS[name].search(text) for name, text in texts.items()):
        return (*lines, "python -m pip install --quiet 'ringwork[prove]'"), tuple(doubts)
    origin = json.loads(metadata.distribution("ringwork").read_text("direct_url.json") or "{}")
    lines += [f"python -m pip install --quiet {shlex.quote(_requirement(origin))}"]
    if origin and "vcs_info" not in origin:
        doubts += [_FOLDER]
    return tuple(lines), tuple(doubts)


_FOLDER = (
    "This ringwork was installed from a folder, and the pipeline asks the package registry for its version: "
    "see that it is there and that it is this one, or name another place with --install."
)


def _requirement(origin: Mapping[str, Any]) -> str:
    """This very ringwork, as pip asks for it: the commit it was installed from, else its version (PEP 610)."""
    source = origin.get("vcs_info")
    if source is None:
        return f"ringwork[prove]=={metadata.version('ringwork')}"
    return f"ringwork[prove] @ {source['vcs']}+{origin['url']}@{source['commit_id']}"


def require_plain(what: str, text: str) -> None:
    """Raise TargetFailed for a name that would mean more than a name in a shell or in YAML."""
    if not _PLAIN.fullmatch(text):
        advice = "letters, digits, dot, dash, underscore and slash can; rename it"
        raise TargetFailed(step="init", problem=f"the {what} {text!r} cannot stand in a pipeline file", advice=advice)


def _filled(name: str, place: Place) -> str:
    for what, text in (("folder", place.folder), ("branch", place.branch), ("file of users", place.users)):
        require_plain(what, text)
    for line in place.install:
        if not line.strip() or not line.isprintable():
            raise TargetFailed(step="init", problem=f"{line!r} is no line of a shell", advice="repeat --install for each line")
    text = (TEMPLATES / name).read_text(encoding="utf-8")
    given = {"BRANCH": place.branch, "FOLDER": place.folder, "USERS": place.users, "PYTHON": _python()}
    for word, value in given.items():
        text = text.replace(f"@{word}@", value)
    return re.sub(r"^( *)@INSTALL@$", lambda found: "\n".join(f"{found[1]}{line}" for line in place.install), text, flags=re.MULTILINE)


def _python() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"
