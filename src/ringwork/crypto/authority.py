"""A certificate authority for development: its own key, leaves for the names of a developer's machine, and a list of what was revoked.

Against a developer who switches verification off because nothing local verifies. Everything it makes is marked, and its certificate
can sign for local names alone, so that its key is no key to the world. Source: RFC 5280, 4.2.1.9, 4.2.1.10 and 5; RFC 6761.
"""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ringwork.clock import as_utc
from ringwork.crypto.certificates import DEVELOPMENT_OID
from ringwork.errors import CertificateUnusable, ExtraMissing
from ringwork.frozen import Frozen
from ringwork.secret import Secret

if TYPE_CHECKING:
    from cryptography import x509

LOCAL_DOMAINS = ("localhost", "test", "example", "internal", "home.arpa")
"""Domains that are nobody's on the internet: RFC 6761, RFC 8375, and `internal`, which is reserved for private use."""

LOCAL_NETWORKS = ("127.0.0.0/8", "::1/128")
AUTHORITY_DAYS, LEAF_DAYS, LIST_DAYS = 365, 90, 30
_BACK = datetime.timedelta(minutes=5)  # clocks differ


class Pair(Frozen):
    """A certificate and its key, both PEM."""

    certificate: bytes
    key: Secret[bytes]


class Revoked(Frozen):
    """An entry of the list. serial: hexadecimal. at: seconds since 1970 UTC."""

    serial: str
    at: float


def make_authority(*, now: float, domains: Sequence[str] = (), networks: Sequence[str] = ()) -> Pair:
    """A fresh authority, good for a year, that can sign for local names and for `domains` and `networks` beside them.

    domains: each stands for itself and all names below it. networks: in CIDR. Raises ValueError for one that is neither.
    """
    x509, hashes, ec = _libraries()
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("ringwork development authority")
    # Against a stolen key of an authority that a browser trusts: it can name nobody but this machine and what was asked for.
    permitted = [x509.DNSName(domain) for domain in (*LOCAL_DOMAINS, *domains)]
    permitted += [x509.IPAddress(ipaddress.ip_network(network)) for network in (*LOCAL_NETWORKS, *networks)]
    builder = (
        _begin(name, name, key.public_key(), now=now, days=AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(is_authority=True), critical=True)
        .add_extension(x509.NameConstraints(permitted_subtrees=permitted, excluded_subtrees=None), critical=True)
    )
    return _signed(builder, key, key, hashes)


def issue(authority: Pair, names: Sequence[str], *, now: float, days: int = LEAF_DAYS, client: bool = False) -> Pair:
    """A leaf for host names, addresses and, for clients, URIs such as spiffe://shop.test/orders. Raises CertificateUnusable, ValueError.

    client: it is shown by a client; else by a server.
    """
    x509, hashes, _ = _libraries()
    from cryptography.hazmat.primitives.asymmetric import ec

    issuer, issuer_key = _loaded(authority)
    _require_allowed(issuer, names)
    key = ec.generate_private_key(ec.SECP256R1())
    usage = x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH if client else x509.oid.ExtendedKeyUsageOID.SERVER_AUTH
    until = issuer.not_valid_after_utc.timestamp()
    if until <= now:
        raise CertificateUnusable("the authority has run out; make a new one")
    builder = (
        _begin(_name("ringwork development certificate"), issuer.subject, key.public_key(), now=now, days=days, until=until)
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(is_authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), critical=False)
    )
    return _signed(builder, key, issuer_key, hashes)


def revocation_list(authority: Pair, revoked: Iterable[Revoked], *, number: int, now: float) -> bytes:
    """A list of revoked certificates, PEM, good for 30 days. number: greater than that of every list before it."""
    x509, hashes, _ = _libraries()
    issuer, key = _loaded(authority)
    moment = as_utc(now)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(moment - _BACK)
        .next_update(moment + datetime.timedelta(days=LIST_DAYS))
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), critical=False)
    )
    for one in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(int(one.serial, 16)).revocation_date(as_utc(one.at))
        builder = builder.add_revoked_certificate(entry.build())
    return bytes(builder.sign(key, hashes.SHA256()).public_bytes(_encoding().Encoding.PEM))


def _libraries() -> tuple[Any, Any, Any]:
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec
    except ImportError as error:
        raise ExtraMissing(feature="making certificates", package="cryptography", extra="certs") from error
    return x509, hashes, ec


def _encoding() -> Any:
    from cryptography.hazmat.primitives import serialization

    return serialization


def _loaded(authority: Pair) -> tuple[x509.Certificate, Any]:
    x509, _, _ = _libraries()
    try:
        key = _encoding().load_pem_private_key(authority.key.reveal(), password=None)
        return x509.load_pem_x509_certificate(authority.certificate), key
    except (ValueError, TypeError) as error:
        raise CertificateUnusable("the authority's certificate or key is damaged") from error


def _name(text: str) -> Any:
    x509, _, _ = _libraries()
    parts = [(x509.NameOID.ORGANIZATION_NAME, "ringwork development, never for production"), (x509.NameOID.COMMON_NAME, text)]
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in parts])


def _begin(subject: x509.Name, issuer: x509.Name, key: Any, *, now: float, days: int, until: float = float("inf")) -> Any:
    x509, _, _ = _libraries()
    moment = as_utc(now)
    end = min((moment + datetime.timedelta(days=days)).timestamp(), until)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - _BACK)
        .not_valid_after(as_utc(end))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        # DER of NULL: the extension says what it is by being there.
        .add_extension(x509.UnrecognizedExtension(x509.ObjectIdentifier(DEVELOPMENT_OID), b"\x05\x00"), critical=False)
    )


def _usage(*, is_authority: bool) -> Any:
    x509, _, _ = _libraries()
    return x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general(name: str) -> Any:
    x509, _, _ = _libraries()
    if "://" in name:
        return x509.UniformResourceIdentifier(name)
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _require_allowed(authority: x509.Certificate, names: Sequence[str]) -> None:
    """Raise CertificateUnusable for a name that every client would refuse, since the authority may not sign for it."""
    x509, _, _ = _libraries()
    if not names:
        raise CertificateUnusable("a certificate is for at least one name; give a host name such as localhost")
    permitted = authority.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees or []
    domains = tuple(one.value for one in permitted if isinstance(one, x509.DNSName))
    networks = [one.value for one in permitted if isinstance(one, x509.IPAddress)]
    for name in names:
        if "://" in name:
            continue
        try:
            allowed = any(ipaddress.ip_address(name) in network for network in networks)
        except ValueError:
            allowed = any(name == domain or name.endswith(f".{domain}") for domain in domains)
        if not allowed:
            raise CertificateUnusable(
                f"the authority may not sign for {name[:80]}; it signs below {', '.join(domains)}, and for "
                f"{', '.join(str(network) for network in networks)}; make one that may: ringwork certs ca --permit {name[:80]}"
            )


def _signed(builder: x509.CertificateBuilder, key: Any, issuer_key: Any, hashes: Any) -> Pair:
    serialization = _encoding()
    certificate = builder.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Pair(certificate=certificate, key=Secret(private))
