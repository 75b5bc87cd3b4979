"""A root key in an environment variable, as platforms hand out secrets.

Against a word that somebody thought up: only the text of 32 random bytes is taken. A variable can be read by every process of the same
user and by crash reports; where there is a choice, a file for its owner alone or a KMS is better.
"""

from __future__ import annotations

import base64
import binascii
import os
import re

from ringwork.errors import KeyUnavailable
from ringwork.keys.root import LocalRoot
from ringwork.secret import Secret

KIND = "env"
VARIABLE = "RINGWORK_ROOT_KEY"

_HEX = re.compile(r"[0-9a-fA-F]{64}")
_BASE64 = re.compile(r"[A-Za-z0-9_-]{43}=?")
_FEWEST = 12
"""Different bytes among 32 random ones: fewer come once in a million million times, and in passwords and patterns always."""


def read(variable: str = VARIABLE) -> LocalRoot:
    """The root key of a variable: 43 characters of base64url, as `ringwork keys init` prints it, or 64 of hexadecimal.

    Raises KeyUnavailable that names the variable, and nothing of its content.
    """
    text = os.environ.get(variable, "").strip()
    if not text:
        raise KeyUnavailable(f"the variable {variable} is not set; put the root key into it that `ringwork keys init` prints")
    key = bytes.fromhex(text) if _HEX.fullmatch(text) else _decoded(text) if _BASE64.fullmatch(text) else b""
    if len(key) != 32:
        raise KeyUnavailable(
            f"the variable {variable} holds {len(text)} characters that are no key of 32 bytes; make one: ringwork keys init"
        )
    if len(set(key)) < _FEWEST:
        raise KeyUnavailable(f"the variable {variable} holds a pattern, not 32 random bytes; make a key: ringwork keys init")
    return LocalRoot(Secret(key), kind=KIND)


def text_of(raw: bytes) -> str:
    """32 bytes as the variable takes them."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _decoded(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return b""
