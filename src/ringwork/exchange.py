"""One request and its answer, as guards see them: no framework, no server, no I/O.

Adapters fill it once; a header is read once and its value handed down. Values from the client are raw and untrusted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringwork.names import IncidentId
from ringwork.principal import Principal
from ringwork.route import Route
from ringwork.secret import random_hex

if TYPE_CHECKING:
    from collections.abc import Sequence

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
}
"""Request headers that guards read, and the field of Exchange that carries each."""

JOINED = frozenset({b"cookie", b"accept", b"forwarded", b"x-request-id", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"})
"""Those that may arrive in several lines; the lines are joined as RFC 9110, 5.3 and RFC 9113, 8.2.3 say."""


def vary_on(headers: list[Header], names: bytes) -> list[Header]:
    """The headers with `names` ("Cookie, Authorization") among what the answer varies by; what stands there already stays.

    headers: names in lower case. Joined into the first Vary line, because some caches read no other.
    """
    for name, _ in headers:
        if name == b"vary":
            break
    else:
        return [*headers, (b"vary", names)]
    told = {word.strip().lower() for name, value in headers if name == b"vary" for word in value.split(b",")}
    missing = b", ".join(word for word in names.split(b", ") if word.lower() not in told)
    if not missing or b"*" in told:
        return headers
    at = next(i for i, (name, _) in enumerate(headers) if name == b"vary")
    return [*headers[:at], (b"vary", headers[at][1] + b", " + missing if headers[at][1].strip() else missing), *headers[at + 1 :]]


class Exchange:
    """What one request says, who sent it, where it goes, and what guards note on the way.

    kind: "http" or "websocket". method: as sent ("GET" for a WebSocket handshake). path: decoded, as the router reads it.
    scheme: "http", "https", "ws" or "wss", as the server says, until network.trusted-proxies has resolved it.
    peer: the socket's own address, "" if the server hides it. client: who is asking, the peer until trusted-proxies has resolved it.
    query: what follows the "?", raw, b"" for nothing.
    header fields: raw bytes, or None when absent. repeated: singletons that came more than once, a sign of smuggling.
    others: names of the headers that are none of these fields, under ASGI.
    dropped / replaced: what the adapter takes out of, or puts into, the request that the application sees.
    route, principal: None until resolved. notes: what one guard leaves for its own later hook, keyed by control id.
    """

    # Class attributes are the defaults: most fields of most requests stay at them, and a field that is not set costs nothing.
    host: bytes | None = None
    origin: bytes | None = None
    referer: bytes | None = None
    cookie: bytes | None = None
    authorization: bytes | None = None
    accept: bytes | None = None
    content_type: bytes | None = None
    content_length: bytes | None = None
    fetch_site: bytes | None = None
    fetch_mode: bytes | None = None
    fetch_dest: bytes | None = None
    csrf_header: bytes | None = None
    preflight_method: bytes | None = None
    preflight_headers: bytes | None = None
    preflight_private: bytes | None = None
    forwarded: bytes | None = None
    forwarded_for: bytes | None = None
    forwarded_proto: bytes | None = None
    forwarded_host: bytes | None = None
    request_id: bytes | None = None
    query: bytes = b""
    repeated: tuple[bytes, ...] = ()
    others: tuple[bytes, ...] = ()
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
    _incident: IncidentId | None = None

    def __init__(self, *, kind: str, method: str, path: str, scheme: str, peer: str) -> None:
        self.kind, self.method, self.path, self.scheme, self.peer = kind, method, path, scheme, peer
        self.client = peer

    @property
    def incident(self) -> IncidentId:
        """The number that joins the client's answer to the operator's record; made at first use."""
        if self._incident is None:
            self._incident = IncidentId(random_hex(8))
        return self._incident

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

    def note(self, key: str, value: object) -> None:
        """Leave `value` for a later hook of the same control."""
        if self.notes is None:
            self.notes = {}
        self.notes[key] = value

    def noted(self, key: str) -> object:
        """What was left under `key`, or None."""
        return None if self.notes is None else self.notes.get(key)

    def read(self, headers: Sequence[Header]) -> None:
        """Fill the header fields from raw pairs, in one pass."""
        size = 0
        for name, value in headers:
            size += len(name) + len(value)
            if name not in SINGLETONS:
                self.others = (*self.others, name)
                continue
            slot = SINGLETONS[name]
            earlier = getattr(self, slot)
            if earlier is None:
                setattr(self, slot, value)
            elif name in JOINED:
                setattr(self, slot, earlier + (b"; " if name == b"cookie" else b", ") + value)
            else:
                # Against smuggling by repetition: two values of one name may be read differently further in.
                self.repeated += (name,)
        self.header_count, self.header_bytes = len(headers), size
