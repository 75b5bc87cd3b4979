"""The one Django project of this test process: Django reads its settings once, so tests lay their own URLs over it.

`project(urlpatterns)` hands out a handler that always answers with these URLs, whichever was asked last.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.test.utils import override_settings
from django.urls import clear_url_caches

urlpatterns: list[Any] = []

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]


def configure() -> None:
    """Settings of an ordinary project, once a process. The database is a file in memory that nobody shares."""
    if settings.configured:
        return
    processors = (
        "template.context_processors.request",
        "contrib.auth.context_processors.auth",
        "contrib.messages.context_processors.messages",
    )
    settings.configure(
        SECRET_KEY="only for tests of this repository, and for nothing else",
        ALLOWED_HOSTS=["clinic.example", "localhost", "testserver"],
        ROOT_URLCONF=__name__,
        INSTALLED_APPS=[f"django.contrib.{name}" for name in ("admin", "auth", "contenttypes", "sessions", "messages", "staticfiles")],
        MIDDLEWARE=MIDDLEWARE,
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {"context_processors": [f"django.{name}" for name in processors]},
            }
        ],
        SESSION_ENGINE="django.contrib.sessions.backends.cache",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        STATIC_URL="static/",
        LOGIN_URL="/login/",
        USE_TZ=True,
        LOGGING_CONFIG=None,
    )
    django.setup()


def serve(patterns: Sequence[Any]) -> None:
    """Have the project answer with these URLs from now on."""
    sys.modules[settings.ROOT_URLCONF].urlpatterns = list(patterns)  # type: ignore[attr-defined]  # what every URLconf has
    clear_url_caches()


def project(
    patterns: Sequence[Any], *, is_asgi: bool = False, middleware: Sequence[str] | None = None, handler: Any = None, **more: Any
) -> Any:
    """A handler of the project with these URLs, as get_wsgi_application() or get_asgi_application() makes one.

    handler: that of a test client, which loads its middleware late.
    """
    configure()
    serve(patterns)
    with override_settings(MIDDLEWARE=[*(MIDDLEWARE if middleware is None else middleware)], **more):
        if handler is not None:
            handler.load_middleware(is_async=type(handler).__name__ == "AsyncClientHandler")
            return handler
        return ASGIHandler() if is_asgi else WSGIHandler()


class Reply:
    """One answer: status, headers in lower case, repeated ones kept, text."""

    def __init__(self, status: int, headers: list[tuple[str, str]], text: str) -> None:
        self.status, self.text = status, text
        self.headers = [(name.lower(), value) for name, value in headers]

    def all(self, name: str) -> list[str]:
        """Every value of a header, in order."""
        return [value for found, value in self.headers if found == name]


def ask(app: Any, method: str, url: str, headers: dict[str, str] | None = None, body: bytes = b"") -> Reply:
    """One request to a WSGI handler, as a server over TLS would hand it on."""
    path, query = urlsplit(url).path, urlsplit(url).query
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": query,
        "SERVER_NAME": "clinic.example", "SERVER_PORT": "443", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "clinic.example", "CONTENT_LENGTH": str(len(body)),
        "wsgi.url_scheme": "https", "wsgi.input": io.BytesIO(body), "wsgi.errors": sys.stderr,
    }  # fmt: skip
    for name, value in (headers or {}).items():
        key = name.upper().replace("-", "_")
        environ[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"] = value
    started: list[Any] = []
    served = app(environ, lambda line, sent, exc_info=None: started.append((int(line[:3]), sent)))
    text = b"".join(served).decode()
    getattr(served, "close", lambda: None)()
    return Reply(started[-1][0], started[-1][1], text)
