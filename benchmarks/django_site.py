"""The ten routes of `./run bench request` on Django: bare, and behind Django's own security middleware with django-csp and django-axes."""

from __future__ import annotations

from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, JsonResponse
from django.test.utils import override_settings
from django.urls import path
from peers import HOST, SECRET

from ringwork import requires

STACK = (
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
)
"""What the documentation of Django and of both packages asks for, in their order."""


def _other(request: HttpRequest, item: int) -> JsonResponse:
    return JsonResponse({"item": item})


@requires("user")
def _item(request: HttpRequest, item: int) -> JsonResponse:
    return JsonResponse({"item": item, "name": "thing"})


urlpatterns = [*(requires("user")(path(f"other{i}/<int:item>", _other)) for i in range(9)), path("items/<int:item>", _item)]


def _configure() -> None:
    if settings.configured:
        return
    settings.configure(
        SECRET_KEY=SECRET,
        ALLOWED_HOSTS=[HOST],
        ROOT_URLCONF=__name__,
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "axes", "corsheaders", "csp"],
        AUTHENTICATION_BACKENDS=["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
        SECURE_HSTS_SECONDS=63_072_000,
        SECURE_SSL_REDIRECT=True,
        SECURE_PROXY_SSL_HEADER=None,
        CORS_ALLOWED_ORIGINS=[f"https://{HOST}"],
        CONTENT_SECURITY_POLICY={"DIRECTIVES": {"default-src": ["'self'"]}},
        USE_TZ=True,
    )
    django.setup()


def handler(*middleware: str) -> Any:
    """A handler with these middleware."""
    _configure()
    with override_settings(MIDDLEWARE=[*middleware]):
        return WSGIHandler()
