"""Lists, tuples, sets, dicts and comprehensions; tuples and lists that are assigned to are the same."""

from __future__ import annotations

from typing import Final

from tree_sitter import Node

from ringwork.survey.taint import ir
from ringwork.survey.taint.lowering import (
    EXTRA,
    Lower,
    Source,
    expression,
    kind_named,
    one,
    parts,
    place,
    several,
    sign_named,
)

_PAIR = kind_named("pair")
_UNPACKED = kind_named("dictionary_splat")
_FOR = kind_named("for_in_clause")
_COMMA = sign_named(",")
_ASYNC = sign_named("async")


def _listed(node: Node, source: Source) -> ir.Expression:
    return ir.Sequence(place(node), "list", several(node.named_children, source))


def _set(node: Node, source: Source) -> ir.Expression:
    return ir.Sequence(place(node), "set", several(node.named_children, source))


def _tuple(node: Node, source: Source) -> ir.Expression:
    return ir.Sequence(place(node), "tuple", several(node.named_children, source))


def _tuple_target(node: Node, source: Source) -> ir.Expression:
    """(a) = ... has plain parentheses, (a,) = ... a tuple."""
    inner = parts(node)
    if len(inner) == 1 and all(child.kind_id != _COMMA for child in node.children):
        return expression(inner[0], source)
    return ir.Sequence(place(node), "tuple", several(inner, source))


def _dictionary(node: Node, source: Source) -> ir.Expression:
    items = list[tuple[ir.Expression | None, ir.Expression]]()
    for child in node.named_children:
        kind = child.kind_id
        if kind == _PAIR:
            key, value = child.named_children if child.named_child_count == 2 else parts(child)
            items.append((expression(key, source), expression(value, source)))
        elif kind == _UNPACKED:
            items.append((None, one(child, source)))
        elif kind not in EXTRA:
            items.append((None, expression(child, source)))
    return ir.Mapping(place(node), tuple(items))


def _comprehension(kind: str) -> Lower:
    def lower(node: Node, source: Source) -> ir.Expression:
        body, *clauses = parts(node)
        value = None
        if kind == "dict":
            key, of = parts(body)
            element, value = expression(key, source), expression(of, source)
        else:
            element = expression(body, source)
        return ir.Comprehension(place(node), kind, element, value, _loops(clauses, source))

    return lower


def _loops(clauses: list[Node], source: Source) -> tuple[ir.Loop, ...]:
    found = list[ir.Loop]()
    for clause in clauses:
        if clause.kind_id != _FOR:
            last = found[-1]
            found[-1] = last._replace(conditions=(*last.conditions, one(clause, source)))
            continue
        target, *sources = parts(clause)
        over = expression(sources[0], source) if len(sources) == 1 else ir.Sequence(place(sources[0]), "tuple", several(sources, source))
        found.append(ir.Loop(expression(target, source), over, (), clause.children[0].kind_id == _ASYNC))
    return tuple(found)


EXPRESSION_ROWS: Final[dict[str, Lower]] = {
    "list": _listed,
    "list_pattern": _listed,
    "set": _set,
    "tuple": _tuple,
    "tuple_pattern": _tuple_target,
    "expression_list": _tuple,
    "pattern_list": _tuple,
    "dictionary": _dictionary,
    "list_comprehension": _comprehension("list"),
    "set_comprehension": _comprehension("set"),
    "dictionary_comprehension": _comprehension("dict"),
    "generator_expression": _comprehension("generator"),
}
