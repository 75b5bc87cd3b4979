"""Forwarding headers count only when a known proxy sent them.

Against made-up forwarding headers, by which a client chooses the address that limits and logs see, the scheme that https checks
see, the host that links are built from, or the user that it is. Source: ASVS 5.0, 4.1.3 and 15.3.4; RFC 7239.
"""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import field

from ringwork.enforce.guard import Arrive, Decision, Guard, Hooks, Refusal, Site, Surroundings
from ringwork.exchange import Exchange
from ringwork.frozen import Frozen
from ringwork.names import ControlId
from ringwork.route import Route
from ringwork.words import Words

CONTROL = ControlId("network.trusted-proxies")

FORWARDING = frozenset(
    {
        b"forwarded",
        b"x-forwarded",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-port",
        b"x-forwarded-proto",
        b"x-forwarded-protocol",
        b"x-forwarded-scheme",
        b"x-forwarded-server",
        b"x-forwarded-ssl",
        b"x-forwarded-by",
        b"forwarded-for",
        b"x-original-forwarded-for",
        b"x-real-ip",
        b"x-client-ip",
        b"x-cluster-client-ip",
        b"x-originating-ip",
        b"x-remote-ip",
        b"x-remote-addr",
        b"x-url-scheme",
        b"front-end-https",
        b"true-client-ip",
        b"cf-connecting-ip",
        b"cf-connecting-ipv6",
        b"fastly-client-ip",
        b"fly-client-ip",
        b"x-azure-clientip",
    }
)
"""Where a request came from, by the word of others. Resolved here or not at all; the application never sees them."""

IDENTITY = frozenset(
    {
        b"remote-user",
        b"remote-groups",
        b"remote-email",
        b"remote-name",
        b"tailscale-user-login",
        b"cf-access-authenticated-user-email",
        b"x-authentik-username",
        b"x-authentik-groups",
        b"x-forwarded-access-token",
        b"x-remote-user",
        b"x-remote-groups",
        b"x-user",
        b"x-user-id",
        b"x-user-name",
        b"x-user-email",
        b"x-user-roles",
        b"x-username",
        b"x-roles",
        b"x-auth-user",
        b"x-auth-request-user",
        b"x-auth-request-email",
        b"x-auth-request-groups",
        b"x-auth-request-preferred-username",
        b"x-authenticated-user",
        b"x-authenticated-userid",
        b"x-authenticated-groups",
        b"x-forwarded-user",
        b"x-forwarded-email",
        b"x-forwarded-groups",
        b"x-forwarded-preferred-username",
        b"x-webauth-user",
        b"x-goog-authenticated-user-email",
        b"x-goog-authenticated-user-id",
        b"x-amzn-oidc-identity",
        b"x-amzn-oidc-data",
        b"x-amzn-oidc-accesstoken",
        b"x-ms-client-principal",
        b"x-ms-client-principal-id",
        b"x-ms-client-principal-name",
        b"x-client-cert",
        b"x-client-dn",
        b"x-client-verify",
        b"x-forwarded-client-cert",
        b"x-ssl-cert",
        b"x-ssl-client-cert",
        b"x-ssl-client-dn",
        b"x-ssl-client-s-dn",
        b"x-ssl-client-verify",
        b"ssl-client-cert",
        b"client-cert",
        b"x-forwarded-prefix",
        b"x-script-name",
    }
)
"""Who is asking, and under which path, by the word of others. Those that a proxy sets itself are named in `passes`."""

DROPS = FORWARDING | IDENTITY
"""Request headers that the application never sees from a peer that is no trusted proxy."""

HEADERS = ("x-forwarded", "forwarded")
UNIX = "unix"
_SECURE = {"https": True, "wss": True, "http": False, "ws": False}
_LONGEST_HOP = 64
_LEAST_PREFIX = {4: 8, 6: 16}

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Trusts = Callable[[str], bool]


class TrustedProxiesSettings(Frozen):
    """Which proxies stand in front, and what they write."""

    proxies: tuple[str, ...] = field(
        default=(),
        metadata={
            "doc": 'addresses or networks of the proxies in front, "10.0.0.7" or "10.0.0.0/24"; "unix" for a server on a Unix socket',
            "source": "ASVS 4.1.3, 15.3.4",
        },
    )
    header: str = field(
        default="x-forwarded",
        metadata={
            "doc": 'what the proxies write, and all that is read: "x-forwarded" (X-Forwarded-For, -Proto) or "forwarded" (RFC 7239)',
            "unit": "word",
        },
    )
    forwards_host: bool = field(
        default=False, metadata={"doc": "the proxies overwrite Host and name the client's own in X-Forwarded-Host or Forwarded"}
    )
    passes: tuple[str, ...] = field(
        default=(),
        metadata={"doc": 'identity headers that the proxies set themselves and take out of what clients send, such as "x-user-id"'},
    )


class TrustedProxiesReason(Words):
    """Why a request was refused."""

    MALFORMED = "malformed"


def plan(settings: TrustedProxiesSettings, site: Site, route: Route | None) -> Hooks:
    """With no proxy nothing is read and everything is dropped; else the one who asks is resolved before anything decides on it."""
    passed = frozenset(name.encode("latin-1") for name in settings.passes)
    drops = DROPS - passed
    if route is not None or not settings.proxies:
        return Hooks(drops=drops)
    return Hooks(drops=drops, arrive=_resolver(settings, tuple(sorted(passed))), resolves=True)


def faults(settings: TrustedProxiesSettings) -> Sequence[str]:
    """What is wrong with the settings."""
    found: list[str] = []
    if isinstance(settings.proxies, str) or isinstance(settings.passes, str):
        return ['proxies and passes are lists; write proxies = ["10.0.0.7"]']
    for i, text in enumerate(settings.proxies):
        found += _proxy_faults(f"proxies[{i}]", text)
    if settings.header not in HEADERS:
        found.append(f'header: {settings.header!r} is unknown; write "x-forwarded" or "forwarded", whichever the proxies write')
    for i, name in enumerate(settings.passes):
        if name.encode("latin-1", "replace") not in IDENTITY:
            known = "is one that is resolved here" if name.encode("latin-1", "replace") in FORWARDING else "is not held back anyhow"
            found.append(f"passes[{i}]: {name!r} {known}; take it out, or write a lower-case identity header such as x-user-id")
    if not settings.proxies and (settings.forwards_host or settings.passes):
        found.append('forwards_host and passes do nothing without a proxy; add proxies = ["10.0.0.7"], or take them out')
    return found


def _proxy_faults(where: str, text: str) -> Iterator[str]:
    if text == UNIX:
        return
    if text == "*":
        yield f'{where}: "*" would believe every client; write the address that your proxy connects from, such as "10.0.0.7"'
        return
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        yield f'{where}: {text!r} is neither an address nor a network; write "10.0.0.7", "10.0.0.0/24", "2001:db8::/48" or "unix"'
        return
    # Against a wildcard in other clothes (0.0.0.0/0, ::/0, half of all addresses).
    if network.prefixlen < _LEAST_PREFIX[network.version]:
        yield f"{where}: {text!r} holds addresses of strangers; write the proxies' own network, at least /{_LEAST_PREFIX[network.version]}"


def at_start(settings: TrustedProxiesSettings, site: Site, around: Surroundings, routes: Sequence[Route]) -> Sequence[str]:
    """Against two owners of one address: a server or middleware that has rewritten it already hides the peer that trust hangs on."""
    if site.loopback:
        return []  # only this machine is served, so a first start with a server's defaults stays quiet
    advice = "one place decides whom to believe: name the proxies in network.trusted-proxies = {proxies = [...]}"
    return [f"{layer}; {advice}" for layer in dict.fromkeys(around.rewriters)]


def _trusts(settings: TrustedProxiesSettings) -> Trusts:
    """Whether an address is one of the proxies'. Most peers are the same few, so answers are kept."""
    networks = tuple(ipaddress.ip_network(text) for text in settings.proxies if text != UNIX)
    on_socket = UNIX in settings.proxies

    @functools.lru_cache(maxsize=1024)
    def trusts(text: str) -> bool:
        if not text:
            # Against a hidden peer that is believed by accident: only a server on a Unix socket has none, and that is named.
            return on_socket
        address = _address(text)
        return address is not None and any(address in network for network in networks)

    return trusts


def _resolver(settings: TrustedProxiesSettings, passes: tuple[bytes, ...]) -> Arrive:
    trusts = _trusts(settings)
    read = _read_forwarded if settings.header == "forwarded" else _read_x_forwarded

    def arrive(exchange: Exchange) -> Decision:
        if not trusts(exchange.peer):
            # Against a client that walks round the proxy and writes what only the proxy may write.
            exchange.dropped += passes
            return None
        client, proto, host = read(exchange, trusts)
        exchange.is_resolved = True
        if client is not None:
            exchange.client = client
        if proto:
            secure = _SECURE.get(proto)
            if secure is None:
                return _refuse("a trusted proxy forwards a scheme that is neither http nor https")
            exchange.scheme = (("ws", "wss") if exchange.kind == "websocket" else ("http", "https"))[secure]
        if settings.forwards_host and host:
            exchange.host = host
            exchange.replaced += ((b"host", host),)
        return None

    return arrive


Resolved = tuple[str | None, str, bytes]
"""Who is asking (None while nobody says), over which scheme, under which host; "" and b"" where nothing is said."""


def _read_x_forwarded(exchange: Exchange, trusts: Trusts) -> Resolved:
    hops = exchange.forwarded_for
    client = None if hops is None else _client(_hops(hops.decode("latin-1")), trusts)
    # Against a value that the client sent and a proxy only added to: the nearest proxy's own word stands last.
    proto = _last(exchange.forwarded_proto).decode("latin-1").lower()
    return client, proto, _last(exchange.forwarded_host)


def _read_forwarded(exchange: Exchange, trusts: Trusts) -> Resolved:
    elements = [] if exchange.forwarded is None else _from_right(exchange.forwarded.decode("latin-1"), ",")
    pairs = [_pairs(element) for element in elements]
    # Against a proxy that adds only the scheme: an element without an address ends the chain, and what the client wrote is not reached.
    client = _client([found.get("for", "") for found in pairs], trusts) if pairs else None
    nearest = pairs[0] if pairs else {}
    return client, nearest.get("proto", "").lower(), nearest.get("host", "").encode("latin-1")


def _last(value: bytes | None) -> bytes:
    return b"" if value is None else value.rpartition(b",")[2].strip()


def _hops(text: str) -> Iterator[str]:
    """Right-most first, and no further than is asked for: the left part may be long, and nobody's word."""
    more = ","
    while more:
        text, more, hop = text.rpartition(",")
        yield hop


def _client(hops: Iterable[str], trusts: Trusts) -> str | None:
    """The right-most address that is no proxy. hops: nearest first.

    Against a chain whose left part the client wrote itself: what stands left of the first stranger is never read. A hop that is
    no address ("unknown", a name) is not believed either; the proxy that told it stands for whoever is behind it.
    """
    found = None
    for hop in hops:
        address = _spelled(hop.strip()) if len(hop) <= _LONGEST_HOP else None
        if address is None:
            return found
        found = address
        if not trusts(found):
            return found
    return found


@functools.lru_cache(maxsize=4096)
def _spelled(text: str) -> str | None:
    """The address in its one spelling, None for what is none. The same visitors come again, so answers are kept."""
    address = _address(text)
    return None if address is None else str(address)


def _address(text: str) -> Address | None:
    """An address with or without a port; an IPv4 one in IPv6 clothes is taken as what it is."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _from_right(text: str, mark: str) -> list[str]:
    """`text` in pieces, last one first; a mark inside quotes divides nothing.

    Against a quote that a client left open to swallow what the proxy adds: reading begins at the end, which the proxy wrote.
    """
    if '"' not in text:
        return text.split(mark)[::-1]
    pieces, end, quoted = [], len(text), False
    for at in range(len(text) - 1, -1, -1):
        character = text[at]
        if character == '"' and text[at - 1 : at] != "\\":
            quoted = not quoted
        elif character == mark and not quoted:
            pieces.append(text[at + 1 : end])
            end = at
    return [*pieces, text[:end]]


def _pairs(element: str) -> dict[str, str]:
    found = {}
    for pair in _from_right(element, ";"):
        name, _, value = pair.partition("=")
        found[name.strip().lower()] = value.strip().strip('"')
    return found


def _refuse(detail: str) -> Refusal:
    return Refusal(control=CONTROL, status=400, reason=TrustedProxiesReason.MALFORMED.value, detail=detail)


GUARD: Guard[TrustedProxiesSettings] = Guard(control=CONTROL, settings=TrustedProxiesSettings, plan=plan, faults=faults, at_start=at_start)
