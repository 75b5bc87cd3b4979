"""The proof of transport.tls-configuration: proven on the guarded clinics, violated on the breached ones, at the right place."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from ringwork.prove.check import Check, Kind
from ringwork.prove.evidence import Outcome
from ringwork.prove.transport import tls_configuration
from ringwork.survey.facts import AppFacts
from ringwork.survey.harness import careless
from ringwork.survey.wire import forge, hello, renegotiation
from ringwork.survey.wire.connection import Place
from tests.prove import clinics, showing, unguarded

CHECKS = clinics.checks_of("transport.tls-configuration")
LIVE = [check for check in CHECKS if check.kind is Kind.LIVE]


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_holds_on_the_guarded_clinic(framework: str, check: Check) -> None:
    """Every handshake of old times is refused, and today's succeeds."""
    showing.holds(framework, check)


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_falls_on_the_breached_clinic(framework: str, check: Check) -> None:
    """With only that defence out the same handshakes succeed, so a pass means something."""
    assert showing.places(showing.falls(framework, check)) <= {tls_configuration.WHERE, "uvicorn"}


def test_names_what_a_careless_server_still_agrees_on() -> None:
    """Old versions, suites without encryption or certificate, and a new negotiation are told apart."""
    stage = clinics.clinic("fastapi").stage(["transport.tls-configuration"])
    try:
        versions = set(unguarded.broken(tls_configuration.version_matrix(stage)))
        suites = set(unguarded.broken(tls_configuration.weak_suites(stage)))
        asked = set(unguarded.broken(tls_configuration.downgrade_and_renegotiation(stage)))
    finally:
        stage.close()
    assert versions == {"handshake with TLS 1.0", "handshake with TLS 1.1"}
    assert {"suites without encryption", "suites without a certificate", "suites with CBC and SHA-1"} <= {
        attack.removeprefix("handshake with ") for attack in suites
    }
    assert any("static RSA" in attack for attack in suites)
    assert asked == {"a client asks to negotiate anew"}


def test_does_not_judge_what_it_cannot_see() -> None:
    """What serves an application that no ringwork guards is somebody else's, so nothing is said of its TLS."""
    with unguarded.serving(unguarded.PLAIN) as stage:
        for check in LIVE:
            evidence = check.run(stage)
            assert "not seen from here" in evidence.not_verified
            assert not evidence.observations


@contextlib.contextmanager
def listening(context: ssl.SSLContext, authority: forge.Authority) -> Iterator[Place]:
    """A server that says nothing, on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as sock:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    plain, _ = sock.accept()
                    with plain, contextlib.suppress(OSError), context.wrap_socket(plain, server_side=True) as session:
                        while session.recv(64):
                            pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield Place(address=sock.getsockname(), server_name="localhost", ca_pem=authority.certificate_pem, source="127.0.0.1")
        finally:
            sock.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.fixture(scope="module")
def authority() -> forge.Authority:
    return forge.make_authority()


@pytest.fixture
def certificate(authority: forge.Authority, tmp_path: Path) -> tuple[str, str]:
    paths = tmp_path / "leaf.pem", tmp_path / "leaf.key"
    for path, data in zip(paths, authority.leaf(["localhost"]), strict=True):
        path.write_bytes(data)
    return str(paths[0]), str(paths[1])


def test_hears_a_server_that_prefers_the_older_version(authority: forge.Authority, certificate: tuple[str, str]) -> None:
    """A server that speaks 1.2 at most is told apart from one that chooses 1.3."""
    context = careless.context(*certificate)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with listening(context, authority) as place:
        assert hello.agreed(place)[0] == "TLSv1.2"
        # The fallback value means something only to a server that speaks more than is asked of it.
        assert hello.say_hello(place, hello.TLS_1_2, (*tls_configuration.STRONG, hello.FALLBACK)).accepted


def test_tells_a_refusal_from_a_missing_server(authority: forge.Authority, certificate: tuple[str, str]) -> None:
    """A connection that is closed without a word is a refusal; one that cannot be made is not."""
    with listening(careless.context(*certificate), authority) as place:
        assert hello.say_hello(place, hello.TLS_1_2, (0xFFFF,)).alert == "handshake_failure"
        assert renegotiation.ask(place) == (True, "the session was negotiated anew")
    with pytest.raises(OSError, match="no connection"):
        hello.say_hello(place, hello.TLS_1_2, tls_configuration.STRONG)


def test_the_evidence_names_what_was_offered_and_answered() -> None:
    """A reader sees version, suites and what came back; asyncio closes without sending the alert that OpenSSL has made."""
    evidence = clinics.run("fastapi", LIVE[0])
    told = next(o for o in evidence.observations if o.attack == "handshake with TLS 1.0")
    assert told.outcome is Outcome.HELD
    assert told.exchanged[0].request.startswith("ClientHello: TLS 1.0, suites C02B")
    assert told.exchanged[0].answer == "the connection was closed without a word"
    assert told.control is not None
    assert told.control.answer.startswith("TLSv1.3")


def looked(root: Path, name: str, text: str) -> list[tuple[str, int]]:
    """What the look at one file finds wrong, with its line."""
    (root / name).write_text(text, encoding="utf-8")
    facts = AppFacts(target="shop:app", framework="flask", framework_version="3", root=str(root), routes=())
    evidence = tls_configuration.server_settings(SimpleNamespace(facts=facts))  # type: ignore[arg-type]  # a look reads facts only
    assert bool(evidence.observations) != bool(evidence.not_verified)
    return [(o.detail.split()[0], o.line) for o in evidence.observations if o.outcome is Outcome.BROKEN]


@pytest.mark.parametrize(
    ("name", "text", "wrong"),
    [
        ("Procfile", "web: uvicorn x:app --ssl-certfile a.pem --ssl-version 3\n", [("it", 1)]),
        ("Procfile", "web: uvicorn x:app --ssl-certfile a.pem --ssl-ciphers ALL\n", [("ALL", 1)]),
        ("Procfile", "web: hypercorn x:app --certfile a.pem --ciphers ECDHE+AESGCM:AES128-SHA\n", [("AES128-SHA", 1)]),
        ("Procfile", "web: granian x:app --ssl-certificate a.pem --ssl-protocol-min tls1.1\n", [("it", 1)]),
        ("Procfile", "web: gunicorn x:app --certfile a.pem --ciphers 'DEFAULT:@SECLEVEL=0'\n", [("@SECLEVEL=0", 1)]),
        ("gunicorn.conf.py", 'certfile = "a.pem"\nssl_version = "TLSv1"\n', [("it", 2)]),
        ("Procfile", "web: uvicorn x:app --ssl-certfile a.pem --ssl-ciphers 'ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!SHA1'\n", []),
        ("Procfile", "web: granian x:app --ssl-certificate a.pem --ssl-protocol-min tls1.3\n", []),
        ("Procfile", "web: ringwork serve x:app --certificate a.pem --key b.pem\n", []),
        ("Procfile", "web: gunicorn x:app --ciphers ALL\n", []),
    ],
)
def test_reads_what_files_tell_servers_about_tls(tmp_path: Path, name: str, text: str, wrong: list[tuple[str, int]]) -> None:
    """An old version or a weak cipher is named with its line; what speaks no TLS itself is not judged."""
    assert looked(tmp_path, name, text) == wrong
