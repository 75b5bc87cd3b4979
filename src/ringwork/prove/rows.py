"""Rows and objects that a copy holds, and how they differ between two looks: what checks say about an effect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

IN_MODULES = "memory:"
"""How the names of what modules keep begin, as `state` names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A row or object of a copy. store: as `state` names it. values: of its columns or fields, plain ones alone."""

    store: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One row of a store that is another than it was. store: as `state` names it. kind: changed, added, removed or other.

    cells: of what is there now, plain ones alone. was: the earlier values of those that changed; None for one that was not there.
    other: the store changed, and which of its rows did cannot be told.
    """

    store: str
    kind: str
    cells: Mapping[str, Any]
    was: Mapping[str, Any]
