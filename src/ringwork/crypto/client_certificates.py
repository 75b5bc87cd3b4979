"""What a client's certificate says of its owner. Reads, and decides nothing: the signature was checked by whoever shook hands.

Against names that are read differently than the authority meant them: names come from the subject alternative names alone, each
kind by itself, never from the subject. Source: RFC 5280, 4.2.1; RFC 9525, 2; SPIFFE X.509-SVID, 2 to 5.
"""

from __future__ import annotations

import functools

from ringwork.errors import ExtraMissing
from ringwork.frozen import Frozen

LIMIT_BYTES = 16 * 1024


class ClientCertificate(Frozen):
    """A certificate that a handshake, or a proxy that is trusted, has verified.

    uris, hosts: its names, of each kind in their order; host names in lower case. subject: RFC 4514, for people alone.
    serial: hexadecimal, "" where only names are told. not_before, not_after: seconds since 1970 UTC.
    is_for_clients: whether its extended key usages allow a client. is_authority: whether it may sign others.
    """

    uris: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    subject: str = ""
    serial: str = ""
    not_before: float = float("-inf")
    not_after: float = float("inf")
    is_for_clients: bool = True
    is_authority: bool = False


@functools.lru_cache(maxsize=512)
def read(raw: str | bytes) -> ClientCertificate:
    """What a certificate says. raw: PEM text or DER bytes, 16 KiB at most; kept, because the same callers come again.

    Raises ValueError for what is no certificate, ExtraMissing without cryptography.
    """
    if len(raw) > LIMIT_BYTES:
        raise ValueError(f"a certificate of more than {LIMIT_BYTES} bytes")
    try:
        from cryptography import x509
    except ModuleNotFoundError as error:
        raise ExtraMissing(feature="reading client certificates", package="cryptography", extra="tls") from error
    found = x509.load_pem_x509_certificate(raw.encode("ascii")) if isinstance(raw, str) else x509.load_der_x509_certificate(raw)
    told = {type(one.value): one.value for one in found.extensions}
    names, uses, constraints = (told.get(kind) for kind in (x509.SubjectAlternativeName, x509.ExtendedKeyUsage, x509.BasicConstraints))
    usages = x509.oid.ExtendedKeyUsageOID
    return ClientCertificate(
        uris=tuple(names.get_values_for_type(x509.UniformResourceIdentifier)) if isinstance(names, x509.SubjectAlternativeName) else (),
        hosts=tuple(map(str.lower, names.get_values_for_type(x509.DNSName))) if isinstance(names, x509.SubjectAlternativeName) else (),
        subject=found.subject.rfc4514_string(),
        serial=f"{found.serial_number:x}",
        not_before=found.not_valid_before_utc.timestamp(),
        not_after=found.not_valid_after_utc.timestamp(),
        is_for_clients=not isinstance(uses, x509.ExtendedKeyUsage)
        or not {usages.CLIENT_AUTH, usages.ANY_EXTENDED_KEY_USAGE}.isdisjoint(uses),
        is_authority=isinstance(constraints, x509.BasicConstraints) and constraints.ca,
    )
