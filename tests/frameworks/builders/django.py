"""Ways in, on Django: views under require_http_methods, groups as includes; for WSGI and for ASGI.

Django has one URLconf in a process. Each application gets a module of its own, and is turned to before it is asked.
"""

from __future__ import annotations

import itertools
import sys
import types
from collections.abc import Iterator
from http.cookies import SimpleCookie
from typing import Any

from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse, StreamingHttpResponse
from django.test.utils import override_settings
from django.urls import clear_url_caches, include, path
from django.views.decorators.http import require_http_methods
from django.views.static import serve

from tests.frameworks import django_project
from tests.frameworks.builders.starlette import flowing
from tests.frameworks.clients import asgi, wsgi
from tests.frameworks.ways import Answer, Asked, Files, Group, Socket, Way, Ways, marked

NUMBERS = itertools.count()
URLS = "tests_frameworks_urls"
COMMON, SESSIONS = "django.middleware.common.CommonMiddleware", "django.contrib.sessions.middleware.SessionMiddleware"


class Django:
    """What the other builders are as modules, for one of Django's two handlers."""

    def __init__(self, interface: str) -> None:
        self.INTERFACE = interface
        self.CLIENT = asgi.Client if interface == "asgi" else wsgi.Client

    def build(self, ways: Ways, *, session: bool = False) -> Any:
        """A handler of these ways, as get_wsgi_application() or get_asgi_application() makes one."""
        django_project.configure()
        urls: Any = types.ModuleType(f"{URLS}{next(NUMBERS)}")
        sys.modules[urls.__name__] = urls
        urls.urlpatterns = list(self._patterns(ways))
        with override_settings(MIDDLEWARE=[*([SESSIONS] if session else []), COMMON]):
            handler: Any = ASGIHandler() if self.INTERFACE == "asgi" else WSGIHandler()
        handler.urls_of_the_test = urls
        self.turn_to(handler)
        return handler

    def add(self, app: Any, way: Way) -> None:
        """One pattern more, while it serves or before."""
        app.urls_of_the_test.urlpatterns.append(self._pattern(way))
        clear_url_caches()

    @staticmethod
    def turn_to(app: Any) -> None:
        """Have the process answer with this application's URLs."""
        settings.ROOT_URLCONF = app.urls_of_the_test.__name__

    def _patterns(self, ways: Ways) -> Iterator[Any]:
        for way in ways:
            if isinstance(way, Way):
                yield self._pattern(way)
            elif isinstance(way, Files):
                yield marked(way.rule, path(f"{way.path[1:]}/<path:path>", serve, {"document_root": str(way.folder)}))
            elif isinstance(way, Group):
                prefix = f"{way.path[1:]}/" if way.path else ""
                yield marked(way.rule, path(prefix, include((list(self._patterns(way.ways)), f"group{next(NUMBERS)}"))))
            else:
                assert isinstance(way, Socket)  # Django itself has none; docs/frameworks.md says so

    def _pattern(self, way: Way) -> Any:
        here = way.path[1:].replace("{rest:path}", "<path:rest>").replace("{name:path}", "<path:name>").replace("{", "<").replace("}", ">")
        methods = [*way.methods, *(["HEAD"] if "GET" in way.methods else [])]
        return path(here, way.marked(require_http_methods(methods)(self._view(way))))

    def _view(self, way: Way) -> Any:
        if way.waits:

            async def waiting(request: Any, **parameters: str) -> HttpResponse:
                return self._response(await way.handler(_asked(request, way.reads, parameters)))

            return waiting

        def plain(request: Any, **parameters: str) -> HttpResponse:
            return self._response(way.handler(_asked(request, way.reads, parameters)))

        return plain

    def _response(self, answer: Answer) -> Any:
        made: Any
        if answer.pieces is None:
            made = HttpResponse(answer.body, status=answer.status, content_type=answer.kind)
        else:
            pieces = flowing(answer.pieces) if self.INTERFACE == "asgi" else answer.pieces
            made = StreamingHttpResponse(pieces, status=answer.status, content_type=answer.kind)
        for name, value in answer.headers:
            if name == "Set-Cookie" and SimpleCookie(value):
                made.cookies.load(value)
            else:
                made.headers[name] = f"{made.headers[name]}, {value}" if name in made.headers else value
        return made


def _asked(request: Any, reads: str, parameters: dict[str, str]) -> Asked:
    read: dict[str, Any] = {"body": request.body} if reads == "body" else {"form": request.POST.dict()} if reads else {}
    return Asked(
        method=request.method,
        query=request.GET.dict(),
        cookies=request.COOKIES,
        headers={name.lower(): value for name, value in request.headers.items()},
        parameters=parameters,
        client=request.META.get("REMOTE_ADDR", ""),
        scheme=request.scheme,
        host=request.get_host(),
        native=request,
        session=lambda: request.session,
        **read,
    )


WSGI, ASGI = Django("wsgi"), Django("asgi")
