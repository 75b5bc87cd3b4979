"""Bytes as text, and texts side by side, each in exactly one way.

Against twins: base64 with spare bits set, padding or line ends would be a second text for the same value, which a list of refused
texts does not know. Against parts that run into each other: what is signed says how long each part is. Source: RFC 4648, 3.5 and 5;
DSSE 1.0.0, protocol, "PAE".
"""

from __future__ import annotations

import base64

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def to_base64url(raw: bytes) -> str:
    """`raw` as unpadded base64url: letters, digits, "-" and "_"."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def from_base64url(text: str | bytes) -> bytes:
    """The bytes behind unpadded base64url (untrusted). Raises ValueError for anything that `to_base64url` does not write."""
    claimed = text.encode("ascii", "replace") if isinstance(text, str) else text
    if len(claimed) % 4 == 1 or claimed.translate(None, _ALPHABET):
        raise ValueError("no unpadded base64url")
    raw = base64.urlsafe_b64decode(claimed + b"=" * (-len(claimed) % 4))
    if to_base64url(raw).encode("ascii") != claimed:
        raise ValueError("base64url with spare bits")
    return raw


def pae(purpose: str, message: bytes) -> bytes:
    """DSSE's pre-authentication encoding: `message` of any length under a purpose, told apart byte by byte."""
    kind = purpose.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(message), message)


def require_purpose(purpose: str) -> str:
    """The purpose itself. Raises ValueError where there is none, or what is no plain text of up to 200 characters."""
    if not isinstance(purpose, str) or not 0 < len(purpose) <= 200 or not purpose.isprintable():
        raise ValueError('name the purpose in plain text, with a version, for example "invoice approval 1"')
    return purpose
