"""The one place where a server's TLS is made, from what transport.tls-configuration says and whose clients may come.

Against an active attacker who forces an obsolete version or a weak suite, and against callers whom nobody vouches for.
Source: Mozilla, Server Side TLS 6.0; NIST SP 800-52r2, 3.1 to 3.5; RFC 5280, 6.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable

from ringwork.enforce.transport.tls_configuration import CIPHERS, CURVE, GROUPS, PROFILES
from ringwork.errors import ServerInvalid
from ringwork.frozen import Frozen


class Asked(Frozen):
    """Whom a listener lets finish a handshake. authority: PEM file of the authority whose clients may. revoked: PEM file of its CRL."""

    authority: str
    revoked: str = ""


def server_context(tls: str, *, certificate: str, key: str, clients: Asked | None = None) -> ssl.SSLContext:
    """What a server speaks. Raises ServerInvalid when a file cannot be used.

    tls: a profile. certificate: PEM file of the chain. key: PEM file of its key, without a passphrase.
    clients: who may connect; None for everybody.
    Does not check the dates of certificates and lists, nor who may read the files.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # Against downgrades to versions with known breaks.
    made.minimum_version = ssl.TLSVersion(PROFILES[tls])
    made.set_ciphers(CIPHERS)
    _choose_curves(made)
    # Against secrets guessed from the length of compressed text (CRIME), and handshakes asked for in endless number.
    made.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_SINGLE_ECDH_USE
    # All that is left is strong, so clients choose what costs their hardware least.
    made.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    made.set_alpn_protocols(["http/1.1"])
    _use(lambda: made.load_cert_chain(certificate, key, password=_no_passphrase), _CERTIFICATE)
    if clients is not None:
        _ask(made, clients)
    return made


def _choose_curves(made: ssl.SSLContext) -> None:
    """Only curves of Mozilla's profile, as far as this Python can say so."""
    # Against a client that chooses the curve which costs the server most (P-521).
    if hasattr(made, "set_groups"):  # Python 3.15; the question mark: where the library knows it
        made.set_groups(GROUPS)
    elif ssl.OPENSSL_VERSION_INFO < (3, 5):
        # Older Pythons can name one alone. A client that guessed another is told so, which costs it a round trip.
        made.set_ecdh_curve(CURVE)
    # With a newer library its own list stays: it begins with a hybrid exchange against later quantum computers, worth more than
    # a short list.


def _ask(made: ssl.SSLContext, clients: Asked) -> None:
    """Let only those finish a handshake whose certificate the authority has signed, for this use, and not taken back."""
    _use(lambda: made.load_verify_locations(clients.authority), _AUTHORITY)
    made.verify_mode = ssl.CERT_REQUIRED
    # Against a chain that lax reading lets pass: key identifiers, constraints and usages as RFC 5280 writes them.
    made.verify_flags |= ssl.VERIFY_X509_STRICT
    if clients.revoked:
        _use(lambda: made.load_verify_locations(clients.revoked), _REVOKED)
        if not made.get_ca_certs(binary_form=True) or not made.cert_store_stats()["crl"]:
            raise ServerInvalid([_REVOKED])
        # Against a stolen key whose certificate was taken back. A list that is past its next update lets nobody in.
        made.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF


def _no_passphrase() -> str:
    # Against a server that stops at its start to ask a terminal that nobody reads.
    raise ServerInvalid(["key: is locked with a passphrase; give an unlocked one that only this account may read"])


_CERTIFICATE = "certificate: the file holds the chain in PEM, key: the key that belongs to it, without a passphrase"
_AUTHORITY = "client_authority: the file holds the authority's certificate in PEM"
_REVOKED = "client_revoked: the file holds the authority's list of revoked certificates (CRL) in PEM"


def _use(load: Callable[[], None], advice: str) -> None:
    try:
        load()
    except (ssl.SSLError, OSError) as error:
        # The library names neither file nor reason well, and never the key itself.
        said = getattr(error, "reason", None) or "not readable as PEM"
        what = "certificate and key do not fit together" if advice is _CERTIFICATE else "a file cannot be used"
        raise ServerInvalid([f"{what} ({said}); {advice}"]) from error
