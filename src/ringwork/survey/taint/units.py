"""A module of the project and what its top level defines: functions, classes, imports and names that are given a value."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from typing import NamedTuple

from ringwork.survey.taint import ir, questions


class Defined:
    """A function of the project. qualname: inside its module ("Order.get", "make.<locals>.inner"). owner: the class whose method it is.

    dotted: module and qualified name. at: its place. first: the name of its first parameter, "" for none. handed: what handed.calls found
    in it, once asked. node: its syntax, which is read when somebody first asks for it.
    """

    __slots__ = ("at", "dotted", "first", "handed", "node", "owner", "qualname", "unit")

    node: ir.Function

    def __init__(self, unit: Unit, qualname: str, node: ir.Function, owner: DefinedClass | None = None) -> None:
        self.unit, self.qualname, self.node, self.owner = unit, qualname, node, owner
        self.dotted = f"{unit.name}.{qualname}"
        self.at, self.first = node.at, node.parameters[0].name if node.parameters else ""
        self.handed: frozenset[int] | None = None

    @staticmethod
    def unloaded(unit: Unit, kept: KeptFunction, classes: list[DefinedClass]) -> Defined:
        """The same without its syntax, of what was kept."""
        self = _KeptDefined.__new__(_KeptDefined)
        self.unit, (self.qualname, owner, self.at, self.first) = unit, kept
        self.owner = classes[owner] if owner >= 0 else None
        self.dotted, self.handed = f"{unit.name}.{self.qualname}", None
        return self


class DefinedClass:
    """A class of the project. supers: its bases as they are written. bases: the same as dotted names, once `Project.written` was asked.

    node, attributes (what its body gives to names) and annotations are read when somebody first asks for one of them.
    """

    __slots__ = ("annotations", "attributes", "bases", "dotted", "methods", "node", "qualname", "supers", "unit")

    node: ir.Class
    attributes: dict[str, ir.Expression]
    annotations: dict[str, ir.Expression]

    def __init__(self, unit: Unit, qualname: str, supers: tuple[ir.Expression, ...]) -> None:
        self.unit, self.qualname, self.supers = unit, qualname, supers
        self.dotted = f"{unit.name}.{qualname}"
        self.bases: tuple[tuple[str, ...], frozenset[str]] | None = None
        self.methods: dict[str, Defined] = {}

    @property
    def name(self) -> str:
        """The last part of its qualified name."""
        return self.qualname.rpartition(".")[2]


# A class that is asked for names it may not have is slower in all that it has, and these are asked most of all. So what has no syntax yet
# is of a class of its own, until it has.


class _KeptDefined(Defined):
    __slots__ = ()

    def __getattr__(self, name: str) -> object:
        if name != "node":
            raise AttributeError(name)
        self.unit.load()
        return self.node


class _KeptClass(DefinedClass):
    __slots__ = ()

    def __getattr__(self, name: str) -> object:
        if name not in {"node", "attributes", "annotations"}:
            raise AttributeError(name)
        self.unit.load()
        return getattr(self, name)


KeptFunction = tuple[str, int, int, str]
"""A function in an outline: qualified name, the place of its class among `Outline.made_classes` (-1 for none), its place, and the name of
its first parameter. A project has thousands: as plain tuples they are kept without a call in Python for each."""


class Outline(NamedTuple):
    """What a module's top level says, without its syntax: enough to find what a name means.

    made, made_classes: in the order of the source, with all of which another took the name. functions, hidden, classes: places among them.
    """

    lines: int
    faults: tuple[ir.Fault, ...]
    is_searchable: bool
    imports: dict[str, str]
    stars: tuple[str, ...]
    gives: tuple[str, ...]
    aliases: dict[str, str]
    heads: tuple[str, ...]
    outside: tuple[str, ...]
    made: tuple[KeptFunction, ...]
    made_classes: tuple[tuple[str, tuple[ir.Expression, ...], dict[str, int]], ...]
    functions: tuple[int, ...]
    hidden: tuple[int, ...]
    classes: tuple[int, ...]


class Unit:
    """One module. imports: names bound by its top-level imports, to dotted targets. stars: modules of which it imports everything.

    functions, classes: by qualified name. hidden: functions whose name a later one took. made, made_classes: all of them, as they stand.
    gives: names that its top level gives a value. aliases: of these such as are given a name, with the last part of that. heads: the first
    parts of all imports in it, also inside functions. outside: attributes to which it gives something, anywhere. assigned: by a name of
    its top level the last value. data: its bytes, b"" unknown. is_searchable: whether those tell what it says.
    module, assigned and what stands in functions and classes are read when somebody first asks for one of them.
    """

    __slots__ = (
        "_loading", "aliases", "assigned", "classes", "data", "faults", "file", "functions", "gives", "heads", "hidden", "imports",
        "is_package", "is_searchable", "lines", "made", "made_classes", "module", "name", "outside", "stars",
    )  # fmt: skip

    module: ir.Module
    assigned: dict[str, ir.Expression]

    def __init__(self, module: ir.Module, data: bytes = b"") -> None:
        self.module, self.data = module, data
        self.name, self.file, self.is_package = module.name, module.file, module.is_package
        self.lines, self.faults = module.lines, module.faults
        self.imports: dict[str, str] = {}
        self.stars: list[str] = []
        self.functions: dict[str, Defined] = {}
        self.hidden: list[Defined] = []
        self.classes: dict[str, DefinedClass] = {}
        self.made: list[Defined] = []
        self.made_classes: list[DefinedClass] = []
        self.aliases: dict[str, str] = {}
        self.heads: set[str] = set()
        self.outside: set[str] = set()
        self.assigned = {}
        self.gives: Container[str] = self.assigned
        self.is_searchable = questions.is_searchable(data)
        self._loading: Callable[[], Unit] | None = None

    @classmethod
    def read(cls, module: ir.Module, data: bytes = b"") -> Unit:
        """A module with its tables."""
        unit = cls(module, data)
        Index(unit).block(module.body, "", None)
        return unit

    @staticmethod
    def unloaded(
        outline: Outline, load: Callable[[], Unit], *, name: str, file: str, is_package: bool, data: bytes, asked: set[str]
    ) -> Unit:
        """A module of which the outline was kept. load: gives the one that it is of. asked: takes up what `gives` is asked."""
        self = _KeptUnit.__new__(_KeptUnit)
        self.name, self.file, self.is_package, self.data, self._loading = name, file, is_package, data, load
        self.lines, self.faults, self.imports = outline.lines, outline.faults, outline.imports
        self.stars, self.gives, self.is_searchable = list(outline.stars), questions.Asked(outline.gives, asked), outline.is_searchable
        self.aliases, self.heads, self.outside = outline.aliases, set(outline.heads), set(outline.outside)
        self.made_classes = [_KeptClass(self, qualname, supers) for qualname, supers, _ in outline.made_classes]
        self.made = [Defined.unloaded(self, kept, self.made_classes) for kept in outline.made]
        for made, (_, _, methods) in zip(self.made_classes, outline.made_classes, strict=True):
            made.methods = {method: self.made[place] for method, place in methods.items()}
        self.functions = {self.made[place].qualname: self.made[place] for place in outline.functions}
        self.hidden = [self.made[place] for place in outline.hidden]
        self.classes = {self.made_classes[place].qualname: self.made_classes[place] for place in outline.classes}
        return self

    def load(self) -> None:
        """Fill in the syntax of what was kept as an outline."""
        if self._loading is None:
            raise AttributeError(f"nothing of {self.name} is left to be read")
        read = self._loading()
        self._loading = None
        for mine, one in zip(self.made, read.made, strict=True):
            mine.node, mine.__class__ = one.node, Defined
        for owner, other in zip(self.made_classes, read.made_classes, strict=True):
            owner.node, owner.attributes, owner.annotations = other.node, other.attributes, other.annotations
            owner.__class__ = DefinedClass
        self.module, self.assigned, self.__class__ = read.module, read.assigned, Unit

    def outline(self) -> Outline:
        """What is kept of it beside its syntax."""
        places = {id(own): place for place, own in enumerate(self.made)}
        owners = {id(owner): place for place, owner in enumerate(self.made_classes)}
        return Outline(
            lines=self.lines,
            faults=self.faults,
            is_searchable=self.is_searchable,
            imports=self.imports,
            stars=tuple(self.stars),
            gives=tuple(self.assigned),
            aliases=self.aliases,
            heads=tuple(sorted(self.heads)),
            outside=tuple(sorted(self.outside)),
            made=tuple((own.qualname, owners[id(own.owner)] if own.owner else -1, own.at, own.first) for own in self.made),
            made_classes=tuple(
                (owner.qualname, owner.supers, {name: places[id(own)] for name, own in owner.methods.items()})
                for owner in self.made_classes
            ),
            functions=tuple(places[id(own)] for own in self.functions.values()),
            hidden=tuple(places[id(own)] for own in self.hidden),
            classes=tuple(owners[id(owner)] for owner in self.classes.values()),
        )

    def unwatch(self) -> None:
        """Take up no more of what `gives` is asked, which costs a call each time."""
        if isinstance(self.gives, questions.Asked):
            self.gives = self.gives.gives

    def defines(self, name: str) -> bool:
        """Whether its top level makes something of this name."""
        return name in self.functions or name in self.classes or name in self.gives

    @property
    def is_loaded(self) -> bool:
        """Whether its syntax is at hand."""
        return self._loading is None

    def says(self, question: questions.Question) -> bool:
        """Whether its bytes hold that; true where they do not tell."""
        return not self.is_searchable or questions.says(self.data, question)

    def absolute(self, level: int, module: str) -> str:
        """What an import of this many dots and this module means here."""
        if not level:
            return module
        parts = self.name.split(".")
        keep = len(parts) - level + (1 if self.is_package else 0)
        return ".".join([*parts[: max(keep, 0)], *([module] if module else [])])


class _KeptUnit(Unit):
    __slots__ = ()

    def __getattr__(self, name: str) -> object:
        if name not in {"module", "assigned"}:
            raise AttributeError(name)
        self.load()
        return getattr(self, name)


class Index:
    """Fills a module's tables from its statements."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit

    def block(self, body: ir.Block, prefix: str, owner: DefinedClass | None) -> None:
        """Take in the statements of a block."""
        for statement in body:
            kind = type(statement)
            if kind is ir.Function:
                self._function(statement, prefix, owner)  # type: ignore[arg-type] # just seen by its type
            elif kind is ir.Class:
                self._class(statement, prefix)  # type: ignore[arg-type] # the same
            elif kind is ir.Import or kind is ir.ImportFrom:
                self._drawn(statement, is_top=not prefix)  # type: ignore[arg-type] # the same
            elif not prefix or owner is not None:
                self._plain(statement, prefix, owner)
            elif kind is ir.Assign or kind is ir.Declare:
                self._outside(statement)  # type: ignore[arg-type] # the same
            else:
                for inner in blocks(statement):
                    self.block(inner, prefix, owner)

    def _function(self, node: ir.Function, prefix: str, owner: DefinedClass | None) -> None:
        name = prefix + node.name
        defined = Defined(self.unit, name, node, owner)
        self.unit.made.append(defined)
        # Of several definitions of one name the last stays, but a property's getter before its setter.
        if owner is not None and node.name in owner.methods and is_setter(node):
            self.unit.hidden.append(defined)
        else:
            if name in self.unit.functions:
                self.unit.hidden.append(self.unit.functions[name])
            if owner is not None:
                owner.methods[node.name] = defined
            self.unit.functions[name] = defined
        self.block(node.body, f"{name}.<locals>.", None)

    def _class(self, node: ir.Class, prefix: str) -> None:
        defined = self.unit.classes[prefix + node.name] = DefinedClass(self.unit, prefix + node.name, node.bases)
        defined.node, defined.attributes, defined.annotations = node, {}, {}
        self.unit.made_classes.append(defined)
        self.block(node.body, f"{prefix}{node.name}.", defined)

    def _plain(self, statement: ir.Statement, prefix: str, owner: DefinedClass | None) -> None:
        if isinstance(statement, ir.Assign):
            self._outside(statement)
            for target in statement.targets:
                self._assigned(target, statement.value, owner)
        elif isinstance(statement, ir.Declare):
            self._outside(statement)
            if owner is not None and isinstance(statement.target, ir.Name):
                owner.annotations[statement.target.id] = statement.annotation
            if statement.value is not None:
                self._assigned(statement.target, statement.value, owner)
        else:
            for inner in blocks(statement):
                self.block(inner, prefix, owner)

    def _outside(self, node: ir.Assign | ir.Declare) -> None:
        for target in node.targets if isinstance(node, ir.Assign) else (node.target,):
            if isinstance(target, ir.Attribute):
                self.unit.outside.add(target.name)

    def _drawn(self, node: ir.Import | ir.ImportFrom, *, is_top: bool) -> None:
        if isinstance(node, ir.ImportFrom):
            self._imported(node, is_top=is_top)
            return
        for dotted, name in node.names:
            first = dotted.partition(".")[0]
            self.unit.heads.add(first)
            if is_top:
                self.unit.imports[name or first] = dotted if name else first

    def _imported(self, node: ir.ImportFrom, *, is_top: bool) -> None:
        base = self.unit.absolute(node.level, node.module)
        for name, renamed in node.names:
            self.unit.heads.add((base or name).partition(".")[0])
            if not is_top:
                continue
            if name == "*":
                self.unit.stars.append(base)
            else:
                self.unit.imports[renamed or name] = f"{base}.{name}" if base else name

    def _assigned(self, target: ir.Expression, value: ir.Expression, owner: DefinedClass | None) -> None:
        if isinstance(target, ir.Name):
            if owner is None:
                if target.id in self.unit.imports and isinstance(value, ir.Constant) and value.value is None:
                    return  # what stands in for an import that may fail
                self.unit.assigned[target.id] = value
                if isinstance(value, ir.Attribute | ir.Name):
                    self.unit.aliases[target.id] = value.name if isinstance(value, ir.Attribute) else value.id
            else:
                owner.attributes[target.id] = value
        elif isinstance(target, ir.Sequence):
            for item in target.items:
                self._assigned(item, UNKNOWN, owner)


UNKNOWN = ir.Broken(0, ())
"""A value of which nothing can be said."""

_SETTERS = frozenset({"setter", "deleter"})


def is_setter(node: ir.Function) -> bool:
    """Whether a function is the second half of a property."""
    return any(isinstance(decorator, ir.Attribute) and decorator.name in _SETTERS for decorator in node.decorators)


def blocks(statement: ir.Statement) -> Iterator[ir.Block]:
    """The blocks inside a statement that run in the same scope."""
    if isinstance(statement, ir.If):
        yield statement.then
        yield statement.other
    elif isinstance(statement, ir.While | ir.For):
        yield statement.body
        yield statement.other
    elif isinstance(statement, ir.With):
        yield statement.body
    elif isinstance(statement, ir.Try):
        yield statement.body
        yield from (handler.body for handler in statement.handlers)
        yield statement.other
        yield statement.final
    elif isinstance(statement, ir.Match):
        yield from (case.body for case in statement.cases)
