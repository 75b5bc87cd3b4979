"""One guarded application of each framework, with the same ways in and the same way to ask, for the tests of all frameworks."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import ringwork
from ringwork import Policy, Principal
from ringwork.events import Event
from ringwork.protect import installed
from ringwork.route import Route
from tests.frameworks import surgery
from tests.frameworks.builders import aiohttp, django, fastapi, flask, starlette
from tests.frameworks.clients.replies import ORIGIN, Reply, sending
from tests.frameworks.surgery import OPEN
from tests.frameworks.ways import Effects, Way, Ways

__all__ = ["BUILDERS", "FRAMEWORKS", "OPEN", "ORIGIN", "Effects", "Host", "Reply", "builds", "cookies_of", "identify", "policy"]

FRAMEWORKS: dict[str, Any] = {
    "starlette": starlette,
    "fastapi": fastapi,
    "flask": flask,
    "django-wsgi": django.WSGI,
    "django-asgi": django.ASGI,
    "aiohttp": aiohttp,
}
"""By name, what builds an application of the framework and brings its client."""


def cookies_of(request: Any) -> Mapping[str, str]:
    """The cookies of a framework's own request."""
    found: Mapping[str, str] = request.COOKIES if hasattr(request, "COOKIES") else request.cookies
    return found


def identify(request: Any) -> Principal | None:
    """The user named in a cookie; `via` stays cookie, as a session's would be."""
    name = cookies_of(request).get("user")
    if name is None:
        return None
    if name == "broken":
        raise LookupError("the user table is gone")
    if name == "odd":
        return "no principal"  # type: ignore[return-value]  # what a careless loader might hand back
    return Principal(id=name, roles=frozenset({"admin"} if name == "erin" else {"patient"}))


def policy(**more: Any) -> Policy:
    """The suite's policy; `events` and single fields can be laid over it."""
    return Policy(**{"origin": ORIGIN, "identify": identify, **more})


def builds(framework: str, ways: Callable[[Effects], Ways], **how: Any) -> Callable[[Effects], Any]:
    """What builds an application of these ways in the framework. how: as `session=True`, see the builders."""
    return lambda effects: FRAMEWORKS[framework].build(ways(effects), **how)


BUILDERS: dict[str, Callable[[Effects], Any]] = {name: builds(name, surgery.ways) for name in FRAMEWORKS}
"""By framework, what builds the application of the conformance suite."""


class Host:
    """A guarded application of one framework, and how to ask it."""

    def __init__(self, name: str, build: Callable[[Effects], Any] | None = None, **settings: Any) -> None:
        self.name, self.effects = name, Effects()
        self.framework = FRAMEWORKS[name]
        self.events: list[Event] = []
        self.bare = (build or BUILDERS[name])(self.effects)
        only = settings.pop("only", None)
        self.policy = policy(**{"events": self._hear, **settings})
        self.app = ringwork.protect(self.bare, self.policy, only=only)
        self._client: Any = None

    def _hear(self, event: Event) -> None:
        """Keep an event; what a test expected and did not get is explained by those that pytest shows beside its failure."""
        self.events.append(event)
        print(event)

    @property
    def interface(self) -> str:
        """What stands between the server and the application: "asgi", "wsgi" or "aiohttp"."""
        found: str = self.framework.INTERFACE
        return found

    @property
    def client(self) -> Any:
        """The framework's client, over the whole stack."""
        if self._client is None or self._client.app is not self.app:
            self._client = self.framework.CLIENT(self.app)
            weakref.finalize(self, self._client.close)
        self.turn()
        return self._client

    def turn(self) -> None:
        """Django has one URLconf in a process; this application's is put there before anything is asked of it."""
        getattr(self.framework, "turn_to", lambda app: None)(self.bare)

    def routes(self) -> list[Route]:
        """What ringwork knows of the application's ways in."""
        self.turn()
        installation = installed(self.app)
        assert installation is not None
        return installation.list_routes()

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
        body: bytes | None = None,
        **more: Any,
    ) -> Reply:
        """One request; a browser's honest headers are the caller's to give. more: host, scheme, peer, pieces, leaves, hears."""
        given = headers.items() if isinstance(headers, Mapping) else headers or ()
        reply: Reply = self.client.ask(sending(method, path, given, body, **more))
        return reply

    def knock(self, path: str, headers: Mapping[str, str] | None = None, **more: Any) -> Reply:
        """A handshake of a WebSocket: 101 when it was let in, else the refusal."""
        reply: Reply = self.client.knock(sending("GET", path, (headers or {}).items(), **more))
        return reply

    def add(self, way: Way) -> None:
        """One way more, after protect()."""
        self.framework.add(self.bare, way)

    def forget(self) -> None:
        """Begin anew: nothing was done and nothing was told."""
        self.effects.done.clear()
        self.events.clear()

    @property
    def told(self) -> list[tuple[str, str]]:
        """Control and reason of each event."""
        return [(event.control, event.reason) for event in self.events]
