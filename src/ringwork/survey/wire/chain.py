"""What a listener's certificates say, read from the bytes that it showed: a look of the prover's own.

Against a proof that asks the accused whether the accused's certificate is good. Source: RFC 5280, 4.1 and 4.2; RFC 6125, 6.4.3.
"""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from ringwork.survey.wire.forge import DEVELOPMENT_OID

_MAKERS = ("ringwork development", "mkcert development", "trustme")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One certificate of a chain. development: whether it says of itself that it was made for development."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime.datetime
    not_after: datetime.datetime
    key: str
    is_strong: bool
    is_authority: bool
    is_development: bool
    asks_for_staple: bool

    def is_for(self, host: str) -> bool:
        """Whether a client that asks for `host` takes it."""
        name = host.lower().strip("[]").rstrip(".")
        label, _, rest = name.partition(".")
        with contextlib.suppress(ValueError):
            return str(ipaddress.ip_address(name)) in self.names
        return name in self.names or bool(label and rest and f"*.{rest}" in self.names)


def read(chain: Sequence[bytes]) -> list[Shown]:
    """A chain of DER certificates. Raises ValueError for a damaged one."""
    return [_read(x509.load_der_x509_certificate(one)) for one in chain]


def from_pem(pem: bytes) -> list[bytes]:
    """The certificates of a PEM file as DER. Raises ValueError where there is none, or a damaged one."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return [one.public_bytes(Encoding.DER) for one in x509.load_pem_x509_certificates(pem)]


def breaks(chain: Sequence[bytes]) -> str:
    """Where the next certificate did not issue the one before it, "" where all did."""
    loaded = [x509.load_der_x509_certificate(one) for one in chain]
    for i, (here, issuer) in enumerate(itertools.pairwise(loaded), start=1):
        try:
            here.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            return f"certificate {i} was not issued by the one after it"
    return ""


def faults(chain: Sequence[bytes], *, host: str, now: datetime.datetime, margin: datetime.timedelta) -> list[str]:
    """What is wrong with a chain that is shown to who asks for `host`; margin: how long it must still be good."""
    if not chain:
        return ["no certificate is shown"]
    shown = read(chain)
    ends, begins = min(one.not_after for one in shown), max(one.not_before for one in shown)
    found = [breaks(chain)] if breaks(chain) else []
    if now < begins:
        found.append(f"it is not valid before {begins:%Y-%m-%d}")
    if now >= ends:
        found.append(f"it ran out on {ends:%Y-%m-%d}")
    elif ends - now < margin:
        found.append(f"it ends on {ends:%Y-%m-%d}, and nobody renewed it")
    if not shown[0].is_for(host):
        found.append(f"it is for {', '.join(shown[0].names) or 'no name'}, not for {host}")
    found += [f"it is weak: {one.key}" for one in shown if not one.is_strong and not (one.is_authority and one.subject == one.issuer)]
    if shown[0].subject == shown[0].issuer:
        found.append("it is signed by itself")
    if any(one.is_development for one in shown):
        found.append("it was made for development")
    return found


def _read(found: x509.Certificate) -> Shown:
    names = list[str]()
    is_authority = asks = False
    for extension in found.extensions:
        told = extension.value
        if isinstance(told, x509.SubjectAlternativeName):
            names += [name.lower() for name in told.get_values_for_type(x509.DNSName)]
            names += [str(address) for address in told.get_values_for_type(x509.IPAddress)]
        elif isinstance(told, x509.BasicConstraints):
            is_authority = told.ca
        elif isinstance(told, x509.TLSFeature):
            asks = x509.TLSFeatureType.status_request in list(told)
    subject, issuer = found.subject.rfc4514_string(), found.issuer.rfc4514_string()
    key, is_strong = _strength(found)
    marked = any(extension.oid.dotted_string == DEVELOPMENT_OID for extension in found.extensions)
    return Shown(
        subject=subject,
        issuer=issuer,
        names=tuple(names),
        not_before=found.not_valid_before_utc,
        not_after=found.not_valid_after_utc,
        key=key,
        is_strong=is_strong,
        is_authority=is_authority,
        is_development=marked or any(maker in f"{subject},{issuer}".lower() for maker in _MAKERS),
        asks_for_staple=asks,
    )


def _strength(found: x509.Certificate) -> tuple[str, bool]:
    key, over = found.public_key(), found.signature_hash_algorithm
    signed = over.name if over is not None else "its own hash"
    if isinstance(key, rsa.RSAPublicKey):
        size, enough = f"RSA {key.key_size}", key.key_size >= 2048
    elif isinstance(key, ec.EllipticCurvePublicKey):
        size, enough = key.curve.name, key.key_size >= 256
    else:
        size, enough = type(key).__name__, isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey)
    return f"{size}, signed over {signed}", enough and signed not in {"md5", "sha1"}
