"""Which part of what a place is given matters there: the body of an answer, the operators of a filter, the instructions of a model.

Against a finding about a value that does nothing where it stands: under a constant name of a filter, or as what a user said.
"""

from __future__ import annotations

from ringwork.survey.taint import kept_passwords, values
from ringwork.survey.taint.parts import Position
from ringwork.survey.taint.values import UNKNOWN, Kind, Value

_TEXTS = frozenset({"query", "form", "header", "cookie", "path"})
_CODE = frozenset({"$where", "$function", "$accumulator", "$expr"})
_SPEAKERS = frozenset({"user", "assistant", "tool", "function"})


def part(kind: str, place: Position, value: Value) -> Value:
    """The part of an input that matters in a place."""
    if kind == "html" and value.kind is Kind.ITEMS and value.type == "builtins.tuple" and value.data:
        body: Value = value.data[0]
        return body  # an answer's body, before its status and headers
    if kind == "nosql" and value.kind is Kind.KEYED:
        return _operators(value)
    if kind == kept_passwords.KIND:
        return kept_passwords.document(value)
    if kind == "prompt":
        return _instructions(value)
    if (place == "**" or kind == "bind") and value.kind is Kind.KEYED:
        return values.unknown(value.taint)  # its names are the program's own; only they matter
    return value


def _instructions(value: Value) -> Value:
    """The messages that tell a model what to do: what a user, a tool or the model itself said stands in messages of their own."""
    if value.kind is Kind.ITEMS:
        return Value(Kind.ITEMS, tuple(map(_instructions, value.data)), value.type, value.taint)
    if value.kind is not Kind.KEYED:
        return value
    fields, rest = value.data
    role = fields.get("role")
    if role is not None and role.kind is Kind.CONSTANT:
        return UNKNOWN if role.data in _SPEAKERS else value
    return Value(Kind.KEYED, (fields, _instructions(rest) if rest is not None else None), value.type, value.taint)


def _operators(value: Value) -> Value:
    """What of a filter may be more than a text to compare with: text under a constant name is none, but for code under $where.

    Nor is it where the names are not known and yet none that a request chose, as those of a loop over the program's own.
    """
    fields, rest = value.data
    kept = {key: _operator(inner) for key, inner in fields.items() if not _is_text(inner) or _is_run(str(key), inner)}
    if rest is not None and not value.taint and _is_text(rest):
        rest = None
    return Value(Kind.KEYED, (kept, rest), value.type, value.taint)


def _is_run(key: str, value: Value) -> bool:
    """Whether a text under an operator is more than a text: code, or a pattern in which the signs of patterns were left as they are."""
    return key in _CODE or (key == "$regex" and not all("regex" in mark.clean for mark in values.within(value).values()))


def _operator(value: Value) -> Value:
    if value.kind is Kind.KEYED:
        return _operators(value)
    if value.kind is Kind.ITEMS and not value.taint:
        return Value(Kind.ITEMS, tuple(_operator(inner) for inner in value.data if not _is_text(inner)), value.type)
    return value


def _is_text(value: Value) -> bool:
    """Whether a value is no more than a text: by its type, or as it was read from where a request brings nothing else."""
    return value.type == "builtins.str" or (value.facts is not None and all(atom.kind in _TEXTS for atom in value.taint))
