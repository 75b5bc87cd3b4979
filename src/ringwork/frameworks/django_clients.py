"""Django's own test clients, which never speak to a server: the same guard stands round what they ask, so suites run as they are.

The client counts as an honest one of this machine, or of the canonical origin; what a test says itself is taken at its word.
Cookies keep the names that tests know, and the switch by which such a client asks for no CSRF proof is honoured, as Django does.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

from django.http import HttpResponse

from ringwork.enforce.browser import cookie_attributes
from ringwork.frameworks import asgi, wsgi
from ringwork.frameworks.wsgi_names import Environ
from ringwork.installation import Installation

CLIENT = "ringwork.client"
"""Where a request of a test client carries what it said itself."""

_PREFIX = "__Host-"
_DEFAULT_HOST = "testserver"
_LOOPBACK = {"HTTP_HOST": _DEFAULT_HOST, "REMOTE_ADDR": "testclient"}


def chain_of(handler: Any, installation: Installation) -> tuple[Callable[..., Any] | None, bool]:
    """What the handler of a test client hands its requests to instead, None for any other handler; and whether it is waited for."""
    loaded = sys.modules.get("django.test.client")
    chain = handler._middleware_chain  # noqa: SLF001  # what Django makes of MIDDLEWARE
    if loaded is not None and isinstance(handler, loaded.AsyncClientHandler):

        async def waited(request: Any) -> Any:
            return await _answer_waiting(chain, request, installation)

        return waited, True
    if loaded is not None and isinstance(handler, loaded.ClientHandler):
        return (lambda request: _answer(chain, request, installation)), False
    return None, False


def asks_for_no_proof(request: Any) -> bool:
    """Whether a test client sent it that switched CSRF checks off; no server can say so."""
    if not getattr(request, "_dont_enforce_csrf_checks", False):
        return False
    return CLIENT in request.META or CLIENT in getattr(request, "scope", ())


# -- the client of ordinary tests ----------------------------------------------------------------------------


def _answer(chain: Callable[[Any], Any], request: Any, installation: Installation) -> Any:
    answered: list[Any] = []
    started: list[Any] = []

    def inside(environ: Environ, start_response: wsgi.StartResponse) -> Iterable[bytes]:
        for name, value in environ[CLIENT].items():
            if value is None:
                environ.pop(name, None)
            else:
                environ[name] = value
        response = chain(request)
        answered.append(response)
        cookies = [("Set-Cookie", cookie.OutputString()) for cookie in response.cookies.values()]
        start_response(f"{response.status_code} {response.reason_phrase}", [*response.items(), *cookies])
        pieces: Iterable[bytes] = response.streaming_content if response.streaming else [response.content]
        return pieces

    _pretend(request.META, installation)
    body = wsgi.Outer(inside, installation)(request.META, lambda line, headers, exc_info=None: started.append((int(line[:3]), headers)))
    status, headers = started[-1]
    return _written(answered[0] if answered else None, status, headers, body)


def _pretend(environ: Environ, installation: Installation) -> None:
    """Let the guard see an honest client where the test says nothing else."""
    environ[CLIENT] = {name: environ.get(name) for name in ("HTTP_HOST", "REMOTE_ADDR", "wsgi.url_scheme")}
    site = installation.site
    is_silent = environ.get("HTTP_HOST", _DEFAULT_HOST) == _DEFAULT_HOST
    if not site.loopback and is_silent:
        scheme, _, host = site.canonical_origin.partition("://")
        environ.update({"HTTP_HOST": host, "wsgi.url_scheme": scheme})
    elif is_silent:
        environ.update(_LOOPBACK)
    if environ.get("HTTP_COOKIE") and _renames(installation):
        environ["HTTP_COOKIE"] = _prefixed(environ["HTTP_COOKIE"])


def _renames(installation: Installation) -> bool:
    """Whether cookies have another name on the wire: not where nothing is changed, or that guard is left out."""
    pipeline = installation.pipeline
    return cookie_attributes.CONTROL in pipeline.controls and not pipeline.observing


def _prefixed(cookies: str) -> str:
    """A Cookie header with the names that leave on the wire."""
    pieces = [piece.strip() for piece in cookies.split(";")]
    return "; ".join(piece if piece.startswith(_PREFIX) or not piece else _PREFIX + piece for piece in pieces)


def _written(own: Any, status: int, headers: list[tuple[str, str]], body: Iterable[bytes]) -> Any:
    """The answer as the test sees it: Django's own response with the headers that leave, or ringwork's in its place."""
    is_own = own is not None and own.status_code == status
    response = own if is_own else HttpResponse(status=status)
    if is_own and own.streaming:
        own.streaming_content = body
    else:
        content = b"".join(body)
        if not is_own or content != own.content:
            response.content = content
    for name in [*response.headers]:
        del response[name]
    for name, value in headers:
        if name.lower() == "set-cookie":
            _keep_cookie(response, value)
        else:
            response[name] = f"{response[name]}, {value}" if response.has_header(name) else value
    return response


def _keep_cookie(response: Any, value: str) -> None:
    """The client's jar holds the names that tests know; a cookie of ringwork's own keeps its prefix."""
    if value.partition("=")[0].removeprefix(_PREFIX) not in response.cookies:
        response.cookies.load(value)


# -- the client of async tests -------------------------------------------------------------------------------


async def _answer_waiting(chain: Callable[[Any], Any], request: Any, installation: Installation) -> Any:
    answered: list[Any] = []
    sent: list[Any] = []

    async def inside(seen: asgi.Scope, receive: Any, send: Any) -> None:
        request.scope.update({asgi.KEY: seen[asgi.KEY], CLIENT: True})
        response = await chain(request)
        answered.append(response)
        cookies = [("set-cookie", cookie.OutputString()) for cookie in response.cookies.values()]
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in [*response.items(), *cookies]]
        await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
        body = b"" if response.streaming else response.content
        await send({"type": "http.response.body", "body": body, "more_body": False})

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await asgi.Outer(inside, installation)(_pretended(request.scope, installation), receive, send)
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in sent[0]["headers"]]
    own = answered[0] if answered else None
    body = own.streaming_content if own is not None and own.streaming else [b"".join(m.get("body", b"") for m in sent[1:])]
    return _written(own, sent[0]["status"], headers, body)


def _pretended(scope: asgi.Scope, installation: Installation) -> asgi.Scope:
    """The scope as the guard sees it: an honest client where the test says nothing else."""
    site = installation.site
    headers = [
        (name, _prefixed(value.decode("latin-1")).encode("latin-1") if name == b"cookie" and _renames(installation) else value)
        for name, value in scope["headers"]
    ]
    headers = [pair for pair in headers if pair != (b"cookie", b"")]
    seen = {**scope, "headers": headers}
    if any(name == b"host" and value != _DEFAULT_HOST.encode() for name, value in headers):
        return seen
    headers = [pair for pair in headers if pair[0] != b"host"]
    scheme, _, host = site.canonical_origin.partition("://") if not site.loopback else ("http", "", _DEFAULT_HOST)
    client = scope["client"] if not site.loopback else ("testclient", 0)
    return {**seen, "headers": [*headers, (b"host", host.encode())], "scheme": scheme, "client": client}
