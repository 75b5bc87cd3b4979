"""Django's own proof that a form came from the site's page: `{% csrf_token %}`, checked by Django's own code and kept where it is at home.

Against a project that has to rewrite every form: where the project itself uses Django's check, a token of Django's counts beside
ringwork's. It is tied to the browser's cookie, not to login or form, and serves more than once; the origin is proven first either way.
Source: Django 5.2, `django/middleware/csrf.py`.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.middleware.csrf import CsrfViewMiddleware, RejectRequest
from django.views.decorators.csrf import csrf_protect

from ringwork import own_checks
from ringwork.enforce.guard import ProvenForm
from ringwork.frameworks.django_routes import class_of, wrappers

MIDDLEWARE = "django.middleware.csrf.CsrfViewMiddleware"
NAME = "Django"
_CHECK = CsrfViewMiddleware(lambda _: HttpResponse())


def own_token(view: Any) -> str:
    """Who gives the forms of a view their tokens beside ringwork: NAME where the project itself uses Django's check, "" for nobody."""
    if MIDDLEWARE in settings.MIDDLEWARE:
        return NAME
    return NAME if any(_is_protected(one) for one in (*wrappers(view), class_of(view))) else ""


def proven(request: Any, fields: Mapping[str, str]) -> Mapping[str, str]:
    """The fields of a form, as a ProvenForm where Django's check finds its own token right."""
    if "csrfmiddlewaretoken" not in fields and settings.CSRF_HEADER_NAME not in request.META:
        return fields
    try:
        # The token alone: the origin was proven before, and whatever switches Django's middleware off does not reach this.
        _CHECK._check_token(request)  # type: ignore[attr-defined]  # noqa: SLF001  # the one place where Django compares; a test holds every Django to it
    except RejectRequest:
        return fields
    return ProvenForm(fields)


def _is_protected(one: Any) -> bool:
    """Whether csrf_protect stands here, or the admin, which puts it before each of its pages."""
    site = getattr(sys.modules.get("django.contrib.admin.sites"), "AdminSite", None)
    if site is not None and isinstance(getattr(one, "__self__", None), site):
        return True
    one = getattr(one, "dispatch", None) if inspect.isclass(one) else one
    if not inspect.isfunction(one):
        return False
    kept = tuple(inspect.getclosurevars(one).nonlocals.values())
    # method_decorator keeps what it was given, and what decorator_from_middleware makes keeps its steps.
    given = [part for value in kept for part in (value if isinstance(value, list | tuple) else (value,))]
    steps = [inner for value in kept if inspect.isfunction(value) for inner in inspect.getclosurevars(value).nonlocals.values()]
    if csrf_protect in given or any(type(step) is CsrfViewMiddleware for step in steps):
        return True
    return any(own_checks.is_made_by(one, maker) for maker in _admin_makers())


def _admin_makers() -> list[Any]:
    site = getattr(sys.modules.get("django.contrib.admin.sites"), "AdminSite", None)
    model = getattr(sys.modules.get("django.contrib.admin.options"), "ModelAdmin", None)
    return [maker for kind, name in ((site, "admin_view"), (site, "get_urls"), (model, "get_urls")) if (maker := getattr(kind, name, None))]
