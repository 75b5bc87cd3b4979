"""Only known host names are served."""

from __future__ import annotations

import pytest

from ringwork.enforce.network.host_validation import GUARD, HostValidationSettings
from tests.enforce.making import LOOPBACK, arrive, ask, make_route, make_site

SETTINGS = HostValidationSettings()
CONFIGURED = make_site(hosts=frozenset({b"clinic.example", b"www.clinic.example:8443"}))
UNCONFIGURED = make_site(**LOOPBACK)


@pytest.mark.parametrize("host", [b"clinic.example", b"CLINIC.example", b"clinic.example:443", b"www.clinic.example:8443"])
def test_serves_the_names_of_the_policy(host: bytes) -> None:
    """Exact names pass, whatever their letter case, with the default port or the port that the policy names."""
    assert arrive(GUARD, SETTINGS, CONFIGURED, ask(host=host)) is None


def test_serves_an_http_origin_with_and_without_port_80() -> None:
    """The default port is the one of the site's own scheme."""
    site = make_site(canonical_origin="http://localhost", origins=frozenset({b"http://localhost"}), hosts=frozenset({b"localhost"}))
    assert arrive(GUARD, SETTINGS, site, ask(host=b"localhost:80")) is None
    assert arrive(GUARD, SETTINGS, site, ask(host=b"localhost:443")) is not None


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        (None, "missing"),
        (b"", "missing"),
        (b"canary.invalid", "unknown"),
        (b"clinic.example.canary.invalid", "unknown"),
        (b"notclinic.example", "unknown"),
        (b"clinic.example.", "unknown"),
        (b"clinic.example:8443", "unknown"),
        (b"www.clinic.example", "unknown"),
        (b"www.clinic.example:8443:443", "unknown"),
        (b"clinic.example:@canary.invalid", "malformed"),
        (b"clinic.example, canary.invalid", "malformed"),
        (b"clinic.example/canary", "malformed"),
        (b"clinic.example\x00", "malformed"),
        (b"clinic.ex\xc3\xa4mple", "malformed"),
    ],
)
def test_refuses_every_other_host(host: bytes | None, reason: str) -> None:
    """A forged Host would poison reset links, caches and redirects."""
    refusal = arrive(GUARD, SETTINGS, CONFIGURED, ask(host=host))
    assert refusal is not None
    assert (refusal.control, refusal.status, refusal.reason) == ("network.host-validation", 421, reason)


def test_refuses_two_host_headers() -> None:
    """Two Host lines may be read differently by two programs, even when both are known."""
    refusal = arrive(GUARD, SETTINGS, CONFIGURED, ask("GET", "/", (b"host", b"clinic.example")))
    assert refusal is not None
    assert (refusal.status, refusal.reason) == (421, "repeated")


def test_serves_when_another_header_is_repeated() -> None:
    """What is repeated elsewhere is for other guards to judge."""
    assert arrive(GUARD, SETTINGS, CONFIGURED, ask("GET", "/", (b"origin", b"a"), (b"origin", b"b"))) is None


@pytest.mark.parametrize("path", ["http://canary.invalid/", "canary.invalid:443", "*", ""])
@pytest.mark.parametrize("site", [CONFIGURED, UNCONFIGURED], ids=["configured", "loopback"])
def test_refuses_a_target_that_is_no_path(path: str, site: object) -> None:
    """An absolute or authority target carries a host of its own, past the Host header."""
    refusal = arrive(GUARD, SETTINGS, site, ask("GET", path))  # type: ignore[arg-type]  # parametrised
    assert refusal is not None
    assert (refusal.status, refusal.reason) == (400, "target-form")


@pytest.mark.parametrize("host", [b"localhost", b"LOCALHOST:8000", b"127.0.0.1:8000", b"127.9.9.9", b"[::1]", b"[::1]:8000", b"localhost:"])
@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "127.200.1.1", "::ffff:127.0.0.1"])
def test_serves_this_machine_while_nothing_is_configured(host: bytes, peer: str) -> None:
    """A newcomer's first start works on loopback."""
    assert arrive(GUARD, SETTINGS, UNCONFIGURED, ask(host=host, peer=peer)) is None


@pytest.mark.parametrize(
    ("host", "peer"),
    [
        (b"localhost", "203.0.113.9"),
        (b"localhost", ""),
        (b"clinic.example", "testclient"),
        (b"localhost", "::ffff:203.0.113.9"),
        (b"testserver", "127.0.0.1"),
        (b"clinic.example", "127.0.0.1"),
        (b"127.0.0.1.canary.invalid", "127.0.0.1"),
        (b"127.1", "127.0.0.1"),
        (b"localhost.canary.invalid", "127.0.0.1"),
        (b"localhost:80000000", "127.0.0.1"),
        (b"localhost:8x", "127.0.0.1"),
        (b"[::1", "127.0.0.1"),
        (b"[::1]x", "127.0.0.1"),
        (b"[::2]", "127.0.0.1"),
        (b"::1", "127.0.0.1"),
    ],
)
def test_refuses_everything_else_while_nothing_is_configured(host: bytes, peer: str) -> None:
    """An unconfigured copy must not stand open, neither to other machines nor to a rebound name."""
    refusal = arrive(GUARD, SETTINGS, UNCONFIGURED, ask(host=host, peer=peer))
    assert refusal is not None
    assert (refusal.status, refusal.reason) == (421, "not-configured")
    assert 'origin = "https://your.host"' in refusal.detail


def test_hides_other_host_headers_from_the_application() -> None:
    """A host in a side header would be believed by the framework after the Host itself was checked."""
    for route in (None, make_route()):
        drops = GUARD.plan(SETTINGS, CONFIGURED, route).drops
        assert {b"x-forwarded-host", b"forwarded", b"x-host", b"x-original-host", b"x-original-url", b"x-rewrite-url"} <= drops


def test_checks_before_routing_only() -> None:
    """The plan of a matched route carries no second check."""
    assert GUARD.plan(SETTINGS, CONFIGURED, make_route()).arrive is None
    assert GUARD.faults(SETTINGS) == ()


def test_serves_the_test_client_of_starlette_until_an_origin_is_set() -> None:
    """A suite runs as it is; the peer's name is none that a socket has, so the host name alone opens nothing."""
    tested = {"host": b"testserver", "peer": "testclient"}
    assert arrive(GUARD, SETTINGS, UNCONFIGURED, ask(**tested)) is None
    assert arrive(GUARD, SETTINGS, UNCONFIGURED, ask(host=b"localhost", peer="testclient")) is None
    assert arrive(GUARD, SETTINGS, UNCONFIGURED, ask(host=b"testserver", peer="203.0.113.9")) is not None
    assert arrive(GUARD, SETTINGS, UNCONFIGURED, ask(host=b"clinic.example", peer="testclient")) is not None
    assert arrive(GUARD, SETTINGS, CONFIGURED, ask(**tested)) is not None


@pytest.mark.parametrize("name", [b"x-forwarded-for", b"forwarded", b"x-forwarded-host", b"x-forwarded-proto"])
def test_serves_nobody_whom_a_proxy_of_this_machine_forwards_until_an_origin_is_set(name: bytes) -> None:
    """The proxy's peer is loopback, and the Host that it hands on may be one too; the visitor is from elsewhere."""
    local = {"host": b"localhost:8000", "peer": "127.0.0.1"}
    assert arrive(GUARD, SETTINGS, UNCONFIGURED, ask(**local)) is None
    assert arrive(GUARD, SETTINGS, UNCONFIGURED, ask("GET", "/", (name, b"203.0.113.9"), **local)) is not None
