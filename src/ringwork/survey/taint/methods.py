"""The methods of text, lists and dicts: what they make of what is known."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ringwork.survey.taint import assigning, attributes, facts, folding, pieces, places, unbound, values
from ringwork.survey.taint.frames import Run
from ringwork.survey.taint.values import NOTHING, UNKNOWN, Kind, Value

_FOLDED = frozenset(
    [
        "strip",
        "lstrip",
        "rstrip",
        "lower",
        "upper",
        "title",
        "capitalize",
        "casefold",
        "swapcase",
        "split",
        "rsplit",
        "splitlines",
        "partition",
        "rpartition",
        "replace",
        "format",
        "join",
        "startswith",
        "endswith",
        "find",
        "index",
        "rfind",
        "rindex",
        "count",
        "encode",
        "decode",
        "isalnum",
        "isalpha",
        "isdigit",
        "isdecimal",
        "isnumeric",
        "islower",
        "isupper",
        "isspace",
        "isidentifier",
        "zfill",
        "center",
        "ljust",
        "rjust",
        "expandtabs",
        "removeprefix",
        "removesuffix",
    ]
)
_SAME = frozenset(
    [
        "strip",
        "lstrip",
        "rstrip",
        "lower",
        "upper",
        "title",
        "capitalize",
        "casefold",
        "swapcase",
        "zfill",
        "center",
        "ljust",
        "rjust",
        "expandtabs",
        "removeprefix",
        "removesuffix",
        "encode",
        "translate",
        "format_map",
        "hex",
        "tobytes",
        "__str__",
    ]
)
_PIECES = frozenset({"split", "rsplit", "splitlines", "partition", "rpartition"})
_COUNTS = frozenset({"find", "index", "rfind", "rindex", "count", "islower", "isupper", "isspace", "istitle", "isascii", "isprintable"})
_CLEARS = frozenset({"isalnum", "isalpha", "isdigit", "isdecimal", "isnumeric", "isidentifier"})
SHIFTING = frozenset({"pop", "popleft", "reverse", "sort", "insert", "remove", "rotate", "appendleft", "extendleft"})
"""Methods after which other items of a list stand where a check found some."""
_MOST = 50
TEXTS = frozenset({"builtins.str", "builtins.bytes"})


def text(run: Run, receiver: Value, name: str, arguments: Sequence[Value], at: int) -> Value | None:
    """A method of text, for what is known as text or may be it; None where text has none of this name."""
    if receiver.kind is Kind.CONSTANT and name in _FOLDED:
        known = [attributes.literal(one) for one in arguments]
        if folding.ABSENT not in known and isinstance(receiver.data, str | bytes):
            made = folding.method(receiver.data, name, known)
            if made is not folding.ABSENT:
                return made_of(made)
    taint = values.within(receiver)
    if name in _SAME and receiver.type.startswith(facts.PART):
        return values.unknown(taint, receiver.type)
    if name in _SAME:
        return values.unknown(taint, "builtins.bytes" if name == "encode" else "builtins.str")
    if name == "decode":
        return values.unknown(taint, "builtins.str")
    if name in _PIECES:
        return Value(Kind.KEYED, ({}, _between(receiver, taint, arguments)), "builtins.list")
    if name in _COUNTS:
        return Value(Kind.UNKNOWN, None, "builtins.int")
    if name in _CLEARS:
        return Value(Kind.UNKNOWN, None, "builtins.bool", NOTHING, (facts.told(receiver, facts.PLAIN), NOTHING))
    if name in {"startswith", "endswith"}:
        return Value(Kind.UNKNOWN, None, "builtins.bool", NOTHING, _begins(receiver, name, arguments))
    if name == "replace":
        return _replaced(run, receiver, arguments, at)
    if name == "join":
        return _joined(run, receiver, arguments, at)
    if name == "format":
        return _formatted(run, receiver, arguments, at)
    return None


def made_of(made: Any) -> Value:
    """What Python itself made of constants."""
    if isinstance(made, list | tuple):
        return Value(Kind.ITEMS, tuple(values.constant(one) for one in made), f"builtins.{type(made).__name__}")
    return values.constant(made)


def _between(receiver: Value, taint: values.Taint, arguments: Sequence[Value]) -> Value:
    """A piece between separators; the host without its port, or behind a user's name, is as good as the host."""
    separator = attributes.literal(arguments[0]) if arguments else None
    if receiver.type.startswith(facts.PART) and separator in {":", "@"}:
        return values.unknown(taint, receiver.type)
    return values.unknown(values.piece(taint, pieces.SPLIT) if taint else taint, "builtins.str")


def _begins(receiver: Value, name: str, arguments: Sequence[Value]) -> facts.Both:
    first = arguments[0] if arguments else UNKNOWN
    if receiver.type.startswith(facts.PART):  # how a part of an address begins or ends says nothing of the whole, but for a domain
        ending = attributes.literal(first)
        is_domain = name == "endswith" and isinstance(ending, str | tuple) and all(one[:1] == "." for one in facts.several(ending))
        return (facts.told(receiver, receiver.type[len(facts.PART) :]) if is_domain else NOTHING), NOTHING
    sign = "^" if name == "startswith" else "$"
    normal = {atom for atom, mark in values.within(receiver).items() if facts.NORMAL in mark.clean}
    if normal and sign == "^" and not values.within(first):
        # A path that was normalised and begins as some folder does, lies in it.
        inside = {atom: mark for atom, mark in values.within(receiver).items() if atom in normal}
        return facts.said(inside, frozenset({"path"})), NOTHING
    known = attributes.literal(first)
    if isinstance(known, str) and known:
        true = facts.told(receiver, f"{sign}{known}")
        if sign == "^" and _fixes_host(known):
            true = facts.told(receiver, f"^{known}", "netloc")
        return true, facts.told(receiver, f"-{sign}{known}")
    if isinstance(known, tuple):
        texts = [one for one in known if isinstance(one, str)]
        is_ours = sign == "^" and bool(texts) and len(texts) == len(known) and all(_fixes_host(one) for one in texts)
        return facts.told(receiver, "netloc") if is_ours else NOTHING, facts.told(receiver, *(f"-{sign}{one}" for one in texts))
    return facts.NEITHER


def _fixes_host(prefix: str) -> bool:
    """Whether an address that begins so leads to a host that is fixed: to one that is named with its end, or to a path of the site."""
    scheme, separator, rest = prefix.partition("://")
    # Against //evil.example, and what browsers take for it: a backslash, and a character that they leave out.
    is_path = prefix[:1] == "/" and prefix[1:2].isprintable() and prefix[1:2] not in {"", "/", "\\", " "}
    return is_path or bool(separator and scheme.isalnum() and "/" in rest and not rest.startswith("/"))


def _replaced(run: Run, receiver: Value, arguments: Sequence[Value], at: int) -> Value:
    known = [attributes.literal(one) for one in arguments[:2]]
    taint = values.within(receiver)
    if len(known) == 2 and isinstance(known[0], str) and isinstance(known[1], str) and known[0] and known[0] not in known[1]:
        if known[1] or len(set(known[0])) == 1:  # against ....//, of which taking ../ out once makes one
            taint = values.cleaned(taint, frozenset({f"-{known[0]}"}))
    elif len(arguments) > 1:
        taint = values.merge([taint, values.within(places.operands(run, receiver, arguments[1], at)[1])])
    return values.unknown(taint, receiver.type or "builtins.str")


def _joined(run: Run, receiver: Value, arguments: Sequence[Value], at: int) -> Value:
    source = arguments[0] if arguments else UNKNOWN
    if source.kind is Kind.ITEMS:
        parts: list[str | Value] = []
        for index, item in enumerate(source.data):
            parts += [receiver, item] if index else [item]
        return places.text(run, parts, at, is_joined=True)
    # Queries have a method of this name too, so that what nobody knows to be text stays what it is.
    is_text = receiver.kind in {Kind.CONSTANT, Kind.TEXT} or receiver.type in TEXTS
    taint = values.merge([values.within(receiver), values.within(attributes.element(run, source))])
    return values.unknown(taint, "builtins.str" if is_text else "")


def _formatted(run: Run, receiver: Value, arguments: Sequence[Value], at: int) -> Value:
    """str.format, where its constant text can be told apart."""
    template = receiver.data if receiver.kind is Kind.CONSTANT and isinstance(receiver.data, str) else None
    taint = values.merge([values.within(receiver), *(values.within(one) for one in arguments)])
    if template is None:
        return values.unknown(taint, "builtins.str")
    before = template.partition("{")[0]
    pieces = template.replace("{{", "\x01").replace("}}", "\x02").split("{}")
    if len(pieces) == len(arguments) + 1 and not any("{" in piece for piece in pieces):
        parts: list[str | Value] = [pieces[0].replace("\x01", "{").replace("\x02", "}")]
        for value, piece in zip(arguments, pieces[1:], strict=True):
            parts += [value, piece.replace("\x01", "{").replace("\x02", "}")]
        return places.text(run, parts, at)
    if not taint and (opened := [one for one in arguments if unbound.is_open(one)]):
        return values.text_of((before, opened[0], template.partition("}")[2]))
    return places.text(run, (before, values.unknown(taint)), at) if taint else values.unknown(NOTHING, "builtins.str")


# -- lists and dicts --------------------------------------------------------------------------------------------


def container(
    run: Run, receiver: Value, name: str, arguments: Sequence[Value], keywords: Mapping[str, Value]
) -> tuple[Value, Value] | None:
    """A method of a list, set or dict: its result and the receiver afterwards; None where there is none of this name."""
    changed = _CHANGES.get(name)
    if receiver.kind is Kind.SEVERAL and all(one.kind in {Kind.ITEMS, Kind.KEYED} for one in receiver.data):
        # A list that got an item on one way only is one of two lists, and each takes the next.
        each = [made for one in receiver.data if (made := container(run, one, name, arguments, keywords)) is not None]
        return (_either(result for result, _ in each), _either(after for _, after in each)) if each else None
    if changed is not None:
        return changed(run, receiver, arguments, keywords)
    first = arguments[0] if arguments else UNKNOWN
    if name == "get" and receiver.kind is Kind.KEYED:
        found = attributes.item(run, receiver, first, 0)
        is_there = first.kind is Kind.CONSTANT and first.data in receiver.data[0]
        return (found if is_there else values.join(found, arguments[1] if len(arguments) > 1 else values.NONE)), receiver
    if name in {"keys", "copy", "values", "items"}:
        return _view(run, receiver, name), receiver
    if name in {"index", "count"}:
        return UNKNOWN, receiver
    return None


def _either(each: Iterable[Value]) -> Value:
    return functools.reduce(values.join, each)


def _view(run: Run, receiver: Value, name: str) -> Value:
    if name == "copy":
        return Value(receiver.kind, receiver.data, receiver.type, receiver.taint)  # another thing
    if receiver.kind is not Kind.KEYED or receiver.type not in {"builtins.dict", ""}:
        return values.unknown(values.within(receiver))
    fields, rest = receiver.data
    if name == "keys":
        return Value(Kind.KEYED, ({}, values.unknown(receiver.taint)), "builtins.list")
    inner = attributes.element(run, Value(Kind.KEYED, (fields, rest), "builtins.list"))
    if name == "items":
        inner = Value(Kind.ITEMS, (values.unknown(receiver.taint), inner), "builtins.tuple")
    return Value(Kind.KEYED, ({}, inner), "builtins.list")


VIEWS = frozenset({"items", "keys", "values"})
MAPPINGS = frozenset({"", "builtins.dict", "typing.Dict", "typing.Mapping", "collections.abc.Mapping", "collections.OrderedDict"})
"""Types of a value of which no more may be known, and which is gone through in this way."""


def view_of(receiver: Value, name: str) -> Value:
    """Going through something that is not known, by methods that hardly anything but a dict has."""
    inner = values.unknown(receiver.taint)
    pair = Value(Kind.ITEMS, (inner, inner), "builtins.tuple") if name == "items" else inner
    return Value(Kind.KEYED, ({}, pair), "builtins.list")


Change = tuple[Value, Value]


def _append(run: Run, receiver: Value, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> Change:
    value = arguments[-1] if arguments else UNKNOWN
    if receiver.kind is Kind.ITEMS and len(receiver.data) < _MOST and len(arguments) == 1:
        return values.NONE, Value(Kind.ITEMS, (*receiver.data, value), receiver.type, receiver.taint)
    return values.NONE, _holding(run, receiver, value)


def _holding(run: Run, receiver: Value, value: Value) -> Value:
    inner = values.join(attributes.element(run, receiver), value) if receiver.kind in {Kind.ITEMS, Kind.KEYED} else None
    if inner is not None and (receiver.kind is not Kind.ITEMS or receiver.data):
        return Value(Kind.KEYED, ({}, inner), receiver.type or "builtins.list", receiver.taint)
    if receiver.kind is Kind.ITEMS:
        return Value(Kind.KEYED, ({}, value), receiver.type)
    return values.unknown(values.merge([values.within(receiver), values.within(value)]), receiver.type)


def _extend(run: Run, receiver: Value, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> Change:
    other = arguments[0] if arguments else UNKNOWN
    if receiver.kind is Kind.ITEMS and other.kind is Kind.ITEMS and len(receiver.data) + len(other.data) <= _MOST:
        return values.NONE, Value(Kind.ITEMS, receiver.data + other.data, receiver.type)
    return values.NONE, _holding(run, receiver, attributes.element(run, other))


def _insert(run: Run, receiver: Value, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> Change:
    where = attributes.literal(arguments[0]) if arguments else folding.ABSENT
    if receiver.kind is Kind.ITEMS and isinstance(where, int) and len(arguments) == 2 and len(receiver.data) < _MOST:
        items = list(receiver.data)
        items.insert(where, arguments[1])
        return values.NONE, Value(Kind.ITEMS, tuple(items), receiver.type, receiver.taint)
    return values.NONE, _holding(run, receiver, arguments[-1] if arguments else UNKNOWN)


def _pop(run: Run, receiver: Value, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> Change:
    which = attributes.literal(arguments[0]) if arguments else -1
    if receiver.kind is Kind.ITEMS and isinstance(which, int) and -len(receiver.data) <= which < len(receiver.data):
        items = list(receiver.data)
        found = items.pop(which)
        return found, Value(Kind.ITEMS, tuple(items), receiver.type, receiver.taint)
    if receiver.kind is Kind.KEYED and receiver.type == "builtins.dict" and arguments:
        found = attributes.item(run, receiver, arguments[0], 0)
        kept = {key: value for key, value in receiver.data[0].items() if key != which or which is folding.ABSENT}
        found = values.join(found, arguments[1]) if len(arguments) > 1 and which not in receiver.data[0] else found
        return found, Value(Kind.KEYED, (kept, receiver.data[1]), receiver.type, receiver.taint)
    return attributes.element(run, receiver), receiver


def _remove(run: Run, receiver: Value, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> Change:
    if receiver.kind is Kind.ITEMS:
        return values.NONE, Value(Kind.KEYED, ({}, attributes.element(run, receiver)), receiver.type)
    return values.NONE, receiver


def _clear(run: Run, receiver: Value, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> Change:
    empty: Any = () if receiver.kind is Kind.ITEMS else ({}, None)
    return values.NONE, Value(receiver.kind, empty, receiver.type) if receiver.kind in {Kind.ITEMS, Kind.KEYED} else receiver


def _reverse(run: Run, receiver: Value, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> Change:
    if receiver.kind is Kind.ITEMS:
        return values.NONE, Value(Kind.ITEMS, receiver.data[::-1], receiver.type, receiver.taint)
    return values.NONE, receiver


def _update(run: Run, receiver: Value, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> Change:
    changed = receiver
    for other in arguments:
        if changed.kind is Kind.KEYED and other.kind is Kind.KEYED and other.type == "builtins.dict":
            rest = changed.data[1] if other.data[1] is None else other.data[1]
            changed = Value(Kind.KEYED, ({**changed.data[0], **other.data[0]}, rest), changed.type, changed.taint)
        else:
            changed = assigning.with_item(changed, UNKNOWN, values.unknown(values.within(other)))
    for key, value in keywords.items():
        changed = assigning.with_item(changed, values.constant(key), value)
    return values.NONE, changed


def _setdefault(run: Run, receiver: Value, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> Change:
    if len(arguments) < 2:
        return attributes.item(run, receiver, arguments[0], 0) if arguments else UNKNOWN, receiver
    is_there = receiver.kind is Kind.KEYED and arguments[0].kind is Kind.CONSTANT and arguments[0].data in receiver.data[0]
    found = attributes.item(run, receiver, arguments[0], 0) if is_there else arguments[1]
    return found, receiver if is_there else assigning.with_item(receiver, arguments[0], arguments[1])


_CHANGES: Mapping[str, Callable[..., Change]] = {
    "append": _append, "add": _append, "appendleft": _append, "extend": _extend, "insert": _insert, "pop": _pop, "popleft": _pop,
    "remove": _remove, "discard": _remove, "clear": _clear, "reverse": _reverse, "sort": _remove, "update": _update,
    "setdefault": _setdefault,
}  # fmt: skip
CHANGING = frozenset(_CHANGES)
