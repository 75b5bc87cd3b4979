"""File modes that are put together: what is there already, with bits added to it.

Against a script or a key that every account of the machine may write, because one of the bits that were added says so. Modes that are
written out, or made of constants alone, the models see.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator

from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import STRONG, Seen, argument, last
from ringwork.survey.taint import ir

_SETS = frozenset({"chmod", "lchmod", "fchmod"})
_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def look(seen: Seen) -> Iterator[Flow]:
    """Calls of one module that add the right to write for others than the owner to a mode that is not known."""
    for call, scope in seen.of(ir.Call):
        if last(call.function) not in _SETS:
            continue
        mode = argument(call, "mode") or (call.arguments[-1] if call.arguments else None)
        parts = tuple(_added(mode)) if mode is not None else ()
        known = [bits for bits in (_bits(seen, part) for part in parts) if bits is not None]
        if 0 < len(known) < len(parts) and any(bits & _OTHERS for bits in known):
            detail = "Others than the owner may write the file: one of the bits that are added says so."
            yield seen.flow("permissions", call.at, strength=STRONG, sink=seen.name(call.function), detail=detail, scope=scope)


def _added(expression: ir.Expression) -> Iterator[ir.Expression]:
    """The parts of a | b | c."""
    if isinstance(expression, ir.Binary) and expression.operator == "|":
        yield from _added(expression.left)
        yield from _added(expression.right)
    else:
        yield expression


def _bits(seen: Seen, part: ir.Expression) -> int | None:
    if isinstance(part, ir.Constant):
        return part.value if type(part.value) is int else None
    module, _, name = seen.name(part).rpartition(".")
    value = getattr(stat, name, None) if module == "stat" and name.startswith("S_I") else None
    return value if isinstance(value, int) else None
