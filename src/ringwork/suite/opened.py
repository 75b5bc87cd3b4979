"""The application of the tests, in their own process, under its framework's own test client and the policy's canonical host."""

from __future__ import annotations

import functools
import importlib.util
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from ringwork.errors import TargetFailed
from ringwork.principal import Principal
from ringwork.protect import installed
from ringwork.prove import target as targets
from ringwork.suite.seam import KEY, Seam, SignedIn
from ringwork.survey.harness import loading
from ringwork.testing import as_browser

UNCONFIGURED = "https://localhost"
"""Where no origin is set: loopback, which such an application serves, and https, so that clients keep Secure cookies."""

PEER = ("127.0.0.1", 50000)
"""From where clients come: this machine, as Flask's do by themselves; an unconfigured application serves nobody else."""


class Opened:
    """One application. seam: None where ringwork does not guard it. origin: what clients speak to, and name as their own."""

    def __init__(self, target: targets.Target) -> None:
        self.target = target
        self.app: Any = _load(target)
        installation = installed(self.app)
        self.seam = None if installation is None else Seam(installation)
        self.origin = (installation.policy.origin if installation is not None else "") or UNCONFIGURED
        self.kind = _kind(self.app)
        if self.seam is not None:
            self.seam.open()

    def close(self) -> None:
        """Leave the application as it was."""
        if self.seam is not None:
            self.seam.close()

    def client(self, principal: Principal | None = None) -> Any:
        """A fresh browser: of nobody, or of whom the tests name. Raises TargetFailed where nobody can be named."""
        if self.kind == "aiohttp":
            raise TargetFailed(
                step="ringwork_app",
                problem="an aiohttp application is asked by a client that runs in its event loop, which a fixture of plain tests has not",
                advice="make aiohttp's own: as_browser(TestClient(TestServer(app))), with as_browser from ringwork.testing",
            )
        if self.kind == "django" and inspect.iscoroutinefunction(type(self.app).__call__):
            raise TargetFailed(
                step="ringwork_app",
                problem="Django's own test client asks a WSGI handler, and this one is of ASGI",
                advice='name the settings, or the other handler: ringwork_app = "project.settings", or "project.wsgi:application"',
            )
        if principal is not None:
            if self.seam is None:
                raise TargetFailed(
                    step="as_user",
                    problem="the application is not guarded by ringwork, so it knows no principals",
                    advice='declare the user under [[prove.users]] and write as_user("name")',
                )
            self.seam.require_principals()
        named = None if principal is None else SignedIn(principal)
        made = _CLIENTS[self.kind](self.app, self.origin, named)
        return as_browser(made, origin=self.origin, forms=False)


def _kind(app: Any) -> str:
    """Whose test client asks an application: "starlette", "flask", "django" or "aiohttp"."""
    if callable(getattr(app, "build_middleware_stack", None)):
        return "starlette"
    names = {base.__module__.partition(".")[0] for base in type(app).__mro__}
    return next((name for name in ("django", "aiohttp") if name in names), "flask")


def _load(target: targets.Target) -> Any:
    """The application object. The project's folders are looked in last, so that a module that the tests know stays the same."""
    if importlib.util.find_spec(target.module.partition(".")[0]) is None:
        sys.path += [str(target.root / place) for place in target.paths if str(target.root / place) not in sys.path]
    return loading.load(
        module=target.module, attribute=target.attribute, factory=target.factory, arguments=target.arguments, folder=Path(target.root)
    )


def _starlette_client(app: Any, origin: str, named: SignedIn | None) -> Any:
    from starlette.testclient import TestClient

    made: Any = TestClient(app if named is None else _carrying(app, named), base_url=origin, client=PEER)
    made.app = app
    made.websocket_connect = functools.partial(_connected_at, made.websocket_connect, f"ws{origin.removeprefix('http')}")
    return made


def _connected_at(connect: Callable[..., Any], origin: str, url: str, *given: Any, **named: Any) -> Any:
    """Starlette's `client.websocket_connect` at the canonical host, unless the test says where; left alone it asks for "testserver"."""
    return connect(urljoin(origin, url), *given, **named)


def _carrying(app: Any, named: SignedIn) -> Any:
    async def carrying(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await app(scope if scope["type"] == "lifespan" else {**scope, KEY: named}, receive, send)

    return carrying


def _flask_client(app: Any, origin: str, named: SignedIn | None) -> Any:
    made = app.test_client()
    made.open = functools.partial(_opened_at, made.open, origin)
    if named is not None:
        made.environ_base[KEY] = named
    return made


def _opened_at(open_: Callable[..., Any], origin: str, *given: Any, **named: Any) -> Any:
    """Flask's `client.open` at the canonical host, unless the test says where."""
    if given and isinstance(given[0], str) and "://" not in given[0]:
        named.setdefault("base_url", origin)
    return open_(*given, **named)


def _django_client(app: Any, origin: str, named: SignedIn | None) -> Any:
    from ringwork.suite import django_client

    return django_client.client(app, origin, **({KEY: named} if named is not None else {}))


_CLIENTS: dict[str, Callable[[Any, str, SignedIn | None], Any]] = {
    "starlette": _starlette_client,
    "flask": _flask_client,
    "django": _django_client,
}
