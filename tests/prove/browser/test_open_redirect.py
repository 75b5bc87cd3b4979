"""The proof of browser.open-redirect: proven on the guarded clinics, violated on the breached ones, at the right place."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from ringwork.prove.browser import open_redirect
from ringwork.prove.check import Check, User
from ringwork.prove.evidence import Outcome
from ringwork.survey.facts import RouteFacts
from ringwork.survey.wire.client import Answer
from ringwork.survey.wire.waiting import SlowError
from tests.prove import clinics, showing

CHECKS = clinics.checks_of("browser.open-redirect")


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_holds_on_the_guarded_clinic(framework: str, check: Check) -> None:
    """Every attack is made and fails, in effect as well as in status."""
    showing.holds(framework, check)


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_falls_on_the_breached_clinic(framework: str, check: Check) -> None:
    """With only that defence out the same attack succeeds, so a pass means something."""
    showing.falls(framework, check)


ORIGIN = "https://shop.example:4443"
REQUEST = b"GET / HTTP/1.1\r\nhost: shop.example:4443\r\n\r\n"


@pytest.mark.parametrize(
    "place",
    [
        "/",
        "",
        "notes",
        "?a=//evil.invalid",
        "#//evil.invalid",
        "/a//evil.invalid",
        "https:/evil.invalid",
        "https:evil.invalid",
        "//shop.example:4443/x",
    ],
)
def test_a_browser_stays_on_the_site(place: str) -> None:
    """What only looks foreign is no finding: browsers read a scheme of their own without slashes as a path."""
    assert open_redirect.lands(ORIGIN, place) == "shop.example"


@pytest.mark.parametrize(
    "place",
    [
        "https://evil.invalid/",
        "//evil.invalid",
        "///evil.invalid",
        "/\\evil.invalid",
        "\\\\evil.invalid",
        "/\t/evil.invalid",
        " https://evil.invalid:81/x",
        "http:evil.invalid",
        "http:/evil.invalid",
        "https://shop.example@evil.invalid",
        "https://evil.invalid\\@shop.example",
    ],
)
def test_a_browser_leaves_the_site(place: str) -> None:
    """Every spelling that a browser repairs leads away."""
    assert open_redirect.lands(ORIGIN, place) == "evil.invalid"


@pytest.mark.parametrize("place", ["javascript:alert(1)", "data:text/html,x", "java\nscript:x"])
def test_a_browser_lands_on_no_site(place: str) -> None:
    """Schemes that run or open something are no place of this site."""
    assert open_redirect.lands(ORIGIN, place) == ""


@pytest.mark.parametrize(
    ("status", "headers", "body", "leaves"),
    [
        (302, {"location": "//evil.invalid"}, "", "Location leads to evil.invalid"),
        (200, {"location": "//evil.invalid"}, "", ""),
        (200, {"refresh": "0; url=https://evil.invalid/"}, "", "Refresh leads to evil.invalid"),
        (200, {"refresh": "5"}, "", ""),
        (
            200,
            {"content-type": "text/html"},
            '<meta http-equiv="refresh" content="0;url=//evil.invalid">',
            "meta refresh leads to evil.invalid",
        ),
        (200, {"content-type": "text/html"}, "<META content='0;URL=/x' HTTP-EQUIV=refresh>", ""),
        (200, {"content-type": "text/html"}, '<meta http-equiv="refresh">', ""),
        (200, {"content-type": "text/plain"}, '<meta http-equiv="refresh" content="0;url=//evil.invalid">', ""),
        (302, {"location": "/", "x-rw-injected": "1"}, "", "a line end in the parameter makes a header of its own"),
        (302, {"location": "javascript:alert(1)"}, "", "Location leads to what is no site"),
    ],
)
def test_reads_every_way_in_which_an_answer_leads(status: int, headers: dict[str, str], body: str, leaves: str) -> None:
    """Location of a redirect, the Refresh header, a meta refresh of a page, and a header that was smuggled in."""
    assert open_redirect._leaves(_leading(status, headers, body), ORIGIN) == leaves  # the judgement itself


def _leading(status: int, headers: dict[str, str], body: str) -> Answer:
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Answer(status=status, reason="", http_version="1.1", headers=pairs, body=body.encode(), request=b"", answer=b"")


class _Leaver:
    """A browser whose sign-outs lead to `place`, and who counts them."""

    def __init__(self, place: str) -> None:
        self.place, self.asked = place, 0

    def page(self, path: str) -> Answer:
        """The answer to a sign-out by link."""
        self.asked += 1
        return _leading(302, {"location": self.place}, "")


def _sign_outs(user_led: str, nobody_led: str) -> tuple[_Leaver, _Leaver]:
    """Six sign-outs, and who made them."""
    user, nobody = _Leaver(user_led), _Leaver(nobody_led)
    cast = SimpleNamespace(served=SimpleNamespace(signed_in=lambda _: user), nobody=lambda: nobody)
    route = RouteFacts(kind="http", path="/logout", methods=("GET",), handler="out", rule="public", reason="")
    leave = open_redirect._Logout(cast, User(name="anna", roles=()), route)  # type: ignore[arg-type]  # what it asks of a cast
    for _ in range(6):
        leave({"next": "/x"})
    return user, nobody


def test_signs_nobody_in_to_sign_out_where_nobody_is_led_alike() -> None:
    """A login for each spelling tells nothing more, once two sign-outs led where nobody's did."""
    user, nobody = _sign_outs("/x", "/x")
    assert (user.asked, nobody.asked) == (2, 6)


def test_signs_out_as_the_user_where_nobody_is_led_elsewhere() -> None:
    """What only a signed-in visitor reaches is attacked as one."""
    user, _ = _sign_outs("/x", "/login")
    assert user.asked == 6


def test_a_page_that_was_slow_too_often_to_be_asked_is_no_pass() -> None:
    """Against an attack that nobody made: what the wire holds back is told as untried, and what breaks off still holds."""

    def ask_with(error: Exception) -> set[Outcome]:
        def ask(parameters: Mapping[str, str]) -> Answer:
            raise error

        cast: Any = SimpleNamespace(served=SimpleNamespace(origin=ORIGIN), stage=SimpleNamespace(quick=False))
        door = open_redirect.Door(where="login", who="", names=("next",), ask=ask)
        honest = Answer(
            status=200, reason="OK", http_version="1.1", headers=[], body=b"", request=REQUEST, answer=b"HTTP/1.1 200 OK\r\n\r\n"
        )
        return {one.outcome for one in open_redirect._attack(cast, door, "next", honest)}

    assert ask_with(SlowError("slow: 5 to 8 s for an answer, asked 4 times and no more")) == {Outcome.UNTRIED}
    assert ask_with(ConnectionResetError()) == {Outcome.HELD}
