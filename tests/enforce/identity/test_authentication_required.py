"""Every way in asks who is there, unless it was declared public."""

from __future__ import annotations

from typing import Any

import pytest

from ringwork.enforce.guard import Surroundings
from ringwork.enforce.identity.authentication_required import GUARD, AuthenticationRequiredSettings
from ringwork.exchange import Exchange
from ringwork.principal import Via
from ringwork.route import Own, Requires, RouteKind, Rule
from tests.enforce.making import PUBLIC, ask, enter, make_route, make_site, make_user

SETTINGS = AuthenticationRequiredSettings()
LOGIN = AuthenticationRequiredSettings(login_path="/login")
SITE = make_site()
NO_IDENTIFY = make_site(identifies=False)
CLINICIANS = Requires(roles=frozenset({"clinician"}))
OWN = Own(by="app.auth:current_user")
AROUND = Surroundings(framework="flask")
PAGE = ((b"accept", b"text/html,application/xhtml+xml,*/*;q=0.8"), (b"sec-fetch-mode", b"navigate"))


@pytest.mark.parametrize("kind", list(RouteKind))
@pytest.mark.parametrize("rule", [Requires(), CLINICIANS])
def test_asks_a_stranger_to_sign_in(rule: Rule, kind: RouteKind) -> None:
    """Nobody is told 401 with the challenge that the standard asks for, at routes, sockets, static files and mounts alike."""
    refusal = enter(GUARD, SETTINGS, SITE, make_route(rule=rule, kind=kind), ask())
    assert refusal is not None
    assert (refusal.control, refusal.status, refusal.reason) == ("identity.authentication-required", 401, "not-authenticated")
    assert refusal.headers == ((b"www-authenticate", b"Cookie"),)


@pytest.mark.parametrize("via", list(Via))
@pytest.mark.parametrize("rule", [Requires(), CLINICIANS, OWN])
def test_lets_a_signed_in_user_go_on(rule: Rule, via: Via) -> None:
    """Whoever is known passes here; what he may do is the next guard's."""
    assert enter(GUARD, SETTINGS, SITE, make_route(rule=rule), ask(user=make_user(via=via))) is None


def test_asks_a_stranger_at_a_rule_that_it_cannot_read() -> None:
    """A rule of a later version is no reason to let anybody in."""
    odd: Any = object()
    refusal = enter(GUARD, SETTINGS, SITE, make_route(rule=odd), ask())
    assert refusal is not None
    assert refusal.status == 401


@pytest.mark.parametrize("route", [None, make_route(rule=PUBLIC), make_route(rule=None)])
def test_costs_nothing_where_it_does_not_decide(route: Any) -> None:
    """Public routes ask for nobody; what has no rule is refused by access.deny-by-default, to signed-in users too."""
    assert GUARD.plan(SETTINGS, SITE, route).enter is None


@pytest.mark.parametrize("asked", [ask("POST"), ask("DELETE"), ask("ZZZ"), ask("GET", "/live", kind="websocket")])
def test_asks_before_an_own_check_where_something_would_change(asked: Exchange) -> None:
    """An effect cannot be taken back, so a stranger's change does not reach the application's own check."""
    refusal = enter(GUARD, SETTINGS, SITE, make_route(rule=OWN), asked)
    assert refusal is not None
    assert refusal.status == 401


@pytest.mark.parametrize(("status", "refused"), [(200, True), (204, True), (302, False), (401, False)])
def test_lets_no_success_of_an_own_check_leave_for_nobody(status: int, refused: bool) -> None:
    """Who only reads is refused in the application's own words; what it serves to somebody unknown is taken back."""
    hooks = GUARD.plan(SETTINGS, SITE, make_route(rule=OWN))
    assert enter(GUARD, SETTINGS, SITE, make_route(rule=OWN), ask()) is None
    assert hooks.judge is not None
    assert (hooks.judge(ask(), status, []) is not None) is refused
    assert hooks.judge(ask(user=make_user()), status, []) is None


def test_leaves_an_own_check_alone_where_nothing_identifies() -> None:
    """Without `identify` only the application can tell who is asking, and its own check stands before the handler."""
    hooks = GUARD.plan(SETTINGS, NO_IDENTIFY, make_route(rule=OWN))
    assert (hooks.enter, hooks.judge) == (None, None)


def test_lets_nobody_in_where_a_rule_asks_and_nothing_identifies() -> None:
    """A check without a verifier refuses everybody; it never accepts whatever comes."""
    refusal = enter(GUARD, SETTINGS, NO_IDENTIFY, make_route(), ask("GET", "/notes", (b"authorization", b"Bearer x")))
    assert refusal is not None
    assert refusal.status == 401


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_sends_a_stranger_s_page_load_to_the_login(method: str) -> None:
    """A person in a browser sees the login page instead of a bare refusal; it is still a refusal."""
    refusal = enter(GUARD, LOGIN, SITE, make_route(), ask(method, "/notes", *PAGE))
    assert refusal is not None
    assert (refusal.status, refusal.reason, refusal.headers) == (303, "not-authenticated", ((b"location", b"/login"),))


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("POST", PAGE),
        ("GET", ()),
        ("GET", ((b"accept", b"application/json, text/html"),)),
        ("GET", ((b"accept", b"text/html"), (b"sec-fetch-mode", b"cors"))),
    ],
)
def test_answers_401_to_what_is_no_page_load(method: str, headers: tuple[tuple[bytes, bytes], ...]) -> None:
    """A script or an API client would take the login page for its data."""
    refusal = enter(GUARD, LOGIN, SITE, make_route(), ask(method, "/notes", *headers))
    assert refusal is not None
    assert refusal.status == 401


def test_answers_401_to_a_socket() -> None:
    """A WebSocket cannot follow a redirect."""
    refusal = enter(GUARD, LOGIN, SITE, make_route(), ask("GET", "/live", *PAGE[:1], kind="websocket"))
    assert refusal is not None
    assert refusal.status == 401


@pytest.mark.parametrize("login_path", ["/login", "/login?next=home"])
def test_never_sends_the_login_page_to_itself(login_path: str) -> None:
    """A login route that asks for a user by mistake must not redirect for ever."""
    settings = AuthenticationRequiredSettings(login_path=login_path)
    refusal = enter(GUARD, settings, SITE, make_route("/login"), ask("GET", "/login", *PAGE))
    assert refusal is not None
    assert refusal.status == 401


def test_trap_03_finds_fault_at_start_with_a_rule_that_nothing_can_verify() -> None:
    """Trap 3: no verifier configured is a fault at start, which stops production, and never a check that any header passes."""
    found = GUARD.at_start(SETTINGS, NO_IDENTIFY, AROUND, [make_route(), make_route("/", rule=PUBLIC)])
    assert [fault for fault in found if "`identify` is not set" in fault] == list(found)
    assert found
    assert not GUARD.at_start(SETTINGS, SITE, AROUND, [make_route()])


def test_finds_no_fault_at_start_with_own_checks_alone() -> None:
    """An application that authenticates by itself needs no second way; its own check is what decides."""
    assert not GUARD.at_start(SETTINGS, NO_IDENTIFY, AROUND, [make_route(rule=OWN), make_route("/", rule=PUBLIC)])


def test_finds_fault_at_start_with_a_login_page_that_asks_for_a_login() -> None:
    """Nobody could ever sign in."""
    assert GUARD.at_start(LOGIN, SITE, AROUND, [make_route("/login")])
    assert not GUARD.at_start(LOGIN, SITE, AROUND, [make_route("/login", rule=PUBLIC), make_route()])


@pytest.mark.parametrize("path", ["login", "//evil.invalid", "/\\evil.invalid", "https://evil.invalid", "/log in", "/l\r\nx: y", "/lögin"])
def test_finds_fault_with_a_login_path_that_leads_elsewhere(path: str) -> None:
    """A login path is a place on this site, whatever a browser makes of it."""
    assert any(fault.startswith("login_path") for fault in GUARD.faults(AuthenticationRequiredSettings(login_path=path)))


@pytest.mark.parametrize("challenge", ["", "two\r\nlines", " Cookie", "Cook(ie"])
def test_finds_fault_with_a_challenge_that_is_no_header(challenge: str) -> None:
    """The challenge goes out as it stands."""
    assert any(fault.startswith("challenge") for fault in GUARD.faults(AuthenticationRequiredSettings(challenge=challenge)))


def test_finds_no_fault_with_honest_settings() -> None:
    """The defaults, and usual values, are accepted."""
    assert not GUARD.faults(SETTINGS)
    assert not GUARD.faults(AuthenticationRequiredSettings(login_path="/account/login", challenge='Bearer realm="api"'))
