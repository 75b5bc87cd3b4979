"""Names that nothing in their module binds: whoever runs that text brings them, as a caller brings an argument.

Against a statement in a notebook, a template of code or a cut-out that is put together from what stands elsewhere. A name is unbound only
where no statement of the module could have bound it, in whatever function: one that a loop or a branch binds is bound.
"""

from __future__ import annotations

from collections.abc import Iterator

from ringwork.survey.taint import ir
from ringwork.survey.taint.frames import Frame
from ringwork.survey.taint.values import OPEN, Kind, Value
from ringwork.survey.taint.walk import walk

_MARK = "unbound"


def value(name: str) -> Value:
    """What such a name holds."""
    return Value(Kind.UNKNOWN, (_MARK, name))


def is_open(value: Value) -> bool:
    """Whether nobody says what an unknown value is: what code gave that nobody described, or such a name."""
    return (value.kind is Kind.UNKNOWN and value.data == OPEN.data) or _name(value) != ""


def is_brought(frame: Frame, value: Value) -> bool:
    """Whether a value is such a name, and nothing in the module that is read may have bound it."""
    name = _name(value)
    return bool(name) and not frame.unit.stars and name not in set(_bound(frame.unit.module.body))


def given(callee: Value) -> Value:
    """What such a name gives where it is called: as little is known of it."""
    name = _name(callee) if callee.kind is Kind.UNKNOWN else ""
    return value(name) if name else OPEN


def _name(value: Value) -> str:
    """The name that a value, or what it is an attribute of, was read by; "" where it is none of these."""
    while value.kind is Kind.METHOD:
        value = value.data[0]
    data = value.data
    return data[1] if value.kind is Kind.UNKNOWN and type(data) is tuple and data[0] == _MARK else ""


def _bound(body: ir.Block) -> Iterator[str]:
    """All names that statements of a module bind, but for parameters, which are known where they hold."""
    for part in walk(body):
        if isinstance(part, ir.Assign | ir.Delete):
            yield from _targets(part.targets)
        elif isinstance(part, ir.Declare | ir.Augment | ir.For | ir.Loop):
            yield from _targets((part.target,))
        elif isinstance(part, ir.With):
            yield from _targets(tuple(target for _, target in part.items if target is not None))
        elif isinstance(part, ir.Function | ir.Class | ir.Walrus | ir.Handler | ir.Alias | ir.Capture | ir.Rest | ir.Bound):
            yield part.name
        elif isinstance(part, ir.Import | ir.ImportFrom):
            yield from (renamed or name.partition(".")[0] for name, renamed in part.names)
        elif isinstance(part, ir.Scope):
            yield from part.names
        elif isinstance(part, ir.Keyed):
            yield part.rest


def _targets(targets: tuple[ir.Expression, ...]) -> Iterator[str]:
    return (part.id for part in walk(targets) if isinstance(part, ir.Name))
