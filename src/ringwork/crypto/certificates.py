"""What a certificate says: for whom, until when, how strong, and whether a key belongs to it. Reads with `cryptography`, decides nothing.

Against certificates that nobody looked at until a browser did: run out, weak, for another name, or made for a developer's own machine.
Source: RFC 5280, 4.1 and 4.2; RFC 6125, 6.4.3; CA/Browser Forum Baseline Requirements, 6.1.5 and 7.1.3.
"""

from __future__ import annotations

import ipaddress
import itertools
from typing import TYPE_CHECKING, Any

from ringwork.errors import CertificateUnusable, ExtraMissing
from ringwork.frozen import Frozen
from ringwork.secret import Secret

if TYPE_CHECKING:
    from cryptography import x509

DEVELOPMENT_OID = "2.25.187047618915313500460891755423321743088"
"""The mark of `ringwork certs`, a private extension under the arc of UUIDs, which needs no registration (ITU-T X.667)."""

DEVELOPMENT_MAKERS = ("ringwork development", "mkcert development ca", "mkcert development certificate", "trustme")
"""What the makers of development certificates write into subject or issuer, lower case."""

LIMIT_BYTES = 1024 * 1024
_BEGIN = b"-----BEGIN CERTIFICATE-----"
_RSA_BITS, _CURVE_BITS = 2048, 256
_WEAK_HASHES = frozenset({"md5", "sha1"})


class Certificate(Frozen):
    """One certificate as it was read; nothing in it was verified.

    names: DNS names and addresses of the subject alternative name, lower case. not_before, not_after: seconds since 1970 UTC.
    key: kind and size in words. strong: RSA 2048, P-256 or better, and signed over SHA-256 or better. public: the public key, DER.
    responders: URLs that answer whether it was revoked. development: why it is one that was made for a developer's machine, or "".
    """

    subject: str
    issuer: str
    serial: str
    names: tuple[str, ...]
    not_before: float
    not_after: float
    key: str
    signed_over: str
    strong: bool
    authority: bool
    development: str
    responders: tuple[str, ...]
    public: bytes

    @property
    def self_signed(self) -> bool:
        """Whether it names itself as its issuer."""
        return self.subject == self.issuer

    def is_for(self, host: str) -> bool:
        """Whether it is for a host name or address; a wildcard stands for one label, the leftmost (RFC 6125, 6.4.3)."""
        wanted = host.lower().rstrip(".").strip("[]")
        rest = wanted.partition(".")[2]
        return wanted in self.names or (bool(rest) and f"*.{rest}" in self.names and not _is_address(wanted))


def read_chain(pem: bytes) -> tuple[Certificate, ...]:
    """The certificates of a PEM file, in its order. pem: untrusted. Raises CertificateUnusable, and ExtraMissing without cryptography."""
    return tuple(_read(found) for found in _load(pem))


def breaks(pem: bytes) -> str:
    """Where a chain breaks, in words: a certificate that the next one of the file did not issue; "" for one that holds together."""
    chain = _load(pem)
    for i, (here, issuer) in enumerate(itertools.pairwise(chain), start=1):
        try:
            here.verify_directly_issued_by(issuer)
        except Exception:  # noqa: BLE001  # the library names what is wrong by many types, and each means that the chain breaks
            return f"certificate {i} was not issued by certificate {i + 1} of the file"
    return ""


def key_fits(pem: bytes, key: Secret[bytes]) -> bool:
    """Whether a private key in PEM belongs to the first certificate. Raises CertificateUnusable for what is no key, or a locked one."""
    serialization = _serialization()
    try:
        loaded = serialization.load_pem_private_key(key.reveal(), password=None)
    except TypeError as error:
        raise CertificateUnusable("the key is locked with a passphrase; write it without one, for its account alone") from error
    except Exception as error:
        # The library's own words may quote what it read, so they stay inside.
        raise CertificateUnusable("the key is no private key in PEM") from error
    return _public_bytes(loaded.public_key()) == read_chain(pem)[0].public


def _load(pem: bytes) -> list[x509.Certificate]:
    if len(pem) > LIMIT_BYTES or _BEGIN not in pem:
        raise CertificateUnusable("the file holds no certificate in PEM; it begins with -----BEGIN CERTIFICATE-----")
    try:
        from cryptography import x509
    except ImportError as error:
        raise ExtraMissing(feature="reading certificates", package="cryptography", extra="tls") from error
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise CertificateUnusable("a certificate of the file is damaged") from error


def _serialization() -> Any:
    try:
        from cryptography.hazmat.primitives import serialization
    except ImportError as error:
        raise ExtraMissing(feature="reading keys", package="cryptography", extra="tls") from error
    return serialization


def _public_bytes(key: Any) -> bytes:
    serialization = _serialization()
    found: bytes = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return found


def _read(found: x509.Certificate) -> Certificate:
    from cryptography import x509

    names, responders, authority = list[str](), list[str](), False
    try:
        for extension in found.extensions:
            told = extension.value
            if isinstance(told, x509.SubjectAlternativeName):
                names += [name.lower() for name in told.get_values_for_type(x509.DNSName)]
                names += [str(address) for address in told.get_values_for_type(x509.IPAddress)]
            elif isinstance(told, x509.BasicConstraints):
                authority = told.ca
            elif isinstance(told, x509.AuthorityInformationAccess):
                responders += [
                    one.access_location.value for one in told if one.access_method == x509.oid.AuthorityInformationAccessOID.OCSP
                ]
        marked = any(extension.oid.dotted_string == DEVELOPMENT_OID for extension in found.extensions)
        key, key_is_strong = _strength(found.public_key())
        public = _public_bytes(found.public_key())
    except ValueError as error:
        raise CertificateUnusable("a certificate of the file is damaged, or of a kind that is not known") from error
    over = found.signature_hash_algorithm.name if found.signature_hash_algorithm is not None else ""
    subject, issuer = found.subject.rfc4514_string(), found.issuer.rfc4514_string()
    return Certificate(
        subject=subject,
        issuer=issuer,
        serial=f"{found.serial_number:x}",
        names=tuple(names),
        not_before=found.not_valid_before_utc.timestamp(),
        not_after=found.not_valid_after_utc.timestamp(),
        key=key,
        signed_over=over or "its own",
        strong=key_is_strong and over not in _WEAK_HASHES,
        authority=authority,
        development=_development(subject, issuer, marked=marked, authority=authority),
        responders=tuple(responders),
        public=public,
    )


def _strength(key: Any) -> tuple[str, bool]:
    kind = type(key).__name__.removeprefix("_").removesuffix("PublicKey")
    bits = getattr(key, "key_size", 0)
    curve = getattr(getattr(key, "curve", None), "name", "")
    if curve:
        return f"EC {curve}", bits >= _CURVE_BITS
    if kind.startswith("RSA"):
        return f"RSA {bits}", bits >= _RSA_BITS
    return kind or "unknown", kind.lower() in {"ed25519", "ed448"}


def _development(subject: str, issuer: str, *, marked: bool, authority: bool) -> str:
    """Why a certificate is one for a developer's machine; "" where it is not."""
    said = f"{subject},{issuer}".lower()
    if marked or any(maker in said for maker in DEVELOPMENT_MAKERS):
        return "it was made for development"
    return "it is signed by itself" if subject == issuer and not authority else ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
