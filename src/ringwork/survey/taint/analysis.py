"""One reading of a project's source: from its files to flows.

Functions are read one by one, each by itself; handlers of routes once more, with what their requests bring. The order is that of names, so
that the same source always gives the same flows, byte for byte.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from ringwork.survey import flows
from ringwork.survey.flows import Entry, Flow, SourceFacts, Step, Strength
from ringwork.survey.taint import ir, keeping, kept_passwords, model, places, routes, shares, shown, unknowns, uses
from ringwork.survey.taint.evaluator import Evaluator
from ringwork.survey.taint.frames import Found, Frame
from ringwork.survey.taint.handlers import Routes
from ringwork.survey.taint.keeping import Findings, Key, Result
from ringwork.survey.taint.project import Project, parsed
from ringwork.survey.taint.units import Defined, Unit
from ringwork.survey.taint.values import Trail

_DEEP = 20_000
"""Python's own limit on nested calls while source is read: what is nested deeper is told as unread."""

_SHARE, _ALONE = 100, 400
"""Modules that are read together, by one process of several and by one alone: what they have in common is read once for them."""

Beside = Callable[[Project, Unit, Routes], Iterable[Flow]]
"""What else sees flows in one module, with the routes of the whole project."""


def analyse(
    root: Path,
    *,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
    project: Project | None = None,
    kept: keeping.Kept | None = None,
) -> SourceFacts:
    """Read the source below `root`.

    jobs: at most so many processes, which changes nothing of the result. progress: told how many of how many modules are done. project: the
    same folder, where it was read. kept: what an earlier reading kept of it; what did not change since is not read again.
    """
    project = project if project is not None else Project(root, parse=kept.parse if kept is not None else parsed)
    ways = kept.routes(project, lambda: routes.read(project)) if kept is not None else routes.read(project)
    facts = Reading(project, ways, kept=kept).all(jobs=jobs, progress=progress)
    if kept is not None:
        kept.close()
    return facts


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """For a reading: nothing of what it makes is garbage before it ends, and source may be nested deeply."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _DEEP))
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
        if was_on:
            gc.enable()


class Reading:
    """A reading of a whole project. beside: what else looks at each module while it is at hand; seen: the flows that it gave."""

    def __init__(self, project: Project, routes: Routes, *, kept: keeping.Kept | None = None, beside: Beside | None = None) -> None:
        self.project, self.routes, self.models, self.kept, self.beside = project, routes, model.load(), kept, beside
        self.found: Findings = {}
        self.failed: list[flows.Unread] = []
        self.seen: list[Flow] = []
        self._of_all = (sorted(routes.types), routes.has_authentication)
        self._of_routes: dict[str, list[str]] | None = None

    def all(self, *, jobs: int = 1, progress: Callable[[int, int], None] | None = None) -> SourceFacts:
        """Read every module, by at most so many processes."""
        with undisturbed():
            self._all(jobs, progress)
        return self.facts()

    def _all(self, jobs: int, progress: Callable[[int, int], None] | None) -> None:
        units = list(self.project.units())  # all of them before processes are copied, so that none reads a file twice
        results = self._as_before(units)
        changed = [unit for unit in units if unit.name not in results]
        same = len(results)
        size = _SHARE if jobs > 1 else _ALONE
        told = None if progress is None else lambda done, of: progress(same + min(done * size, len(changed)), len(units))
        for share in shares.spread(shares.cut(changed, size), self._share, jobs=jobs, progress=told):
            results.update(share)
        for unit in units:
            result = results[unit.name]
            for key, (one, routes_there) in result.found.items():
                _keep(self.found, key, one, routes_there)
            self.failed += result.failed
            self.seen += result.beside
        if self.kept is not None:
            for unit in changed:
                self.kept.keep(self.project, unit, self._routes(unit), results[unit.name])

    def _as_before(self, units: Iterable[Unit]) -> dict[str, Result]:
        if self.kept is None:
            return {}
        known = ((unit.name, self.kept.result(self.project, unit, self._routes(unit))) for unit in units)
        return {name: result for name, result in known if result is not None}

    def _routes(self, unit: Unit) -> str:
        """All that a module's result may stand on of the routes, in words: those of its functions, or of what is named as if they were."""
        if self._of_routes is None:
            self._of_routes = dict[str, list[str]]()
            for listed in (self.routes.by_function, self.routes.entries):
                for function, handlers in sorted(listed.items()):
                    words = repr(handlers)
                    for dot in re.finditer(r"\.", function):
                        self._of_routes.setdefault(function[: dot.start()], []).append(words)
        return repr((self._of_routes.get(unit.name), self._of_all))

    def _share(self, units: Sequence[Unit]) -> dict[str, Result]:
        """Read some modules with nothing remembered of others, so that it is the same whoever does it, and memory is given back."""
        evaluator = Evaluator(self.project, self.models)
        return {unit.name: self._module(evaluator, unit) for unit in units}

    def _module(self, evaluator: Evaluator, unit: Unit) -> Result:
        outer, self.project.noted = self.project.noted, set()
        try:
            part = Module(evaluator, unit)
            part.read(self.routes)
            beside = list(self.beside(self.project, unit, self.routes)) if self.beside is not None else []
            return Result(part.found, part.failed, beside, frozenset(self.project.noted))
        finally:
            self.project.noted = outer

    def facts(self) -> SourceFacts:
        """What was found so far."""
        units = list(self.project.units())
        found = list(_flows(self.found.values()))
        named = self._named({_giver(flow) for flow in found if flow.strength is Strength.STRONG and flow.detail in unknowns.OF_CALLERS})
        flows = [self._judged(flow, named) for flow in found if not self._is_hashed_again(flow)]
        return SourceFacts(
            flows=tuple(flow for flow in flows if flow.kind != shown.KIND),
            shown=tuple(flow for flow in flows if flow.kind == shown.KIND),
            unread=tuple(sorted({*self.project.unread(), *self.failed}, key=lambda one: (one.file, one.line, one.why))),
            files=len(units),
            lines=sum(unit.lines for unit in units),
        )

    def _judged(self, flow: Flow, named: set[tuple[str, str]]) -> Flow:
        """What names and places around a flow say of it. named: functions that somebody may call with what he knows."""
        if flow.strength is Strength.WEAK:
            return flow
        if flow.detail in unknowns.OF_CALLERS and _giver(flow) in named:
            return dataclasses.replace(flow, strength=Strength.WEAK, detail="")
        is_checksum = flow.kind == "weak-hash" and uses.is_checksum(self._around(flow))
        return dataclasses.replace(flow, strength=Strength.WEAK) if is_checksum or uses.is_outside(flow.place.file) else flow

    def _is_hashed_again(self, flow: Flow) -> bool:
        """Whether a fast hash of a password is no more than what a slow one is given, or what a list of leaked passwords is asked for."""
        return flow.kind == "password-hash" and flow.entry.kind != "" and uses.is_hashed_again(self._around(flow))

    def _named(self, asked: set[tuple[str, str]]) -> set[tuple[str, str]]:
        """Which of these functions, by name and file, the project names anywhere but where they are defined. Each file is read once."""
        named: set[tuple[str, str]] = set()
        for unit in self.project.units() if asked else ():
            text = self._text(unit.file)
            named |= {(name, file) for name, file in asked - named if _names(text, name, is_own=unit.file == file)}
        return named

    def _text(self, file: str) -> str:
        try:
            return (self.project.root / file).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    def _around(self, flow: Flow) -> str:
        """The names near a place: of its function, its file, and of the lines about it."""
        lines = self._text(flow.place.file).splitlines()
        near = lines[max(flow.place.line - 3, 0) : flow.place.line + 1]
        return "\n".join([flow.function.rpartition(".")[2], *flow.place.file.split("/")[-2:], *near])


def _giver(flow: Flow) -> tuple[str, str]:
    """The function whose caller gives what a flow begins with, and its file."""
    first = flow.steps[0]
    return first.said.partition(unknowns.GIVEN)[0], first.file


def _names(text: str, name: str, *, is_own: bool) -> bool:
    """Whether a module says the name of a function; another that defines one of this name says its own, unless it asks an object for it."""
    if name not in text:
        return False
    is_another = not is_own and re.search(rf"\bdef {name}\b", text) is not None
    return re.search(rf"\.{name}\b" if is_another else rf"(?<!\bdef )\b{name}\b", text) is not None


class Module:
    """One module while it is read: its top level, its functions, and those that are handlers for each of their routes."""

    def __init__(self, evaluator: Evaluator, unit: Unit) -> None:
        self.evaluator, self.unit = evaluator, unit
        self.found: Findings = {}
        self.failed: list[flows.Unread] = []

    def read(self, routes: Routes) -> None:
        """Read all of it."""
        self._guarded(0, lambda: self.evaluator.read_top(self.unit), ())
        for own in _functions(self.unit):
            handlers = routes.entering(own.dotted)
            for handler in handlers:
                self._guarded(own.node.at, lambda own=own, handler=handler: self.evaluator.read(own, handler), [handler.name])  # type: ignore[misc] # bound at once
            if not handlers:
                self._guarded(own.node.at, lambda own=own: self.evaluator.read(own), ())  # type: ignore[misc] # the same

    def _guarded(self, at: int, read: Callable[[], Frame], names: Iterable[str]) -> None:
        """Against one function that ends the whole reading: what could not be followed is told by its place."""
        try:
            frame = read()
        except (RecursionError, MemoryError) as error:
            why = f"it is nested too deeply to be followed ({type(error).__name__})"
            self.failed.append(flows.Unread(file=self.unit.file, line=ir.line_of(at), why=why))
            return
        for key, found in frame.found.items():
            _keep(self.found, key, found, names)


def _keep(kept: Findings, key: Key, found: Found, names: Iterable[str]) -> None:
    """The better understood of two ways to one place, with the routes of both."""
    known = kept.get(key)
    if known is None:
        kept[key] = (found, set(names))
        return
    kept[key] = (found if known[0].weak and not found.weak else known[0], known[1] | set(names))


def _functions(unit: Unit) -> Iterator[Defined]:
    """Functions in the order of the file; those inside others are read where they are called, and once by themselves.

    Against a hole in one of two functions of one name, as for two versions of Python: both are read.
    """
    yield from sorted((*unit.functions.values(), *unit.hidden), key=lambda own: own.at)


_AS = {kept_passwords.KIND: "password-hash"}
"""Kinds of places that are told as another."""


def _flows(found: Iterable[tuple[Found, set[str]]]) -> Iterator[Flow]:
    """One for each place, kind and source; the same bug from several sources is one."""
    best: dict[Key, tuple[Found, set[str], int]] = {}
    for one, names in found:
        # What nobody gave, and what a helper is handed, is told once, by whatever name it is called in the end.
        is_table = one.kind == "csv" and one.atom.kind == "stored"
        sink = "" if one.atom.kind == "local" or one.told is not None or is_table else one.sink
        # Kept rows that one file writes into tables have one cure, however many columns and tables there are.
        place = (one.place[0], 0) if is_table else one.place
        key = (one.kind, sink, *place, one.atom.kind == "none")
        known = best.get(key)
        if known is None:
            best[key] = (one, set(names), 1)
            continue
        kept = min((known[0], one), key=_rank)
        best[key] = (kept, known[1] | names, known[2] + 1)
    shown = {(one.kind, place) for one, _, _ in best.values() if one.atom.kind not in {"local", "none"} for place in _places(one)}
    told = (item for item in best.values() if not _is_told_better(item[0], shown))
    for one, names, _ in sorted(told, key=lambda item: (*item[0].place, item[0].kind, item[0].sink)):
        yield Flow(
            kind=_AS.get(one.kind, one.kind),
            strength=Strength.WEAK if one.weak else Strength.STRONG,
            sink=one.sink,
            entry=Entry() if one.atom.kind == "none" else Entry(kind=one.atom.kind, name=one.atom.name),
            steps=_steps(one.trail),
            function=one.function,
            routes=tuple(sorted(names)),
            detail=one.detail or (kept_passwords.DETAIL if one.kind == kept_passwords.KIND else ""),
            context=one.context.replace("\x00", "").replace("\x01", ""),
            told=_told(one),
        )


def _is_told_better(one: Found, shown: set[tuple[str, tuple[str, int]]]) -> bool:
    """Whether a request that gets to a place says more: than what nobody gave, and than that the loader there is unsafe."""
    kind = {"loader": "deserialise"}.get(one.kind, one.kind if one.atom.kind == "local" else "")
    return (kind, one.place) in shown


def _rank(found: Found) -> tuple[bool, int, str, str]:
    return found.weak, len(_steps(found.trail)), found.atom.kind, found.atom.name


def _places(found: Found) -> Iterator[tuple[str, int]]:
    """Where a value matters, and all places on its way there at which it might have been told."""
    trail: Trail | None = found.trail
    while trail is not None:
        yield trail.file, trail.at
        trail = trail.before if found.told is not None else None


def _told(found: Found) -> Step | None:
    """The step at which it is told; None for the last one."""
    trail: Trail | None = found.trail if found.told is not None else None
    while trail is not None and (trail.file, trail.at) != found.told:
        trail = trail.before
    if trail is not None:
        return _step(trail)
    return _step(Trail(*found.told, places.MADE, None)) if found.told is not None else None  # its step was left out of a long way


def _step(trail: Trail) -> Step:
    return Step(file=trail.file, line=ir.line_of(trail.at), column=ir.column_of(trail.at), said=trail.said)


def _steps(trail: Trail | None) -> tuple[Step, ...]:
    steps: list[Step] = []
    while trail is not None:
        steps.append(_step(trail))
        trail = trail.before
    return tuple(reversed(steps))
