"""A module of the project and what its top level defines: functions, classes, imports and names that are given a value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ringwork.survey.taint import ir


@dataclass(slots=True, eq=False)
class Defined:
    """A function of the project. qualname: inside its module ("Order.get", "make.<locals>.inner"). owner: the class whose method it is.

    handed: what handed.calls found in it, once asked.
    """

    unit: Unit
    qualname: str
    node: ir.Function
    owner: DefinedClass | None = None
    handed: frozenset[int] | None = None

    @property
    def dotted(self) -> str:
        """Module and qualified name."""
        return f"{self.unit.name}.{self.qualname}"


@dataclass(slots=True, eq=False)
class DefinedClass:
    """A class of the project. bases: dotted names; a name that could not be followed is as written. attributes: in the class's body."""

    unit: Unit
    qualname: str
    node: ir.Class
    bases: tuple[str, ...] = ()
    methods: dict[str, Defined] = field(default_factory=dict)
    attributes: dict[str, ir.Expression] = field(default_factory=dict)
    annotations: dict[str, ir.Expression] = field(default_factory=dict)

    @property
    def dotted(self) -> str:
        """Module and qualified name."""
        return f"{self.unit.name}.{self.qualname}"


@dataclass(slots=True, eq=False)
class Unit:
    """One module. imports: names bound by its top-level imports, to dotted targets. stars: modules of which it imports everything.

    functions, classes: by qualified name. hidden: functions whose name a later one took.
    assigned: names that its top level gives a value, the last one.
    """

    module: ir.Module
    imports: dict[str, str] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    functions: dict[str, Defined] = field(default_factory=dict)
    hidden: list[Defined] = field(default_factory=list)
    classes: dict[str, DefinedClass] = field(default_factory=dict)
    assigned: dict[str, ir.Expression] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Dotted; made of the file's path for a script that nothing can import."""
        return self.module.name

    @property
    def file(self) -> str:
        """Relative to the project, with slashes."""
        return self.module.file

    def absolute(self, level: int, module: str) -> str:
        """What an import of this many dots and this module means here."""
        if not level:
            return module
        parts = self.name.split(".")
        keep = len(parts) - level + (1 if self.module.is_package else 0)
        return ".".join([*parts[: max(keep, 0)], *([module] if module else [])])


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
            elif not prefix or owner is not None:
                self._plain(statement, prefix, owner)
            else:
                for inner in blocks(statement):
                    self.block(inner, prefix, owner)

    def _function(self, node: ir.Function, prefix: str, owner: DefinedClass | None) -> None:
        name = prefix + node.name
        defined = Defined(self.unit, name, node, owner)
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
        defined = self.unit.classes[prefix + node.name] = DefinedClass(self.unit, prefix + node.name, node)
        self.block(node.body, f"{prefix}{node.name}.", defined)

    def _plain(self, statement: ir.Statement, prefix: str, owner: DefinedClass | None) -> None:
        if isinstance(statement, ir.Import):
            if owner is None:
                for dotted, name in statement.names:
                    first = dotted.partition(".")[0]
                    self.unit.imports[name or first] = dotted if name else first
        elif isinstance(statement, ir.ImportFrom):
            if owner is None:
                self._imported(statement)
        elif isinstance(statement, ir.Assign):
            for target in statement.targets:
                self._assigned(target, statement.value, owner)
        elif isinstance(statement, ir.Declare):
            if owner is not None and isinstance(statement.target, ir.Name):
                owner.annotations[statement.target.id] = statement.annotation
            if statement.value is not None:
                self._assigned(statement.target, statement.value, owner)
        else:
            for inner in blocks(statement):
                self.block(inner, prefix, owner)

    def _imported(self, node: ir.ImportFrom) -> None:
        base = self.unit.absolute(node.level, node.module)
        for name, renamed in node.names:
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
