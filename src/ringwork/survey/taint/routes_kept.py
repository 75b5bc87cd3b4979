"""What reading the routes of a project gave, kept until a module changes in something that this reading had asked of it.

Against a route of another day: of some modules it looked at the syntax, and these may not change at all. Of the others it asked what their
top level says, whether that gives a value to certain names, and whether certain words stand in them: a changed module has to answer as
it did before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from ringwork.survey.taint.handlers import Routes
from ringwork.survey.taint.project import Answered, Project
from ringwork.survey.taint.questions import Question
from ringwork.survey.taint.units import Outline, Unit


class KeptRoutes(NamedTuple):
    """routes: what was read. shape: of the project. digests: of each module, by name. looked: names of those whose syntax was looked at.

    asked: names of which it was asked whether a module gives them a value. searched: `Project.searched`, sorted.
    """

    routes: Routes
    shape: str
    digests: dict[str, str]
    looked: tuple[str, ...]
    asked: tuple[str, ...]
    searched: tuple[tuple[Question, tuple[str, ...]], ...]


def made(routes: Routes, project: Project, digests: Mapping[str, str], asked: set[str]) -> KeptRoutes:
    """What is kept of routes that were read just now, before anything else was asked of the project."""
    return KeptRoutes(
        routes,
        project.shape(),
        {unit.name: digests[unit.name] for unit in project.units() if unit.name in digests},
        tuple(unit.name for unit in project.units() if unit.is_loaded),
        tuple(sorted(asked)),
        tuple(sorted((question, tuple(sorted(names))) for question, names in project.searched.items())),
    )


def now(kept: KeptRoutes, project: Project, digests: Mapping[str, str], outlines: Callable[[str], Outline | None]) -> KeptRoutes | None:
    """The same as it holds now; None where the routes have to be read again. digests: of each module, by name. outlines: by digest."""
    if kept.shape != project.shape():
        return None
    looked = frozenset(kept.looked)
    for unit in project.units():
        old, new = kept.digests.get(unit.name, ""), digests.get(unit.name, "")
        if old != new:
            was, is_ = outlines(old), outlines(new)
            if unit.name in looked or was is None or is_ is None or not _is_alike(kept, unit, was, is_):
                return None
    return kept._replace(digests={unit.name: digests[unit.name] for unit in project.units() if unit.name in digests})


def answered(kept: KeptRoutes, digests: Mapping[str, str]) -> Answered:
    """What modules that did not change need not be asked again. digests: of each module now, by name."""
    same = frozenset(name for name, digest in kept.digests.items() if digests.get(name) == digest)
    return Answered({question: frozenset(names) for question, names in kept.searched}, same)


def _is_alike(kept: KeptRoutes, unit: Unit, was: Outline, is_: Outline) -> bool:
    """Whether a module whose syntax nobody looked at answers all that was asked as it did."""
    return (
        _face(was) == _face(is_)
        and all((name in was.gives) == (name in is_.gives) for name in kept.asked)
        and all((unit.name in names) == unit.says(question) for question, names in kept.searched)
    )


def _face(outline: Outline) -> tuple[object, ...]:
    """An outline without what reading routes does not ask for: places, faults, and of the names that are given a value all at once."""
    made = tuple((qualname, owner, 0, first) for qualname, owner, _, first in outline.made)
    classes = tuple((qualname, _placeless(supers), methods) for qualname, supers, methods in outline.made_classes)
    return outline._replace(lines=0, faults=(), gives=(), made=made, made_classes=()), classes


def _placeless(part: object) -> object:
    """Syntax without its places."""
    if not isinstance(part, tuple):
        return part
    fields = getattr(part, "_fields", None)
    if fields is None:
        return tuple(map(_placeless, part))
    return (type(part), *(_placeless(value) for name, value in zip(fields, part, strict=True) if name != "at"))
