"""Redirects in real applications: handlers, middleware, and the absolute ones of the frameworks themselves."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask import redirect as flask_redirect
from flask import request as flask_request
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from ringwork import public, safe_path
from ringwork.enforce.browser.open_redirect import OpenRedirectSettings
from tests.frameworks.hosts import Effects, Host


def starlette_app(effects: Effects) -> Starlette:
    """Redirects by a parameter, on Starlette."""

    async def go(request: Request) -> Response:
        effects.done.append("go")
        return RedirectResponse(request.query_params["to"], 302)

    async def back(request: Request) -> Response:
        return RedirectResponse(safe_path(request.query_params.get("next"), "/home"), 303)

    async def slashed(request: Request) -> Response:
        return PlainTextResponse("here")

    async def refresh(request: Request) -> Response:
        return PlainTextResponse("wait", headers={"Refresh": f"0; url={request.query_params['to']}"})

    return Starlette(
        routes=[
            Route("/go", public("test")(go)),
            Route("/back", public("test")(back)),
            Route("/slashed/", public("test")(slashed)),
            Route("/refresh", public("test")(refresh)),
        ]
    )


def flask_app(effects: Effects) -> Flask:
    """The same on Flask."""
    app = Flask(__name__)

    @app.get("/go")
    @public("test")
    def go() -> Any:
        effects.done.append("go")
        return flask_redirect(flask_request.args["to"], 302)

    @app.get("/back")
    @public("test")
    def back() -> Any:
        return flask_redirect(safe_path(flask_request.args.get("next"), "/home"), 303)

    @app.get("/slashed/")
    @public("test")
    def slashed() -> str:
        return "here"

    @app.get("/refresh")
    @public("test")
    def refresh() -> Any:
        return "wait", {"Refresh": f"0; url={flask_request.args['to']}"}

    return app


BUILDERS: dict[str, Any] = {"starlette": starlette_app, "flask": flask_app}


@pytest.fixture(params=sorted(BUILDERS))
def host(request: pytest.FixtureRequest) -> Host:
    return Host(request.param, BUILDERS[request.param], open_redirect=OpenRedirectSettings(targets=("https://login.partner.example",)))


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


def test_keeps_the_frameworks_own_slash_redirect_working(host: Host) -> None:
    """Both frameworks answer a missing slash with a whole address of this site; it stays on https."""
    answer = host.ask("GET", "/slashed")
    assert answer.status in {301, 307, 308}
    (place,) = answer.all("location")
    assert place.removeprefix("https://clinic.example") == "/slashed/"


@pytest.mark.parametrize("name", sorted(BUILDERS))
def test_observe_lets_it_go_and_tells(name: str) -> None:
    """observe changes no answer; the event says what would have been refused."""
    host = Host(name, BUILDERS[name], mode="observe")
    assert host.ask("GET", "/go?to=https://evil.invalid/").status == 302
    assert [(e.control, e.outcome.value) for e in host.events] == [("browser.open-redirect", "observed")]
