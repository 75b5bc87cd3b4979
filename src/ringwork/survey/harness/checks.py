"""The application's own checks of who is asking: which functions they are, and how they tell it. A guess, named as one in reports.

Against a function that only has such a name: what is not seen to refuse anybody is no check, and no route is opened by it.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any, get_type_hints

from ringwork import own_checks
from ringwork.survey.facts import CheckFacts
from ringwork.survey.harness import reading

FOUND = ("id", "sub")
"""Attributes that ringwork takes for the identity by itself."""

_PASSES = re.compile(
    r"optional|maybe|or_none|if_any|try_|(?<!require_)(?<!requires_)(?:agent|author(?!i[sz]))(?!s?_(?:required|only))", re.IGNORECASE
)
"""Words of a name that tells by itself that nobody is refused, or that something else is meant: a user agent, and not `agent_required`."""

_REFUSES = re.compile(r"abort|redirect|unauthori[sz]ed|forbid(den)?|refuse|reject|deny")
_VERIFIES = re.compile(r"(verify|require|check|ensure|enforce)_\w+|\w*auth_error\w*")
_ATTACHED = re.compile(r"cookie|session|HTTPBasic|HTTPDigest", re.IGNORECASE)
_ATTACHED_SCHEME = re.compile(
    r"cookie|HTTPBasic|HTTPDigest|session\s*(?:\[\s*|\.(?:get|pop)\(\s*)[\"']|[\"']\s+(?:not\s+)?in\s+[\w.()]*session", re.IGNORECASE
)
"""What a browser sends along by itself; "session" in a function that is given no request is one of the database, but for texts as keys."""

USUAL = ("username", "user_name", "name", "email", "user_id", "uuid", "login")


def of_dependencies(dependants: Iterable[Any]) -> Iterator[CheckFacts]:
    """The functions among FastAPI dependencies that look like a check; a security scheme inside one is a part of it."""
    for dependant in dependants:
        call = dependant.call
        if not inspect.isroutine(call) or not (own_checks.known_as(dependant) or (_is_named(call.__name__) and _turns_away(dependant))):
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
            known = found.__module__.startswith(("flask_login", "django.contrib."))
            if not known and (_PASSES.search(found.__name__) or not _refuses(found, by_others=True)):
                continue
            yield CheckFacts(name=_name(found), kind="decorator", known=known, bearer=_mentions_header(found))


def of_hooks(hooks: Iterable[Any]) -> Iterator[CheckFacts]:
    """The functions that run before each request and look like a check."""
    for hook in hooks:
        if _is_named(hook.__name__) and _refuses(hook, by_others=True):
            yield CheckFacts(name=_name(hook), kind="hook", bearer=_mentions_header(hook))


def _name(call: Any) -> str:
    return f"{call.__module__}:{call.__qualname__}"


def _is_named(name: str) -> bool:
    return own_checks.looks_like_a_check(name) and not _PASSES.search(name)


def _turns_away(dependant: Any) -> bool:
    """Whether the function, or one of such a name that it depends on, is seen to refuse."""
    call = dependant.call
    if inspect.isroutine(call) and _is_named(call.__name__) and (_refuses(call) or own_checks.of_route(None, _only(dependant), {})):
        return True
    return any(_turns_away(part) for part in dependant.dependencies)


def _refuses(function: Any, *, by_others: bool = False) -> bool:
    """Whether the code raises, aborts or redirects. by_others: a call of something that verifies counts too, as in decorators."""
    for node in ast.walk(ast.parse(_source(function) or "")):
        if isinstance(node, ast.Raise):
            return True
        if isinstance(node, ast.Constant) and node.value in (401, 403) and not isinstance(node.value, bool):
            return True
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""
            if _REFUSES.fullmatch(name) or (by_others and _VERIFIES.fullmatch(name)):
                return True
    return False


def _source(function: Any) -> str:
    """The text of a function, "" where there is none to be had."""
    try:
        text = textwrap.dedent(inspect.getsource(inspect.unwrap(function)))
        ast.parse(text)
    except (OSError, TypeError, SyntaxError, ValueError):
        return ""
    return text


def _reads_token(dependant: Any) -> bool:
    """Whether it reads a token that scripts send, and nothing that a browser attaches by itself.

    Against a check that takes a cookie where no token came: called a bearer's, it would leave the cookie without proof of origin.
    """
    return _has_scheme(dependant) and not _reads_attached(dependant)


def _reads_attached(dependant: Any) -> bool:
    call = dependant.call
    text = _source(call) if inspect.isroutine(call) else " ".join(kind.__name__ for kind in type(call).__mro__)
    takes_request = bool(getattr(dependant, "request_param_name", None) or getattr(dependant, "http_connection_param_name", None))
    words = _ATTACHED if takes_request else _ATTACHED_SCHEME
    if words.search(text) or getattr(dependant, "cookie_params", None) or (takes_request and not text):
        return True
    return any(_reads_attached(part) for part in dependant.dependencies)


def _has_scheme(dependant: Any) -> bool:
    kinds = [part.call for part in dependant.dependencies]
    return any("Bearer" in type(call).__name__ or type(call).__name__ == "APIKeyHeader" for call in kinds) or any(
        _has_scheme(part) for part in dependant.dependencies
    )


def _mentions_header(function: Any) -> bool:
    source = _source(function).lower()
    return ("authorization" in source or "x-api-key" in source) and not _ATTACHED.search(source)


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
