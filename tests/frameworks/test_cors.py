"""CORS in real applications: answered by ringwork alone, before anybody is asked who he is."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from flask import Flask
from flask_cors import CORS, cross_origin
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware

from ringwork import public, requires
from ringwork.enforce.browser.cors import CorsSettings, PublicRoute
from ringwork.frameworks import flask as flask_adapter
from ringwork.frameworks import flask_sharing
from ringwork.frameworks import starlette as starlette_adapter
from tests.frameworks.hosts import FRAMEWORKS, Host, Reply, builds
from tests.frameworks.ways import Answer, Asked, Effects, Way, Ways

APP = "https://app.example"
ALICE = {"Cookie": "__Host-user=alice"}
CROSS = {"Origin": APP, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
SETTINGS = CorsSettings(
    origins=(APP,),
    methods=("GET", "POST", "PUT"),
    headers=("content-type",),
    credentials=True,
    public_routes=(PublicRoute(route="GET /prices", reason="they hang in the window"),),
)


def ways(effects: Effects) -> Ways:
    """A small API that shares by itself whatever it can."""

    def items(asked: Asked) -> Answer:
        effects.done.append(asked.method)
        return Answer('["mine"]', headers=(("Access-Control-Allow-Origin", asked.headers.get("origin", "*")), ("Vary", "Accept")))

    return (
        Way("/items", items, requires(), ("GET", "PUT")),
        Way("/prices", lambda asked: Answer("[1]"), public("open data")),
    )


def starlette_app(effects: Effects) -> Starlette:
    """The same on Starlette, with the framework's own sharing for everybody."""
    app = FRAMEWORKS["starlette"].build(ways(effects))
    app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_credentials=True, allow_methods=["*"])
    return app


def flask_app(effects: Effects) -> Flask:
    """The same on Flask."""
    app = FRAMEWORKS["flask"].build(ways(effects))
    CORS(app, supports_credentials=True)
    return app


WIDE: dict[str, Any] = {"starlette": starlette_app, "flask": flask_app}


@pytest.fixture(params=FRAMEWORKS)
def framework(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def preflight(host: Host, origin: str = APP, **more: str) -> Reply:
    """What a browser asks before PUT with JSON."""
    named = {"Origin": origin, "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type", **more}
    return host.ask("OPTIONS", "/items", {**named, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"})


def shared(answer: Reply) -> dict[str, str]:
    """The headers that open an answer."""
    return {name: value for name, value in answer.headers if name.startswith("access-control-")}


def test_shares_nothing_by_default(framework: str) -> None:
    """What the application says by itself is taken out, and a preflight is refused with an event."""
    host = Host(framework, builds(framework, ways))
    answer = host.ask("GET", "/items", {**ALICE, "Origin": "https://evil.invalid"})
    assert (answer.status, shared(answer)) == (200, {})
    refused = preflight(host, "https://evil.invalid")
    assert (refused.status, shared(refused)) == (403, {})
    assert [(e.control, e.reason) for e in host.events] == [("browser.cors", "foreign-origin")]


def test_serves_a_listed_and_trusted_origin_with_cookies(framework: str) -> None:
    """The front end on another origin works whole: the preflight needs no login, then it reads, then it changes."""
    host = Host(framework, builds(framework, ways), cors=SETTINGS, trusted_origins=(APP,))
    asked = preflight(host)
    assert asked.status == 204
    assert not asked.text
    assert shared(asked)["access-control-allow-origin"] == APP
    assert shared(asked)["access-control-allow-credentials"] == "true"
    read = host.ask("GET", "/items", {**ALICE, **CROSS})
    assert (read.status, shared(read)) == (200, {"access-control-allow-origin": APP, "access-control-allow-credentials": "true"})
    assert "origin" in ", ".join(read.all("vary")).lower()
    assert "accept" in ", ".join(read.all("vary")).lower()
    written = host.ask("PUT", "/items", {**ALICE, **CROSS, "Content-Type": "application/json"}, b"{}")
    assert (written.status, host.effects.done) == (200, ["GET", "PUT"])
    assert not host.events


def test_tells_a_listed_origin_that_nobody_is_signed_in(framework: str) -> None:
    """Its page can read the 401, and send its user to the login."""
    host = Host(framework, builds(framework, ways), cors=SETTINGS, trusted_origins=(APP,))
    answer = host.ask("GET", "/items", CROSS)
    assert (answer.status, shared(answer)["access-control-allow-origin"]) == (401, APP)


@pytest.mark.parametrize("origin", ["https://evil.invalid", "null", "http://app.example", "https://app.example.evil.invalid"])
def test_trap_39_reflects_nobody(framework: str, origin: str) -> None:
    """Rule: only listed origins are named, private or public, with or without a preflight."""
    host = Host(framework, builds(framework, ways), cors=SETTINGS, trusted_origins=(APP,))
    assert shared(host.ask("GET", "/items", {**ALICE, "Origin": origin})) == {}
    assert shared(preflight(host, origin)) == {}
    assert shared(host.ask("GET", "/prices", {**ALICE, "Origin": origin})) == {"access-control-allow-origin": "*"}


def test_sharing_alone_lets_no_state_change_in(framework: str) -> None:
    """CORS is never trust: without trusted_origins the request is refused, and the start says what to add."""
    host = Host(framework, builds(framework, ways), cors=SETTINGS)
    answer = host.ask("PUT", "/items", {**ALICE, **CROSS, "Content-Type": "application/json"}, b"{}")
    assert answer.status == 403
    assert host.effects.done == []


@pytest.mark.parametrize("framework", WIDE)
def test_reads_the_frameworks_own_sharing_at_start(framework: str, caplog: pytest.LogCaptureFixture) -> None:
    """The wildcard with cookies is told with the line to write, and has no effect meanwhile."""
    with caplog.at_level(logging.WARNING, "ringwork"):
        host = Host(framework, WIDE[framework])
        answer = host.ask("GET", "/items", {**ALICE, "Origin": "https://evil.invalid"})
    assert shared(answer) == {}
    told = [record.getMessage() for record in caplog.records if "browser.cors" in record.getMessage()]
    assert any("which is any page" in line for line in told)
    assert any("[browser.cors] origins = " in line for line in told)


@pytest.mark.parametrize("framework", WIDE)
def test_observe_leaves_the_applications_sharing_alone(framework: str) -> None:
    """observe changes no answer."""
    host = Host(framework, WIDE[framework], mode="observe")
    assert "access-control-allow-origin" in shared(host.ask("GET", "/prices", {"Origin": APP}))


def test_finds_what_flask_cors_was_told() -> None:
    """Calls and decorators alike, settings of the application included; nothing where it is not used."""
    app = Flask(__name__)
    app.config["CORS_ORIGINS"] = "https://a.example, https://b.example"
    CORS(app, resources={r"/api/*": {"origins": [r"https://.*\.c\.example"]}, "/open": {}})

    @app.get("/view")
    @cross_origin(supports_credentials=True)
    def view() -> str:
        return ""

    @app.get("/plain")
    def plain() -> str:
        return ""

    found = {one["resource"]: one for one in flask_sharing.sharing(app)}
    assert found["pattern /api/*"]["origins"] == [r"pattern https://.*\.c\.example"]
    assert found["/open"]["origins"] == ["https://a.example", "https://b.example"]
    assert found["view view"]["origins"] == ["https://a.example", "https://b.example"]
    assert found["view view"]["supports_credentials"] is True
    assert flask_sharing.sharing(Flask("bare")) == []
    assert flask_adapter.look_round(app).settings["flask-cors"] == flask_sharing.sharing(app)


def test_finds_what_starlettes_middleware_was_told() -> None:
    """By the name of its class, as users wrote it."""
    found = starlette_adapter.look_round(starlette_app(Effects())).settings["CORSMiddleware"]
    assert found["allow_origins"] == ["*"]
