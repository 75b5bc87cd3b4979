"""Debugging tools in real applications: seen at the start, refused in production, out of reach elsewhere."""

from __future__ import annotations

import logging
import sys
from typing import Any

import pytest
from django.test.utils import override_settings
from fastapi import FastAPI
from flask import Flask
from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.testclient import TestClient
from werkzeug.debug import DebuggedApplication
from werkzeug.middleware.profiler import ProfilerMiddleware

import ringwork
from ringwork.errors import PolicyInvalid
from ringwork.frameworks import fastapi as fastapi_adapter
from ringwork.frameworks import flask as flask_adapter
from ringwork.frameworks import starlette as starlette_adapter
from ringwork.policy.policy import Mode, Policy
from ringwork.protect import installed
from ringwork.secret import Secret
from tests.frameworks.hosts import Host, builds
from tests.frameworks.ways import Answer, Way

ORIGIN = "https://clinic.example"


class DebugToolbarMiddleware:
    """Stands for the toolbar of FastAPI, which answers under its own path before any route."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/_debug_toolbar"):
            await send({"type": "http.response.start", "status": 404, "headers": []})
            await send({"type": "http.response.body", "body": b"settings and sessions"})
            return
        await self.app(scope, receive, send)


def policy(**more: Any) -> Policy:
    """A configured clinic."""
    return Policy(**{"origin": ORIGIN, "key": Secret(b"k" * 32), "rules": {"GET /": ringwork.public("front page")}, **more})


async def front(request: Any) -> str:
    """The front page."""
    return "front"


def fastapi_app(**more: Any) -> FastAPI:
    """One public page."""
    app = FastAPI(openapi_url=None, **more)
    app.get("/")(ringwork.public("front page")(lambda: "front"))
    return app


def flask_app() -> Flask:
    """One public page."""
    app = Flask(__name__, static_folder=None)
    app.add_url_rule("/", "front", lambda: "front")
    return app


def fault_of(app: Any) -> str:
    """Why the application refuses to start, "" when it does not."""
    installation = installed(app)
    assert installation is not None
    fault = installation.unsettled()
    return "" if fault is None else str(fault)


def debug_faults(app: Any) -> str:
    """The lines of the refusal that name debugging."""
    return "\n".join(line for line in fault_of(app).splitlines() if "output.debug-disabled" in line)


def test_refuses_production_of_a_fastapi_application_in_debug_mode() -> None:
    """debug=True shows tracebacks to whoever causes a fault."""
    guarded = ringwork.protect(fastapi_app(debug=True), policy(mode=Mode.PRODUCTION, rules={}))
    assert "app.debug is on" in debug_faults(guarded)
    assert not debug_faults(ringwork.protect(fastapi_app(), policy(mode=Mode.PRODUCTION, rules={})))


def test_refuses_production_while_a_mounted_application_is_in_debug_mode() -> None:
    """The switch of an inner application is a switch of its own."""
    inner = Starlette(debug=True, routes=[Route("/", front)])
    app = Starlette(routes=[Mount("/inner", app=ringwork.public("inner")(inner))])
    guarded = ringwork.protect(app, policy(mode=Mode.PRODUCTION, rules={}))
    assert "debug of the application mounted at /inner is on" in debug_faults(guarded)


@pytest.mark.parametrize("name", ["PROPAGATE_EXCEPTIONS", "TRAP_HTTP_EXCEPTIONS", "TRAP_BAD_REQUEST_ERRORS", "TESTING", "DEBUG"])
def test_refuses_production_of_a_flask_application_with_a_debug_setting(name: str) -> None:
    """Each of these lets the inside out in its own way."""
    app = flask_app()
    app.config[name] = True
    told = debug_faults(ringwork.protect(app, policy(mode=Mode.PRODUCTION)))
    assert ("app.debug" if name == "DEBUG" else name) in told


def test_refuses_production_while_the_environment_switches_flask_to_debug(monkeypatch: pytest.MonkeyPatch) -> None:
    """FLASK_DEBUG turns the development server's debugger on, whatever the code says."""
    guarded = ringwork.protect(flask_app(), policy(mode=Mode.PRODUCTION))
    assert not debug_faults(guarded)
    monkeypatch.setenv("FLASK_DEBUG", "1")
    again = ringwork.protect(flask_app(), policy(mode=Mode.PRODUCTION))
    assert "FLASK_DEBUG is on" in debug_faults(again)


@pytest.mark.parametrize("name", ["DEBUG", "DEBUG_PROPAGATE_EXCEPTIONS"])
@pytest.mark.parametrize("framework", ["django-wsgi", "django-asgi"])
def test_refuses_production_of_a_django_project_with_a_debug_setting(framework: str, name: str) -> None:
    """DEBUG shows settings and tracebacks to whoever causes a fault; the other hands them to the server."""
    page = Way("/", lambda asked: Answer("front"), ringwork.public("front page"))
    host = Host(framework, builds(framework, lambda effects: [page]), mode=Mode.PRODUCTION, key=Secret(b"k" * 32))
    host.turn()
    with override_settings(**{name: True}):
        assert name in debug_faults(host.app)
    assert not debug_faults(host.app)


@pytest.mark.parametrize(
    ("words", "name"),
    [(["/usr/bin/uvicorn", "main:app", "--reload"], "--reload"), (["/usr/bin/fastapi", "dev", "main.py"], "fastapi dev")],
)
def test_refuses_production_under_a_reloader(words: list[str], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reloader runs whatever is written into the folder."""
    monkeypatch.setattr(sys, "argv", words)
    assert f"{name} is on" in debug_faults(ringwork.protect(fastapi_app(), policy(mode=Mode.PRODUCTION, rules={})))


@pytest.mark.parametrize("stated", ["", "enforce"])
def test_refuses_debugging_where_nobody_said_what_this_is(stated: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A production that nobody named so is one all the same; a word in the environment makes it somebody's own machine."""
    if stated:
        monkeypatch.setenv("RINGWORK_MODE", stated)
    guarded = ringwork.protect(fastapi_app(debug=True), policy(rules={}))
    assert ("RINGWORK_MODE=enforce" in fault_of(guarded)) is not bool(stated)


@pytest.mark.parametrize("origin", ["", "http://localhost:8000", "https://clinic.localhost"])
def test_only_warns_where_this_machine_alone_is_served(origin: str, caplog: pytest.LogCaptureFixture) -> None:
    """On the developer's own machine debugging is a warning."""
    guarded = ringwork.protect(fastapi_app(debug=True), policy(origin=origin, rules={}))
    with caplog.at_level(logging.WARNING, logger="ringwork"):
        assert not fault_of(guarded)
    assert any("output.debug-disabled: app.debug is on" in record.getMessage() for record in caplog.records)


def flask_with_debugger() -> tuple[Flask, Any]:
    """A Flask application with Werkzeug's console among its layers, and a client that the console trusts."""
    app = flask_app()
    app.wsgi_app = DebuggedApplication(app.wsgi_app, evalex=True, pin_security=False)  # type: ignore[method-assign]
    return app, app.test_client()


def test_the_console_answers_without_ringwork() -> None:
    """The opposite of the next test: what is refused there is really there."""
    app, client = flask_with_debugger()
    assert "Interactive Console" in client.get("/console", base_url="http://localhost").text
    asset = client.get("/?__debugger__=yes&cmd=resource&f=debugger.js", base_url="http://localhost")
    assert "EVALEX" in asset.text
    assert app.debug is False


@pytest.mark.parametrize(
    "path", ["/console", "/?__debugger__=yes&cmd=resource&f=debugger.js", "/?%5F_debugger__=yes&cmd=resource&f=ubuntu.ttf"]
)
def test_keeps_the_console_of_werkzeug_out_of_reach(path: str) -> None:
    """The console runs code; outside production it is refused like a missing page, and the application goes on."""
    app, _ = flask_with_debugger()
    client = ringwork.protect(app, policy(origin="")).test_client()
    where: dict[str, Any] = {"base_url": "http://localhost", "environ_overrides": {"REMOTE_ADDR": "127.0.0.1"}}
    assert client.get("/", **where).text == "front"
    refused = client.get(path, **where)
    assert refused.status_code == 404
    assert "EVALEX" not in refused.text
    assert "Console" not in refused.text


def test_keeps_a_toolbar_of_fastapi_out_of_reach() -> None:
    """A toolbar shows settings and sessions before any rule is asked."""
    app = fastapi_app()
    app.add_middleware(DebugToolbarMiddleware)
    ringwork.protect(app, policy(origin="", rules={}))
    client = TestClient(app, base_url="http://localhost", client=("127.0.0.1", 50000))
    assert client.get("/").status_code == 200
    refused = client.get("/_debug_toolbar/")
    assert refused.status_code == 404
    assert "sessions" not in refused.text


def test_observes_a_toolbar_without_a_refusal() -> None:
    """Observe changes no answer."""
    app = fastapi_app()
    app.add_middleware(DebugToolbarMiddleware)
    events: list[Any] = []
    ringwork.protect(app, policy(origin="", rules={}, mode=Mode.OBSERVE, events=events.append))
    client = TestClient(app, base_url="http://localhost", client=("127.0.0.1", 50000))
    assert "sessions" in client.get("/_debug_toolbar/").text
    assert [event.reason for event in events if event.control == "output.debug-disabled"] == ["debug-tool"]


def test_sees_tools_wherever_they_stand() -> None:
    """Layers inside and outside ringwork, middleware classes, and routes of a toolbar."""
    app = flask_app()
    app.add_url_rule("/_debug_toolbar/static/<path:filename>", "toolbar", lambda filename: filename)
    app.wsgi_app = ProfilerMiddleware(app.wsgi_app)  # type: ignore[method-assign]
    ringwork.protect(app, policy())
    app.wsgi_app = DebuggedApplication(app.wsgi_app)  # type: ignore[method-assign]
    seen = flask_adapter.look_round(app).debug
    assert seen == ("DebuggedApplication", "ProfilerMiddleware", "/_debug_toolbar/static/{filename}")


def test_sees_nothing_in_a_clean_application() -> None:
    """No false alarm in any framework."""
    assert flask_adapter.look_round(flask_app()).debug == ()
    assert fastapi_adapter.look_round(fastapi_app()).debug == ()
    assert starlette_adapter.look_round(Starlette(routes=[Route("/", front)])).debug == ()


def test_a_refused_start_serves_nobody() -> None:
    """Without a lifespan the first request meets the refusal, and so does every later one."""
    app = ringwork.protect(fastapi_app(debug=True), policy(mode=Mode.PRODUCTION, rules={}))
    client = TestClient(app, base_url=ORIGIN)
    assert [client.get("/").status_code for _ in range(2)] == [503, 503]
    with pytest.raises(PolicyInvalid, match=r"output\.debug-disabled"), TestClient(app):
        pass
