"""The builtin functions: what they make of what is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ringwork.survey.taint import assigning, attributes, facts, folding, pieces, values
from ringwork.survey.taint.frames import Run
from ringwork.survey.taint.methods import made_of
from ringwork.survey.taint.records import fresh
from ringwork.survey.taint.values import FALSE, NOTHING, TRUE, UNKNOWN, Kind, Value

_PURE = frozenset(
    [
        "abs",
        "bool",
        "callable",
        "divmod",
        "float",
        "hash",
        "hasattr",
        "hex",
        "id",
        "int",
        "isinstance",
        "issubclass",
        "len",
        "oct",
        "ord",
        "pow",
        "print",
        "round",
        "complex",
        "delattr",
        "range",
    ]
)
_ALIKE = frozenset(["str", "repr", "ascii", "bytes", "bytearray", "format", "memoryview"])
_FOLDABLE: Mapping[str, Callable[..., Any]] = {
    "abs": abs, "bool": bool, "chr": chr, "float": float, "hex": hex, "int": int, "len": len, "max": max, "min": min, "oct": oct,
    "ord": ord, "repr": repr, "round": round, "str": str, "sum": sum, "sorted": sorted, "tuple": tuple, "list": list, "any": any,
    "all": all,
}  # fmt: skip


STRUCTURED = frozenset(["map", "filter", "zip", "enumerate", "list", "tuple", "reversed", "next", "iter", "dict", "setattr", "all", "any"])
"""What keeps the parts of its arguments apart, or what was asked of each, where a model would only pass them on."""


def call(run: Run, name: str, arguments: Sequence[Value], keywords: Mapping[str, Value], at: int) -> Value | None:
    """A builtin function; None for one that a model describes, or nobody."""
    function = _FOLDABLE.get(name)
    if function is not None and not keywords and arguments:
        known = [attributes.literal(one) for one in arguments]
        if folding.ABSENT not in known:
            made = folding.attempt(function, *known)
            if made is not folding.ABSENT:
                return made_of(made)
    first = arguments[0] if arguments else UNKNOWN
    if name == "isinstance" and first.kind is Kind.OBJECT and len(arguments) > 1 and arguments[1].kind is Kind.NAMED:
        return _instance(run, first, arguments[1].data)
    if name in _PURE:
        return Value(Kind.UNKNOWN, None, f"builtins.{name}" if name in {"int", "float", "bool"} else "")
    if name in _ALIKE:
        return (
            first
            if first.kind is Kind.TEXT
            else values.unknown(values.within(first), "builtins.bytes" if name == "bytes" else "builtins.str")
        )
    made_by = _BUILTINS.get(name)
    return made_by(run, arguments, keywords) if made_by is not None else None


def _instance(run: Run, value: Value, type_: str) -> Value:
    owner = value.data[0]
    if owner is None:
        return UNKNOWN
    return (
        TRUE if type_ in {owner.dotted, *run.project.bases(owner.dotted)} else FALSE if run.project.class_(type_) is not None else UNKNOWN
    )


def _listed(run: Run, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> Value:
    if not arguments:
        return Value(Kind.ITEMS, (), "builtins.list")
    source = run.apart(arguments[0])
    return fresh(source) if source.kind is Kind.ITEMS else Value(Kind.KEYED, ({}, attributes.element(run, source)), "builtins.list")


def _dict(run: Run, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> Value:
    start = fresh(arguments[0]) if arguments and arguments[0].kind is Kind.KEYED else Value(Kind.KEYED, ({}, None), "builtins.dict")
    if arguments and arguments[0].kind is not Kind.KEYED:
        start = values.unknown(values.within(arguments[0]), arguments[0].type)
    for key, value in keywords.items():
        start = assigning.with_item(start, values.constant(key), value)
    return start


def _enumerate(run: Run, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> Value:
    inner = attributes.element(run, arguments[0]) if arguments else UNKNOWN
    return Value(Kind.KEYED, ({}, Value(Kind.ITEMS, (UNKNOWN, inner), "builtins.tuple")), "builtins.list")


def _zip(run: Run, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> Value:
    inner = Value(Kind.ITEMS, tuple(attributes.element(run, one) for one in arguments), "builtins.tuple")
    return Value(Kind.KEYED, ({}, inner), "builtins.list")


def _map(run: Run, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> Value:
    each = [attributes.element(run, one) for one in arguments[1:]]
    made = run.apply(run, arguments[0], each, {}, None, []) if arguments else UNKNOWN
    return Value(Kind.KEYED, ({}, made), "builtins.list")


def _filter(run: Run, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> Value:
    if len(arguments) < 2:
        return UNKNOWN
    inner = attributes.element(run, arguments[1])
    test = run.apply(run, arguments[0], [inner], {}, None, []) if arguments[0].kind is not Kind.CONSTANT else UNKNOWN
    return Value(Kind.KEYED, ({}, run.settled(inner, facts.of(test)[0])), "builtins.list")


def _next(run: Run, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> Value:
    found = attributes.element(run, arguments[0]) if arguments else UNKNOWN
    return values.join(found, arguments[1]) if len(arguments) > 1 else found


def _same(run: Run, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> Value:
    return arguments[0] if arguments else UNKNOWN


def _chosen(run: Run, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> Value:
    if len(arguments) == 1:
        return attributes.element(run, arguments[0])
    return values.unknown(values.merge([values.within(one) for one in arguments]))


_OF_TESTS = frozenset({facts.GENERATOR, "builtins.list", "builtins.set"})


def _every(run: Run, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> Value:
    """all(test for piece in text): what holds of each piece holds of the text."""
    source = arguments[0] if arguments else UNKNOWN
    seen = facts.of(source) if source.type in _OF_TESTS else facts.NEITHER
    whole = {atom: pieces.of_all(words) for atom, words in seen[0].items()}
    return Value(Kind.UNKNOWN, None, "builtins.bool", NOTHING, (whole, NOTHING))


def _some(run: Run, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> Value:
    source = arguments[0] if arguments else UNKNOWN
    seen = facts.of(source) if source.type in _OF_TESTS else facts.NEITHER
    whole = {atom: pieces.of_all(words) for atom, words in seen[1].items()}
    return Value(Kind.UNKNOWN, None, "builtins.bool", NOTHING, (NOTHING, whole))


def _super(run: Run, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> Value:
    owner = run.frame.owner
    own = run.frame.defined
    mine = run.frame.state.names.get(own.node.parameters[0].name if own is not None and own.node.parameters else "self")
    if owner is None:
        return UNKNOWN
    fields = mine.data[1] if mine is not None and mine.kind is Kind.OBJECT else {}
    return Value(Kind.OBJECT, (owner, fields), attributes.SUPER, values.within(mine) if mine is not None else NOTHING)


_BUILTINS: Mapping[str, Callable[..., Value]] = {
    "list": _listed, "tuple": _listed, "set": _listed, "frozenset": _listed, "sorted": _listed, "reversed": _listed, "iter": _same,
    "aiter": _same, "dict": _dict, "enumerate": _enumerate, "zip": _zip, "map": _map, "filter": _filter, "next": _next, "anext": _next,
    "chr": lambda run, arguments, keywords: values.unknown(NOTHING, "builtins.str"), "max": _chosen, "min": _chosen, "sum": _chosen,
    "all": _every, "any": _some, "super": _super, "staticmethod": _same, "classmethod": _same,
    "type": lambda run, arguments, keywords: UNKNOWN,
    "vars": _same,
}  # fmt: skip


def attribute(run: Run, arguments: Sequence[Value]) -> Value | None:
    """getattr(something, name): of a known name the attribute itself; of one whose beginning is known, any that begins so."""
    receiver, name = arguments[0], arguments[1]
    if name.kind is Kind.CONSTANT and isinstance(name.data, str):
        found = attributes.of(run, receiver, name.data, 0)
        return values.join(found, arguments[2]) if len(arguments) > 2 else found
    prefix = attributes.text_before(name)
    if receiver.kind is Kind.NAMED and prefix:
        return values.named(f"{receiver.data}.{prefix}*")
    return None


def as_module(run: Run, value: Value) -> Value:
    """A module of the project, as what it is: whoever chooses among its names chooses what runs."""
    is_module = value.kind is Kind.NAMED and run.project.unit(value.data) is not None
    return UNKNOWN.typed("types.ModuleType") if is_module else value
