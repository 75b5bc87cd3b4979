"""What stands where a type is asked for: the grammar has nodes of its own there, the form that is analysed has not."""

from __future__ import annotations

from typing import Final

from tree_sitter import Node

from ringwork.survey.taint import ir
from ringwork.survey.taint.lowering import (
    Lower,
    Source,
    expression,
    field_named,
    kind_named,
    one,
    parts,
    place,
    several,
    sign_named,
)

_TYPE, _UNION, _BINARY = kind_named("type"), kind_named("union_type"), kind_named("binary_operator")
_COMMA, _BAR = sign_named(","), sign_named("|")
_OPERATOR = field_named("operator")


def _generic(node: Node, source: Source) -> ir.Expression:
    """name[...] where a type is asked for."""
    name, given = parts(node)
    of = expression(name, source)
    keys = parts(given)
    if len(keys) == 1 and all(child.kind_id != _COMMA for child in given.children):
        key = expression(keys[0], source)
        if not isinstance(key, ir.Starred):
            return ir.Item(of.at, of, key)
    return ir.Item(of.at, of, ir.Sequence(place(keys[0]), "tuple", several(keys, source)))


def _union(node: Node, source: Source) -> ir.Expression:
    """a | b | c leans to the left, whichever of its signs the grammar took for one of types."""
    first, *others = _alternatives(node)
    at, value = place(first), expression(first, source)
    for other in others:
        value = ir.Binary(at, "|", value, expression(other, source))
    return value


def _alternatives(node: Node) -> list[Node]:
    kind = node.kind_id
    if kind == _TYPE:
        (only,) = parts(node)
        return _alternatives(only)
    if kind == _UNION or (kind == _BINARY and _is_bar(node)):
        left, right = parts(node)
        return [*_alternatives(left), *_alternatives(right)]
    return [node]


def _is_bar(node: Node) -> bool:
    sign = node.child_by_field_id(_OPERATOR)
    return sign is not None and sign.kind_id == _BAR


def _member(node: Node, source: Source) -> ir.Expression:
    left, name = parts(node)
    return ir.Attribute(place(left), expression(left, source), source.name(name))


def _starred_type(node: Node, source: Source) -> ir.Expression:
    return ir.Starred(place(node), one(node, source))


EXPRESSION_ROWS: Final[dict[str, Lower]] = {
    "type": one,
    "generic_type": _generic,
    "union_type": _union,
    "member_type": _member,
    "splat_type": _starred_type,
}
