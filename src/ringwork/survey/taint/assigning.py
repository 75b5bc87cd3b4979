"""What an assignment changes: variables, fields, items, names of modules, and whatever else is the same thing under another name.

Against a value that is put in by one name and taken out by another: a list that a helper fills, an object with two names, a table of a
module.
"""

from __future__ import annotations

from collections.abc import Mapping

from ringwork.survey.taint import answers, closures, indexes, ir, kept_passwords, pieces, values
from ringwork.survey.taint.attributes import KEEPERS, MAPPING, OF_REQUESTS, element, numbered, piece_name, text_before
from ringwork.survey.taint.frames import Run
from ringwork.survey.taint.values import UNKNOWN, Atom, Kind, Value

_THINGS = frozenset({Kind.OBJECT, Kind.KEYED, Kind.ITEMS, Kind.UNKNOWN})
"""Kinds of values that may change while they stay the same thing."""
_HOLDING = (values.HOLDING | {Kind.LOCAL}) - {Kind.TEXT}
_DEEP = 3
_MOST_MODULES = 8
"""Names of modules whose changes are followed at once."""


def assign(run: Run, target: ir.Expression, value: Value, at: int) -> None:
    """Do what `target = value` does."""
    if isinstance(target, ir.Name):
        names = run.frame.state.names
        if value.taint:
            run.kept(value, target.id, at)
        if target.id in run.frame.globals:
            change_module(run, f"{run.frame.unit.name}:{target.id}", value)
            return
        names[target.id] = value
        if run.frame.turns:
            indexes.turned(run.frame, target.id)
    elif isinstance(target, ir.Sequence):
        _unpack(run, target, value, at)
    elif isinstance(target, ir.Starred):
        assign(run, target.value, Value(Kind.KEYED, ({}, element(run, value)), "builtins.list"), at)
    elif isinstance(target, ir.Attribute):
        owner = run.value(target.of)
        if value.taint:
            run.kept(value, target.name, at)
            if target.name in kept_passwords.FIELDS:
                kept_passwords.changed(run, owner, target.name, value, at)
        setter = run.models.attribute(owner.type, target.name) if owner.type else None
        if setter is not None and (setter.sinks or setter.finds):
            run.called(setter, f"{owner.type}.{target.name}", owner, [value], {}, at)
        answers.named(run, owner, target.name, value)
        if owner.type in KEEPERS:
            change_module(run, f"@request:{target.name}", value)
        with_field(run, owner, target.name, value, target.of)
    elif isinstance(target, ir.Item) and not isinstance(target.key, ir.Slice):
        owner, key = run.value(target.of), run.value(target.key)
        if value.taint:
            run.kept(value, f"{_shown(target.of)} {text_before(key)}", at)
        own = run.project.class_(owner.type) if owner.type else None
        if own is not None and run.project.method(own, "__setitem__") is not None:
            run.apply(run, Value(Kind.METHOD, (owner, "__setitem__")), [key, value], {}, None, [])
            return
        setter = run.models.function(f"{owner.type}.__setitem__") if owner.type else None
        if setter is not None:
            run.called(setter, f"{owner.type}.__setitem__", owner, [key, value], {}, at)
        answers.headed(run, target.of, key, value)
        if owner.type == MAPPING and key.kind is Kind.CONSTANT:
            change_module(run, f"@request:{key.data}", value)
        made = with_item(owner, key, value)
        change(run, owner, _anew(run, owner, made, key) if values.within(value) else made, target.of)
    elif isinstance(target, ir.Item):
        owner = run.value(target.of)
        change(run, owner, _absorbing(owner, value), target.of)


def _unpack(run: Run, target: ir.Sequence, value: Value, at: int) -> None:
    value = run.apart(value)
    stars = [index for index, inner in enumerate(target.items) if isinstance(inner, ir.Starred)]
    parts = value.data if value.kind is Kind.ITEMS else None
    if parts is not None and not stars and len(parts) == len(target.items):
        for inner, part in zip(target.items, parts, strict=True):
            assign(run, inner, part, at)
        return
    if parts is not None and len(stars) == 1 and len(parts) >= len(target.items) - 1:
        first, after = stars[0], len(target.items) - 1 - stars[0]
        rest = Value(Kind.ITEMS, parts[first : len(parts) - after], "builtins.list", value.taint)
        each = (*parts[:first], rest, *parts[len(parts) - after :])
        for inner, part in zip(target.items, each, strict=True):
            assign(run, inner.value if isinstance(inner, ir.Starred) else inner, part, at)
        return
    part = element(run, value)
    for index, inner in enumerate(target.items):
        assign(run, inner, part if isinstance(inner, ir.Starred) else numbered(part, index), at)


def with_field(run: Run, owner: Value, name: str, value: Value, node: ir.Expression | None) -> None:
    """owner.name = value, of a thing, a class or a module. node: the text of the owner."""
    if owner.kind is Kind.NAMED:
        change_module(run, f"{owner.data}:{name}", value)
    else:
        change(run, owner, _with_field(run, owner, name, value), node)


def _with_field(run: Run, owner: Value, name: str, value: Value) -> Value:
    if owner.kind is Kind.OBJECT:
        return Value(Kind.OBJECT, (owner.data[0], {**owner.data[1], name: value}), owner.type, owner.taint)
    if owner.kind in {Kind.UNKNOWN, Kind.METHOD}:
        return Value(Kind.OBJECT, (run.project.class_(owner.type) if owner.type else None, {name: value}), owner.type, owner.taint)
    return owner


def with_item(owner: Value, key: Value, value: Value) -> Value:
    """owner after owner[key] = value."""
    if owner.kind is Kind.KEYED:
        fields, rest = owner.data
        if key.kind is Kind.CONSTANT:
            return Value(Kind.KEYED, ({**fields, key.data: value}, rest), owner.type, owner.taint)
        keys = values.merge([owner.taint, values.within(key)])  # what is in a dict's own taint is in its keys
        return Value(Kind.KEYED, (fields, values.join(rest, value) if rest is not None else value), owner.type, keys)
    if (
        owner.kind is Kind.ITEMS
        and key.kind is Kind.CONSTANT
        and isinstance(key.data, int)
        and -len(owner.data) <= key.data < len(owner.data)
    ):
        items = list(owner.data)
        items[key.data] = value
        return Value(Kind.ITEMS, tuple(items), owner.type, owner.taint)
    if owner.kind is Kind.UNKNOWN and not owner.type and not owner.taint and key.kind is Kind.CONSTANT:
        return Value(Kind.KEYED, ({key.data: value}, UNKNOWN), "builtins.dict")
    return _absorbing(owner, value)


def _anew(run: Run, before: Value, owner: Value, key: Value) -> Value:
    """owner, `before` as it was, of which a piece was written: what was seen of that piece before says nothing of it now.

    Against a piece that stays checked when something else is put into it. What was taken out before stays what it was.
    """
    state = run.frame.state
    if owner.kind is not Kind.UNKNOWN or not state.facts or not owner.taint:
        return owner
    name, taint, gone = piece_name(key), dict(owner.taint), dict[Atom, frozenset[str]]()
    for atom, mark in owner.taint.items():
        if words := pieces.of_piece(run.words(atom, mark), mark.clean, name):
            gone[atom], taint[atom] = words, mark._replace(clean=mark.clean - words)
    if not gone:
        return owner
    _keep_seen(run, before, gone)
    return owner.tainted(taint)


def shifted(run: Run, owner: Value) -> None:
    """The items of a list stand in other places from here on: what was seen of one place says nothing of what stands there now."""
    state = run.frame.state
    gone = {
        atom: words
        for atom, mark in values.within(owner).items()
        if state.facts and (words := pieces.of_piece(run.words(atom, mark), mark.clean, ""))
    }
    if gone:
        _keep_seen(run, owner, gone)


def _keep_seen(run: Run, before: Value, gone: Mapping[Atom, frozenset[str]]) -> None:
    """What was taken out before stays what it was; of what is taken out later these facts are not known."""
    state = run.frame.state
    for known, value in state.names.items():
        if (
            value is not before
            and value.kind is Kind.UNKNOWN
            and any(pieces.PIECE in value.taint[atom].clean for atom in gone if atom in value.taint)
        ):
            state.names[known] = run.settled(value, gone)
    state.facts = {atom: words - gone.get(atom, values.NO_WORDS) for atom, words in state.facts.items()}


def _absorbing(owner: Value, value: Value) -> Value:
    taint = values.within(value)
    if not taint or owner.kind in {Kind.NAMED, Kind.LOCAL}:
        return owner
    return values.unknown(values.merge([values.within(owner), taint]), owner.type)


def change(run: Run, old: Value, new: Value, node: ir.Expression | None = None) -> None:
    """A thing holds something else now, whatever names it has. node: the text that it was read from."""
    if old is new:
        return
    if old.kind is Kind.LOCAL:  # a function stays the same; what is around it may not
        for before, after in _pairs(old, new) if new.kind is Kind.LOCAL else ():
            change(run, before, after)
        return
    if old.kind in _THINGS and old is not UNKNOWN and old is not values.OPEN and _replaced(run, old, new):
        return
    if node is not None:
        write(run, node, new)
    elif old.kind is new.kind and old.kind in {Kind.ITEMS, Kind.KEYED}:  # *args and **kwargs, which nobody has a name for
        for before, after in _pairs(old, new):
            change(run, before, after)


def _pairs(old: Value, new: Value) -> list[tuple[Value, Value]]:
    if old.kind is Kind.ITEMS:
        return list(zip(old.data, new.data, strict=False))
    ours, theirs = (old.data[0], new.data[0]) if old.kind is Kind.KEYED else (closures.around(old), closures.around(new))
    return [(value, theirs[key]) for key, value in ours.items() if key in theirs]


def _replaced(run: Run, old: Value, new: Value) -> bool:
    """Put it wherever the same thing is held; whether it was held at all."""
    names = run.frame.state.names
    seen: dict[int, Value] = {}
    is_held = False
    for name, value in names.items():
        found = new if value is old else _with(value, old, new, _DEEP, seen) if value.kind in _HOLDING else value
        if found is not value:
            names[name] = found
            is_held = True
    return is_held


def _with(value: Value, old: Value, new: Value, depth: int, seen: dict[int, Value]) -> Value:
    known = seen.get(id(value))
    if known is not None:
        return known
    made: dict[int, Value] = {}
    for part in values.inside(value):
        if part is old:
            made[id(part)] = new
        elif depth and part.kind in _HOLDING and (other := _with(part, old, new, depth - 1, seen)) is not part:
            made[id(part)] = other
    found = seen[id(value)] = closures.mapped(value, lambda part: made.get(id(part), part)) if made else value
    return found


def change_module(run: Run, name: str, value: Value) -> None:
    """A name of a module, or of a class, holds something else from here on. name: "shop.orders:KEPT"."""
    names = run.frame.state.names
    if name in names or (values.within(value) and sum(":" in known for known in names) < _MOST_MODULES):
        names[name] = value
        run.has_changed_modules = True


def write(run: Run, node: ir.Expression, value: Value) -> None:
    """Put a changed value back to where it was read from."""
    if isinstance(node, ir.Name):
        names = run.frame.state.names
        if node.id in names and node.id not in run.frame.globals:
            names[node.id] = value
            return
        dotted = run.project.canonical(run.project.global_name(run.frame.unit, node.id))
        module, _, last = dotted.rpartition(".")
        unit = run.project.unit(module) if module else None
        if (unit is not None and last in unit.gives) or dotted in OF_REQUESTS:
            change_module(run, f"{module}:{last}", value)
    elif isinstance(node, ir.Attribute):
        owner = run.value(node.of)
        if owner.kind is Kind.NAMED:
            change_module(run, f"{owner.data}:{node.name}", value)
        elif owner.kind is Kind.OBJECT:
            change(run, owner, _with_field(run, owner, node.name, value), node.of)
    elif isinstance(node, ir.Item) and not isinstance(node.key, ir.Slice):
        owner = run.value(node.of)
        if owner.kind in {Kind.KEYED, Kind.ITEMS}:
            change(run, owner, with_item(owner, run.value(node.key), value), node.of)


def _shown(node: ir.Expression) -> str:
    """The name of a variable, for what it may tell."""
    return node.id if isinstance(node, ir.Name) else node.name if isinstance(node, ir.Attribute) else ""
