"""What the statements of modules say of who registers what with whom, asked of those modules alone that may say it.

Against a check that nobody waits for: where no library is used whose routes stand anywhere, most modules say nothing of routes, and that
is told by the names in them. What is left out could not have said anything; a module that may have is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

from ringwork.survey.taint import ir
from ringwork.survey.taint.project import Project
from ringwork.survey.taint.routes_scope import Known, Scope
from ringwork.survey.taint.units import Defined, DefinedClass, Unit

Calls = list[tuple[ir.Call, Scope]]


@dataclass(slots=True, eq=False)
class Use:
    """A method that is called on something, or stands before a function or class as its decorator.

    of: the key of what stands before the dot. target: what is decorated. known: the bare receiver, for what has no key.
    """

    of: str
    name: str
    call: ir.Call | None
    scope: Scope
    receiver: ir.Expression
    target: Defined | DefinedClass | None = None


@dataclass(slots=True, eq=False)
class Said:
    """What one module says. given: what is assigned to a key, or returned by a function. calls: by the last name of what is called."""

    uses: list[Use] = field(default_factory=list)
    given: dict[str, list[Known]] = field(default_factory=dict)
    calls: dict[str, Calls] = field(default_factory=dict)


class Sayings:
    """What all modules say. read: what one says. is_whole: every module is asked for everything, in order."""

    def __init__(self, project: Project, read: Callable[[Unit], Said], *, is_whole: bool) -> None:
        self._project, self._units = project, list(project.units())
        self._read, self.is_whole = read, is_whole
        self._of: dict[str, Said] = {}
        self._calls: dict[str, Calls] = {}
        self._using: dict[frozenset[str], list[Unit]] = {}
        self._given: dict[str, list[Known]] = {}
        self._giving: dict[str, set[str]] = {}
        self._other_names: dict[str, set[str]] = {}

    def read_all(self) -> None:
        """Ask every module, once: what was made in one may tell what is meant in the next."""
        for unit in self._units:
            for key, known in self._said(unit).given.items():
                self._given.setdefault(key, []).extend(known)

    def _said(self, unit: Unit) -> Said:
        said = self._of.get(unit.name)
        if said is None:
            said = self._of[unit.name] = self._read(unit)
        return said

    def called(self, name: str) -> Calls:
        """The calls of something of this last name, in the order in which they stand."""
        known = self._calls.get(name)
        if known is None:
            names = self._project.saying(name) if name.isascii() else None
            units = [unit for unit in self._units if names is None or unit.name in names]
            known = self._calls[name] = [call for unit in units for call in self._said(unit).calls.get(name, ())]
        return known

    def used(self, names: Collection[str]) -> Iterator[Use]:
        """What is used in modules that have one of these names behind a dot, as a use has; in all modules, where all are asked."""
        asked = frozenset(names)
        if asked not in self._using:
            self._using[asked] = self._units if self.is_whole else self._having(asked)
        for unit in self._using[asked]:
            yield from self._said(unit).uses

    def _having(self, names: frozenset[str]) -> list[Unit]:
        words = sorted(names)
        known = self._project.saying(*words, pattern=rf"\.(?:\s|\\|#[^\n]*\n)*(?:{'|'.join(words)})\b")
        return [unit for unit in self._units if unit.name in known]

    def given(self, key: str, same: Collection[str]) -> list[Known]:
        """What a key is given. same: attributes under which a thing is found again, so that giving to them may be giving to any key.

        A module gives to what is its own, and to attributes of other things, of which the last name is in the key, or another name of that.
        """
        if self.is_whole:
            return self._given.get(key, [])
        if not self._giving:
            self._list_names()
        names = {key[: at.start()] for at in re.finditer(r"\.", key)}
        for last in (*same, *self._also(key.rpartition(".")[2])):
            names |= self._giving.get(last, set())
        return [known for unit in self._units if unit.name in names for known in self._said(unit).given.get(key, ())]

    def _also(self, name: str) -> set[str]:
        """All last names under which something of this last name may be known."""
        found, waiting = set[str](), [name]
        while waiting:
            here = waiting.pop()
            if here not in found:
                found.add(here)
                waiting += self._other_names.get(here, ())
        return found

    def _list_names(self) -> None:
        self._giving = {"": set()}
        for unit in self._units:
            for name in unit.outside:
                self._giving.setdefault(name, set()).add(unit.name)
            renamed = ((name, target.rpartition(".")[2]) for name, target in unit.imports.items())
            for name, last in (*renamed, *unit.aliases.items()):
                if name != last:
                    self._other_names.setdefault(last, set()).add(name)
