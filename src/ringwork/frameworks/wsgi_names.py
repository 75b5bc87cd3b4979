"""The names of an environ: from headers as they stand on the wire to the keys of PEP 3333, and back."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterator, Mapping
from typing import Any

Environ = dict[str, Any]

_UNPREFIXED = ("CONTENT_TYPE", "CONTENT_LENGTH")
is_header = operator.methodcaller("startswith", "HTTP_")
"""Whether a key of an environ is a header's."""


class Names(Mapping[bytes, bytes]):
    """The headers of an environ by their names on the wire. An empty value counts as none: servers write one for what did not come."""

    __slots__ = ("_environ",)

    def __init__(self, environ: Environ) -> None:
        self._environ = environ

    def __getitem__(self, name: bytes) -> bytes:
        value = self._environ[key_of(name)]
        if not value:
            raise KeyError(name)
        return value.encode("latin-1")  # type: ignore[no-any-return]  # text, as PEP 3333 says

    def __iter__(self) -> Iterator[bytes]:
        for key in self._environ:
            if is_header(key) or key in _UNPREFIXED:
                yield key.removeprefix("HTTP_").lower().replace("_", "-").encode("latin-1")

    def __len__(self) -> int:
        return sum(1 for _ in self)


@functools.lru_cache(maxsize=256)
def key_of(name: bytes) -> str:
    """Where an environ holds a header."""
    key = name.decode("latin-1").upper().replace("-", "_")
    return key if key in _UNPREFIXED else "HTTP_" + key


@functools.lru_cache(maxsize=64)
def keys_of(names: frozenset[bytes]) -> frozenset[str]:
    """Where an environ holds these headers; plans share a few sets of names, so each is spelled out once."""
    return frozenset(key_of(name) for name in names)
