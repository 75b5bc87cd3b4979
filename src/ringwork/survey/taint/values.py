"""What is known of a value while source is read: what it may be, and what of a request is in it.

A value is immutable. Its taint names each piece of a request (an atom) that may be in it, with the kinds of places for which that piece is
harmless, and the steps on which it came.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Any, NamedTuple

from ringwork.survey.taint import ir, pieces


class Kind(IntEnum):
    """What is known of a value."""

    UNKNOWN = 0  # data: None; "open" where nobody says whence it comes
    CONSTANT = 1  # data: the literal
    TEXT = 2  # data: its parts in order, each a str or a Value
    ITEMS = 3  # data: its items in order; type: list, tuple or set
    KEYED = 4  # data: (key to Value, Value of all other keys or None)
    OBJECT = 5  # data: (the project's class, field to Value)
    NAMED = 6  # data: dotted name of a function, class or module
    METHOD = 7  # data: (receiver, name); a method that was not called yet
    LOCAL = 8  # data: (Defined or Lambda, the Frame it was made in or, where it was handed on, its Closure)
    SEVERAL = 9  # data: the alternatives, two to MOST


class Atom(NamedTuple):
    """One piece of a request, or of what a function was given.

    kind: of flows.Entry, or "" for an input of the function that is being read. name: its name. place: "" where every reading of this
    name gives the same, else what tells readings apart.
    """

    kind: str
    name: str
    place: str = ""


class Trail(NamedTuple):
    """Steps, the last one first. function: in which a text is made here, dotted, as it need not be the one that is read."""

    file: str
    at: int
    said: str
    before: Trail | None
    function: str = ""


class Mark(NamedTuple):
    """How a piece is in a value. clean: kinds of places where it does no harm, and facts of its text. weak: a step was not understood."""

    clean: frozenset[str]
    trail: Trail | None
    weak: bool


Taint = Mapping[Atom, Mark]
Facts = Mapping[Atom, frozenset[str]]
NOTHING: Mapping[Any, Any] = {}
NO_WORDS: frozenset[str] = frozenset()
MOST = 6
"""Alternatives that are told apart."""
LONGEST_TEXT = 40
HEAVIEST, HEAVIEST_OF_SEVERAL = 2_000, 300
"""Values that hold others, inside one."""


class Value:
    """kind and data: see Kind. type: dotted, of an instance; "" unknown. facts: what holds of atoms where it is true, and where false."""

    __slots__ = ("all", "data", "facts", "is_own", "kind", "taint", "type")
    all: Taint | None
    is_own: bool | None

    def __init__(
        self, kind: Kind, data: Any = None, type_: str = "", taint: Taint = NOTHING, facts: tuple[Facts, Facts] | None = None
    ) -> None:
        self.kind, self.data, self.type, self.taint, self.facts = kind, data, type_, taint, facts
        # What `within` and `summaries.is_own` found: a value never changes, and is asked in every call it goes through.
        self.all, self.is_own = None, None

    def __repr__(self) -> str:
        return f"{self.kind.name}({self.data!r}, {self.type!r}, {dict(self.taint)!r})"

    def tainted(self, taint: Taint) -> Value:
        """The same with this taint."""
        return Value(self.kind, self.data, self.type, taint, self.facts)

    def typed(self, type_: str) -> Value:
        """The same as an instance of a type."""
        return Value(self.kind, self.data, type_, self.taint, self.facts)

    def sure(self, facts: tuple[Facts, Facts]) -> Value:
        """The same, telling what holds where it is true and where it is false."""
        return Value(self.kind, self.data, self.type, self.taint, facts)


UNKNOWN = Value(Kind.UNKNOWN)
OPEN = Value(Kind.UNKNOWN, "open")
"""What code gave that nobody described, or a name that nobody gave a value: no request, as far as is known, and no constant either."""
NONE = Value(Kind.CONSTANT, None)
TRUE, FALSE = Value(Kind.CONSTANT, True), Value(Kind.CONSTANT, False)


def constant(value: ir.Literal) -> Value:
    """A literal."""
    return Value(Kind.CONSTANT, value)


def named(dotted: str) -> Value:
    """A function, class or module."""
    return Value(Kind.NAMED, dotted)


def unknown(taint: Taint, type_: str = "") -> Value:
    """Something of which only its taint and perhaps its type are known."""
    return Value(Kind.UNKNOWN, None, type_, taint) if taint or type_ else UNKNOWN


def same(left: Value, right: Value) -> bool:
    """Whether nothing tells two values apart."""
    if left is right:
        return True
    if left.kind is not right.kind or left.type != right.type or left.taint != right.taint or left.facts != right.facts:
        return False
    if left.kind is Kind.CONSTANT:
        return type(left.data) is type(right.data) and bool(left.data == right.data)
    if left.kind in _NESTED:
        return len(left.data) == len(right.data) and all(map(_same_part, left.data, right.data))
    if left.kind is Kind.OBJECT:
        return left.data[0] is right.data[0] and _same_fields(left.data[1], right.data[1])
    if left.kind is Kind.KEYED:
        return _same_fields(left.data[0], right.data[0]) and _same_part(left.data[1], right.data[1])
    if left.kind is Kind.LOCAL:
        return left.data[0] is right.data[0] and (left.data[1] is right.data[1] or _same_around(left.data[1], right.data[1]))
    return bool(left.data == right.data)


_NESTED = frozenset({Kind.TEXT, Kind.ITEMS, Kind.SEVERAL})


def _same_part(left: Any, right: Any) -> bool:
    return same(left, right) if isinstance(left, Value) and isinstance(right, Value) else left == right


def _same_fields(left: Mapping[Any, Value], right: Mapping[Any, Value]) -> bool:
    return left.keys() == right.keys() and all(same(value, right[key]) for key, value in left.items())


def _same_around(left: Any, right: Any) -> bool:
    """Two closures with the same variables; a frame is only itself."""
    return hasattr(left, "names") and hasattr(right, "names") and _same_fields(left.names, right.names)


# -- taint ------------------------------------------------------------------------------------------------------


def merge(taints: Iterable[Taint]) -> Taint:
    """All atoms of several; where two have one, what both say is clean stays so, and the better understood way is kept."""
    found: dict[Atom, Mark] | None = None
    first: Taint = NOTHING
    for taint in taints:
        if not taint or taint is first:
            continue
        if not first:
            first = taint
            continue
        if found is None:
            found = dict(first)
        for atom, mark in taint.items():
            known = found.get(atom)
            found[atom] = mark if known is None else _both(known, mark)
    return first if found is None else found


def _both(left: Mark, right: Mark) -> Mark:
    if left == right:
        return left
    kept = right if left.weak and not right.weak else left
    return Mark(left.clean & right.clean, kept.trail, kept.weak)


def inside(value: Value) -> Iterable[Value]:
    """The values that a value holds."""
    kind = value.kind
    if kind is Kind.KEYED:
        fields, rest = value.data
        return fields.values() if rest is None else (*fields.values(), rest)
    if kind is Kind.OBJECT:
        return value.data[1].values()  # type: ignore[no-any-return] # fields
    if kind in _NESTED:
        return [part for part in value.data if type(part) is Value]
    if kind is Kind.LOCAL:
        return getattr(value.data[1], "names", {}).values()
    return (value.data[0],) if kind is Kind.METHOD else ()


def within(value: Value) -> Taint:
    """All taint of a value and of what is inside it."""
    if value.kind not in HOLDING:
        return value.taint
    if value.all is None:
        value.all = _within(value)
    return value.all


def _within(value: Value) -> Taint:
    kind = value.kind
    if kind in _NESTED:
        inner = value.data
    elif kind is Kind.KEYED:
        fields, rest = value.data
        inner = (*fields.values(), rest)
    elif kind is Kind.OBJECT:
        inner = value.data[1].values()
    else:
        return piece(within(value.data[0]), f".{value.data[1]}")
    found = [value.taint] if value.taint else []
    for part in inner:
        # Most parts have neither taint nor parts, and need no further look.
        if type(part) is Value and (part.kind in HOLDING or part.taint) and (taint := within(part)):
            found.append(taint)
    return (found[0] if len(found) == 1 else merge(found)) if found else NOTHING


HOLDING = frozenset({Kind.TEXT, Kind.ITEMS, Kind.SEVERAL, Kind.KEYED, Kind.OBJECT, Kind.METHOD})
"""Kinds of values that have others inside."""


def cleaned(taint: Taint, words: frozenset[str]) -> Taint:
    """The same, harmless for these kinds too."""
    if not taint or not words:
        return taint
    if "all" in words:
        return NOTHING
    return {atom: Mark(mark.clean | words, mark.trail, mark.weak) for atom, mark in taint.items()}


def piece(taint: Taint, name: str) -> Taint:
    """The taint of a piece of this name."""
    return {atom: Mark(pieces.inside(mark.clean, name), mark.trail, mark.weak) for atom, mark in taint.items()}


def decoded(taint: Taint, place: str) -> Taint:
    """The same after something like unquoting: nothing that was seen before holds of it."""
    return {
        Atom(atom.kind, atom.name, atom.place if atom.place.endswith(place) else f"{atom.place}~{place}"): Mark(
            NO_WORDS, mark.trail, mark.weak
        )
        for atom, mark in taint.items()
    }


# -- joining ----------------------------------------------------------------------------------------------------


def join(left: Value, right: Value) -> Value:
    """What is known where a value is one of two."""
    if left is right or same(left, right):
        return left
    if left.kind is right.kind:
        if left.kind is Kind.ITEMS and len(left.data) == len(right.data) and left.type == right.type:
            return Value(Kind.ITEMS, tuple(map(join, left.data, right.data)), left.type, merge([left.taint, right.taint]))
        if left.kind is Kind.OBJECT and left.data[0] is right.data[0]:
            return Value(
                Kind.OBJECT, (left.data[0], _join_fields(left.data[1], right.data[1])), left.type, merge([left.taint, right.taint])
            )
        if left.kind is Kind.KEYED:
            return _join_keyed(left, right)
        if left.kind is Kind.LOCAL and left.data[0] is right.data[0] and hasattr(left.data[1], "names") and hasattr(right.data[1], "names"):
            names = _join_fields(left.data[1].names, right.data[1].names)
            return Value(Kind.LOCAL, (left.data[0], left.data[1]._replace(names=names)))
        if left.kind is Kind.UNKNOWN and left.type == right.type:
            return Value(Kind.UNKNOWN, None, left.type, merge([left.taint, right.taint]), _join_facts(left, right))
    return _several(left, right)


def _join_fields(left: Mapping[str, Value], right: Mapping[str, Value]) -> Mapping[str, Value]:
    return {name: join(left.get(name, UNKNOWN), right.get(name, UNKNOWN)) for name in sorted({*left, *right})}


def _join_keyed(left: Value, right: Value) -> Value:
    (ours, our_rest), (theirs, their_rest) = left.data, right.data
    keys = dict.fromkeys([*ours, *theirs])
    fields = {key: join(a, b) if (a := ours.get(key)) and (b := theirs.get(key)) else (ours.get(key) or theirs[key]) for key in keys}
    rest = join(our_rest, their_rest) if our_rest and their_rest else our_rest or their_rest
    return Value(Kind.KEYED, (fields, rest), left.type or right.type, merge([left.taint, right.taint]))


def _join_facts(left: Value, right: Value) -> tuple[Facts, Facts] | None:
    if left.facts is None or right.facts is None:
        return None
    return common(left.facts[0], right.facts[0]), common(left.facts[1], right.facts[1])


def alternatives(value: Value) -> tuple[Value, ...]:
    """What a value may be, one by one."""
    return value.data if value.kind is Kind.SEVERAL else (value,)


def _several(left: Value, right: Value) -> Value:
    found: list[Value] = []
    for one in (*alternatives(left), *alternatives(right)):
        for index, known in enumerate(found):
            if same(known, one):
                break
            if known.kind is one.kind and known.kind in _JOINED:
                found[index] = join(known, one) if known.kind is not Kind.UNKNOWN or known.type == one.type else known
                if known.kind is not Kind.UNKNOWN or known.type == one.type:
                    break
        else:
            found.append(one)
    if len(found) == 1:
        return found[0]
    taint = merge([within(one) for one in found])
    return light(Value(Kind.SEVERAL, tuple(found), "", taint), HEAVIEST_OF_SEVERAL) if len(found) <= MOST else unknown(taint)


def light(value: Value, most: int = HEAVIEST) -> Value:
    """The value; where it holds too much inside each other to be followed, something unknown with all of its taint.

    Against values inside values, twice in each: they are written in a line each and take for ever.
    """
    count, waiting = 0, [value]
    while waiting and count <= most:
        count += 1
        waiting += [part for part in inside(waiting.pop()) if part.kind in HOLDING]
    return value if count <= most else unknown(within(value), value.type)


_JOINED = frozenset({Kind.UNKNOWN, Kind.KEYED})


def common(left: Facts, right: Facts) -> Facts:
    """What both say; what is harmless everywhere is so wherever the other is."""
    return (
        {atom: both for atom, words in left.items() if (both := _shared(words, right.get(atom, NO_WORDS)))} if left and right else NOTHING
    )


def _shared(left: frozenset[str], right: frozenset[str]) -> frozenset[str]:
    return right if "all" in left else left if "all" in right else left & right


def united(left: Facts, right: Facts) -> Facts:
    """What either says."""
    if not left or not right:
        return left or right
    found = dict(left)
    for atom, words in right.items():
        found[atom] = found.get(atom, NO_WORDS) | words
    return found


def text_of(parts: Iterable[str | Value]) -> Value:
    """Text put together from parts: a constant where all are."""
    flat: list[str | Value] = []
    for part in parts:
        for one in part.data if type(part) is Value and part.kind is Kind.TEXT else (part,):
            plain = _plain(one)
            if plain is not None and flat and type(flat[-1]) is str:
                flat[-1] += plain
            elif plain is None or plain:
                flat.append(one if plain is None else plain)
    if not flat or (len(flat) == 1 and type(flat[0]) is str):
        return Value(Kind.CONSTANT, flat[0] if flat else "")
    if len(flat) > LONGEST_TEXT:
        return unknown(merge([within(one) for one in flat if type(one) is Value]), "builtins.str")
    return Value(Kind.TEXT, tuple(flat), "builtins.str", merge([within(one) for one in flat if type(one) is Value]))


def _plain(part: str | Value) -> str | None:
    if type(part) is str:
        return part
    if isinstance(part, Value) and part.kind is Kind.CONSTANT and isinstance(part.data, str | int | float | bool | None):
        return str(part.data)
    return None


def truth(value: Value) -> bool | None:
    """Whether a value is true; None where it may be either."""
    if value.kind is Kind.CONSTANT:
        return bool(value.data)
    if value.kind in {Kind.NAMED, Kind.LOCAL, Kind.METHOD}:
        return True
    if value.kind is Kind.ITEMS:
        return bool(value.data) if value.data or not value.type else False
    return None
