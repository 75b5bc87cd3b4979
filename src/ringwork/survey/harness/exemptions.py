"""Which routes an application takes out of its framework's check against forged requests, and by what such a route knows who is asking."""

from __future__ import annotations

import inspect
import re
from typing import Any

_BY_COOKIE = re.compile(
    r"\brequest\.(?:user|session|COOKIES|cookies)\b|(?<![\w.])session\s*(?:\[|\.(?:get|pop)\(\s*[\"']|\))|[\"']\s+(?:not\s+)?in\s+session\b"
    r"|\bcurrent_user\b|\bg\.(?:user|member|account|customer)\b"
)
"""Not `session.get(Order, 7)`, which is a database's."""
_BY_HEADER = re.compile(
    r"authorization|signature|compare_digest|\bhmac\b|construct_event|\.headers\b|\.META\b|get_header|HTTP_X_|x-[\w-]*(?:key|token|secret)",
    re.IGNORECASE,
)
_CALLED = re.compile(r"\b([A-Za-z_]\w*)\(")


def of_django(view: Any, kind: Any) -> str:
    """By what a view is taken out of Django's check, "" for one that is not, and for classes of libraries that check by themselves."""
    if not getattr(view, "csrf_exempt", False) or _is_of_library(kind):
        return ""
    return "csrf_exempt"


def of_flask(app: Any, endpoint: str, view: Any) -> str:
    """By what a view is taken out of Flask-WTF's check, "" for one that is not."""
    known = app.extensions.get("csrf")
    views, blueprints = getattr(known, "_exempt_views", ()), getattr(known, "_exempt_blueprints", ())
    if f"{getattr(view, '__module__', '')}.{getattr(view, '__name__', '')}" in views:
        return "CSRFProtect.exempt"
    names, blueprint = {getattr(one, "name", one) for one in blueprints}, endpoint.rpartition(".")[0]
    return f"CSRFProtect.exempt of the blueprint {blueprint}" if blueprint and blueprint in names else ""


def known_by(view: Any) -> str:
    """From what a view's code takes who is asking: "cookie", "header", or "" where neither is seen in it, nor in what it calls at once."""
    text = _source(view)
    known = getattr(view, "__globals__", None) or getattr(inspect.getmodule(view), "__dict__", {})
    called = [known[name] for name in _CALLED.findall(text) if inspect.isfunction(known.get(name))]
    text = "\n".join([text, *map(_source, called)])
    return "cookie" if _BY_COOKIE.search(text) else "header" if _BY_HEADER.search(text) else ""


def _source(code: Any) -> str:
    try:
        return inspect.getsource(code)
    except (OSError, TypeError):
        return ""


def _is_of_library(kind: Any) -> bool:
    """Django REST framework asks for its token wherever a session lets in, and takes Django's check out of all its views."""
    return kind is not None and any(base.__module__.startswith("rest_framework.") for base in kind.__mro__)
