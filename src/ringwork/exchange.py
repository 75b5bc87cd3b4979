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
    from collections.abc import Iterable

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
}
"""Request headers that guards read, and the field of Exchange that carries each."""

JOINED = frozenset({b"cookie", b"accept"})
"""Those that may arrive in several lines; the lines are joined as RFC 9110, 5.3 and RFC 9113, 8.2.3 say."""


class Exchange:
    """What one request says, who sent it, where it goes, and what guards note on the way.

    kind: "http" or "websocket". method: as sent ("GET" for a WebSocket handshake). path: decoded, as the router reads it.
    scheme: "http", "https", "ws" or "wss", as the server says. peer: the socket's own address, "" if the server hides it.
    header fields: raw bytes, or None when absent. repeated: singletons that came more than once, a sign of smuggling.
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
    repeated: tuple[bytes, ...] = ()
    dropped: tuple[bytes, ...] = ()
    replaced: tuple[Header, ...] = ()
    route: Route | None = None
    principal: Principal | None = None
    identified: bool = False
    decided: bool = False
    notes: dict[str, object] | None = None
    plan: object = None
    native: object = None
    _incident: IncidentId | None = None

    def __init__(self, *, kind: str, method: str, path: str, scheme: str, peer: str) -> None:
        self.kind, self.method, self.path, self.scheme, self.peer = kind, method, path, scheme, peer

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

    def read(self, headers: Iterable[Header]) -> None:
        """Fill the header fields from raw pairs, in one pass."""
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
