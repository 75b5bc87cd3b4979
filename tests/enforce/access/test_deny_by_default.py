"""What has no rule is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ringwork.enforce.access.deny_by_default import GUARD, DenyByDefaultSettings
from ringwork.principal import Principal, Via
from ringwork.route import Requires
from tests.enforce.making import PUBLIC, ask, enter, make_route, make_site, make_user

SETTINGS = DenyByDefaultSettings()
SITE = make_site()
CLINICIANS = Requires(roles=frozenset({"clinician", "administrator"}))
PAGE = ((b"accept", b"text/html,application/xhtml+xml,*/*;q=0.8"), (b"sec-fetch-mode", b"navigate"))


def test_refuses_a_route_without_a_rule_to_everybody() -> None:
    """A new route is reachable only once somebody has said by whom."""
    refusal = enter(GUARD, SETTINGS, SITE, make_route(rule=None), ask(user=make_user("root", "administrator")))
    assert refusal is not None
    assert (refusal.control, refusal.status, refusal.reason) == ("access.deny-by-default", 403, "no-rule")


def test_refuses_a_rule_that_it_does_not_know() -> None:
    """An unknown value inside a policy means refusal, never passage."""
    odd: Any = object()
    refusal = enter(GUARD, SETTINGS, SITE, make_route(rule=odd), ask(user=make_user()))
    assert refusal is not None
    assert (refusal.status, refusal.reason) == (403, "unknown-rule")


def test_lets_anybody_into_a_public_route_at_no_cost() -> None:
    """The front page asks for nothing, and no hook runs for it."""
    assert GUARD.plan(SETTINGS, SITE, make_route(rule=PUBLIC)).enter is None


def test_leaves_what_no_route_matches_to_the_framework() -> None:
    """A 404 is the framework's own answer."""
    assert GUARD.plan(SETTINGS, SITE, None).enter is None


@pytest.mark.parametrize("via", list(Via))
def test_lets_a_signed_in_user_in(via: Via) -> None:
    """Any principal will do where no role is named."""
    assert enter(GUARD, SETTINGS, SITE, make_route(), ask(user=make_user(via=via))) is None


def test_lets_one_of_the_roles_in() -> None:
    """One role of several is enough."""
    assert enter(GUARD, SETTINGS, SITE, make_route(rule=CLINICIANS), ask(user=make_user("ada", "clinician", "patient"))) is None


@pytest.mark.parametrize("roles", [(), ("patient",), ("Clinician",), ("clin",)])
def test_refuses_the_wrong_role(roles: tuple[str, ...]) -> None:
    """Roles are compared whole."""
    refusal = enter(GUARD, SETTINGS, SITE, make_route(rule=CLINICIANS), ask(user=make_user("ada", *roles)))
    assert refusal is not None
    assert (refusal.status, refusal.reason) == (403, "wrong-role")


def test_refuses_a_role_given_as_a_bare_string() -> None:
    """A string of roles must not be taken apart into letters."""
    roles: Any = "clinicianx"
    refusal = enter(GUARD, SETTINGS, SITE, make_route(rule=CLINICIANS), ask(user=replace(make_user(), roles=roles)))
    assert refusal is not None
    assert refusal.reason == "wrong-role"
    assert isinstance(refusal.headers, tuple)


@pytest.mark.parametrize("rule", [Requires(), CLINICIANS])
def test_asks_a_stranger_to_sign_in(rule: Requires) -> None:
    """Nobody is told 401, with the challenge that the standard asks for."""
    refusal = enter(GUARD, SETTINGS, SITE, make_route(rule=rule), ask())
    assert refusal is not None
    assert (refusal.status, refusal.reason, refusal.headers) == (401, "not-authenticated", ((b"www-authenticate", b"Cookie"),))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_sends_a_stranger_s_page_load_to_the_login(method: str) -> None:
    """A person in a browser sees the login page instead of a bare refusal; it is still a refusal."""
    settings = DenyByDefaultSettings(login_path="/login")
    refusal = enter(GUARD, settings, SITE, make_route(), ask(method, "/notes", *PAGE))
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
    refusal = enter(GUARD, DenyByDefaultSettings(login_path="/login"), SITE, make_route(), ask(method, "/notes", *headers))
    assert refusal is not None
    assert refusal.status == 401


def test_answers_401_to_a_socket() -> None:
    """A WebSocket cannot follow a redirect."""
    refusal = enter(GUARD, DenyByDefaultSettings(login_path="/login"), SITE, make_route(), ask("GET", "/live", *PAGE[:1], kind="websocket"))
    assert refusal is not None
    assert refusal.status == 401


def test_never_sends_the_login_page_to_itself() -> None:
    """A login route that asks for a user by mistake must not redirect for ever."""
    refusal = enter(GUARD, DenyByDefaultSettings(login_path="/login"), SITE, make_route("/login"), ask("GET", "/login", *PAGE))
    assert refusal is not None
    assert refusal.status == 401


def test_hides_method_overrides_from_the_application() -> None:
    """An overridden method would run another handler than the one that was decided on."""
    for route in (None, make_route(), make_route(rule=None), make_route(rule=PUBLIC)):
        drops = GUARD.plan(SETTINGS, SITE, route).drops
        assert {b"x-http-method-override", b"x-http-method", b"x-method-override"} <= drops


@pytest.mark.parametrize("path", ["login", "//evil.invalid", "/\\evil.invalid", "https://evil.invalid", "/log in", "/l\r\nx: y", "/lögin"])
def test_finds_fault_with_a_login_path_that_leads_elsewhere(path: str) -> None:
    """A login path is a place on this site, whatever a browser makes of it."""
    assert any(fault.startswith("login_path") for fault in GUARD.faults(DenyByDefaultSettings(login_path=path)))


@pytest.mark.parametrize("challenge", ["", "two\r\nlines", " Cookie", "Cook(ie"])
def test_finds_fault_with_a_challenge_that_is_no_header(challenge: str) -> None:
    """The challenge goes out as it stands."""
    assert any(fault.startswith("challenge") for fault in GUARD.faults(DenyByDefaultSettings(challenge=challenge)))


def test_finds_no_fault_with_honest_settings() -> None:
    """The defaults, and usual values, are accepted."""
    assert not GUARD.faults(SETTINGS)
    assert not GUARD.faults(DenyByDefaultSettings(login_path="/account/login", challenge='Bearer realm="api"'))
    assert isinstance(make_user(), Principal)
