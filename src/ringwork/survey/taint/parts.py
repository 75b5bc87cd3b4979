"""What a model says of one function, method or attribute: frozen parts, which docs/source-models.md explains key by key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Position = int | str
"""One input: a position from 0, a keyword, "self" (the receiver), "*" (all of them) or "**" (the names in a mapping that is unpacked)."""


class Word(StrEnum):
    """What a condition asks of an argument."""

    IS = "is"  # this literal, or the object of this dotted name
    MISSING = "missing"
    UNKNOWN = "unknown"
    GIVEN = "given"
    BELOW = "below"
    ABOVE = "above"
    BITS = "bits"  # a number that has one of these bits
    MATCHES = "matches"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One value that an argument may have.

    value: a literal or a dotted name (IS), a number (BELOW, ABOVE), a pattern (MATCHES), else None.
    """

    word: Word
    value: str | int | float | bool | re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One argument, under one or more of its places, and the values of which it has to be one.

    key: what the argument keeps under this constant key (item of a dict, field of an object) is asked instead of itself; "" for itself.
    """

    of: tuple[Position, ...]
    wanted: tuple[Wanted, ...]
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sink:
    """Inputs that matter when they come from a request. when: all have to hold; unless: none may. part: "whole" or "" for any part.

    weak: no more than a hint, because it does harm under some versions or settings only.
    """

    kind: str
    at: tuple[Position, ...]
    when: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()
    part: str = ""
    weak: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Find:
    """A call that matters whatever it is given. detail: one sentence, "" where the kind says all. weak: no more than a hint."""

    kind: str
    when: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()
    detail: str = ""
    weak: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """A question whose answer makes an input harmless for kinds of sinks. returns: for one that raises unless it is."""

    of: tuple[Position, ...]
    true: frozenset[str] = frozenset()
    false: frozenset[str] = frozenset()
    returns: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """The value is kept in the receiver under the key, which may be of several parts."""

    key: tuple[Position, ...]
    value: tuple[Position, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The value that the receiver keeps under the key, else the default."""

    key: tuple[Position, ...]
    default: tuple[Position, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """An argument that is called, and with which of the other inputs."""

    function: tuple[Position, ...]
    arguments: tuple[Position, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function, method or attribute. All that is left out is none of it: the result is clean and of no known type."""

    passes: frozenset[Position] = frozenset()
    source: str = ""
    named_by: tuple[Position, ...] = ()
    through: tuple[Position, ...] = ()
    type: str = ""
    items: str = ""
    cleans: frozenset[str] = frozenset()
    marks: frozenset[str] = frozenset()
    decodes: bool = False
    guards: tuple[Guard, ...] = ()
    stores: Store | None = None
    loads: Load | None = None
    keeps: tuple[str, ...] = ()
    calls: tuple[Callback, ...] = ()
    raises: bool = False
    sinks: tuple[Sink, ...] = ()
    finds: tuple[Find, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """The head of one file. name: the file's stem. unchecked: dotted name to the reason why nothing installed can show it.

    lines: what the file describes: kind (alias, value, type, function, method, attribute) and dotted name. absent: why it cannot be
    installed where the tests run, "" for one that can.
    """

    name: str
    library: str
    distribution: str
    versions: str
    source: str
    unchecked: Mapping[str, str] = field(default_factory=dict, hash=False)
    lines: tuple[tuple[str, str], ...] = ()
    absent: str = ""
