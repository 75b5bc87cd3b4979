"""TLS on every connection that carries application traffic."""

from __future__ import annotations

from typing import Any

import pytest

from ringwork.enforce.guard import Refusal, Reply
from ringwork.enforce.transport.tls_required import GUARD, TlsRequiredSettings
from ringwork.exchange import Header
from tests.enforce.making import LOOPBACK, ask, make_route, make_site

SETTINGS = TlsRequiredSettings()
SITE = make_site()
HTML = (b"accept", b"text/html,*/*;q=0.8")
JSON = (b"accept", b"application/json")


def met(
    method: str = "GET", path: str = "/notes", *headers: Header, scheme: str = "http", settings: TlsRequiredSettings = SETTINGS, **more: Any
) -> object:
    """What a request in clear meets."""
    query = more.pop("query", b"")
    exchange = ask(method, path, *headers, **more)
    exchange.scheme, exchange.query = scheme, query
    step = GUARD.plan(settings, SITE, None).arrive
    assert step is not None
    return step(exchange)


@pytest.mark.parametrize("scheme", ["https", "wss"])
def test_lets_secure_requests_pass(scheme: str) -> None:
    """The resolved scheme counts, whoever ended TLS."""
    assert met(scheme=scheme) is None


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("headers", [(HTML,), (JSON, (b"sec-fetch-mode", b"navigate"))], ids=["accept", "fetch metadata"])
def test_sends_page_loads_to_the_canonical_origin(method: str, headers: tuple[Header, ...]) -> None:
    """A visitor who typed the name without a scheme arrives; the forged Host goes nowhere."""
    found = met(method, "/notes", *headers, host=b"evil.invalid", query=b"q=1&page=%202")
    assert isinstance(found, Reply)
    assert found.status == 308
    assert dict(found.headers)[b"location"] == b"https://clinic.example/notes?q=1&page=%202"


@pytest.mark.parametrize(
    ("path", "query", "location"),
    [
        ("//evil.invalid/", b"", b"https://clinic.example//evil.invalid/"),
        ("/a b\r\nset-cookie: x=1", b"", b"https://clinic.example/a%20b%0D%0Aset-cookie:%20x=1"),
        ("/ä?#", b"", b"https://clinic.example/%C3%A4%3F%23"),
        ("/a", b"x=1\r\nset-cookie: y", b"https://clinic.example/a"),
        ("/a", b"x=#\xff", b"https://clinic.example/a"),
        ("/a\ud800", b"", b"https://clinic.example/a%3F"),
    ],
)
def test_builds_the_redirect_from_nothing_but_path_and_query(path: str, query: bytes, location: bytes) -> None:
    """No path leads to another host, and no line end into another header."""
    found = met("GET", path, HTML, query=query)
    assert isinstance(found, Reply)
    assert dict(found.headers)[b"location"] == location


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("POST", (HTML,)),
        ("PUT", (JSON,)),
        ("DELETE", ()),
        ("OPTIONS", (HTML,)),
        ("GET", (JSON,)),
        ("GET", ()),
        ("GET", (HTML, (b"sec-fetch-mode", b"cors"))),
    ],
)
def test_refuses_everything_else(method: str, headers: tuple[Header, ...]) -> None:
    """A script that is redirected would learn to send its secrets in clear every time."""
    found = met(method, "/notes", *headers)
    assert isinstance(found, Refusal)
    assert (found.status, found.reason, found.headers) == (403, "plaintext", ())


def test_refuses_a_socket_in_clear() -> None:
    """A handshake cannot be sent elsewhere; a browser would not follow."""
    found = met("GET", "/live", HTML, kind="websocket", scheme="ws")
    assert isinstance(found, Refusal)
    assert found.status == 403


def test_refuses_a_target_that_is_no_path() -> None:
    """An absolute target carries a host of its own, past the origin that the redirect is built from."""
    assert isinstance(met("GET", "http://evil.invalid/", HTML), Refusal)


def test_refuses_page_loads_too_where_the_policy_says_so() -> None:
    """For a name that was never served in clear."""
    assert isinstance(met("GET", "/notes", HTML, settings=TlsRequiredSettings(redirects_pages=False)), Refusal)


@pytest.mark.parametrize(
    "header", [(b"x-forwarded-proto", b"https"), (b"x-forwarded-proto", b"http, HTTPS"), (b"forwarded", b"for=192.0.2.1;proto=https")]
)
def test_names_the_proxy_that_nobody_trusts(header: Header) -> None:
    """Instead of a redirect without end behind a proxy that ends TLS: the record says which line to add."""
    found = met("GET", "/notes", HTML, header, peer="10.0.0.7")
    assert isinstance(found, Refusal)
    assert (found.status, found.reason) == (403, "proxy-unknown")
    assert 'proxies = ["10.0.0.7"]' in found.detail


def test_names_the_unix_socket_that_nobody_trusts() -> None:
    """A hidden peer has no address to write down."""
    found = met("GET", "/notes", HTML, (b"x-forwarded-proto", b"https"), peer="")
    assert isinstance(found, Refusal)
    assert 'proxies = ["unix"]' in found.detail


@pytest.mark.parametrize("changed", [LOOPBACK, {"canonical_origin": "http://localhost:8000"}])
def test_does_nothing_while_no_https_origin_is_configured(changed: dict[str, Any]) -> None:
    """A newcomer's first start works over plain http on loopback."""
    assert GUARD.plan(SETTINGS, make_site(**changed), None).arrive is None


def test_decides_before_routing_only() -> None:
    """The plan of a matched route carries no second check."""
    assert GUARD.plan(SETTINGS, SITE, make_route()).arrive is None


def test_refuses_a_setting_of_another_kind() -> None:
    """A word in place of true or false is told, not guessed."""
    assert GUARD.faults(TlsRequiredSettings(redirects_pages="no")) != []  # type: ignore[arg-type]  # as a file may hold it
    assert GUARD.faults(SETTINGS) == []
