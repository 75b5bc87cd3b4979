"""A value that must never be printed.

Against secrets in logs, tracebacks, pickles and JSON: every accidental way out shows a mask or refuses.
"""

from __future__ import annotations

import hmac
import secrets
from typing import Generic, NoReturn, TypeVar

T = TypeVar("T", str, bytes)

_MASK = "Secret(****)"


class Secret(Generic[T]):
    """Holds text or bytes; only `reveal()` gives it back. Does not wipe memory: Python cannot promise that."""

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        if not isinstance(value, (str, bytes)):
            raise TypeError(f"a Secret holds str or bytes, not {type(value).__name__}")
        self._value: T = value

    def reveal(self) -> T:
        """The value itself. Name the place that uses it; never log the result."""
        return self._value

    def __repr__(self) -> str:
        return _MASK

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return _MASK

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        # Against guessing by time: equality takes the same time wherever the values differ.
        return hmac.compare_digest(_as_bytes(self._value), _as_bytes(other._value))

    __hash__ = None  # type: ignore[assignment]  # a hashable secret would end up as a dictionary key, and be printed

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is never pickled; pass the name of the place where it is kept")

    def __len__(self) -> int:
        return len(self._value)


def _as_bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


def random_hex(n_bytes: int) -> str:
    """`n_bytes` of the operating system's randomness as lower-case hexadecimal text."""
    return secrets.token_hex(n_bytes)
