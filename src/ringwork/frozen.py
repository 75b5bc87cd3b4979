"""What crosses rooms: frozen records with slots and named values, whose classes cost no generated code.

Against a guard that is left out because it slows the start: `dataclasses` writes and compiles six functions for each class at
every start, and with slots makes each class twice. The records of the run time share the functions below instead. The
declaration reads the same, type checkers see a dataclass, and `dataclasses.fields`, `replace` and `asdict` work as ever.
"""

from __future__ import annotations

import dataclasses
import inspect
import itertools
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, FrozenInstanceError, field
from operator import call
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, dataclass_transform

R = TypeVar("R", bound="Frozen")

_put = object.__setattr__


class Shape:
    """What a class of records declares, in order of declaration; inherited fields first.

    declared: annotation and default of each field, MISSING for none. asked: names that the caller gives, or that have a default.
    shown: names in the repr. setters: what puts each of `asked`, made for the first record.
    """

    __slots__ = ("declared", "asked", "defaults", "made", "setters", "shown", "told")

    def __init__(self, declared: Mapping[str, tuple[Any, Any]]) -> None:
        self.declared = declared
        self.asked: tuple[str, ...] = tuple(declared)
        self.shown = self.asked
        self.defaults: dict[str, Any] = {}
        self.made: tuple[tuple[str, Callable[[], Any]], ...] = ()
        self.told: dict[str, Field[Any]] | None = None
        self.setters: tuple[Callable[[Any, Any], None], ...] = ()
        for name, (_, default) in declared.items():
            if isinstance(default, Field):
                self._take(name, default)
            elif default is not MISSING:
                self.defaults[name] = default

    def settle(self, kind: type) -> tuple[Callable[[Any, Any], None], ...]:
        """The setters of the slots of `kind`; they ask nobody's leave, and a general one looks for the slot each time."""
        self.setters = tuple(getattr(kind, name).__set__ for name in self.asked)
        return self.setters

    def _take(self, name: str, told: Field[Any]) -> None:
        if not told.init:
            self.asked = tuple(asked for asked in self.asked if asked != name)
        if not told.repr:
            self.shown = tuple(shown for shown in self.shown if shown != name)
        if told.default is not MISSING:
            self.defaults[name] = told.default
        elif told.default_factory is not MISSING:
            self.made = (*self.made, (name, told.default_factory))


class _Told:
    """`__dataclass_fields__`, by which `dataclasses` and tools know a class: made when somebody asks, by `dataclasses` itself."""

    __slots__ = ()

    def __get__(self, record: object, kind: FrozenType) -> dict[str, Field[Any]]:
        shape = kind.__shape__
        if shape.told is None:
            declared = [
                (name, annotation, default if isinstance(default, Field) else field(default=default))
                for name, (annotation, default) in shape.declared.items()
            ]
            shape.told = {told.name: told for told in dataclasses.fields(dataclasses.make_dataclass(kind.__name__, declared, kw_only=True))}
        return shape.told


class _Made:
    """Stands in a signature for a default that is made for each record; told as `dataclasses` tells it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<factory>"


_MADE = _Made()


class _Signature:
    """`__signature__`, by which `help` and editors tell what a class takes; made when somebody asks."""

    __slots__ = ()

    def __get__(self, record: object, kind: FrozenType) -> inspect.Signature:
        made = []
        for name in kind.__shape__.asked:
            annotation, default = kind.__shape__.declared[name]
            if isinstance(default, Field):
                default = default.default if default.default_factory is MISSING else _MADE
            shown = inspect.Parameter.empty if default is MISSING else default
            made.append(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=shown))
        return inspect.Signature(made)


class FrozenType(type):
    """The class of a class of records: its annotated names become slots, and their defaults its shape."""

    __shape__: Shape

    def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> FrozenType:
        """Make the class. Annotations have to be text, as `from __future__ import annotations` leaves them."""
        declared: dict[str, tuple[Any, Any]] = {}
        for base in reversed(bases):
            declared.update(base.__shape__.declared if isinstance(base, FrozenType) else {})
        own = [word for word, annotation in body.get("__annotations__", {}).items() if not annotation.startswith("ClassVar")]
        for word in own:
            declared[word] = (body["__annotations__"][word], body.pop(word, MISSING))
        body["__slots__"] = {word: _doc(declared[word][1]) for word in own}
        made = super().__new__(cls, name, bases, body)
        made.__shape__ = Shape(declared)
        return made


def _doc(default: Any) -> str | None:
    """What a field's declaration says of it, for `help`."""
    return default.metadata.get("doc") if isinstance(default, Field) else None


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field,))
class Frozen(metaclass=FrozenType):
    """A record: its class lists names and types, defaults as plain values or as `dataclasses.field`. Equal when all values are."""

    if TYPE_CHECKING:
        __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
    else:
        __dataclass_fields__ = _Told()
        __signature__ = _Signature()

    def __init__(self, **given: Any) -> None:
        shape = type(self).__shape__
        values = {**shape.defaults, **given}
        for name, make in shape.made:
            if name not in given:
                values[name] = make()
        try:
            # Nothing is put but None comes back, so `any` puts them all, without a step of the interpreter for each.
            any(map(call, shape.setters or shape.settle(type(self)), itertools.repeat(self), map(values.__getitem__, shape.asked)))
        except KeyError:
            raise TypeError(_misfit(type(self), given)) from None
        if len(values) != len(shape.asked):
            raise TypeError(_misfit(type(self), given))
        self.__post_init__()

    def __post_init__(self) -> None:
        """For what a class of records checks or completes once its values stand."""

    def __setattr__(self, name: str, value: object) -> None:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> None:
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in type(self).__shape__.shown)
        return f"{type(self).__qualname__}({shown})"

    def __eq__(self, other: object) -> bool:
        return _values(self) == _values(other) if isinstance(other, Frozen) and type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash(_values(self))

    def __getstate__(self) -> tuple[Any, ...]:
        return _values(self)

    def __setstate__(self, values: tuple[Any, ...]) -> None:
        for name, value in zip(type(self).__shape__.declared, values, strict=True):
            _put(self, name, value)

    def __replace__(self, **changes: Any) -> Self:
        return replace(self, **changes)


def filled(kind: type[R], *values: Any) -> R:
    """A record of `kind` whose values are all given, in order of declaration: for what every request makes one of.

    Neither defaults nor `__post_init__` are asked for, so it is for kinds without the latter. TypeError for another number of values.
    """
    shape = kind.__shape__
    record = object.__new__(kind)
    setters = shape.setters or shape.settle(kind)
    if len(values) != len(setters):
        raise TypeError(f"{kind.__name__} takes {len(setters)} values, not {len(values)}; its names: {', '.join(shape.asked)}")
    any(map(call, setters, itertools.repeat(record), values))  # as in `__init__`
    return record


def replace(record: R, **changes: Any) -> R:
    """A record like `record`, with `changes`; TypeError for a name that its class does not have."""
    return type(record)(**{**{name: getattr(record, name) for name in type(record).__shape__.asked}, **changes})


def declared(kind: type[Frozen]) -> dict[str, str]:
    """The fields of a class in order, each with its annotation as it is written."""
    return {name: annotation for name, (annotation, _) in kind.__shape__.declared.items()}


def _values(record: Frozen) -> tuple[Any, ...]:
    return tuple([getattr(record, name) for name in type(record).__shape__.declared])


def _misfit(kind: type[Frozen], given: Mapping[str, object]) -> str:
    shape = kind.__shape__
    defaulted = {*shape.defaults, *(name for name, _ in shape.made)}
    missing = [name for name in shape.asked if name not in given and name not in defaulted]
    unknown = [name for name in given if name not in shape.asked]
    told = [f"{what} {', '.join(map(repr, names))}" for what, names in (("needs", missing), ("has no", unknown)) if names]
    return f"{kind.__name__} {' and '.join(told)}; its names: {', '.join(shape.asked)}"
