"""The clinic without key-management: a keyring whose rotation says that it is done, and changes nothing."""

from __future__ import annotations

from typing import Any

from ringwork.keys.lifecycle import Lifecycle
from ringwork.keys.rotation import Rotation

CONTROL = "data.key-management"
WITHOUT: tuple[str, ...] = ()
"""No guard stands in its place; the keyring's rotation is put out by `replace`. Keys that everybody knows are planted."""


def _nothing(*_: Any, **__: Any) -> None:
    """As a step that somebody meant to write."""


def replace() -> None:
    """Let the keyring of this process never change its key."""
    Lifecycle.activate = _nothing  # type: ignore[method-assign]  # as nobody should
    Rotation.run = _nothing  # type: ignore[method-assign, assignment]  # the same
