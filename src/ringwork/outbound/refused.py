"""The refusal of a client, as the libraries know it: an error of certificates.

Against an application that handles the failures of its partner and is taken down by one that it does not know.
"""

from __future__ import annotations

import ssl

from ringwork.errors import PeerUnverified


class CertificateRefused(PeerUnverified, ssl.SSLCertVerificationError):
    """Raised to whoever asked; libraries hand it on in the way in which they hand on a certificate that is wrong."""

    def __init__(self, told: str) -> None:
        super().__init__(1, told)
