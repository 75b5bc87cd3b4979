"""TLS on every connection that carries application traffic.

Against anyone on the path who reads or alters credentials, cookies and data of a hop that is served in clear.
Source: ASVS 5.0, 12.2.1 and 4.1.2.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Sequence
from dataclasses import field

from ringwork.enforce.guard import Arrive, Decision, Guard, Hooks, Refusal, Reply, Site
from ringwork.enforce.ordinary import Bounds
from ringwork.exchange import SECURE, Exchange
from ringwork.frozen import Frozen
from ringwork.names import ControlId
from ringwork.route import Route
from ringwork.words import Words

CONTROL = ControlId("transport.tls-required")

_PATH = "/:@!$&'()*+,;=-._~"
_QUERY = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/?%[]")


class TlsRequiredSettings(Frozen):
    """What a page load in clear meets. Whether https is required at all follows from the policy's `origin`."""

    redirects_pages: bool = field(
        default=True,
        metadata={"doc": "page loads of browsers are sent to the same path of `origin`; false refuses them too", "source": "ASVS 4.1.2"},
    )
    plain_paths: tuple[str, ...] = field(
        default=(),
        metadata={
            "doc": "exact paths that may be read in clear, without cookie or Authorization: what a balancer asks inside, such as /healthz",
            "unit": "paths",
            "source": "none by our choice",
        },
    )


class TlsRequiredReason(Words):
    """Why a request was refused."""

    PLAINTEXT = "plaintext"
    PROXY_UNKNOWN = "proxy-unknown"


def plan(settings: TlsRequiredSettings, site: Site, route: Route | None) -> Hooks:
    """The check runs before routing and before a byte of the body is read; an http origin can only be loopback and is left alone."""
    if route is not None or not site.canonical_origin.startswith("https://"):
        return Hooks()
    return Hooks(arrive=_check(settings, site.canonical_origin), bounds=Bounds(schemes=SECURE))


def faults(settings: TlsRequiredSettings) -> Sequence[str]:
    """What is wrong with the settings."""
    found = []
    if not isinstance(settings.redirects_pages, bool):
        found.append(f"redirects_pages: {settings.redirects_pages!r} is neither true nor false")
    for i, path in enumerate(settings.plain_paths):
        if not path.startswith("/") or path == "/" or "*" in path:
            found.append(f'plain_paths[{i}]: {path!r} is no path of its own; write one exact path such as "/healthz"')
    return found


def _check(settings: TlsRequiredSettings, origin: str) -> Arrive:
    plain = frozenset(settings.plain_paths)

    def arrive(exchange: Exchange) -> Decision:
        if exchange.scheme in SECURE:
            return None
        if (
            exchange.path in plain
            and exchange.kind == "http"
            and exchange.method in {"GET", "HEAD"}
            and exchange.cookie is None
            and exchange.authorization is None
        ):
            return None
        if _is_said_to_be_https(exchange):
            # Against a redirect without end behind a proxy that ends TLS and was not named; its word counts for nothing, so it is refused.
            detail = (
                f"a proxy says that the visitor came over https, and {exchange.peer or 'the Unix socket'} is not trusted, or writes a "
                f'header other than `header`; if it is yours, add: network.trusted-proxies = {{proxies = ["{exchange.peer or "unix"}"]}}'
            )
            return Refusal(control=CONTROL, status=403, reason=TlsRequiredReason.PROXY_UNKNOWN.value, detail=detail)
        if settings.redirects_pages and _is_page_load(exchange):
            # Against a redirect to a forged name: it is built from the policy's origin, never from the request's Host.
            return Reply(status=308, headers=((b"location", _target(origin, exchange)),))
        # Against clients that learn to send secrets in clear because a redirect mends it every time.
        detail = f"plain {exchange.scheme} while the origin is {origin}; ask over https"
        return Refusal(control=CONTROL, status=403, reason=TlsRequiredReason.PLAINTEXT.value, detail=detail)

    return arrive


def _is_page_load(exchange: Exchange) -> bool:
    """Whether a browser loads a page. Over plain http browsers send no Sec-Fetch headers, so Accept has to do."""
    if exchange.kind != "http" or exchange.method not in {"GET", "HEAD"} or exchange.path[:1] != "/":
        return False
    return exchange.fetch_mode == b"navigate" or (exchange.fetch_mode is None and exchange.prefers_html)


def _is_said_to_be_https(exchange: Exchange) -> bool:
    said = (exchange.forwarded_proto or b"").lower()
    return said.rpartition(b",")[2].strip() in {b"https", b"wss"} or b"proto=https" in (exchange.forwarded or b"").lower()


def _target(origin: str, exchange: Exchange) -> bytes:
    path = urllib.parse.quote(exchange.path, safe=_PATH, errors="replace")
    # Against a second header smuggled through the query: whatever does not belong into one leaves it out whole.
    query = f"?{exchange.query.decode('ascii')}" if exchange.query and _QUERY.issuperset(exchange.query) else ""
    return f"{origin}{path}{query}".encode("ascii")


GUARD: Guard[TlsRequiredSettings] = Guard(control=CONTROL, settings=TlsRequiredSettings, plan=plan, faults=faults)
