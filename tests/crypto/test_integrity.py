"""Hashes by which a browser knows a file."""

from __future__ import annotations

import pytest

from ringwork.crypto.integrity import integrity_of

PUBLISHED = "sha384-H8BRh8j48O9oYatfu5AZzq6A9RINhZO5H16dQZngK7T62em8MUt1FLm52t+eX6xO"
"""Of `alert('Hello, world.');`, as the W3C recommendation gives it in its section 1.2."""


def test_gives_the_published_hash() -> None:
    """The recommendation's own example."""
    assert integrity_of(b"alert('Hello, world.');") == PUBLISHED


def test_refuses_a_hash_that_browsers_do_not_know() -> None:
    """An attribute with another algorithm would be ignored in silence, and any file run."""
    with pytest.raises(ValueError, match="sha256, sha384 and sha512"):
        integrity_of(b"", algorithm="sha1")
