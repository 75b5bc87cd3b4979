"""Limiters of others are found without being imported."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ringwork.survey.harness import limiters


def stand_in(module: str, **fields: Any) -> Any:
    """An object that looks like one of the library `module`."""
    return type("Limiter", (), {"__module__": module, **fields})()


def starlette(limiter: Any) -> Any:
    return SimpleNamespace(state=SimpleNamespace(limiter=limiter))


@pytest.mark.parametrize(
    ("defaults", "middleware", "everywhere"),
    [(["5/minute"], ["SlowAPIMiddleware"], True), (["5/minute"], [], False), ([], ["SlowAPIMiddleware"], False)],
)
def test_reads_slowapi(defaults: list[str], middleware: list[str], everywhere: bool) -> None:
    """Its defaults hold only with its middleware; handlers that it decorates are known by name."""
    limiter = stand_in(
        "slowapi.extension", _default_limits=defaults, _application_limits=[], _route_limits={"app.login": 1}, _dynamic_route_limits={}
    )
    found = limiters.of_starlette(starlette(limiter), middleware)
    assert found == {limiters.SETTING: {"package": "slowapi", "everywhere": everywhere, "handlers": ["app.login"]}}


def test_reads_flask_limiter() -> None:
    """It names a handler twice; a factory's handlers too are told once."""
    names = {"app.login.login": 1, "app.notes.make_app.<locals>.notes": 1, "odd": 1}
    manager = SimpleNamespace(_default_limits=[], _application_limits=["1/second"], _decorated_limits=names)
    app = SimpleNamespace(extensions={"limiter": {stand_in("flask_limiter._extension", limit_manager=manager)}})
    found = limiters.of_flask(app)[limiters.SETTING]
    assert found == {"package": "Flask-Limiter", "everywhere": True, "handlers": ["app.login", "app.make_app.<locals>.notes", "odd"]}


def test_takes_nothing_else_for_a_limiter() -> None:
    """Whatever else is called a limiter limits nothing that we know."""
    assert not limiters.of_starlette(starlette(stand_in("app.own")), ["SlowAPIMiddleware"])
    assert not limiters.of_starlette(starlette(None), [])
    assert not limiters.of_flask(SimpleNamespace(extensions={"limiter": {stand_in("app.own")}}))
    assert not limiters.of_flask(SimpleNamespace(extensions={}))
