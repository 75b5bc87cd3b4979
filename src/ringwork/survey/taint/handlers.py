"""What reading tells about the routes of an application: which functions answer requests, and what each of their parameters brings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What one parameter of a handler, or of something that a handler depends on, brings.

    source: the kind of flows.Entry (query, form, body, path, header, cookie, file, message), "" where it is no part of the request by
    itself (a session, a request object, another's result). name: as the client sends it. type: dotted name of its class
    ("starlette.requests.Request", or the project's own "shop.models.Order"), "" unknown. is_text: whether arbitrary text may arrive (an
    int, UUID, Enum, Literal or a path converter of digits brings none). function: dotted name of the project's function or class that
    makes the value (Depends), "" for none. items: dotted type of the elements, where it is a list.
    """

    source: str = ""
    name: str = ""
    type: str = ""
    is_text: bool = True
    function: str = ""
    items: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """One function that answers requests.

    function: dotted, module and qualified name ("shop.orders.OrderView.get"); the class itself where a class view has no method of the
    project's own. path: template, parameters in braces; "" for a view that no URLconf leads to. methods: upper case, of the route.
    brought: by the parameter's name. answers: html, json, text, gateway or "" for what a plain returned
    text or mapping becomes. authenticated_by: names of
    what authenticates. csrf: "exempt: <name>" or "protected: <name>", "" none seen. kind: http or websocket. file, line: of the
    function. instance: dotted class whose method it is, "" for a plain function. verb: the method that reaches this very function where
    the route stands for a class, "" for all. segments: what the parameters of the path bring, by name, for those who read them from the
    request. depends: what the parameters of the functions and classes that it depends on bring, by their dotted name (those that
    Brought.function names). is_public: its author declared it open to everybody. before: functions that are called before it and may
    keep something of the request for it, dotted.
    """

    function: str
    path: str
    methods: tuple[str, ...]
    brought: dict[str, Brought] = field(default_factory=dict)
    answers: str = ""
    authenticated_by: tuple[str, ...] = ()
    csrf: str = ""
    kind: str = "http"
    framework: str = ""
    file: str = ""
    line: int = 0
    instance: str = ""
    verb: str = ""
    segments: dict[str, Brought] = field(default_factory=dict)
    depends: dict[str, dict[str, Brought]] = field(default_factory=dict)
    is_public: bool = False
    before: tuple[str, ...] = ()

    @property
    def is_constant(self) -> bool:
        """Whether its path has no parameter."""
        return "{" not in self.path

    @property
    def name(self) -> str:
        """As findings name the route: "GET /notes/{note_id}"."""
        if self.kind == "websocket":
            return f"WEBSOCKET {self.path}"
        shown = [method for method in self.methods if method not in {"HEAD", "OPTIONS"}]
        return f"{','.join(sorted(shown)) or 'ANY'} {self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """A project's handlers, by the dotted name of their function; and what any module may know of those of others.

    types: dotted names of what requests bring. has_authentication: whether any handler asks who is there. entries: functions that a
    request reaches by other ways than a route of the four frameworks; reading begins there too, and nobody asks them for what routes need.
    """

    by_function: Mapping[str, Sequence[Handler]] = field(default_factory=dict)
    types: frozenset[str] = frozenset()
    has_authentication: bool = False
    entries: Mapping[str, Sequence[Handler]] = field(default_factory=dict)

    @classmethod
    def of(cls, handlers: Iterable[Handler], entries: Iterable[Handler] = ()) -> Routes:
        """Those handlers, and such other entries."""
        found = _by_function(handlers)
        every = [handler for listed in found.values() for handler in listed]
        types = frozenset(brought.type for handler in every for brought in handler.brought.values() if brought.type)
        return cls(
            by_function=found,
            types=types,
            has_authentication=any(handler.authenticated_by for handler in every),
            entries=_by_function(entries),
        )

    def at(self, function: str) -> Sequence[Handler]:
        """The handlers of one function, () for none."""
        return self.by_function.get(function, ())

    def entering(self, function: str) -> Sequence[Handler]:
        """The ways in which a request reaches one function, () for none; what surely is one says more than what looks like a view."""
        return self.entries.get(function) or self.by_function.get(function, ())


def _by_function(handlers: Iterable[Handler]) -> dict[str, list[Handler]]:
    found: dict[str, list[Handler]] = {}
    for handler in handlers:
        found.setdefault(handler.function, []).append(handler)
    return found
