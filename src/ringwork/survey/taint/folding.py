"""Constants of a module, computed from its source: what settings, prefixes and patterns are made of.

Only what cannot do harm is computed: literals, names given once at the top of a module, text put together, small arithmetic.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from ringwork.survey.taint import ir
from ringwork.survey.taint.project import Project
from ringwork.survey.taint.units import Unit


class Absent:
    """The value of what is no constant; there is one, ABSENT."""

    def __repr__(self) -> str:
        return "ABSENT"

    def __bool__(self) -> bool:
        return False


ABSENT: Final = Absent()

LONGEST = 10_000
"""Text or items of a computed constant; a longer one is not computed."""

_DEPTH = 20
_MOST_BITS = 4096
_MOST_MADE = 100_000_000
"""The product of lengths, which bounds what replacing and joining can make."""
_WIDE = re.compile(r"[%{][^%{}]*\d{5,}")
"""A format whose width fills the memory."""


def _mod(left: Any, right: Any) -> Any:
    return left % right


BINARY: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv, "%": _mod,
    "&": operator.and_, "|": operator.or_, "^": operator.xor, "<<": operator.lshift, ">>": operator.rshift,
}  # fmt: skip
UNARY: Mapping[str, Callable[[Any], Any]] = {"not": operator.not_, "-": operator.neg, "+": operator.pos, "~": operator.invert}
COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "in": lambda left, right: left in right, "not in": lambda left, right: left not in right,
    "is": lambda left, right: left is right or left == right, "is not": lambda left, right: left is not right and left != right,
}  # fmt: skip


def constant(project: Project, unit: Unit, expression: ir.Expression, *, depth: int = 0) -> Any:
    """The value of an expression at the top level of a module: a literal, tuple, list, set or dict of such; ABSENT where it is none."""
    if depth > _DEPTH:
        return ABSENT
    made = _MAKERS.get(type(expression))
    return made(project, unit, expression, depth + 1) if made is not None else ABSENT


def binary(sign: str, left: Any, right: Any) -> Any:
    """What `left sign right` of two constants gives; ABSENT where it fails or grows too large."""
    if sign == "<<" and not (isinstance(right, int) and 0 <= right < 256):
        return ABSENT
    return attempt(BINARY.get(sign), left, right)


def attempt(function: Callable[..., Any] | None, *given: Any) -> Any:
    """What a function makes of constants; ABSENT where it raises, or makes too much."""
    if function is None or not _is_modest(given):
        return ABSENT
    try:
        made = function(*given)
    except Exception:  # noqa: BLE001 - whatever a stranger's constants do to an operator
        return ABSENT
    return ABSENT if isinstance(made, str | bytes | list | tuple) and len(made) > LONGEST else made


def method(receiver: Any, name: str, given: Sequence[Any]) -> Any:
    """What a method of a constant gives for constants; ABSENT as with `attempt`."""
    return attempt(getattr(receiver, name, None), *given) if _is_modest((receiver, *given)) else ABSENT


def _is_modest(given: Sequence[Any]) -> bool:
    """Against source that is written to be read: what a stranger's constants could make is bounded before it is made."""
    sized = [value for value in given if isinstance(value, str | bytes | list | tuple | set | dict)]
    if sized and any(isinstance(value, int) and abs(value) > LONGEST for value in given):
        return False  # times, or a width
    if any(isinstance(value, int) and value.bit_length() > _MOST_BITS for value in given):
        return False
    if any(_WIDE.search(value if isinstance(value, str) else value.decode("latin-1")) for value in sized if isinstance(value, str | bytes)):
        return False
    return math.prod(len(value) + 1 for value in sized) <= _MOST_MADE


def _literal(project: Project, unit: Unit, node: ir.Constant, depth: int) -> Any:
    return node.value


def _name(project: Project, unit: Unit, node: ir.Name | ir.Attribute, depth: int) -> Any:
    if isinstance(node, ir.Name) and node.id in unit.gives:
        return constant(project, unit, unit.assigned[node.id], depth=depth)
    head, _, last = project.resolve(unit, node).rpartition(".")
    other = project.unit(head) if head else None
    if other is not None and last in other.gives and (other is not unit or isinstance(node, ir.Attribute)):
        return constant(project, other, other.assigned[last], depth=depth)
    owner = project.class_(head) if head else None
    found = project.attribute(owner, last) if owner is not None else None
    return constant(project, found[0].unit, found[1], depth=depth) if found is not None else ABSENT


def _sequence(project: Project, unit: Unit, node: ir.Sequence, depth: int) -> Any:
    items: list[Any] = []
    for item in node.items:
        value = constant(project, unit, item.value if isinstance(item, ir.Starred) else item, depth=depth)
        if value is ABSENT:
            return ABSENT
        items.extend(value if isinstance(item, ir.Starred) and isinstance(value, list | tuple | set) else [value])
    return tuple(items) if node.kind == "tuple" else attempt(set, items) if node.kind == "set" else items


def _mapping(project: Project, unit: Unit, node: ir.Mapping, depth: int) -> Any:
    made: dict[Any, Any] = {}
    for key, value in node.items:
        inner = constant(project, unit, value, depth=depth)
        if key is None:
            if not isinstance(inner, dict):
                return ABSENT
            made.update(inner)
            continue
        name = constant(project, unit, key, depth=depth)
        if name is ABSENT or inner is ABSENT or not isinstance(name, str | int | bytes | tuple | float | bool | None):
            return ABSENT
        made[name] = inner
    return made


def _binary(project: Project, unit: Unit, node: ir.Binary, depth: int) -> Any:
    left = constant(project, unit, node.left, depth=depth)
    right = constant(project, unit, node.right, depth=depth) if left is not ABSENT else ABSENT
    return ABSENT if right is ABSENT else binary(node.operator, left, right)


def _unary(project: Project, unit: Unit, node: ir.Unary, depth: int) -> Any:
    value = constant(project, unit, node.value, depth=depth)
    return ABSENT if value is ABSENT else attempt(UNARY.get(node.operator), value)


def _text(project: Project, unit: Unit, node: ir.Text, depth: int) -> Any:
    parts = [part.value if isinstance(part, ir.Constant) else constant(project, unit, part.value, depth=depth) for part in node.parts]
    return ABSENT if any(part is ABSENT for part in parts) else "".join(str(part) for part in parts)


def _logic(project: Project, unit: Unit, node: ir.Logic, depth: int) -> Any:
    value: Any = ABSENT
    for item in node.values:
        value = constant(project, unit, item, depth=depth)
        if value is ABSENT or bool(value) == (node.operator == "or"):
            return value
    return value


_MAKERS: Mapping[type, Callable[..., Any]] = {
    ir.Constant: _literal, ir.Name: _name, ir.Attribute: _name, ir.Sequence: _sequence, ir.Mapping: _mapping, ir.Binary: _binary,
    ir.Unary: _unary, ir.Text: _text, ir.Logic: _logic,
}  # fmt: skip
