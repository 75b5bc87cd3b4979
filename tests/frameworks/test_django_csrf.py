"""Django's own form tokens: kept where a project uses them, and nowhere else; the origin is proven first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware, get_token
from django.test.utils import override_settings
from django.urls import path
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from starlette.testclient import TestClient

import ringwork
from ringwork import Policy, Principal, public
from ringwork.frameworks import django_csrf
from ringwork.frameworks.django_routes import entries
from tests.frameworks.django_project import MIDDLEWARE, Reply, ask, configure, project

ORIGIN = "https://clinic.example"
SENT = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
WITH_CHECK = [*MIDDLEWARE, django_csrf.MIDDLEWARE]


class Unwilling:
    """What many projects copied from somewhere: a middleware that switches Django's check off."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        request._dont_enforce_csrf_checks = True
        return self.get_response(request)


def _identify(request: Any) -> Principal:
    return Principal(id="alice")


def _patterns(done: list[str], *, exempt: bool = False, protect: bool = False) -> list[Any]:
    @public("a form")
    def form(request: HttpRequest) -> HttpResponse:
        return HttpResponse(get_token(request))

    @public("what the form is sent to")
    def write(request: HttpRequest) -> HttpResponse:
        done.append(request.POST["text"])
        return HttpResponse("written")

    view: Any = csrf_exempt(write) if exempt else csrf_protect(write) if protect else write
    return [path("form", csrf_protect(form)), path("write", view)]


def _guarded(done: list[str], *, is_asgi: bool = False, middleware: list[str] | None = None, **more: Any) -> Any:
    handler = project(_patterns(done, **more), is_asgi=is_asgi, middleware=middleware)
    return ringwork.protect(handler, Policy(origin=ORIGIN, identify=_identify, events=lambda event: None))


@pytest.fixture(autouse=True)
def _with_check() -> Iterator[None]:
    configure()
    with override_settings(MIDDLEWARE=WITH_CHECK):
        yield


def _opened(app: Any) -> tuple[str, str]:
    """The cookie and the token of a fresh browser that has the form open."""
    answer = ask(app, "GET", "/form")
    cookie = next(value for value in answer.all("set-cookie") if "csrftoken" in value).partition(";")[0]
    assert cookie.startswith("__Host-csrftoken=")
    return cookie, answer.text


def _send(app: Any, cookie: str, token: str | None, **headers: str) -> Reply:
    fields = {"text": "hello", **({"csrfmiddlewaretoken": token} if token is not None else {})}
    return ask(app, "POST", "/write", {**SENT, "Cookie": cookie, **headers}, urlencode(fields).encode())


@pytest.mark.parametrize("more", [{}, {"exempt": True}], ids=["checked by Django too", "exempt from Django's check"])
def test_takes_the_token_of_django_where_the_project_uses_it(more: dict[str, bool]) -> None:
    """Templates with {% csrf_token %} need no second token, whoever wrote csrf_exempt over the view."""
    done: list[str] = []
    app = _guarded(done, middleware=WITH_CHECK, **more)
    cookie, token = _opened(app)
    assert _send(app, cookie, token).text == "written"
    assert done == ["hello"]


@pytest.mark.parametrize("more", [{}, {"exempt": True}], ids=["checked by Django too", "exempt from Django's check"])
@pytest.mark.parametrize("token", [None, "", "x" * 64, "of another browser"])
def test_refuses_a_form_without_a_right_token(more: dict[str, bool], token: str | None) -> None:
    """Another browser's token is none, and csrf_exempt takes only Django's own check out."""
    done: list[str] = []
    app = _guarded(done, middleware=WITH_CHECK, **more)
    cookie, _ = _opened(app)
    claimed = _opened(app)[1] if token == "of another browser" else token
    assert _send(app, cookie, claimed).status == 403
    assert done == []


def test_refuses_a_foreign_page_that_has_the_token() -> None:
    """A token may leak; the origin is asked first."""
    done: list[str] = []
    app = _guarded(done, middleware=WITH_CHECK)
    cookie, token = _opened(app)
    assert _send(app, cookie, token, Origin="https://evil.invalid").status == 403
    assert _send(app, cookie, token, **{"Sec-Fetch-Site": "cross-site"}).status == 403
    assert done == []


def test_refuses_where_a_middleware_switches_the_check_off() -> None:
    """What switches Django's check off leaves ringwork's."""
    done: list[str] = []
    app = _guarded(done, middleware=[f"{__name__}.Unwilling", *WITH_CHECK])
    cookie, token = _opened(app)
    assert _send(app, cookie, None).status == 403
    assert done == []
    assert _send(app, cookie, token).status == 200


def test_refuses_the_token_of_django_where_the_project_does_not_use_it() -> None:
    """ringwork's own token is tied to login and form, and is not given up for another one unasked."""
    done: list[str] = []
    with override_settings(MIDDLEWARE=MIDDLEWARE):
        app = _guarded(done, middleware=MIDDLEWARE)
        cookie, token = _opened(app)
        assert _send(app, cookie, token).status == 403
    assert done == []


def test_takes_it_where_csrf_protect_stands() -> None:
    """A view that its author put under Django's check by hand."""
    done: list[str] = []
    with override_settings(MIDDLEWARE=MIDDLEWARE):
        app = _guarded(done, middleware=MIDDLEWARE, protect=True)
        cookie, token = _opened(app)
        assert _send(app, cookie, token).text == "written"
        assert _send(app, cookie, None).status == 403
    assert done == ["hello"]


def test_every_page_of_the_admin_and_the_login_of_django_use_it() -> None:
    """They put csrf_protect before each page themselves, so projects without the middleware have it there."""
    from django.contrib.auth.views import LoginView  # a table of Django's, which asks for its settings when it is imported

    project([path("admin/", admin.site.urls), path("accounts/login/", LoginView.as_view())])
    with override_settings(MIDDLEWARE=MIDDLEWARE):
        tokens = {entry.path: django_csrf.own_token(entry.callback) for entry in entries(None)}
    assert {"/admin/", "/admin/login/", "/accounts/login/"} <= set(tokens)
    assert set(tokens.values()) == {django_csrf.NAME}


@pytest.mark.parametrize("with_token", [True, False], ids=["with its token", "without"])
def test_asks_the_same_under_asgi(with_token: bool) -> None:
    """The loop and the threads decide alike."""
    done: list[str] = []
    client = TestClient(_guarded(done, is_asgi=True, middleware=WITH_CHECK), base_url=ORIGIN)
    token = client.get("/form").text
    fields = {"text": "hello", **({"csrfmiddlewaretoken": token} if with_token else {})}
    answer = client.post("/write", data=fields, headers={"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"})
    assert (answer.status_code, done) == ((200, ["hello"]) if with_token else (403, []))


def test_django_still_compares_tokens_where_ringwork_asks_it_to() -> None:
    """The one private name of Django's that is used; a release without it fails here and nowhere else."""
    assert callable(CsrfViewMiddleware._check_token)
    assert re.search("RejectRequest", str(django_csrf.RejectRequest))
