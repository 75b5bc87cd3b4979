"""A running copy of an aiohttp application: probe routes added, served by aiohttp itself over TLS."""

from __future__ import annotations

import asyncio
import functools
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from ringwork.current import csp_nonce
from ringwork.policy import declare
from ringwork.survey.harness import serving

Endpoint = Callable[[web.Request], Awaitable[web.StreamResponse]]
_WIDE = 65_536
_REASON = "a probe of ringwork, in this copy only"


def add_probes(app: web.Application, *, canary: str) -> None:
    """Add the probe routes; the longest literal path wins in aiohttp, so no catch-all hides them."""
    at = serving.prefix(canary)
    for name, endpoint in _endpoints(canary, at).items():
        marked = endpoint if name == "bare" else declare.public(_REASON)(endpoint)
        below = f"/{{{serving.BELOW[name]}:.*}}" if name in serving.BELOW else ""
        app.router.add_get(f"{at}/{name}{below}", marked)
        app.router.add_post(f"{at}/{name}{below}", marked)
    app.router.add_get(f"{at}/socket-raises", declare.public(_REASON)(_socket_raises(canary)))
    app.router.add_get(f"{at}/socket-bare", _socket_bare())


def _endpoints(canary: str, at: str) -> dict[str, Endpoint]:
    async def plain(request: web.Request) -> web.Response:
        return web.Response(text="plain")

    async def page(request: web.Request) -> web.Response:
        return web.Response(text=serving.page_with_nonce(csp_nonce()), content_type="text/html")

    async def bare(request: web.Request) -> web.Response:
        return web.Response(text="bare")

    async def empty(request: web.Request) -> web.Response:
        return web.Response(status=204)

    async def moved(request: web.Request) -> web.Response:
        raise web.HTTPFound(f"{at}/plain")

    async def sets_cookies(request: web.Request) -> web.Response:
        answer = web.Response(text="two cookies")
        for cookie in serving.COOKIES:
            answer.headers.add("Set-Cookie", cookie)
        return answer

    async def aborts(request: web.Request) -> web.Response:
        raise _error(serving.status_of(request.query.get("status", "")))

    return {
        "plain": plain,
        "page": page,
        "bare": bare,
        "empty": empty,
        "moved": moved,
        "sets-cookies": sets_cookies,
        "aborts": aborts,
        **_faulty(canary),
        **_planted(at),
        **_telling(canary),
    }


def _error(status: int) -> web.HTTPException:
    """aiohttp's own exception for a status; its 413 and 405 ask for more than a status, as handlers that raise them know."""
    if status == 413:
        return web.HTTPRequestEntityTooLarge(max_size=1, actual_size=2)
    if status == 405:
        return web.HTTPMethodNotAllowed("GET", ["POST"])
    kinds = [kind for kind in vars(web).values() if isinstance(kind, type) and issubclass(kind, web.HTTPError)]
    found: Any = next((kind for kind in kinds if kind.status_code == status), web.HTTPBadRequest)
    made: web.HTTPException = found(link=None) if status == 451 else found()
    return made


def _planted(at: str) -> dict[str, Endpoint]:
    def headers_of(request: web.Request) -> dict[str, str]:
        return {name.lower(): value for name, value in request.headers.items()}

    async def echo(request: web.Request) -> web.Response:
        seen = {"method": request.method, "headers": headers_of(request), "url": str(request.url), "scheme": request.scheme}
        return web.json_response({**seen, "client": request.remote or "", "principal": serving.asked_by()})

    async def believes(request: web.Request) -> web.Response:
        return web.json_response(serving.believed(headers_of(request), request.remote or "", request.scheme))

    async def writes_on_get(request: web.Request) -> web.Response:
        serving.write_something()
        return web.Response(text="written")

    async def weak_tokens(request: web.Request) -> web.Response:
        return web.Response(text=serving.weak_form(at), content_type="text/html")

    async def banners(request: web.Request) -> web.Response:
        return web.Response(text="banners", headers=serving.BANNERS)

    async def shares(request: web.Request) -> web.Response:
        return web.json_response({"shared": True}, headers=serving.shared_with(request.headers.get("Origin", "")))

    async def leads(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": request.query.get("to", at)})

    async def swallows(request: web.Request) -> web.Response:
        return web.Response(text=serving.SWALLOWED, content_type="text/html")

    async def objects(request: web.Request) -> web.Response:
        status, found = serving.objects(
            request.headers.get("Cookie", "") + request.headers.get("Authorization", ""), request.query.get("id", "")
        )
        return web.json_response(found, status=status)

    async def admin(request: web.Request) -> web.Response:
        status, found = serving.administration(request.headers.get("Cookie", "") + request.headers.get("Authorization", ""))
        return web.json_response(found, status=status)

    async def assigns(request: web.Request) -> web.Response:
        given = await request.json() if request.method == "POST" else None
        status, found = serving.assigns(request.headers.get("Cookie", "") + request.headers.get("Authorization", ""), given)
        return web.json_response(found, status=status)

    leading: dict[str, Endpoint] = {
        "shares": shares, "leads": leads, "swallows": swallows, "objects": objects, "admin": admin, "assigns": assigns,
        "shows": _shows,
        "serves-back": functools.partial(_serves_back, at),
    }  # fmt: skip
    return {
        **leading,
        "graphql": _graphql,
        "reads-body": _reads_body,
        "echo": echo,
        "believes": believes,
        "writes-on-get": writes_on_get,
        "weak-tokens": weak_tokens,
        "banners": banners,
    }


async def _serves_back(at: str, request: web.Request) -> web.Response:
    kind, body = serving.serves_back(at, request.query.get("name", ""), request.headers.get("Content-Type", ""), await request.read())
    return web.Response(body=body, headers={"Content-Type": kind})


async def _shows(request: web.Request) -> web.Response:
    return web.Response(text=serving.shows(await request.json() if request.method == "POST" else None), content_type="text/html")


def _telling(canary: str) -> dict[str, Endpoint]:
    """What tells more than yes or no: by its time, and by its answers."""

    async def early_exit(request: web.Request) -> web.Response:
        return web.Response(text="compared", status=serving.early_exit(canary, request.headers.get("Authorization", "")))

    async def padding_oracle(request: web.Request) -> web.Response:
        given = request.cookies.get(serving.ORACLE)
        answer = web.Response(text="opened", status=200 if given is None else serving.oracle(canary, given))
        if given is None:
            answer.set_cookie(serving.ORACLE, serving.oracle_cookie(canary))
        return answer

    async def unsigned(request: web.Request) -> web.Response:
        return web.Response(text="read", status=serving.unsigned(request.headers.get("Authorization", "")))

    return {"unsigned": unsigned, "early-exit": early_exit, "padding-oracle": padding_oracle}


async def _graphql(request: web.Request) -> web.Response:
    await request.json()
    return web.json_response(serving.QUERIED)


async def _reads_body(request: web.Request) -> web.Response:
    if request.content_type == "application/json":
        await request.json()
    elif request.content_type == "application/x-www-form-urlencoded":
        return web.json_response({"read": len(await request.post())})
    return web.json_response({"read": len(await request.read())})


def _faulty(canary: str) -> dict[str, Endpoint]:
    async def raises(request: web.Request) -> web.Response:
        serving.raise_fault(canary)
        return web.Response()

    async def raises_html(request: web.Request) -> web.Response:
        serving.raise_fault(canary)
        return web.Response(content_type="text/html")

    async def raises_stream(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await answer.prepare(request)
        await answer.write(b"first piece\n")
        serving.raise_fault(canary)
        return answer

    async def shows_traceback(request: web.Request) -> web.Response:
        try:
            serving.raise_fault(canary)
        except serving.ProbeFault:
            return web.Response(text=traceback.format_exc(), status=500)
        return web.Response()

    return {"raises": raises, "raises-html": raises_html, "raises-stream": raises_stream, "traceback": shows_traceback}


def _socket_raises(canary: str) -> Endpoint:
    async def socket_raises(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        serving.raise_fault(canary)
        return socket

    return socket_raises


def _socket_bare() -> Endpoint:
    async def socket_bare(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str("bare")
        await socket.close()
        return socket

    return socket_bare


def switch_debug_on(app: web.Application) -> None:
    """As somebody leaves it on: faults are shown as pages."""
    app._debug = True  # noqa: SLF001  # what web.Application(debug=True) sets


class _Foreign:
    """A layer of somebody else's, put round ringwork after it was installed."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def handle(self, request: web.Request) -> web.StreamResponse:
        answer: web.StreamResponse = await self.app.handle(request)
        return answer


def change_layers(app: web.Application, how: str) -> None:
    """Take ringwork's outer layer or its gates out, wrap it, or move it inward: a layer goes round it as its first one."""
    own = vars(app)
    outer: Any = own["_handle"].__self__
    if how == "gate":
        built = own["pre_freeze"]

        def changed() -> None:
            built()
            for part in (app, *app._subapps):  # noqa: SLF001  # as somebody would who knows of no ringwork
                part._middlewares_handlers = part._middlewares_handlers[1:]  # type: ignore[index]  # noqa: SLF001  # filled by then

        own["pre_freeze"] = changed
    elif how == "outer":
        own["_handle"] = outer.handler  # as it was before
        own["_make_request"] = outer.maker
    elif how == "wrapped":
        own["_handle"] = _Foreign(outer).handle
    else:
        own["_handle"] = _Foreign(_Foreign(outer)).handle


def serve(app: web.Application, listening: serving.Listening) -> None:
    """Serve until the process ends."""
    asyncio.run(_serve(app, listening))


async def _serve(app: web.Application, listening: serving.Listening) -> None:
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=30.0, shutdown_timeout=1.0, **_widened(app))
    await runner.setup()
    await web.SockSite(runner, listening.sock, ssl_context=listening.context).start()
    await web.SockSite(runner, listening.plain).start()
    listening.ready()
    await asyncio.Event().wait()


def _widened(app: web.Application) -> dict[str, Any]:
    """What aiohttp bounds by itself, opened so that of a guarded application the guard's own limits are what is looked at."""
    outer = getattr(vars(app).get("_handle"), "__self__", None)
    installation = getattr(outer, "installation", None)
    if installation is None:
        return {}
    if "network.request-limits" not in installation.pipeline.controls:
        # The guard was taken out: so is the layer behind it, which would stop the same attack.
        app._client_max_size = 0  # noqa: SLF001  # what web.Application(client_max_size=0) sets
    return {"max_line_size": _WIDE, "max_field_size": _WIDE, "max_headers": 1000}
