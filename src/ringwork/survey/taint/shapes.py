"""Values with their taint taken out: what a function's summary depends on.

Two calls whose values have one shape share one summary; what was tainted in each is put in afterwards.
"""

from __future__ import annotations

from typing import Any

from ringwork.survey.taint import closures, values
from ringwork.survey.taint.values import NOTHING, Atom, Kind, Mark, Taint, Value

BARE = Mark(frozenset(), None, weak=False)
"""How an input of a function is in itself."""
_MOST_PARTS = 12
_SHORT = 60
_MOST_AROUND = 4


class Shapes:
    """Values with their taint taken out: what a function's summary depends on, and what each of its atoms stands for.

    is_apart: whether a generic shape would say less.
    """

    def __init__(self, scopes: closures.Scopes, *, is_generic: bool) -> None:
        self.given: dict[Atom, Taint] = {}
        self.scopes, self.is_generic = scopes, is_generic
        self.is_apart = False

    def of(self, value: Value, path: str, depth: int = 0) -> tuple[Value, Any]:
        """The value with an atom in place of each taint, and its shape."""
        kind = value.kind
        if kind is Kind.CONSTANT:
            data = value.data
            if self.is_generic or (isinstance(data, str | bytes) and len(data) > _SHORT):
                return Value(Kind.UNKNOWN, None, f"builtins.{type(data).__name__}" if data is not None else ""), type(data).__name__
            self.is_apart = True
            return value, (type(data).__name__, data)
        if kind is Kind.NAMED:
            return value, ("named", value.data)
        if kind is Kind.LOCAL:
            return self._local(value, path, depth)
        if not self.is_generic and depth < 4:
            found = self._inside(value, path, depth)
            if found is not None:
                self.is_apart = True
                return found
        atom = Atom("", path)
        self.given[atom] = values.within(value)
        type_ = value.type if kind is not Kind.METHOD else ""
        return Value(Kind.UNKNOWN, None, type_, {atom: BARE}), ("", type_)

    def _local(self, value: Value, path: str, depth: int) -> tuple[Value, Any]:
        """A function with the variables around it."""
        what, held = closures.closed(self.scopes, value).data
        each = [(name, *self.of(one, f"{path}({name})", depth + 1)) for name, one in held.names.items()] if depth < _MOST_AROUND else []
        made = Value(Kind.LOCAL, (what, closures.Closure(held.unit, {name: one for name, one, _ in each})))
        return made, ("local", id(what), tuple((name, shape) for name, _, shape in each))

    def _inside(self, value: Value, path: str, depth: int) -> tuple[Value, Any] | None:
        kind = value.kind
        if kind is Kind.OBJECT:
            return self._object(value, path, depth)
        if kind is Kind.METHOD:
            return self._bound(value, path, depth)
        if kind in {Kind.ITEMS, Kind.TEXT} and len(value.data) <= _MOST_PARTS:
            each = [self.of(part, f"{path}.{i}", depth + 1) if type(part) is Value else (part, part) for i, part in enumerate(value.data)]
            own, taint = self._own(value, path) if kind is Kind.ITEMS else ("", NOTHING)
            inside = [part.taint for part, _ in each if type(part) is Value] if kind is Kind.TEXT else []
            made = Value(kind, tuple(part for part, _ in each), value.type, values.merge([taint, *inside]))
            return made, (kind.name, value.type, own, tuple(key for _, key in each))
        if kind is Kind.KEYED and len(value.data[0]) <= _MOST_PARTS:
            fields, rest = value.data
            inner = {key: self.of(part, f"{path}[{key!r}]", depth + 1) for key, part in fields.items()}
            other = self.of(rest, f"{path}[]", depth + 1) if rest is not None else None
            own, taint = self._own(value, path)
            made = Value(kind, ({key: part for key, (part, _) in inner.items()}, other[0] if other else None), value.type, taint)
            return made, (kind.name, value.type, own, tuple((key, shape) for key, (_, shape) in inner.items()), other[1] if other else None)
        return None

    def _object(self, value: Value, path: str, depth: int) -> tuple[Value, Any] | None:
        owner, fields = value.data
        if len(fields) > _MOST_PARTS * 2:
            return None
        inner = {name: self.of(part, f"{path}.{name}", depth + 1) for name, part in fields.items()}
        own, taint = self._own(value, path)
        made = Value(Kind.OBJECT, (owner, {name: part for name, (part, _) in inner.items()}), value.type, taint)
        return made, (
            "object",
            owner.dotted if owner is not None else "",
            value.type,
            own,
            tuple((n, s) for n, (_, s) in sorted(inner.items())),
        )

    def _bound(self, value: Value, path: str, depth: int) -> tuple[Value, Any] | None:
        """A method of an object of the project that was not called yet, as tables of commands hold them."""
        receiver, name = value.data
        owner = receiver.data[0] if receiver.kind is Kind.OBJECT else None
        found = self._object(receiver, f"{path}.<self>", depth + 1) if owner is not None and name in owner.methods else None
        return (Value(Kind.METHOD, (found[0], name)), ("bound", name, found[1])) if found is not None else None

    def _own(self, value: Value, path: str) -> tuple[str, Taint]:
        if not value.taint:
            return "", NOTHING
        atom = Atom("", path + "*")
        self.given[atom] = value.taint
        return "own", {atom: BARE}
