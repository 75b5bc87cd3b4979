"""Callers known by their certificate, behind a proxy, in every framework: the same principal, the same refusals."""

from __future__ import annotations

import base64
import ssl
import types
from typing import Any

import pytest

from ringwork.enforce.network.trusted_proxies import TrustedProxiesSettings
from ringwork.enforce.transport.mutual_tls import MutualTlsSettings, Service
from ringwork.frameworks import wsgi_reading
from ringwork.survey.wire import forge
from tests.frameworks.clients.replies import Sending
from tests.frameworks.clients.wsgi import environ_of
from tests.frameworks.hosts import FRAMEWORKS, Host

NAME = "spiffe://clinic.example/laboratory"
AUTHORITY = forge.make_authority()
PROXY, STRANGER = "10.0.0.7", "203.0.113.9"
"""Where the proxy connects from, and where anybody else does."""


@pytest.fixture(scope="module", params=list(FRAMEWORKS))
def host(request: pytest.FixtureRequest) -> Host:
    """An application behind a proxy that writes Client-Cert, and one service among its callers."""
    return Host(
        request.param,
        trusted_proxies=TrustedProxiesSettings(proxies=(PROXY,)),
        mutual_tls=MutualTlsSettings(services=(Service(name=NAME, roles=("patient",)),), header="client-cert"),
    )


def line(*names: str) -> dict[str, str]:
    """The header of RFC 9440."""
    return {"Client-Cert": f":{base64.b64encode(ssl.PEM_cert_to_DER_cert(AUTHORITY.client(names)[0].decode('ascii'))).decode()}:"}


def asked(host: Host, headers: dict[str, str], peer: str, **more: Any) -> int:
    host.forget()
    status: int = host.ask("GET", "/who", {"X-Forwarded-Proto": "https", **headers}, peer=peer, **more).status
    return status


def test_the_service_enters_by_the_proxys_word(host: Host) -> None:
    """No cookie, no login: the name in the certificate is who is asking."""
    assert asked(host, line(NAME), PROXY) == 200


def test_the_same_word_of_a_stranger_counts_for_nothing(host: Host) -> None:
    """Anybody can write the header."""
    assert asked(host, line(NAME), STRANGER) == 401


def test_a_login_still_works_beside_it(host: Host) -> None:
    """People come without a certificate, and `identify` knows them as before."""
    assert asked(host, {"Cookie": "__Host-user=ada"}, PROXY) == 200
    assert asked(host, {}, PROXY) == 401


def test_an_unknown_certificate_is_refused_and_told(host: Host) -> None:
    """Also with a good login: whoever shows a certificate is asked by it."""
    assert asked(host, {"Cookie": "__Host-user=ada", **line("spiffe://clinic.example/kitchen")}, PROXY) == 403
    assert host.told == [("transport.mutual-tls", "unknown-name")]


SAID = [({"SSL_CLIENT_VERIFY": "SUCCESS"}, "shown"), ({}, None), ({"SSL_CLIENT_VERIFY": "NONE"}, None)]


@pytest.mark.parametrize(("said", "taken"), SAID)
def test_takes_a_certificate_that_the_server_says_it_has_verified(said: dict[str, str], taken: str | None) -> None:
    """mod_ssl can hand on a certificate that nobody has signed, and say nothing of it."""
    environ = {**environ_of(Sending("GET", "/", (), None, "https", "203.0.113.9")), "SSL_CLIENT_CERT": "shown", **said}
    plan: Any = types.SimpleNamespace(certifies=True)
    assert wsgi_reading.begin(environ, plan).certificate == taken
