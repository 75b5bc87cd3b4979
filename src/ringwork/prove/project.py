"""The project's own words to the prover: the `prove` table of its settings file, as it stands there."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ringwork.errors import TargetFailed

OWN, SHARED = "ringwork.toml", "pyproject.toml"
"""The settings file of a folder, and the file that holds [tool.ringwork] where there is none; the first one wins whole."""


def table(root: Path) -> Mapping[str, Any]:
    """The `prove` table of a folder's ringwork.toml, else of its pyproject.toml; empty without one. Raises TargetFailed."""
    found = whole(root).get("prove", {})
    return found if isinstance(found, Mapping) else {}


def whole(root: Path) -> Mapping[str, Any]:
    """All that a folder's ringwork.toml says, else [tool.ringwork] of its pyproject.toml; empty without one. Raises TargetFailed."""
    path = next((root / name for name in (OWN, SHARED) if (root / name).is_file()), None)
    if path is None:
        return {}
    try:
        found: Any = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        advice = "correct the line that it names"
        raise TargetFailed(step="settings", problem=f"{path.name} is no valid TOML: {error}", advice=advice) from error
    if path.name == SHARED:
        tool = found.get("tool", {})
        found = tool.get("ringwork", {}) if isinstance(tool, Mapping) else {}
    return found if isinstance(found, Mapping) else {}


def target(folder: Path) -> str:
    """The application that a folder's settings name, "" without one. Raises TargetFailed where it names another folder."""
    named = table(folder).get("target", "")
    if not isinstance(named, str) or (named and (folder / named.partition(":")[0]).is_dir()):
        advice = 'write target = "module:app" or target = "path/to/file.py:app", read from the folder of the settings file'
        raise TargetFailed(step="settings", problem="prove.target names no application", advice=advice)
    return named
