"""The run of one reading: which function is being read, what its variables hold, and what it was seen to do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ringwork.survey.taint import closures, ir, values
from ringwork.survey.taint.memory import Memory
from ringwork.survey.taint.model import Models
from ringwork.survey.taint.parts import Function
from ringwork.survey.taint.project import Project
from ringwork.survey.taint.units import Defined, DefinedClass, Unit
from ringwork.survey.taint.values import NO_WORDS, NOTHING, UNKNOWN, Atom, Facts, Kind, Mark, Taint, Trail, Value


class Reach(NamedTuple):
    """A place that an input of a function reaches. words: what is known of it there. trail: from the input to the place.

    told: file and position where it is told, if not at the end of the trail. function: in which it is told. is_open: whether it is told
    where a caller makes the text that it hands in. handed: what is called there was an input too, so that the caller chose it.
    """

    kind: str
    sink: str
    words: frozenset[str]
    trail: Trail
    weak: bool
    function: str
    context: str
    part: str
    told: tuple[str, int] | None = None
    is_open: bool = False
    handed: bool = False


class Found(NamedTuple):
    """A thing to tell. kind, sink, place and atom name it. told, function: as in Reach."""

    kind: str
    sink: str
    atom: Atom
    trail: Trail
    weak: bool
    function: str
    context: str
    detail: str
    told: tuple[str, int] | None = None

    @property
    def place(self) -> tuple[str, int]:
        """File and position where it is told."""
        return self.told or (self.trail.file, self.trail.at)


class State:
    """What holds at one point. names: variables. facts: what was seen of atoms on the way here. dead: nothing gets here."""

    __slots__ = ("dead", "facts", "names")

    def __init__(self, names: dict[str, Value], facts: Facts = NOTHING, *, dead: bool = False) -> None:
        self.names, self.facts, self.dead = names, facts, dead

    def copy(self) -> State:
        """The same, to go another way."""
        return State(dict(self.names), self.facts, dead=self.dead)

    def learn(self, facts: Facts) -> None:
        """From here on these hold."""
        if facts:
            self.facts = values.united(self.facts, facts)


def _outline(value: Value) -> Any:
    """All that is known of a value but the ways on which it came, to be compared."""
    kind, data = value.kind, value.data
    taint = tuple(sorted((atom, tuple(sorted(mark.clean)), mark.weak) for atom, mark in value.taint.items()))
    inner: Any
    if kind is Kind.OBJECT:
        inner = (data[0], tuple((name, _outline(part)) for name, part in sorted(data[1].items())))
    elif kind is Kind.KEYED:
        inner = (tuple((key, _outline(part)) for key, part in data[0].items()), _outline(data[1]) if data[1] is not None else None)
    elif kind is Kind.LOCAL:
        names = getattr(data[1], "names", {})
        inner = (id(data[0]), tuple((name, _outline(part)) for name, part in names.items()))
    elif kind is Kind.METHOD:
        inner = (_outline(data[0]), data[1])
    elif kind in _NESTED:
        inner = tuple(_outline(part) if type(part) is Value else part for part in data)
    else:
        inner = (type(data).__name__, data)
    return (kind, value.type, taint, value.facts, inner)


_NESTED = frozenset({Kind.TEXT, Kind.ITEMS, Kind.SEVERAL})


class Summary(NamedTuple):
    """What a function does with what it is given, by the atoms of its inputs.

    returned: its result. on_return: facts that hold of the inputs when it returned; those of a true or false result are its own.
    reaches: input atom to places. changed: parameters, variables around it and names of modules that hold something else afterwards.
    returns: whether it ever does. given: the values that it was made for.
    """

    returned: Value
    on_return: Facts
    reaches: Mapping[Atom, tuple[Reach, ...]]
    found: Mapping[Any, Found]
    changed: Mapping[str, Value]
    returns: bool
    given: Mapping[str, Value]

    def is_as(self, other: Summary) -> bool:
        """Whether both say the same, whatever the ways on which it came."""
        return (
            (self.returns, self.on_return) == (other.returns, other.on_return)
            and _outline(self.returned) == _outline(other.returned)
            and {atom: {reach[:3] for reach in each} for atom, each in self.reaches.items()}
            == {atom: {reach[:3] for reach in each} for atom, each in other.reaches.items()}
            and self.found.keys() == other.found.keys()
            and {name: _outline(value) for name, value in self.changed.items()}
            == {name: _outline(value) for name, value in other.changed.items()}
        )

    def widened(self) -> Summary:
        """The same, less exact: of what would grow for ever only the taint is known."""
        changed = {name: values.unknown(values.within(value), value.type) for name, value in self.changed.items()}
        returned = values.unknown(values.within(self.returned), self.returned.type)
        return self._replace(returned=returned, on_return=NOTHING, changed=changed)


class Frame:
    """One function while it is read, or a module's top level (defined is None)."""

    def __init__(self, unit: Unit, defined: Defined | None, state: State) -> None:
        self.unit, self.defined, self.state = unit, defined, state
        self.returned: list[tuple[Value, Facts, dict[str, Value]]] = []
        self.yielded: list[Value] = []
        self.loops: list[tuple[list[State], list[State]]] = []
        self.raised: list[list[State]] = []
        self.reaches: dict[Atom, dict[Any, Reach]] = {}
        self.found: dict[Any, Found] = {}
        self.globals: frozenset[str] = frozenset()
        self.shapes: dict[Defined, set[Any]] = {}
        self.lambdas: list[int] = []
        self.turns: dict[str, int] = {}
        self.makes_functions = False

    @property
    def function(self) -> str:
        """Dotted name of what is read."""
        return self.defined.dotted if self.defined is not None else self.unit.name

    @property
    def owner(self) -> DefinedClass | None:
        """The class whose method is read, also from inside of it."""
        if self.defined is None or self.defined.owner is not None:
            return self.defined.owner if self.defined is not None else None
        method = self.unit.functions.get(self.defined.qualname.partition(".<locals>.")[0])
        return method.owner if method is not None else None


Expressions = Mapping[type, Callable[["Run", Any], Value]]
Statements = Mapping[type, Callable[["Run", Any], None]]


class Run(ABC):
    """One reading of a project. The tables tie the parts of the evaluator together, which know each other only through them."""

    def __init__(
        self, project: Project, models: Models, *, expressions: Expressions, statements: Statements, apply: Callable[..., Value]
    ) -> None:
        self.project, self.models = project, models
        self.expressions, self.statements, self.apply = expressions, statements, apply
        self.frame = Frame(Unit(ir.Module("", "", (), (), (), 0, False)), None, State({}))
        self.memory = Memory(project)
        self.scopes = closures.Scopes()
        self.has_changed_modules = False
        self.changed: Value | None = None
        self.calls_in: dict[str, tuple[frozenset[str], frozenset[str]]] = {}
        self.of_application: dict[str, tuple[Unit, ir.Expression] | None] = {}
        self._fresh: dict[int, frozenset[str]] = {}

    # -- reading ------------------------------------------------------------------------------------------------

    def value(self, node: ir.Expression) -> Value:
        """What an expression gives here."""
        return self.expressions[type(node)](self, node)

    def block(self, body: ir.Block) -> None:
        """Read statements in order, as far as they are reached."""
        for statement in body:
            if self.frame.state.dead:
                return
            self.statements[type(statement)](self, statement)

    def fresh(self, loop: ir.For | ir.While, find: Callable[[], frozenset[str]]) -> frozenset[str]:
        """What was found of a loop's text, once: `rounds.fresh`."""
        found = self._fresh.get(id(loop))
        if found is None:
            found = self._fresh[id(loop)] = find()
        return found

    @abstractmethod
    def described(self, function: Function, receiver: Value, name: str, at: int) -> Value:
        """Reading a described attribute."""

    @abstractmethod
    def called(
        self, function: Function, name: str, receiver: Value, arguments: Sequence[Value], keywords: Mapping[str, Value], at: int
    ) -> Value:
        """Calling a described function or method."""

    @abstractmethod
    def apart(self, value: Value) -> Value:
        """A named tuple as the plain tuple that it is; anything else as it is."""

    @abstractmethod
    def at_top(self, unit: Unit, node: ir.Expression) -> Value:
        """What an expression gives at the top level of a module."""

    @abstractmethod
    def returning(self, value: Value, at: int) -> None:
        """The function being read returns this."""

    @abstractmethod
    def raising(self, value: Value, at: int) -> None:
        """The function being read raises this."""

    @abstractmethod
    def caught(self, handler: ir.Handler) -> Value:
        """The exception that a handler catches."""

    @abstractmethod
    def kept(self, value: Value, name: str, at: int) -> None:
        """A value is kept under a name."""

    @abstractmethod
    def entered(self, value: Value, at: int) -> Value:
        """What `with value as ...` gives."""

    # -- facts --------------------------------------------------------------------------------------------------

    def words(self, atom: Atom, mark: Mark) -> frozenset[str]:
        """All that is known of a piece here."""
        seen = self.frame.state.facts.get(atom)
        return mark.clean | seen if seen else mark.clean

    def settled(self, value: Value, facts: Facts) -> Value:
        """A value that carries by itself what was seen of its atoms, for where that is not known any more."""
        if not facts or value.kind in {values.Kind.CONSTANT, values.Kind.NAMED}:
            return value
        if value.kind is values.Kind.LOCAL:
            return closures.mapped(value, lambda part: self.settled(part, facts))
        if value.kind not in values.HOLDING or value.kind is values.Kind.METHOD:
            taint = self._settled_taint(value.taint, facts)
            return value if taint is value.taint else value.tainted(taint)
        if not any(atom in facts for atom in values.within(value)):
            return value
        return closures.mapped(value, lambda part: self.settled(part, facts)).tainted(self._settled_taint(value.taint, facts))

    def _settled_taint(self, taint: Taint, facts: Facts) -> Taint:
        if not any(atom in facts for atom in taint):
            return taint
        found: dict[Atom, Mark] = {}
        for atom, mark in taint.items():
            words = mark.clean | facts.get(atom, NO_WORDS)
            if "all" not in words:
                found[atom] = Mark(words, mark.trail, mark.weak)
        return found

    def meet(self, left: State, right: State) -> State:
        """What holds where two ways come together."""
        if left.dead or right.dead:
            return right if left.dead else left
        facts = left.facts if left.facts == right.facts else values.common(left.facts, right.facts)
        ours = {a: w for a, words in left.facts.items() if (w := words - facts.get(a, NO_WORDS))} if left.facts is not facts else NOTHING
        theirs = (
            {a: w for a, words in right.facts.items() if (w := words - facts.get(a, NO_WORDS))} if right.facts is not facts else NOTHING
        )
        names = dict(left.names)
        both: dict[tuple[int, int], Value] = {}
        for name, value in right.names.items():
            mine = names.get(name)
            if mine is None:
                mine = self.untouched(name)
                names[name] = self.settled(value, theirs) if mine is None else values.join(mine, self.settled(value, theirs))
            elif mine is not value and not values.same(mine, value):
                # Two names of one thing stay two names of one thing.
                made = both.get((id(mine), id(value)))
                if made is None:
                    made = both[id(mine), id(value)] = values.join(self.settled(mine, ours), self.settled(value, theirs))
                names[name] = made
        if self.has_changed_modules:
            for name, value in left.names.items():
                if name not in right.names and (there := self.untouched(name)) is not None:
                    names[name] = values.join(value, there)
        if ours:
            names.update({n: self.settled(v, ours) for n, v in left.names.items() if n not in right.names})
        return State(names, facts)

    # -- telling ------------------------------------------------------------------------------------------------

    def here(self, at: int, said: str, before: Trail | None = None) -> Trail:
        """A step at this place."""
        return Trail(self.frame.unit.file, at, said, before)

    def tell(self, found: Found) -> None:
        """Keep a finding, the better understood of two ways to one place."""
        key = (found.kind, found.sink, found.trail.file, found.trail.at, found.atom.kind, found.atom.name, found.told)
        known = self.frame.found.get(key)
        if known is None or (known.weak and not found.weak):
            self.frame.found[key] = found

    def reach(self, atom: Atom, reach: Reach) -> None:
        """Keep that an input of the function being read reaches a place."""
        kept = self.frame.reaches.setdefault(atom, {})
        key = (reach.kind, reach.sink, reach.trail.file, reach.trail.at, reach.told)
        known = kept.get(key)
        if known is None or (known.weak and not reach.weak):
            kept[key] = reach

    # -- modules ------------------------------------------------------------------------------------------------

    def global_value(self, unit: Unit, name: str) -> Value:
        """What a name at the top of a module holds."""
        changed = self.frame.state.names.get(f"{unit.name}:{name}") if self.has_changed_modules else None
        return changed if changed is not None else self.first_value(unit, name, unit.assigned[name])

    def first_value(self, unit: Unit, name: str, node: ir.Expression) -> Value:
        """What an expression at the top of a module, or of a class in it, gives. name: whose value it is."""
        key = ((unit.name, name), "")
        known = self.memory.known(key)
        if known is not None:
            return known  # type: ignore[no-any-return] # what is kept under such a key
        if self.memory.is_reading(key):
            self.memory.so_far(key)
            return UNKNOWN  # Against a name that is made of itself.
        if self.memory.is_deep():
            return UNKNOWN
        return self.memory.read(key, lambda: self._first(unit, node), is_once=True)  # type: ignore[no-any-return] # the same

    def _first(self, unit: Unit, node: ir.Expression) -> Value:
        before, around = self.frame, self.memory.around
        self.frame, self.memory.around = Frame(unit, None, State({})), (False, False)
        try:
            return self.value(node)
        finally:
            self.frame, self.memory.around = before, around

    def untouched(self, name: str) -> Value | None:
        """What the name of a module holds where nothing changed it; None for a variable."""
        module, is_changed, last = name.partition(":")
        unit = self.project.unit(module) if is_changed else None
        if unit is None or last not in unit.gives:
            return UNKNOWN if is_changed else None
        return self.first_value(unit, last, unit.assigned[last])
