"""Edits of a file's text: what is put in place of which bytes, and nothing else.

Against a mended line that costs a formatted file: an edit touches its own bytes alone, and two that meet are refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """data[start:end] becomes text."""

    start: int
    end: int
    text: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """One place mended. kind: as flows name it. said: what was done. modules: names that have to be imported for it."""

    kind: str
    line: int
    said: str
    edits: tuple[Edit, ...]
    modules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """One place that a person has to mend. why: in a sentence, with what to write."""

    kind: str
    line: int
    why: str


def apply(data: bytes, edits: Iterable[Edit]) -> bytes:
    """The text after all edits. Raises ValueError where two of them meet."""
    made, at = list[bytes](), 0
    for edit in sorted(edits, key=lambda one: (one.start, one.end)):
        if edit.start < at:
            raise ValueError("two edits meet")
        made += [data[at : edit.start], edit.text]
        at = edit.end
    return b"".join([*made, data[at:]])
