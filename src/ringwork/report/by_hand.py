"""How a finding is mended without ringwork's guard, in the words of the application's own framework.

Against advice that only sells: who cannot or will not call protect() today mends the hole all the same.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from importlib import resources

ANY = "any"
_SAME = {"fastapi": "starlette"}


def text(control: str, framework: str) -> str:
    """What to write, "" where nothing is known. framework: as a report names it, with or without a version."""
    name = framework.partition(" ")[0].lower()
    told = table().get(control, {})
    return told.get(_SAME.get(name, name)) or told.get(ANY, "")


@functools.cache
def table() -> Mapping[str, Mapping[str, str]]:
    """Control to framework to text, as the file says it."""
    found: dict[str, dict[str, str]] = tomllib.loads(
        resources.files("ringwork.report").joinpath("by_hand.toml").read_text(encoding="utf-8")
    )
    return found
