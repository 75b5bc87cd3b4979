"""Internal services authenticate their callers with client certificates."""

from __future__ import annotations

import base64
import ssl
import urllib.parse
from typing import Any

import pytest

from ringwork import Policy
from ringwork.clock import SYSTEM_CLOCK, FixedClock
from ringwork.enforce.guard import Refusal
from ringwork.enforce.network.trusted_proxies import TrustedProxiesSettings
from ringwork.enforce.transport.mutual_tls import CONTROL, DROPS, GUARD, READERS, MutualTlsSettings, Service
from ringwork.errors import PolicyInvalid
from ringwork.exchange import Exchange, Header
from ringwork.principal import Principal, Via
from ringwork.survey.wire import forge
from tests.enforce.making import ask, make_route, make_site

NAME = "spiffe://clinic.example/laboratory"
LABORATORY = Service(name=NAME, roles=("laboratory",))
BILLING = Service(name="billing.internal")
AUTHORITY = forge.make_authority()
SITE = make_site(clock=SYSTEM_CLOCK)


def text(*names: str, **more: Any) -> str:
    """A certificate of these names, PEM."""
    return AUTHORITY.client(names, **more)[0].decode("ascii")


GOOD = text(NAME)


def met(settings: MutualTlsSettings, exchange: Exchange, site: Any = SITE) -> object:
    """What a request meets."""
    step = GUARD.plan(settings, site, None).arrive
    assert step is not None
    return step(exchange)


def shown(certificate: str | bytes | None, *headers: Header, proxied: bool = False) -> Exchange:
    """A request over a connection whose client showed this, or from a trusted proxy."""
    exchange = ask("GET", "/notes", *headers)
    exchange.certificate, exchange.is_resolved = certificate, proxied
    return exchange


def settings(*services: Service, **more: Any) -> MutualTlsSettings:
    return MutualTlsSettings(services=services or (LABORATORY, BILLING), **more)


@pytest.mark.parametrize("form", ["PEM", "DER"])
def test_the_name_in_the_certificate_becomes_the_principal(form: str) -> None:
    """Before any route is known, so that no handler has to ask; tokens die with the certificate."""
    exchange = shown(GOOD if form == "PEM" else ssl.PEM_cert_to_DER_cert(GOOD))
    assert met(settings(), exchange) is None
    assert isinstance(exchange.principal, Principal)
    assert (exchange.principal.id, exchange.principal.roles, exchange.principal.via) == (NAME, {"laboratory"}, Via.CERTIFICATE)
    assert str(exchange.principal.session).startswith("certificate-")
    assert exchange.identified


def test_knows_a_service_by_its_host_name() -> None:
    """An authority without SPIFFE names works as well; letter case does not matter."""
    exchange = shown(text("Billing.Internal"))
    assert met(settings(), exchange) is None
    assert exchange.principal is not None
    assert exchange.principal.id == "billing.internal"


def test_a_trust_domain_takes_all_its_workloads_and_no_other() -> None:
    """The slash ends the domain, so that a longer name of somebody else's is not taken for it."""
    whole = settings(Service(name="spiffe://clinic.example/*", roles=("inner",)))
    exchange = shown(text("spiffe://clinic.example/ward/7"))
    assert met(whole, exchange) is None
    assert exchange.principal is not None
    assert exchange.principal.id == "spiffe://clinic.example/ward/7"
    for name in ("spiffe://clinic.example.evil.invalid/x", "spiffe://clinic.example"):
        assert reason(met(whole, shown(text(name)))) == "unknown-name"


def reason(found: object) -> str:
    assert isinstance(found, Refusal), found
    assert found.control == CONTROL
    return found.reason


@pytest.mark.parametrize(
    "names",
    [
        ("spiffe://clinic.example/kitchen",),
        (),
        ("kitchen.internal",),
        (NAME, "spiffe://other.example/second"),
        ("spiffe://clinic.example/LABORATORY",),
    ],
    ids=["another", "none", "another host", "two identities", "other letters"],
)
def test_refuses_a_certificate_of_nobody_known(names: tuple[str, ...]) -> None:
    """The authority signs for others as well; and an SVID with two URIs is nobody's."""
    assert reason(met(settings(), shown(text(*names)))) == "unknown-name"


def test_a_uri_that_ends_in_a_host_name_is_not_that_host() -> None:
    """Each kind of name is compared with its own kind alone."""
    assert reason(met(settings(), shown(text("https://billing.internal")))) == "unknown-name"


def test_lets_nobody_pass_as_nobody_unless_a_certificate_is_required() -> None:
    """A public site with a few services among its callers stays public; an internal listener does not."""
    exchange = shown(None)
    assert met(settings(), exchange) is None
    assert (exchange.principal, exchange.identified) == (None, False)
    assert reason(met(settings(required=True), shown(None))) == "no-certificate"


@pytest.mark.parametrize("days", [(-3, -1), (1, 3)])
def test_refuses_a_certificate_outside_its_days(days: tuple[int, int]) -> None:
    """A connection may outlive the certificate that it began with, and a proxy may not look."""
    assert reason(met(settings(), shown(text(NAME, days=days)))) == "expired-certificate"


def test_takes_the_time_from_the_policys_clock() -> None:
    """So that the last second of a certificate can be tested."""
    site = make_site(clock=FixedClock())
    assert reason(met(settings(), shown(GOOD), site)) == "expired-certificate"


def test_refuses_a_servers_certificate_and_an_authoritys_own() -> None:
    """Both are signed by the same authority and were not made for this."""
    assert reason(met(settings(), shown(text(NAME, purpose=forge.FOR_SERVERS)))) == "wrong-purpose"
    assert reason(met(settings(), shown(AUTHORITY.certificate_pem.decode("ascii")))) == "wrong-purpose"


@pytest.mark.parametrize("raw", ["no certificate", b"\x30\x00", GOOD[:200], "x" * 20_000])
def test_refuses_what_is_no_certificate(raw: str | bytes) -> None:
    """What cannot be read is nobody's, and no fault of the guard."""
    found = met(settings(), shown(raw))
    assert reason(found) == "malformed"
    assert isinstance(found, Refusal)
    assert found.status == 400


def test_leaves_the_decision_to_identify_where_no_service_is_named() -> None:
    """`ringwork.identify.client_certificate` finds the verified certificate in the request's notes."""
    exchange = shown(GOOD)
    assert met(MutualTlsSettings(required=True), exchange) is None
    assert exchange.principal is None
    noted: Any = exchange.noted(CONTROL)
    assert noted.uris == (NAME,)


# -- behind a proxy ------------------------------------------------------------------------------------------------

DER = base64.b64encode(ssl.PEM_cert_to_DER_cert(GOOD))
FORWARDED: dict[str, tuple[Header, ...]] = {
    "client-cert": ((b"client-cert", b":" + DER + b":"),),
    "x-forwarded-client-cert": ((b"x-forwarded-client-cert", f'By=spiffe://a/b;Hash=00;Subject="CN=a,O=b";URI={NAME}'.encode()),),
    "x-ssl-client-cert": ((b"x-ssl-client-cert", urllib.parse.quote(GOOD).encode()), (b"x-ssl-client-verify", b"SUCCESS")),
}


@pytest.mark.parametrize("header", list(READERS))
def test_believes_a_trusted_proxy_and_nobody_else(header: str) -> None:
    """The same header makes a principal from the proxy's address, and nothing from any other."""
    exchange = shown(None, *FORWARDED[header], proxied=True)
    assert met(settings(header=header), exchange) is None
    assert exchange.principal is not None
    assert exchange.principal.id == NAME
    stranger = shown(None, *FORWARDED[header])
    assert reason(met(settings(header=header, required=True), stranger)) == "no-certificate"
    assert stranger.principal is None


def test_reads_no_other_header_than_the_one_that_is_named() -> None:
    """What a proxy does not write it may hand on as the client sent it."""
    for header, lines in FORWARDED.items():
        for named in set(READERS) - {header}:
            assert reason(met(settings(header=named, required=True), shown(None, *lines, proxied=True))) == "no-certificate"


def test_nobody_becomes_the_proxy() -> None:
    """The proxy's own certificate, shown to us, is not that of every visitor behind it."""
    exchange = shown(GOOD, proxied=True)
    assert reason(met(settings(header="client-cert", required=True), exchange)) == "no-certificate"


def test_a_direct_caller_keeps_its_certificate_where_proxies_write_headers() -> None:
    """Beside the proxy, from an address that is none, the handshake counts."""
    exchange = shown(GOOD)
    assert met(settings(header="client-cert"), exchange) is None
    assert exchange.principal is not None


@pytest.mark.parametrize(
    ("header", "lines"),
    [
        ("client-cert", ((b"client-cert", DER),)),
        ("client-cert", ((b"client-cert", b":" + DER + b":, :" + DER + b":"),)),
        ("client-cert", ((b"client-cert", b":%%%:"),)),
        ("client-cert", ((b"client-cert", b":"),)),
        ("x-ssl-client-cert", ((b"x-ssl-client-cert", urllib.parse.quote(GOOD).encode()),)),
        ("x-ssl-client-cert", (FORWARDED["x-ssl-client-cert"][0], (b"x-ssl-client-verify", b"FAILED:self-signed certificate"))),
        ("x-forwarded-client-cert", ((b"x-forwarded-client-cert", f"URI={NAME},By=spiffe://a/b;URI=spiffe://x/y".encode()),)),
        ("x-forwarded-client-cert", ((b"x-forwarded-client-cert", b'Subject="open;URI=' + NAME.encode()),)),
        ("x-forwarded-client-cert", ((b"x-forwarded-client-cert", b"nonsense"),)),
        *((header, (*lines, lines[0])) for header, lines in FORWARDED.items()),
        ("x-ssl-client-cert", ((b"x-ssl-client-cert", urllib.parse.quote(f"{GOOD},{GOOD}").encode()), FORWARDED["x-ssl-client-cert"][1])),
    ],
)
def test_refuses_a_header_that_can_be_read_in_two_ways(header: str, lines: tuple[Header, ...]) -> None:
    """A value that a client sent itself and a proxy only added to, or one that the proxy does not vouch for."""
    assert reason(met(settings(header=header), shown(None, *lines, proxied=True))) == "malformed"


def test_takes_the_whole_certificate_of_envoy_before_its_names() -> None:
    """With Cert in the element its days and its purpose count as well."""
    old = urllib.parse.quote(text(NAME, days=(-3, -1)))
    line = (b"x-forwarded-client-cert", f'URI={NAME};Cert="{old}"'.encode())
    assert reason(met(settings(header="x-forwarded-client-cert"), shown(None, line, proxied=True))) == "expired-certificate"


def test_the_application_never_sees_those_headers() -> None:
    """It asks for the principal; a handler that reads them itself would believe anybody."""
    assert GUARD.plan(settings(), SITE, None).drops == DROPS >= {name.encode() for name in READERS}


# -- settings ------------------------------------------------------------------------------------------------------


def test_does_nothing_while_nobody_is_named() -> None:
    """An application without services pays nothing."""
    hooks = GUARD.plan(MutualTlsSettings(), SITE, None)
    assert (hooks.arrive, hooks.certifies, hooks.drops) == (None, False, frozenset())
    assert GUARD.plan(settings(), SITE, make_route()).arrive is None


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"services": (Service(name="*.internal"),)}, "no name of a certificate"),
        ({"services": (Service(name="spiffe://Clinic.example/x"),)}, "no name of a certificate"),
        ({"services": (Service(name="spiffe://clinic.example/a*"),)}, "no name of a certificate"),
        ({"services": (Service(name=""),)}, "no name of a certificate"),
        ({"services": (LABORATORY, LABORATORY)}, "stands there twice"),
        ({"services": (LABORATORY,), "header": "x-user"}, "none that is read here"),
        ({"services": (LABORATORY,), "header": "client-cert"}, "add network.trusted-proxies"),
        ({"header": "client-cert"}, "does nothing while no service is named"),
        ({"services": (Service(name=NAME, roles=("cook",)),)}, "which `roles` does not list"),
    ],
)
def test_refuses_settings_that_would_do_something_else(changed: dict[str, Any], told: str) -> None:
    """Each fault says what to write instead."""
    with pytest.raises(PolicyInvalid) as caught:
        Policy(origin="https://clinic.example", roles=("laboratory",), mutual_tls=MutualTlsSettings(**changed))
    assert told in str(caught.value)


def test_takes_a_header_with_the_proxy_that_writes_it() -> None:
    """Both settings together are what a proxy in front needs."""
    proxies = TrustedProxiesSettings(proxies=("10.0.0.7",))
    made = Policy(origin="https://clinic.example", trusted_proxies=proxies, mutual_tls=settings(header="client-cert"))
    assert made.mutual_tls.header == "client-cert"
