"""`protect`: put ringwork in front of an application, in place.

The top of the run time, and the only file that loads an adapter: from a literal table, once its third party is seen loaded.
What guards is loaded by these calls and not by `import ringwork`, so that an import stays light and without effect, and the collector can
rest while a call does that work.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload

from ringwork.collector import Resting
from ringwork.errors import UnsupportedApp
from ringwork.policy.policy import Policy

if TYPE_CHECKING:
    from ringwork.installation import Installation

A = TypeVar("A")

ADAPTERS: tuple[tuple[str, str, str], ...] = (
    # FastAPI before Starlette, because a FastAPI application is a Starlette one and its own adapter sees more.
    ("fastapi", "FastAPI", "ringwork.frameworks.fastapi"),
    # A Starlette application beside FastAPI too: it may mount FastAPI applications, whose included routers only that adapter sees.
    ("fastapi.applications", "Starlette", "ringwork.frameworks.fastapi"),
    ("starlette.applications", "Starlette", "ringwork.frameworks.starlette"),
    ("flask", "Flask", "ringwork.frameworks.flask"),
    ("django.core.handlers.base", "BaseHandler", "ringwork.frameworks.django"),
    ("aiohttp.web", "Application", "ringwork.frameworks.aiohttp"),
)
"""Module of the third party, class of its application, adapter."""

_INSTALLED = "__ringwork_installation__"
_DJANGO_APP = f"{__package__}.django"  # above this module, so named and never imported from here


@overload
def protect(app: A, policy: Policy | None = None, *, only: Iterable[str] | None = None) -> A: ...


@overload
def protect(app: None = None, policy: Policy | None = None, *, only: Iterable[str] | None = None) -> None: ...


def protect(app: A | None = None, policy: Policy | None = None, *, only: Iterable[str] | None = None) -> A | None:
    """Guard `app` with every defence, in place, and hand it back.

    app: a FastAPI, Starlette, Flask or aiohttp application, or Django's handler (from get_wsgi_application() or get_asgi_application());
        call this once, after its routes are defined (later ones are covered too). Nothing at the end of a Django settings module:
        then the lines for INSTALLED_APPS and MIDDLEWARE are added there.
    policy: what the application asks; None reads ringwork.toml, or [tool.ringwork] of pyproject.toml, in the working directory.
    only: control ids ("browser.security-headers") for the first step of adoption; None for all.
    Raises PolicyInvalid with every fault at once, UnsupportedApp for anything else than the applications above.
    """
    if app is None:
        _add_to_settings(sys._getframe(1).f_globals, policy, only)  # noqa: SLF001  # the settings module that calls it
        return None
    if installed(app) is not None:
        raise UnsupportedApp("protect() was called twice on the same application; keep one call")
    with Resting():
        adapter = adapter_of(app)
        adapter.install(app, make(app, adapter, policy, only=only))
    return app


def make(app: Any, adapter: Any, policy: Policy | None, *, only: Iterable[str] | None) -> Installation:
    """The installation of one application, left in it and not yet in its way. app: for Django the class of all its handlers, too."""
    from ringwork.installation import Installation
    from ringwork.policy import files

    chosen = files.policy_in(Path.cwd()) if policy is None else policy
    if policy is not None:
        files.warn_of_unread(Path.cwd())
    if not isinstance(chosen, Policy):
        raise UnsupportedApp(f"policy must be a ringwork.Policy, not {type(chosen).__name__}")
    installation = Installation(
        chosen,
        only=only,
        list_routes=lambda: adapter.list_routes(app, installation=installed(app)),
        look_round=lambda: adapter.look_round(app),
        prepare=lambda: adapter.prepare(app),
    )
    installation.in_code = policy is not None
    setattr(app, _INSTALLED, installation)
    return installation


def _add_to_settings(names: dict[str, Any], policy: Policy | None, only: Iterable[str] | None) -> None:
    """Write the lines into a Django settings module that a person would write."""
    if "INSTALLED_APPS" not in names or "ROOT_URLCONF" not in names:
        raise UnsupportedApp(
            "protect() without an application belongs at the end of a Django settings module; elsewhere give it the application"
        )
    if _DJANGO_APP in names["INSTALLED_APPS"]:
        raise UnsupportedApp(f'protect() was called, and "{_DJANGO_APP}" stands in INSTALLED_APPS as well; keep one of them')
    names["INSTALLED_APPS"] = [*names["INSTALLED_APPS"], _DJANGO_APP]
    names["MIDDLEWARE"] = [f"{_DJANGO_APP}.middleware.Middleware", *names.get("MIDDLEWARE", ())]
    names.update({"RINGWORK": policy, "RINGWORK_ONLY": only})


def installed(app: object) -> Installation | None:
    """What `protect` left in `app`, or None."""
    found = getattr(app, _INSTALLED, None)
    if found is None:
        return None
    from ringwork.installation import Installation

    return found if isinstance(found, Installation) else None


def adapter_of(app: object) -> Any:
    """The adapter module for `app`. Raises UnsupportedApp with what can be given instead."""
    for module, name, adapter in ADAPTERS:
        third_party = sys.modules.get(module)
        if third_party is not None and isinstance(app, getattr(third_party, name)):
            return importlib.import_module(adapter)
    raise UnsupportedApp(
        f"protect() takes a FastAPI, Starlette, Flask or aiohttp application or a Django handler, "
        f"not {type(app).__module__}.{type(app).__qualname__}; "
        "give the application object itself, not its factory or a wrapped one"
    )
