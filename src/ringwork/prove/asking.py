"""One request that brings one value where a flow begins: in the query, a form, a body, the path, a header or a cookie.

Against an attack that never arrives: the request is otherwise one that the route takes, from somebody whom it lets in.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, quote, urlencode

from ringwork.errors import TargetFailed
from ringwork.prove.check import Stage, User
from ringwork.prove.witness import Cast, unsafe_method
from ringwork.survey.facts import RouteFacts
from ringwork.survey.flows import Entry
from ringwork.survey.wire import entry as ways_in
from ringwork.survey.wire.client import FORM, Answer, Client

KINDS = frozenset({"query", "form", "body", "path", "header", "cookie"})
"""Entries that a plain request can fill."""

_PLACEHOLDER = "ringworkplaceholder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """A route and the place in its requests that a value goes to, as one user asks. name: whose credentials, "" for none."""

    stage: Stage
    route: RouteFacts
    entry: Entry
    client: Client
    name: str

    def ask(self, value: str) -> Answer:
        """The answer to a request that brings this value. Raises OSError, TargetFailed."""
        method = "GET" if "GET" in self.route.methods and self.entry.kind not in {"form", "body"} else unsafe_method(self.route)
        headers: list[tuple[str, str]] = []
        path, body = self._path(value), b""
        if method != "GET":
            kind, body = self._body(value)
            headers += [("content-type", kind)] if kind else []
        if self.entry.kind == "header":
            headers.append((self.entry.name.lower().replace("_", "-"), value))
        client = self.client.fork() if self.entry.kind == "cookie" else self.client
        if self.entry.kind == "cookie":
            client.extra_headers = [*client.extra_headers]
            headers.append(("cookie", "; ".join(filter(None, (self._cookies(), f"{self.entry.name}={value}")))))
        return client.send(method, path, headers=headers, body=body, cookies=self.entry.kind != "cookie")

    def _cookies(self) -> str:
        return "; ".join(f"{one.name}={one.value}" for one in self.client.jar.cookies.values() if one.name != self.entry.name)

    def _path(self, value: str) -> str:
        if self.entry.kind == "path":
            template = re.sub(rf"\{{{re.escape(self.entry.name)}(:[^}}]*)?\}}", _PLACEHOLDER, self.route.path)
            return self.stage.fill(replace(self.route, path=template), client=self.client).replace(_PLACEHOLDER, quote(value, safe=""))
        path = self.stage.fill(self.route, client=self.client)
        return f"{path}?{urlencode({self.entry.name or 'q': value})}" if self.entry.kind == "query" else path

    def _body(self, value: str) -> tuple[str, bytes]:
        kind, body = self.stage.body(self.route) or ("", b"")
        if self.entry.kind == "body" and not self.entry.name:
            return kind or "application/octet-stream", value.encode()
        if self.entry.kind == "body" or (self.entry.kind == "form" and "json" in kind):
            given = json.loads(body) if "json" in kind and body else {}
            return "application/json", json.dumps({**(given if isinstance(given, dict) else {}), self.entry.name: value}).encode()
        if self.entry.kind == "form" or FORM in kind:
            fields = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)) if FORM in kind else {}
            name, token = self.stage.token(self.stage.fill(self.route, client=self.client), self.client)
            mine = {self.entry.name: value} if self.entry.kind == "form" else {}
            return FORM, urlencode({**fields, **({name: token} if name else {}), **mine}).encode()
        return kind, body


@dataclass(frozen=True, slots=True, kw_only=True)
class Entering:
    """The login itself, by somebody whom it lets in: what it does behind the password is seen by nobody else."""

    cast: Cast
    route: RouteFacts
    entry: Entry
    user: User

    @property
    def name(self) -> str:
        """Whose name and password are sent."""
        return self.user.name

    def ask(self, value: str) -> Answer:
        """The answer to a login that brings this value as well. Raises OSError, TargetFailed, which it does where nobody gets in."""
        given = {self.entry.name: value}
        is_asked = self.entry.kind == "query"
        answer = self.cast.served.sign_in(self.user, query=urlencode(given) if is_asked else "", fields=None if is_asked else given)
        if answer is None:
            raise TargetFailed(step="login", problem=f"{self.user.name} has a token", advice="a login is needed to see what it does")
        return answer


def askers(cast: Cast, routes: tuple[str, ...], entry: Entry) -> Iterator[Asker | Entering]:
    """Somebody at each route whom it lets in, nobody first; none where a plain request cannot fill the entry."""
    if entry.kind not in KINDS or (entry.kind in {"header", "cookie", "form", "path"} and not entry.name):
        return
    way = ways_in.find_login(cast.stage.facts)
    for route in (one for one in cast.stage.facts.routes if one.kind == "http" and one.name in routes):
        is_login = way is not None and way.path == route.path and "POST" in route.methods
        if is_login and way is not None and _stands_beside(entry, way):
            yield from (Entering(cast=cast, route=route, entry=entry, user=user) for user in cast.stage.users[:1])
        with contextlib.suppress(TargetFailed, OSError):
            for name, client in cast.everybody(route):
                yield Asker(stage=cast.stage, route=route, entry=entry, client=client, name=name)
                if is_login:
                    break  # a login is for who is not in yet, and each wrong password is made to take its time


def _stands_beside(entry: Entry, way: ways_in.WayIn) -> bool:
    """Whether the entry is something that a login takes beside the name and the password."""
    return bool(entry.name) and entry.kind in {"query", "form", "body"} and entry.name not in {way.username_field, way.password_field}
