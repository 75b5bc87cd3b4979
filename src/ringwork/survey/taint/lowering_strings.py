"""Strings: plain ones, implicit concatenation, and formatted ones with what stands in their braces."""

from __future__ import annotations

from string import ascii_letters
from typing import Final

from tree_sitter import Node

from ringwork.survey.taint import ir, literals
from ringwork.survey.taint.lowering import (
    Lower,
    Source,
    broken,
    expression,
    field_named,
    kind_named,
    kinds_named,
    parts,
    place,
    sign_named,
)

_END = kind_named("string_end")
_BRACES = kinds_named("interpolation", "format_expression")
_STRING = kind_named("string")
_NAMED = kind_named("named_expression")
_CONVERSION = kind_named("type_conversion")
_SPECIFICATION = kind_named("format_specifier")
_EQUALS = sign_named("=")
_EXPRESSION = field_named("expression")
_LETTERS = frozenset("ft")
_PLAIN = frozenset("'\"")


def _string(node: Node, source: Source) -> ir.Expression:
    raw = source.of(node)
    first = raw[0]
    if first in _PLAIN and "\\" not in raw and raw[-1] == first and len(raw) > 1:
        is_long = raw[1] == first and len(raw) > 5 and raw[2] == first
        return ir.Constant(place(node), raw[3:-3] if is_long else raw[1:-1])
    if _LETTERS & set(literals.prefix_of(raw)):
        return _formatted([node], source)
    if "`" in raw[:1]:
        source.fault(node, "backticks of Python 2")
        return ir.Broken(place(node), ())
    return ir.Constant(place(node), literals.text_of(raw))


def _concatenated(node: Node, source: Source) -> ir.Expression:
    strings = [child for child in parts(node) if child.kind_id == _STRING]
    if any(_LETTERS & set(literals.prefix_of(source.of(string))) for string in strings):
        return _formatted(strings, source)
    values = [literals.text_of(source.of(string)) for string in strings]
    if all(isinstance(value, bytes) for value in values):
        return ir.Constant(place(node), b"".join(value for value in values if isinstance(value, bytes)))
    return ir.Constant(place(node), "".join(value for value in values if isinstance(value, str)))


def _formatted(strings: list[Node], source: Source) -> ir.Expression:
    """One value of strings that stand side by side; without a formatted part it is a constant."""
    found = list[ir.Constant | ir.Format]()
    is_template = False
    for string in strings:
        raw = source.of(string)
        letters = literals.prefix_of(raw)
        is_template = is_template or "t" in letters
        if _LETTERS & set(letters):
            _pieces(string, source, found, is_raw="r" in letters)
        else:
            _add(found, place(string), str(literals.text_of(raw)))
    at = place(strings[0])
    if not is_template and not any(isinstance(part, ir.Format) for part in found):
        return ir.Constant(at, "".join(str(part.value) for part in found))
    return ir.Text(at, tuple(found), is_template)


def _pieces(string: Node, source: Source, found: list[ir.Constant | ir.Format], *, is_raw: bool) -> None:
    first, *inner = string.named_children
    quotes = source.of(first).lstrip(ascii_letters)
    if inner[-1].kind_id != _END:
        raise ValueError("no complete literal")
    _filled(string, (first.end_byte, string.end_byte - len(quotes)), source, found, is_raw=is_raw)


def _filled(node: Node, between: tuple[int, int], source: Source, found: list[ir.Constant | ir.Format], *, is_raw: bool) -> None:
    """The text between two offsets, and the braces in it. The parser's own nodes for the text leave some of it out."""
    done, end = between
    for child in node.named_children:
        if child.kind_id in _BRACES:
            _add(found, source.at(node, done), literals.piece_of(source.text[done : child.start_byte], is_raw=is_raw))
            _add(found, place(child) + 1, _shown(child, source))
            found.append(_format(child, source, is_raw=is_raw))
            done = child.end_byte
    _add(found, source.at(node, done), literals.piece_of(source.text[done:end], is_raw=is_raw))


def _add(found: list[ir.Constant | ir.Format], at: int, text: str) -> None:
    """Neighbours of plain text are one part, and no part is empty."""
    if not text:
        return
    last = found[-1] if found else None
    if isinstance(last, ir.Constant):
        found[-1] = ir.Constant(last.at, str(last.value) + text)
    else:
        found.append(ir.Constant(at, text))


def _shown(node: Node, source: Source) -> str:
    """The text that {value=} shows before the value: all of it as written, spaces too."""
    children = node.children
    for index, child in enumerate(children[:-1]):
        if child.kind_id == _EQUALS:
            return source.text[children[0].end_byte : children[index + 1].start_byte]
    return ""


def _format(node: Node, source: Source, *, is_raw: bool) -> ir.Format:
    inner = node.child_by_field_id(_EXPRESSION)
    if inner is None:
        raise ValueError("empty braces")
    conversion, specification = "", None
    if inner.kind_id == _NAMED:  # {value:=10} is a value and how to show it
        return _aligned(node, inner, source, is_raw=is_raw)
    for child in node.named_children:
        if child.kind_id == _CONVERSION:
            conversion = source.of(child)[1:]
        elif child.kind_id == _SPECIFICATION:
            specification = _specification(child, source, is_raw=is_raw)
    if not conversion and specification is None and _shown(node, source):
        conversion = "r"
    return ir.Format(place(node), expression(inner, source), conversion, specification)


def _aligned(node: Node, named: Node, source: Source, *, is_raw: bool) -> ir.Format:
    name = named.named_children[0]
    colon = source.text.index(":", name.end_byte)
    text = source.text[colon + 1 : node.end_byte - 1]
    at = place(named) + colon - named.start_byte
    return ir.Format(
        place(node),
        expression(name, source),
        "",
        ir.Text(at, (ir.Constant(at + 1, literals.piece_of(text, is_raw=is_raw)),), is_template=False),
    )


def _specification(node: Node, source: Source, *, is_raw: bool) -> ir.Text:
    found = list[ir.Constant | ir.Format]()
    _filled(node, (node.start_byte + 1, node.end_byte), source, found, is_raw=is_raw)
    return ir.Text(place(node), tuple(found), is_template=False)


def _number(node: Node, source: Source) -> ir.Expression:
    try:
        return ir.Constant(place(node), literals.number_of(source.of(node)))
    except ValueError:
        source.fault(node, "a number of too many digits")
        return broken(node, source)


EXPRESSION_ROWS: Final[dict[str, Lower]] = {"string": _string, "concatenated_string": _concatenated, "integer": _number, "float": _number}
