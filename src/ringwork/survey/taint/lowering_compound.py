"""Statements that have blocks: conditions, loops, handlers, functions and classes."""

from __future__ import annotations

from typing import Final

from tree_sitter import Node

from ringwork.survey.taint import ir
from ringwork.survey.taint.lowering import (
    EXTRA,
    PARENTHESES,
    Source,
    expression,
    field_named,
    kind_named,
    kinds_named,
    one,
    parts,
    place,
    several,
    sign_named,
)
from ringwork.survey.taint.lowering_blocks import STATEMENTS, LowerStatement, block
from ringwork.survey.taint.lowering_expressions import arguments
from ringwork.survey.taint.lowering_parameters import parameters
from ringwork.survey.taint.lowering_patterns import pattern

_CONDITION, _CONSEQUENCE, _BODY, _NAME = field_named("condition"), field_named("consequence"), field_named("body"), field_named("name")
_LEFT, _RIGHT, _VALUE, _ALIAS, _GUARD = (
    field_named("left"),
    field_named("right"),
    field_named("value"),
    field_named("alias"),
    field_named("guard"),
)
_PARAMETERS, _RETURNS, _BASES, _SUBJECT = (
    field_named("parameters"),
    field_named("return_type"),
    field_named("superclasses"),
    field_named("subject"),
)
_ALTERNATIVE = field_named("alternative")
_BLOCK = kind_named("block")
_ELIF = kind_named("elif_clause")
_ELSE = kind_named("else_clause")
_EXCEPT = kind_named("except_clause")
_FINALLY = kind_named("finally_clause")
_CASE = kind_named("case_clause")
_PATTERN = kind_named("case_pattern")
_AS = kind_named("as_pattern")
_OPEN = kinds_named("conditional_expression", "boolean_operator", "not_operator", "lambda")
"""What ends with an expression, into which the grammar takes the `as` that belongs to all of it."""
_DECORATOR = kind_named("decorator")
_TUPLE = kind_named("tuple")
_FUNCTION = kind_named("function_definition")
_ASYNC = sign_named("async")
_STAR = sign_named("*")
_COMMA = sign_named(",")


_CHAIN = 100
"""How many `elif` stand inside each other. Those after that stand one after the other, so that nobody who walks them runs out of frames."""


def _field(node: Node, number: int) -> Node:
    found = node.child_by_field_id(number)
    if found is None:
        raise ValueError("a part is missing")
    return found


def _block_of(node: Node | None, source: Source) -> ir.Block:
    """The statements of a block, or of the block in a clause."""
    if node is None:
        return ()
    if node.kind_id == _BLOCK:
        return block(node.named_children, source)
    return next((block(child.named_children, source) for child in node.named_children if child.kind_id == _BLOCK), ())


def _body(node: Node, source: Source) -> ir.Block:
    """The statements of its body. What could not be read before the body stands at its beginning, rather than nowhere."""
    found = _block_of(node.child_by_field_id(_BODY), source)
    if node.has_error:
        return (*block((child for child in node.named_children if child.is_error), source), *found)
    return found


def _else(node: Node, source: Source) -> ir.Block:
    found = node.child_by_field_id(_ALTERNATIVE)
    return _block_of(found, source) if found is not None and found.kind_id == _ELSE else ()


def _if(node: Node, source: Source) -> ir.Statement:
    clauses = node.children_by_field_id(_ALTERNATIVE)
    heads = [node, *(clause for clause in clauses if clause.kind_id == _ELIF)]
    lowered = [
        (place(head), expression(_field(head, _CONDITION), source), _block_of(head.child_by_field_id(_CONSEQUENCE), source))
        for head in heads
    ]
    other = _block_of(clauses[-1], source) if clauses and clauses[-1].kind_id == _ELSE else ()
    rest = [ir.If(at, test, then, ()) for at, test, then in lowered[_CHAIN:]]
    other = (*rest, *other)
    for at, test, then in lowered[_CHAIN - 1 : 0 : -1]:
        other = (ir.If(at, test, then, other),)
    return ir.If(*lowered[0], other)


def _while(node: Node, source: Source) -> ir.Statement:
    test = expression(_field(node, _CONDITION), source)
    return ir.While(place(node), test, _body(node, source), _else(node, source))


def _for(node: Node, source: Source) -> ir.Statement:
    target, over = expression(_field(node, _LEFT), source), expression(_field(node, _RIGHT), source)
    body = _body(node, source)
    return ir.For(place(node), target, over, body, _else(node, source), _is_async(node))


def _is_async(node: Node) -> bool:
    first = node.child(0)
    return first is not None and first.kind_id == _ASYNC


def _try(node: Node, source: Source) -> ir.Statement:
    body = _body(node, source)
    handlers, other, final = list[ir.Handler](), ir.Block(), ir.Block()
    for child in node.named_children:
        kind = child.kind_id
        if kind == _EXCEPT:
            handlers.append(_handler(child, source))
        elif kind == _ELSE:
            other = _block_of(child, source)
        elif kind == _FINALLY:
            final = _block_of(child, source)
    return ir.Try(place(node), body, tuple(handlers), other, final)


def _handler(node: Node, source: Source) -> ir.Handler:
    values, name = node.children_by_field_id(_VALUE), ""
    bound = _bound_in(values[0]) if len(values) == 1 else None
    if bound is not None:
        name = source.of(parts(bound)[1])
        values = parts(bound)[:1] if bound == values[0] else values
    elif (alias := node.child_by_field_id(_ALIAS)) is not None:
        name = source.of(alias)
    if len(values) == 1 and values[0].kind_id == _TUPLE:
        values = values[0].named_children
    is_group = any(child.kind_id == _STAR for child in node.children)
    return ir.Handler(place(node), several((v for v in values if v.is_named), source), name, _block_of(node, source), is_group)


def _with(node: Node, source: Source) -> ir.Statement:
    clause = next(child for child in node.named_children if child.kind_id not in EXTRA)
    values = [_field(item, _VALUE) for item in parts(clause)]
    if len(values) == 1 and source.text[clause.start_byte] == "(" and values[0].kind_id == _TUPLE:
        values = parts(values[0])  # with (a, b): has two managers
    items = tuple(_managed(value, source) for value in values)
    return ir.With(place(node), items, _body(node, source), _is_async(node))


def _managed(node: Node, source: Source) -> tuple[ir.Expression, ir.Expression | None]:
    while node.kind_id == PARENTHESES:
        (inner,) = parts(node)
        if inner.kind_id not in {_AS, PARENTHESES}:
            break
        node = inner
    bound = _bound_in(node)
    return expression(node, source), one(parts(bound)[1], source) if bound is not None else None


def _bound_in(node: Node) -> Node | None:
    """The node with the name after `as`: in a if b else c as name the grammar has it in c."""
    while node.kind_id in _OPEN:
        node = parts(node)[-1]
    return node if node.kind_id == _AS else None


def _match(node: Node, source: Source) -> ir.Statement:
    subjects = node.children_by_field_id(_SUBJECT)
    body = _field(node, _BODY)
    named = [child for child in subjects if child.is_named]
    subject = expression(named[0], source)
    if len(named) > 1 or any(child.kind_id == _COMMA for child in node.children):
        subject = ir.Sequence(place(named[0]), "tuple", several(named, source))
    return ir.Match(place(node), subject, tuple(_case(child, source) for child in body.named_children if child.kind_id == _CASE))


def _case(node: Node, source: Source) -> ir.Case:
    patterns = [child for child in node.named_children if child.kind_id == _PATTERN]
    found = [pattern(child, source) for child in patterns]
    guard = node.child_by_field_id(_GUARD)
    only = found[0]
    if len(found) > 1 or isinstance(only, ir.Rest) or any(child.kind_id == _COMMA for child in node.children):
        only = ir.Several(place(patterns[0]), tuple(found))
    body = _block_of(node.child_by_field_id(_CONSEQUENCE), source)
    return ir.Case(place(patterns[0]), only, one(guard, source) if guard is not None else None, body)


def _function(node: Node, source: Source, decorators: tuple[ir.Expression, ...] = ()) -> ir.Statement:
    returns = node.child_by_field_id(_RETURNS)
    taken = parameters(node.child_by_field_id(_PARAMETERS), source)
    promised = expression(returns, source) if returns is not None else None
    outside, source.yields = source.yields, False
    body = _body(node, source)
    is_generator, source.yields = source.yields, outside
    name = source.name(_field(node, _NAME))
    return ir.Function(place(node), name, taken, promised, decorators, body, _is_async(node), is_generator, _end(node))


def _class(node: Node, source: Source, decorators: tuple[ir.Expression, ...] = ()) -> ir.Statement:
    given = node.child_by_field_id(_BASES)
    bases, keywords = arguments(given, source) if given is not None else ((), ())
    outside = source.yields
    body = _body(node, source)
    source.yields = outside
    return ir.Class(place(node), source.name(_field(node, _NAME)), bases, keywords, decorators, body, _end(node))


def _end(node: Node) -> int:
    """The last line: of the last statement, since comments after it belong to nothing."""
    while True:
        inner = [child for child in node.named_children if child.kind_id not in EXTRA]
        last = inner[-1] if inner else None
        if last is None or (last.kind_id != _BLOCK and last.kind_id not in _CLAUSES and last.kind_id not in STATEMENTS):
            return node.end_point[0] + 1
        node = last


_CLAUSES = kinds_named("elif_clause", "else_clause", "except_clause", "finally_clause", "case_clause", "pass_statement")


def _decorated(node: Node, source: Source) -> ir.Statement:
    decorators = tuple(one(child, source) for child in node.named_children if child.kind_id == _DECORATOR)
    (defined,) = [child for child in parts(node) if child.kind_id != _DECORATOR]
    lower = _function if defined.kind_id == _FUNCTION else _class
    return lower(defined, source, decorators)


STATEMENT_ROWS: Final[dict[str, LowerStatement]] = {
    "if_statement": _if,
    "while_statement": _while,
    "for_statement": _for,
    "try_statement": _try,
    "with_statement": _with,
    "match_statement": _match,
    "function_definition": _function,
    "class_definition": _class,
    "decorated_definition": _decorated,
}
