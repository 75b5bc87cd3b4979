"""Templates learn what they may print: the nonce of this answer, and the hidden field of a form.

Against a defence that is left out because a template could not reach it: the environments of the application are found, and
names that it uses itself stay its own.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

from ringwork.current import csp_nonce, csrf_field

GLOBALS = {"csp_nonce": csp_nonce, "csrf_field": csrf_field}


def teach(environment: Any, **instead: object) -> None:
    """Give a Jinja environment the names; macros that are imported without context see them too. instead: values of the framework's own."""
    for name, value in {**GLOBALS, **instead}.items():
        environment.globals.setdefault(name, value)


def teach_all(handlers: Iterable[object]) -> None:
    """Every Jinja2Templates of Starlette that stands in the modules of these handlers."""
    modules = {id(names): names for handler in handlers if (names := getattr(_inner(handler), "__globals__", None)) is not None}
    for names in modules.values():
        for value in list(names.values()):
            if any(kind.__module__ == "starlette.templating" for kind in type(value).__mro__) and hasattr(value, "env"):
                teach(value.env)


def _inner(handler: object) -> object:
    return inspect.unwrap(handler) if callable(handler) else handler
