"""What has no rule is refused."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from ringwork.enforce.access.deny_by_default import GUARD, DenyByDefaultSettings
from ringwork.principal import Via
from ringwork.route import Own, Requires
from tests.enforce.making import PUBLIC, ask, enter, make_route, make_site, make_user

SETTINGS = DenyByDefaultSettings()
SITE = make_site()
CLINICIANS = Requires(roles=frozenset({"clinician", "administrator"}))


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


def test_refuses_nobody_where_a_role_is_named() -> None:
    """Nobody has no role: the rule holds with identity.authentication-required out as well."""
    refusal = enter(GUARD, SETTINGS, SITE, make_route(rule=CLINICIANS), ask())
    assert refusal is not None
    assert (refusal.status, refusal.reason) == (403, "wrong-role")


def test_leaves_who_is_not_signed_in_to_authentication_required() -> None:
    """A rule without roles is about being signed in, which another guard asks; this one costs nothing there."""
    assert GUARD.plan(SETTINGS, SITE, make_route()).enter is None


def test_leaves_the_application_s_own_check_to_itself() -> None:
    """A recognised check counts as the route's rule; it names no role that could be compared here."""
    assert GUARD.plan(SETTINGS, SITE, make_route(rule=Own(by="app.auth:current_user"))).enter is None


def test_hides_method_overrides_from_the_application() -> None:
    """An overridden method would run another handler than the one that was decided on."""
    for route in (None, make_route(), make_route(rule=None), make_route(rule=PUBLIC)):
        drops = GUARD.plan(SETTINGS, SITE, route).drops
        assert {b"x-http-method-override", b"x-http-method", b"x-method-override"} <= drops


def test_has_nothing_to_set() -> None:
    """Rules stand on the routes; how a stranger is told so belongs to identity.authentication-required."""
    assert not GUARD.faults(SETTINGS)
    assert fields(DenyByDefaultSettings) == ()
