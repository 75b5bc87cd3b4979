"""django-ninja: each operation of a path is a route of its own, with the marks and the checks that stand on it."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import path

import ringwork
from ringwork import Policy, public, requires
from ringwork.frameworks import django as adapter
from ringwork.route import Own, Public, Requires
from tests.frameworks.django_project import ask, configure, project

ORIGIN = "https://clinic.example"
OPEN = public("a test needs an open way in")
ERIN = {"Cookie": "__Host-user=erin", "Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
_numbers = itertools.count()


@pytest.fixture(autouse=True)
def _configured() -> None:
    configure()


def identify(request: Any) -> ringwork.Principal | None:
    name = request.COOKIES.get("user")
    return ringwork.Principal(id=name, roles=frozenset({"admin"})) if name else None


def guarded(fill: Callable[[Any], None], **more: Any) -> Any:
    """A guarded project whose API `fill` gives its operations, below /api/."""
    from ninja import NinjaAPI

    api: Any = NinjaAPI(urls_namespace=f"ninja{next(_numbers)}", docs_url=None, openapi_url=None)
    fill(api)
    policy = Policy(origin=ORIGIN, identify=identify, events=lambda event: None, **more)
    return ringwork.protect(project([path("api/", api.urls)]), policy)


def rules(app: Any) -> dict[str, Any]:
    listed = adapter.list_routes(app, installation=app.__ringwork_installation__)
    return {route.name: route.rule for route in listed if route.path != "/api/"}


def notes(api: Any) -> None:
    """One path with an open way to read, a role to write, and a way to remove that nobody thought of."""

    @api.get("/notes")
    @OPEN
    def read(request: Any) -> Any:
        return ["read"]

    @api.post("/notes")
    @requires("admin")
    def write(request: Any) -> Any:
        return ["written"]

    @api.delete("/notes/{number}")
    def remove(request: Any, number: int) -> Any:
        return ["removed"]


def test_every_operation_is_a_route_with_the_rule_of_its_own_function() -> None:
    """The open operation of a path must not open its others, and one without a rule is refused before it runs."""
    app = guarded(notes)
    assert rules(app) == {
        "GET /api/notes": Public(reason="a test needs an open way in"),
        "POST /api/notes": Requires(roles=frozenset({"admin"})),
        "DELETE /api/notes/{number}": None,
    }
    assert ask(app, "GET", "/api/notes").text == '["read"]'
    assert ask(app, "POST", "/api/notes").status in {401, 403}
    assert ask(app, "POST", "/api/notes", ERIN).text == '["written"]'
    assert ask(app, "DELETE", "/api/notes/1", ERIN).status == 403


def test_recognises_its_checks_of_djangos_session_and_none_that_anybody_may_have_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bearer check of the application's own is a rule where the policy names it; beside another one that opens as well, none is."""
    from ninja.security import HttpBearer, django_auth, django_auth_superuser

    class Bearer(HttpBearer):
        def authenticate(self, request: Any, token: str) -> Any:
            return token

    class Lax(type(django_auth)):  # type: ignore[misc]  # a session check that was written anew
        def authenticate(self, request: Any, key: str | None) -> Any:
            return True

    class Lazy(type(django_auth)):  # type: ignore[misc]  # one that never comes to its session
        def __call__(self, request: Any) -> Any:
            return True

    def fill(api: Any) -> None:
        ways = {
            "session": django_auth, "superuser": django_auth_superuser, "bearer": Bearer(), "lax": Lax(), "lazy": Lazy(), "none": None,
            "either": [django_auth, Bearer()],
        }  # fmt: skip
        for name, check in ways.items():
            api.get(f"/{name}", auth=check)(lambda request: "fine")

    monkeypatch.setattr(sys.modules[__name__], "Bearer", Bearer, raising=False)
    session = {
        "GET /api/session": Own(by="SessionAuth of django-ninja"),
        "GET /api/superuser": Own(by="SessionAuthSuperUser of django-ninja"),
    }
    known = rules(guarded(fill))
    assert {name: rule for name, rule in known.items() if rule is not None} == session
    named = rules(guarded(fill, own_auth=(f"{__name__}:Bearer",)))
    assert named["GET /api/bearer"] == Own(by=f"{__name__}:Bearer")
    assert named["GET /api/either"] is not None
    assert named["GET /api/lax"] is None
    assert named["GET /api/none"] is None
