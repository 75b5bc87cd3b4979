"""The run of one reading: which function is being read, what its variables hold, and what it was seen to do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ringwork.survey.taint import ir, values
from ringwork.survey.taint.model import Models
from ringwork.survey.taint.parts import Function
from ringwork.survey.taint.project import Project
from ringwork.survey.taint.units import Defined, DefinedClass, Unit
from ringwork.survey.taint.values import NO_WORDS, NOTHING, UNKNOWN, Atom, Facts, Mark, Taint, Trail, Value


class Reach(NamedTuple):
    """A place that an input of a function reaches. words: what is known of it there. trail: from the input to the place."""

    kind: str
    sink: str
    words: frozenset[str]
    trail: Trail
    weak: bool
    function: str
    context: str
    part: str


class Found(NamedTuple):
    """A thing to tell. kind, sink, place and atom name it."""

    kind: str
    sink: str
    atom: Atom
    trail: Trail
    weak: bool
    function: str
    context: str
    detail: str


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


class Summary(NamedTuple):
    """What a function does with what it is given, by the atoms of its inputs.

    returned: its result. on_return: facts that hold of the inputs when it returned; those of a true or false result are its own.
    reaches: input atom to places. changed: parameters that hold something else afterwards. noted: what the project was asked for.
    """

    returned: Value
    on_return: Facts
    reaches: Mapping[Atom, tuple[Reach, ...]]
    found: Mapping[Any, Found]
    changed: Mapping[str, Value]
    returns: bool
    noted: frozenset[str]


class Frame:
    """One function while it is read, or a module's top level (defined is None)."""

    def __init__(self, unit: Unit, defined: Defined | None, state: State, *, outer: Frame | None = None, depth: int = 0) -> None:
        self.unit, self.defined, self.state, self.outer, self.depth = unit, defined, state, outer, depth
        self.returned: list[tuple[Value, Facts, dict[str, Value]]] = []
        self.yielded: list[Value] = []
        self.loops: list[tuple[list[State], list[State]]] = []
        self.raised: list[list[State]] = []
        self.reaches: dict[Atom, dict[Any, Reach]] = {}
        self.found: dict[Any, Found] = {}
        self.globals: frozenset[str] = frozenset()
        self.local_imports: dict[str, str] = {}

    @property
    def function(self) -> str:
        """Dotted name of what is read."""
        return self.defined.dotted if self.defined is not None else self.unit.name

    @property
    def owner(self) -> DefinedClass | None:
        """The class whose method is read, also from inside of it."""
        here: Frame | None = self
        while here is not None:
            if here.defined is not None and here.defined.owner is not None:
                return here.defined.owner
            here = here.outer
        return None


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
        self.summaries: dict[Any, Summary] = {}
        self.tentative: dict[Any, Summary] = {}
        self.stack: list[Any] = []
        self.lowest = 1 << 30
        self.contexts: dict[Defined, int] = {}
        self.module_values: dict[tuple[str, str], tuple[Value, frozenset[str]]] = {}
        self.steps = 0
        self.changed: Value | None = None
        self.entry_path = ""
        self.in_main = False
        self.calls_in: dict[str, frozenset[str]] = {}

    # -- reading ------------------------------------------------------------------------------------------------

    def value(self, node: ir.Expression) -> Value:
        """What an expression gives here."""
        self.steps += 1
        return self.expressions[type(node)](self, node)

    def block(self, body: ir.Block) -> None:
        """Read statements in order, as far as they are reached."""
        for statement in body:
            if self.frame.state.dead:
                return
            self.statements[type(statement)](self, statement)

    @abstractmethod
    def described(self, function: Function, receiver: Value, name: str, at: int) -> Value:
        """Reading a described attribute."""

    @abstractmethod
    def called(
        self, function: Function, name: str, receiver: Value, arguments: Sequence[Value], keywords: Mapping[str, Value], at: int
    ) -> Value:
        """Calling a described function or method."""

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
        if not facts or value.kind in {values.Kind.CONSTANT, values.Kind.NAMED, values.Kind.LOCAL}:
            return value
        taint = self._settled_taint(value.taint, facts)
        data = value.data
        if value.kind in {values.Kind.TEXT, values.Kind.ITEMS, values.Kind.SEVERAL}:
            data = tuple(self.settled(part, facts) if type(part) is Value else part for part in data)
        elif value.kind is values.Kind.KEYED:
            data = ({k: self.settled(v, facts) for k, v in data[0].items()}, self.settled(data[1], facts) if data[1] is not None else None)
        elif value.kind is values.Kind.OBJECT:
            data = (data[0], {k: self.settled(v, facts) for k, v in data[1].items()})
        return value if data is value.data and taint is value.taint else Value(value.kind, data, value.type, taint, value.facts)

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
        for name, value in right.names.items():
            mine = names.get(name)
            if mine is None:
                names[name] = self.settled(value, theirs)
            elif mine is not value and not values.same(mine, value):
                names[name] = values.join(self.settled(mine, ours), self.settled(value, theirs))
        if ours:
            names.update({n: self.settled(v, ours) for n, v in left.names.items() if n not in right.names})
        return State(names, facts)

    # -- telling ------------------------------------------------------------------------------------------------

    def here(self, at: int, said: str, before: Trail | None = None) -> Trail:
        """A step at this place."""
        return Trail(self.frame.unit.file, at, said, before)

    def tell(self, found: Found) -> None:
        """Keep a finding, the better understood of two ways to one place."""
        key = (found.kind, found.sink, found.trail.file, found.trail.at, found.atom.kind, found.atom.name)
        known = self.frame.found.get(key)
        if known is None or (known.weak and not found.weak):
            self.frame.found[key] = found

    def reach(self, atom: Atom, reach: Reach) -> None:
        """Keep that an input of the function being read reaches a place."""
        kept = self.frame.reaches.setdefault(atom, {})
        key = (reach.kind, reach.sink, reach.trail.file, reach.trail.at)
        known = kept.get(key)
        if known is None or (known.weak and not reach.weak):
            kept[key] = reach

    def global_value(self, unit: Unit, name: str) -> Value:
        """What a name at the top of a module holds."""
        return self.once((unit.name, name), lambda: self._assigned(unit, name))

    def _assigned(self, unit: Unit, name: str) -> Value:
        before, self.frame = self.frame, Frame(unit, None, State({}), depth=self.frame.depth + 1)
        try:
            return self.value(unit.assigned[name])
        finally:
            self.frame = before

    def once(self, key: tuple[str, str], make: Callable[[], Value]) -> Value:
        """The value of a module or of a class by this name, made when it is first asked for. key: module or class, and name."""
        known = self.module_values.get(key)
        if known is None:
            self.module_values[key] = (UNKNOWN, frozenset())  # Against a name that is made of itself.
            known = self.module_values[key] = self.project.noting(make)
        self.project.noted.update(known[1])
        return known[0]
