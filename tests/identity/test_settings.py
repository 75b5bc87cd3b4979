"""`identify` as a settings file names it: by what the application has already, checked whole, and never a principal of nothing."""

from __future__ import annotations

import sys
import types
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from ringwork import Policy, PolicyInvalid, protect, requires
from ringwork.policy import files
from ringwork.policy.known_by import KnownBy

ORIGIN = "https://clinic.example"


class User:
    """A user of a project that calls him by mail."""

    def __init__(self, email: Any) -> None:
        self.email = email


def asked(monkeypatch: pytest.MonkeyPatch, user: Any) -> int:
    """The status of a route for any signed-in user, where the dependency finds `user`."""

    def who(request: Request) -> Any:
        return user

    module = types.ModuleType("clinic_who")
    module.who = who  # type: ignore[attr-defined]  # as the project's module would hold it
    monkeypatch.setitem(sys.modules, "clinic_who", module)
    app = FastAPI(openapi_url=None)
    app.get("/")(requires()(lambda: "in"))
    known = KnownBy(dependency="clinic_who:who", id="email")
    protect(app, Policy(origin=ORIGIN, identify=known, events=lambda event: None))
    return TestClient(app, base_url=ORIGIN).get("/").status_code


def test_knows_a_user_by_the_attribute_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the id is called otherwise."""
    assert asked(monkeypatch, User("ada@clinic.example")) == 200


@pytest.mark.parametrize("email", [None, "", True])
def test_makes_no_principal_of_nothing(monkeypatch: pytest.MonkeyPatch, email: Any) -> None:
    """An anonymous user whose mail is None must not become the principal "None": the request is refused, and told."""
    assert asked(monkeypatch, User(email)) == 503


def test_takes_nobody_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dependency that returns None has found nobody."""
    assert asked(monkeypatch, None) == 401


@pytest.mark.parametrize(
    ("table", "part"),
    [
        ({}, "name one of"),
        ({"flask_login": True, "dependency": "a:b"}, "name one of"),
        ({"dependency": "a.b"}, 'is no "module:name"'),
        ({"flask_login": True, "via": "magic"}, "via"),
        ({"flask_login": True, "id": "email"}, "only a function or a dependency needs it"),
        ({"dependancy": "a:b"}, "did you mean 'dependency'"),
    ],
)
def test_tells_what_is_wrong_in_the_table(table: dict[str, Any], part: str) -> None:
    """Each fault says what to write instead."""
    with pytest.raises(PolicyInvalid, match=part):
        files.from_table({"identify": table}, where="ringwork.toml")


def test_gives_one_rule_to_several_routes() -> None:
    """A row with `routes`, as `ringwork adopt` prints it."""
    table = {"rules": [{"routes": ["GET /a", "GET /b"], "public": "open"}]}
    assert set(files.from_table(table, where="ringwork.toml").rules) == {"GET /a", "GET /b"}
