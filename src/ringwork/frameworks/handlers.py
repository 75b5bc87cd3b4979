"""Where the code of a handler stands, so that a fault or a finding leads to its line.

Against a start that grows with the application: a function knows its line; only of a class the source has to be read.
"""

from __future__ import annotations

import functools
import inspect
from pathlib import Path
from typing import Any

from ringwork.route import Handler


def handler_at(inner: Any) -> Handler:
    """File and line of a function, method or class, already unwrapped; its name alone where there is no source."""
    name = f"{getattr(inner, '__module__', '')}.{getattr(inner, '__qualname__', repr(inner))}"
    code = getattr(inner, "__code__", None)
    if code is not None and code.co_filename.startswith("<"):
        return Handler(name=name)  # code that was made at run time names a file in brackets, which nobody can open
    try:
        # A module has many handlers: its file is asked for once.
        file = code.co_filename if code is not None and _is_source(code.co_filename) else inspect.getsourcefile(inner)
        line = _line_of(inner) if code is None else code.co_firstlineno
    except (OSError, TypeError):
        return Handler(name=name)
    return Handler(name=name) if file is None or file.startswith("<") else Handler(name=name, file=file, line=line)


@functools.cache
def _is_source(file: str) -> bool:
    return file.endswith(".py") and Path(file).exists()


@functools.cache
def _line_of(kind: Any) -> int:
    """Read once: the routes are listed more than once, and its module has to be parsed for it."""
    return inspect.getsourcelines(kind)[1]


def handler_behind(endpoint: object) -> Handler:
    """Where the code of an endpoint stands, behind wrappers and partials; of an object, its class."""
    inner: Any = endpoint
    while hasattr(inner, "func") and not inspect.isfunction(inner):
        inner = inner.func
    inner = inspect.unwrap(inner) if callable(inner) else inner
    return handler_at(inner if inspect.isfunction(inner) or inspect.isclass(inner) or inspect.ismethod(inner) else type(inner))
