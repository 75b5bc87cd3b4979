"""One file of Python, of whatever version, into the form that is analysed.

Against a file that blinds the reader, by newer syntax, a missing bracket, a foreign encoding or endless nesting: what cannot be read is
named with its line, and all around it is kept.
"""

from __future__ import annotations

import codecs
import contextlib
import functools
import gc
import re
import sys
from collections.abc import Iterator
from typing import Final

from tree_sitter import Node, Parser

from ringwork.survey.taint import (
    ir,
    lowering_collections,
    lowering_compound,
    lowering_expressions,
    lowering_parameters,
    lowering_statements,
    lowering_strings,
    lowering_types,
)
from ringwork.survey.taint.lowering import COMMENT, EXPRESSIONS, LANGUAGE, Source, kind_named
from ringwork.survey.taint.lowering_blocks import STATEMENTS, block

_EXPRESSIONS: Final = (
    lowering_expressions.EXPRESSION_ROWS,
    lowering_collections.EXPRESSION_ROWS,
    lowering_parameters.EXPRESSION_ROWS,
    lowering_statements.EXPRESSION_ROWS,
    lowering_strings.EXPRESSION_ROWS,
    lowering_types.EXPRESSION_ROWS,
)
_STATEMENTS: Final = (lowering_compound.STATEMENT_ROWS, lowering_statements.STATEMENT_ROWS)

_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_BLANK = re.compile(rb"^[ \t\f]*(?:#.*)?$")
_FOREIGN = re.compile(r"[^\x00-\x7f]")
_STARRED = re.compile(rb"((?:[,=\[(]|\breturn|\byield|\bin)\s*)\*(?=\s*[(\[{\"']|\w+\[)")
_TYPE_PARAMETERS = kind_named("type_parameter")
_FAULTS = 50
_DEPTH = 450
"""How many frames the lowering may stand above its caller. The same files are read everywhere, however deep the caller stands, and whoever
walks the form afterwards has frames left; a hundred levels of indentation, which is Python's own limit, fit."""


def parse(data: bytes, *, file: str, name: str = "", is_package: bool = False) -> ir.Module:
    """Read one file.

    data: its bytes, of any encoding that Python reads. file: how it is named in places, relative to the project. name: dotted, "" for a
    script. Never raises: what could not be read stands in `faults`, and as Broken in its place.
    """
    _fill_tables()
    text, faults = _decoded(data)
    source = Source(text)
    root = _parsed(_FOREIGN.sub(_stand_in, text).encode("ascii"))
    with _undisturbed():
        body = block(root.named_children, source)
        if root.has_error:
            faults.extend(_unread(root))
        comments = _comments(root, text)
    lines = text.count("\n") + (1 if text and not text.endswith("\n") else 0)
    return ir.Module(file, name, body, comments, _told([*faults, *source.faults]), lines, is_package)


def _parsed(text: bytes) -> Node:
    """The parser's tree. Its grammar takes names alone behind a star outside of brackets: `return first, *(each for each in rest)`.

    There the star is read as another sign before a value, of the same length; what it was the text itself still says.
    """
    root = Parser(LANGUAGE).parse(text).root_node
    if root.has_error and (mended := _STARRED.sub(rb"\1~", text)) != text:
        again = Parser(LANGUAGE).parse(mended).root_node
        if not again.has_error or _count(again) < _count(root):
            return again
    return root


def _count(root: Node) -> int:
    return sum(1 for _ in _unread(root))


@functools.cache
def _fill_tables() -> None:
    """What each kind of node becomes, brought together from the modules that lower, which call each other through the tables."""
    for rows in _EXPRESSIONS:
        EXPRESSIONS.add(rows)
    for statements in _STATEMENTS:
        STATEMENTS.add(statements)


def _told(faults: list[ir.Fault]) -> tuple[ir.Fault, ...]:
    """Each once, in order; of a file that is no Python at all the first ones."""
    found = sorted(set(faults))
    if len(found) <= _FAULTS:
        return tuple(found)
    rest = found[_FAULTS]
    return (*found[:_FAULTS], ir.Fault(rest.line, f"{len(found) - _FAULTS} more faults from here"))


def _stand_in(found: re.Match[str]) -> str:
    """One byte for one character, so that the parser's offsets are those of the text; Q is in no keyword of Python."""
    return "Q" if f"a{found.group()}".isidentifier() else "$"


def _decoded(data: bytes) -> tuple[str, list[ir.Fault]]:
    """The text, its lines ended by line feeds, and what of it was no text."""
    faults = list[ir.Fault]()
    encoding = _encoding(data, faults)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        text = data.decode(encoding, errors="replace")
        faults.append(ir.Fault(data.count(b"\n", 0, error.start) + 1, f"bytes that are no {encoding}"))
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        faults.append(ir.Fault(text.count("\n", 0, text.index("\0")) + 1, "a NUL byte"))
        text = text.replace("\0", " ")
    return text.removeprefix("\ufeff"), faults


def _encoding(data: bytes, faults: list[ir.Fault]) -> str:
    """Source: the Python Language Reference, 2.1.4: a cookie in the first two lines, the second only after a comment or a blank line."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        faults.append(ir.Fault(0, "UTF-16, which Python does not read"))
        return "utf-16"
    for line in data.split(b"\n", 2)[:2]:
        found = _COOKIE.match(line)
        if found:
            named = found.group(1).decode("latin-1")
            try:
                known = codecs.lookup(named)
            except LookupError:
                faults.append(ir.Fault(1, f"an encoding that is not known: {named[:40]}"))
                return "utf-8"
            return known.name if known._is_text_encoding else "utf-8"  # noqa: SLF001  # the interpreter asks the same
        if not _BLANK.match(line.rstrip(b"\r")):
            break
    return "utf-8"


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Without the collector, which would look through each node made so far, and with the same depth left for every caller."""
    collects, limit = gc.isenabled(), sys.getrecursionlimit()
    gc.disable()
    sys.setrecursionlimit(_frames() + _DEPTH)
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)
        if collects:
            gc.enable()


def _frames() -> int:
    depth, frame = 0, sys._getframe()  # noqa: SLF001  # the only way to ask how deep the caller stands
    while frame.f_back is not None:
        depth, frame = depth + 1, frame.f_back
    return depth


def _comments(root: Node, text: str) -> tuple[ir.Comment, ...]:
    """Each # that is not in a string; asked of the parser, which costs less than to look at every node for one."""
    found = list[ir.Comment]()
    at = text.find("#")
    line, counted = 1, 0
    while at >= 0:
        node = root.named_descendant_for_byte_range(at, at + 1)
        end = at + 1
        if node is not None and node.kind_id == COMMENT:
            end = node.end_byte
            line += text.count("\n", counted, at)
            counted = at
            before = text[text.rfind("\n", 0, at) + 1 : at]
            found.append(ir.Comment(line, text[at:end].rstrip(), not before.strip()))
        at = text.find("#", end)
    return tuple(found)


def _unread(root: Node) -> Iterator[ir.Fault]:
    """Where the parser found an error, or something missing."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.is_missing:
            yield ir.Fault(node.start_point[0] + 1, f"{node.type} is missing")
        elif node.is_error:
            yield ir.Fault(node.start_point[0] + 1, "what stands here is no Python")
            waiting.extend(child for child in node.children if child.has_error and not child.is_error)
        elif node.has_error and node.kind_id != _TYPE_PARAMETERS:  # their defaults (3.13) are not in the grammar, and nobody needs them
            waiting.extend(child for child in node.children if child.has_error or child.is_missing)
