"""Signing a declared user in through the application's own login, on a test client: by the same steps as the prover's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from ringwork.errors import TargetFailed
from ringwork.protect import installed
from ringwork.prove import settings
from ringwork.suite.opened import Opened
from ringwork.survey.facts import AppFacts
from ringwork.survey.harness import loading
from ringwork.survey.wire import connection, entry
from ringwork.survey.wire.client import Client

_OWN = frozenset({"host", "content-length", "cookie"})
"""Headers that the test client sets by itself."""

Sent = tuple[int, list[tuple[str, str]], bytes]


class InProcess(Client):
    """The prover's browser, whose requests a test client sends. The test client keeps the cookies; this one watches them."""

    def __init__(self, send: Callable[[str, str, list[tuple[str, str]], bytes], Sent], *, origin: str) -> None:
        super().__init__(address=("127.0.0.1", 0), server_name=urlsplit(origin).hostname or "", ca_pem=None, origin=origin)
        self._send_in_process = send

    def _over_kept(self, request: bytes, method: str) -> connection.Parsed:
        head, _, body = request.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = [(name, value) for name, _, value in (line.partition(": ") for line in lines) if name.lower() not in _OWN]
        status, answered, content = self._send_in_process(method, first.split(" ")[1], headers, body)
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answered]
        return connection.Parsed(status=status, reason="", version="1.1", headers=raw, body=content, raw=b"", reusable=False)


def sign_in(opened: Opened, client: Any, name: str) -> None:
    """Sign a user of [[prove.users]] in on a test client. Raises TargetFailed with what to declare."""
    given = settings.of_project(opened.target)
    users = {user.name: user for user in given.get("users", ())}
    if name not in users:
        known = f"declared are: {', '.join(users)}" if users else 'write [[prove.users]] with name = "..." in ringwork.toml'
        raise TargetFailed(step="as_user", problem=f"no user {name} is declared under [[prove.users]]", advice=known)
    wire = InProcess(_sender(opened, client), origin=opened.origin)
    if users[name].token:
        wire.bearer = users[name].token
    else:
        entry.sign_in(wire, _login(_facts(opened), given.get("login", settings.LoginStep())), users[name])
    if wire.bearer:
        _carry(opened, client, f"Bearer {wire.bearer}")


def _facts(opened: Opened) -> AppFacts:
    known = loading.harness_of(opened.app)
    if known is None:
        raise TargetFailed(step="as_user", problem="the application is of an unknown kind", advice="name one of FastAPI, Flask or Django")
    root = str(opened.target.root)
    found: AppFacts = known[0].collect(opened.app, target=opened.target.text, root=root, installation=installed(opened.app))
    return found


def _login(facts: AppFacts, step: settings.LoginStep) -> entry.WayIn:
    if step.path:
        return entry.declared(facts, path=step.path, kind=step.kind, username_field=step.username_field, password_field=step.password_field)
    found = entry.find_login(facts)
    if found is None:
        raise TargetFailed(step="as_user", problem="no login route was found", advice='write [prove.login] with path = "/..."')
    return found


def _sender(opened: Opened, client: Any) -> Callable[[str, str, list[tuple[str, str]], bytes], Sent]:
    def flask(method: str, path: str, headers: list[tuple[str, str]], body: bytes) -> Sent:
        answer = client.open(path, method=method, headers=headers, data=body, follow_redirects=False)
        return answer.status_code, list(answer.headers.items()), answer.get_data()

    def starlette(method: str, path: str, headers: list[tuple[str, str]], body: bytes) -> Sent:
        answer = client.request(method, path, headers=dict(headers), content=body, follow_redirects=False)
        return answer.status_code, list(answer.headers.multi_items()), answer.content

    def django(method: str, path: str, headers: list[tuple[str, str]], body: bytes) -> Sent:
        told = dict(headers)
        kind = told.pop("content-type", "application/octet-stream")
        answer = client.generic(method, path, body, kind, headers=told)
        cookies = [("set-cookie", cookie.OutputString()) for cookie in answer.cookies.values()]
        return answer.status_code, [*answer.items(), *cookies], b"".join(answer) if answer.streaming else answer.content

    return {"flask": flask, "starlette": starlette, "django": django}[opened.kind]


def _carry(opened: Opened, client: Any, authorization: str) -> None:
    if opened.kind == "flask":
        client.environ_base["HTTP_AUTHORIZATION"] = authorization
    elif opened.kind == "django":
        client.defaults["HTTP_AUTHORIZATION"] = authorization
    else:
        client.headers["authorization"] = authorization
