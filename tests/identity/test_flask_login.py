"""The ready way for Flask-Login, with the library itself."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, jsonify, session
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user, logout_user
from werkzeug.middleware.dispatcher import DispatcherMiddleware

import ringwork
from ringwork import Policy, current, public, requires
from ringwork.identify import flask_login
from ringwork.principal import Via

ORIGIN = "https://clinic.example"


class User(UserMixin):
    """One account, as applications write it."""

    def __init__(self, name: str, role: str) -> None:
        self.id, self.role, self.shut = name, role, False

    @property
    def is_active(self) -> bool:
        return not self.shut


class Desk:
    """The application, its users, and how often they were loaded."""

    def __init__(self, **config: Any) -> None:
        self.users = {"ada": User("ada", "clinician"), "ben": User("ben", "patient")}
        self.loads = 0
        self.app = Flask(__name__, static_folder=None)
        self.app.secret_key = "k" * 32
        self.app.config.update(config)
        manager = LoginManager(self.app)
        manager.user_loader(self.load)
        manager.request_loader(lambda request: self.users.get(request.headers.get("X-Key", "")))
        self._routes()
        ringwork.protect(self.app, Policy(origin=ORIGIN, identify=flask_login(roles=lambda user: user.role)))
        self.client = self.app.test_client()

    def load(self, user_id: str) -> User | None:
        self.loads += 1
        if user_id == "broken":
            raise LookupError("the user table is gone")
        return self.users.get(user_id)

    def _routes(self) -> None:
        @self.app.post("/in/<name>")
        @public("where one signs in")
        def sign_in(name: str) -> str:
            login_user(self.users[name], remember=name == "ben")
            return "in"

        @self.app.post("/forge/<name>")
        @public("writes a session by hand, for the test of a broken loader")
        def forge(name: str) -> str:
            session["_user_id"] = name
            return "in"

        @self.app.post("/out")
        @requires()
        def sign_out() -> str:
            logout_user()
            return "out"

        @self.app.get("/me")
        @requires()
        def me() -> Any:
            principal = current().principal
            assert principal is not None
            return jsonify(
                id=principal.id,
                roles=sorted(principal.roles),
                via=principal.via,
                session=principal.session,
                fresh=principal.attributes["fresh"],
                same=current_user.get_id(),
            )

        @self.app.get("/ward")
        @requires("clinician")
        def ward() -> str:
            return "ward"

        @self.app.get("/own")
        @login_required
        def own() -> str:
            return "own"

    def ask(self, method: str, path: str, **headers: str) -> Any:
        sent = {"Origin": ORIGIN, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self.client.open(path, method=method, base_url=ORIGIN, headers=sent, json={} if method == "POST" else None)


def test_knows_nobody_before_signing_in() -> None:
    """Flask-Login's anonymous user is no principal."""
    assert Desk().ask("GET", "/me").status_code == 401


def test_knows_who_signed_in_with_his_roles() -> None:
    """The user of the library's own session, and one text as one role."""
    desk = Desk()
    assert desk.ask("POST", "/in/ada").status_code == 200
    told = desk.ask("GET", "/me").get_json()
    assert told == {"id": "ada", "roles": ["clinician"], "via": "cookie", "session": None, "fresh": "yes", "same": "ada"}


def test_loads_the_user_once_for_ringwork_and_the_view() -> None:
    """The cost of a request is the load that Flask-Login makes anyway."""
    desk = Desk()
    desk.ask("POST", "/in/ada")
    desk.loads = 0
    desk.ask("GET", "/me")
    assert desk.loads == 1


def test_compares_roles_with_the_rules() -> None:
    """Roles come from the application's own user."""
    desk = Desk()
    desk.ask("POST", "/in/ben")
    assert desk.ask("GET", "/ward").status_code == 403


def test_forgets_who_signed_out() -> None:
    """What the library ended is over here as well."""
    desk = Desk()
    desk.ask("POST", "/in/ada")
    assert desk.ask("POST", "/out").status_code == 200
    assert desk.ask("GET", "/me").status_code == 401


def test_knows_nobody_whose_account_was_shut() -> None:
    """Flask-Login asks for is_active when somebody signs in; here it is asked at every request."""
    desk = Desk()
    desk.ask("POST", "/in/ada")
    desk.users["ada"].shut = True
    assert desk.ask("GET", "/me").status_code == 401


def test_knows_a_remembered_browser_as_not_fresh() -> None:
    """The remember-me cookie signs in again, and what was proven long ago is told."""
    desk = Desk()
    desk.ask("POST", "/in/ben")
    kept = [cookie for cookie in desk.client._cookies.values() if "remember" in cookie.key]
    desk.client = desk.app.test_client()
    for cookie in kept:
        desk.client.set_cookie(cookie.key, cookie.value, domain="clinic.example", secure=True, path="/")
    told = desk.ask("GET", "/me").get_json()
    assert (told["id"], told["fresh"]) == ("ben", "no")


def test_takes_a_forged_session_for_nobody() -> None:
    """A cookie that Flask did not sign says nothing."""
    desk = Desk()
    desk.client.set_cookie("__Host-session", "eyJfdXNlcl9pZCI6ImFkYSJ9.x.y", domain="clinic.example", secure=True)
    assert desk.ask("GET", "/me").status_code == 401


def test_refuses_when_the_loader_fails() -> None:
    """A broken user table lets nobody in, and is no silent nobody either."""
    desk = Desk()
    desk.ask("POST", "/forge/broken")
    assert desk.ask("GET", "/me").status_code == 503


def test_asks_for_proof_of_origin() -> None:
    """A session that a browser attaches by itself is not enough for a change from a foreign page."""
    desk = Desk()
    desk.ask("POST", "/in/ada")
    assert desk.ask("POST", "/out", Origin="https://evil.invalid").status_code == 403
    assert desk.ask("GET", "/me").status_code == 200


def test_asks_for_proof_of_origin_of_a_request_loader_s_user_too() -> None:
    """Nobody can tell what a request_loader reads, so its users count as signed in by cookie."""
    told = Desk().ask("GET", "/me", X_Key="ada").get_json()
    assert (told["id"], told["via"]) == ("ada", Via.COOKIE)


@pytest.mark.parametrize(("mode", "bound"), [("strong", True), ("basic", False)])
def test_binds_to_one_login_where_the_library_does(mode: str, bound: bool) -> None:
    """Under strong protection a session belongs to one browser; under basic its handle moves with the network."""
    desk = Desk(SESSION_PROTECTION=mode)
    desk.ask("POST", "/in/ada")
    assert (desk.ask("GET", "/me").get_json()["session"] is not None) is bound


def test_knows_nobody_beside_flask() -> None:
    """Flask-Login works inside Flask; an application that a dispatcher mounts beside it asks for a way of its own."""

    def beside(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"private"]

    app = Flask(__name__, static_folder=None)
    app.secret_key = "k" * 32
    LoginManager(app).user_loader(lambda user_id: User("ada", "clinician"))
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/beside": requires()(beside)})  # type: ignore[method-assign]
    ringwork.protect(app, Policy(origin=ORIGIN, identify=flask_login()))
    assert app.test_client().get("/beside/x", base_url=ORIGIN).status_code == 401


def test_guards_the_library_s_own_decorator_as_well() -> None:
    """With identify set, ringwork refuses before login_required is asked."""
    desk = Desk()
    assert desk.ask("GET", "/own").status_code == 401
    desk.ask("POST", "/in/ada")
    assert desk.ask("GET", "/own").status_code == 200
