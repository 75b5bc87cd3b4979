"""Other sites may read answers only where this is exactly configured; nowhere by default.

Against a foreign page that reads authenticated answers in the victim's browser because sharing was switched on for everybody,
reflected whatever Origin came, or trusted "null". Source: WHATWG Fetch, 3.2 (CORS protocol); ASVS 5.0, 3.4.2, 3.5.2, 3.5.4.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

from ringwork.enforce.guard import Arrive, Decision, Enter, Guard, Hooks, Leave, Refusal, Reply, Site, Surroundings
from ringwork.exchange import Exchange, Header, vary_on
from ringwork.frozen import Frozen
from ringwork.names import ControlId
from ringwork.route import Public, Route
from ringwork.words import Words

CONTROL = ControlId("browser.cors")

DAY = 86_400
OWNED = frozenset(
    {
        b"access-control-allow-credentials",
        b"access-control-allow-headers",
        b"access-control-allow-methods",
        b"access-control-allow-origin",
        b"access-control-allow-private-network",
        b"access-control-expose-headers",
        b"access-control-max-age",
        b"timing-allow-origin",
    }
)
"""Headers by which an answer is opened to other sites; those of the application are taken out."""

SIMPLE_METHODS = frozenset({"GET", "HEAD", "POST"})
SIMPLE_HEADERS = frozenset({"accept", "accept-language", "content-language", "range"})
_SIMPLE_TYPES = frozenset({b"application/x-www-form-urlencoded", b"multipart/form-data", b"text/plain"})

_NAME = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_ORIGIN = rf"https?://({_NAME}(\.{_NAME})*|\[[0-9a-f:]+\])(:[0-9]{{1,5}})?"
_LOCAL = r"http://(localhost|([a-z0-9-]+\.)+localhost|127\.[0-9.]+|\[::1\])(:[0-9]{1,5})?"
_NAMING = frozenset("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
"""Of what a header's name is made (RFC 9110, 5.6.2)."""


class SharedRoute(Frozen):
    """One route with origins of its own, instead of the general ones."""

    route: str = field(metadata={"doc": 'the route\'s name, "GET /api/items"', "unit": "route"})
    origins: tuple[str, ...] = field(metadata={"doc": "exact origins whose pages may read it; [] for none", "unit": "origins"})


class PublicRoute(Frozen):
    """One route whose answers are for everybody: read by any page, without cookies, by simple requests."""

    route: str = field(metadata={"doc": 'the route\'s name, "GET /api/prices"; its rule has to be public', "unit": "route"})
    reason: str = field(metadata={"doc": "why anybody's page may read it; printed in every report", "unit": "text"})


class CorsSettings(Frozen):
    """Whose pages may read which answers."""

    origins: tuple[str, ...] = field(
        default=(),
        metadata={
            "doc": "exact origins whose pages may read answers; for routes that are not public they stand in trusted_origins too",
            "unit": "origins",
            "source": "ASVS 3.4.2",
        },
    )
    methods: tuple[str, ...] = field(
        default=("GET", "HEAD", "POST"),
        metadata={"doc": "methods that those pages may use", "unit": "methods", "source": "our choice"},
    )
    headers: tuple[str, ...] = field(
        default=("content-type",),
        metadata={"doc": "request headers that they may send", "unit": "header names", "source": "our choice"},
    )
    expose: tuple[str, ...] = field(
        default=(), metadata={"doc": "answer headers that they may read", "unit": "header names", "source": "our choice"}
    )
    credentials: bool = field(
        default=False,
        metadata={"doc": "whether their requests may carry cookies", "unit": "true or false", "source": "ASVS 3.4.2"},
    )
    max_age_seconds: int = field(
        default=600,
        metadata={"doc": "how long a browser may remember a preflight", "unit": "seconds, 0 to 86400", "source": "our choice"},
    )
    private_network: bool = field(
        default=False,
        metadata={"doc": "whether pages of the internet may reach this site inside a private network", "unit": "true or false"},
    )
    routes: tuple[SharedRoute, ...] = field(
        default=(), metadata={"doc": "routes with origins of their own", "unit": "tables", "source": "ASVS 3.4.2"}
    )
    public_routes: tuple[PublicRoute, ...] = field(
        default=(), metadata={"doc": 'routes that any page may read ("*"), without cookies', "unit": "tables", "source": "ASVS 3.4.2"}
    )


class CorsReason(Words):
    """Why a request was refused."""

    FOREIGN_ORIGIN = "foreign-origin"
    METHOD = "method"
    HEADER = "header"
    PRIVATE_NETWORK = "private-network"
    REPEATED_HEADER = "repeated-header"
    OTHER_ROUTE = "other-route"


def plan(settings: CorsSettings, site: Site, route: Route | None) -> Hooks:
    """Preflights are answered before routing; each answer says for its own route who may read it."""
    if route is None:
        return Hooks(removes=OWNED, arrive=_answer_preflights(settings, site), leave=_leave_preflight(settings), passes_plain=True)
    if isinstance(route.rule, Public) and any(route.is_named(one.route) for one in settings.public_routes):
        return Hooks(removes=OWNED, leave=_open_to_all)
    origins = next((one.origins for one in settings.routes if route.is_named(one.route)), settings.origins)
    elsewhere = _all_origins(settings) - frozenset(origins) - {site.canonical_origin}
    return Hooks(removes=OWNED, enter=_hold_to_route(elsewhere) if elsewhere else None, leave=_leave(settings, origins))


def faults(settings: CorsSettings) -> Sequence[str]:
    """What is wrong with the settings."""
    found = [fault for i, origin in enumerate(settings.origins) for fault in _origin_faults(f"origins[{i}]", origin)]
    for i, one in enumerate(settings.routes):
        found += [fault for j, origin in enumerate(one.origins) for fault in _origin_faults(f"routes[{i}].origins[{j}]", origin)]
    for i, method in enumerate(settings.methods):
        if not method.isupper() or not method.isalpha():
            found.append(f'methods[{i}]: {method!r} is no method; write each out in capitals, such as "GET"')
    for name in ("headers", "expose"):
        for i, header in enumerate(getattr(settings, name)):
            if not _is_header(header):
                found.append(f'{name}[{i}]: {header!r} is no header name; write each out, such as "content-type"')
    if not 0 <= settings.max_age_seconds <= DAY:
        found.append(f"max_age_seconds: {settings.max_age_seconds} is out of range; write 0 to {DAY}, for example 600")
    for i, public in enumerate(settings.public_routes):
        if not public.reason.strip():
            found.append(f"public_routes[{i}].reason is empty; say why anybody's page may read {public.route!r}")
        if any(public.route == one.route for one in settings.routes):
            found.append(f"public_routes[{i}]: {public.route!r} stands in routes too; keep one")
    return found


def _is_header(text: str) -> bool:
    """Whether it names one header, and is not the "*" that means all of them."""
    return text not in {"", "*"} and _NAMING.issuperset(text)


def _origin_faults(where: str, origin: str) -> Iterator[str]:
    public = 'for data that anybody may read, without cookies: public_routes = [{route = "GET /path", reason = "..."}]'
    if origin == "*":
        yield f'{where}: "*" would let any page read; write each origin out, such as "https://app.example"; {public}'
    elif origin == "null":
        yield f'{where}: "null" is what every sandboxed or local page says; serve your page from an origin and write that'
    elif not re.fullmatch(_ORIGIN, origin):
        yield f'{where}: {origin!r} is no exact origin; write scheme, host and port only, without path, capitals and patterns, such as "https://app.example"'
    elif origin.startswith("http://") and not re.fullmatch(_LOCAL, origin):
        yield f"{where}: a page on plain http can be changed on its way; write https://{origin.removeprefix('http://')}"


def _all_origins(settings: CorsSettings) -> frozenset[str]:
    return frozenset(settings.origins).union(*(one.origins for one in settings.routes))


# -- preflights ---------------------------------------------------------------------------------------------


def _answer_preflights(settings: CorsSettings, site: Site) -> Arrive:
    allowed = frozenset(origin.encode() for origin in _all_origins(settings))
    methods = frozenset(method.encode() for method in settings.methods) | {method.encode() for method in SIMPLE_METHODS}
    names = frozenset(header.lower().encode() for header in settings.headers) | {header.encode() for header in SIMPLE_HEADERS}
    own = site.canonical_origin.encode()
    granted = [
        (b"access-control-allow-methods", ", ".join(settings.methods).encode()),
        (b"access-control-max-age", str(settings.max_age_seconds).encode()),
    ]
    if settings.headers:
        granted.append((b"access-control-allow-headers", ", ".join(settings.headers).lower().encode()))

    def arrive(exchange: Exchange) -> Decision:
        if exchange.method != "OPTIONS" or exchange.preflight_method is None or exchange.origin is None:
            return None
        if exchange.repeated:
            return _refuse(CorsReason.REPEATED_HEADER, "a preflight with two values of one header")
        # Exact bytes here as well; "null" can stand in no list.
        if exchange.origin not in allowed:
            if exchange.origin == own:
                return None
            return _refuse(CorsReason.FOREIGN_ORIGIN, _add("origins", exchange.origin))
        if exchange.preflight_method not in methods:
            return _refuse(CorsReason.METHOD, _add("methods", exchange.preflight_method))
        for piece in (exchange.preflight_headers or b"").split(b","):
            name = piece.strip(b" \t").lower()
            if name and name not in names:
                return _refuse(CorsReason.HEADER, _add("headers", name))
        headers = list(granted)
        if exchange.preflight_private is not None:
            # Against a page of the internet that reaches a router or a printer through the visitor's browser.
            if not settings.private_network:
                return _refuse(CorsReason.PRIVATE_NETWORK, "a page of the internet asked for a private network; private_network is off")
            headers.append((b"access-control-allow-private-network", b"true"))
        exchange.note(CONTROL, headers)
        return Reply(status=204)

    return arrive


def _add(setting: str, value: bytes) -> str:
    shown = value[:100].decode("ascii", "replace")
    return f'a preflight that is not allowed; if this page is yours, add to [browser.cors] {setting} = ["{shown}"]'


def _hold_to_route(elsewhere: frozenset[str]) -> Enter:
    """A preflight is answered before the route is known, for all origins together; here the route's own list counts."""
    others = frozenset(origin.encode() for origin in elsewhere)

    def enter(exchange: Exchange) -> Decision:
        if exchange.origin not in others or exchange.kind != "http":
            return None
        kind = (exchange.content_type or b"").partition(b";")[0].strip().lower()
        if exchange.method in SIMPLE_METHODS and (not kind or kind in _SIMPLE_TYPES):
            return None  # no preflight came before it, so nothing was promised; its answer stays unreadable
        # Against an origin of one route that changes state on another.
        return _refuse(CorsReason.OTHER_ROUTE, "this page's origin is allowed on other routes, not on this one; see [browser.cors] routes")

    return enter


# -- answers ------------------------------------------------------------------------------------------------


def _leave(settings: CorsSettings, origins: Sequence[str]) -> Leave | None:
    readers = {origin.encode(): _for_reader(settings, origin) for origin in origins}
    if not readers:
        return None

    def leave(exchange: Exchange, status: int, headers: list[Header]) -> list[Header]:
        if status == 101:
            return headers
        # Against a shared cache that hands one origin's permission to another: the answer depends on Origin even where none came.
        out = vary_on(headers, b"Origin")
        # The whole value counts, byte by byte. Against look-alikes: prefix, suffix, capitals, port, "null".
        shared = None if exchange.origin is None else readers.get(exchange.origin)
        return out if shared is None else [*out, *shared]

    return leave


def _leave_preflight(settings: CorsSettings) -> Leave | None:
    """For what stands before routing: answers to preflights, which any listed origin may read, and errors without a route."""
    general = _leave(settings, settings.origins)
    every = _leave(settings, sorted(_all_origins(settings)))
    if every is None:
        return None

    def leave(exchange: Exchange, status: int, headers: list[Header]) -> list[Header]:
        granted = exchange.noted(CONTROL)
        if isinstance(granted, list):
            return every(exchange, status, [*headers, *granted])
        return headers if general is None else general(exchange, status, headers)

    return leave


def _for_reader(settings: CorsSettings, origin: str) -> list[Header]:
    pairs = [(b"access-control-allow-origin", origin.encode())]
    if settings.credentials:
        pairs.append((b"access-control-allow-credentials", b"true"))
    if settings.expose:
        pairs.append((b"access-control-expose-headers", ", ".join(settings.expose).lower().encode()))
    return pairs


def _open_to_all(exchange: Exchange, status: int, headers: list[Header]) -> list[Header]:
    # Without credentials, always: a "*" that meets cookies cannot be expressed here.
    return [*headers, (b"access-control-allow-origin", b"*")]


def _refuse(reason: CorsReason, detail: str) -> Refusal:
    return Refusal(control=CONTROL, status=403, reason=reason.value, detail=detail)


# -- what is found at start ---------------------------------------------------------------------------------


def at_start(settings: CorsSettings, site: Site, around: Surroundings, routes: Sequence[Route]) -> Sequence[str]:
    """Sharing that the framework is set to, names of routes that are none, and origins whose requests would be refused elsewhere."""
    found = [f"{name}: {fault}" for name, options in shared_by(around.settings) for fault in _translated(settings, options)]
    named = [(f"routes[{i}].route", one.route) for i, one in enumerate(settings.routes)]
    named += [(f"public_routes[{i}].route", one.route) for i, one in enumerate(settings.public_routes)]
    for where, name in named:
        meant = [route for route in routes if route.is_named(name)]
        if not meant:
            found.append(f'{where}: {name!r} names no route of this application; write method and path, such as "GET /api/items"')
        elif where.startswith("public_routes") and not all(isinstance(route.rule, Public) for route in meant):
            found.append(f'{where}: {name!r} is not public; mark it public("reason"), or give exact origins in routes')
    return [*found, *_untrusted(settings, site, routes)]


def _untrusted(settings: CorsSettings, site: Site, routes: Sequence[Route]) -> Iterator[str]:
    """Sharing is no trust: an origin whose requests reach what is not public has to be trusted to send them, too."""
    for origin in sorted(_all_origins(settings) - {known.decode() for known in site.origins}):
        own = {one.route for one in settings.routes if origin in one.origins}
        general = origin in settings.origins
        private = [
            route
            for route in routes
            if not isinstance(route.rule, Public)
            and (any(route.is_named(name) for name in own) or (general and not any(route.is_named(one.route) for one in settings.routes)))
        ]
        if settings.credentials or private:
            yield (
                f"{origin} may read answers, and is not trusted to ask for them, so most of its requests are refused; "
                f'add trusted_origins = ["{origin}"], or share public routes only, without credentials'
            )


def shared_by(settings: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """What the framework's own layers share, in one vocabulary: origins, credentials, methods, headers, by the layer's name."""
    found: list[tuple[str, Mapping[str, Any]]] = []
    starlette = settings.get("CORSMiddleware")
    if isinstance(starlette, Mapping):
        pattern = starlette.get("allow_origin_regex")
        origins = [*_texts(starlette.get("allow_origins")), *([f"pattern {pattern}"] if pattern else [])]
        found.append(
            (
                "CORSMiddleware",
                {
                    "origins": origins,
                    "credentials": bool(starlette.get("allow_credentials")),
                    "methods": _texts(starlette.get("allow_methods", ["GET"])),
                    "headers": _texts(starlette.get("allow_headers")),
                },
            )
        )
    for package, options in [
        (name, one) for name in ("flask-cors", "aiohttp-cors", "django-cors-headers") for one in settings.get(name, ()) or ()
    ]:
        found.append(
            (
                f"{package} {options.get('resource', '')}".strip(),
                {
                    "origins": _texts(options.get("origins")),
                    "credentials": bool(options.get("supports_credentials")),
                    "methods": _texts(options.get("methods")),
                    "headers": _texts(options.get("allow_headers")),
                },
            )
        )
    return found


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else [str(item) for item in value]


def _translated(settings: CorsSettings, options: Mapping[str, Any]) -> Iterator[str]:
    origins = options["origins"]
    exact = [origin for origin in origins if re.fullmatch(_ORIGIN, origin)]
    wide = [origin for origin in origins if origin not in exact]
    if wide and options["credentials"]:
        yield f"shares answers with cookies with {wide[0]!r}, which is any page; take it out and write each origin out"
    if set(exact) <= _all_origins(settings) and not wide:
        return  # its headers are taken out, and ours say the same
    methods = [method for method in options["methods"] if method != "*"]
    headers = [header.lower() for header in options["headers"] if _is_header(header)]
    line = f"[browser.cors] origins = {_toml(exact or ['https://app.example'])}"
    line += f", methods = {_toml(methods)}" if methods else ""
    line += f", headers = {_toml(headers)}" if headers else ""
    line += ", credentials = true" if options["credentials"] else ""
    public = '; for data that anybody may read: public_routes = [{route = "GET /path", reason = "..."}]' if wide else ""
    yield f"ringwork answers CORS itself and takes its headers out; take the layer out and write {line}{public}"


def _toml(items: Sequence[str]) -> str:
    return f"[{', '.join(f'{item!r}' for item in items)}]".replace("'", '"')


GUARD: Guard[CorsSettings] = Guard(control=CONTROL, settings=CorsSettings, plan=plan, faults=faults, at_start=at_start)
