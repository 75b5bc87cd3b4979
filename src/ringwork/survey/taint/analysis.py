"""One reading of a project's source: from its files to flows.

Functions are read one by one, each by itself; handlers of routes once more, with what their requests bring. The order is that of names, so
that the same source always gives the same flows, byte for byte.
"""

from __future__ import annotations

import dataclasses
import gc
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from ringwork.survey import flows
from ringwork.survey.flows import Entry, Flow, SourceFacts, Step, Strength
from ringwork.survey.taint import ir, keeping, model, routes, shares, uses
from ringwork.survey.taint.evaluator import Evaluator
from ringwork.survey.taint.frames import Found, Frame
from ringwork.survey.taint.handlers import Handler
from ringwork.survey.taint.project import Project
from ringwork.survey.taint.units import Defined, Unit
from ringwork.survey.taint.values import Trail

_DEEP = 20_000
"""Python's own limit on nested calls while source is read: what is nested deeper is told as unread."""

_SHARE = 100
"""Modules that are read together, by one process."""

Key = tuple[object, ...]
Share = tuple[dict[Key, tuple[Found, set[str]]], list[flows.Unread]]


def analyse(
    root: Path,
    *,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
    project: Project | None = None,
    is_kept: bool = False,
) -> SourceFacts:
    """Read the source below `root`.

    jobs: at most so many processes, which changes nothing of the result. progress: told how many of how many modules are done. project: the
    same folder, where it was read. is_kept: give what an earlier reading gave where no file changed since, and keep what this one gives.
    """
    project = project if project is not None else Project(root)
    reading = Reading(project, model.load())
    if is_kept:
        return keeping.kept(project.listing, lambda: reading.all(jobs=jobs, progress=progress))
    return reading.all(jobs=jobs, progress=progress)


class Reading:
    """A reading under way. found: by what names a finding, with the names of the routes that lead to it."""

    def __init__(self, project: Project, models: model.Models) -> None:
        self.project, self.models = project, models
        self.evaluator = Evaluator(project, models)
        self.found: dict[Key, tuple[Found, set[str]]] = {}
        self.failed: list[flows.Unread] = []

    def all(self, *, jobs: int = 1, progress: Callable[[int, int], None] | None = None) -> SourceFacts:
        """Read every module, by at most so many processes."""
        before = sys.getrecursionlimit()
        sys.setrecursionlimit(max(before, _DEEP))
        was_on = gc.isenabled()
        gc.disable()
        try:
            self._all(jobs, progress)
        finally:
            sys.setrecursionlimit(before)
            if was_on:
                gc.enable()
        return self.facts()

    def _all(self, jobs: int, progress: Callable[[int, int], None] | None) -> None:
        by_function: dict[str, list[Handler]] = {}
        for handler in routes.handlers(self.project):
            by_function.setdefault(handler.function, []).append(handler)
        units = list(self.project.units())  # all of them before processes are copied, so that none reads a file twice
        cut = shares.cut(units, _SHARE)
        told = None if progress is None else lambda done, of: progress(min(done * _SHARE, len(units)), len(units))
        for found, failed in shares.spread(cut, lambda share: self._share(share, by_function), jobs=jobs, progress=told):
            for key, (one, routes_there) in found.items():
                self._keep(key, one, routes_there)
            self.failed.extend(failed)

    def _share(self, units: Sequence[Unit], by_function: Mapping[str, list[Handler]]) -> Share:
        """Read some modules with nothing remembered of others, so that it is the same whoever does it, and memory is given back."""
        part = Reading(self.project, self.models)
        for unit in units:
            part.unit(unit, by_function)
        return part.found, part.failed

    def unit(self, unit: Unit, by_function: Mapping[str, list[Handler]]) -> None:
        """Read one module: its top level, its functions, and those that are handlers for each of their routes."""
        self._guarded(unit, 0, lambda: self.evaluator.read_top(unit), ())
        for own in _functions(unit):
            handlers = by_function.get(own.dotted, [])
            for handler in handlers:
                self._guarded(unit, own.node.at, lambda own=own, handler=handler: self.evaluator.read(own, handler), [handler.name])  # type: ignore[misc] # bound at once
            if not handlers:
                self._guarded(unit, own.node.at, lambda own=own: self.evaluator.read(own), ())  # type: ignore[misc] # the same

    def _guarded(self, unit: Unit, at: int, read: Callable[[], Frame], names: Iterable[str]) -> None:
        """Against one function that ends the whole reading: what could not be followed is told by its place."""
        try:
            frame = read()
        except (RecursionError, MemoryError) as error:
            self.failed.append(
                flows.Unread(file=unit.file, line=ir.line_of(at), why=f"it is nested too deeply to be followed ({type(error).__name__})")
            )
            return
        for key, found in frame.found.items():
            self._keep(key, found, names)

    def _keep(self, key: Key, found: Found, names: Iterable[str]) -> None:
        """The better understood of two ways to one place, with the routes of both."""
        known = self.found.get(key)
        if known is None:
            self.found[key] = (found, set(names))
            return
        self.found[key] = (found if known[0].weak and not found.weak else known[0], known[1] | set(names))

    def facts(self) -> SourceFacts:
        """What was found so far."""
        units = list(self.project.units())
        return SourceFacts(
            flows=tuple(self._judged(flow) for flow in _flows(self.found.values())),
            unread=tuple(sorted({*self.project.unread(), *self.failed}, key=lambda one: (one.file, one.line, one.why))),
            files=len(units),
            lines=sum(unit.module.lines for unit in units),
        )

    def _judged(self, flow: Flow) -> Flow:
        """What names and places around a flow say of it."""
        if flow.strength is Strength.WEAK:
            return flow
        is_checksum = flow.kind == "weak-hash" and uses.is_checksum(self._around(flow))
        return dataclasses.replace(flow, strength=Strength.WEAK) if is_checksum or uses.is_outside(flow.place.file) else flow

    def _around(self, flow: Flow) -> str:
        """The names near a place: of its function, its file, and of the lines about it."""
        try:
            lines = (self.project.root / flow.place.file).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            lines = []
        near = lines[max(flow.place.line - 3, 0) : flow.place.line + 1]
        return "\n".join([flow.function.rpartition(".")[2], *flow.place.file.split("/")[-2:], *near])


def _functions(unit: Unit) -> Iterator[Defined]:
    """Functions in the order of the file; those inside others are read where they are called, and once by themselves."""
    yield from sorted(unit.functions.values(), key=lambda own: own.node.at)


def _flows(found: Iterable[tuple[Found, set[str]]]) -> Iterator[Flow]:
    """One for each place, kind and source; the same bug from several sources is one."""
    best: dict[Key, tuple[Found, set[str], int]] = {}
    for one, names in found:
        key = (one.kind, one.sink, one.trail.file, one.trail.at, one.atom.kind == "none")
        known = best.get(key)
        if known is None:
            best[key] = (one, set(names), 1)
            continue
        kept = min((known[0], one), key=_rank)
        best[key] = (kept, known[1] | names, known[2] + 1)
    for one, names, _ in sorted(best.values(), key=lambda item: (item[0].trail.file, item[0].trail.at, item[0].kind, item[0].sink)):
        yield Flow(
            kind=one.kind,
            strength=Strength.WEAK if one.weak else Strength.STRONG,
            sink=one.sink,
            entry=Entry() if one.atom.kind == "none" else Entry(kind=one.atom.kind, name=one.atom.name),
            steps=_steps(one.trail),
            function=one.function,
            routes=tuple(sorted(names)),
            detail=one.detail,
            context=one.context.replace("\x00", "").replace("\x01", ""),
        )


def _rank(found: Found) -> tuple[bool, int, str, str]:
    return found.weak, len(_steps(found.trail)), found.atom.kind, found.atom.name


def _steps(trail: Trail | None) -> tuple[Step, ...]:
    steps: list[Step] = []
    while trail is not None:
        steps.append(Step(file=trail.file, line=ir.line_of(trail.at), column=ir.column_of(trail.at), said=trail.said))
        trail = trail.before
    return tuple(reversed(steps))
