"""Expressions: from the parser's nodes to the form that is analysed. Parentheses leave nothing but the order that they made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tree_sitter import Node

from ringwork.survey.taint import ir
from ringwork.survey.taint.lowering import (
    EXPRESSIONS,
    EXTRA,
    PARENTHESES,
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
    start,
)

_OPERATOR, _LEFT, _RIGHT = field_named("operator"), field_named("left"), field_named("right")
_KEYWORD = kind_named("keyword_argument")
_UNPACKED = kind_named("dictionary_splat")
_LIST = kind_named("argument_list")
_BINARY = kind_named("binary_operator")
_LOGIC = kind_named("boolean_operator")
_WALRUS = kind_named("named_expression")
_MIXED = frozenset({sign_named("&"), sign_named("^")})
_COLON = sign_named(":")
_COMMA = sign_named(",")
_FROM = sign_named("from")
_COMPARING = {
    sign_named(sign): "!=" if sign == "<>" else sign for sign in ("==", "!=", "<", "<=", ">", ">=", "<>", "in", "not in", "is", "is not")
}

# The three kinds that are most of every file are made without the check of their fields, which would cost as much as all the rest.
_new: Callable[..., ir.Expression] = tuple.__new__


def _name(node: Node, source: Source) -> ir.Expression:
    found = source.name(node)
    if not found:  # the parser puts in what is missing
        return ir.Broken(place(node), ())
    return _new(ir.Name, (place(node), found))


def _attribute(node: Node, source: Source) -> ir.Expression:
    children = node.named_children
    if len(children) != 2:
        children = parts(node)
    owner, name = children
    of = EXPRESSIONS[kind := owner.kind_id](owner, source)
    if of.__class__ is ir.Starred:
        return _lifted(of, lambda value: ir.Attribute(value.at, value, source.name(name)))
    return _new(ir.Attribute, (of.at if kind != PARENTHESES else place(owner), of, source.name(name)))


def _lifted(starred: ir.Expression, around: Callable[[ir.Expression], ir.Expression]) -> ir.Expression:
    """*a.b is * of a.b; the grammar has it the other way round."""
    value = starred.value if isinstance(starred, ir.Starred) else starred
    return ir.Starred(starred.at, around(value))


def _call(node: Node, source: Source) -> ir.Expression:
    children = node.named_children
    if len(children) != 2:
        children = parts(node)
    called, given = children
    function = EXPRESSIONS[kind := called.kind_id](called, source)
    at = function.at if kind != PARENTHESES else place(called)
    taken = arguments(given, source) if given.kind_id == _LIST else ((expression(given, source),), ())
    if function.__class__ is ir.Starred:
        return _lifted(function, lambda value: ir.Call(value.at, value, *taken))
    return _new(ir.Call, (at, function, *taken))


def arguments(node: Node, source: Source) -> tuple[tuple[ir.Expression, ...], tuple[tuple[str, ir.Expression], ...]]:
    """What stands between the parentheses of a call or a class: by position, and by name."""
    given, keywords = list[ir.Expression](), list[tuple[str, ir.Expression]]()
    for child in node.named_children:
        kind = child.kind_id
        if kind == _KEYWORD:
            name, value = child.named_children if child.named_child_count == 2 else parts(child)
            keywords.append((source.name(name), EXPRESSIONS[value.kind_id](value, source)))
        elif kind == _UNPACKED:
            keywords.append(("", one(child, source)))
        elif kind not in EXTRA:
            given.append(EXPRESSIONS[kind](child, source))
    return tuple(given), tuple(keywords)


def _item(node: Node, source: Source) -> ir.Expression:
    owner, *keys = parts(node)
    of = expression(owner, source)
    key: ir.Expression
    if len(keys) == 1 and not _ends_with_comma(node):
        key = expression(keys[0], source)
        key = ir.Sequence(key.at, "tuple", (key,)) if isinstance(key, ir.Starred) else key
    else:
        key = ir.Sequence(place(keys[0]), "tuple", several(keys, source))
    if isinstance(of, ir.Starred):
        return _lifted(of, lambda value: ir.Item(value.at, value, key))
    return ir.Item(start(owner, of), of, key)


def _ends_with_comma(node: Node) -> bool:
    if node.child_count == 4:  # value, bracket, key, bracket
        return False
    return any(child.kind_id == _COMMA for child in node.children)


def _slice(node: Node, source: Source) -> ir.Expression:
    found: list[ir.Expression | None] = [None]
    for child in node.children:
        if child.kind_id == _COLON:
            found.append(None)
        elif child.kind_id not in EXTRA:
            found[-1] = expression(child, source)
    lower, upper, step = (*found, None, None)[:3]
    return ir.Slice(place(node), lower, upper, step)


def _binary(node: Node, source: Source) -> ir.Expression:
    left, right, sign = node.child_by_field_id(_LEFT), node.child_by_field_id(_RIGHT), node.child_by_field_id(_OPERATOR)
    if left is None or right is None or sign is None:
        raise ValueError("an operator without a side")
    if sign.kind_id in _MIXED:
        return _bits(node, source)
    value, other = expression(left, source), expression(right, source)
    if isinstance(value, ir.Starred):
        return _lifted(value, lambda inner: ir.Binary(inner.at, source.name(sign), inner, other))
    return ir.Binary(start(left, value), source.name(sign), value, other)


def _bits(node: Node, source: Source) -> ir.Expression:
    """& binds tighter than ^; the grammar has it the other way round, so a run of both is put together anew."""
    waiting, operands, signs = [node], list[Node](), list[str]()
    while waiting:
        here = waiting.pop()
        sign = here.child_by_field_id(_OPERATOR) if here.kind_id == _BINARY else None
        if sign is not None and sign.kind_id in _MIXED:
            waiting.extend((parts(here)[1], sign, parts(here)[0]))
        elif here.kind_id in _MIXED:
            signs.append(source.name(here))
        else:
            operands.append(here)
    sides: list[tuple[int, ir.Expression]] = []
    for sign_text, operand in zip(["^", *signs], operands, strict=True):
        value = expression(operand, source)
        if sign_text == "&":
            at, left = sides[-1]
            sides[-1] = at, ir.Binary(at, "&", left, value)
        else:
            sides.append((start(operand, value), value))
    at, found = sides[0]
    for _, right in sides[1:]:
        found = ir.Binary(at, "^", found, right)
    return found


def _unary(node: Node, source: Source) -> ir.Expression:
    sign = source.text[node.start_byte]
    if sign == "*":  # as the parser was given it where its grammar knows no star: reading._parsed
        return ir.Starred(place(node), one(node, source))
    return ir.Unary(place(node), sign, one(node, source))


def _not(node: Node, source: Source) -> ir.Expression:
    return ir.Unary(place(node), "not", one(node, source))


def _logic(node: Node, source: Source) -> ir.Expression:
    """A run of one operator leans to the left; it is followed there, and turned round at the end."""
    values = list[ir.Expression]()
    sign = _sign(node, source)
    here = node
    while True:
        left, right = parts(here)
        values.append(expression(right, source))
        if left.kind_id != _LOGIC or _sign(left, source) != sign:
            break
        here = left
    values.append(expression(left, source))
    values.reverse()
    if left.kind_id == _WALRUS:
        return _named(values[0], lambda value: ir.Logic(value.at, sign, (value, *values[1:])))
    return ir.Logic(start(left, values[0]), sign, tuple(values))


def _named(walrus: ir.Expression, around: Callable[[ir.Expression], ir.Expression]) -> ir.Expression:
    """a := b or c gives a name to b or c; the grammar gives it to b."""
    return walrus._replace(value=around(walrus.value)) if isinstance(walrus, ir.Walrus) else walrus


def _sign(node: Node, source: Source) -> str:
    sign = node.child_by_field_id(_OPERATOR)
    return source.name(sign) if sign else ""


def _compare(node: Node, source: Source) -> ir.Expression:
    signs, values = list[str](), list[ir.Expression]()
    first = None
    for child in node.children:
        kind = child.kind_id
        if kind in _COMPARING:
            signs.append(_COMPARING[kind])
        elif kind not in EXTRA:
            first = first or child
            values.append(EXPRESSIONS[kind](child, source))
    if first is None or len(values) != len(signs) + 1:
        raise ValueError("a comparison without a side")
    return ir.Compare(start(first, values[0]), values[0], tuple(signs), tuple(values[1:]))


def _choice(node: Node, source: Source) -> ir.Expression:
    then, test, other = parts(node)
    value, asked, otherwise = expression(then, source), expression(test, source), expression(other, source)
    if then.kind_id == _WALRUS:
        return _named(value, lambda named: ir.Choice(named.at, asked, named, otherwise))
    return ir.Choice(start(then, value), asked, value, otherwise)


def _await(node: Node, source: Source) -> ir.Expression:
    (inner,) = parts(node)
    sign = inner.child_by_field_id(_OPERATOR) if inner.kind_id == _BINARY else None
    if sign is not None and source.of(sign) == "**":  # `await` binds tighter than a power; the grammar has it the other way round
        base, power = parts(inner)
        at = place(node)
        return ir.Binary(at, "**", ir.Await(at, expression(base, source)), expression(power, source))
    return ir.Await(place(node), expression(inner, source))


def _yield(node: Node, source: Source) -> ir.Expression:
    source.yields = True
    inner = parts(node)
    is_from = any(child.kind_id == _FROM for child in node.children)
    return ir.Yield(place(node), expression(inner[0], source) if inner else None, is_from)


def _starred(node: Node, source: Source) -> ir.Expression:
    return ir.Starred(place(node), one(node, source))


def _walrus(node: Node, source: Source) -> ir.Expression:
    name, value = parts(node)
    return ir.Walrus(place(node), source.name(name), expression(value, source))


def _bound(node: Node, source: Source) -> ir.Expression:
    """The value of `value as name`; the name is the statement's, which asks for it."""
    return expression(parts(node)[0], source)


def _ellipsis(node: Node, source: Source) -> ir.Expression:
    return ir.Name(place(node), "Ellipsis")


def _true(node: Node, source: Source) -> ir.Expression:
    return ir.Constant(place(node), value=True)


def _false(node: Node, source: Source) -> ir.Expression:
    return ir.Constant(place(node), value=False)


def _none(node: Node, source: Source) -> ir.Expression:
    return ir.Constant(place(node), None)


def _parenthesised(node: Node, source: Source) -> ir.Expression:
    """However many pairs stand around it."""
    while True:
        inner = node.named_children
        if len(inner) != 1:
            inner = parts(node)
        (node,) = inner
        kind = node.kind_id
        if kind != PARENTHESES:
            return EXPRESSIONS[kind](node, source)


EXPRESSION_ROWS: Final[dict[str, Lower]] = {
    "identifier": _name,
    "attribute": _attribute,
    "call": _call,
    "subscript": _item,
    "slice": _slice,
    "binary_operator": _binary,
    "unary_operator": _unary,
    "not_operator": _not,
    "boolean_operator": _logic,
    "comparison_operator": _compare,
    "conditional_expression": _choice,
    "parenthesized_expression": _parenthesised,
    "await": _await,
    "yield": _yield,
    "list_splat": _starred,
    "list_splat_pattern": _starred,
    "named_expression": _walrus,
    "as_pattern": _bound,
    "ellipsis": _ellipsis,
    "true": _true,
    "false": _false,
    "none": _none,
}  # fmt: skip
