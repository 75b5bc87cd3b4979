"""Blocks of statements, and what is kept of one that could not be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from tree_sitter import Node

from ringwork.survey.taint import ir
from ringwork.survey.taint.lowering import (
    EXPRESSIONS,
    EXTRA,
    FAILURES,
    Source,
    kind_named,
    place,
)

LowerStatement = Callable[[Node, Source], ir.Statement]


class Statements(dict[int, LowerStatement]):
    """By the number of a kind: what it becomes."""

    def add(self, rows: dict[str, LowerStatement]) -> None:
        """Rows by the name of the kind."""
        for name, lower in rows.items():
            self[kind_named(name)] = lower


STATEMENTS: Final = Statements()
"""Filled by the modules that lower."""
_SKIPPED = EXTRA | {kind_named("pass_statement")}


def block(nodes: Iterable[Node], source: Source) -> ir.Block:
    """The statements of a block. One that cannot be read is Broken, followed by the statements inside it that can."""
    found = list[ir.Statement]()
    for node in nodes:
        kind = node.kind_id
        if kind in _SKIPPED:
            continue
        try:
            found.append(STATEMENTS[kind](node, source))
        except FAILURES:
            if kind in STATEMENTS and not node.has_error:
                source.fault(node, "a statement of a form that is not known")
            found.extend(_kept(node, source))
        except RecursionError:
            found.extend(_kept(node, source, is_deep=True))
    return tuple(found)


def _kept(node: Node, source: Source, *, is_deep: bool = False) -> list[ir.Statement]:
    # Against a file that ends the run: nobody nests so deep but to break a reader.
    if not is_deep:
        try:
            return _salvaged(node, source)
        except RecursionError:
            pass
    source.fault(node, "a statement that is nested too deeply")
    return [ir.Broken(place(node), ())]


def _salvaged(node: Node, source: Source) -> list[ir.Statement]:
    """What could be read of a node: its expressions in one Broken, then its statements."""
    loose, statements = list[ir.Expression](), list[Node]()
    waiting = node.named_children[::-1]
    while waiting:
        inner = waiting.pop()
        kind = inner.kind_id
        if kind in STATEMENTS:
            statements.append(inner)
        elif (lower := EXPRESSIONS.get(kind)) is None:
            waiting.extend(inner.named_children[::-1])
        else:
            try:
                loose.append(lower(inner, source))
            except FAILURES:
                waiting.extend(inner.named_children[::-1])
    return [ir.Broken(place(node), tuple(loose)), *block(statements, source)]
