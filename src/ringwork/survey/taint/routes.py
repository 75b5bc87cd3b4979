"""The routes of a project, read from its source: which functions answer requests, on which paths, and what each parameter brings.

Against analysis that starts nowhere: a finding counts where a request reaches it, so the ways in come first.
"""

from __future__ import annotations

from ringwork.survey.taint import routes_aiohttp, routes_django, routes_fastapi, routes_flask
from ringwork.survey.taint.handlers import Handler
from ringwork.survey.taint.project import Project
from ringwork.survey.taint.routes_reading import Reader

_READERS = (routes_fastapi.handlers, routes_flask.handlers, routes_aiohttp.handlers)


def handlers(project: Project) -> tuple[Handler, ...]:
    """All functions that answer requests, by file, line and path.

    One function has a handler for each of its routes. A class view that is a library's code throughout has one whose function is the
    class. Functions that look like views of Django and that no URLconf leads to have the path "".
    """
    wiring = Reader(project).read()
    listed = [handler for read in _READERS for handler in read(wiring)]
    listed += routes_django.handlers(wiring, {handler.function for handler in listed})
    found: dict[tuple[str, ...], Handler] = {}
    for handler in listed:
        found.setdefault((handler.function, handler.name, handler.verb, handler.instance), handler)
    return tuple(sorted(found.values(), key=lambda one: (one.file, one.line, one.path, one.methods, one.function, one.instance)))
