"""Hashes by which a browser knows a script or style sheet: subresource integrity, and inline blocks that a policy lets in.

Against a file on a foreign host that was exchanged: the browser runs no other bytes than these. Source: W3C Subresource Integrity, 3.
"""

from __future__ import annotations

import base64
import hashlib


def integrity_of(content: bytes, *, algorithm: str = "sha384") -> str:
    """The hash of `content` as browsers write it: the algorithm (sha256, sha384 or sha512), "-", and padded base64."""
    if algorithm not in {"sha256", "sha384", "sha512"}:
        raise ValueError("browsers know sha256, sha384 and sha512")
    return f"{algorithm}-{base64.b64encode(hashlib.new(algorithm, content).digest()).decode()}"
