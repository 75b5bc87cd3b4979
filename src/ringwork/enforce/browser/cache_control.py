"""Private answers are kept nowhere: not by the browser, not by a proxy, not by a content network.

Against the next user of a machine or of a cache who is handed somebody's page, against a page that is asked for under the name
of a picture so that a cache keeps it, and against what a browser still holds after signing out.
Source: RFC 9111, 3 and 5.2.2.5; RFC 9110, 12.5.5; W3C Clear Site Data; ASVS 5.0, 14.2.2, 14.2.5, 14.3.1, 14.3.2.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import field
from email.utils import parsedate_to_datetime

from ringwork.enforce.guard import Guard, Hooks, Judge, Leave, Refusal, Site, Surroundings
from ringwork.exchange import Exchange, Header, vary_on
from ringwork.frozen import Frozen, replace
from ringwork.names import ControlId
from ringwork.principal import Via
from ringwork.route import Cacheable, Public, Route, RouteKind
from ringwork.words import Words

CONTROL = ControlId("browser.cache-control")

CLEARABLE = frozenset({"cache", "cookies", "storage", "executionContexts", "clientHints"})
"""What a browser can be told to forget (W3C Clear Site Data, 3.1)."""

YEAR = 31_536_000

STATIC_SUFFIXES = frozenset(
    {
        # What content networks keep by the name alone, whatever the headers say.
        *("avif", "bmp", "css", "csv", "eot", "gif", "ico", "jpeg", "jpg", "js", "map", "mjs", "mp3", "mp4", "otf", "pdf", "png"),
        *("svg", "swf", "tif", "tiff", "ttf", "txt", "wasm", "webm", "webp", "woff", "woff2", "xml", "zip"),
    }
)
_DOCUMENTS = (b"text/html", b"application/json", b"application/xhtml+xml", b"application/problem+json")

_CACHING = frozenset(
    {
        b"cache-control",
        # Against headers that outrank Cache-Control: for old caches, and for content networks (RFC 9213).
        b"age",
        b"cdn-cache-control",
        b"cloudflare-cdn-cache-control",
        b"edge-control",
        b"expires",
        b"pragma",
        b"surrogate-control",
        b"vercel-cdn-cache-control",
        b"x-accel-expires",
    }
)
_SAYS, _OUTRANKING = _CACHING | {b"vary"}, _CACHING - {b"cache-control"}
_NEVER: tuple[Header, ...] = ((b"cache-control", b"no-store"), (b"vary", b"Cookie"))
_TO_ONE_READER = frozenset({ControlId("browser.content-security-policy"), ControlId("browser.csrf")})
"""Guards that note what they put into a page: a nonce or a form's token, each good for the one answer that carries it."""

_OWN_COOKIES = "ringwork-"
_LOGOUT_WORDS = frozenset({"logout", "log-out", "log_out", "signout", "sign-out", "sign_out", "logoff", "log-off"})


class CacheableRoute(Frozen):
    """One route whose answers may be kept although somebody is signed in; the same as the mark `cacheable`."""

    route: str = field(metadata={"doc": 'the route\'s name, "GET /logo"', "unit": "route"})
    reason: str = field(metadata={"doc": "why nothing private stands there", "unit": "text"})
    max_age_seconds: int = field(default=0, metadata={"doc": "how long; 0 asks again each time", "unit": "seconds, 0 to 31536000"})
    private: bool = field(default=True, metadata={"doc": "kept by the browser only, by no shared cache", "unit": "true or false"})


class CacheControlSettings(Frozen):
    """Which routes may be kept all the same, and which sign out."""

    cacheable: tuple[CacheableRoute, ...] = field(
        default=(), metadata={"doc": "routes whose answers may be kept, each with its reason", "unit": "tables", "source": "ASVS 14.3.2"}
    )
    logout_routes: tuple[str, ...] = field(
        default=(),
        metadata={
            "doc": "routes that sign out; others are known by the session cookie that they delete",
            "unit": "route names",
            "source": "ASVS 14.3.1",
        },
    )
    clears: tuple[str, ...] = field(
        default=("cache", "cookies", "storage"),
        metadata={
            "doc": "what a browser forgets at logout; cookies go for the whole registrable domain; [] sends nothing",
            "unit": "words",
            "source": "ASVS 14.3.1; W3C Clear Site Data, 3.1",
        },
    )
    named_like_files: tuple[str, ...] = field(
        default=(),
        metadata={
            "doc": 'routes whose pages may have names like "guides/node.js"',
            "unit": "route names",
            "source": "our choice",
        },
    )


class CacheControlReason(Words):
    """Why an answer was refused."""

    STATIC_SUFFIX = "static-suffix"


def plan(settings: CacheControlSettings, site: Site, route: Route | None) -> Hooks:
    """Every answer is looked at; pages under open-ended paths are also held against the name that was asked for."""
    if route is None:
        unmatched = _leave_unmatched(_leave(settings, None, is_static=False, is_private=True, signs_out=None))
        return Hooks(leave=unmatched, is_steady=True)
    allowed = _allowed(settings, route)
    is_public = isinstance(route.rule, Public)
    is_static = is_public and (route.kind is RouteKind.STATIC or route.sends_files)
    # A rule of the application's own lets nobody in without asking, even where ringwork is not told who it is.
    is_private = route.rule is not None and not is_public
    named = any(route.is_named(name) for name in settings.logout_routes)
    words = not _LOGOUT_WORDS.isdisjoint(route.path.lower().split("/"))
    open_ended = route.kind is RouteKind.HTTP and not route.sends_files and "{" in route.path.rpartition("/")[2] and allowed is None
    judged = open_ended and not any(route.is_named(name) for name in settings.named_like_files)
    return Hooks(
        judge=_refuse_pages_named_like_files(route, is_private=is_private) if judged else None,
        judge_when=_is_named_like_a_file(route),
        leave=_leave(settings, allowed, is_static=is_static, is_private=is_private, signs_out=True if named else False if words else None),
        is_steady=True,
    )


def faults(settings: CacheControlSettings) -> Sequence[str]:
    """What is wrong with the settings."""
    found = []
    for i, one in enumerate(settings.cacheable):
        if not one.reason.strip():
            found.append(f"cacheable[{i}].reason is empty; say why nothing private stands at {one.route!r}")
        if not 0 <= one.max_age_seconds <= YEAR:
            found.append(f"cacheable[{i}].max_age_seconds: {one.max_age_seconds} is out of range; write 0 to {YEAR}, for example 3600")
    for i, what in enumerate(settings.clears):
        if what not in CLEARABLE:
            found.append(f"clears[{i}]: {what!r} is nothing that a browser clears; write one of {', '.join(sorted(CLEARABLE))}")
    return found


def at_start(settings: CacheControlSettings, site: Site, around: Surroundings, routes: Sequence[Route]) -> Sequence[str]:
    """Names of routes that are none."""
    named = [(f"cacheable[{i}].route", one.route) for i, one in enumerate(settings.cacheable)]
    named += [(f"logout_routes[{i}]", name) for i, name in enumerate(settings.logout_routes)]
    named += [(f"named_like_files[{i}]", name) for i, name in enumerate(settings.named_like_files)]
    found = [
        f'{where}: {name!r} names no route of this application; write method and path, for example "GET /logo"'
        for where, name in named
        if not any(route.is_named(name) for route in routes)
    ]
    for route in routes:
        allowed = _declared(settings, route)
        if allowed is not None and not allowed.private and not isinstance(route.rule, Public):
            found.append(f"{route.name} is not public and lets shared caches keep its answers; leave private=False out")
    return found


def _allowed(settings: CacheControlSettings, route: Route) -> Cacheable | None:
    """How the answers may be kept. Against a shared cache that keeps what only some may read: by the browser alone, there."""
    found = _declared(settings, route)
    return found if found is None or isinstance(route.rule, Public) else replace(found, private=True)


def _declared(settings: CacheControlSettings, route: Route) -> Cacheable | None:
    if route.cacheable is not None:
        return route.cacheable
    found = next((one for one in settings.cacheable if route.is_named(one.route)), None)
    return None if found is None else Cacheable(reason=found.reason, max_age_seconds=found.max_age_seconds, private=found.private)


def _leave(
    settings: CacheControlSettings, allowed: Cacheable | None, *, is_static: bool, is_private: bool, signs_out: bool | None
) -> Leave:
    """signs_out: declared (True), named like a logout (False), or neither (None)."""
    kept = None if allowed is None else _kept_as(allowed)
    shared = allowed is not None and not allowed.private
    clears = ",".join(f'"{what}"' for what in settings.clears).encode()

    def leave(exchange: Exchange, status: int, headers: list[Header]) -> list[Header]:
        names = dict(headers)
        sets_cookie = b"set-cookie" in names
        if not sets_cookie:
            if kept is not None and status < 400 and (exchange.notes is None or _TO_ONE_READER.isdisjoint(exchange.notes)):
                return _with(headers, kept, shared=shared)
            if is_static or not (
                is_private or exchange.principal is not None or exchange.authorization is not None or _looked_up(exchange, names, headers)
            ):
                return headers
        if names.get(b"cache-control") == b"no-store" and _OUTRANKING.isdisjoint(names) and headers.count(_NEVER[0]) == 1:
            out = vary_on(headers, b"Cookie")
        else:
            out = [*headers, *_NEVER] if _SAYS.isdisjoint(names) else _with(headers, b"no-store", shared=False)
        if not clears or not (signs_out or sets_cookie):
            return out
        if exchange.principal is not None and status < 400 and (signs_out or _signs_out(exchange, headers, is_named=signs_out)):
            # Against the next user of the machine who goes back in the history, or reads what the page had stored.
            out = [*(pair for pair in out if pair[0] != b"clear-site-data"), (b"clear-site-data", clears)]
        return out

    return leave


def _leave_unmatched(never: Leave) -> Leave:
    """Before a route is known nobody has asked who is there, so a cookie stands for somebody: errors and what says nothing of caches."""

    def leave(exchange: Exchange, status: int, headers: list[Header]) -> list[Header]:
        names = dict(headers)
        # A file that some layer serves by itself keeps the caching that it states.
        stated = status < 400 and not _CACHING.isdisjoint(names)
        is_somebody = exchange.cookie is not None or exchange.authorization is not None
        return never(exchange, status, headers) if b"set-cookie" in names or (is_somebody and not stated) else headers

    return leave


def _looked_up(exchange: Exchange, names: Container[bytes], headers: list[Header]) -> bool:
    """Whether a session was looked into that may have held something: without any cookie it was empty, and the answer is everybody's."""
    if exchange.cookie is None or b"vary" not in names:
        return False
    return any(name == b"vary" and b"cookie" in value.lower() for name, value in headers)


def _kept_as(allowed: Cacheable) -> bytes:
    scope = "private" if allowed.private else "public"
    return f"{scope}, max-age={allowed.max_age_seconds}".encode() if allowed.max_age_seconds else f"{scope}, no-cache".encode()


def _with(headers: list[Header], value: bytes, *, shared: bool) -> list[Header]:
    """The headers with this Cache-Control and nothing that outranks it; what is not everybody's varies by its credentials."""
    out = [pair for pair in headers if pair[0] not in _CACHING]
    out.append((b"cache-control", value))
    if shared:
        return out
    # Against one person's answer for the next one, in a cache that keeps what it should not.
    return vary_on(out, b"Cookie" if value == b"no-store" else b"Cookie, Authorization")


def _signs_out(exchange: Exchange, headers: Iterable[Header], *, is_named: bool | None) -> bool:
    """Whether the answer takes away the cookie by which the principal was known.

    is_named: False for a route named like a logout, where any cookie that came and goes will do; None elsewhere. There a deleted
    cookie may be a flash message, so every cookie that came has to go: without any the browser is signed in no more.
    """
    if exchange.principal is None or exchange.principal.via is not Via.COOKIE:
        return False
    came = _names_sent(exchange)
    gone: set[str] = set()
    for name, value in headers:
        if name == b"set-cookie":
            cookie, is_gone = _read(value)
            if is_gone:
                gone.add(cookie)
            else:
                gone.discard(cookie)
    gone &= came
    return bool(gone) and (is_named is False or gone == came)


def _names_sent(exchange: Exchange) -> set[str]:
    """Names, without prefix, of the cookies that the application saw."""
    raw = next((value for name, value in exchange.replaced if name == b"cookie"), exchange.cookie or b"")
    names = {_plain(piece.partition(b"=")[0]) for piece in raw.split(b";")}
    return {name for name in names if name and not name.startswith(_OWN_COOKIES)}


def _plain(name: bytes) -> str:
    return name.strip(b" \t").removeprefix(b"__Host-").decode("latin-1")


def _read(line: bytes) -> tuple[str, bool]:
    """Name, and whether the line deletes it; Max-Age outranks Expires (RFC 6265, 5.3)."""
    pair, *attributes = line.split(b";")
    by_date = by_age = None
    for attribute in attributes:
        name, _, value = attribute.strip(b" \t").partition(b"=")
        if name.lower() == b"max-age":
            by_age = value.startswith(b"-") or value.strip(b"0") == b""
        elif name.lower() == b"expires":
            by_date = _is_past(value.decode("latin-1"))
    return _plain(pair.partition(b"=")[0]), bool(by_date if by_age is None else by_age)


def _is_past(date: str) -> bool:
    """Whether an Expires is one of those by which frameworks delete: the year 1970 or before 2000."""
    try:
        return parsedate_to_datetime(date).year < 2000
    except (TypeError, ValueError):
        return False


def _is_named_like_a_file(route: Route) -> Callable[[Exchange], bool]:
    swallows = route.swallows

    def is_named_like_a_file(exchange: Exchange) -> bool:
        path = exchange.path
        return (swallows or ";" in path) and path.rpartition(".")[2].lower() in STATIC_SUFFIXES

    return is_named_like_a_file


def _refuse_pages_named_like_files(route: Route, *, is_private: bool) -> Judge:
    named_so = _is_named_like_a_file(route)
    detail = (
        "a private page was asked for under the name of a static file; if its pages have such names, add the route: "
        f'[browser.cache-control] named_like_files = ["{route.name}"]'
    )
    refusal = Refusal(control=CONTROL, status=404, reason=CacheControlReason.STATIC_SUFFIX.value, detail=detail)

    def judge(exchange: Exchange, status: int, headers: list[Header]) -> Refusal | None:
        # Against web cache deception: "/account/x.css" answered with the account, and kept by a cache that goes by the name. A file
        # that is what its name says (a picture as .png) passes, and so does one segment, which the application itself looked up.
        if not named_so(exchange):
            return None
        if status != 200 or (exchange.principal is None and not is_private):
            return None
        kind = next((value for name, value in headers if name.lower() == b"content-type"), b"")
        return refusal if kind.partition(b";")[0].strip().lower() in _DOCUMENTS else None

    return judge


GUARD: Guard[CacheControlSettings] = Guard(control=CONTROL, settings=CacheControlSettings, plan=plan, faults=faults, at_start=at_start)
