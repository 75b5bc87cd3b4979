from __future__ import annotations

import pytest

from ringwork.prove import owning

OWNERS = {"/": "web", "/admin": "platform", "POST /admin": "audit", "/admin/users": "people", "browser.csrf": "forms", "browser": "front"}


@pytest.mark.parametrize(
    ("control", "where", "owner"),
    [
        ("browser.csrf", "GET /admin", "platform"),
        ("browser.csrf", "POST /admin", "audit"),
        ("browser.csrf", "POST /admin/users/{user_id}", "people"),
        ("browser.csrf", "GET /administrators", "web"),
        ("browser.csrf", "settings", "forms"),
        ("browser.cors", "CORSMiddleware", "front"),
        ("network.rate-limiting", "all routes", ""),
        ("access.deny-by-default", "WEBSOCKET /admin/live", "platform"),
        ("access.deny-by-default", "GET,POST /admin", "audit"),
    ],
)
def test_the_nearest_name_answers(control, where, owner):
    """A longer beginning before a shorter one, a route before a control, a control before its layer."""
    assert owning.owner_of(control, where, OWNERS) == owner


@pytest.mark.parametrize(("owners", "said"), [({"admin": "x"}, "is no route, control or layer"), ({"/admin": " "}, "names nobody")])
def test_tells_an_owner_that_can_never_answer(owners, said):
    """A mistyped key would leave findings without an owner in silence."""
    assert said in owning.faults(owners, {"browser"})[0]


def test_accepts_routes_controls_and_layers():
    """The three kinds of key that there are."""
    assert not owning.faults(OWNERS, {"browser", "browser.csrf"})
