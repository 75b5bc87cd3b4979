"""Where things stand in a Python file, to the byte: statements, comments, the bodies of functions.

For what needs an exact place and no meaning (an edit, a comment, which lines are one statement). tree-sitter reads every version's
syntax, and half-written files as far as they go. Against an edit that hits the wrong text: positions are bytes, never characters.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

import tree_sitter_python
from tree_sitter import Language, Node, Parser, Query, QueryCursor

_SIMPLE = frozenset({
    "expression_statement", "return_statement", "assert_statement", "raise_statement", "delete_statement", "import_statement",
    "import_from_statement", "future_import_statement", "exec_statement", "print_statement",
})  # fmt: skip
_DEFINITIONS = frozenset({"function_definition", "class_definition"})


@functools.cache
def _language() -> Language:
    return Language(tree_sitter_python.language())


@functools.cache
def _query() -> Query:
    """What is asked of every file."""
    wanted = (("statement", _SIMPLE), ("definition", _DEFINITIONS), ("comment", ("comment",)))
    return Query(_language(), " ".join(f"({form}) @{name}" for name, forms in wanted for form in sorted(forms)))


class File:
    """One file, read when somebody first asks for more than its bytes. Lines count from 1.

    comments: line, text with its #, and whether nothing else stands on the line. statements: first and last line of simple ones of more
    than one line. definitions: first line (its decorators too) and last line of each function and class, outer ones first.
    """

    __slots__ = ("comments", "data", "definitions", "root", "statements")

    root: Node
    comments: list[tuple[int, str, bool]]
    statements: list[tuple[int, int]]
    definitions: list[tuple[int, int]]

    def __init__(self, data: bytes) -> None:
        """data: the file's bytes, UTF-8 or whatever it is written in: only ASCII of it is ever looked for."""
        self.data = data

    def __getattr__(self, name: str) -> object:
        if name == "root":
            self.root = Parser(_language()).parse(self.data).root_node
        elif name in {"comments", "statements", "definitions"}:
            self._take()
        else:
            raise AttributeError(name)
        return getattr(self, name)

    def _take(self) -> None:
        """Asked of the parser's own search: to go to each node from here takes ten times as long."""
        found = QueryCursor(_query()).captures(self.root)
        comments, statements, definitions = (sorted(found.get(name, ()), key=_place) for name in ("comment", "statement", "definition"))
        self.comments = [(_first(node), text(node), self._is_alone(node)) for node in comments]
        rows = [(node.start_point.row + 1, node.end_point.row + 1) for node in statements]
        self.statements = [(first, last) for first, last in rows if first != last]
        self.definitions = [(_first(_with_decorators(node)), node.end_point.row + 1) for node in definitions]

    def _is_alone(self, node: Node) -> bool:
        return not self.data[self.data.rfind(b"\n", 0, node.start_byte) + 1 : node.start_byte].strip()

    def span(self, line: int) -> tuple[int, int]:
        """The first and last line of the simple statement that a line is part of; the line itself where none is."""
        return next(((first, last) for first, last in self.statements if first <= line <= last), (line, line))

    @property
    def is_whole(self) -> bool:
        """Whether all of it could be read."""
        return not self.root.has_error


def _place(node: Node) -> tuple[int, int]:
    return node.start_byte, -node.end_byte


def _first(node: Node) -> int:
    return node.start_point.row + 1


def _with_decorators(node: Node) -> Node:
    return node.parent if node.parent is not None and node.parent.type == "decorated_definition" else node


def walk(node: Node) -> Iterator[Node]:
    """A node and all below it, in the order of the text; without recursion, since a file may be nested as deep as it likes."""
    cursor, begun = node.walk(), False
    while True:
        if not begun:
            found = cursor.node
            if found is not None:
                yield found
            if cursor.goto_first_child():
                continue
        if cursor.goto_next_sibling():
            begun = False
            continue
        if not cursor.goto_parent():
            return
        begun = True


def text(node: Node | None) -> str:
    """The source text of a node; "" for None."""
    return (node.text or b"").decode(errors="replace") if node is not None else ""


class Files:
    """The files of a project, each read once, when it is first asked for."""

    def __init__(self, root: Path) -> None:
        """root: of the project."""
        self._root = root
        self._read = dict[str, File]()

    def file(self, name: str) -> File:
        """A file by its relative path; one that cannot be read is empty."""
        if name not in self._read:
            try:
                data = (self._root / name).read_bytes() if name.endswith((".py", ".pyi")) else b""
            except OSError:
                data = b""
            self._read[name] = File(data)
        return self._read[name]

    def span(self, name: str, line: int) -> tuple[int, int]:
        """The lines of the statement at a line of a file."""
        return self.file(name).span(line)
