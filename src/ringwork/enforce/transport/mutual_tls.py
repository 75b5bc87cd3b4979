"""Internal services authenticate their callers with client certificates.

Against a service that proves only its own identity and serves anyone who reaches the internal network: the name in the caller's
certificate becomes the principal before any route is known, and a certificate that names nobody known is refused. Source: ASVS
5.0, 12.1.3 and 12.3.5; NIST SP 800-204A, 4; SPIFFE X.509-SVID; RFC 9440; Envoy, x-forwarded-client-cert.
"""

from __future__ import annotations

import base64
import binascii
import re
import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field

from ringwork.crypto import client_certificates
from ringwork.crypto.client_certificates import ClientCertificate
from ringwork.enforce.guard import Arrive, Decision, Guard, Hooks, Refusal, Site
from ringwork.exchange import Exchange
from ringwork.frozen import Frozen
from ringwork.names import ControlId, SessionId
from ringwork.principal import Principal, Via
from ringwork.route import Route
from ringwork.words import Words

CONTROL = ControlId("transport.mutual-tls")

_HOST = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*"
_SPIFFE = r"spiffe://[a-z0-9._-]+(/[A-Za-z0-9._-]+)*(/\*)?"
_URI = r"(?!spiffe:)[a-z][a-z0-9+.-]*:[!-)+-~]+"


class Service(Frozen):
    """A caller that is known by its certificate."""

    name: str = field(
        metadata={
            "doc": 'a name in its certificate: a URI, "spiffe://clinic.example/laboratory", or a host name; "spiffe://clinic.example/*" '
            "takes every workload of a trust domain",
            "unit": "name",
        }
    )
    roles: tuple[str, ...] = field(default=(), metadata={"doc": "what it is to the rules", "unit": "names"})


class MutualTlsSettings(Frozen):
    """Which services may call, and who says that their certificates were checked."""

    services: tuple[Service, ...] = field(default=(), metadata={"doc": "callers by their certificates; any other certificate is refused"})
    required: bool = field(
        default=False, metadata={"doc": "every request needs a certificate: what is served here is internal", "source": "ASVS 12.3.5"}
    )
    header: str = field(
        default="",
        metadata={
            "doc": 'where trusted proxies that ask for the certificate write it: "client-cert" (RFC 9440), "x-forwarded-client-cert" '
            '(Envoy) or "x-ssl-client-cert" with "x-ssl-client-verify" (nginx); "" reads none',
            "unit": "name",
        },
    )


class MutualTlsReason(Words):
    """Why a request was refused."""

    NO_CERTIFICATE = "no-certificate"
    UNKNOWN_NAME = "unknown-name"
    EXPIRED_CERTIFICATE = "expired-certificate"
    WRONG_PURPOSE = "wrong-purpose"
    MALFORMED = "malformed"


def is_used(settings: MutualTlsSettings) -> bool:
    """Whether certificates are looked at."""
    return bool(settings.services) or settings.required


def plan(settings: MutualTlsSettings, site: Site, route: Route | None) -> Hooks:
    """Callers are known before routing, on every request."""
    if route is not None or not is_used(settings):
        return Hooks()
    return Hooks(arrive=_reader(settings, site), certifies=True, drops=DROPS)


def faults(settings: MutualTlsSettings) -> Sequence[str]:
    """What is wrong with the settings."""
    found = list[str]()
    names = [service.name for service in settings.services]
    for i, name in enumerate(names):
        if not any(re.fullmatch(form, name) for form in (_HOST, _SPIFFE, _URI)):
            found.append(
                f"services[{i}].name: {name!r} is no name of a certificate; write a URI such as spiffe://clinic.example/laboratory, or "
                "an exact lower-case host name"
            )
        elif name in names[:i]:
            found.append(f"services[{i}].name: {name!r} stands there twice; give all its roles in one row")
    if settings.header and settings.header not in READERS:
        found.append(
            f"header: {settings.header[:40]!r} is none that is read here; write {' or '.join(READERS)}, whichever the proxies write"
        )
    if settings.header and not is_used(settings):
        found.append('header does nothing while no service is named; add services = [{name = "spiffe://..."}], or take it out')
    return found


# -- whose certificate it is -----------------------------------------------------------------------------------


def _reader(settings: MutualTlsSettings, site: Site) -> Arrive:
    known, now = _Known(settings.services), site.clock.now
    from_header = READERS[settings.header] if settings.header else None
    nobody = (
        _refuse(MutualTlsReason.NO_CERTIFICATE, "no client certificate came with it; internal callers need one")
        if settings.required
        else None
    )

    def arrive(exchange: Exchange) -> Decision:
        try:
            certificate = _shown(exchange, from_header)
        except ValueError as error:
            return _refuse(MutualTlsReason.MALFORMED, f"its client certificate cannot be read: {error}", status=400)
        if certificate is None:
            return nobody
        # Against a connection that outlives the certificate with which it began, and a proxy that does not look.
        if not certificate.not_before <= now() < certificate.not_after:
            return _refuse(MutualTlsReason.EXPIRED_CERTIFICATE, f"the certificate {certificate.serial} is not valid now")
        # Against a server's certificate, or an authority's own, that is shown as a client's.
        if not certificate.is_for_clients or certificate.is_authority:
            return _refuse(MutualTlsReason.WRONG_PURPOSE, f"the certificate {certificate.serial} is not made for clients")
        exchange.note(CONTROL, certificate)
        if not settings.services:
            return None  # `identify` says whose it is
        service, name = known.find(certificate)
        if service is None:
            told = ", ".join((*certificate.uris, *certificate.hosts))[:200]
            return _refuse(MutualTlsReason.UNKNOWN_NAME, f"no service is known by the names of its certificate ({told or 'it has none'})")
        session = SessionId(f"certificate-{certificate.serial}") if certificate.serial else None
        exchange.principal = Principal(id=name, roles=frozenset(service.roles), via=Via.CERTIFICATE, session=session)
        exchange.identified = True
        return None

    return arrive


class _Known:
    """Services by name."""

    __slots__ = ("exact", "domains")

    def __init__(self, services: Sequence[Service]) -> None:
        self.exact = {service.name: service for service in services}
        self.domains = {service.name.removesuffix("*"): service for service in services if service.name.endswith("/*")}

    def find(self, certificate: ClientCertificate) -> tuple[Service | None, str]:
        """The service that a certificate names, and the name as it stands there. A URI counts before a host name."""
        for name in _names(certificate):
            found = self.exact.get(name)
            if found is None and name.startswith("spiffe://"):
                found = next((service for domain, service in self.domains.items() if name.startswith(domain)), None)
            if found is not None:
                return found, name
        return None, ""


def _names(certificate: ClientCertificate) -> Iterator[str]:
    # Against a workload that carries a second identity beside its own: an SVID has exactly one URI (X.509-SVID, 2).
    if len(certificate.uris) == 1 or not any(uri.lower().startswith("spiffe:") for uri in certificate.uris):
        yield from (uri for uri in certificate.uris if "*" not in uri)
    # Against a host name that spells a URI: each kind is compared with its own kind alone.
    yield from (host for host in certificate.hosts if re.fullmatch(_HOST, host))


def _shown(exchange: Exchange, from_header: FromHeader | None) -> ClientCertificate | None:
    """The caller's certificate, None for none. Raises ValueError."""
    if exchange.is_resolved and from_header is not None:
        # Against every visitor behind a proxy who becomes the proxy: what the proxy itself has shown is nobody's but its own.
        if exchange.repeated and not _ONCE.isdisjoint(exchange.repeated):
            # Against a line that the client sent itself, before or behind the proxy's own.
            raise ValueError("its header came more than once; have the proxy replace what clients send")
        return from_header(exchange.names)
    # Against a header that anybody can write: from a peer that is no trusted proxy only the handshake counts.
    return None if exchange.certificate is None else client_certificates.read(exchange.certificate)


# -- what trusted proxies write ----------------------------------------------------------------------------------

Names = Mapping[bytes, bytes]
FromHeader = Callable[[Names], ClientCertificate | None]


def _client_cert(names: Names) -> ClientCertificate | None:
    """RFC 9440, 2.2: the certificate's DER as a byte sequence between colons."""
    value = names.get(b"client-cert", b"").strip()
    if not value:
        return None
    if len(value) < 3 or value[:1] != b":" or value[-1:] != b":":
        raise ValueError("Client-Cert is not one byte sequence")
    try:
        return client_certificates.read(base64.b64decode(value[1:-1], validate=True))
    except binascii.Error as error:
        raise ValueError("Client-Cert is no base64") from error


def _nginx(names: Names) -> ClientCertificate | None:
    """nginx: $ssl_client_escaped_cert, believed where $ssl_client_verify says SUCCESS."""
    value = names.get(b"x-ssl-client-cert", b"").strip()
    if not value:
        return None
    # Against `ssl_verify_client optional_no_ca`, which hands on certificates that nobody has signed.
    if names.get(b"x-ssl-client-verify", b"").strip() != b"SUCCESS":
        raise ValueError("the proxy does not say X-SSL-Client-Verify: SUCCESS")
    return client_certificates.read(_pem(value.decode("latin-1")))


def _pem(text: str) -> str:
    pem = urllib.parse.unquote(text, encoding="ascii", errors="strict")
    if pem.count("-----BEGIN") > 1:
        # Against two lines that a WSGI server has joined: the first one would be read.
        raise ValueError("more than one certificate")
    return pem


_PAIR = r'\s*([A-Za-z]+)=("(?:[^"\\]|\\.)*"|[^";,\s]*)\s*(;|\Z)'


def _envoy(names: Names) -> ClientCertificate | None:
    """Envoy: pairs of one element, URI and DNS names, or the whole certificate as Cert."""
    text = names.get(b"x-forwarded-client-cert", b"").decode("latin-1").strip()
    if not text:
        return None
    pair, pairs, at = re.compile(_PAIR), list[tuple[str, str]](), 0
    while at < len(text):
        found = pair.match(text, at)
        if found is None:
            # Against an element that the client sent itself and a proxy only added to.
            raise ValueError("X-Forwarded-Client-Cert is not one element; have the proxy write SANITIZE_SET")
        value = found[2]
        pairs.append((found[1].lower(), re.sub(r"\\(.)", r"\1", value[1:-1]) if value[:1] == '"' else value))
        at = found.end()
    whole = next((value for key, value in pairs if key == "cert"), "")
    if whole:
        return client_certificates.read(_pem(whole))
    uris, hosts = (tuple(value for key, value in pairs if key == kind and value) for kind in ("uri", "dns"))
    return ClientCertificate(uris=uris, hosts=tuple(map(str.lower, hosts)))


READERS: Mapping[str, FromHeader] = {"client-cert": _client_cert, "x-forwarded-client-cert": _envoy, "x-ssl-client-cert": _nginx}
"""What is read of each header. Its value is the proxies' own word, which network.trusted-proxies decides on."""

_ONCE = frozenset({*(name.encode() for name in READERS), b"x-ssl-client-verify"})

DROPS = frozenset(
    {*(name.encode() for name in READERS), b"client-cert-chain", b"x-ssl-client-verify", b"x-ssl-client-s-dn", b"x-client-cert"}
)
"""Request headers that the application never sees while certificates are looked at here: it asks for the principal."""


def _refuse(reason: MutualTlsReason, detail: str, *, status: int = 403) -> Refusal:
    return Refusal(control=CONTROL, status=status, reason=reason.value, detail=detail)


GUARD: Guard[MutualTlsSettings] = Guard(control=CONTROL, settings=MutualTlsSettings, plan=plan, faults=faults)
