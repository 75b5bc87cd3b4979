"""A root proves at start that it wraps, gives back, and heeds what a key is bound to."""

from __future__ import annotations

import pytest

from ringwork.errors import KeyRefused, KeyUnavailable
from ringwork.keys.root import LocalRoot, made_root, require_wrapping
from ringwork.secret import Secret


class Forgetful(LocalRoot):
    """Ignores what a key is bound to."""

    def wrap(self, key: Secret[bytes], *, bound: bytes) -> bytes:
        return super().wrap(key, bound=b"")

    def unwrap(self, wrapped: bytes, *, bound: bytes) -> Secret[bytes]:
        return super().unwrap(wrapped, bound=b"")


class Plain(LocalRoot):
    """Hides nothing."""

    def wrap(self, key: Secret[bytes], *, bound: bytes) -> bytes:
        return key.reveal()

    def unwrap(self, wrapped: bytes, *, bound: bytes) -> Secret[bytes]:
        return Secret(wrapped)


class Other(LocalRoot):
    """Gives back something else."""

    def unwrap(self, wrapped: bytes, *, bound: bytes) -> Secret[bytes]:
        return Secret(bytes(32))


class WriteOnly(LocalRoot):
    """May wrap and not unwrap, as a policy may say."""

    def unwrap(self, wrapped: bytes, *, bound: bytes) -> Secret[bytes]:
        raise KeyRefused("denied")


def test_lets_a_good_root_pass() -> None:
    """The opposite of all below."""
    require_wrapping(made_root("test"))


@pytest.mark.parametrize(
    ("kind", "problem"), [(Forgetful, "ignores"), (Plain, "does not wrap"), (Other, "does not wrap"), (WriteOnly, "does not open")]
)
def test_refuses_a_root_that_does_not_do_its_work(kind: type[LocalRoot], problem: str) -> None:
    """Found out at start, before the first value is sealed; the message names the root."""
    root = kind(Secret(bytes(range(32))), kind="test")
    with pytest.raises(KeyUnavailable, match=f"{root.reference} {problem}"):
        require_wrapping(root)


def test_refuses_a_root_of_another_length() -> None:
    """A root is 32 bytes."""
    with pytest.raises(KeyUnavailable, match="16 bytes"):
        LocalRoot(Secret(bytes(16)), kind="test")
