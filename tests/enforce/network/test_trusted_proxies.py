"""Forwarding headers count only when a known proxy sent them."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ringwork import Policy
from ringwork.enforce.guard import Surroundings
from ringwork.enforce.network.trusted_proxies import DROPS, FORWARDING, GUARD, IDENTITY, TrustedProxiesSettings
from ringwork.errors import PolicyInvalid
from ringwork.exchange import Exchange, Header
from tests.enforce.making import LOOPBACK, arrive, ask, make_route, make_site

SITE = make_site()
NONE = TrustedProxiesSettings()
ONE = TrustedProxiesSettings(proxies=("10.0.0.7", "10.1.0.0/16", "2001:db8::/32"))
RFC7239 = dataclasses.replace(ONE, header="forwarded")


def resolved(settings: TrustedProxiesSettings, *headers: Header, peer: str = "10.0.0.7", kind: str = "http") -> Exchange:
    """The request as every later guard sees it; it came in clear, as from a proxy that ends TLS."""
    exchange = ask("GET", "/notes", *headers, peer=peer, kind=kind)
    exchange.scheme = "ws" if kind == "websocket" else "http"
    assert arrive(GUARD, settings, SITE, exchange) is None
    return exchange


def test_reads_nothing_while_no_proxy_is_named() -> None:
    """The default believes nobody, and costs a request nothing but the names that are dropped."""
    assert GUARD.plan(NONE, SITE, None).arrive is None
    assert GUARD.plan(NONE, SITE, None).drops == GUARD.plan(NONE, SITE, make_route()).drops == DROPS


@pytest.mark.parametrize(
    "name", [b"x-forwarded-for", b"x-forwarded-proto", b"forwarded", b"x-real-ip", b"true-client-ip", b"cf-connecting-ip"]
)
def test_takes_forwarding_headers_from_the_application(name: bytes) -> None:
    """A library that reads one of them by itself finds nothing, whoever sent it."""
    assert name in FORWARDING
    assert name in GUARD.plan(ONE, SITE, make_route()).drops


@pytest.mark.parametrize(
    "name", [b"x-user-id", b"x-remote-user", b"remote-user", b"x-client-cert", b"x-ssl-client-s-dn", b"x-auth-request-user"]
)
def test_takes_identity_headers_from_the_application(name: bytes) -> None:
    """Who somebody is, by his own word, never reaches a handler."""
    assert name in IDENTITY
    assert name in GUARD.plan(NONE, SITE, make_route()).drops


@pytest.mark.parametrize("peer", ["203.0.113.9", "", "10.0.0.8", "testclient", "10.0.0.7.evil.invalid", "::ffff:203.0.113.9"])
def test_leaves_a_stranger_what_he_is(peer: str) -> None:
    """Address and scheme stay the socket's own for every peer that is no named proxy."""
    found = resolved(ONE, (b"x-forwarded-for", b"198.51.100.1"), (b"x-forwarded-proto", b"https"), peer=peer)
    assert (found.client, found.peer, found.scheme) == (peer, peer, "http")


@pytest.mark.parametrize("peer", ["10.0.0.7", "10.1.255.3", "2001:db8::5", "::ffff:10.0.0.7"])
def test_resolves_what_a_named_proxy_forwards(peer: str) -> None:
    """An address, a network, and an IPv4 address in IPv6 clothes; the socket's own address stays known beside it."""
    found = resolved(ONE, (b"x-forwarded-for", b"198.51.100.1"), (b"x-forwarded-proto", b"https"), peer=peer)
    assert (found.client, found.peer, found.scheme) == ("198.51.100.1", peer, "https")


@pytest.mark.parametrize(
    ("chain", "client"),
    [
        (b"6.6.6.6, 198.51.100.1", "198.51.100.1"),
        (b"6.6.6.6, 198.51.100.1, 10.1.0.9", "198.51.100.1"),
        (b"<script>, 198.51.100.1", "198.51.100.1"),
        (b"198.51.100.1:4711", "198.51.100.1"),
        (b"[2001:db9::1]:4711", "2001:db9::1"),
        (b"2001:DB9:0::1", "2001:db9::1"),
        (b"::ffff:198.51.100.1", "198.51.100.1"),
        (b"10.1.0.8, 10.1.0.9", "10.1.0.8"),
        (b"unknown", "10.0.0.7"),
        (b"198.51.100.1, unknown", "10.0.0.7"),
        (b"198.51.100.1, unknown, 10.1.0.9", "10.1.0.9"),
        (b"", "10.0.0.7"),
        (b",", "10.0.0.7"),
    ],
)
def test_takes_the_right_most_hop_that_is_no_proxy(chain: bytes, client: str) -> None:
    """What stands left of the first stranger was written by the stranger; a hop that is no address is nobody's word."""
    assert resolved(ONE, (b"x-forwarded-for", chain)).client == client


def test_trap_21_joins_repeated_lines_before_it_counts_from_the_right() -> None:
    """Trap 21: a forged first line must not be the one that is read; RFC 9110, 5.3 makes several lines one list."""
    found = resolved(
        ONE,
        (b"x-forwarded-for", b"6.6.6.6"),
        (b"x-forwarded-for", b"198.51.100.1"),
        (b"x-forwarded-proto", b"https"),
        (b"x-forwarded-proto", b"http"),
    )
    assert (found.client, found.scheme) == ("198.51.100.1", "http")


def test_takes_the_nearest_proxys_word_for_the_scheme() -> None:
    """A client's own value stands left of what the proxy adds."""
    assert resolved(ONE, (b"x-forwarded-proto", b"https, http")).scheme == "http"
    assert resolved(ONE, (b"x-forwarded-proto", b" HTTPS")).scheme == "https"
    assert resolved(ONE, (b"x-forwarded-proto", b"https"), kind="websocket").scheme == "wss"
    assert resolved(ONE, (b"x-forwarded-proto", b"wss"), kind="websocket").scheme == "wss"


@pytest.mark.parametrize("settings", [ONE, RFC7239], ids=["x-forwarded", "forwarded"])
def test_refuses_a_scheme_that_it_does_not_know(settings: TrustedProxiesSettings) -> None:
    """Neither secure nor in clear is decided by guessing."""
    exchange = ask("GET", "/notes", (b"x-forwarded-proto", b"gopher"), (b"forwarded", b"proto=gopher"), peer="10.0.0.7")
    refusal = arrive(GUARD, settings, SITE, exchange)
    assert refusal is not None
    assert (refusal.status, refusal.reason) == (400, "malformed")


@pytest.mark.parametrize(
    ("value", "client", "scheme"),
    [
        (b"for=198.51.100.1;proto=https", "198.51.100.1", "https"),
        (b'For="[2001:db9::1]:4711" ; Proto="https"', "2001:db9::1", "https"),
        (b"for=6.6.6.6;proto=https, for=198.51.100.1;proto=http", "198.51.100.1", "http"),
        (b"for=198.51.100.1;proto=https, for=10.1.0.9", "198.51.100.1", "http"),
        (b'for="6.6.6.6, for=198.51.100.1;proto=http', "198.51.100.1", "http"),
        (b'for=6.6.6.6;x=", for="[2001:db9::1]";proto=http', "2001:db9::1", "http"),
        (b"for=_hidden;proto=https", "10.0.0.7", "https"),
        (b"for=unknown", "10.0.0.7", "http"),
        (b"", "10.0.0.7", "http"),
        (b";;,,", "10.0.0.7", "http"),
    ],
)
def test_reads_rfc_7239_from_its_end(value: bytes, client: str, scheme: str) -> None:
    """A quote that the client leaves open swallows nothing of what the proxy wrote behind it."""
    found = resolved(RFC7239, (b"forwarded", value))
    assert (found.client, found.scheme) == (client, scheme)


def test_reads_only_the_header_that_the_proxy_writes() -> None:
    """The other one passes a proxy that knows nothing of it, just as the client wrote it."""
    assert resolved(ONE, (b"forwarded", b"for=6.6.6.6;proto=https")).client == "10.0.0.7"
    assert resolved(RFC7239, (b"x-forwarded-for", b"6.6.6.6"), (b"x-forwarded-proto", b"https")).scheme == "http"


@pytest.mark.parametrize(
    ("settings", "name", "value"), [(ONE, b"x-forwarded-host", b"a.invalid, b.example"), (RFC7239, b"forwarded", b"host=b.example")]
)
def test_takes_a_forwarded_host_only_where_the_policy_says_so(settings: TrustedProxiesSettings, name: bytes, value: bytes) -> None:
    """By default Host is the request's own; else the forwarded one is checked and seen in its place."""
    assert resolved(settings, (name, value)).host == b"clinic.example"
    told = dataclasses.replace(settings, forwards_host=True)
    found = resolved(told, (name, value))
    assert (found.host, found.replaced) == (b"b.example", ((b"host", b"b.example"),))
    assert resolved(told).host == b"clinic.example"
    assert resolved(told, (name, value), peer="203.0.113.9").host == b"clinic.example"


def test_passes_a_named_identity_header_from_a_proxy_only() -> None:
    """The proxy's own word goes on; the same header from a stranger is taken out."""
    settings = dataclasses.replace(ONE, passes=("x-user-id",))
    assert b"x-user-id" not in GUARD.plan(settings, SITE, make_route()).drops
    assert resolved(settings, (b"x-user-id", b"ada")).dropped == ()
    assert resolved(settings, (b"x-user-id", b"ada"), peer="203.0.113.9").dropped == (b"x-user-id",)


def test_believes_a_hidden_peer_only_on_a_named_unix_socket() -> None:
    """A server on a Unix socket tells no peer; anything else without one is a stranger."""
    assert resolved(ONE, (b"x-forwarded-for", b"198.51.100.1"), peer="").client == ""
    named = TrustedProxiesSettings(proxies=("unix",))
    assert resolved(named, (b"x-forwarded-for", b"198.51.100.1"), peer="").client == "198.51.100.1"
    assert resolved(named, (b"x-forwarded-for", b"198.51.100.1"), peer="10.0.0.7").client == "10.0.0.7"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"proxies": ("*",)}, "every client"),
        ({"proxies": ("0.0.0.0/0",)}, "strangers"),
        ({"proxies": ("::/0",)}, "strangers"),
        ({"proxies": ("128.0.0.0/1",)}, "strangers"),
        ({"proxies": ("proxy.internal",)}, "neither an address nor a network"),
        ({"proxies": ("10.0.0.7/8",)}, "neither an address nor a network"),
        ({"proxies": "10.0.0.7"}, "lists"),
        ({"proxies": ("10.0.0.7",), "header": "x-real-ip"}, "header"),
        ({"proxies": ("10.0.0.7",), "passes": ("x-forwarded-for",)}, "resolved here"),
        ({"proxies": ("10.0.0.7",), "passes": ("X-User-Id",)}, "lower-case"),
        ({"forwards_host": True}, "without a proxy"),
        ({"passes": ("x-user-id",)}, "without a proxy"),
    ],
)
def test_refuses_settings_that_believe_too_much(changed: dict[str, Any], told: str) -> None:
    """Each fault says where it is and what to write instead."""
    with pytest.raises(PolicyInvalid) as caught:
        Policy(origin="https://clinic.example", trusted_proxies=TrustedProxiesSettings(**changed))
    assert told in str(caught.value)
    assert "network.trusted-proxies" in str(caught.value)


def test_tells_of_every_other_owner_of_the_address_at_start() -> None:
    """Trap 22: a server that has rewritten the peer already is a fault, which stops production."""
    around = Surroundings(framework="fastapi", rewriters=("uvicorn rewrites client address and scheme; start it with --no-proxy-headers",))
    (fault,) = GUARD.at_start(NONE, SITE, around, [])
    assert "--no-proxy-headers" in fault
    assert GUARD.at_start(NONE, SITE, Surroundings(framework="fastapi"), []) == []
    assert GUARD.at_start(NONE, make_site(**LOOPBACK), around, []) == []


def test_an_element_without_an_address_ends_the_chain() -> None:
    """A proxy that adds only the scheme leaves its peer; what the client wrote to the left of it is nobody's word."""
    found = resolved(RFC7239, (b"forwarded", b"for=9.9.9.9, proto=https"))
    assert (found.client, found.scheme) == ("10.0.0.7", "https")
