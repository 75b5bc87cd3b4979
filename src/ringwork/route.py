"""A way into the application, and the rule that stands before it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class RouteKind(StrEnum):
    """What answers there."""

    HTTP = "http"
    WEBSOCKET = "websocket"
    STATIC = "static"
    MOUNT = "mount"  # another application whose inside cannot be listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """Where the code of a route stands: dotted name, file as given by the interpreter, first line (1 or more)."""

    name: str
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Public:
    """Anyone may enter; `reason` says why, and is printed in every report."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Requires:
    """An authenticated principal with at least one of `roles`; empty means any authenticated principal."""

    roles: frozenset[str] = frozenset()


Rule = Public | Requires


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One entry of the application's own router.

    path: the template with every prefix, parameters in braces, for example "/notes/{note_id}".
    methods: upper-case; empty for WebSockets and mounts, which answer to all.
    rule: None when nobody declared one; such a route is refused.
    rule_source: where the rule was found, for reports ("decorator", "router", "policy", ...).
    csrf_exempt: the reason of a declared exemption, or None.
    """

    kind: RouteKind
    path: str
    methods: frozenset[str]
    handler: Handler
    rule: Rule | None = None
    rule_source: str = ""
    csrf_exempt: str | None = None

    @property
    def name(self) -> str:
        """How people and settings name it: "GET /notes/{note_id}", or "WEBSOCKET /live"."""
        if self.kind is RouteKind.WEBSOCKET:
            return f"WEBSOCKET {self.path}"
        return f"{','.join(sorted(self.methods - {'HEAD', 'OPTIONS'})) or 'ANY'} {self.path}"
