"""What flask-cors was told, read from where it keeps it: in the functions that it leaves in the application.

Against sharing that nobody reviews because it stands in a call and not in the settings.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any

PACKAGE = "flask_cors."


def sharing(app: Any) -> list[dict[str, Any]]:
    """One entry for each resource pattern and each decorated view of a Flask application, as plain values; empty without flask-cors.

    resource: the pattern or the view's name. origins, methods, allow_headers: texts; a pattern shows as "pattern ...".
    """
    found = []
    for functions in app.after_request_funcs.values():
        for function in functions:
            for pattern, options in _held(function).get("resources", ()):
                found.append(_plain(_text(pattern), options))
    for name, view in app.view_functions.items():
        held = _held(view)
        if "_options" in held:
            found.append(_plain(f"view {name}", {**_of_settings(app.config), **held["_options"]}))
    return found


def _held(function: Any) -> Mapping[str, Any]:
    """What a function of flask-cors closes over, and nothing of any other function."""
    while callable(function):
        if str(getattr(function, "__globals__", {}).get("__name__", "")).startswith(PACKAGE):
            return inspect.getclosurevars(function).nonlocals
        function = getattr(function, "__wrapped__", None)
    return {}


def _of_settings(config: Mapping[str, Any]) -> dict[str, Any]:
    return {name.removeprefix("CORS_").lower(): value for name, value in config.items() if name.startswith("CORS_")}


def _plain(resource: str, options: Any) -> dict[str, Any]:
    def option(name: str, default: Any) -> Any:
        return options.get(name, default) if isinstance(options, Mapping) else getattr(options, name, default)

    return {
        "resource": resource,
        "origins": list(_texts(option("origins", "*"))),
        "supports_credentials": bool(option("supports_credentials", False)),
        "methods": list(_texts(option("methods", ()))),
        "allow_headers": list(_texts(option("allow_headers", "*"))),
    }


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, re.Pattern):
        yield _text(value)
    elif isinstance(value, str):
        yield from (piece.strip() for piece in value.split(",") if piece.strip())
    else:
        for item in value or ():
            yield from _texts(item)


def _text(value: Any) -> str:
    text = str(value.pattern if isinstance(value, re.Pattern) else value)
    if text in {".*", "/*"} or not isinstance(value, re.Pattern):
        return {".*": "*"}.get(text, text)
    return f"pattern {text}"
