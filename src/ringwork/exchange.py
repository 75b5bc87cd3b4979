"""One request and its answer, as guards see them: no framework, no server, no I/O.

Adapters fill it once; a header is read once and its value handed down. Values from the client are raw and untrusted.
"""

from __future__ import annotations

import functools
import operator
from typing import TYPE_CHECKING, Any

from ringwork.names import IncidentId
from ringwork.principal import Principal
from ringwork.route import Route
from ringwork.secret import random_hex

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""Methods that ask for nothing to be changed (RFC 9110, 9.2.1)."""

SECURE = frozenset({"https", "wss"})
"""Schemes of requests that came over TLS."""

PLAIN = frozenset({"GET", "HEAD"})
"""Methods of ordinary reading."""

Header = tuple[bytes, bytes]
"""Name in lower case, value; both as on the wire (latin-1)."""

SINGLETONS: dict[bytes, str] = {
    b"host": "host",
    b"origin": "origin",
    b"referer": "referer",
    b"cookie": "cookie",
    b"authorization": "authorization",
    b"accept": "accept",
    b"content-type": "content_type",
    b"content-length": "content_length",
    b"sec-fetch-site": "fetch_site",
    b"sec-fetch-mode": "fetch_mode",
    b"sec-fetch-dest": "fetch_dest",
    b"x-csrf-token": "csrf_header",
    b"access-control-request-method": "preflight_method",
    b"access-control-request-headers": "preflight_headers",
    b"access-control-request-private-network": "preflight_private",
    b"forwarded": "forwarded",
    b"x-forwarded-for": "forwarded_for",
    b"x-forwarded-proto": "forwarded_proto",
    b"x-forwarded-host": "forwarded_host",
    b"x-request-id": "request_id",
    b"client-cert": "client_cert",
    b"x-forwarded-client-cert": "forwarded_client_cert",
    b"x-ssl-client-cert": "ssl_client_cert",
    b"x-ssl-client-verify": "ssl_client_verify",
}
"""Request headers that guards read, and the field of Exchange that carries each."""

JOINED = frozenset({b"cookie", b"accept", b"forwarded", b"x-request-id", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"})
"""Those that may arrive in several lines; the lines are joined as RFC 9110, 5.3 and RFC 9113, 8.2.3 say."""


@functools.lru_cache(maxsize=256)
def title_of(name: bytes) -> str:
    """The usual spelling of a header's name; WSGI servers and test clients show it."""
    return name.decode("latin-1").title()


def spelled(pair: Header) -> tuple[str, str]:
    """A header as WSGI wants it."""
    return title_of(pair[0]), pair[1].decode("latin-1")


def vary_on(headers: list[Header], names: bytes) -> list[Header]:
    """The headers with `names` ("Cookie, Authorization") among what the answer varies by; what stands there already stays.

    headers: names in lower case. Joined into the first Vary line, because some caches read no other.
    """
    stated = dict(headers).get(b"vary")
    if stated is None:
        return [*headers, (b"vary", names)]
    first = (b"vary", stated)
    if headers.count(first) != 1 or len(dict(headers)) != len(headers):
        lines = [value for name, value in headers if name == b"vary"]
        first, stated = (b"vary", lines[0]), b",".join(lines)
    missing = _missing(stated, names)
    if not missing:
        return headers
    at = next(i for i, pair in enumerate(headers) if pair[0] == b"vary")  # by its name: ASGI lets a pair be a list, which equals no tuple
    return [*headers[:at], (b"vary", first[1] + b", " + missing if first[1].strip() else missing), *headers[at + 1 :]]


@functools.lru_cache(maxsize=256)
def _missing(stated: bytes, names: bytes) -> bytes:
    """Which of `names` the value of a Vary header does not tell; answers of one application say the same few."""
    told = {word.strip().lower() for word in stated.split(b",")}
    return b"" if b"*" in told else b", ".join(word for word in names.split(b", ") if word.lower() not in told)


_UNDERSCORE = ord("_")
"""As a number: bytes look for bytes far more slowly than for one of their own."""

_FORWARDING = frozenset({b"forwarded", b"x-forwarded-for"})


class Shape:
    """What the names of a request's headers alone say, worked out once for all requests that have the same ones in the same order.

    at: where each stands. spelled: how long they are together. is_odd, is_forwarded: see Exchange. is_repeated: one came twice.
    says_body: one among them tells of a body. pick: from the values of a request to those that every request is asked for.
    """

    __slots__ = ("names", "at", "count", "spelled", "is_odd", "is_forwarded", "is_repeated", "says_body", "pick", "_free")

    def __init__(self, names: tuple[bytes, ...]) -> None:
        self.names = names
        self.at = {name: place for place, name in enumerate(names)}  # of a repeated one the last
        spelled, known = b"".join(names), frozenset(names)
        self.count, self.spelled = len(names), len(spelled)
        self.is_repeated = len(known) != len(names)
        self.is_odd, self.is_forwarded = self.is_repeated or _UNDERSCORE in spelled, not _FORWARDING.isdisjoint(known)
        self.says_body = not _TELLING.isdisjoint(known)
        self.pick = operator.itemgetter(*(names.index(name) if name in known else -1 for name in _ASKED_FOR))
        self._free: set[frozenset[bytes]] = set()

    def is_free_of(self, names: frozenset[bytes]) -> bool:
        """Whether none of `names` came; plans share a few sets of names."""
        if names in self._free:
            return True
        is_free = names.isdisjoint(self.names)
        if is_free and len(self._free) < _SETS:
            self._free.add(names)
        return is_free


_ASKED_FOR = (b"host", b"cookie", b"authorization", b"sec-fetch-site", b"content-type", b"content-length")
_TELLING = frozenset({b"content-type", b"content-length"})
_SETS = 16
"""Sets of names that one shape remembers; an application has one or two."""
_ABSENT = (b"", None)
"""A pair behind all others, whose value is the last one: what did not come is found there."""


_SHAPES: dict[tuple[bytes, ...], Shape] = {}
_MOST = 128


def _shape_of(names: tuple[bytes, ...]) -> Shape:
    """The shape of these names and the one of _ABSENT, kept.

    A client sends the same ones with each request. Whoever sends others each time costs their reading, and 128 of them.
    """
    if len(_SHAPES) >= _MOST:
        _SHAPES.clear()
    shape = _SHAPES[names] = Shape(names[:-1])
    return shape


class _Names:
    """The headers by name, put together when somebody asks, and kept."""

    __slots__ = ()

    def __get__(self, exchange: Exchange | None, owner: type) -> Mapping[bytes, bytes]:
        if exchange is None or exchange.shape is None:
            return {} if exchange is None or type(exchange.values) is tuple else exchange.values
        exchange.names = names = dict(zip(exchange.shape.names, exchange.values, strict=False))  # without the value of _ABSENT
        return names


def _put_together() -> Any:
    return _Names()


class _LookedUp:
    """A header field that is looked up among the names of its request, unless it was set."""

    __slots__ = ("name",)

    def __init__(self, name: bytes) -> None:
        self.name = name

    def __get__(self, exchange: Exchange | None, owner: type) -> bytes | None:
        if exchange is None:
            return None
        shape = exchange.shape
        return exchange.names.get(self.name) if shape is None else exchange.values[shape.at.get(self.name, -1)]


def _looked_up(name: bytes) -> Any:
    return _LookedUp(name)


unread = object.__new__
"""`unread(Exchange)` is one whose adapter sets what `__init__` would: a constructor of ours is called by way of C, twice as dear."""


class Exchange:
    """What one request says, who sent it, where it goes, and what guards note on the way.

    kind: "http" or "websocket". method: as sent ("GET" for a WebSocket handshake). path: decoded, as the router reads it.
    scheme: "http", "https", "ws" or "wss", as the server says, until network.trusted-proxies has resolved it.
    peer: the socket's own address, "" if the server hides it. client: who is asking, the peer until trusted-proxies has resolved it.
    query: what follows the "?", raw, b"" for nothing.
    header fields: raw bytes, or None when absent. repeated: singletons that came more than once, a sign of smuggling.
    names: all headers by name, the last value of each. is_odd: a name came twice or holds an underscore, under ASGI.
    shape, values: what the names alone say, and the values in their order; without a shape (WSGI) the headers as a mapping.
    is_plain: a GET or HEAD over HTTP that announces no body and names nothing twice; False where that is not known.
    is_remade: a layer of the application handed a request of a safe method on under one that is not.
    is_forwarded: some proxy, or somebody who plays one, says for whom it asks. is_resolved: client or scheme were changed by that.
    dropped / replaced: what the adapter takes out of, or puts into, the request that the application sees.
    certificate: the client's own, verified by the handshake, PEM text or DER bytes; None for none, and where no guard looks at it.
    chosen: what an adapter found before its router is asked. route, principal: None until resolved.
    notes: what one guard leaves for its own later hook, keyed by control id.
    """

    # Class attributes are the defaults: most fields of most requests stay at them, and a field that is not set costs nothing.
    # Those that every request is asked for are set when it is read, the others are looked up when somebody asks.
    kind: str = "http"
    host: bytes | None = None
    cookie: bytes | None = None
    fetch_site: bytes | None = None
    content_type: bytes | None = None
    content_length: bytes | None = None
    authorization: bytes | None = None
    origin: bytes | None = _looked_up(b"origin")
    referer: bytes | None = _looked_up(b"referer")
    accept: bytes | None = _looked_up(b"accept")
    fetch_mode: bytes | None = _looked_up(b"sec-fetch-mode")
    fetch_dest: bytes | None = _looked_up(b"sec-fetch-dest")
    csrf_header: bytes | None = _looked_up(b"x-csrf-token")
    preflight_method: bytes | None = _looked_up(b"access-control-request-method")
    preflight_headers: bytes | None = _looked_up(b"access-control-request-headers")
    preflight_private: bytes | None = _looked_up(b"access-control-request-private-network")
    forwarded: bytes | None = _looked_up(b"forwarded")
    forwarded_for: bytes | None = _looked_up(b"x-forwarded-for")
    forwarded_proto: bytes | None = _looked_up(b"x-forwarded-proto")
    forwarded_host: bytes | None = _looked_up(b"x-forwarded-host")
    request_id: bytes | None = _looked_up(b"x-request-id")
    client_cert: bytes | None = _looked_up(b"client-cert")
    forwarded_client_cert: bytes | None = _looked_up(b"x-forwarded-client-cert")
    ssl_client_cert: bytes | None = _looked_up(b"x-ssl-client-cert")
    ssl_client_verify: bytes | None = _looked_up(b"x-ssl-client-verify")
    query: bytes = b""
    repeated: tuple[bytes, ...] = ()
    names: Mapping[bytes, bytes] = _put_together()
    shape: Shape | None = None
    values: Any = ()
    is_odd: bool = False
    is_plain: bool = False
    is_remade: bool = False
    is_forwarded: bool = False
    is_resolved: bool = False
    certificate: str | bytes | None = None
    dropped: tuple[bytes, ...] = ()
    replaced: tuple[Header, ...] = ()
    route: Route | None = None
    principal: Principal | None = None
    identified: bool = False
    decided: bool = False
    notes: dict[str, object] | None = None
    header_count: int = 0
    header_bytes: int = 0
    meter: object = None
    plan: object = None
    native: object = None
    chosen: Any = None
    _incident: IncidentId | None = None

    def __init__(self, *, kind: str, method: str, path: str, scheme: str, peer: str) -> None:
        self.method, self.path, self.scheme, self.peer = method, path, scheme, peer
        self.client = peer
        if kind != "http":
            self.kind = kind

    @property
    def incident(self) -> IncidentId:
        """The number that joins the client's answer to the operator's record; made at first use."""
        return self.numbered()

    def numbered(self) -> IncidentId:
        """The same for callers on the path of every refusal: a property is called by way of C."""
        found = self._incident
        if found is None:
            found = self._incident = IncidentId(random_hex(8))
        return found

    @property
    def has_incident(self) -> bool:
        """Whether something of this request was already recorded under an incident number."""
        return self._incident is not None

    @property
    def route_name(self) -> str:
        """The route's name for logs, never the raw path, which may carry a secret."""
        return self.route.name if self.route is not None else f"{self.method[:16]} (no route)"

    @property
    def prefers_html(self) -> bool:
        """Whether Accept names text/html, and before any JSON: a browser's page load. Weights are not weighed."""
        accept = self.accept
        if accept is None:
            return False
        accept = accept.lower()
        html = accept.find(b"text/html")
        return html >= 0 and accept.find(b"json", 0, html) < 0

    def handed_on(self, method: str) -> None:
        """Note the method under which the application's own layers have handed the request on.

        Against a link that some layer makes into a form (`?_method=POST`): nobody proved where it came from.
        """
        if method != self.method and self.method in SAFE and method not in SAFE:
            self.is_remade, self.is_plain = True, False

    def note(self, key: str, value: object) -> None:
        """Leave `value` for a later hook of the same control."""
        if self.notes is None:
            self.notes = {}
        self.notes[key] = value

    def has(self, name: bytes) -> bool:
        """Whether a header of this name came, under ASGI and aiohttp."""
        return self.shape is not None and name in self.shape.at

    def noted(self, key: str) -> object:
        """What was left under `key`, or None."""
        return None if self.notes is None else self.notes.get(key)

    def read(self, headers: Sequence[Header]) -> None:
        """Fill the header fields from raw pairs."""
        names, values = zip(*headers, _ABSENT)  # noqa: B905  # a keyword costs more here than all the rest of the call
        self.shape = shape = _SHAPES.get(names) or _shape_of(names)
        self.values = values
        self.header_count = shape.count
        if shape.is_repeated:
            self._read_repeated(headers, shape)
            return
        self.host, self.cookie, self.authorization, self.fetch_site, kind, length = shape.pick(values)
        self.is_odd = shape.is_odd
        if shape.is_forwarded:
            self.is_forwarded = True
        self.header_bytes = shape.spelled + len(b"".join(values[:-1]))
        if shape.says_body:
            self.content_type, self.content_length = kind, length
        else:
            self.is_plain = self.method in PLAIN and self.kind == "http"

    def _read_repeated(self, headers: Sequence[Header], shape: Shape) -> None:
        """The same where a name comes more than once."""
        for field in SINGLETONS.values():
            setattr(self, field, None)
        for name, value in headers:
            slot = SINGLETONS.get(name)
            if slot is None:
                continue
            earlier = getattr(self, slot)
            if earlier is None:
                setattr(self, slot, value)
            elif name in JOINED:
                setattr(self, slot, earlier + (b"; " if name == b"cookie" else b", ") + value)
            else:
                # Against smuggling by repetition: two values of one name may be read differently further in.
                self.repeated += (name,)
        self.is_odd, self.is_forwarded = True, shape.is_forwarded
        self.header_bytes = sum(len(name) + len(value) for name, value in headers)


_HOT = (
    "method", "path", "scheme", "peer", "client", "shape", "values", "query", "header_count", "header_bytes", "host", "cookie",
    "authorization", "fetch_site", "content_length", "is_odd", "is_plain", "plan", "meter", "replaced", "chosen", "decided", "route",
    "identified", "principal", "native", "notes", "_incident", "is_forwarded",
)  # fmt: skip
"""What most requests have set, no more than 29."""


def lay_out() -> None:
    """Have the hot fields stand in each exchange itself; done before there is any request.

    CPython keeps so many fields of a class in its objects, those that its first objects happened to get, and puts the others into a
    dictionary of each object. Against a process whose first requests were refused ones, and which served all others dearer for it.
    """
    first = unread(Exchange)
    for name in _HOT:
        setattr(first, name, None)
