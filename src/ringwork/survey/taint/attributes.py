"""What a name, an attribute, an index and an assignment mean for what is known of a value."""

from __future__ import annotations

import stat
from typing import Any

from ringwork.survey.taint import applications, cleaned, environ, facts, folding, ir, pieces, unbound, values
from ringwork.survey.taint.frames import Run
from ringwork.survey.taint.units import DefinedClass, Unit
from ringwork.survey.taint.values import FALSE, UNKNOWN, Atom, Kind, Mark, Taint, Value

SUPER = "ringwork:super"
PARSED = frozenset({"urllib.parse.ParseResult", "urllib.parse.SplitResult", "yarl.URL", "httpx.URL", "starlette.datastructures.URL"})
_PARTS = {"netloc": "netloc", "hostname": "netloc", "host": "netloc", "scheme": "scheme"}
_OF_NAMES = frozenset({"suffix", "suffixes", "stem"})
"""What of a path says nothing of where it leads."""
_PROPERTIES = frozenset(
    {"property", "cached_property", "functools.cached_property", "django.utils.functional.cached_property", "hybrid_property"}
)
PATHS = facts.PATHS
NUMBERS = frozenset({
    "builtins.int", "builtins.float", "builtins.bool", "builtins.complex", "decimal.Decimal", "uuid.UUID", "datetime.date",
    "datetime.datetime", "datetime.time", "datetime.timedelta", "ipaddress.IPv4Address", "ipaddress.IPv6Address", "typing.Literal",
    "typing_extensions.Literal", "pydantic.UUID4", "pydantic.PositiveInt", "pydantic.NonNegativeInt", "enum.Enum", "fractions.Fraction",
})  # fmt: skip
"""Types whose values are no text that somebody could choose freely."""
MAPPING = "aiohttp.web.Request"
"""A request that is itself a mapping of what is kept for it."""
TYPED_KEY = "aiohttp.web.AppKey"
"""A key that says of which class the thing is that an application keeps under it."""
KEEPERS = frozenset({"django.http.HttpRequest", "rest_framework.request.Request", "starlette.datastructures.State"})
"""Types of what lives as long as one request, on which a middleware keeps things by names of its own."""
OF_REQUESTS = frozenset({"flask.g", "quart.g"})
"""Objects of libraries that keep what functions put into them, for as long as one request lasts."""
_INNER_TYPES = frozenset({
    "typing.Optional", "typing.Annotated", "typing_extensions.Annotated", "typing.Final", "typing.ClassVar", "typing.Union",
    "sqlalchemy.orm.Mapped",
})  # fmt: skip
_MODES = {f"stat.{name}": value for name, value in sorted(vars(stat).items()) if name.startswith("S_I") and isinstance(value, int)}
"""The bits of a file's mode, whose names stand for the same numbers everywhere."""


def named(run: Run, dotted: str) -> Value:
    """What a dotted name stands for."""
    dotted = run.project.canonical(dotted)
    if dotted in _MODES:
        return values.constant(_MODES[dotted])
    if dotted in OF_REQUESTS and run.has_changed_modules:
        module, _, last = dotted.rpartition(".")
        kept = run.frame.state.names.get(f"{module}:{last}")
        if kept is not None:
            return kept
    type_ = run.models.value(dotted)
    if type_:
        return Value(Kind.UNKNOWN, None, type_)
    head, _, last = dotted.rpartition(".")
    unit = run.project.unit(head) if head else None
    if unit is not None and last in unit.gives and last not in unit.functions and last not in unit.classes:
        return run.global_value(unit, last)
    if head and run.project.class_(head) is not None:
        return of(run, values.named(head), last, 0)
    return values.named(dotted)


def global_name(run: Run, unit: Unit, name: str) -> Value:
    """What a global name of a module holds."""
    dotted = run.project.global_name(unit, name)
    if name == "DEBUG":
        return FALSE
    if not dotted:
        return unbound.value(name)
    if dotted == f"{unit.name}.{name}" and name in unit.gives and name not in unit.functions and name not in unit.classes:
        return run.global_value(unit, name)
    return named(run, dotted)


_FORESEEN = frozenset({"code", "description", "detail", "headers", "name", "status", "status_code"})
"""What only those exceptions have whose answer somebody wrote: abort(403, "..."), HTTPException(detail="...")."""


_OF_CLASS = frozenset({"_meta", "__class__", "__name__", "__qualname__", "__table__", "__tablename__", "__mapper__"})
"""What of a thing was written with its class, whoever filled it."""


def of(run: Run, receiver: Value, name: str, at: int) -> Value:
    """What receiver.name gives."""
    if name == "DEBUG":
        return FALSE  # what is read is the application as it runs for others
    if name == "__globals__":
        return Value(Kind.UNKNOWN, None, "types.NamesInScope")
    if name in _OF_CLASS and receiver.kind not in {Kind.NAMED, Kind.OBJECT}:
        return UNKNOWN
    if receiver.kind is Kind.SEVERAL:
        if name in _FILLING and all(one.kind in {Kind.ITEMS, Kind.KEYED} for one in receiver.data):
            return Value(Kind.METHOD, (receiver, name))  # all of them are changed at once, as one variable
        found = of(run, receiver.data[0], name, at)
        for other in receiver.data[1:]:
            found = values.join(found, of(run, other, name, at))
        return found
    if receiver.kind is Kind.NAMED:
        return _of_named(run, receiver, name)
    if receiver.kind is Kind.OBJECT:
        field = receiver.data[1].get(name)
        if field is not None:
            return field  # type: ignore[no-any-return] # the fields of an object are values
        if receiver.data[0] is not None:
            return _of_object(run, receiver, receiver.data[0], name, at)
    if run.has_changed_modules and receiver.type in KEEPERS:
        kept = run.frame.state.names.get(f"@request:{name}")
        if kept is not None:
            return kept
    if receiver.type in PARSED and name in _PARTS:
        return values.unknown(values.within(receiver), facts.PART + _PARTS[name])
    if receiver.type == "builtins.Exception" and name in _FORESEEN:
        return UNKNOWN
    if receiver.type:
        owner = run.project.class_(receiver.type)
        if owner is not None:
            return _of_object(run, receiver, owner, name, at)
        described = run.models.attribute(receiver.type, name)
        if described is not None:
            found = run.described(described, receiver, f"{receiver.type}.{name}", at)
            if name == "query" and receiver.type in PARSED:  # of a request's own address anybody chooses this part
                found = found.tainted(
                    {atom._replace(kind="query") if atom.kind == "url" else atom: mark for atom, mark in found.taint.items()}
                )
            is_piece = found.taint and (receiver.type in PARSED or name in _OF_NAMES)
            return found.tainted(values.piece(found.taint, f".{name}")) if is_piece and not described.source else found
        if described is None and receiver.type in applications.HOLDERS and (held := applications.kept(run, name)) is not None:
            return held
        made = run.models.function(f"{receiver.type}.__getattr__")
        if made is not None and run.models.function(f"{receiver.type}.{name}") is None:
            return run.called(made, f"{receiver.type}.__getattr__", receiver, [values.constant(name)], {}, at)
    return Value(Kind.METHOD, (receiver, name), "", values.within(receiver))


def _of_named(run: Run, receiver: Value, name: str) -> Value:
    owner = run.project.class_(receiver.data)
    if owner is None:
        described = run.models.attribute(receiver.data, name) if run.models.is_type(receiver.data) else None
        if described is not None and described.type and not described.source:
            return run.described(described, UNKNOWN.typed(receiver.data), f"{receiver.data}.{name}", 0)
        return named(run, f"{receiver.data}.{name}")
    changed = run.frame.state.names.get(f"{receiver.data}:{name}") if run.has_changed_modules else None
    if changed is not None:
        return changed
    method = run.project.method(owner, name)
    if method is not None:
        if method.owner is not owner and any(isinstance(one, ir.Name) and one.id == "classmethod" for one in method.node.decorators):
            return Value(Kind.METHOD, (receiver, name))  # of a base, and called with this class
        return values.named(method.dotted)
    return _class_level(run, owner, name) or values.named(f"{receiver.data}.{name}")


def _class_level(run: Run, owner: DefinedClass, name: str) -> Value | None:
    found = run.project.attribute(owner, name)
    if found is not None:
        if is_enum(run, owner):
            return UNKNOWN
        owned = f"{found[0].dotted}:{name}"
        changed = run.frame.state.names.get(owned) if run.has_changed_modules else None
        return changed if changed is not None else run.first_value(found[0].unit, owned, found[1])
    for base in run.project.bases(owner.dotted):
        described = run.models.attribute(base, name)
        if described is not None:
            return run.described(described, UNKNOWN.typed(owner.dotted), f"{base}.{name}", 0)
    return None


def _of_object(run: Run, receiver: Value, owner: DefinedClass, name: str, at: int) -> Value:
    found = _read(run, receiver, owner, name, at)
    return cleaned.of_form(run, owner, found) if name in cleaned.NAMES else found


def _read(run: Run, receiver: Value, owner: DefinedClass, name: str, at: int) -> Value:
    start = owner
    method = None
    if receiver.type == SUPER:
        for base in run.project.bases(owner.dotted):
            inner = run.project.class_(base)
            if inner is not None and name in inner.methods:
                method = inner.methods[name]
                break
    else:
        method = run.project.method(start, name)
    if method is not None:
        if any(_is_property(run, method.unit, decorator) for decorator in method.node.decorators):
            return run.apply(run, Value(Kind.METHOD, (receiver, name)), [], {}, None, [])
        return Value(Kind.METHOD, (receiver, name), "", values.within(receiver))
    annotated = run.project.annotation(owner, name)
    # What other fields of an object hold is not in this one.
    taint = receiver.taint if receiver.kind is Kind.OBJECT else values.within(receiver)
    if annotated is not None and (taint or receiver.kind is not Kind.OBJECT):
        return typed(run, annotated[0].unit, annotated[1], narrowed(taint, name))
    found = _class_level(run, owner, name)
    if found is not None:
        return found if not taint else found.tainted(values.merge([found.taint, narrowed(taint, name)]))
    for base in run.project.bases(owner.dotted):
        described = run.models.attribute(base, name)
        if described is not None:
            return run.described(described, receiver, f"{base}.{name}", at)
    return Value(Kind.METHOD, (receiver, name), "", narrowed(taint, name))


def _is_property(run: Run, unit: Unit, decorator: ir.Expression) -> bool:
    if isinstance(decorator, ir.Attribute):
        return decorator.name in _PROPERTIES
    return isinstance(decorator, ir.Name) and decorator.id in _PROPERTIES


def is_enum(run: Run, owner: DefinedClass) -> bool:
    """Whether a class of the project is an enumeration."""
    return any(base.startswith("enum.") or base.endswith(("TextChoices", "IntegerChoices")) for base in run.project.bases(owner.dotted))


def typed(run: Run, unit: Unit, annotation: ir.Expression | None, taint: Taint) -> Value:
    """A value of an annotated type; one that is no text anybody chooses freely carries no taint."""
    type_ = type_of(run, unit, annotation) if annotation is not None else ""
    if type_ in NUMBERS:
        return Value(Kind.UNKNOWN, None, type_)
    owner = run.project.class_(type_) if type_ else None
    if owner is not None and is_enum(run, owner):
        return UNKNOWN
    return values.unknown(taint, type_)


def type_of(run: Run, unit: Unit, annotation: ir.Expression) -> str:
    """The dotted type that an annotation names: of Optional[T], T | None and Annotated[T, ...] that of T."""
    if isinstance(annotation, ir.Constant) and isinstance(annotation.value, str):
        return full(run.models.canonical(run.project.resolve(unit, annotation)))
    if isinstance(annotation, ir.Binary) and annotation.operator == "|":
        left = type_of(run, unit, annotation.left)
        return left if left and left != "builtins.None" else type_of(run, unit, annotation.right)
    if isinstance(annotation, ir.Item):
        outer = run.project.resolve(unit, annotation.of)
        if outer in _INNER_TYPES:
            inner = annotation.key.items[0] if isinstance(annotation.key, ir.Sequence) and annotation.key.items else annotation.key
            return type_of(run, unit, inner)
        return full(run.models.canonical(outer))
    dotted = run.project.resolve(unit, annotation)
    return full(run.models.canonical(dotted)) if dotted else ""


def full(type_: str) -> str:
    """A type's dotted name, that of a builtin with its module."""
    return f"builtins.{type_}" if type_ and "." not in type_ else type_


def narrowed(taint: Taint, name: str) -> Taint:
    """The part of this name of whole inputs: `request.args` becomes its "page"; of anything else a piece of it."""
    found: dict[Atom, Mark] = {}
    for atom, mark in taint.items():
        if atom.kind == "header" and not atom.name and name in environ.OF_SERVER:
            continue
        if atom.kind and not atom.name:
            found[Atom(atom.kind, name)] = mark
        else:
            found[atom] = Mark(pieces.inside(mark.clean, f".{name}"), mark.trail, mark.weak)
    return found


def piece_name(key: Value) -> str:
    """The name of the piece that a key takes out, "" where nobody knows which it is."""
    if key.kind is not Kind.CONSTANT:
        return ""
    return f".{key.data}" if isinstance(key.data, str) else f"[{key.data}]"


def literal(value: Value) -> Any:
    """The Python value of what is wholly known: literals and collections of them; ABSENT else."""
    if value.kind is Kind.CONSTANT:
        return value.data
    if value.kind is Kind.ITEMS and not value.taint:
        items = [literal(item) for item in value.data]
        if folding.ABSENT in items:
            return folding.ABSENT
        return tuple(items) if value.type == "builtins.tuple" else items
    if value.kind is Kind.KEYED and value.data[1] is None and value.type == "builtins.dict":
        fields = {key: literal(inner) for key, inner in value.data[0].items()}
        return folding.ABSENT if folding.ABSENT in fields.values() else fields
    return folding.ABSENT


_FILLING = frozenset({"append", "extend", "insert", "add", "update", "setdefault", "pop", "remove", "discard", "clear", "reverse", "sort"})


def kept_in_request(run: Run, key: Value | None) -> Value | None:
    """What was put into the request under this key; None where nothing was, that anybody saw."""
    is_known = run.has_changed_modules and key is not None and key.kind is Kind.CONSTANT
    return run.frame.state.names.get(f"@request:{key.data}") if is_known and key is not None else None


def item(run: Run, receiver: Value, key: Value, at: int, which: str = "") -> Value:
    """What receiver[key] gives. which: how a key is written that nobody knows."""
    if receiver.kind is Kind.SEVERAL:
        found = item(run, receiver.data[0], key, at)
        for other in receiver.data[1:]:
            found = values.join(found, item(run, other, key, at))
        return found
    if receiver.kind is Kind.CONSTANT and key.kind is Kind.CONSTANT:
        made = folding.attempt(lambda whole, which: whole[which], receiver.data, key.data)
        return UNKNOWN if made is folding.ABSENT else values.constant(made)
    if receiver.kind is Kind.KEYED:
        return _of_keyed(receiver, key, which)
    receiver = run.apart(receiver)
    if receiver.kind is Kind.ITEMS:
        if key.kind is Kind.CONSTANT and isinstance(key.data, int) and -len(receiver.data) <= key.data < len(receiver.data):
            return receiver.data[key.data]  # type: ignore[no-any-return] # the items of a list are values
        return element(run, receiver)
    owner = run.project.class_(receiver.type) if receiver.type else None
    if owner is not None and run.project.method(owner, "__getitem__") is not None:
        return run.apply(run, Value(Kind.METHOD, (receiver, "__getitem__")), [key], {}, None, [])
    if receiver.type == MAPPING and (kept := kept_in_request(run, key)) is not None:
        return kept
    if key.type == TYPED_KEY and key.kind is Kind.OBJECT:
        return key.data[1]["holds"]  # type: ignore[no-any-return] # the fields of an object are values
    if receiver.type in applications.MAPPINGS and isinstance(key.data, str) and (held := applications.kept(run, key.data)) is not None:
        return held
    if receiver.type:
        described = run.models.function(f"{receiver.type}.__getitem__")
        if described is not None:
            return run.called(described, f"{receiver.type}.__getitem__", receiver, [key], {}, at)
    taint = values.within(receiver)
    if key.kind is Kind.CONSTANT and isinstance(key.data, str):
        taint = narrowed(taint, key.data)
    elif taint:
        taint = values.piece(taint, f"[{key.data if key.kind is Kind.CONSTANT else which}]")
    return values.unknown(taint, "builtins.str" if receiver.type == "builtins.str" else "")


def numbered(value: Value, which: object) -> Value:
    """An item of several that are known as one, told apart by its number."""
    if value.kind is not Kind.UNKNOWN or not value.taint or value.type.startswith(facts.PART):
        return value
    return value.tainted(values.piece(value.taint, f"[{which}]"))


def _of_keyed(receiver: Value, key: Value, which: str = "") -> Value:
    fields, rest = receiver.data
    if which and rest is not None and not fields:
        return numbered(rest, which)
    if key.kind is Kind.CONSTANT and isinstance(key.data, str | int | bytes | float | bool | None):
        found = fields.get(key.data)
        if found is not None:
            return found  # type: ignore[no-any-return] # the same
        if rest is not None and isinstance(key.data, int) and not fields:
            return numbered(rest, key.data)
        return rest if rest is not None else values.unknown(receiver.taint)
    each: list[Value] = [*fields.values(), *([rest] if rest is not None else [])]
    whole = each[0] if each else UNKNOWN
    for other in each[1:]:
        whole = values.join(whole, other)
    return whole


def element(run: Run, source: Value) -> Value:
    """What going through a value gives."""
    if source.kind is Kind.SEVERAL:
        found = element(run, source.data[0])
        for other in source.data[1:]:
            found = values.join(found, element(run, other))
        return found
    source = run.apart(source)
    if source.kind is Kind.ITEMS:
        found = source.data[0] if source.data else UNKNOWN
        for other in source.data[1:]:
            found = values.join(found, other)
        return found if not source.taint else found.tainted(values.merge([found.taint, source.taint]))
    if source.kind is Kind.KEYED:
        if source.type == "builtins.dict":
            return values.unknown(source.taint)
        return _of_keyed(source, UNKNOWN)
    if source.type:
        described = run.models.function(f"{source.type}.__iter__")
        if described is not None:
            return run.called(described, f"{source.type}.__iter__", source, [], {}, 0)
    return values.unknown(values.within(source))


def joined_path(left: Value, right: Value) -> Value | None:
    """left / right of paths: what comes after the first part cannot leave it without "..", or by being absolute."""
    type_ = left.type if left.type in PATHS else right.type if right.type in PATHS else ""
    if not type_:
        return None
    ours = {atom: Mark(mark.clean - {"normalised"}, mark.trail, mark.weak) for atom, mark in values.within(left).items()}
    theirs = {atom: Mark((mark.clean - {"normalised"}) | {"joined"}, mark.trail, mark.weak) for atom, mark in values.within(right).items()}
    return values.unknown(values.merge([ours, theirs]), type_)


def text_before(value: Value) -> str:
    """The constant text with which a value begins."""
    if value.kind is Kind.TEXT:
        return value.data[0] if type(value.data[0]) is str else ""
    return value.data if value.kind is Kind.CONSTANT and isinstance(value.data, str) else ""
