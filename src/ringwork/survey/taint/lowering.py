"""What all parts of the lowering share: the text that is read, the tables of what a node becomes, and how its place is told.

Against a file that blinds the reader: whatever stands in it becomes a node, and what cannot be read becomes Broken, in its place.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import tree_sitter_python
from tree_sitter import Language, Node

from ringwork.survey.taint import ir

LANGUAGE: Final = Language(tree_sitter_python.language())


class Source:
    """One text while it is lowered. Every character is one byte of what the parser was given, so its offsets are those of the text."""

    __slots__ = ("faults", "is_ascii", "text", "yields")

    def __init__(self, text: str) -> None:
        self.text = text
        self.is_ascii = text.isascii()
        self.faults = list[ir.Fault]()
        self.yields = False

    def name(self, node: Node) -> str:
        """An identifier, shared with all others of its kind; those beyond ASCII in the normal form that Python compares."""
        found = sys.intern(self.text[node.start_byte : node.end_byte])
        return found if self.is_ascii or found.isascii() else sys.intern(unicodedata.normalize("NFKC", found))

    def of(self, node: Node) -> str:
        """The text of a node."""
        return self.text[node.start_byte : node.end_byte]

    def at(self, node: Node, offset: int) -> int:
        """The position of an offset in a node, or right after it."""
        line = node.start_point[0] + 1 + self.text.count("\n", node.start_byte, offset)
        return ir.position(line, offset - 1 - self.text.rfind("\n", 0, offset))

    def fault(self, node: Node, what: str) -> None:
        """Note what could not be read."""
        self.faults.append(ir.Fault(node.start_point[0] + 1, what))


Lower = Callable[[Node, Source], ir.Expression]


def kind_named(name: str, *, named: bool = True) -> int:
    """The number of a kind of nodes. Raises KeyError for one that the grammar does not have."""
    number = LANGUAGE.id_for_node_kind(name, named)
    if number is None:
        raise KeyError(name)
    return number


def kinds_named(*names: str) -> frozenset[int]:
    """The numbers of several kinds."""
    return frozenset(kind_named(name) for name in names)


def sign_named(text: str) -> int:
    """The number of a sign or a word of the language: `,` or `from`."""
    return kind_named(text, named=False)


def field_named(name: str) -> int:
    """The number of a field. Raises KeyError for one that the grammar does not have."""
    number = LANGUAGE.field_id_for_name(name)
    if number is None:
        raise KeyError(name)
    return number


EXTRA: Final = kinds_named("comment", "line_continuation")
"""What may stand between any two nodes."""
COMMENT: Final = kind_named("comment")
PARENTHESES: Final = kind_named("parenthesized_expression")
_AROUND = kinds_named("parenthesized_expression", "tuple_pattern")


class Table(dict[int, Lower]):
    """By the number of a kind: what it becomes."""

    def __missing__(self, number: int) -> Lower:
        return broken

    def add(self, rows: dict[str, Lower]) -> None:
        """Rows by the name of the kind."""
        for name, lower in rows.items():
            self[kind_named(name)] = lower


EXPRESSIONS: Final = Table()
"""Filled by the modules that lower; statements have their own table."""


def place(node: Node) -> int:
    """Its position."""
    row, column = node.start_point
    return ir.position(row + 1, column)


def expression(node: Node, source: Source) -> ir.Expression:
    """What an expression becomes."""
    return EXPRESSIONS[node.kind_id](node, source)


def several(nodes: Iterable[Node], source: Source) -> tuple[ir.Expression, ...]:
    """What each of them becomes."""
    return tuple([EXPRESSIONS[number](node, source) for node in nodes if (number := node.kind_id) not in EXTRA])


def parts(node: Node) -> list[Node]:
    """The named nodes in a node, without comments and what could not be read between them."""
    return [child for child in node.named_children if child.kind_id not in EXTRA and not child.is_error]


def one(node: Node, source: Source) -> ir.Expression:
    """What the only node in a node becomes. Raises ValueError where there is none, or more."""
    inner = node.named_children
    if len(inner) != 1:
        inner = parts(node)
    (only,) = inner
    return EXPRESSIONS[only.kind_id](only, source)


def start(node: Node, value: ir.Expression) -> int:
    """The position of a node that is already lowered: its own, unless parentheses stood around it."""
    return place(node) if node.kind_id in _AROUND else value.at


def broken(node: Node, source: Source) -> ir.Broken:
    """A node that is no expression: what inside it is one."""
    return ir.Broken(place(node), readable(node.named_children, source))


FAILURES: Final = (ValueError, IndexError, KeyError, AttributeError, TypeError)
"""What lowering ends with where a node has not the parts that the grammar promises, since something in it could not be read."""


def readable(nodes: Sequence[Node], source: Source) -> tuple[ir.Expression, ...]:
    """The largest expressions among these nodes and inside them."""
    found = list[ir.Expression]()
    for node in nodes:
        lower = EXPRESSIONS.get(node.kind_id)
        if lower is None:
            found.extend(readable(node.named_children, source))
            continue
        try:
            found.append(lower(node, source))
        except FAILURES:
            found.extend(readable(node.named_children, source))
    return tuple(found)
