"""The application's own checks of who is asking: which functions they are, and how they tell it. A guess, named as one in reports."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from typing import Any, get_type_hints

from ringwork import own_checks
from ringwork.survey.facts import CheckFacts
from ringwork.survey.harness import reading

FOUND = ("id", "sub")
"""Attributes that ringwork takes for the identity by itself."""

USUAL = ("username", "user_name", "name", "email", "user_id", "uuid", "login")


def of_dependencies(dependants: Iterable[Any]) -> Iterator[CheckFacts]:
    """The functions among FastAPI dependencies that look like a check; a security scheme inside one is a part of it."""
    for dependant in dependants:
        call = dependant.call
        if not inspect.isroutine(call) or not reading.looks_like_authentication(call.__name__):
            continue
        known = bool(own_checks.of_route(None, _only(dependant), {}))
        yield CheckFacts(name=_name(call), kind="dependency", known=known, bearer=_reads_token(dependant), subject=_subject(call))


class _Only:
    """A dependant that holds one dependency, as own_checks reads it."""

    def __init__(self, dependant: Any) -> None:
        self.dependencies = [dependant]


def _only(dependant: Any) -> _Only:
    return _Only(dependant)


def of_view(view: Any) -> Iterator[CheckFacts]:
    """The decorators of a handler that look like a check, found as functions of its module."""
    inner = inspect.unwrap(view)
    names = getattr(inner, "__globals__", {})
    for written in reading.decorators(view):
        found = names.get(written.partition(".")[0])
        for part in written.split(".")[1:]:
            found = getattr(found, part, None)
        if found is not None and hasattr(found, "__qualname__"):
            known = found.__module__.startswith("flask_login")
            yield CheckFacts(name=_name(found), kind="decorator", known=known, bearer=_mentions_header(found))


def of_hooks(hooks: Iterable[Any]) -> Iterator[CheckFacts]:
    """The functions that run before each request and look like a check."""
    for hook in hooks:
        if reading.looks_like_authentication(hook.__name__):
            yield CheckFacts(name=_name(hook), kind="hook", bearer=_mentions_header(hook))


def _name(call: Any) -> str:
    return f"{call.__module__}:{call.__qualname__}"


def _reads_token(dependant: Any) -> bool:
    kinds = [part.call for part in dependant.dependencies]
    return any("Bearer" in type(call).__name__ or type(call).__name__ == "APIKeyHeader" for call in kinds) or any(
        _reads_token(part) for part in dependant.dependencies
    )


def _mentions_header(function: Any) -> bool:
    try:
        source = inspect.getsource(inspect.unwrap(function)).lower()
    except (OSError, TypeError):
        return False
    return "authorization" in source or "x-api-key" in source


def _subject(call: Any) -> str:
    """The usual attribute that names who it is, where the returned type has none that is found by itself."""
    try:
        returned = get_type_hints(call).get("return")
    except Exception:  # noqa: BLE001  # annotations of any kind, names that are not there among them
        return ""
    fields = {**getattr(returned, "__annotations__", {}), **getattr(returned, "model_fields", {})}
    if not fields or any(name in fields for name in FOUND):
        return ""
    return next((name for name in USUAL if name in fields), "")
