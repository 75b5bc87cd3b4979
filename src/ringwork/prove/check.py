"""What a check is, and the stage on which it plays.

A proof lists its checks in `CHECKS`; each is a function from a Stage to Evidence. The stage starts copies of the target,
logs users in and tells what changed; a check never starts anything itself and never leaves loopback.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from ringwork.names import CheckId
from ringwork.prove.evidence import Evidence
from ringwork.survey.facts import AppFacts, RouteFacts
from ringwork.survey.wire.client import Client


class Kind(StrEnum):
    """How a check looks; the kinds of the catalogue."""

    STATIC = "static"
    DEPS = "deps"
    CONFIG = "config"
    ROUTES = "routes"
    LIVE = "live"
    INFRA = "infra"
    PROCESS = "process"


class ProbeRoute(StrEnum):
    """Routes that the harness adds to a copy, so that a class of answer can be provoked in any application.

    All are public except BARE. Their paths are `served.probe_path(which)`. Each carries the copy's canary text in what
    it raises, so that a leak can be told from an ordinary answer.
    """

    BARE = "bare"  # answers 200 and has no rule at all
    PLAIN = "plain"  # answers 200 text/plain
    EMPTY = "empty"  # answers 204
    MOVED = "moved"  # answers 302 to PLAIN
    RAISES = "raises"  # the handler raises
    RAISES_HTML = "raises-html"  # the same on a route whose answers are HTML
    RAISES_STREAM = "raises-stream"  # raises after the first piece of a stream
    ABORTS = "aborts"  # answers the status in ?status=NNN through the framework's own abort / HTTPException
    TRACEBACK = "traceback"  # the handler catches, and answers 500 with the traceback as its body
    SETS_COOKIES = "sets-cookies"  # answers 200 with two plain cookies, no attribute at all
    SOCKET_RAISES = "socket-raises"  # a WebSocket that raises after accept (ASGI only)
    SOCKET_BARE = "socket-bare"  # a WebSocket without a rule (ASGI only)


class Fault(StrEnum):
    """Faults that the harness plants in a copy."""

    IDENTIFY_RAISES = "identify-raises"
    IDENTIFY_HANGS = "identify-hangs"
    IDENTIFY_WRONG = "identify-wrong"  # returns something that is no Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Someone the prover can log in as. roles: as the rules name them. name: shown in reports."""

    name: str
    roles: tuple[str, ...]


class Served(Protocol):
    """One running copy, over HTTPS on loopback."""

    origin: str  # canonical origin, for example "https://clinic.example:49213"; the socket is loopback
    canary: str  # random text that appears in what probe routes raise, and nowhere else

    def client(self) -> Client:
        """A fresh browser with an empty cookie jar, from this check's own 127/8 address."""

    def login(self, user: User) -> Client:
        """A fresh browser that is signed in; raises TargetFailed when the login does not work."""

    def probe_path(self, which: ProbeRoute) -> str:
        """Where a probe route stands; it exists only on copies served with probes=True."""

    def state(self) -> Mapping[str, str]:
        """A digest for each store of the copy (database tables, files, module-level containers), by name."""

    def records(self) -> Sequence[str]:
        """Everything the copy logged or printed so far, one record an item."""

    def reset(self) -> None:
        """Put every store back to what it was when the copy started."""


class Stage(Protocol):
    """What a check may use."""

    facts: AppFacts
    users: Sequence[User]  # those who can log in, least powerful first
    served: Served  # the copy as it is, with probe routes

    def serve(self, *, probes: bool = True, fault: Fault | None = None, production: bool = False) -> AbstractContextManager[Served]:
        """Another copy, fresh. production: started as production would be; raises TargetFailed when it refuses to start."""

    def fill(self, route: RouteFacts, *, client: Client | None = None) -> str:
        """A path for the route's template with parameters that lead somewhere, found by asking the application."""

    def body(self, route: RouteFacts) -> tuple[str, bytes] | None:
        """Content type and valid body for a state-changing route, from its schema or its form; None when unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One way to look at one control. deep: only with --deep."""

    id: CheckId
    kind: Kind
    run: Callable[[Stage], Evidence]
    deep: bool = False
