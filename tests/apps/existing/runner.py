"""Tries the attacks of one application: `python runner.py MODULE:APP`, in its folder. Prints which of them worked, as JSON."""

import asyncio
import contextlib
import importlib
import inspect
import json
import sys
import time
from types import SimpleNamespace
from typing import Any

from werkzeug.test import Client

from ringwork.clock import SystemClock

sys.path[:0] = [".", "suite"]


class WsgiBrowser:
    """Flask's test client, or Werkzeug's own on any WSGI application, called as Starlette's is."""

    def __init__(self, app: Any, *, base_url: str, headers: dict[str, str], peer: str) -> None:
        self.client = app.test_client() if hasattr(app, "test_client") else Client(app)
        self.base_url, self.headers, self.peer = base_url, headers, peer

    def _open(self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> Any:
        peer = {"REMOTE_ADDR": self.peer}
        together = {**self.headers, **(headers or {})}
        more.setdefault("follow_redirects", False)
        return self.client.open(path, method=method, base_url=self.base_url, headers=together, environ_overrides=peer, **more)

    def get(self, path: str, **more: Any) -> Any:
        """A GET."""
        return self._open("GET", path, **more)

    def post(self, path: str, **more: Any) -> Any:
        """A POST."""
        return self._open("POST", path, **more)


class AiohttpBrowser:
    """aiohttp's own client over a server on loopback, called as Starlette's is. peer: from which address of 127/8 it speaks."""

    server: Any = None
    loop: Any = None

    def __init__(self, app: Any, *, base_url: str, headers: dict[str, str], peer: str) -> None:
        from aiohttp import CookieJar, TCPConnector
        from aiohttp.test_utils import TestClient, TestServer

        from ringwork.testing import as_browser

        kind = type(self)
        if kind.server is None:
            kind.loop = asyncio.new_event_loop()
            kind.server = TestServer(app)
            kind.loop.run_until_complete(kind.server.start_server())
        host = base_url.partition("://")[2]
        named = {"Host": host} if host not in {"localhost", "127.0.0.1"} else {}

        async def made() -> Any:
            jar = CookieJar(unsafe=True)
            return TestClient(self.server, cookie_jar=jar, connector=TCPConnector(local_addr=(peer, 0)), headers={**named, **headers})

        self.client = self.loop.run_until_complete(made())
        told = dict(self.client.session.headers)
        as_browser(self.client)  # keeps Secure cookies over plain http, as a browser does on loopback and outside a proxy
        self.client.session.headers.clear()
        self.client.session.headers.update(told)

    def _ask(self, method: str, path: str, **more: Any) -> Any:
        async def asked() -> Any:
            more.setdefault("allow_redirects", False)
            async with self.client.request(method, path, **more) as answer:
                return SimpleNamespace(
                    status_code=answer.status,
                    headers=answer.headers,
                    history=answer.history,
                    data=await answer.read(),
                    text=await answer.text(),
                )

        found = self.loop.run_until_complete(asked())
        with contextlib.suppress(ValueError):
            found.json = json.loads(found.data)
        return found

    def get(self, path: str, **more: Any) -> Any:
        """A GET."""
        return self._ask("GET", path, **more)

    def post(self, path: str, **more: Any) -> Any:
        """A POST."""
        return self._ask("POST", path, **more)


def browsers(app: Any) -> Any:
    """A function that makes fresh browsers."""
    if type(app).__module__.startswith("aiohttp"):
        return lambda base_url="http://localhost", headers=None, peer="127.0.0.1": AiohttpBrowser(
            app, base_url=base_url, headers=headers or {}, peer=peer
        )
    if type(app).__module__.startswith(("flask", "django")):
        return lambda base_url="http://localhost", headers=None, peer="127.0.0.1": WsgiBrowser(
            app, base_url=base_url, headers=headers or {}, peer=peer
        )
    from starlette.testclient import TestClient

    return lambda base_url="http://testserver", headers=None, peer="testclient": TestClient(
        app, base_url=base_url, headers=headers or {}, client=(peer, 50_000), raise_server_exceptions=False
    )


def _make_tables() -> None:
    """The database of a Django project, as its developer makes it; passwords are hashed fast, since no attack is about that."""
    from django.conf import settings
    from django.core.management import call_command

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    call_command("migrate", verbosity=0)


def main(target: str) -> None:
    """Every attack once, each on its own."""
    module, _, name = target.partition(":")
    app = getattr(importlib.import_module(module), name)
    if type(app).__module__.startswith("django"):
        _make_tables()
    attacks = importlib.import_module("attacks")
    # Against a guess that is refused or not as the machine is busy: a thousand of them stay within the minute that limits count by.
    began = time.time()
    SystemClock.now = lambda self: began
    client, worked = browsers(app), {}
    for name, attack in vars(attacks).items():
        if inspect.isfunction(attack) and not name.startswith("_"):
            try:
                worked[name] = bool(attack(client))
            except Exception as error:  # noqa: BLE001  # an attack whose first step was refused has nothing to read
                worked[name] = f"{type(error).__name__}: {error}"
    print(json.dumps(worked))


if __name__ == "__main__":
    main(sys.argv[1])
