"""One project's modules and what their names mean: imports, definitions and re-exports, without importing anything.

Against a finding that is missed because a function was imported under another name: a name is followed to where it was made, through
every module of the project on the way.
"""

from __future__ import annotations

import dataclasses
import fnmatch
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, TypeVar

from ringwork.survey import flows
from ringwork.survey.taint import files, ir, reading
from ringwork.survey.taint.questions import Question
from ringwork.survey.taint.units import Defined, DefinedClass, Unit

Made = TypeVar("Made")
Parse = Callable[..., Unit]
"""As `parsed` is called."""

MOST_ALIKE = 80
"""Functions that a name put together at run time may mean; of more, nothing can be said."""
_MOST_HOPS = 12
"""Re-exports that are followed; a longer chain is a circle."""


class Answered(NamedTuple):
    """said: by question, the names of the modules that may say it. of: those that were asked and have the same bytes."""

    said: Mapping[Question, frozenset[str]]
    of: frozenset[str]


def parsed(data: bytes, *, file: str, name: str, is_package: bool) -> Unit:
    """A module of these bytes."""
    return Unit.read(reading.parse(data, file=file, name=name, is_package=is_package), data)


class Project:
    """The modules below one folder. listing: their files, found when it is not given. A module is read when it is first asked for.

    parse: makes one module, where somebody keeps what was read. noted: what was asked for since whoever put a new set there: names of
    modules, "*name" for the methods of one name in all of them, and "?words|pattern" for what all were asked by `asked`. searched: what all
    modules were asked by `saying`, with the names of those that may say it; answered: the same of an earlier reading, of modules that are
    still what they were.
    """

    def __init__(self, root: Path, *, listing: files.Listing | None = None, parse: Parse = parsed) -> None:
        self.root = root
        self.parse = parse
        self.noted: set[str] = set()
        self.searched: dict[Question, frozenset[str]] = {}
        self.answered = Answered({}, frozenset())
        self.listing = listing if listing is not None else files.listing(root)
        self._found: dict[str, files.Found] = {}
        for found in self.listing.files:
            # Against files that are left out in silence: what has no name, or one that is taken, is known by its place.
            is_free = found.name and found.name not in self._found
            name = found.name if is_free else found.file.removesuffix(".py").replace("/", ".")
            self._found[name] = dataclasses.replace(found, name=name)
        self._units: dict[str, Unit] = {}
        self._resolved: dict[str, tuple[str, frozenset[str]]] = {}
        self._classes: dict[str, tuple[str, DefinedClass | None]] = {}
        self._splits: dict[str, tuple[str, str]] = {}
        self._bases: dict[str, tuple[tuple[str, ...], frozenset[str]]] = {}
        self._methods: dict[str, list[Defined]] = {}
        self._shape = ""

    # -- modules ------------------------------------------------------------------------------------------------

    def names(self) -> list[str]:
        """The dotted names of all modules, sorted."""
        return sorted(self._found)

    def units(self) -> Iterator[Unit]:
        """All modules, in the order of their names."""
        for name in self.names():
            unit = self.unit(name)
            if unit is not None:
                yield unit

    def unit(self, name: str) -> Unit | None:
        """The module of this dotted name; None where the project has none."""
        self.noted.add(name)
        unit = self._units.get(name)
        if unit is None and (found := self._found.get(name)) is not None:
            unit = self._units[name] = self._read(found)
        return unit

    def shape(self) -> str:
        """A digest of the names of all modules and of their files."""
        if not self._shape:
            self._shape = sha256(repr([(found.name, found.file) for found in self._found.values()]).encode()).hexdigest()
        return self._shape

    def saying(self, *words: str, pattern: str = "") -> frozenset[str]:
        """The names of the modules whose bytes may hold one of these words of ASCII letters, and something that a pattern fits."""
        question = (tuple(word.encode() for word in words), pattern.encode())
        known = self.searched.get(question)
        if known is None:
            said, of = self.answered.said.get(question), self.answered.of
            known = self.searched[question] = frozenset(
                unit.name for unit in self.units() if (unit.name in said if said is not None and unit.name in of else unit.says(question))
            )
        return known

    def asked(self, *words: str, pattern: str = "") -> frozenset[str]:
        """The same as `saying`, noted as a question: what stands on the answer is read again where another module may say it."""
        self.noted.add(f"?{','.join(words)}|{pattern}")
        return self.noting(lambda: self.saying(*words, pattern=pattern))[0]

    def giving(self, name: str) -> frozenset[str]:
        """The names of the modules whose bytes may give something of this name a value: `x.name = ...`, `x["name"] = ...`."""
        return self.asked(name, pattern=rf"(?:\.{name}|\[\s*[\"']{name}[\"']\s*\])\s*=[^=]")

    def unread(self) -> tuple[flows.Unread, ...]:
        """What could not be read of the modules that were asked for, and of the listing."""
        faults = (
            flows.Unread(file=unit.file, line=fault.line, why=fault.what)
            for _, unit in sorted(self._units.items())
            for fault in unit.faults
        )
        return (*self.listing.unread, *faults)

    def _read(self, found: files.Found) -> Unit:
        try:
            data = found.path.read_bytes()
        except OSError as error:
            fault = ir.Fault(0, f"it cannot be read ({error.strerror})")
            return Unit(ir.Module(found.file, found.name, (), (), (fault,), 0, found.is_package))
        return self.parse(data, file=found.file, name=found.name, is_package=found.is_package)

    def written(self, owner: DefinedClass) -> tuple[str, ...]:
        """The bases of a class, dotted; one that could not be followed is as written."""
        if owner.bases is None:
            supers = [base for base in owner.supers if not isinstance(base, ir.Starred)]
            owner.bases = self.noting(lambda: tuple(self._written(owner.unit, base) for base in supers))
        self.noted.update(owner.bases[1])
        return owner.bases[0]

    def noting(self, make: Callable[[], Made]) -> tuple[Made, frozenset[str]]:
        """What `make` gives, and what the project was asked for meanwhile, which is not noted here."""
        outer, self.noted = self.noted, set()
        try:
            made = make()
            return made, frozenset(self.noted)
        finally:
            self.noted = outer

    # -- names --------------------------------------------------------------------------------------------------

    def resolve(self, unit: Unit, expression: ir.Expression) -> str:
        """What a name, or a chain of attributes, at the top level of a module means: a canonical dotted name, "" unknown."""
        written = self._written(unit, expression)
        return self.canonical(written) if written else ""

    def _written(self, unit: Unit, expression: ir.Expression) -> str:
        parts: list[str] = []
        while isinstance(expression, ir.Attribute):
            parts.append(expression.name)
            expression = expression.of
        if isinstance(expression, ir.Item):  # Generic[T] means Generic
            inner = self._written(unit, expression.of)
        elif isinstance(expression, ir.Constant) and isinstance(expression.value, str) and not parts:
            return self._quoted(unit, expression.value)  # an annotation in quotes
        elif isinstance(expression, ir.Name):
            inner = self.global_name(unit, expression.id)
        else:
            return ""
        return ".".join([inner, *reversed(parts)]) if inner else ""

    def _quoted(self, unit: Unit, text: str) -> str:
        first, _, rest = text.strip().partition(".")
        if not first.isidentifier():
            return ""
        inner = self.global_name(unit, first)
        return f"{inner}.{rest}" if inner and rest else inner

    def global_name(self, unit: Unit, name: str) -> str:
        """The dotted meaning of a global name of a module; a builtin's as "builtins.open"; "" unknown."""
        if unit.defines(name):
            return f"{unit.name}.{name}"
        target = unit.imports.get(name)
        if target is not None:
            return target
        for star in unit.stars:
            inner = self.unit(star)
            if inner is None:
                continue
            if inner.defines(name):
                return f"{star}.{name}"
            if name in inner.imports and not name.startswith("_"):
                return inner.imports[name]
        return f"builtins.{name}" if name in BUILTINS else ""

    def canonical(self, dotted: str) -> str:
        """A dotted name with the project's own re-exports followed, to where the thing was made."""
        known = self._resolved.get(dotted)
        if known is None:
            known = self._resolved[dotted] = self.noting(lambda: self._follow(dotted))
        self.noted.update(known[1])
        return known[0]

    def _follow(self, dotted: str) -> str:
        for _ in range(_MOST_HOPS):
            unit, rest = self._split(dotted)
            if unit is None or not rest:
                return dotted
            first, _, more = rest.partition(".")
            if first in unit.functions or first in unit.classes:
                return dotted
            if first in unit.gives:
                target = self._renamed(unit, first)
            else:
                target = unit.imports.get(first) or next(
                    (f"{star}.{first}" for star in unit.stars if (inner := self.unit(star)) and self._has(inner, first)), ""
                )
            if not target or target == dotted:
                return dotted
            dotted = f"{target}.{more}" if more else target
        return dotted

    def _of_instance(self, dotted: str) -> str:
        """What an instance of a library's class gives (`db.Model`, where `db = SQLAlchemy()`), by that class; anything else as it is."""
        head, _, last = dotted.rpartition(".")
        unit, name = self._split(head) if head else (None, "")
        made = unit.assigned.get(name) if unit is not None else None
        if unit is None or not isinstance(made, ir.Call):
            return dotted
        maker = self.resolve(unit, made.function)
        return f"{maker}.{last}" if maker and self._split(maker)[0] is None else dotted

    def _renamed(self, unit: Unit, name: str) -> str:
        """Where a module-level name is another name for something (`login = flask_login.login_user`): that."""
        value = unit.assigned[name]
        if isinstance(value, ir.Attribute | ir.Name) and not (isinstance(value, ir.Name) and value.id == name):
            return self._written(unit, value)
        return ""

    def _has(self, unit: Unit, name: str) -> bool:
        return unit.defines(name) or name in unit.imports

    def _split(self, dotted: str) -> tuple[Unit | None, str]:
        """The longest module of the project that a dotted name begins with, and the rest."""
        known = self._splits.get(dotted)
        if known is None:
            head, rest = dotted, ""
            while head and head not in self._found:
                head, _, last = head.rpartition(".")
                rest = f"{last}.{rest}" if rest else last
            known = self._splits[dotted] = (head, rest)
        head, rest = known
        return (self.unit(head), rest) if head else (None, dotted)

    # -- definitions --------------------------------------------------------------------------------------------

    def function(self, dotted: str) -> Defined | None:
        """The project's function, or method through the bases of its class, of this name."""
        unit, rest = self._split(dotted)
        if unit is None:
            return None
        found = unit.functions.get(rest)
        if found is None and "." in rest:
            owner, _, name = rest.rpartition(".")
            if owner in unit.classes:
                return self.method(unit.classes[owner], name)
        return found

    def class_(self, dotted: str) -> DefinedClass | None:
        """The project's class of this name."""
        known = self._classes.get(dotted)
        if known is None:
            unit, rest = self._split(dotted)
            known = self._classes[dotted] = (unit.name, unit.classes.get(rest)) if unit is not None else ("", None)
        if known[0]:
            self.noted.add(known[0])
        return known[1]

    def method(self, owner: DefinedClass, name: str) -> Defined | None:
        """A method of a class or of the nearest base that has it."""
        found = owner.methods.get(name)
        if found is not None:
            return found
        for base in self.bases(owner.dotted):
            inner = self.class_(base)
            if inner is not None and name in inner.methods:
                return inner.methods[name]
        return None

    def methods_named(self, name: str) -> tuple[Defined, ...]:
        """The methods of this name in all classes of the project, in the order of modules."""
        if not self._methods:
            self.noting(self._list_methods)
        self.noted.add(f"*{name}")
        return tuple(self._methods.get(name, ()))

    def _list_methods(self) -> None:
        for unit in self.units():
            for owner in unit.classes.values():
                for method, found in owner.methods.items():
                    self._methods.setdefault(method, []).append(found)

    def names_like(self, pattern: str) -> list[str]:
        """The modules whose dotted name fits a pattern (*), sorted."""
        return [pattern] if pattern in self._found else fnmatch.filter(self.names(), pattern) if "*" in pattern else []

    def functions_like(self, pattern: str) -> list[Defined]:
        """The functions at the top of modules whose dotted name fits a pattern, at most MOST_ALIKE; none where more fit."""
        head, _, last = pattern.rpartition(".")
        found = [
            own
            for name in self.names_like(head)
            if (unit := self.unit(name)) is not None
            for qualname, own in sorted(unit.functions.items())
            if "." not in qualname and fnmatch.fnmatchcase(qualname, last)
        ]
        return found if len(found) <= MOST_ALIKE else []

    def attribute(self, owner: DefinedClass, name: str) -> tuple[DefinedClass, ir.Expression] | None:
        """A class-level value by name, with the class that has it."""
        for base in (owner.dotted, *self.bases(owner.dotted)):
            inner = self.class_(base)
            if inner is not None and name in inner.attributes:
                return inner, inner.attributes[name]
        return None

    def annotation(self, owner: DefinedClass, name: str) -> tuple[DefinedClass, ir.Expression] | None:
        """A class-level annotation by name, with the class that has it."""
        for base in (owner.dotted, *self.bases(owner.dotted)):
            inner = self.class_(base)
            if inner is not None and name in inner.annotations:
                return inner, inner.annotations[name]
        return None

    def bases(self, dotted: str) -> tuple[str, ...]:
        """All bases of a project's class, nearest first, canonical; those outside the project end a branch."""
        known = self._bases.get(dotted)
        if known is None:
            known = self._bases[dotted] = self.noting(lambda: self._all_bases(dotted))
        self.noted.update(known[1])
        return known[0]

    def _all_bases(self, dotted: str) -> tuple[str, ...]:
        found: dict[str, None] = {}
        waiting = [dotted]
        while waiting:
            inner = self.class_(waiting.pop(0))
            for base in self.written(inner) if inner is not None else ():
                name = self._of_instance(self.canonical(base)) if base else ""
                if name and name not in found and name != dotted:
                    found[name] = None
                    waiting.append(name)
        return tuple(found)


BUILTINS: Mapping[str, None] = dict.fromkeys([
    "abs", "aiter", "all", "anext", "any", "ascii", "bin", "bool", "breakpoint", "bytearray", "bytes", "callable",
    "chr", "classmethod", "compile", "complex", "delattr", "dict", "dir", "divmod", "enumerate", "eval", "exec",
    "filter", "float", "format", "frozenset", "getattr", "globals", "hasattr", "hash", "help", "hex", "id", "input",
    "int", "isinstance", "issubclass", "iter", "len", "list", "locals", "map", "max", "memoryview", "min", "next",
    "object", "oct", "open", "ord", "pow", "print", "property", "range", "repr", "reversed", "round", "set", "setattr",
    "slice", "sorted", "staticmethod", "str", "sum", "super", "tuple", "type", "vars", "zip", "__import__", "execfile",
    "raw_input", "unicode", "exit", "quit", "Exception", "BaseException", "ValueError", "TypeError", "KeyError",
    "OSError", "RuntimeError", "PermissionError",
])  # fmt: skip
"""The builtin names that calls are followed to."""
