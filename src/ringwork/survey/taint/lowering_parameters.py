"""What functions and lambdas take."""

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
    kinds_named,
    parts,
    place,
)

_BODY, _PARAMETERS = field_named("body"), field_named("parameters")
_IDENTIFIER = kind_named("identifier")
_TYPED = kind_named("typed_parameter")
_DEFAULT = kind_named("default_parameter")
_TYPED_DEFAULT = kind_named("typed_default_parameter")
_UNPACKING = kinds_named("list_splat_pattern", "dictionary_splat_pattern")
_STAR = kind_named("list_splat_pattern")
_SLASH = kind_named("positional_separator")
_BARE_STAR = kind_named("keyword_separator")


def parameters(node: Node | None, source: Source) -> tuple[ir.Parameter, ...]:
    """What a function or a lambda takes."""
    found = list[ir.Parameter]()
    kind = "any"
    for child in parts(node) if node else ():
        number = child.kind_id
        if number == _SLASH:
            found = [parameter._replace(kind="positional") for parameter in found]
        elif number == _BARE_STAR:
            kind = "keyword"
        else:
            parameter = _parameter(child, source, kind)
            kind = "keyword" if parameter.kind == "args" else kind
            found.append(parameter)
    return tuple(found)


def _parameter(node: Node, source: Source, kind: str) -> ir.Parameter:
    number, annotation, default = node.kind_id, None, None
    name = node
    if number == _TYPED:
        name, typed = parts(node)
        annotation = expression(typed, source)
    elif number == _DEFAULT:
        name, value = parts(node)
        default = expression(value, source)
    elif number == _TYPED_DEFAULT:
        name, typed, value = parts(node)
        annotation, default = expression(typed, source), expression(value, source)
    if name.kind_id in _UNPACKING:
        kind = "args" if name.kind_id == _STAR else "kwargs"
        (name,) = parts(name)
    if name.kind_id != _IDENTIFIER:
        source.fault(name, "a parameter that is taken apart, of Python 2")
        return ir.Parameter(place(name), "", kind, annotation, default)
    return ir.Parameter(place(name), source.name(name), kind, annotation, default)


def _lambda(node: Node, source: Source) -> ir.Expression:
    body = node.child_by_field_id(_BODY)
    if body is None:
        raise ValueError("a lambda without a body")
    taken = parameters(node.child_by_field_id(_PARAMETERS), source)
    outside = source.yields
    value = expression(body, source)
    source.yields = outside  # a yield in a lambda makes the lambda a generator, not what is around it
    return ir.Lambda(place(node), taken, value)


EXPRESSION_ROWS: Final[dict[str, Lower]] = {"lambda": _lambda}
