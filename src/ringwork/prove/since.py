"""Which routes a run may leave out, because nothing that they are made of changed since a revision.

Against a narrowed run that misses what a change broke: a route is left out only where the change is seen to be somebody else's.
What the application itself imports, a setting, a dependency, and a file whose use is not seen concern every route.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from ringwork.prove.revision import Lines
from ringwork.survey import templates
from ringwork.survey.facts import RouteFacts
from ringwork.survey.sources import Sources, is_named

_ASIDE = frozenset({"tests", "test", "docs", "doc"})
_PROSE = frozenset({".md", ".rst"})
_SERVED = frozenset({".css", ".js", ".map", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".ico", ".webp", ".woff", ".woff2"})
_NOTES = frozenset({"ringwork-baseline.json", "conftest.py", "LICENSE"})


def left_out(
    routes: Sequence[RouteFacts], changes: Mapping[str, Lines], sources: Sources, *, application: str, revision: str
) -> tuple[dict[str, str], str]:
    """The routes that are not asked, each with the reason; and the changed file that concerns all of them, "" for none.

    application: the file of the target's module.
    """
    touched = set[str]()
    for file, lines in changes.items():
        found = _touched(file, lines, routes, sources, application)
        if found is None:
            return {}, file
        touched |= found
    return {route.name: f"unchanged since {revision}" for route in routes if route.name not in touched}, ""


def _touched(file: str, lines: Lines, routes: Sequence[RouteFacts], sources: Sources, application: str) -> set[str] | None:
    """The names of routes that a changed file concerns; None for all."""
    path = PurePosixPath(file)
    aside = bool(_ASIDE & set(path.parts[:-1])) or any(part.startswith(".") for part in path.parts)
    if aside or path.name in _NOTES or path.suffix in _PROSE or path.name.startswith("test_"):
        return set()
    if path.suffix == ".py":
        return _of_module(file, lines, routes, sources, application)
    if path.suffix in templates.ENDINGS:
        return _of_template(file, routes, sources)
    if path.suffix in _SERVED:
        return {route.name for route in routes if route.kind in {"static", "mount"}}
    return None


def _of_module(file: str, lines: Lines, routes: Sequence[RouteFacts], sources: Sources, application: str) -> set[str] | None:
    module = sources.modules.get(file)
    if module is None:
        return None  # taken away, or unreadable: whoever used it is not seen
    own = [(route, module.span(route.line)) for route in routes if route.file == file]
    inside = set[int]()
    touched = set[str]()
    for route, span in own:
        if span is not None:
            inside |= set(range(span[0], span[1] + 1))
        if lines is None or span is None or any(span[0] <= line <= span[1] for line in lines):
            touched.add(route.name)
    if lines is not None and lines <= inside:
        return touched
    with_handlers = {route.file for route in routes} - {application}
    if file in sources.below(application, closed=with_handlers) and file not in with_handlers:
        return None
    users = {route.name for route in routes if file in sources.below(route.file)}
    return touched | users or None


def _of_template(file: str, routes: Sequence[RouteFacts], sources: Sources) -> set[str] | None:
    whole = sources.with_parents(file)
    naming = {name for name, module in sources.modules.items() if any(is_named(one, word) for one in whole for word in module.words)}
    return {route.name for route in routes if naming & sources.below(route.file)} or None
