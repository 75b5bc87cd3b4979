"""Clients of this process that would take any certificate are refused, whichever library makes them."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import smtplib
import socket
import ssl
import urllib.error
import urllib.request
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ringwork import Policy
from ringwork.enforce.guard import Refusal, Surroundings
from ringwork.enforce.transport.certificate_verification import (
    GUARD,
    CertificateVerificationSettings,
    PeerException,
)
from ringwork.errors import PeerUnverified, PolicyInvalid
from ringwork.outbound import watching
from ringwork.outbound.watching import Watch, watch
from ringwork.survey.wire.forge import Leaf
from tests.enforce.making import make_route, make_site
from tests.outbound.peers import Peers

SETTINGS = CertificateVerificationSettings()
PARTNER = "partner.example"


def careless() -> ssl.SSLContext:
    """What circulates as a remedy."""
    return ssl._create_unverified_context()


def nameless() -> ssl.SSLContext:
    """Chain verified, name not."""
    made = ssl.create_default_context()
    made.check_hostname = False
    return made


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Applications of other tests that are still alive in this process tell nothing here, and refuse nothing."""
    monkeypatch.setattr(watching, "_WATCHES", weakref.WeakSet())


@pytest.fixture
def told() -> list[Refusal]:
    """What was refused."""
    return []


@pytest.fixture
def watched(told: list[Refusal]) -> Iterator[Watch]:
    """An application is alive in this process."""
    kept = watch(SETTINGS, observing=False, tell=told.append)
    yield kept
    watching._WATCHES.discard(kept)


@pytest.fixture
def partner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Peers, str]]:
    """Somebody who poses as partner.example, on loopback."""
    peers = Peers(tmp_path)
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *given, **more: real("127.0.0.1" if host == PARTNER else host, *given, **more))
    with peers.serving(Leaf.SELF_SIGNED) as url:
        yield peers, url.replace("localhost", PARTNER)


def memory(context: ssl.SSLContext, name: str | None, **more: Any) -> ssl.SSLObject:
    """A connection in memory that has begun its handshake."""
    made = context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname=name, **more)
    with contextlib.suppress(ssl.SSLWantReadError):
        made.do_handshake()
    return made


def test_has_nothing_to_say_on_a_request() -> None:
    """It is about what goes out, and costs no request anything."""
    hooks = GUARD.plan(SETTINGS, make_site(), make_route())
    assert (hooks.arrive, hooks.enter, hooks.leave, hooks.headers) == (None, None, None, ())


@pytest.mark.parametrize("context", [careless, nameless])
def test_refuses_a_client_that_would_take_any_certificate(watched: Watch, told: list[Refusal], partner: Any, context: Any) -> None:
    """The error is one of certificates, as libraries know them, and says what to write instead; the operator is told once."""
    with pytest.raises(urllib.error.URLError) as caught:
        urllib.request.urlopen(partner[1], context=context(), timeout=5)
    assert isinstance(caught.value.reason, PeerUnverified)
    assert isinstance(caught.value.reason, ssl.SSLCertVerificationError)
    assert f'exceptions = [{{host = "{PARTNER}", reason = "..."}}]' in str(caught.value.reason)
    assert [(one.control, one.reason) for one in told] == [("transport.certificate-verification", "unverified-peer")]


def test_refuses_it_in_async_code_too(watched: Watch, partner: Any) -> None:
    """asyncio makes its handshakes in memory."""
    port = int(partner[1].rstrip("/").rpartition(":")[2])

    async def connect() -> None:
        with pytest.raises(PeerUnverified):
            await asyncio.open_connection(PARTNER, port, ssl=careless())
        for _ in range(3):
            await asyncio.sleep(0)  # the loop closes what was refused in a later turn

    asyncio.run(connect())


def test_refuses_starttls_without_a_context(watched: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    """smtplib's default verifies nobody, and sends the password next."""
    ours, theirs = socket.socketpair()
    client = smtplib.SMTP()
    client.sock, client._host, client.ehlo_resp, client.does_esmtp = ours, PARTNER, b"", True
    client.esmtp_features = {"starttls": ""}
    monkeypatch.setattr(client, "docmd", lambda *_: (220, b"go on"))
    with pytest.raises(PeerUnverified):
        client.starttls()
    ours.close()
    theirs.close()


@pytest.mark.parametrize("step", ["do_handshake", "read", "write", "unwrap"])
def test_refuses_every_way_to_begin_a_handshake_in_memory(watched: Watch, step: str) -> None:
    """The library begins one at the first read or write as well."""
    made = careless().wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname=PARTNER)
    with pytest.raises(PeerUnverified):
        getattr(made, step)(*([b"x"] if step == "write" else []))


def test_lets_a_client_through_that_verifies(watched: Watch, told: list[Refusal], tmp_path: Path) -> None:
    """The honest client notices nothing."""
    peers = Peers(tmp_path)
    with peers.serving() as url, urllib.request.urlopen(url, context=ssl.create_default_context(cafile=peers.trusted), timeout=5) as answer:
        assert answer.status == 200
    assert memory(ssl.create_default_context(), PARTNER) is not None
    assert told == []


def test_leaves_servers_alone(watched: Watch) -> None:
    """A server verifies clients where it asks for certificates, and that is another control."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    assert memory(context, None, server_side=True) is not None


@pytest.mark.parametrize("name", ["localhost", "shop.localhost", "127.0.0.1", "::1"])
def test_leaves_alone_what_stays_on_this_machine(watched: Watch, name: str) -> None:
    """There is no path on which somebody could stand."""
    assert memory(careless(), name) is not None


def test_knows_the_peer_by_its_address_where_no_name_is_given(watched: Watch, tmp_path: Path) -> None:
    """A socket to loopback is local, one to nowhere is not."""
    with (
        Peers(tmp_path).serving(Leaf.SELF_SIGNED) as url,
        socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2].rstrip("/")))) as sock,
    ):
        careless().wrap_socket(sock).close()
    with pytest.raises(PeerUnverified, match="a peer without a name"):
        memory(careless(), None)


def test_lets_an_excepted_peer_through_and_no_other(told: list[Refusal]) -> None:
    """A printer on the own network, with the reason beside it."""
    settings = CertificateVerificationSettings(
        exceptions=(PeerException(host="printer.shop.internal", reason="own cable, nothing secret"),)
    )
    kept = watch(settings, observing=False, tell=told.append)
    assert memory(careless(), "Printer.shop.internal") is not None
    with pytest.raises(PeerUnverified):
        memory(careless(), PARTNER)
    watching._WATCHES.discard(kept)


def test_only_tells_while_observing(told: list[Refusal]) -> None:
    """observe changes nothing, and the log says what would have been refused."""
    kept = watch(SETTINGS, observing=True, tell=told.append)
    assert memory(careless(), PARTNER) is not None
    assert len(told) == 1
    watching._WATCHES.discard(kept)


def test_watches_no_longer_than_its_application_lives(told: list[Refusal]) -> None:
    """A suite of tests makes many applications, and none outlives its own."""
    kept = watch(SETTINGS, observing=False, tell=told.append)
    with pytest.raises(PeerUnverified):
        memory(careless(), PARTNER)
    del kept
    gc.collect()
    assert memory(careless(), PARTNER) is not None


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("SSLKEYLOGFILE", "/var/tmp/keys", "the keys of every connection are written"),
        ("SSL_CERT_FILE", "/nowhere/at/all.pem", "names a file that is not there"),
        ("REQUESTS_CA_BUNDLE", "/nowhere/at/all.pem", "names a file that is not there"),
    ],
)
def test_names_at_start_what_the_environment_does_to_every_client(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, told: str
) -> None:
    """In production each stops the start."""
    assert list(GUARD.at_start(SETTINGS, make_site(), Surroundings(framework="flask"), [])) == []
    monkeypatch.setenv(variable, value)
    (fault,) = GUARD.at_start(SETTINGS, make_site(), Surroundings(framework="flask"), [])
    assert told in fault


def test_names_at_start_an_unverified_default_for_every_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one line that everybody finds first."""
    monkeypatch.setattr(ssl, "_create_default_https_context", ssl._create_unverified_context)
    (fault,) = GUARD.at_start(SETTINGS, make_site(), Surroundings(framework="flask"), [])
    assert "take that line out" in fault


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"exceptions": (PeerException(host="*.shop.internal", reason="r"),)}, "no exact host"),
        ({"exceptions": (PeerException(host="https://shop.internal", reason="r"),)}, "no exact host"),
        ({"exceptions": (PeerException(host="shop.internal", reason=" "),)}, "needs a reason"),
        ({"clients": ("shop.partners",)}, "names no function"),
        ({"clients": ("shop/partners:client",)}, "names no function"),
    ],
)
def test_refuses_settings_that_say_too_much(changed: dict[str, Any], told: str) -> None:
    """An exception is one peer with a reason, and a client is a function."""
    with pytest.raises(PolicyInvalid, match=told):
        Policy(certificate_verification=CertificateVerificationSettings(**changed))
