"""TLS as somebody makes it who wants every client to get in: what the copy speaks whose transport.tls-configuration was taken out."""

from __future__ import annotations

import ssl
import warnings

_ALLOW_CLIENT_RENEGOTIATION = 1 << 8
"""OpenSSL's SSL_OP_ALLOW_CLIENT_RENEGOTIATION, which Python does not name before 3.12."""


def context(certificate: str, key: str) -> ssl.SSLContext:
    """Every version and suite that the library still has, and a new negotiation whenever a client asks."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of old versions, which is the point of it
        made.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    made.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    made.options &= ~ssl.OP_NO_RENEGOTIATION
    made.options |= _ALLOW_CLIENT_RENEGOTIATION
    made.load_cert_chain(certificate, key)
    return made
