"""The routes of a project, read from its source: which functions answer requests, on which paths, and what each parameter brings.

Against analysis that starts nowhere: a finding counts where a request reaches it, so the ways in come first.
"""

from __future__ import annotations

from collections.abc import Iterable

from ringwork.survey.taint import routes_aiohttp, routes_django, routes_entries, routes_fastapi, routes_flask
from ringwork.survey.taint.handlers import Handler, Routes
from ringwork.survey.taint.project import Project
from ringwork.survey.taint.routes_reading import Reader
from ringwork.survey.taint.routes_wiring import Wiring

_READERS = (routes_fastapi.handlers, routes_flask.handlers, routes_aiohttp.handlers)


def handlers(project: Project) -> tuple[Handler, ...]:
    """All functions that answer requests, by file, line and path.

    One function has a handler for each of its routes. A class view that is a library's code throughout has one whose function is the
    class. Functions that look like views of Django and that no URLconf leads to have the path "".
    """
    return _sorted(_named(Reader(project).read()))


def read(project: Project) -> Routes:
    """The same, and beside them what a request reaches without a route of the four frameworks: error handlers, WSGI, other frameworks."""
    wiring = Reader(project).read()
    listed = _named(wiring)
    known = {handler.function for handler in listed if handler.path}
    return Routes.of(_sorted(listed), _sorted(one for one in routes_entries.handlers(wiring) if one.function not in known))


def _named(wiring: Wiring) -> list[Handler]:
    listed = [handler for read in _READERS for handler in read(wiring)]
    return [*listed, *routes_django.handlers(wiring, {handler.function for handler in listed})]


def _sorted(listed: Iterable[Handler]) -> tuple[Handler, ...]:
    found: dict[tuple[str, ...], Handler] = {}
    for handler in listed:
        found.setdefault((handler.function, handler.name, handler.verb, handler.instance), handler)
    return tuple(sorted(found.values(), key=lambda one: (one.file, one.line, one.path, one.methods, one.function, one.instance)))
