"""SQL that is put together from plain names becomes one text with placeholders, and the names become parameters.

Against injection by the one means that holds: what is bound is never read as SQL. Against an edit that breaks a query: only where each
name stands for a value, the driver is known by the file's imports, and nothing but the text and names is in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from tree_sitter import Node

from ringwork.survey.fixing.edit import Edit, Fix, Left
from ringwork.survey.fixing.source import Source
from ringwork.survey.syntax import text

PLACEHOLDERS: Mapping[str, str] = MappingProxyType(
    {"sqlite3": "?", "psycopg": "%s", "psycopg2": "%s", "pymysql": "%s", "MySQLdb": "%s", "mysql": "%s"}
)
"""How each driver marks a parameter (PEP 249, paramstyle; `format` drivers read %s)."""

_OTHERS = frozenset({"sqlalchemy", "django", "flask_sqlalchemy", "sqlmodel", "asyncpg", "aiosqlite", "databases", "peewee", "tortoise"})
_VALUE = re.compile(r"(?:[=<>]|\b(?:LIKE|ILIKE|BETWEEN|LIMIT|OFFSET)|\bBETWEEN\s+\S+\s+AND)\s*$", re.IGNORECASE)
_ROW = re.compile(r"\bVALUES\s*\([^()]*$", re.IGNORECASE)
_WORDS = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|REPLACE)\b", re.IGNORECASE)
_PLAIN = frozenset({"identifier", "attribute", "subscript"})
_HARD = "the names do not all stand for values, or the text has more than names in it; write placeholders, and the values as a tuple"


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A text that is put together. texts: one more than values. head: prefix and quotes of its literal ("r'''"), tail: the quotes."""

    texts: tuple[str, ...]
    values: tuple[str, ...]
    head: str
    tail: str


def statements(source: Source) -> Iterator[Fix | Left]:
    """Each execute whose only argument is put together."""
    drivers = {PLACEHOLDERS[name] for name in source.modules & PLACEHOLDERS.keys()}
    for call in source.calls:
        if call.method not in {"execute", "executemany"} or call.function.type != "attribute" or not call.positions:
            continue
        query = call.positions[0]
        if not _is_built(query) or not _WORDS.match(_begins(query)):
            continue
        if len(drivers) != 1 or source.modules & _OTHERS:
            yield Left(kind="sql", line=call.line, why="which driver executes it the imports do not tell; bind values as parameters")
            continue
        built = _read(query)
        mended = _mended(built, next(iter(drivers))) if built is not None else None
        if mended is None or len(call.positions) > 1 or call.keywords or not call.is_plain or call.method != "execute":
            yield Left(kind="sql", line=call.line, why=_HARD)
        else:
            edit = Edit(start=query.start_byte, end=query.end_byte, text=mended.encode())
            yield Fix(kind="sql", line=call.line, said=f"{len(built.values) if built else 0} values bound as parameters", edits=(edit,))


def _is_built(node: Node) -> bool:
    if node.type == "string":
        return any(one.type == "interpolation" for one in node.children)
    if node.type == "binary_operator":
        return True
    return node.type == "call" and text(node.child_by_field_name("function")).endswith(".format")


def _begins(node: Node) -> str:
    """The text of the first literal in a node."""
    while node.type != "string":
        below = node.child_by_field_name("left") or node.child_by_field_name("function") or node.child_by_field_name("object")
        if below is None:
            return ""
        node = below
    return "".join(text(one) for one in node.children if one.type == "string_content")


def _read(node: Node) -> Built | None:
    if node.type == "string":
        return _of_f_string(node)
    if node.type == "call":
        return _of_format(node)
    operator = text(node.child_by_field_name("operator"))
    return _of_percent(node) if operator == "%" else _of_sum(node) if operator == "+" else None


def _quotes(node: Node) -> tuple[str, str] | None:
    """Prefix and quotes of a literal; None for bytes and what escapes anything, since positions in it are not its text's."""
    start, end = text(node.children[0]), text(node.children[-1])
    prefix = start.rstrip("\"'")
    if "b" in prefix.lower() or "t" in prefix.lower():
        return None
    return prefix.replace("f", "").replace("F", "") + start[len(prefix) :], end


def _of_f_string(node: Node) -> Built | None:
    quotes, texts, values = _quotes(node), [""], list[str]()
    if quotes is None:
        return None
    for one in node.children[1:-1]:
        if one.type == "string_content":
            texts[-1] += text(one).replace("{{", "{").replace("}}", "}")
        elif one.type == "interpolation":
            inner = one.named_children
            if len(inner) != 1 or inner[0].type not in _PLAIN or text(one).rstrip("}").endswith("="):
                return None
            values.append(text(inner[0]))
            texts.append("")
        else:
            return None
    return Built(texts=tuple(texts), values=tuple(values), head=quotes[0], tail=quotes[1])


def _literal(node: Node | None) -> tuple[str, tuple[str, str]] | None:
    """The text of a plain literal, and its quotes."""
    if node is None or node.type != "string" or any(one.type == "interpolation" for one in node.children):
        return None
    quotes = _quotes(node)
    return None if quotes is None else ("".join(text(one) for one in node.children[1:-1]), quotes)


def _of_percent(node: Node) -> Built | None:
    left, right = _literal(node.child_by_field_name("left")), node.child_by_field_name("right")
    if left is None or right is None:
        return None
    values = right.named_children if right.type == "tuple" else [right]
    texts = left[0].split("%s")
    if any("%" in one.replace("%%", "") for one in texts):
        return None
    return _built([one.replace("%%", "%") for one in texts], values, left[1])


def _of_format(node: Node) -> Built | None:
    function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    left = _literal(function.child_by_field_name("object")) if function is not None else None
    if left is None or arguments is None:
        return None
    texts = left[0].split("{}")
    return None if any(sign in one for one in texts for sign in "{}") else _built(texts, arguments.named_children, left[1])


def _of_sum(node: Node) -> Built | None:
    parts = list(_parts(node))
    quotes = {found[1] for one in parts if (found := _literal(one)) is not None}
    if len(quotes) != 1:
        return None
    texts, values = [""], list[Node]()
    for one in parts:
        found = _literal(one)
        if found is not None:
            texts[-1] += found[0]
        else:
            values.append(one)
            texts.append("")
    return _built(texts, values, quotes.pop())


def _parts(node: Node) -> Iterator[Node]:
    if node.type == "binary_operator" and text(node.child_by_field_name("operator")) == "+":
        for side in ("left", "right"):
            one = node.child_by_field_name(side)
            if one is not None:
                yield from _parts(one)
    else:
        yield node


def _built(texts: Sequence[str], values: Sequence[Node], quotes: tuple[str, str]) -> Built | None:
    if len(values) != len(texts) - 1 or any(one.type not in _PLAIN for one in values):
        return None
    return Built(texts=tuple(texts), values=tuple(text(one) for one in values), head=quotes[0], tail=quotes[1])


def _mended(built: Built, placeholder: str) -> str | None:
    """The arguments of the call: the text with placeholders, and the tuple; None where a name may be something else than a value."""
    whole = ""
    if not built.values:
        return None
    for number, part in enumerate(built.texts):
        now = part
        if number:
            if whole.endswith("'") and now.startswith("'"):
                whole, now = whole[:-1], now[1:]  # a value that is bound needs no quotes
            elif now[:1] in {"'", "%", "_", "."} or now[:1].isalnum():
                return None
            before = re.sub(r"'[^']*'", "?", whole)
            if "'" in before or not (_VALUE.search(before) or _ROW.search(before)):
                return None
            whole += "\0"
        whole += now
    if placeholder == "%s":
        whole = whole.replace("%", "%%")
    listed = f"({built.values[0]},)" if len(built.values) == 1 else f"({', '.join(built.values)})"
    return f"{built.head}{whole.replace(chr(0), placeholder)}{built.tail}, {listed}"
