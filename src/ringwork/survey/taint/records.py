"""Named tuples, dataclasses, functions with some arguments given already, and attributes by their names: what of a thing is where.

Against a tool that knows only that something of a thing is from a request: which field is asked for is what matters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ringwork.survey.taint import assigning, attributes, ir, sinks, values
from ringwork.survey.taint.frames import Run
from ringwork.survey.taint.units import DefinedClass
from ringwork.survey.taint.values import NONE, Kind, Value
from ringwork.survey.taint.walk import names as names_in

PARTIAL = "functools.partial"
_DUMPS = frozenset({"model_dump", "dict"})
_PYDANTIC = "pydantic.BaseModel"
_STORED = ("Model", "DeclarativeBase", "Document")
"""Ends of the names of what classes of stored things are made of."""
_TUPLE = "ringwork:named-tuple"
_MAKER = "ringwork:named-tuple-maker"
_TUPLES = frozenset({"typing.NamedTuple", "collections.namedtuple"})


def fields(run: Run, owner: DefinedClass) -> list[str]:
    """The annotated fields of a class in the order in which it takes them, those of its bases first."""
    found: dict[str, None] = {}
    for base in (*reversed(run.project.bases(owner.dotted)), owner.dotted):
        inner = run.project.class_(base)
        if inner is None:
            continue
        found.update(dict.fromkeys(_listed(run, inner)))
        for name, annotation in inner.annotations.items():
            if not name.startswith("_") and not _is_class_level(annotation):
                found[name] = None
    return list(found)


def _listed(run: Run, owner: DefinedClass) -> list[str]:
    """The fields of `class Search(namedtuple("Search", "title order"))`."""
    for base in owner.node.bases:
        if isinstance(base, ir.Call) and len(base.arguments) > 1 and run.project.resolve(owner.unit, base.function) in _TUPLES:
            maker = _named_tuple(run, [run.at_top(owner.unit, one) for one in base.arguments], {}, None)
            return list(maker.data[1]) if maker is not None else []
    return []


def _is_class_level(annotation: ir.Expression) -> bool:
    named = annotation.of if isinstance(annotation, ir.Item) else annotation
    return (named.name if isinstance(named, ir.Attribute) else named.id if isinstance(named, ir.Name) else "") == "ClassVar"


def as_tuple(run: Run, value: Value) -> Value:
    """A named tuple as the plain tuple that it is; anything else as it is."""
    if value.kind is not Kind.OBJECT:
        return value
    owner, held = value.data
    if value.type == _TUPLE:
        return Value(Kind.ITEMS, tuple(held.values()), "builtins.tuple", value.taint)
    if owner is None or not (_TUPLES.intersection(run.project.bases(owner.dotted)) or _listed(run, owner)):
        return value
    each = tuple(held.get(name) or attributes.of(run, value, name, 0) for name in fields(run, owner))
    return Value(Kind.ITEMS, each, "builtins.tuple", value.taint)


def made(callee: Value, arguments: Sequence[Value], keywords: Mapping[str, Value], spread: Sequence[Value]) -> Value | None:
    """What a class that namedtuple() gave makes; None for any other thing that is called."""
    if callee.type != _MAKER:
        return None
    held = dict(zip(callee.data[1], arguments, strict=False))
    held.update({name: value for name, value in keywords.items() if name in callee.data[1]})
    rest = values.unknown(values.merge([values.within(one) for one in spread]))
    return Value(Kind.OBJECT, (None, {name: held.get(name, rest) for name in callee.data[1]}), _TUPLE)


def method(run: Run, receiver: Value, name: str, keywords: Mapping[str, Value]) -> Value | None:
    """What records have by nature: copies with some fields changed, and all fields as a dict."""
    if name in _DUMPS and receiver.type:
        return _dumped(run, receiver)
    if receiver.kind is not Kind.OBJECT or not receiver.data[1]:
        return None
    if name == "_replace":
        return _replaced(receiver, keywords)
    if name == "_asdict":
        return Value(Kind.KEYED, (dict(receiver.data[1]), None), "builtins.dict", receiver.taint)
    return None


def _dumped(run: Run, receiver: Value) -> Value | None:
    """The dict of a pydantic model: its names are the program's own, unless it takes others too."""
    owner = run.project.class_(receiver.type)
    if owner is None or _PYDANTIC not in run.project.bases(owner.dotted):
        return None
    config = run.project.attribute(owner, "model_config")
    if config is not None and "extra" in names_in(config[1]):
        return None
    held = {name: attributes.of(run, receiver, name, 0) for name in fields(run, owner)}
    return Value(Kind.KEYED, (held, None), "builtins.dict") if held else None


def _replaced(receiver: Value, keywords: Mapping[str, Value]) -> Value:
    changed = {name: value for name, value in keywords.items() if name != "**"}
    taint = values.merge([receiver.taint, values.within(keywords["**"])]) if "**" in keywords else receiver.taint
    return Value(Kind.OBJECT, (receiver.data[0], {**receiver.data[1], **changed}), receiver.type, taint)


# -- functions of the standard library that take things apart ------------------------------------------------------


def _partial(run: Run, arguments: Sequence[Value], keywords: Mapping[str, Value], node: ir.Call | None) -> Value | None:
    if not arguments:
        return None
    given = Value(Kind.ITEMS, tuple(arguments[1:]), "builtins.tuple")
    named = Value(Kind.KEYED, (dict(keywords), None), "builtins.dict")
    return Value(Kind.OBJECT, (None, {"function": arguments[0], "given": given, "named": named}), PARTIAL)


def _set(run: Run, arguments: Sequence[Value], keywords: Mapping[str, Value], node: ir.Call | None) -> Value | None:
    if len(arguments) != 3:
        return None
    if arguments[1].kind is not Kind.CONSTANT or not isinstance(arguments[1].data, str):
        first = node.arguments[0] if node is not None and len(node.arguments) == 3 else None
        return _bound(run, arguments, node.at if node is not None else 0, first)
    shown = node.arguments[0] if node is not None and len(node.arguments) == 3 else None
    assigning.with_field(run, arguments[0], arguments[1].data, arguments[2], shown)
    return NONE


def _bound(run: Run, arguments: Sequence[Value], at: int, shown: ir.Expression | None) -> Value | None:
    """setattr(user, name, value), both from a request: whoever sends them sets whatever field of a stored thing there is."""
    thing, name, value = arguments
    if thing.kind is Kind.OBJECT and values.within(value) and shown is not None:
        # Any of its fields may be the one: those that nobody gave a value are of the same make.
        held = values.merge([thing.taint, values.within(value)])
        assigning.change(run, thing, Value(Kind.OBJECT, thing.data, thing.type, held), shown)
    owner = thing.data[0] if thing.kind is Kind.OBJECT else run.project.class_(thing.type) if thing.type else None
    is_stored = owner is None or any(base.endswith(_STORED) for base in run.project.bases(owner.dotted))
    if not is_stored or not values.within(name) or not values.within(value):
        return None
    sinks.arrive(run, "bind", "setattr", name, at)
    return NONE


def _copied(run: Run, arguments: Sequence[Value], keywords: Mapping[str, Value], node: ir.Call | None) -> Value | None:
    first = arguments[0] if arguments else None
    return fresh(first) if first is not None and first.kind in {Kind.OBJECT, Kind.ITEMS, Kind.KEYED} else None


def fresh(value: Value) -> Value:
    """Another thing that holds the same."""
    return Value(value.kind, value.data, value.type, value.taint, value.facts)


_EMPTY: Mapping[str, Value] = {
    "builtins.list": Value(Kind.ITEMS, (), "builtins.list"),
    "builtins.dict": Value(Kind.KEYED, ({}, None), "builtins.dict"),
}


def _defaults(run: Run, arguments: Sequence[Value], keywords: Mapping[str, Value], node: ir.Call | None) -> Value | None:
    """defaultdict(list): a dict that has an empty list under every name."""
    if len(arguments) != 1 or keywords or arguments[0].kind is not Kind.NAMED:
        return None
    return Value(Kind.KEYED, ({}, _EMPTY.get(arguments[0].data)), "builtins.dict")


def _replace(run: Run, arguments: Sequence[Value], keywords: Mapping[str, Value], node: ir.Call | None) -> Value | None:
    is_known = bool(arguments) and arguments[0].kind is Kind.OBJECT and bool(arguments[0].data[1])
    return _replaced(arguments[0], keywords) if is_known else None


def _as_dict(run: Run, arguments: Sequence[Value], keywords: Mapping[str, Value], node: ir.Call | None) -> Value | None:
    return method(run, arguments[0], "_asdict", {}) if arguments else None


def _as_values(run: Run, arguments: Sequence[Value], keywords: Mapping[str, Value], node: ir.Call | None) -> Value | None:
    first = arguments[0] if arguments else None
    if first is None or first.kind is not Kind.OBJECT or first.data[0] is None:
        return None
    each = tuple(attributes.of(run, first, name, 0) for name in fields(run, first.data[0]))
    return Value(Kind.ITEMS, each, "builtins.tuple", first.taint)


def _named_tuple(run: Run, arguments: Sequence[Value], keywords: Mapping[str, Value], node: ir.Call | None) -> Value | None:
    """namedtuple("Search", "title order"), NamedTuple("Search", [("title", str)]): the class that it gives."""
    said: Any = attributes.literal(arguments[1]) if len(arguments) > 1 else None
    if isinstance(said, str):
        names = said.replace(",", " ").split()
    elif len(arguments) > 1 and arguments[1].kind is Kind.ITEMS:
        each = [one.data[0] if one.kind is Kind.ITEMS and one.data else one for one in arguments[1].data]
        names = [one.data for one in each if one.kind is Kind.CONSTANT and isinstance(one.data, str)]
    else:
        return None
    return Value(Kind.OBJECT, (None, dict.fromkeys(names, NONE)), _MAKER)


def _field(run: Run, arguments: Sequence[Value], keywords: Mapping[str, Value], node: ir.Call | None) -> Value | None:
    """field(default_factory=Repository): what an object holds that was not given another."""
    factory = keywords.get("default_factory", keywords.get("factory"))
    if factory is not None and factory.kind in {Kind.NAMED, Kind.LOCAL}:
        return run.apply(run, factory, [], {}, node, [])
    return keywords.get("default")


def _namespace(run: Run, arguments: Sequence[Value], keywords: Mapping[str, Value], node: ir.Call | None) -> Value | None:
    if arguments or "**" in keywords:
        return None
    return Value(Kind.OBJECT, (None, dict(keywords)), "types.SimpleNamespace")


Special = Callable[[Run, Sequence[Value], Mapping[str, Value], ir.Call | None], Value | None]
SPECIAL: Mapping[str, Special] = {
    PARTIAL: _partial, "builtins.setattr": _set, "copy.copy": _copied, "copy.deepcopy": _copied, "dataclasses.replace": _replace,
    "copy.replace": _replace, "dataclasses.asdict": _as_dict, "dataclasses.astuple": _as_values, "collections.namedtuple": _named_tuple,
    "typing.NamedTuple": _named_tuple, "types.SimpleNamespace": _namespace,
    "collections.defaultdict": _defaults,
    **dict.fromkeys(["dataclasses.field", "attr.ib", "attrs.field", "pydantic.Field", "pydantic.fields.Field"], _field),
}  # fmt: skip
"""What stands here is asked before the models; None leaves it to them."""
