"""An application's own authentication, recognised where it stands before a handler, so that nobody declares access twice.

Against a guess that opens a route: what counts is named in the policy, or is a check of a known library, found by identity and
never by its looks. A security scheme alone is not counted: FastAPI's take any value for a token until somebody verifies it.
"""

from __future__ import annotations

import dis
import functools
import inspect
import re
import sys
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

_LIKE_A_CHECK = (
    r"(?i)current_?user|get_?user|require|auth|login|log_in|signed_in|jwt|token|permission|principal|admin|role|identity|protected|secur"
)
_REFUSING = frozenset({"abort", "redirect", "unauthorized", "HTTPException", "PermissionDenied"})

FLASK_LOGIN = "login_required of Flask-Login"
FASTAPI_USERS = "current_user of fastapi-users"
_STATUS, _CLIENT_ERRORS, _TOO_MANY = r"HTTP_4\d\d_", range(400, 500), 429
_DEEP = 30
"""Wrappers looked through; more of them is no honest handler."""


def of_route(endpoint: object, dependant: Any, named: Mapping[str, object]) -> tuple[str, ...]:
    """The checks that FastAPI or Starlette runs before `endpoint`: its wrappers, then the dependencies of route, router and application.

    dependant: FastAPI's description of the route, None for a plain one. named: what the policy names, by that name.
    """
    return tuple(dict.fromkeys([*_around(endpoint, named), *_of_dependencies(dependant, named)]))


def of_view(view: object, before: Iterable[object], named: Mapping[str, object], config: Mapping[str, Any]) -> tuple[str, ...]:
    """The checks that Flask runs before `view`: its wrappers, and those functions among `before` that the policy names."""
    # Against a test switch that was left on: with LOGIN_DISABLED the decorator lets everybody through.
    known = [name for name in _around(view, named) if name != FLASK_LOGIN or not config.get("LOGIN_DISABLED")]
    hooks = [name for hook in before for name, check in named.items() if _is_same(hook, check)]
    return tuple(dict.fromkeys([*known, *hooks]))


def seen(endpoint: object, *, dependant: Any = None, before: Iterable[object] = ()) -> tuple[str, ...]:
    """What looks like a check before a handler and refuses by itself, as `own_auth` would name it. A guess: it opens nothing.

    dependant: FastAPI's description of the route. before: functions that run before it.
    """
    calls = [*_calls(dependant), *before]
    found = [_path_of(call) for call in calls if looks_like_a_check(str(getattr(call, "__name__", ""))) and _turns_away(call)]
    made = [_maker_of(wrapper) for wrapper in _wrappers(endpoint) if _turns_away(wrapper)]
    return tuple(dict.fromkeys(name for name in (*found, *made) if name and looks_like_a_check(name.rpartition(":")[2])))


def looks_like_a_check(name: str) -> bool:
    """Whether something of this name probably asks who is there; a guess, and named as one."""
    return bool(re.search(_LIKE_A_CHECK, name))


def _calls(dependant: Any) -> Iterator[Any]:
    for child in getattr(dependant, "dependencies", ()):
        yield child.call
        yield from _calls(child)


def _turns_away(call: object) -> bool:
    """Whether code can refuse: it raises, or calls what is known to."""
    code = getattr(inspect.unwrap(call), "__code__", None) if inspect.isroutine(call) else None
    code = getattr(call, "__code__", code)
    return isinstance(code, types.CodeType) and (_refuses_by(code) or not _REFUSING.isdisjoint(code.co_names))


def _path_of(call: Any) -> str:
    """How a function is named in settings; "" for what stands inside another one, which no name reaches."""
    module, name = str(getattr(call, "__module__", "")), str(getattr(call, "__qualname__", ""))
    return "" if "<" in name or not module else f"{module}:{name}"


def _maker_of(wrapper: Any) -> str:
    """The decorator that made a wrapper, by where its code stands; functools.wraps leaves that as it was."""
    code, names = getattr(wrapper, "__code__", None), getattr(wrapper, "__globals__", {})
    made = code.co_qualname.partition(".<locals>.") if isinstance(code, types.CodeType) else ("", "", "")
    return f"{names.get('__name__', '')}:{made[0]}" if made[1] and names.get("__name__", "").partition(".")[0] != "ringwork" else ""


def _is_same(found: object, check: object) -> bool:
    # A method is made anew at each look; everything else is itself, whatever its own notion of equality.
    return found is check or (inspect.ismethod(found) and inspect.ismethod(check) and found == check)


def _around(endpoint: object, named: Mapping[str, object]) -> Iterator[str]:
    for wrapper in _wrappers(endpoint):
        yield from (name for name, check in named.items() if is_made_by(wrapper, check))
        if is_made_by(wrapper, _loaded("flask_login", "login_required")):
            yield FLASK_LOGIN


def _wrappers(endpoint: object) -> Iterator[object]:
    """The endpoint and what it wraps, outermost first. The innermost is the handler itself, which is no check of its own."""
    current: Any = endpoint
    for _ in range(_DEEP):
        inner = current.func if isinstance(current, functools.partial) else getattr(current, "__wrapped__", None)
        if inner is None:
            return
        yield current
        yield from _between(current, inner)
        current = inner


def _between(wrapper: object, inner: object) -> Iterator[object]:
    """What a wrapper calls in place of the handler that it says it wraps: `@wraps(view)` above `@login_required` above the check's own.

    Against a check that is only called at times: what can reach the handler past it, or calls several functions, counts for none.
    """
    current = wrapper
    for _ in range(_DEEP):
        held = [cell.cell_contents for cell in getattr(current, "__closure__", None) or () if _is_filled(cell)]
        called = [one for one in held if inspect.isfunction(one)]
        if len(called) != 1 or called[0] is inner or called[0] is current:
            return
        current = called[0]
        if not _reaches(current, inner):
            return
        yield current


def _reaches(function: Any, inner: object) -> bool:
    """Whether a function, or what it calls in turn, is given the handler."""
    for _ in range(_DEEP):
        held = [cell.cell_contents for cell in getattr(function, "__closure__", None) or () if _is_filled(cell)]
        if any(one is inner for one in held):
            return True
        called = [one for one in held if inspect.isfunction(one)]
        if len(called) != 1:
            return False
        function = called[0]
    return False


def _is_filled(cell: types.CellType) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:  # a name that was not given a value yet
        return False


def is_made_by(wrapper: object, decorator: object) -> bool:
    """Whether `decorator` made `wrapper`: the wrapper's code stands inside the decorator's, or it is an instance of that class."""
    if isinstance(decorator, type):
        return type(wrapper) is decorator
    code, outer = getattr(wrapper, "__code__", None), getattr(inspect.unwrap(decorator) if callable(decorator) else None, "__code__", None)
    return isinstance(code, types.CodeType) and isinstance(outer, types.CodeType) and holds(outer, code)


def holds(outer: types.CodeType, code: types.CodeType) -> bool:
    """Whether `code` stands somewhere inside `outer`."""
    return any(part is code or holds(part, code) for part in outer.co_consts if isinstance(part, types.CodeType))


def _of_dependencies(dependant: Any, named: Mapping[str, object]) -> Iterator[str]:
    for child in getattr(dependant, "dependencies", ()):
        call = getattr(child, "call", None)
        mine = [name for name, check in named.items() if _is_same(call, check)]
        if mine:
            yield from mine
        elif known := known_as(child):
            yield known
        yield from _of_dependencies(child, named)


def known_as(dependant: Any) -> str:
    """By which name one of FastAPI's dependencies counts as a check that the policy need not name, by what it does; "" for none."""
    call = getattr(dependant, "call", None)
    if _is_current_user(call):
        return FASTAPI_USERS
    checks = inspect.isroutine(call) and _asks_scheme(dependant) and _refuses(call)
    return str(getattr(call, "__name__", "dependency")) if checks else ""


def _asks_scheme(dependant: Any) -> bool:
    """Whether a function is given what a security scheme of FastAPI found, one that refuses by itself when it finds nothing."""
    return any(_is_scheme(child.call) and bool(getattr(child.call, "auto_error", False)) for child in dependant.dependencies)


def _refuses(call: object) -> bool:
    """Whether a function can refuse by itself. Against one that takes whatever token comes and only writes it down, or counts requests."""
    code = getattr(inspect.unwrap(call), "__code__", None) if callable(call) else None
    return isinstance(code, types.CodeType) and _refuses_by(code)


def _refuses_by(code: types.CodeType) -> bool:
    if not any(step.opname == "RAISE_VARARGS" for step in dis.get_instructions(code)):
        return False
    named = (int(name[5:8]) for name in code.co_names if re.match(_STATUS, name))
    statuses = {*named, *(value for value in code.co_consts if isinstance(value, int) and value in _CLIENT_ERRORS)}
    return statuses != {_TOO_MANY}


def _is_scheme(call: object) -> bool:
    return any(kind.__module__ == "fastapi.security.base" and kind.__name__ == "SecurityBase" for kind in type(call).__mro__)


def _is_current_user(call: object) -> bool:
    """Whether fastapi-users made it, as a check that refuses: current_user(), not current_user(optional=True)."""
    made: Any = call
    authenticator = _loaded("fastapi_users.authentication", "Authenticator")
    for _ in range(_DEEP):
        if authenticator is None or made is None:
            return False
        makers = (authenticator.current_user, authenticator.current_user_token)
        code = getattr(made, "__code__", None)
        if isinstance(code, types.CodeType) and any(holds(maker.__code__, code) for maker in makers):
            return inspect.getclosurevars(made).nonlocals.get("optional") is False
        made = getattr(made, "__wrapped__", None) or getattr(made, "__func_impl__", None)
    return False


def _loaded(module: str, name: str) -> Any:
    """Something of a library that the application has loaded, else None; nothing is imported for it."""
    return getattr(sys.modules.get(module), name, None)


def unused(named: Sequence[str], seen: Iterable[str]) -> list[str]:
    """Names of the policy that stand before no route."""
    found = set(seen)
    return [name for name in named if name not in found]
