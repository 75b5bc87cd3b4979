"""Redirects in real applications: handlers, middleware, and the absolute ones of the frameworks themselves."""

from __future__ import annotations

import pytest

from ringwork import public, safe_path
from ringwork.enforce.browser.open_redirect import OpenRedirectSettings
from tests.frameworks.hosts import FRAMEWORKS, Host, builds
from tests.frameworks.ways import Answer, Asked, Effects, Way, Ways

OPEN = public("test")


def ways(effects: Effects) -> Ways:
    """Redirects by a parameter."""

    def go(asked: Asked) -> Answer:
        effects.done.append("go")
        return Answer(status=302, headers=(("Location", asked.query["to"]),))

    def back(asked: Asked) -> Answer:
        return Answer(status=303, headers=(("Location", safe_path(asked.query.get("next"), "/home")),))

    def refresh(asked: Asked) -> Answer:
        return Answer("wait", headers=(("Refresh", f"0; url={asked.query['to']}"),))

    return (
        Way("/go", go, OPEN),
        Way("/back", back, OPEN),
        Way("/slashed/", lambda asked: Answer("here"), OPEN),
        Way("/refresh", refresh, OPEN),
    )


@pytest.fixture(params=FRAMEWORKS)
def host(request: pytest.FixtureRequest) -> Host:
    return Host(request.param, builds(request.param, ways), open_redirect=OpenRedirectSettings(targets=("https://login.partner.example",)))


@pytest.mark.parametrize("to", ["/slashed/", "https://clinic.example/slashed/", "https://login.partner.example/x?y=1"])
def test_lets_a_redirect_stay_or_go_to_a_listed_place(host: Host, to: str) -> None:
    """The honest redirect passes unchanged."""
    answer = host.ask("GET", f"/go?to={to}")
    assert (answer.status, answer.all("location")) == (302, [to])


@pytest.mark.parametrize(
    "to",
    [
        "https://evil.invalid/",
        "//evil.invalid",
        "/%5Cevil.invalid",
        "/%09/evil.invalid",
        "https:evil.invalid",
        "%20https://evil.invalid",
        "https://clinic.example@evil.invalid/",
        "javascript:alert(1)",
    ],
)
def test_trap_29_no_spelling_leads_away(host: Host, to: str) -> None:
    """Rule: what the handler let through is stopped on its way out, with an event that names the route, and nothing of it is shown."""
    answer = host.ask("GET", f"/go?to={to}")
    # Frameworks percent-encode some of these, so that they stay on the site; what still leads away is refused.
    locations = answer.all("location")
    if answer.status != 400:
        assert all(place.startswith(("/", "%20")) and not place.startswith(("//", "/\\")) for place in locations), locations
        return
    assert locations == []
    assert "evil" not in answer.text
    (event,) = host.events
    assert (event.control, event.route) == ("browser.open-redirect", "GET /go")


@pytest.mark.parametrize("value", ["//evil.invalid", "/\\evil.invalid", "https://evil.invalid", "/.//evil.invalid", ""])
def test_trap_29_the_helper_gives_the_default(host: Host, value: str) -> None:
    """Rule: only a path that starts with one slash is taken, written anew."""
    answer = host.ask("GET", f"/back?next={value}")
    assert (answer.status, answer.all("location")) == (303, ["/home"])
    assert host.ask("GET", "/back?next=/slashed/?a=1").all("location") == ["/slashed/?a=1"]


def test_refuses_a_refresh_that_leads_away(host: Host) -> None:
    """The other header that sends a browser elsewhere."""
    assert host.ask("GET", "/refresh?to=https://evil.invalid").status == 400
    assert host.ask("GET", "/refresh?to=/slashed/").status == 200


@pytest.mark.parametrize("framework", [name for name in FRAMEWORKS if name != "aiohttp"])  # aiohttp adds no slash by itself
def test_keeps_the_frameworks_own_slash_redirect_working(framework: str) -> None:
    """They answer a missing slash with an address of this site; it stays on https."""
    host = Host(framework, builds(framework, ways))
    answer = host.ask("GET", "/slashed")
    assert answer.status in {301, 307, 308}
    (place,) = answer.all("location")
    assert place.removeprefix("https://clinic.example") == "/slashed/"


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_observe_lets_it_go_and_tells(name: str) -> None:
    """observe changes no answer; the event says what would have been refused."""
    host = Host(name, builds(name, ways), mode="observe")
    assert host.ask("GET", "/go?to=https://evil.invalid/").status == 302
    assert [(e.control, e.outcome.value) for e in host.events] == [("browser.open-redirect", "observed")]
