"""A keyring for the sealed fields of these tests, and of no others."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ringwork.keys.keyring import Keyring, memory_keyring
from ringwork.sealed import keyrings


@pytest.fixture(autouse=True)
def keyring() -> Iterator[Keyring]:
    """Its keys end with the test."""
    ring = memory_keyring()
    with keyrings.using(ring):
        yield ring
