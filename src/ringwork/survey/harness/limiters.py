"""Limiters that an application brings itself: slowapi and Flask-Limiter, read from the objects that they leave in it.

Neither is imported: whoever uses one has loaded it. What is read is where both have kept it for years, and what is not there is
no limit.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

SETTING = "RateLimits"
"""Under this name the facts' settings tell of it: package, whether every route is limited, dotted names of limited handlers."""


def of_starlette(app: Any, middleware: Iterable[str]) -> dict[str, Any]:
    """slowapi's limiter, which its documentation puts at app.state.limiter; its defaults hold only with its middleware."""
    limiter = getattr(app.state, "limiter", None)
    if not type(limiter).__module__.startswith("slowapi"):
        return {}
    whole = _filled(limiter, "_default_limits", "_application_limits") and any(name.startswith("SlowAPI") for name in middleware)
    return _told("slowapi", whole, (*_names(limiter, "_route_limits"), *_names(limiter, "_dynamic_route_limits")))


def of_flask(app: Any) -> dict[str, Any]:
    """Flask-Limiter's limiters, which stand among the extensions."""
    found = app.extensions.get("limiter", ())
    managers = [getattr(one, "limit_manager", None) for one in found if type(one).__module__.startswith("flask_limiter")]
    if not managers:
        return {}
    whole = any(_filled(manager, "_default_limits", "_application_limits") for manager in managers)
    return _told("Flask-Limiter", whole, [_once(name) for manager in managers for name in _names(manager, "_decorated_limits")])


def _once(name: str) -> str:
    """Flask-Limiter's "module.view.factory.<locals>.view" without the name that it repeats."""
    parts = name.split(".")
    first = parts.index(parts[-1])
    return ".".join(parts[:first] + parts[first + 1 :]) if first < len(parts) - 1 else name


def _filled(owner: Any, *names: str) -> bool:
    return any(bool(getattr(owner, name, None)) for name in names)


def _names(owner: Any, name: str) -> list[str]:
    return [str(key) for key in getattr(owner, name, None) or ()]


def _told(package: str, whole: bool, handlers: Iterable[str]) -> dict[str, Any]:  # noqa: FBT001  # private, and read beside its name
    return {SETTING: {"package": package, "everywhere": whole, "handlers": sorted(set(handlers))}}
