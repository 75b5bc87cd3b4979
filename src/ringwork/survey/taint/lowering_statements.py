"""Statements: assignments, imports and what stands on one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tree_sitter import Node

from ringwork.survey.taint import ir
from ringwork.survey.taint.lowering import (
    EXPRESSIONS,
    Lower,
    Source,
    expression,
    field_named,
    kind_named,
    one,
    parts,
    place,
    several,
    start,
)
from ringwork.survey.taint.lowering_blocks import LowerStatement

_LEFT, _RIGHT, _TYPE, _CAUSE, _OPERATOR = (
    field_named("left"),
    field_named("right"),
    field_named("type"),
    field_named("cause"),
    field_named("operator"),
)
_ASSIGNMENT = kind_named("assignment")
_AUGMENTED = kind_named("augmented_assignment")
_LIST = kind_named("expression_list")
_ALIASED = kind_named("aliased_import")
_RELATIVE = kind_named("relative_import")
_WILDCARD = kind_named("wildcard_import")
_PREFIX = kind_named("import_prefix")
_new: Callable[..., ir.Statement] = tuple.__new__


def _expression_statement(node: Node, source: Source) -> ir.Statement:
    children = node.named_children
    if node.child_count == 1:
        (only,) = children
        kind = only.kind_id
        if kind == _ASSIGNMENT:
            return _assignment(only, source)
        if kind == _AUGMENTED:
            return _augmented(only, source)
        value = EXPRESSIONS[kind](only, source)
        return _new(ir.Evaluate, (start(only, value), value))
    at = place(children[0])
    return ir.Evaluate(at, ir.Sequence(at, "tuple", several(children, source)))


def _assignment(node: Node, source: Source) -> ir.Statement:
    children = node.named_children
    if node.child_count != 3 or children[1].kind_id == _ASSIGNMENT:
        return _long_assignment(node, source)
    left, right = children
    if node.child_by_field_id(_TYPE) is not None:
        target = expression(left, source)
        return ir.Declare(place(node), target, expression(right, source), None)
    target = EXPRESSIONS[left.kind_id](left, source)
    return _new(ir.Assign, (start(left, target), (target,), EXPRESSIONS[right.kind_id](right, source)))


def _long_assignment(node: Node, source: Source) -> ir.Statement:
    """One with a declared type, or with several targets."""
    left, annotation, right = node.child_by_field_id(_LEFT), node.child_by_field_id(_TYPE), node.child_by_field_id(_RIGHT)
    if left is None:
        raise ValueError("an assignment to nothing")
    if annotation is not None:
        value = expression(right, source) if right is not None else None
        return ir.Declare(place(node), expression(left, source), expression(annotation, source), value)
    targets = [expression(left, source)]
    while right is not None and right.kind_id == _ASSIGNMENT:
        left, right = right.child_by_field_id(_LEFT), right.child_by_field_id(_RIGHT)
        if left is not None:
            targets.append(expression(left, source))
    if right is None:
        raise ValueError("an assignment of nothing")
    return ir.Assign(place(node), tuple(targets), expression(right, source))


def _augmented(node: Node, source: Source) -> ir.Statement:
    left, right = parts(node)
    sign = node.child_by_field_id(_OPERATOR)
    if sign is None:
        raise ValueError("an operator is missing")
    return ir.Augment(place(node), expression(left, source), source.name(sign)[:-1], expression(right, source))


def _return(node: Node, source: Source) -> ir.Statement:
    inner = parts(node)
    return ir.Return(place(node), expression(inner[0], source) if inner else None)


def _raise(node: Node, source: Source) -> ir.Statement:
    cause = node.child_by_field_id(_CAUSE)
    inner = [child for child in parts(node) if child != cause]
    value = expression(inner[0], source) if inner else None
    return ir.Raise(place(node), value, expression(cause, source) if cause is not None else None)


def _assert(node: Node, source: Source) -> ir.Statement:
    test, *message = parts(node)
    return ir.Assert(place(node), expression(test, source), expression(message[0], source) if message else None)


def _delete(node: Node, source: Source) -> ir.Statement:
    (inner,) = parts(node)
    targets = several(inner.named_children, source) if inner.kind_id == _LIST else (expression(inner, source),)
    return ir.Delete(place(node), targets)


def _break(node: Node, source: Source) -> ir.Statement:
    return ir.Jump(place(node), "break")


def _continue(node: Node, source: Source) -> ir.Statement:
    return ir.Jump(place(node), "continue")


def _import(node: Node, source: Source) -> ir.Statement:
    return ir.Import(place(node), _imported(parts(node), source))


def _import_from(node: Node, source: Source) -> ir.Statement:
    where, *names = parts(node)
    level, module = 0, ""
    if where.kind_id == _RELATIVE:
        for child in parts(where):
            if child.kind_id == _PREFIX:
                level = source.of(child).count(".")
            else:
                module = _dotted(child, source)
    else:
        module = _dotted(where, source)
    return ir.ImportFrom(place(node), level, module, _imported(names, source))


def _future(node: Node, source: Source) -> ir.Statement:
    return ir.ImportFrom(place(node), 0, "__future__", _imported(parts(node), source))


def _imported(nodes: list[Node], source: Source) -> tuple[tuple[str, str], ...]:
    found = list[tuple[str, str]]()
    for node in nodes:
        if node.kind_id == _ALIASED:
            name, alias = parts(node)
            found.append((_dotted(name, source), source.name(alias)))
        elif node.kind_id == _WILDCARD:
            found.append(("*", ""))
        else:
            found.append((_dotted(node, source), ""))
    return tuple(found)


def _dotted(node: Node, source: Source) -> str:
    return ".".join(source.name(child) for child in parts(node))


def _global(node: Node, source: Source) -> ir.Statement:
    return ir.Scope(place(node), "global", tuple(source.name(child) for child in parts(node)))


def _nonlocal(node: Node, source: Source) -> ir.Statement:
    return ir.Scope(place(node), "nonlocal", tuple(source.name(child) for child in parts(node)))


def _alias(node: Node, source: Source) -> ir.Statement:
    left, right = parts(node)
    named = expression(left, source)
    owner = named.of if isinstance(named, ir.Item) else named
    if source.text[left.start_byte] in "([":  # type(one).name = value is no type's name
        return ir.Assign(place(node), (_of_type(named, place(node), place(left)),), expression(right, source))
    if not isinstance(owner, ir.Name):
        raise TypeError("a type without a name")
    return ir.Alias(place(node), owner.id, expression(right, source))


def _of_type(value: ir.Expression, at: int, first: int) -> ir.Expression:
    """type(one).name from (one).name. at, first: where `type` stands, and what follows it."""
    if isinstance(value, ir.Attribute | ir.Item) and value.at == first:
        return value._replace(at=at, of=_of_type(value.of, at, first))
    if isinstance(value, ir.Call) and value.at == first:
        return value._replace(at=at, function=_of_type(value.function, at, first))
    name = ir.Name(at, "type")
    if isinstance(value, ir.Sequence) and value.kind == "list" and value.at == first:
        return ir.Item(at, name, value.items[0] if len(value.items) == 1 else ir.Sequence(first, "tuple", value.items))
    is_several = isinstance(value, ir.Sequence) and value.kind == "tuple" and value.at == first
    return ir.Call(at, name, value.items if is_several and isinstance(value, ir.Sequence) else (value,), ())


def _print(node: Node, source: Source) -> ir.Statement:
    source.fault(node, "a print statement of Python 2")
    return ir.Broken(place(node), several((child for child in parts(node)), source))


def _exec(node: Node, source: Source) -> ir.Statement:
    source.fault(node, "an exec statement of Python 2")
    return ir.Broken(place(node), several((child for child in parts(node)), source))


EXPRESSION_ROWS: Final[dict[str, Lower]] = {"chevron": one}
STATEMENT_ROWS: Final[dict[str, LowerStatement]] = {
    "expression_statement": _expression_statement,
    "return_statement": _return,
    "raise_statement": _raise,
    "assert_statement": _assert,
    "delete_statement": _delete,
    "break_statement": _break,
    "continue_statement": _continue,
    "import_statement": _import,
    "import_from_statement": _import_from,
    "future_import_statement": _future,
    "global_statement": _global,
    "nonlocal_statement": _nonlocal,
    "type_alias_statement": _alias,
    "print_statement": _print,
    "exec_statement": _exec,
}  # fmt: skip
