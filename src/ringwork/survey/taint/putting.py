"""What was given to a function, put into what comes out of it: into its result, and into what it changed.

Against a result that forgets whose it is: each atom of an input is replaced by what that input carries here, one step on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ringwork.survey.taint import assigning, closures, ir, pieces, places, values
from ringwork.survey.taint.frames import Run, Summary
from ringwork.survey.taint.shapes import BARE
from ringwork.survey.taint.units import Defined
from ringwork.survey.taint.values import NOTHING, Atom, Facts, Kind, Mark, Taint, Trail, Value

_THINGS = frozenset({Kind.OBJECT, Kind.KEYED, Kind.ITEMS})
_CHANGING = _THINGS | {Kind.LOCAL}
_PLAIN = frozenset({Kind.CONSTANT, Kind.NAMED})


class Put:
    """What was given, put into what came out. One thing stays one thing: what is handed back is what was handed in.

    count: values that were made for it.
    """

    __slots__ = ("at", "count", "given", "inputs", "own", "passed", "run", "seen", "summary", "told")

    def __init__(self, run: Run, own: Defined, given: Mapping[Atom, Taint], at: int, summary: Summary, inputs: Mapping[str, Value]) -> None:
        self.run, self.own, self.given, self.at, self.summary, self.inputs = run, own, given, at, summary, inputs
        self.count = 0
        self.seen = {id(made): inputs[name] for name, made in summary.given.items() if name in inputs and inputs[name].kind in _THINGS}
        self.told = f"comes back from {own.node.name}()"
        self.passed: dict[tuple[Any, ...], Taint] = {}

    def changes(self, written: ir.Expression | None) -> None:
        """What the function changed holds something else from here on. written: the text of the first that it was given."""
        run, names = self.run, self.run.frame.state.names
        first = self.own.node.parameters[0].name if self.own.node.parameters else ""
        for name, changed in self.summary.changed.items():
            end = self.value(changed)
            if ":" in name:
                assigning.change_module(run, name, end)
            elif name in run.scopes.of(self.own.node).shared:
                if names.get(name) is self.inputs[name]:
                    names[name] = end
            elif name in self.inputs:  # a function inside another knows itself as well
                assigning.change(run, self.inputs[name], end, written if name == first else None)

    def value(self, value: Value) -> Value:
        """With what was given in place of its atoms."""
        known = self.seen.get(id(value))
        if known is not None:
            return known
        kind = value.kind
        if value.is_own or (kind in _PLAIN and value.facts is None) or (value.is_own is None and is_own(value)):
            return value
        self.count += 1
        if kind is Kind.LOCAL:
            return closures.mapped(value, self.value)
        inner = closures.inside(value, self.value) if kind in values.HOLDING else value.data
        facts = (self._known(value.facts[0]), self._known(value.facts[1])) if value.facts else None
        made = Value(kind, inner, value.type, self._taint(value.taint) if value.taint else NOTHING, facts)
        if kind in _THINGS:
            self.seen[id(value)] = made
        return made

    def _known(self, seen: Facts) -> Facts:
        return known_of(seen, self.given, self.own) if seen else NOTHING

    def _taint(self, taint: Taint) -> Taint:
        """Most carry one atom of an input, and many parts of one thing carry it alike."""
        if len(taint) > 1:
            return self._through(taint)
        ((atom, mark),) = taint.items()
        if atom.kind:
            return taint
        key = atom, id(mark.trail), mark.clean, mark.weak  # a step lives as long as the summary
        found = self.passed.get(key)
        if found is None:
            found = self.passed[key] = self._through(taint)
        return found

    def _through(self, taint: Taint) -> Taint:
        if all(atom.kind for atom in taint):  # nothing of an input
            return taint
        found: dict[Atom, Mark] = {}
        for atom, mark in taint.items():
            if atom.kind:
                _add(found, atom, mark)
                continue
            for inner, other in standing(self.given, atom, self.own).items():
                before = places.kept(mark.trail, other.trail)
                trail = Trail(self.run.frame.unit.file, self.at, self.told, before)
                _add(found, inner, Mark(pieces.joined(other.clean, mark.clean), trail, mark.weak or other.weak))
        return found


def _add(found: dict[Atom, Mark], atom: Atom, made: Mark) -> None:
    known = found.get(atom)
    found[atom] = made if known is None else values.merge([{atom: known}, {atom: made}])[atom]


def is_own(value: Value) -> bool:
    """Whether a value stays itself whatever its function was given: nothing of an input in it, and no thing that may change."""
    if value.is_own is None:
        value.is_own = (
            value.facts is None
            and value.kind not in _CHANGING
            and all(atom.kind for atom in value.taint)
            and all(is_own(part) for part in values.inside(value))
        )
    return value.is_own


def standing(given: Mapping[Atom, Taint], atom: Atom, own: Defined) -> Taint:
    """What an atom of a summary stands for; one that was decoded inside is decoded here, and one of a function around stays itself."""
    taint = given.get(atom)
    if taint is not None:
        return taint
    if not atom.name.startswith(f"{own.dotted}:"):
        return {atom: BARE}
    if atom.place:
        base = given.get(Atom(atom.kind, atom.name))
        return values.decoded(base, atom.place.lstrip("~")) if base else NOTHING
    return NOTHING


def known_of(seen: Facts, given: Mapping[Atom, Taint], own: Defined) -> Facts:
    """What was seen of the atoms of a summary, of what they stand for."""
    found: dict[Atom, frozenset[str]] = {}
    for atom, words in seen.items():
        if atom.kind:
            found[atom] = found.get(atom, frozenset()) | words
            continue
        for inner, mark in standing(given, atom, own).items():
            found[inner] = found.get(inner, frozenset()) | pieces.seen(mark.clean, words)
    return found
