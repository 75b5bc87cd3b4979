"""Only known host names are served.

Against a forged Host header, which poisons reset links, caches and redirects, and against DNS rebinding, by which a foreign
page reaches a service on the victim's own machine. Source: RFC 9110, 7.2 and 7.4; ASVS 5.0, 4.1.3.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from ringwork.enforce.guard import Arrive, Decision, Guard, Hooks, Refusal, Site
from ringwork.enforce.ordinary import Bounds
from ringwork.exchange import Exchange
from ringwork.frozen import Frozen
from ringwork.names import ControlId
from ringwork.route import Route
from ringwork.words import Words

CONTROL = ControlId("network.host-validation")

DROPS = frozenset(
    {
        # Against a host smuggled past the check in a header that some framework, proxy or library reads instead.
        b"forwarded",
        b"x-forwarded-host",
        b"x-forwarded-server",
        b"x-host",
        b"x-http-host-override",
        b"x-original-host",
        # Against a path smuggled past the rules in the same way.
        b"x-original-url",
        b"x-rewrite-url",
    }
)
"""Request headers that the application never sees; declared proxies come with their own control."""

_NAME_BYTES = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789.-_:[]")


class HostValidationSettings(Frozen):
    """None of its own: the names served are the policy's `origin` and `hosts`, exact and without wildcard."""


class HostValidationReason(Words):
    """Why a request was refused."""

    MISSING = "missing"
    REPEATED = "repeated"
    MALFORMED = "malformed"
    UNKNOWN = "unknown"
    TARGET_FORM = "target-form"
    NOT_CONFIGURED = "not-configured"


def plan(settings: HostValidationSettings, site: Site, route: Route | None) -> Hooks:
    """The check runs before routing, so only the plan of no route carries it."""
    if route is not None:
        return Hooks(drops=DROPS)
    if site.loopback:
        return Hooks(drops=DROPS, arrive=_loopback_check())
    served = _spellings(site)
    return Hooks(drops=DROPS, arrive=_configured_check(served), bounds=Bounds(hosts=served))


def faults(settings: HostValidationSettings) -> Sequence[str]:
    """Nothing can be set wrong here."""
    return ()


def _spellings(site: Site) -> frozenset[bytes]:
    """Each host with and without the default port of the site's scheme."""
    default = b":80" if site.canonical_origin.startswith("http://") else b":443"
    named = {host.lower() for host in site.hosts}
    bare = {host.removesuffix(default) for host in named}
    return frozenset(named | bare | {host + default for host in bare if not _has_port(host)})


def _has_port(host: bytes) -> bool:
    return b":" in host.rpartition(b"]")[2]


def _configured_check(served: frozenset[bytes]) -> Arrive:
    detail = 'a Host that is not served; if it is yours, add it: hosts = ["its.name"]; on your own machine leave `origin` out'
    unknown = _refuse(HostValidationReason.UNKNOWN, detail)

    def arrive(exchange: Exchange) -> Decision:
        if exchange.host in served and not exchange.repeated and exchange.path[:1] == "/":
            return None
        found = _shape(exchange)
        if found is not None:
            return found
        # Against wildcards and suffix tricks: the whole name is compared, letter case apart.
        if exchange.host is not None and exchange.host.lower() in served:
            return None
        return unknown

    return arrive


def _loopback_check() -> Arrive:
    def arrive(exchange: Exchange) -> Decision:
        found = _shape(exchange)
        if found is not None:
            return found
        # Against a proxy on this machine: whoever is forwarded comes from elsewhere, whatever Host it was given.
        if exchange.forwarded_for or exchange.forwarded or exchange.forwarded_host or exchange.forwarded_proto:
            return _refuse(HostValidationReason.NOT_CONFIGURED, _NOT_CONFIGURED)
        # Against an unconfigured copy that stands open: both ends must be this machine. A hidden peer is refused,
        # because a proxy in front of a Unix socket hides everybody.
        is_tested = exchange.peer == _TEST_PEER
        if exchange.host is not None and _is_loopback_host(exchange.host) and (is_tested or _is_loopback_address(exchange.peer)):
            return None
        if is_tested and exchange.host == _TEST_HOST:
            return None
        return _refuse(HostValidationReason.NOT_CONFIGURED, _NOT_CONFIGURED)

    return arrive


# What Starlette's TestClient says by default. No socket has a peer of that name, so no other machine can say it.
_TEST_HOST, _TEST_PEER = b"testserver", "testclient"

_NOT_CONFIGURED = (
    "no origin is configured, so only this machine is served, under localhost, 127.0.0.1 or [::1]; add "
    'origin = "https://your.host" to ringwork.toml, or to [tool.ringwork] of pyproject.toml where there is no ringwork.toml'
)


def _shape(exchange: Exchange) -> Refusal | None:
    """What is wrong with the request before any name is compared."""
    # Against routing by a name that was not checked: an absolute or authority target carries its own host.
    if exchange.path[:1] != "/":
        return _refuse(HostValidationReason.TARGET_FORM, "the request target is no path", status=400)
    host = exchange.host
    if not host:
        return _refuse(HostValidationReason.MISSING, "no Host header")
    if b"host" in exchange.repeated:
        return _refuse(HostValidationReason.REPEATED, "more than one Host header")
    if not _NAME_BYTES.issuperset(host.lower()):
        return _refuse(HostValidationReason.MALFORMED, "the Host header holds characters that no host name has")
    return None


def _is_loopback_host(host: bytes) -> bool:
    name = host.lower().decode("latin-1")
    if name.startswith("["):
        inner, closed, port = name[1:].partition("]")
        return bool(closed) and _is_port(port) and inner == "::1"
    name, colon, port = name.partition(":")
    # Against names that merely begin like loopback (127.0.0.1.evil.invalid): parsed as an address, or the one word.
    return _is_port(colon + port) and (name == "localhost" or (name.startswith("127.") and _is_loopback_address(name)))


def _is_port(text: str) -> bool:
    return text == "" or (text[0] == ":" and 1 <= len(text) <= 6 and (text == ":" or text[1:].isdigit()))


def _is_loopback_address(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool(address.is_loopback or (mapped is not None and mapped.is_loopback))


def _refuse(reason: HostValidationReason, detail: str, *, status: int = 421) -> Refusal:
    return Refusal(control=CONTROL, status=status, reason=reason.value, detail=detail)


GUARD: Guard[HostValidationSettings] = Guard(control=CONTROL, settings=HostValidationSettings, plan=plan, faults=faults)
