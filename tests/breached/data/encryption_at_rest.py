"""The clinic without encryption-at-rest: its fields keep what they are given as plain bytes, and take whatever stands there for theirs."""

from __future__ import annotations

from typing import Any

from ringwork.sealed.cells import Cell

CONTROL = "data.encryption-at-rest"
WITHOUT: tuple[str, ...] = ()
"""No guard stands in its place; the fields' own cells are put out by `replace`."""

_SEALED = b"\xb3"
_true_open = Cell.open


def _kept_plain(cell: Cell, data: bytes, row: Any, **_: Any) -> bytes:
    """What people do who mean to encrypt later."""
    return data


def _read_plain(cell: Cell, stored: object, row: Any, **more: Any) -> Any:
    """Rows from before are sealed yet; everything else is believed."""
    if isinstance(stored, bytes) and stored[:1] == _SEALED:
        return _true_open(cell, stored, row, **more)
    return None if stored is None else cell._codec.decode(bytes(stored))  # type: ignore[arg-type]  # whatever a driver gives


def replace() -> None:
    """Let every sealed field of this process be plain."""
    Cell.seal_encoded = _kept_plain  # type: ignore[method-assign, assignment]  # as nobody should
    Cell.open = _read_plain  # type: ignore[method-assign]  # the same
    Cell.require_sealed = lambda cell, stored: bytes(stored)  # type: ignore[method-assign, call-overload]  # the same
