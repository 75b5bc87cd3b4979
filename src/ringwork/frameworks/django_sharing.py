"""What django-cors-headers, django-csp and Django itself were told, read from the settings where each looks for it.

Against sharing, and pages, that nobody reviews because they stand in another package's settings: they are said in ringwork's words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings

CORS = "django-cors-headers"
CSP = "django-csp"
_CORS_MIDDLEWARE = "corsheaders.middleware.CorsMiddleware"
_CSP_MIDDLEWARE = ("csp.middleware.CSPMiddleware", "django.middleware.csp.ContentSecurityPolicyMiddleware")


def settings_of() -> dict[str, Any]:
    """One entry for each package that is switched on, by its name."""
    found: dict[str, Any] = {}
    if _CORS_MIDDLEWARE in settings.MIDDLEWARE:
        found[CORS] = [sharing()]
    if any(name in settings.MIDDLEWARE for name in _CSP_MIDDLEWARE):
        found[CSP] = directives()
    return found


def sharing() -> dict[str, Any]:
    """What django-cors-headers lets others read, as plain values; a pattern shows as "pattern ..."."""
    everybody = _said("CORS_ALLOW_ALL_ORIGINS", "CORS_ORIGIN_ALLOW_ALL", default=False)
    exact = [str(origin) for origin in _said("CORS_ALLOWED_ORIGINS", "CORS_ORIGIN_WHITELIST", default=())]
    patterns = [f"pattern {_text(one)}" for one in _said("CORS_ALLOWED_ORIGIN_REGEXES", "CORS_ORIGIN_REGEX_WHITELIST", default=())]
    return {
        "resource": _text(_said("CORS_URLS_REGEX", default="*")),
        "origins": ["*"] if everybody else [*exact, *patterns],
        "supports_credentials": bool(_said("CORS_ALLOW_CREDENTIALS", default=False)),
        "methods": [str(name) for name in _said("CORS_ALLOW_METHODS", default=("DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT"))],
        "allow_headers": [str(name) for name in _said("CORS_ALLOW_HEADERS", default=())],
    }


def directives() -> dict[str, list[str]]:
    """The sources of each directive, of whichever package says them; those of a report-only policy are none."""
    told: Any = _said("CONTENT_SECURITY_POLICY", default={})
    found: Any = told.get("DIRECTIVES", {}) if isinstance(told, Mapping) else {}
    found = found or _said("SECURE_CSP", default={})
    return {str(name): [str(source) for source in _each(sources)] for name, sources in dict(found).items()}


def _said(*names: str, default: Any) -> Any:
    return next((getattr(settings, name) for name in names if hasattr(settings, name)), default)


def _each(value: Any) -> Iterable[Any]:
    return [value] if isinstance(value, str | bool) else list(value or ())


def _text(value: Any) -> str:
    return str(value.pattern if isinstance(value, re.Pattern) else value)
