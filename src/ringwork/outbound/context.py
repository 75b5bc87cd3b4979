"""The TLS that every guarded client speaks: a store of authorities of its own, the peer's name checked, nothing older than TLS 1.2.

Against clients that trust what the machine happens to trust, or nobody in particular. There is no switch that verifies less.
Source: ASVS 5.0, 12.1.1, 12.3.2 and 12.3.4; RFC 9325, 3.1; RFC 9525.
"""

from __future__ import annotations

import ipaddress
import os
import ssl

from ringwork.enforce.transport import tls_configuration
from ringwork.errors import ExtraMissing
from ringwork.frozen import Frozen
from ringwork.outbound.refused import CertificateRefused

SECONDS = 10.0
"""How long a guarded client waits unless it is told otherwise; a peer that never answers must not hold a request."""


class Trust(Frozen):
    """Whom a client believes, and who it says it is.

    authority: PEM file of the one authority that counts, a private one; "" for the public ones that certifi lists.
    revoked: PEM file of that authority's list of revoked certificates; only together with `authority`.
    certificate, key: PEM files of the client's own certificate, where the peer asks for one.
    tls: intermediate (1.2 and 1.3) or modern (1.3 alone).
    """

    authority: str = ""
    revoked: str = ""
    certificate: str = ""
    key: str = ""
    tls: str = tls_configuration.INTERMEDIATE


PUBLIC = Trust()


def client_context(trust: Trust = PUBLIC) -> ssl.SSLContext:
    """A context for any client that takes one: websockets, smtplib's starttls, a database driver.

    Verifies chain, name, time and, with `revoked`, the list. Raises ValueError for files that cannot be used, ExtraMissing
    without certifi. Does not ask a responder whether a public certificate was revoked.
    """
    faults = tls_configuration.profile_faults(trust.tls)
    if trust.revoked and not trust.authority:
        faults.append("revoked: a list is of one authority; name it too, authority = ...")
    if faults:
        raise ValueError("; ".join(faults))
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # verifies chain and name from the start
    # Against a peer, or somebody who poses as one, that asks for versions and suites with known breaks.
    made.minimum_version = ssl.TLSVersion(tls_configuration.PROFILES[trust.tls])
    made.set_ciphers(tls_configuration.CIPHERS)
    made.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    # Against a chain that lax reading lets pass: key identifiers, constraints and usages as RFC 5280 writes them.
    made.verify_flags |= ssl.VERIFY_X509_STRICT if trust.authority else ssl.VerifyFlags.VERIFY_DEFAULT
    try:
        made.load_verify_locations(trust.authority or _public())
        if trust.revoked:
            made.load_verify_locations(trust.revoked)
            made.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
        if trust.certificate:
            made.load_cert_chain(trust.certificate, trust.key or None, password=_no_passphrase)
    except (ssl.SSLError, OSError) as error:
        told = getattr(error, "reason", None) or getattr(error, "strerror", None) or "not readable as PEM"
        raise ValueError(f"authority, revoked, certificate, key: a file cannot be used ({told}); each is a file in PEM") from error
    # Against a list that holds none: with the flag alone every peer would be refused, without a word of why.
    if trust.revoked and not made.cert_store_stats()["crl"]:
        raise ValueError("revoked: the file holds no list; give the authority's list of revoked certificates (CRL) in PEM")
    return made


def _public() -> str:
    try:
        import certifi
    except ImportError as error:
        raise ExtraMissing(feature="a client that trusts public authorities", package="certifi", extra="clients") from error
    return os.fspath(certifi.where())


def _no_passphrase() -> str:
    raise ValueError("key: is locked with a passphrase; give an unlocked one that only this account may read")


def require_encrypted(scheme: str, host: str) -> None:
    """Refuse plain http, first or after a redirect, to anything but this machine. Raises PeerUnverified."""
    # Against secrets that a redirect or a mistyped address sends in clear.
    if scheme.lower() not in {"https", "wss"} and not _is_local(host):
        raise CertificateRefused(f"a guarded client was asked for {scheme}://{host[:80]}, which is not encrypted; write https://")


def require_no_switch(verify: object, *, where: str) -> None:
    """Refuse a call that says how to verify. Raises PeerUnverified."""
    if verify is not None and verify is not True:
        raise CertificateRefused(f"{where} switches verification off or elsewhere; a private authority is named once, Trust(authority=...)")


def _is_local(host: str) -> bool:
    name = host.lower().strip("[]")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
