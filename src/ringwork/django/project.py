"""One guard for every handler that a project makes: its server's, runserver's, and those of its test clients.

Against the handler that nobody remembered to protect: each is guarded as it loads its middleware, whoever makes it.
"""

from __future__ import annotations

import functools
import sys
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.base import BaseHandler
from django.core.handlers.wsgi import WSGIHandler

from ringwork.frameworks import django as adapter
from ringwork.installation import Installation
from ringwork.policy.policy import Policy
from ringwork.protect import installed, make

POLICY, ONLY = "RINGWORK", "RINGWORK_ONLY"
"""Settings: the policy, None for ringwork.toml; and the controls of the first step, None for all."""


def installation() -> Installation | None:
    """What guards this project, None before it is set up."""
    return installed(BaseHandler)


def guard() -> None:
    """Guard every handler that is made from now on, once. Raises ImproperlyConfigured for a setting that is no policy."""
    if installation() is not None:
        return
    given = getattr(settings, POLICY, None)
    if given is not None and not isinstance(given, Policy):
        raise ImproperlyConfigured(
            f"{POLICY} is a {type(given).__name__}; write {POLICY} = ringwork.Policy(...), or take it out for ringwork.toml"
        )
    made = make(BaseHandler, adapter, given, only=getattr(settings, ONLY, None))
    original: Any = BaseHandler.load_middleware

    def load_middleware(self: Any, is_async: bool = False) -> None:  # noqa: FBT001, FBT002  # as Django calls it
        original(self, is_async)
        if _is_known(self):
            adapter.install(self, made)
            made.look_round = functools.partial(adapter.look_round, self)

    BaseHandler.load_middleware = load_middleware  # type: ignore[method-assign]  # each handler calls it once


def _is_known(handler: object) -> bool:
    """Whether it answers requests: a server's handler, or one of Django's test clients."""
    clients = sys.modules.get("django.test.client")
    # Django REST framework's test client has a handler of its own, made of Django's.
    of_a_client = clients is not None and isinstance(handler, clients.ClientHandler | clients.AsyncClientHandler)
    return isinstance(handler, WSGIHandler | ASGIHandler) or of_a_client
