"""Patterns of `match`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tree_sitter import Node

from ringwork.survey.taint import ir
from ringwork.survey.taint.lowering import (
    EXTRA,
    Source,
    broken,
    expression,
    kind_named,
    kinds_named,
    parts,
    place,
    sign_named,
)

_VALUES = kinds_named("string", "concatenated_string", "integer", "float", "true", "false", "none")
_CASE = kind_named("case_pattern")
_SPLAT = kind_named("splat_pattern")
_KEYWORD = kind_named("keyword_pattern")
_MINUS = sign_named("-")
_COMMA = sign_named(",")
_COLON = sign_named(":")
_UNDERSCORE = sign_named("_")


def pattern(node: Node, source: Source) -> ir.Pattern:
    """What one pattern becomes."""
    kind = node.kind_id
    if kind == _CASE:
        return _grouped([child for child in node.children if child.kind_id not in EXTRA], source)
    if kind in _VALUES:
        return ir.Matches(place(node), expression(node, source))
    if kind == _UNDERSCORE:
        return ir.Capture(place(node), "")
    return _BY_KIND.get(kind, broken)(node, source)


def _grouped(nodes: list[Node], source: Source) -> ir.Pattern:
    """The nodes of one pattern: mostly one, and two for a negative number."""
    first = nodes[0]
    if first.kind_id == _MINUS and len(nodes) == 2:
        return ir.Matches(place(first), ir.Unary(place(first), "-", expression(nodes[1], source)))
    return pattern(first, source)


def dotted(node: Node, source: Source) -> ir.Expression:
    """A dotted name as what it means when it is evaluated."""
    first, *others = parts(node)
    at = place(first)
    found: ir.Expression = ir.Name(at, source.name(first))
    for other in others:
        found = ir.Attribute(at, found, source.name(other))
    return found


def _name(node: Node, source: Source) -> ir.Pattern:
    found = dotted(node, source)
    if isinstance(found, ir.Name):
        return ir.Capture(found.at, "" if found.id == "_" else found.id)
    return ir.Matches(found.at, found)


def _bound(node: Node, source: Source) -> ir.Pattern:
    inner, name = parts(node)
    return ir.Bound(place(node), pattern(inner, source), source.name(name))


def _either(node: Node, source: Source) -> ir.Pattern:
    return ir.Either(place(node), tuple(_split(node, "|", source)))


def _split(node: Node, sign: str, source: Source) -> list[ir.Pattern]:
    """The patterns that a sign divides; those that are no named nodes (_ and the minus of a number) count too."""
    found, waiting = list[ir.Pattern](), list[Node]()
    for child in node.children:
        if source.of(child) == sign:
            if waiting:
                found.append(_grouped(waiting, source))
            waiting = []
        elif child.kind_id not in EXTRA:
            waiting.append(child)
    return [*found, _grouped(waiting, source)] if waiting else found


def _sequence(node: Node, source: Source) -> ir.Pattern:
    """(pattern) alone has plain parentheses."""
    items = [pattern(child, source) for child in parts(node)]
    if len(items) == 1 and source.text[node.start_byte] == "(" and all(child.kind_id != _COMMA for child in node.children):
        return items[0]
    return ir.Several(place(node), tuple(items))


def _rest(node: Node, source: Source) -> ir.Pattern:
    name = node.children[-1]
    return ir.Rest(place(node), "" if source.of(name) == "_" else source.name(name))


def _keyed(node: Node, source: Source) -> ir.Pattern:
    items, rest, key = list[tuple[ir.Expression, ir.Pattern]](), "", list[Node]()
    for child in node.children[1:-1]:
        kind = child.kind_id
        if kind in EXTRA or kind == _COMMA:
            continue
        if kind == _SPLAT:
            rest = source.name(child.children[-1])
        elif kind == _CASE and key and key[-1].kind_id == _COLON:
            items.append((_key(key[:-1], source), pattern(child, source)))
            key = []
        else:
            key.append(child)
    return ir.Keyed(place(node), tuple(items), rest)


def _key(nodes: list[Node], source: Source) -> ir.Expression:
    found = _grouped(nodes, source)
    return found.value if isinstance(found, ir.Matches) else ir.Broken(found.at, ())


def _instance(node: Node, source: Source) -> ir.Pattern:
    of, *given = parts(node)
    items = list[tuple[str, ir.Pattern]]()
    for child in given:
        inner = parts(child)[:1] if child.kind_id == _CASE else [child]
        if inner and inner[0].kind_id == _KEYWORD:
            children = [part for part in inner[0].children if part.kind_id not in EXTRA]
            items.append((source.name(children[0]), _grouped(children[2:], source)))
        else:
            items.append(("", pattern(child, source)))
    return ir.Instance(place(node), dotted(of, source), tuple(items))


def _complex(node: Node, source: Source) -> ir.Pattern:
    """Such as -1 + 2j."""
    children = [child for child in node.children if child.kind_id not in EXTRA]
    at = place(node)
    left: ir.Expression
    if children[0].kind_id == _MINUS:
        left, children = ir.Unary(at, "-", expression(children[1], source)), children[2:]
    else:
        left, children = expression(children[0], source), children[1:]
    sign, right = children
    return ir.Matches(at, ir.Binary(at, source.of(sign), left, expression(right, source)))


_BY_KIND: Final[dict[int, Callable[[Node, Source], ir.Pattern]]] = {
    kind_named(kind): lower
    for kind, lower in {
        "dotted_name": _name,
        "as_pattern": _bound,
        "union_pattern": _either,
        "list_pattern": _sequence,
        "tuple_pattern": _sequence,
        "splat_pattern": _rest,
        "dict_pattern": _keyed,
        "class_pattern": _instance,
        "complex_pattern": _complex,
    }.items()
}
