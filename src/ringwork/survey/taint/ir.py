# ruff: noqa: D101, D415, UP007 - a grammar: most names say all, some docstrings are lists of operators, and unions stand on many lines
"""The one form in which source is analysed: Python's syntax, whatever its version, as plain immutable tuples.

Against a tool that goes blind on newer syntax: the form belongs to no parser and no interpreter, and a file that is half written
still has every part that could be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Union, dataclass_transform

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Self

    @dataclass_transform(frozen_default=True)
    class Node:
        """What a type checker sees of a plain tuple with named fields: fifty tuple types that name each other cost it minutes."""

        _fields: tuple[str, ...]

        def __iter__(self) -> Iterator[Any]: ...
        def __lt__(self, other: Any) -> bool: ...
        def _replace(self, **changed: Any) -> Self: ...

else:
    from typing import NamedTuple as Node

_COLUMNS = 4096

Literal = str | bytes | int | float | complex | bool | None


def position(line: int, column: int) -> int:
    """Line (from 1) and column (from 0, in characters; cut at 4,095) in one number, which sorts as they do."""
    return line * _COLUMNS + min(column, _COLUMNS - 1)


def line_of(at: int) -> int:
    """The line of a position, from 1."""
    return at // _COLUMNS


def column_of(at: int) -> int:
    """The column of a position, from 0."""
    return at % _COLUMNS


# -- expressions ------------------------------------------------------------------------------------------------


class Constant(Node):
    """A literal. `...` is the name Ellipsis."""

    at: int
    value: Literal


class Name(Node):
    at: int
    id: str


class Attribute(Node):
    at: int
    of: Expression
    name: str


class Item(Node):
    """of[key]; several keys are a tuple."""

    at: int
    of: Expression
    key: Expression


class Slice(Node):
    at: int
    lower: Expression | None
    upper: Expression | None
    step: Expression | None


class Call(Node):
    """keywords: (name, value); a name of "" is a mapping that is unpacked (**value). Unpacked positions are Starred."""

    at: int
    function: Expression
    arguments: tuple[Expression, ...]
    keywords: tuple[tuple[str, Expression], ...]


class Binary(Node):
    """operator: + - * / // % ** @ << >> & | ^"""

    at: int
    operator: str
    left: Expression
    right: Expression


class Unary(Node):
    """operator: not - + ~"""

    at: int
    operator: str
    value: Expression


class Logic(Node):
    """operator: and, or. values: two or more; a run of one operator is one node."""

    at: int
    operator: str
    values: tuple[Expression, ...]


class Compare(Node):
    """operators: == != < <= > >= in, not in, is, is not; as many as there are rights."""

    at: int
    left: Expression
    operators: tuple[str, ...]
    rights: tuple[Expression, ...]


class Choice(Node):
    """then if test else other."""

    at: int
    test: Expression
    then: Expression
    other: Expression


class Text(Node):
    """An f-string, or (is_template) a t-string. parts: Constant (str) and Format; neighbours of plain text are one part."""

    at: int
    parts: tuple[Constant | Format, ...]
    is_template: bool


class Format(Node):
    """{value!conversion:specification}. conversion: "" or r, s, a."""

    at: int
    value: Expression
    conversion: str
    specification: Text | None


class Sequence(Node):
    """kind: list, tuple or set."""

    at: int
    kind: str
    items: tuple[Expression, ...]


class Mapping(Node):
    """A dict. items: (key, value); no key is a mapping that is unpacked."""

    at: int
    items: tuple[tuple[Expression | None, Expression], ...]


class Loop(Node):
    """One `for` of a comprehension."""

    target: Expression
    source: Expression
    conditions: tuple[Expression, ...]
    is_async: bool


class Comprehension(Node):
    """kind: list, set, dict or generator. value: of a dict's items, else None."""

    at: int
    kind: str
    element: Expression
    value: Expression | None
    loops: tuple[Loop, ...]


class Parameter(Node):
    """kind: positional (before /), any, keyword (after *), args (*name) or kwargs (**name)."""

    at: int
    name: str
    kind: str
    annotation: Expression | None
    default: Expression | None


class Lambda(Node):
    at: int
    parameters: tuple[Parameter, ...]
    body: Expression


class Await(Node):
    at: int
    value: Expression


class Yield(Node):
    at: int
    value: Expression | None
    is_from: bool


class Starred(Node):
    at: int
    value: Expression


class Walrus(Node):
    at: int
    name: str
    value: Expression


class Broken(Node):
    """An expression or statement that could not be read. parts: what inside it could."""

    at: int
    parts: tuple[Expression, ...]


# -- patterns of match ------------------------------------------------------------------------------------------


class Capture(Node):
    """A name, or "" for _."""

    at: int
    name: str


class Matches(Node):
    """A literal or a dotted name to be equal to."""

    at: int
    value: Expression


class Either(Node):
    at: int
    patterns: tuple[Pattern, ...]


class Rest(Node):
    """*name in a sequence."""

    at: int
    name: str


class Several(Node):
    at: int
    items: tuple[Pattern, ...]


class Keyed(Node):
    """{key: pattern, **rest}; rest "" for none."""

    at: int
    items: tuple[tuple[Expression, Pattern], ...]
    rest: str


class Instance(Node):
    """Class(pattern, name=pattern); positional patterns have the name ""."""

    at: int
    of: Expression
    items: tuple[tuple[str, Pattern], ...]


class Bound(Node):
    """pattern as name."""

    at: int
    pattern: Pattern
    name: str


# -- statements -------------------------------------------------------------------------------------------------


class Assign(Node):
    """targets: a = b = value has two."""

    at: int
    targets: tuple[Expression, ...]
    value: Expression


class Declare(Node):
    """target: annotation = value."""

    at: int
    target: Expression
    annotation: Expression
    value: Expression | None


class Augment(Node):
    """target operator= value; operator without its =."""

    at: int
    target: Expression
    operator: str
    value: Expression


class Evaluate(Node):
    """An expression that stands as a statement."""

    at: int
    value: Expression


class Return(Node):
    at: int
    value: Expression | None


class Raise(Node):
    at: int
    value: Expression | None
    cause: Expression | None


class Assert(Node):
    at: int
    test: Expression
    message: Expression | None


class Delete(Node):
    at: int
    targets: tuple[Expression, ...]


class Jump(Node):
    """kind: break or continue. `pass` leaves nothing."""

    at: int
    kind: str


class If(Node):
    """elif is an If, alone in other."""

    at: int
    test: Expression
    then: Block
    other: Block


class While(Node):
    at: int
    test: Expression
    body: Block
    other: Block


class For(Node):
    at: int
    target: Expression
    source: Expression
    body: Block
    other: Block
    is_async: bool


class Handler(Node):
    """One `except`. kinds: the exceptions, () for a bare one; name: "" for none."""

    at: int
    kinds: tuple[Expression, ...]
    name: str
    body: Block
    is_group: bool


class Try(Node):
    at: int
    body: Block
    handlers: tuple[Handler, ...]
    other: Block
    final: Block


class With(Node):
    """items: (manager, target or None)."""

    at: int
    items: tuple[tuple[Expression, Expression | None], ...]
    body: Block
    is_async: bool


class Case(Node):
    at: int
    pattern: Pattern
    guard: Expression | None
    body: Block


class Match(Node):
    at: int
    subject: Expression
    cases: tuple[Case, ...]


class Function(Node):
    """at: of the name's line, not the decorator's. end: the last line, from 1. is_generator: it yields, itself."""

    at: int
    name: str
    parameters: tuple[Parameter, ...]
    returns: Expression | None
    decorators: tuple[Expression, ...]
    body: Block
    is_async: bool
    is_generator: bool
    end: int


class Class(Node):
    at: int
    name: str
    bases: tuple[Expression, ...]
    keywords: tuple[tuple[str, Expression], ...]
    decorators: tuple[Expression, ...]
    body: Block
    end: int


class Import(Node):
    """names: (dotted name, name after `as` or "")."""

    at: int
    names: tuple[tuple[str, str], ...]


class ImportFrom(Node):
    """level: leading dots. names: (name or "*", name after `as` or "")."""

    at: int
    level: int
    module: str
    names: tuple[tuple[str, str], ...]


class Scope(Node):
    """kind: global or nonlocal."""

    at: int
    kind: str
    names: tuple[str, ...]


class Alias(Node):
    """type name = value."""

    at: int
    name: str
    value: Expression


class Comment(Node):
    """text: with its #. is_alone: nothing else stands on the line."""

    line: int
    text: str
    is_alone: bool


class Fault(Node):
    """What of a file could not be read. line: 0 for the whole file."""

    line: int
    what: str


class Module(Node):
    """One file. name: dotted, "" for a script outside any import root. file: relative to the project, with slashes. lines: how many."""

    file: str
    name: str
    body: Block
    comments: tuple[Comment, ...]
    faults: tuple[Fault, ...]
    lines: int
    is_package: bool


Expression = Union[
    Constant, Name, Attribute, Item, Slice, Call, Binary, Unary, Logic, Compare, Choice, Text, Format, Sequence, Mapping, Comprehension,
    Lambda, Await, Yield, Starred, Walrus, Broken,
]  # fmt: skip
Pattern = Union[Capture, Matches, Either, Rest, Several, Keyed, Instance, Bound, Broken]
Statement = Union[
    Assign, Declare, Augment, Evaluate, Return, Raise, Assert, Delete, Jump, If, While, For, Try, With, Match, Function, Class, Import,
    ImportFrom, Scope, Alias, Broken,
]  # fmt: skip
Block = tuple[Statement, ...]
