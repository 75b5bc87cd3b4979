"""What a root key is to everything above it: something that wraps and unwraps, and that proves at start that it does.

Against a root that is set up wrongly and found out only with the first patient's record: a canary is wrapped and unwrapped before any
key is used. Against one that ignores what a key is bound to: the canary must not open under other bytes.
"""

from __future__ import annotations

from typing import Protocol

from ringwork.crypto.chance import random_bytes
from ringwork.crypto.keywrap import KEY_BYTES, check_value, unwrap_key, wrap_key
from ringwork.crypto.places import framed
from ringwork.errors import KeyRefused, KeyUnavailable, TagWrong
from ringwork.secret import Secret


class Root(Protocol):
    """A root key, wherever it is kept. Methods may wait for a network; threads may share one."""

    @property
    def reference(self) -> str:
        """Names the key beside what it has wrapped: kind and id, "file:3f9a...", never a secret."""
        ...

    def wrap(self, key: Secret[bytes], *, bound: bytes) -> bytes:
        """`key` wrapped, so that it opens only with the same `bound`. Raises KeyUnavailable."""
        ...

    def unwrap(self, wrapped: bytes, *, bound: bytes) -> Secret[bytes]:
        """The key again. Raises KeyUnavailable where the root does not answer, KeyRefused where it answers that this does not open."""
        ...


class LocalRoot:
    """A root key whose bytes are in this process: from a file, a variable, or made for a test."""

    __slots__ = ("_key", "reference")

    def __init__(self, key: Secret[bytes], *, kind: str) -> None:
        """key: 32 random bytes. kind: where it came from, the first word of its reference."""
        if len(key) != KEY_BYTES:
            raise KeyUnavailable(f"the root key has {len(key)} bytes; make one of {KEY_BYTES} random bytes with: ringwork keys init")
        self._key = key
        # Against the wrong file or variable after a restore: the reference is of the key, not of the place that it was read from.
        self.reference = f"{kind}:{check_value(key, bound=b'reference').hex()}"

    def wrap(self, key: Secret[bytes], *, bound: bytes) -> bytes:
        """See Root."""
        return wrap_key(self._key, key, bound=bound)

    def unwrap(self, wrapped: bytes, *, bound: bytes) -> Secret[bytes]:
        """See Root."""
        try:
            return unwrap_key(self._key, wrapped, bound=bound)
        except TagWrong as error:
            raise KeyRefused(f"the root key {self.reference} does not open it: altered, or of another row") from error


def made_root(kind: str) -> LocalRoot:
    """A root key that was made just now."""
    return LocalRoot(Secret(random_bytes(KEY_BYTES)), kind=kind)


def require_wrapping(root: Root) -> None:
    """Refuse a root that does not give back what it wrapped, or gives it to anybody. Raises KeyUnavailable that names it."""
    canary, nonce = Secret(random_bytes(KEY_BYTES)), random_bytes(16)
    bound, other = framed(b"ringwork canary 1", nonce), framed(b"ringwork canary 2", nonce)
    wrapped = root.wrap(canary, bound=bound)
    try:
        opened = root.unwrap(wrapped, bound=bound)
    except KeyRefused as error:
        raise KeyUnavailable(f"the root key {root.reference} does not open what it has wrapped itself; look at its rights") from error
    if opened != canary or canary.reveal() in wrapped:
        raise KeyUnavailable(f"the root key {root.reference} does not wrap: what came back is not the canary, or was never hidden")
    try:
        root.unwrap(wrapped, bound=other)
    except KeyRefused:
        return
    # Against a root without associated data, under which the keys of two tenants could be exchanged by whoever writes to the table.
    raise KeyUnavailable(f"the root key {root.reference} ignores what a key is bound to; use one with associated data (AES-GCM)")
