"""What reading a project gave, kept module by module, so that a check before every commit reads what changed and nothing else.

A module's syntax stands on its bytes. What was found in it stands on every module that was looked into on the way, as each of them is
now, on the routes that lead to it, and on the code and models that read it: all of these name it, so that nothing is ever found by
another day's reading.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Collection, Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from ringwork.survey import kept_files
from ringwork.survey.flows import Flow, Unread
from ringwork.survey.taint import ir, packing, reading, routes_kept, shelf
from ringwork.survey.taint.frames import Found
from ringwork.survey.taint.handlers import Routes
from ringwork.survey.taint.project import Project
from ringwork.survey.taint.routes_kept import KeptRoutes
from ringwork.survey.taint.units import Outline, Unit

Key = tuple[object, ...]
Findings = dict[Key, tuple[Found, set[str]]]
"""By what names a finding, with the names of the routes that lead to it."""


class Result(NamedTuple):
    """What reading one module gave.

    failed: what could not be followed. beside: flows that were seen by looking at the module. noted: what the project was asked for on
    the way (`Project.noted`).
    """

    found: Findings
    failed: list[Unread]
    beside: list[Flow]
    noted: frozenset[str]


class Kept:
    """What is kept of one project, in one file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._modules, self._results, self._files, self._routes = _opened(path)
        self._now: Modules = {}
        self._digests: dict[str, str] = {}
        self._found: Results = {}
        self._seen: Files = {}
        self._parts: dict[str, bytes] = {}
        self._asked: set[str] = set()
        self._is_new = False

    def parse(self, data: bytes, *, file: str, name: str, is_package: bool) -> Unit:
        """A module, as it was kept, with its syntax where somebody asks for that; else read now."""
        digest = sha256(repr((file, name, is_package)).encode() + data).hexdigest()
        self._digests[name] = digest
        kept = self._modules.get(digest)

        def load() -> Unit:
            with contextlib.suppress(shelf.Unfit):
                module = packing.unpack(kept[1]) if kept is not None else None
                if isinstance(module, ir.Module):
                    return Unit.read(module)
            return Unit.read(reading.parse(data, file=file, name=name, is_package=is_package), data)

        if kept is not None:
            self._now[digest] = kept
            return Unit.unloaded(kept[0], load, name=name, file=file, is_package=is_package, data=data, asked=self._asked)
        unit = load()
        with contextlib.suppress(RecursionError):
            outline, _ = self._now[digest] = (unit.outline(), packing.pack(unit.module))
            self._is_new = True
            # Also what was read now: so it is told whether its syntax was asked for, or its outline alone.
            again = functools.partial(_same, unit)
            return Unit.unloaded(outline, again, name=name, file=file, is_package=is_package, data=data, asked=self._asked)
        return unit

    def routes(self, project: Project, read: Callable[[], Routes]) -> Routes:
        """The routes of a project of which nothing was asked yet: as they were kept, where they still hold, else as `read` gives them."""
        list(project.units())  # each is parsed, or found to be as it was
        known = routes_kept.now(self._routes, project, self._digests, self._outline) if self._routes is not None else None
        if known is None:
            if self._routes is not None:
                project.answered = routes_kept.answered(self._routes, self._digests)
            known = routes_kept.made(read(), project, self._digests, self._asked)
        for unit in project.units():
            unit.unwatch()
        self._is_new |= known != self._routes
        self._routes = known
        return known.routes

    def _outline(self, digest: str) -> Outline | None:
        known = self._now.get(digest) or self._modules.get(digest)
        return known[0] if known is not None else None

    def result(self, project: Project, unit: Unit, routes: str) -> Result | None:
        """What was found in a module, where everything that it stands on is as it was. routes: what it stands on of these, in words."""
        known = self._results.get(unit.name)
        if known is None or known[0] != self._key(project, unit, routes, known[1]):
            return None
        try:
            found, failed, beside = packing.unpack(known[2])
        except (shelf.Unfit, ValueError, TypeError):
            return None
        self._found[unit.name] = known
        return Result(found, failed, beside, frozenset(known[1]))

    def keep(self, project: Project, unit: Unit, routes: str, result: Result) -> None:
        """Keep what was found in a module."""
        noted = tuple(sorted(result.noted))
        with contextlib.suppress(RecursionError):
            packed = packing.pack((result.found, result.failed, result.beside))
            self._found[unit.name] = (self._key(project, unit, routes, noted), noted, packed)
            self._is_new = True

    def of_file(self, file: str, digest: Callable[[], str], *, sort: str = "looked") -> list[Any] | None:
        """What was seen in a file by its name and its bytes. digest: of its bytes; asked where somebody had looked at them."""
        known = self._files.get(f"{sort} {file}")
        if known is None or (known[0] and known[0] != digest()):
            return None
        with contextlib.suppress(shelf.Unfit):
            seen: list[Any] = packing.unpack(known[1]) if known[1] else []
            self._seen[f"{sort} {file}"] = known
            return seen
        return None

    def keep_file(self, file: str, digest: str, seen: list[Any], *, sort: str = "looked") -> None:
        """Keep what was seen in a file: flows, or plain values. digest: of its bytes, "" where its name alone was looked at."""
        self._seen[f"{sort} {file}"] = (digest, packing.pack(seen) if seen else b"")
        self._is_new = True

    def close(self) -> None:
        """Write what holds now; what no module needs any more is left out. A folder that cannot be written only costs time."""
        kept = ((self._now, self._modules), (self._found, self._results), (self._seen, self._files))
        if not self._is_new and all(len(now) == len(before) for now, before in kept):
            shelf.used(self.path)
            return
        kept_files.write(self.path, packing.pack((shelf.engine(), self._now, self._found, self._seen, self._routes)))

    def _key(self, project: Project, unit: Unit, routes: str, noted: Iterable[str]) -> str:
        """What names a result: all that it stands on."""
        key = sha256(f"{project.shape()} {unit.name} {self._digests.get(unit.name)} {routes}".encode())
        key.update(b"".join([self._parts.get(name) or self._part(project, name) for name in noted]))
        return key.hexdigest()

    def _part(self, project: Project, name: str) -> bytes:
        """What something that was noted is now; asked once all modules are parsed."""
        alike = [own.dotted for own in project.methods_named(name[1:])] if name.startswith("*") else None
        if name.startswith("?"):
            words, _, pattern = name[1:].partition("|")
            alike = [f"{one} {self._digests.get(one)}" for one in sorted(project.saying(*words.split(","), pattern=pattern))]
        part = self._parts[name] = f"{name}: {self._digests.get(name) if alike is None else ','.join(alike)} ".encode()
        return part


def of(root: Path, only: Collection[str] = (), *, folder: Path | None = None) -> Kept:
    """What is kept of the project at `root`, of these of its files. folder: where it is kept, the user's cache if not given."""
    return Kept(shelf.place(root, only, sort="source", folder=folder))


def _same(unit: Unit) -> Unit:
    return unit


Modules = dict[str, tuple[Outline, bytes]]
Results = dict[str, tuple[str, tuple[str, ...], bytes]]
Files = dict[str, tuple[str, bytes]]


def _opened(path: Path) -> tuple[Modules, Results, Files, KeptRoutes | None]:
    """What stands in the file; nothing where there is none, where it is damaged, or where other code or other models made it."""
    with contextlib.suppress(OSError, shelf.Unfit, ValueError, TypeError):
        engine, *held, routes = packing.unpack(path.read_bytes())
        modules, results, files = held
        if engine == shelf.engine() and all(isinstance(one, dict) for one in held) and isinstance(routes, KeptRoutes | None):
            return modules, results, files, routes
    return {}, {}, {}, None
