"""Static files and banners in real applications, on both kinds of framework."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from django import http
from django.urls import path
from fastapi import FastAPI
from flask import Flask, send_from_directory
from flask import Response as FlaskResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from ringwork import public, requires
from ringwork.frameworks import flask as flask_adapter
from ringwork.frameworks import starlette as starlette_adapter
from ringwork.policy.policy import Mode
from ringwork.protect import installed
from ringwork.secret import Secret
from tests.frameworks.hosts import FRAMEWORKS, OPEN, Host
from tests.frameworks.ways import Answer, Files, Way, Ways

BANNERS = {"Server": "Probe/1.2.3", "X-Powered-By": "Probe/1.2.3", "Via": "1.1 probe", "X-Generator": "Probe 1.2.3"}
STRAYS = (".env", ".git/HEAD", "backup.sql", "main.js.map", "Dockerfile", "package.json")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Static files, with what was left among them."""
    (tmp_path / ".git").mkdir()
    for name in STRAYS:
        (tmp_path / name).write_text("SECRET_KEY=1", encoding="utf-8")
    (tmp_path / "app.css").write_text("body {}", encoding="utf-8")
    (tmp_path / "index.html").write_text("<p>front", encoding="utf-8")
    return tmp_path


def starlette_app(folder: Path) -> Starlette:
    """A static mount, a front end, a handler that sends files, the same behind a rule, and banners."""

    async def files(request: Request) -> Response:
        return FileResponse(folder / request.path_params["name"])

    async def private(request: Request) -> Response:
        return FileResponse(folder / request.path_params["name"])

    async def banners(request: Request) -> Response:
        return PlainTextResponse("banners", headers=BANNERS)

    return Starlette(
        routes=[
            Mount("/static", public("assets")(StaticFiles(directory=folder))),
            Route("/files/{name:path}", public("assets")(files)),
            Route("/private/{name:path}", requires()(private)),
            Route("/banners", public("a test")(banners)),
            Mount("/site", public("a front end")(StaticFiles(directory=folder, html=True))),
        ]
    )


def flask_app(folder: Path) -> Flask:
    """The same on Flask."""
    app = Flask(__name__, static_folder=str(folder), static_url_path="/static")

    @app.get("/files/<path:name>")
    @public("assets")
    def files(name: str) -> Any:
        return send_from_directory(folder, name)

    @app.get("/private/<path:name>")
    @requires()
    def private(name: str) -> Any:
        return send_from_directory(folder, name)

    @app.get("/banners")
    @public("a test")
    def banners() -> FlaskResponse:
        return FlaskResponse("banners", headers=BANNERS)

    return app


def ways(folder: Path) -> Ways:
    """The static folder and the banners, for the frameworks below."""
    return (
        Files("/static", folder, public("assets")),
        Way("/banners", lambda asked: Answer("banners", headers=tuple(BANNERS.items())), OPEN),
    )


def fastapi_app(folder: Path) -> FastAPI:
    """The same on FastAPI."""
    app: FastAPI = FRAMEWORKS["fastapi"].build(ways(folder))

    @app.get("/files/{name:path}")
    @public("assets")
    def files(name: str) -> Response:
        return FileResponse(folder / name)

    @app.get("/private/{name:path}")
    @requires()
    def private(name: str) -> Response:
        return FileResponse(folder / name)

    return app


def django_app(name: str, folder: Path) -> Any:
    """The same on Django."""
    app = FRAMEWORKS[name].build(ways(folder))

    def files(request: Any, name: str) -> Any:
        return http.FileResponse((folder / name).open("rb"))

    def private(request: Any, name: str) -> Any:
        return http.FileResponse((folder / name).open("rb"))

    app.urls_of_the_test.urlpatterns += [
        path("files/<path:name>", public("assets")(files)),
        path("private/<path:name>", requires()(private)),
    ]
    return app


def aiohttp_app(folder: Path) -> web.Application:
    """The same on aiohttp."""
    app: web.Application = FRAMEWORKS["aiohttp"].build(ways(folder))

    async def files(request: web.Request) -> web.FileResponse:
        return web.FileResponse(folder / request.match_info["name"])

    async def private(request: web.Request) -> web.FileResponse:
        return web.FileResponse(folder / request.match_info["name"])

    app.router.add_get("/files/{name:.*}", public("assets")(files))
    app.router.add_get("/private/{name:.*}", requires()(private))
    return app


APPS: dict[str, Callable[[Path], Any]] = {
    "starlette": starlette_app,
    "fastapi": fastapi_app,
    "flask": flask_app,
    "django-wsgi": functools.partial(django_app, "django-wsgi"),
    "django-asgi": functools.partial(django_app, "django-asgi"),
    "aiohttp": aiohttp_app,
}


class Asking:
    """One application of any framework, asked alike."""

    def __init__(self, framework: str, folder: Path, **more: Any) -> None:
        rules = {"GET /static/{filename}": public("assets")} if framework == "flask" else {}
        self.host = Host(framework, lambda effects: APPS[framework](folder), **{"key": Secret(b"k" * 32), "rules": rules, **more})
        self.app = self.host.app

    def get(self, path: str, **headers: str) -> tuple[int, str, dict[str, str]]:
        """Status, text and headers by name in lower case."""
        answer = self.host.ask("GET", path, headers)
        return answer.status, answer.text, dict(answer.headers)


BOTH = pytest.mark.parametrize("framework", APPS)


@BOTH
@pytest.mark.parametrize("root", ["/static/", "/files/"])
def test_serves_assets_and_no_strays(framework: str, root: str, folder: Path) -> None:
    """What pages are made of is served; what was left in the folder is answered like a missing file."""
    asking = Asking(framework, folder)
    assert asking.get(root + "app.css")[:2] == (200, "body {}")
    for name in STRAYS:
        status, text, _ = asking.get(root + name)
        assert (status, "SECRET_KEY" in text) == (404, False), name


@BOTH
def test_answers_a_stray_as_a_missing_file(framework: str, folder: Path) -> None:
    """Nothing tells whether the file is there: the same status, type and words, the incident number apart."""
    asking = Asking(framework, folder)
    there, gone = asking.get("/static/backup.sql"), asking.get("/static/nothing.css")
    assert there[0] == gone[0] == 404
    assert there[1].replace(there[2]["incident-id"], "") == gone[1].replace(gone[2]["incident-id"], "")


@BOTH
def test_the_same_files_are_served_in_observe(framework: str, folder: Path) -> None:
    """The opposite: without a refusal they are handed out, and each would-be refusal is told."""
    events: list[Any] = []
    asking = Asking(framework, folder, mode=Mode.OBSERVE, events=events.append)
    assert "SECRET_KEY" in asking.get("/static/backup.sql")[1]
    assert "SECRET_KEY" in asking.get("/static/Dockerfile")[1]
    told = [event.reason for event in events if event.control == "output.information-disclosure"]
    assert told == ["extension", "no-extension"]


@BOTH
def test_leaves_private_downloads_alone(framework: str, folder: Path) -> None:
    """Behind a login the application hands out what its users put there."""
    status, text, _ = Asking(framework, folder).get("/private/backup.sql", Cookie="__Host-user=ada")
    assert (status, text) == (200, "SECRET_KEY=1")


@BOTH
def test_takes_banners_out(framework: str, folder: Path) -> None:
    """Names and versions of components never leave, whatever a handler sets."""
    status, text, headers = Asking(framework, folder).get("/banners")
    assert (status, text) == (200, "banners")
    assert not {name.lower() for name in BANNERS} & headers.keys()


@BOTH
def test_production_refuses_to_start_over_a_stray_file(framework: str, folder: Path) -> None:
    """The start names each file; without them it goes on."""
    asking = Asking(framework, folder, mode=Mode.PRODUCTION)
    asking.host.turn()
    installation = installed(asking.app)
    assert installation is not None
    told = str(installation.unsettled())
    for name in (".env", ".git", "backup.sql"):
        assert f"output.information-disclosure: {name} (" in told


def test_serves_the_pages_of_a_front_end(folder: Path) -> None:
    """A folder of pages has addresses without an ending."""
    asking = Asking("starlette", folder)
    assert asking.get("/site/")[:2] == (200, "<p>front")
    assert asking.get("/site/.env")[0] == 404


def test_knows_which_handlers_send_files(folder: Path) -> None:
    """A handler is known by what its own code calls; others are no folders."""
    on_starlette = {route.path: route.sends_files for route in starlette_adapter.list_routes(starlette_app(folder))}
    assert on_starlette["/files/{name:path}"]
    assert on_starlette["/private/{name:path}"]
    assert not on_starlette["/banners"]
    on_flask = {route.path: route.sends_files for route in flask_adapter.list_routes(flask_app(folder))}
    assert on_flask["/files/{name}"]
    assert not on_flask["/banners"]


@BOTH
def test_trap_08_static_paths_obey_the_same_check(framework: str, folder: Path) -> None:
    """Trap 8: mounts, static files and paths with line ends or encoded dots go through the same check as any route."""
    asking = Asking(framework, folder)
    for where in ("/static/.env%0a", "/static/%2eenv", "/static/x/..%2f.env", "/static//.env", "/static/backup%2esql"):
        status, text, _ = asking.get(where)
        assert status in {308, 404}, where  # Werkzeug leads from a doubled slash to the single one
        assert "SECRET_KEY" not in text, where
