"""A way into the application, and the rule that stands before it."""

from __future__ import annotations

from dataclasses import field

from ringwork.frozen import Frozen
from ringwork.words import Words


class RouteKind(Words):
    """What answers there."""

    HTTP = "http"
    WEBSOCKET = "websocket"
    STATIC = "static"
    MOUNT = "mount"  # another application whose inside cannot be listed


class Handler(Frozen):
    """Where the code of a route stands: dotted name, file as given by the interpreter, first line (1 or more)."""

    name: str
    file: str | None = None
    line: int | None = None


class Public(Frozen):
    """Anyone may enter; `reason` says why, and is printed in every report."""

    reason: str


class Requires(Frozen):
    """An authenticated principal with at least one of `roles`; empty means any authenticated principal.

    recorded: the operation is told as an event before its handler runs, and refused while nobody can be told.
    """

    roles: frozenset[str] = frozenset()
    recorded: bool = False


class Own(Frozen):
    """The application's own check stands before the handler, by the name under which the policy or its library knows it.

    With `identify` a principal is asked for all the same; without it the application's check alone decides.
    """

    by: str


class Signed(Frozen):
    """Whoever shows a message that its sender signed, or a link of this site's own; no principal is asked for.

    sender: by the policy's name, "" for a link. purpose: what the signature is for, "" where the sender's form has none.
    once: a link that is used up when it is followed; a message always is.
    """

    sender: str = ""
    purpose: str = ""
    once: bool = False


Rule = Public | Requires | Own | Signed


class Rated(Frozen):
    """The class by whose rates a route's requests are counted. reason: why "none" is enough, "" for every other class."""

    name: str
    reason: str = ""


class RouteLimits(Frozen):
    """What the requests of one route are held to instead of the general limits; a limit of 0 is the general one."""

    route: str = field(
        default="", metadata={"doc": 'the route by name ("POST /upload", "ANY /files"); "" in the mark limits()', "unit": "name"}
    )
    reason: str = field(default="", metadata={"doc": "why; printed in every report", "unit": "text"})
    body_bytes: int = field(default=0, metadata={"doc": "greatest length of a body", "unit": "bytes"})
    form_fields: int = field(default=0, metadata={"doc": "most fields of a form", "unit": "count"})
    json_depth: int = field(default=0, metadata={"doc": "deepest nesting of a JSON body", "unit": "levels"})
    seconds: float = field(default=0.0, metadata={"doc": "longest time until the answer starts (ASGI)", "unit": "seconds"})


class Cacheable(Frozen):
    """The answers of a route may be kept although somebody is signed in; `reason` says why nothing private stands there.

    max_age_seconds: how long, 0 to ask again each time. private: by the browser only, by no shared cache.
    """

    reason: str
    max_age_seconds: int = 0
    private: bool = True


class Waived(Frozen):
    """A violation of one control that is accepted on one route: why, by whom, and until which day (ISO date, the last that counts)."""

    control: str
    reason: str
    owner: str
    until: str


class Route(Frozen):
    """One entry of the application's own router.

    path: the template with every prefix, parameters in braces, for example "/notes/{note_id}".
    methods: upper-case; empty for WebSockets and mounts, which answer to all.
    rule: None when nobody declared one; such a route is refused.
    rule_source: where the rule was found, for reports ("decorator", "router", "policy", ...).
    seen_checks: what looks like a check of the application's own before a route without a rule, as `own_auth` would name it.
    passed_over: what was seen before it and gives no rule, with what to do about it; "" for nothing.
    csrf_exempt: the reason of a declared exemption, or None.
    own_token: whose tokens its forms may carry instead of ringwork's ("Django"), "" for nobody's.
    rated: the declared class of rates, or None.
    sends_files: the handler was seen to hand out files by a name from the path, whatever its kind.
    limits: what its requests are held to instead of the general limits, or None.
    cacheable: how its answers may be kept, or None.
    waived: what is accepted on it, by marks.
    swallows: its last parameter takes whatever follows, slashes too ("{rest:path}", "<path:rest>").
    takes_any: it answers to every method; `methods` are those that its code was seen to ask for.
    inline_scripts: hashes ("sha256-...") of the inline scripts that the framework itself writes into its page.
    """

    kind: RouteKind
    path: str
    methods: frozenset[str]
    handler: Handler
    rule: Rule | None = None
    rule_source: str = ""
    seen_checks: tuple[str, ...] = ()
    passed_over: str = ""
    csrf_exempt: str | None = None
    own_token: str = ""
    rated: Rated | None = None
    sends_files: bool = False
    limits: RouteLimits | None = None
    cacheable: Cacheable | None = None
    waived: tuple[Waived, ...] = ()
    swallows: bool = False
    takes_any: bool = False
    inline_scripts: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """How people and settings name it: "GET /notes/{note_id}", or "WEBSOCKET /live"."""
        if self.kind is RouteKind.WEBSOCKET:
            return f"WEBSOCKET {self.path}"
        return f"{','.join(sorted(self.methods - {'HEAD', 'OPTIONS'})) or 'ANY'} {self.path}"

    def is_named(self, name: str) -> bool:
        """Whether a setting's name means this route."""
        return names_route(name, self.methods, self.path)


def names_route(name: str, methods: frozenset[str], path: str) -> bool:
    """Whether a name ("GET /docs", "GET,POST /notes", "ANY /static", "WEBSOCKET /live") means the route with these methods and path."""
    named, _, named_path = name.partition(" ")
    if named_path != path:
        return False
    return named == "ANY" or (methods - {"HEAD", "OPTIONS"} or frozenset({"WEBSOCKET"})) <= frozenset(named.split(","))
