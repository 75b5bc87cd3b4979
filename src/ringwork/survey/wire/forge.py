"""A throw-away certificate authority and its leaves, and tokens that nobody issued; made for one run and forgotten with it."""

from __future__ import annotations

import base64
import datetime
import hmac
import ipaddress
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = datetime.timedelta(days=1)
REVOKED = 0x7265766F6B6564
"""The serial number of a service whose certificate every authority's list revokes."""
FOR_SERVERS = ExtendedKeyUsageOID.SERVER_AUTH
DEVELOPMENT_OID = "2.25.187047618915313500460891755423321743088"
"""How `ringwork certs` marks what it makes; written down once more here, because a witness borrows nothing."""


class Leaf(StrEnum):
    """What is wrong with a leaf; nothing with the first two."""

    THROW_AWAY = "throw-away"  # good for a day, for whoever trusts this run's authority
    GOOD = "good"  # good for 90 days, as a certificate in use
    EXPIRED = "expired"
    NOT_YET = "not-yet-valid"
    OTHER_NAME = "other-name"
    SELF_SIGNED = "self-signed"
    FOREIGN = "foreign-authority"
    REVOKED = "revoked"
    DEVELOPMENT = "development"  # marked as `ringwork certs` marks its own
    ENDS_SOON = "ends-soon"  # in three days
    EXPOSED_KEY = "exposed-key"  # nothing is wrong with it, but others can read its key's file


_DAY = datetime.timedelta(days=1)
_SPANS = {
    Leaf.THROW_AWAY: (-datetime.timedelta(minutes=5), LIFETIME),
    Leaf.EXPIRED: (-60 * _DAY, -2 * _DAY),
    Leaf.NOT_YET: (2 * _DAY, 60 * _DAY),
    Leaf.ENDS_SOON: (-60 * _DAY, 3 * _DAY),
}
"""From when until when, seen from now; all others are as good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Signs leaves for copies on loopback. certificate_pem: what clients trust."""

    certificate_pem: bytes
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def leaf(self, names: Sequence[str], kind: Leaf = Leaf.THROW_AWAY, *, old_fashioned: bool = False) -> tuple[bytes, bytes]:
        """Certificate and key, both PEM, for the given host names and addresses, with what `kind` says is wrong with it.

        old_fashioned: with an RSA key.
        """
        key = rsa.generate_private_key(65537, 2048) if old_fashioned else ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ringwork throw-away copy")])
        is_own = kind is Leaf.SELF_SIGNED
        issuer, signer = (subject, key) if is_own else (self.certificate.subject, self.key)
        named = ["other.invalid"] if kind is Leaf.OTHER_NAME else names
        builder = (
            _begin(subject, issuer, key.public_key(), kind)
            .add_extension(x509.SubjectAlternativeName([_general(name) for name in named]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        )
        if kind is Leaf.DEVELOPMENT:
            builder = builder.add_extension(x509.UnrecognizedExtension(x509.ObjectIdentifier(DEVELOPMENT_OID), b"\x05\x00"), critical=False)
        certificate = builder.sign(signer, hashes.SHA256())
        return certificate.public_bytes(serialization.Encoding.PEM), _pem(key)

    def revoking(self, certificate_pem: bytes) -> bytes:
        """A list, PEM, on which this authority revokes one certificate."""
        return self._revoking(x509.load_pem_x509_certificate(certificate_pem).serial_number)

    def client(
        self,
        names: Sequence[str],
        *,
        days: tuple[int, int] = (-1, 1),
        serial: int = 0,
        purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.CLIENT_AUTH,
    ) -> tuple[bytes, bytes]:
        """Certificate and key, both PEM, of a service. names: URIs and host names. days: from when, until when, seen from now."""
        return _client(self.certificate.subject, self.key, names, days=days, serial=serial, purpose=purpose)

    def revoked(self) -> bytes:
        """The list of revoked certificates of services, PEM: REVOKED alone."""
        return self._revoking(REVOKED)

    def _revoking(self, serial: int) -> bytes:
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(now - datetime.timedelta(minutes=5))
            .next_update(now + LIFETIME)
            .add_extension(x509.CRLNumber(1), critical=False)
            .add_revoked_certificate(x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now).build())
        )
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def self_signed(names: Sequence[str]) -> tuple[bytes, bytes]:
    """Certificate and key of a service that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ringwork throw-away service")])
    return _client(name, key, names, own=key)


def _client(
    issuer: x509.Name,
    signer: ec.EllipticCurvePrivateKey,
    names: Sequence[str],
    *,
    days: tuple[int, int] = (-1, 1),
    serial: int = 0,
    purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.CLIENT_AUTH,
    own: ec.EllipticCurvePrivateKey | None = None,
) -> tuple[bytes, bytes]:
    key = own or ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ringwork throw-away service")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(now + datetime.timedelta(days=days[0]))
        .not_valid_after(now + datetime.timedelta(days=days[1]))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
    return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM), _pem(key)


_ROGUES = (Leaf.GOOD, Leaf.SELF_SIGNED, Leaf.EXPIRED, Leaf.OTHER_NAME, Leaf.FOREIGN, Leaf.REVOKED)
_PARTNER = "partner.ringwork.example"


def write_rogues(place: Path, authority: Authority) -> None:
    """Certificates and keys of servers that a client meets: a good one, and one for each thing that can be wrong with it.

    old-tls: a good one too; what is wrong with that server is the version that it speaks.
    """
    place.mkdir()
    (place / "authority.pem").write_bytes(authority.certificate_pem)
    foreign = make_authority()
    for name, kind in [*((kind.value, kind) for kind in _ROGUES), ("old-tls", Leaf.GOOD)]:
        certificate, key = (foreign if kind is Leaf.FOREIGN else authority).leaf([_PARTNER], kind)
        (place / f"{name}.pem").write_bytes(certificate)
        (place / f"{name}.key").touch(mode=0o600)
        (place / f"{name}.key").write_bytes(key)
        if kind is Leaf.REVOKED:
            (place / "revoked.crl").write_bytes(authority.revoking(certificate))


def make_authority() -> Authority:
    """A fresh authority with a P-256 key that never leaves this process."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ringwork throw-away authority")])
    builder = (
        _begin(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=False), critical=True)
    )
    certificate = builder.sign(key, hashes.SHA256())
    return Authority(certificate_pem=certificate.public_bytes(serialization.Encoding.PEM), certificate=certificate, key=key)


def _begin(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey, kind: Leaf = Leaf.THROW_AWAY
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    begins, ends = _SPANS.get(kind, (-datetime.timedelta(minutes=5), 90 * _DAY))
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begins)
        .not_valid_after(now + ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs,
        key_cert_sign=not signs,
        crl_sign=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general(name: str) -> x509.GeneralName:
    if "://" in name:
        return x509.UniformResourceIdentifier(name)
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def forged_token(like: str | None = None, *, subject: str = "1", algorithm: str = "HS256", **claims: Any) -> str:
    """A JWT that looks right and that nobody issued: signed with a key of ours, or not at all.

    like: a token of the application's own, whose header and claims are taken over; None for usual ones of `subject`.
    algorithm: HS256, ES256 or none. claims: laid over the others, None takes one out. Source: RFC 7519, RFC 7515.
    """
    now = int(time.time())
    usual = {"sub": subject, "iss": "https://evil.invalid", "aud": "app", "iat": now - 60, "nbf": now - 60, "exp": now + 3600}
    head, body = parts_of(like or "") or ({"typ": "JWT"}, usual)
    told = {name: value for name, value in {**body, **claims}.items() if value is not None}
    signed = b".".join(_base64(json.dumps(part, separators=(",", ":")).encode()) for part in ({**head, "alg": algorithm}, told))
    return (signed + b"." + _base64(_signature(signed, algorithm))).decode("ascii")


def parts_of(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]] | None:
    """Header and claims of a JWT, unverified; None for anything else."""
    pieces = token.split(".")
    try:
        head, body = (json.loads(base64.urlsafe_b64decode(piece + "=" * (-len(piece) % 4))) for piece in pieces[:2])
    except ValueError:
        return None
    return (head, body) if len(pieces) == 3 and isinstance(head, dict) and isinstance(body, dict) else None


def _signature(signed: bytes, algorithm: str) -> bytes:
    if algorithm == "none":
        return b""
    if algorithm == "ES256":
        r, s = decode_dss_signature(ec.generate_private_key(ec.SECP256R1()).sign(signed, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return hmac.digest(secrets.token_bytes(32), signed, "sha256")


def _base64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
