"""The fixtures in a project's own suite: one suite for each framework, run once by pytest in a process of its own."""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.suite import shops
from tests.suite.projects import SHOPS

SETTINGS = '[tool.pytest.ini_options]\nringwork_app = "shop:app"\n'

SUITE = """
import pytest
import shop
from ringwork import Principal


def test_home(ringwork_app):
    assert ringwork_app.get("/").text == "welcome"


def test_a_wrong_password_is_answered_by_the_application(ringwork_app):
    assert ringwork_app.post("/login", json={"username": "ann", "password": "guess"}).status_code == 401


def test_people(as_user, ringwork_app):
    ann, bob = as_user("ann"), as_user("bob")
    assert ann.get("/orders").status_code == 200
    assert bob.get("/orders").status_code == 403
    assert ringwork_app.get("/orders").status_code == 401
    assert ann.post("/orders", json={"item": "tea"}).status_code == 200


def test_unknown(as_user):
    as_user("zoe")


def test_wrong(as_user):
    as_user("eve")


def test_principal(as_user, ringwork_app):
    assert as_user(Principal(id="7", roles={"staff"})).get("/orders").status_code == 200
    assert as_user(Principal(id="7", roles={"guest"})).get("/orders").status_code == 403


def test_forged_mark(as_user, ringwork_app):
    as_user(Principal(id="7", roles={"staff"}))
    forged = {"ringwork.suite.signed_in": "7", "ringwork-suite-signed-in": "7"}
    assert ringwork_app.get("/orders", headers=forged).status_code == 401


def test_denied(as_user, assert_denied):
    event = assert_denied(as_user("bob").get("/orders"), control="access.deny-by-default", reason="wrong-role", status=403)
    assert (event.principal, event.route.split()[1]) == ("bob", "/orders")


def test_denied_without_effect(as_user, assert_denied):
    ann = as_user("ann")
    foreign = lambda: ann.post("/orders", json={"item": "forged"}, headers={"Origin": "https://evil.example"})
    assert_denied(foreign, control="browser.csrf", unchanged=lambda: list(shop.DONE))


def test_not_denied_what_is_served(assert_denied, ringwork_app):
    with pytest.raises(AssertionError, match="answered with 200, so it was not refused"):
        assert_denied(ringwork_app.get("/"))


def test_not_denied_by_another_control(as_user, assert_denied):
    with pytest.raises(AssertionError, match="and not by browser.csrf"):
        assert_denied(as_user("bob").get("/orders"), control="browser.csrf")


def test_not_denied_with_another_status(as_user, assert_denied):
    with pytest.raises(AssertionError, match="and not with 401"):
        assert_denied(as_user("bob").get("/orders"), status=401)


def test_not_denied_by_the_application(assert_denied, ringwork_app):
    with pytest.raises(AssertionError, match="recorded no refusal of it"):
        assert_denied(ringwork_app.post("/login", json={"username": "ann", "password": "guess"}))


def test_not_denied_where_something_changed(as_user, assert_denied):
    bob = as_user("bob")
    with pytest.raises(AssertionError, match="has changed"):
        assert_denied(lambda: bob.get("/orders"), unchanged=iter(range(9)).__next__)


def test_not_denied_after_the_fact(ringwork_app, assert_denied):
    with pytest.raises(TypeError, match="give a call instead of its answer"):
        assert_denied(ringwork_app.get("/orders"), unchanged=list)


def test_sockets(ringwork_app, as_user, assert_denied):
    if not hasattr(ringwork_app, "websocket_connect"):
        pytest.skip("under WSGI there are no WebSockets")

    def open_it():
        with ringwork_app.websocket_connect("/live"):
            pass

    assert_denied(open_it, control="identity.authentication-required")
    with as_user("bob").websocket_connect("/live") as socket:
        assert socket.receive_text() == "hello"
"""

PLAIN = """
from ringwork import Principal


def test_client(ringwork_app):
    assert ringwork_app.post("/write").headers["x-seen"] == "localhost"


def test_principal(as_user):
    as_user(Principal(id="7"))


def test_denied(assert_denied, ringwork_app):
    assert_denied(ringwork_app.get("/"))
"""

# Django's client has no json=, and the shop's login there is a form.
DJANGO = SUITE.replace('"/login", json=', '"/login", data=').replace("json=", 'content_type="application/json", data=')

SAME = """
import pytest
from ringwork.testing import assert_same_answer


def test_same(ringwork_app):
    wrong = lambda name: ringwork_app.post("/login", {"username": name, "password": "guess"})
    assert_same_answer(wrong("ann"), wrong("zoe"))


def test_another_cookie(ringwork_app):
    right = ringwork_app.post("/login", {"username": "ann", "password": "ann-likes-long-walks"})
    ringwork_app.cookies.clear()
    other = ringwork_app.post("/login", {"username": "ann", "password": "ann-likes-long-walks"})
    other.cookies["__Host-session"]["httponly"] = ""
    with pytest.raises(AssertionError, match="header set-cookie"):
        assert_same_answer(right, other)
"""

PRODUCTION = {"RINGWORK_MODE": "production", "RINGWORK_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}
FRAMEWORKS = [pytest.param(name, marks=pytest.mark.xdist_group(f"shop-{name}")) for name in ("starlette", "flask", "django")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How each test of a project's suite ended, by name, and all that was printed."""

    ends: Mapping[str, str]
    said: str


@functools.cache
def _ran(shop: str, suite: str = SUITE, environment: tuple[tuple[str, str], ...] = (), settings: str = SETTINGS) -> Ran:
    """A project's suite, run once for all the claims about it."""
    with tempfile.TemporaryDirectory(prefix="shop-") as name:
        for file, text in {
            "shop.py": SHOPS[shop], "ringwork.toml": shops.USERS, "pyproject.toml": settings,
            "test_shop.py": DJANGO if suite == SUITE and shop.startswith("django") else suite,
        }.items():  # fmt: skip
            Path(name, file).write_text(text, encoding="utf-8")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("RINGWORK_", "PYTEST_"))}
        command = [sys.executable, "-m", "pytest", "-rA", "-p", "no:cacheprovider", "-p", "_ringwork_pytest", "test_shop.py"]
        done = subprocess.run(
            command,
            cwd=name,
            env={**kept, **dict(environment), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
    ends = dict[str, str]()
    for end, test in re.findall(r"^(PASSED|FAILED|ERROR) test_shop.py::(\w+)", done.stdout, re.MULTILINE):
        ends[test] = end
    return Ran(ends=ends, said=done.stdout + done.stderr)


def _passed(shop: str, *tests: str) -> None:
    ran = _ran(shop)
    assert {test: ran.ends.get(test) for test in tests} == dict.fromkeys(tests, "PASSED"), ran.said


@pytest.mark.parametrize("shop", FRAMEWORKS)
def test_the_client_of_nobody_speaks_to_the_canonical_host(shop: str) -> None:
    """An application with a canonical host answers the fixture's client, and takes what its own page would post."""
    _passed(shop, "test_home", "test_a_wrong_password_is_answered_by_the_application")


@pytest.mark.parametrize("shop", FRAMEWORKS)
def test_signs_declared_users_in_through_the_application(shop: str) -> None:
    """Users of [[prove.users]] come in by the application's own login, each with a browser of its own."""
    _passed(shop, "test_people")


@pytest.mark.parametrize("shop", FRAMEWORKS)
def test_says_what_to_declare_where_nobody_can_sign_in(shop: str) -> None:
    """A name that nobody declared, and a password that opens nothing, fail with the line to write."""
    ran = _ran(shop)
    assert (ran.ends["test_unknown"], ran.ends["test_wrong"]) == ("FAILED", "FAILED")
    assert "no user zoe is declared under [[prove.users]]" in ran.said
    assert "declared are: ann, bob, eve" in ran.said
    assert "eve was not signed in: /login answered 401" in ran.said


@pytest.mark.parametrize("shop", FRAMEWORKS)
def test_puts_a_principal_in_for_the_tests_alone(shop: str) -> None:
    """A Principal is asked for by its roles; a request that forges the mark stays nobody's."""
    _passed(shop, "test_principal", "test_forged_mark")


@pytest.mark.parametrize("shop", FRAMEWORKS)
def test_puts_nobody_into_production(shop: str) -> None:
    """In production's mode the seam refuses, and says how to run the tests; the client of nobody works."""
    ran = _ran(shop, environment=tuple(PRODUCTION.items()))
    assert (ran.ends["test_principal"], ran.ends["test_home"]) == ("FAILED", "PASSED"), ran.said
    assert "production takes no principal from tests" in ran.said
    assert "RINGWORK_MODE=enforce" in ran.said


@pytest.mark.parametrize("shop", FRAMEWORKS)
def test_a_denial_is_ringworks_and_recorded(shop: str) -> None:
    """The event of the refusal is found by the incident number that the client was given."""
    _passed(shop, "test_denied", "test_denied_without_effect")


@pytest.mark.parametrize("shop", FRAMEWORKS)
@pytest.mark.parametrize(
    "what",
    [
        "what_is_served",
        "by_another_control",
        "with_another_status",
        "by_the_application",
        "where_something_changed",
        "after_the_fact",
    ],
)
def test_what_is_no_denial_fails(shop: str, what: str) -> None:
    """assert_denied fails where ringwork did not refuse, another control did, or something changed."""
    _passed(shop, f"test_not_denied_{what}")


@pytest.mark.parametrize("shop", FRAMEWORKS[:1])
def test_a_refused_socket_is_a_denial(shop: str) -> None:
    """A WebSocket is refused before it opens; a user's own opens, on the canonical host too."""
    _passed(shop, "test_sockets")


@pytest.mark.parametrize("shop", ["starlette on loopback", "flask on loopback", "django on loopback"])
def test_serves_an_application_without_an_origin(shop: str) -> None:
    """Unconfigured means this machine alone, from where the clients come; `identify` may be a name in the settings."""
    _passed(shop, "test_home", "test_people", "test_principal", "test_forged_mark", "test_denied", "test_denied_without_effect")


def test_serves_an_application_that_ringwork_does_not_guard() -> None:
    """Its client works; what only a guard can tell is refused with the reason."""
    ran = _ran("plain", PLAIN)
    assert ran.ends == {"test_client": "PASSED", "test_principal": "FAILED", "test_denied": "FAILED"}, ran.said
    assert "not guarded by ringwork, so it knows no principals" in ran.said
    assert "no refusal is ringwork's" in ran.said


def test_compares_the_cookies_of_djangos_answers() -> None:
    """Django keeps them beside the headers; one that differs in an attribute tells accounts apart as well as a status."""
    ran = _ran("django", SAME)
    assert ran.ends == {"test_same": "PASSED", "test_another_cookie": "PASSED"}, ran.said


@pytest.mark.parametrize(
    ("shop", "said"),
    [
        ("django over asgi", 'ringwork_app = "project.settings", or "project.wsgi:application"'),
        ("aiohttp", "as_browser(TestClient(TestServer(app)))"),
    ],
)
def test_says_what_asks_an_application_that_no_plain_test_can(shop: str, said: str) -> None:
    """The fixture names the handler, or the client, that works."""
    ran = _ran(shop, PLAIN)
    assert set(ran.ends.values()) == {"ERROR"}, ran.said
    assert said in " ".join(ran.said.split())


def test_asks_for_the_name_of_the_application() -> None:
    """A fixture without an application says which line to write."""
    ran = _ran("plain", PLAIN, settings="[tool.pytest.ini_options]\n")
    assert set(ran.ends.values()) == {"ERROR"}, ran.said
    assert 'write ringwork_app = "module:app" under [tool.pytest.ini_options]' in ran.said
