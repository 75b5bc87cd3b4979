"""What a small application offers, said once for every framework; the builders make it of each framework's own parts.

A test that is about ringwork says its ways in here and runs on all frameworks; one that is about a framework writes plain code of it.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Any

Mark = Callable[[Any], Any]


class Effects:
    """What handlers did; an attack is judged by this, not by its status."""

    def __init__(self) -> None:
        self.done: list[str] = []


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    """What a handler may look at, in one shape. Names of headers are in lower case; parameters are those of the path."""

    method: str
    query: Mapping[str, str]
    cookies: Mapping[str, str]
    headers: Mapping[str, str]
    parameters: Mapping[str, str]
    client: str
    scheme: str
    host: str
    native: Any
    body: bytes = b""
    form: Mapping[str, str] = dataclasses.field(default_factory=dict)
    session: Callable[[], MutableMapping[str, Any]] = dict


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What a handler answers; a body of pieces is streamed."""

    body: str | Iterable[bytes] = ""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    kind: str = "text/plain"

    @property
    def pieces(self) -> Iterable[bytes] | None:
        """The pieces of a stream, or None for a whole body."""
        return None if isinstance(self.body, str) else self.body


Handler = Callable[[Asked], Any]
"""From what was asked to an Answer; a coroutine function is served as the framework serves one."""


@dataclasses.dataclass(frozen=True, slots=True)
class Way:
    """One route. path: parameters in braces, "{name:path}" takes slashes too. rule: a mark, or None for a route nobody thought of.

    reads: "body" or "form", when the handler reads its body, and how; "" for not at all. marks: further marks, as of a limit.
    """

    path: str
    handler: Handler
    rule: Mark | None = None
    methods: tuple[str, ...] = ("GET",)
    reads: str = ""
    marks: tuple[Mark, ...] = ()

    @property
    def waits(self) -> bool:
        """Whether its handler is a coroutine function."""
        return inspect.iscoroutinefunction(self.handler)

    def marked(self, endpoint: Any) -> Any:
        """The endpoint that a builder made of it, with the marks on it."""
        for mark in (self.rule, *self.marks):
            endpoint = endpoint if mark is None else mark(endpoint)
        return endpoint


@dataclasses.dataclass(frozen=True, slots=True)
class Socket:
    """A WebSocket: it says hello and closes. opened: called when its handler runs."""

    path: str
    opened: Callable[[], None]
    rule: Mark | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Files:
    """A folder that the framework itself serves."""

    path: str
    folder: Path
    rule: Mark | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """Ways under a prefix, in the framework's own kind of group: mount, router, blueprint, include, application in the application."""

    path: str
    ways: Sequence[Way | Files | Socket | Group]
    rule: Mark | None = None


Ways = Sequence[Way | Files | Socket | Group]


def marked(rule: Mark | None, thing: Any) -> Any:
    """The thing with the rule on it, if there is one."""
    return thing if rule is None else rule(thing)
