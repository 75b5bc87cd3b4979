"""A check of the application's own that stands before a route and is not counted is named at the start, with the line that counts it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web
from django.http import HttpResponse
from django.urls import path
from fastapi import Depends, FastAPI, HTTPException
from flask import Flask, abort
from starlette.applications import Starlette
from starlette.routing import Route

import ringwork
from ringwork import own_checks
from ringwork.protect import installed
from tests.frameworks import django_project
from tests.frameworks.hosts import policy

MINE = __name__


def login_required(view: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator as people write them."""

    @functools.wraps(view)
    def checked(*given: Any, **named: Any) -> Any:
        if not given:
            abort(401)
        return view(*given, **named)

    return checked


def login_required_there(handler: Callable[..., Any]) -> Callable[..., Any]:
    """The same for aiohttp."""

    @functools.wraps(handler)
    async def checked(request: Any) -> Any:
        if "user" not in request:
            raise web.HTTPUnauthorized
        return await handler(request)

    return checked


def logged_there(handler: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator of aiohttp's that refuses, and is no check of who asks by its name."""

    @functools.wraps(handler)
    async def timed(request: Any) -> Any:
        if "odd" in request:
            raise web.HTTPBadRequest
        return await handler(request)

    return timed


def logged(view: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator that refuses, and is no check of who asks by its name."""

    @functools.wraps(view)
    def timed(*given: Any, **named: Any) -> Any:
        if named:
            raise ValueError
        return view(*given, **named)

    return timed


def current_user() -> str:
    """A dependency that refuses."""
    raise HTTPException(401)


def current_user_or_nobody() -> None:
    """A dependency that refuses nobody."""


def require_user() -> None:
    """A function that Flask runs before each view."""
    abort(401)


def load_user() -> None:
    """One that refuses nobody."""


def view(*given: Any) -> Any:
    return HttpResponse("fine")


async def answer(request: Any) -> Any:
    return web.Response(text="fine")


def of_fastapi(check: Any) -> Any:
    app = FastAPI(openapi_url=None)
    app.add_api_route("/desk", lambda: "fine", dependencies=[Depends(check)])
    return app


def of_flask(decorator: Any = None, hook: Any = None) -> Any:
    app = Flask(__name__, static_folder=None)
    app.add_url_rule("/desk", view_func=decorator(view) if decorator else view)
    if hook is not None:
        app.before_request(hook)
    return app


def of_aiohttp(decorator: Any) -> Any:
    app = web.Application()
    app.router.add_get("/desk", decorator(answer))
    return app


def of_django(decorator: Any) -> Any:
    return django_project.project([path("desk", decorator(view))])


CASES = {
    "dependency": (lambda: of_fastapi(current_user), "current_user"),
    "lenient dependency": (lambda: of_fastapi(current_user_or_nobody), ""),
    "starlette": (lambda: Starlette(routes=[Route("/desk", login_required(answer))]), "login_required"),
    "flask": (lambda: of_flask(login_required), "login_required"),
    "flask, other decorator": (lambda: of_flask(logged), ""),
    "hook": (lambda: of_flask(hook=require_user), "require_user"),
    "lenient hook": (lambda: of_flask(hook=load_user), ""),
    "aiohttp": (lambda: of_aiohttp(login_required_there), "login_required_there"),
    "aiohttp, other decorator": (lambda: of_aiohttp(logged_there), ""),
    "django": (lambda: of_django(login_required), "login_required"),
    "django, other decorator": (lambda: of_django(logged), ""),
}


@pytest.mark.parametrize("case", CASES)
def test_names_the_check_that_is_seen_and_does_not_count(case: str, caplog: pytest.LogCaptureFixture) -> None:
    """Else its author reads that a route has no rule, beside the very check that stands before it."""
    build, name = CASES[case]
    found = installed(ringwork.protect(build(), policy()))
    assert found is not None
    found.settle()
    assert "GET /desk" in caplog.text
    hint = f'{MINE}:{name} stands before it and does not count; if it refuses who is not signed in, own_auth = ["{MINE}:{name}"]'
    assert (hint in caplog.text) is bool(name)
    assert ("does not count" in caplog.text) is bool(name)


@pytest.mark.parametrize("case", [name for name, (_, seen) in CASES.items() if seen])
def test_the_line_that_is_named_counts_it(case: str) -> None:
    """What is printed can be pasted: then it is the route's rule."""
    build, name = CASES[case]
    found = installed(ringwork.protect(build(), policy(own_auth=(f"{MINE}:{name}",))))
    assert found is not None
    (route,) = found.list_routes()
    assert route.rule_source == f"own check {MINE}:{name}"
    assert not route.seen_checks


def test_names_no_check_that_no_name_reaches() -> None:
    """A function inside another one, and a mark of ringwork's own, cannot be named in settings."""

    def current_user_inside() -> None:
        raise HTTPException(401)

    app = FastAPI(openapi_url=None)
    app.add_api_route("/desk", lambda: "fine", dependencies=[Depends(current_user_inside), Depends(ringwork.requires())])
    route: Any = app.router.routes[-1]
    assert own_checks.seen(route.endpoint, dependant=route.dependant) == ()


def _outer(view: Callable[..., Any]) -> Callable[..., Any]:
    """Somebody's check around another, as `login_required` stands below `wraps`."""

    @functools.wraps(view)
    @login_required
    def role_checked(*given: Any, **named: Any) -> Any:
        return view(*given, **named)

    return role_checked


def _at_times(view: Callable[..., Any]) -> Callable[..., Any]:
    """The check is asked where somebody says so, and past it the handler is reached."""
    checked = login_required(view)

    @functools.wraps(view)
    def maybe(*given: Any, **named: Any) -> Any:
        return (checked if named.pop("strict", False) else view)(*given, **named)

    return maybe


def _beside(view: Callable[..., Any]) -> Callable[..., Any]:
    """The check stands before something else."""
    checked, plain = login_required(_handled), _passed_on(view)

    @functools.wraps(view)
    def maybe(*given: Any, **named: Any) -> Any:
        return (checked if named.pop("strict", False) else plain)(*given, **named)

    return maybe


def _passed_on(view: Callable[..., Any]) -> Callable[..., Any]:
    def passed(*given: Any, **named: Any) -> Any:
        return view(*given, **named)

    return passed


def _handled() -> str:
    return "handled"


def test_knows_a_check_whose_wrapper_names_the_handler_alone() -> None:
    """`@wraps(view)` above `@login_required` hides what stands between; both are met on every way to the handler."""
    named = {"outer": _outer, "login_required": login_required}
    assert set(own_checks.of_route(_outer(_handled), None, named)) == {"outer", "login_required"}


@pytest.mark.parametrize("decorator", [_at_times, _beside])
def test_counts_no_check_that_is_asked_at_times(decorator: Callable[..., Any]) -> None:
    """Against a handler that is reached past it."""
    assert own_checks.of_route(decorator(_handled), None, {"login_required": login_required}) == ()
