"""Which keyring seals and opens the fields of this process.

Against a field that finds no key and is written in clear: without a keyring
nothing is sealed and nothing opened, and the error says so.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

from ringwork.crypto.sealing import Cipher
from ringwork.errors import KeyUnavailable


class Ciphers(Protocol):
    """What the fields ask of a keyring; `keys.keyring.Keyring` is one."""

    def to_seal(
        self, table: str, column: str, *, data_class: str = "default", tenant: str | None = None, subject: str | None = None
    ) -> Cipher:
        """The cipher of the active key."""

    def active_kid(self, *, data_class: str = "default", tenant: str | None = None, subject: str | None = None) -> int:
        """The number of that key; asking seals nothing and counts nothing."""

    def to_open(
        self,
        kid: int,
        table: str,
        column: str,
        *,
        data_class: str = "default",
        tenant: str | None = None,
        subject: str | None = None,
    ) -> Cipher:
        """The cipher of any key of this owner whose state allows reading; KeyMisplaced for a key of another."""


_installed: list[Ciphers] = []
_later: list[Callable[[], Ciphers]] = []
_making = threading.Lock()
_here: ContextVar[Ciphers | None] = ContextVar("ringwork_keyring", default=None)


def use(ring: Ciphers) -> None:
    """Let all sealed fields of this process use `ring`; call it once at start, before the first row is read or written."""
    _installed[:] = [ring]


def use_later(make: Callable[[], Ciphers]) -> None:
    """The same, with a keyring that is made at the first value; for what also runs before there are keys, as Django's AppConfig.ready().

    make: called once; when it raises, so does whoever seals or opens, and the next one tries again.
    """
    _installed.clear()
    _later[:] = [make]


@contextmanager
def using(ring: Ciphers) -> Iterator[None]:
    """Let this block, and what it starts in its own context, use `ring` instead; for tests."""
    token = _here.set(ring)
    try:
        yield
    finally:
        _here.reset(token)


def keyring() -> Ciphers:
    """The keyring of this context or process. Raises KeyUnavailable where none was named."""
    ring = _here.get()
    if ring is not None:
        return ring
    if not _installed and _later:
        with _making:
            if not _installed:
                use(_later[0]())
    if not _installed:
        raise KeyUnavailable(
            "no keyring for the sealed fields of this process; call ringwork.sealed.keyrings.use(keyring) at start,"
            " with ringwork.keys.keyring.memory_keyring() in tests"
        )
    return _installed[0]
