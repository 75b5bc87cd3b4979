"""What tells that a debugging tool is on, and that a handler sends files."""

from __future__ import annotations

import functools
import sys
from typing import Any

import pytest
from flask import send_file, send_from_directory
from starlette.responses import FileResponse

from ringwork.frameworks import telltales


class Layer:
    """An ordinary layer."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def __call__(self) -> None:
        """Nothing."""


class Slotted:
    """A layer that keeps the next one in a slot."""

    __slots__ = ("wsgi_app",)

    def __init__(self, wsgi_app: Any) -> None:
        self.wsgi_app = wsgi_app

    def __call__(self) -> None:
        """Nothing."""


class ProfilerMiddleware(Layer):
    """Named like the profilers."""


class OurProfiler(ProfilerMiddleware):
    """A profiler under another name."""


def test_finds_a_tool_behind_layers_of_every_make() -> None:
    """A tool counts wherever it stands in the chain, also as the parent of a class."""
    assert list(telltales.layers_of(Layer(Slotted(OurProfiler(Layer(None)))))) == ["ProfilerMiddleware"]
    assert list(telltales.layers_of(Layer(Slotted(Layer(None))))) == []


def test_ends_in_a_circle_of_layers() -> None:
    """A layer that names itself must not hold up the start."""
    circle = Layer(None)
    circle.app = circle
    assert list(telltales.layers_of(circle)) == []


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("UVICORN_RELOAD", "true", ["--reload"]),
        ("UVICORN_RELOAD", "0", []),
        ("WERKZEUG_RUN_MAIN", "true", ["the reloader of Werkzeug"]),
        ("WERKZEUG_RUN_MAIN", "", []),
    ],
)
def test_sees_a_reloader_by_its_environment(name: str, value: str, told: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that a reloader starts knows it only from there."""
    monkeypatch.setattr(sys, "argv", [])
    monkeypatch.setenv(name, value)
    assert list(telltales.reloading()) == told


def test_names_each_tool_among_routes_once() -> None:
    """A toolbar has many routes; one line is enough."""
    paths = ["/notes", "/_debug_toolbar/a", "/_debug_toolbar/b", "/flask-profiler/", "/debug"]
    assert list(telltales.tools_among(paths)) == ["/_debug_toolbar/a", "/flask-profiler/"]


def plain(name: str) -> Any:
    """Sends a file."""
    return send_from_directory("static", name)


def other(name: str) -> str:
    """Sends none."""
    return name


def wrapped(view: Any) -> Any:
    """A decorator as most are written."""

    @functools.wraps(view)
    def inner(**more: Any) -> Any:
        return view(**more)

    return inner


class Views:
    """Handlers as methods."""

    def show(self, name: str) -> Any:
        return send_file(name)


async def on_starlette(request: Any) -> Any:
    """Sends a file."""
    return FileResponse(request.path_params["name"])


@pytest.mark.parametrize("handler", [plain, wrapped(plain), functools.partial(plain), Views().show, on_starlette, send_from_directory])
def test_knows_a_handler_that_sends_files(handler: Any) -> None:
    """Behind decorators, partials and methods, and the framework's own function as it is."""
    assert telltales.sends_files(handler, "/files/{name}")
    assert not telltales.sends_files(handler, "/files/one")


@pytest.mark.parametrize("handler", [other, wrapped(other), len, None, Layer(None)])
def test_takes_no_other_handler_for_one(handler: Any) -> None:
    """What has no code of its own to look into tells nothing."""
    assert not telltales.sends_files(handler, "/files/{name}")
