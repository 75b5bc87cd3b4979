"""The names of an environ: from headers as they stand on the wire to the keys of PEP 3333, and back."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

Environ = dict[str, Any]

_UNPREFIXED = ("CONTENT_TYPE", "CONTENT_LENGTH")
_TELLING = frozenset({*_UNPREFIXED, "HTTP_TRANSFER_ENCODING", "HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "wsgi.input_terminated"})
"""Keys of which each is asked for where one is there."""
is_header = operator.methodcaller("startswith", "HTTP_")
"""Whether a key of an environ is a header's."""


class Names(Mapping[bytes, bytes]):
    """The headers of an environ by their names on the wire. An empty value counts as none: servers write one for what did not come."""

    __slots__ = ("environ", "shape")

    environ: Environ
    shape: Shape

    def get(self, name: bytes, default: Any = None) -> Any:
        """As a dictionary's; here, because what a Mapping has of its own raises and catches for each name that is not there."""
        value = self.environ.get(key_of(name))
        return value.encode("latin-1") if value else default

    def __getitem__(self, name: bytes) -> bytes:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value  # type: ignore[no-any-return]  # bytes, as above

    def __iter__(self) -> Iterator[bytes]:
        for key in self.environ:
            if is_header(key) or key in _UNPREFIXED:
                yield key.removeprefix("HTTP_").lower().replace("_", "-").encode("latin-1")

    def __len__(self) -> int:
        return sum(1 for _ in self)


@functools.lru_cache(maxsize=256)
def key_of(name: bytes) -> str:
    """Where an environ holds a header."""
    key = name.decode("latin-1").upper().replace("-", "_")
    return key if key in _UNPREFIXED else "HTTP_" + key


class Shape:
    """What the keys of an environ alone say, worked out once for all requests that have the same ones.

    count: how many are headers' own. spelled: how long these keys are together. values: what they hold.
    is_bare: whether no key is among them that tells of a body or of a proxy.
    """

    __slots__ = ("count", "spelled", "values", "is_bare", "_keys", "_among")

    def __init__(self, keys: tuple[str, ...]) -> None:
        headers = [key for key in keys if is_header(key)]
        self.count, self.spelled = len(headers), sum(map(len, headers))
        self.values: Callable[[Environ], Iterable[str]] = _few(headers) if len(headers) < 2 else operator.itemgetter(*headers)
        self._keys = frozenset(keys)
        self.is_bare = _TELLING.isdisjoint(keys)
        self._among: dict[frozenset[bytes], tuple[str, ...]] = {}

    def among(self, names: frozenset[bytes]) -> tuple[str, ...]:
        """The keys of those headers among `names` that are there; plans share a few sets of names."""
        found = self._among.get(names)
        if found is None:
            found = self._among[names] = tuple(self._keys.intersection(map(key_of, names)))
        return found


@functools.lru_cache(maxsize=128)
def shape_of(keys: tuple[str, ...]) -> Shape:
    """The shape of an environ with these keys. A client that sends other names each time costs their reading, and 128 of them."""
    return Shape(keys)


def _few(keys: list[str]) -> Callable[[Environ], Iterable[str]]:
    """As itemgetter, which gives a bare value for one key and takes no fewer."""
    return lambda environ: [environ[key] for key in keys]
