"""What the guard adds to one request, in process, against the same application bare and behind other libraries: `./run bench request`.

The request: GET /items/42 of ten routes, ten browser headers with cookies, a signed-in user; JSON answer. Everything runs in one
process, in turn. Options: --rounds N (15), --write (puts the table into docs/performance.md).
"""

from __future__ import annotations

import argparse
import asyncio
import io
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import aiohttp_site
import django_site
import floors
import interleaved
import peers
from fastapi import FastAPI
from flask import Flask
from marks import write

import ringwork
from ringwork import Policy, Principal, requires

ORIGIN = peers.ORIGIN
HEADERS = [
    (b"host", b"app.example.test"),
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    (b"accept", b"application/json, text/plain, */*"),
    (b"accept-language", b"en-GB,en;q=0.5"),
    (b"accept-encoding", b"gzip, deflate, br, zstd"),
    (b"cookie", f"__Host-session=b3Blbi1zZXNhbWUtb3Blbi1zZXNhbWU; {peers.cookies()}".encode()),
    (b"authorization", f"Bearer {peers.token()}".encode()),
    (b"origin", ORIGIN.encode()),
    (b"sec-fetch-site", b"same-origin"),
    (b"sec-fetch-mode", b"cors"),
    (b"sec-fetch-dest", b"empty"),
]
ALICE = Principal(id="alice", roles=frozenset({"user"}))


async def identify_async(request: Any) -> Principal | None:
    """A session looked up in memory, without waiting."""
    for name, value in request.scope["headers"]:
        if name == b"cookie":
            return ALICE if value.partition(b"session=")[1] else None
    return None


def identify(request: Any) -> Principal | None:
    """The same for Flask."""
    return ALICE if "session" in request.headers.get("Cookie", "") else None


def identify_django(request: Any) -> Principal | None:
    """The same for Django, whose `request.headers` sorts all of them first."""
    return ALICE if "session" in request.META.get("HTTP_COOKIE", "") else None


async def identify_aiohttp(request: Any) -> Principal | None:
    """The same for aiohttp."""
    return identify(request)


def fastapi_app(**given: Any) -> FastAPI:
    """Ten routes, the asked one last."""
    app = FastAPI(openapi_url=None, **given)
    for i in range(9):
        app.get(f"/other{i}/{{item}}")(requires("user")(_other()))

    @app.get("/items/{item}")
    @requires("user")
    async def item(item: int) -> dict[str, object]:
        return {"item": item, "name": "thing"}

    return app


def _other() -> Any:
    async def other(item: int) -> dict[str, int]:
        return {"item": item}

    return other


def flask_app() -> Flask:
    """The same on Flask."""
    app = Flask("bench")
    for i in range(9):
        app.add_url_rule(f"/other{i}/<int:item>", f"other{i}", requires("user")(lambda item: {"item": item}))
    app.add_url_rule("/items/<int:item>", "item", requires("user")(lambda item: {"item": item, "name": "thing"}))
    return app


def asgi_batch(app: Any, *, path: str = "/items/42", headers: list[tuple[bytes, bytes]] = HEADERS, expect: int = 200) -> interleaved.Batch:
    """Calls the application as a server does; an unexpected status ends the run."""

    async def batch(calls: int) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(calls):
            status = 0
            scope = {
                "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "path": path, "raw_path": path.encode(),
                "query_string": b"", "root_path": "", "scheme": "https", "headers": list(headers), "client": ("127.0.0.1", 4000),
                "server": ("127.0.0.1", 443), "state": {},
            }  # fmt: skip

            async def receive() -> Any:
                await loop.create_future()

            async def send(message: Any) -> None:
                nonlocal status
                status = message.get("status", status)

            await app(scope, receive, send)
            if status != expect:
                raise SystemExit(f"{path}: {status} instead of {expect}; the comparison would be worthless")

    return batch


def wsgi_batch(app: Any, *, path: str = "/items/42", host: str = "app.example.test", expect: str = "200") -> interleaved.Batch:
    """The same for WSGI."""
    environ = {
        "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": "", "SERVER_NAME": "app.example.test",
        "SERVER_PORT": "443", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1", "wsgi.version": (1, 0), "wsgi.url_scheme": "https",
        "wsgi.errors": sys.stderr, "wsgi.multithread": False, "wsgi.multiprocess": False, "wsgi.run_once": False,
        **{"HTTP_" + name.decode().upper().replace("-", "_"): value.decode() for name, value in HEADERS},
        "HTTP_HOST": host,
    }  # fmt: skip

    seen: list[str] = []

    def start_response(status: str, headers: object, exc_info: object = None) -> None:
        seen.append(status)

    def batch(calls: int) -> None:
        for _ in range(calls):
            seen.clear()
            body = app({**environ, "wsgi.input": io.BytesIO()}, start_response)
            for _piece in body:
                pass
            if hasattr(body, "close"):
                body.close()
            if not seen[0].startswith(expect):
                raise SystemExit(f"{path}: {seen[0]} instead of {expect}; the comparison would be worthless")

    return batch


class Hasty:
    """A clock that goes on by a second at each look, so that rates are counted as always and never reached."""

    def __init__(self) -> None:
        self.seconds = 1e9

    def now(self) -> float:
        """Seconds since 1970, in a hurry."""
        self.seconds += 1.0
        return self.seconds

    def monotonic(self) -> float:
        """The same."""
        return self.now()


QUIET: dict[str, Any] = {"origin": ORIGIN, "events": lambda event: None, "clock": Hasty()}


def guarded_fastapi() -> FastAPI:
    """The application with all controls; events are made and dropped."""
    return ringwork.protect(fastapi_app(), Policy(identify=identify_async, **QUIET))


def guarded_flask_app() -> Flask:
    """The same on Flask."""
    return ringwork.protect(flask_app(), Policy(identify=identify, **QUIET))


def variants() -> dict[str, interleaved.Batch]:
    """Bare and guarded, and the refusals, all in one run."""
    guarded = guarded_fastapi()
    guarded_django = ringwork.protect(django_site.handler(), Policy(identify=identify_django, **QUIET))
    guarded_flask = guarded_flask_app()
    guarded_aiohttp = ringwork.protect(aiohttp_site.application(), Policy(identify=identify_aiohttp, **QUIET))
    no_cookie = [pair for pair in HEADERS if pair[0] != b"cookie"]
    foreign = [(b"host", b"evil.invalid"), *HEADERS[1:]]
    return {
        "FastAPI bare": asgi_batch(fastapi_app()),
        "FastAPI, an empty wrapper that adds as many headers": asgi_batch(floors.wrapped(fastapi_app())),
        "FastAPI, the same, asked who is asking": asgi_batch(floors.wrapped(fastapi_app(), asks=identify_async)),
        "FastAPI, an outermost layer that refuses all, 421": asgi_batch(floors.refusing(fastapi_app()), expect=421),
        "FastAPI, ringwork's places and no guard in them": asgi_batch(floors.emptied(guarded_fastapi())),
        "FastAPI guarded, all controls": asgi_batch(guarded),
        "FastAPI, hand-assembled stack, best choices": asgi_batch(peers.hand_best(fastapi_app)),
        "FastAPI, hand-assembled stack, as tutorials show it": asgi_batch(peers.hand_tutorial(fastapi_app)),
        "FastAPI, fastapi-guard, detection off": asgi_batch(peers.fastapi_guard(fastapi_app, detection=False)),
        "FastAPI guarded: foreign host refused, 421": asgi_batch(guarded, headers=foreign, expect=421),
        "FastAPI guarded: nobody refused, 401": asgi_batch(guarded, headers=no_cookie, expect=401),
        "Flask bare": wsgi_batch(flask_app()),
        "Flask, an outermost layer that refuses all, 421": wsgi_batch(floors.refusing_flask(flask_app()), expect="421"),
        "Flask, ringwork's places and no guard in them": wsgi_batch(floors.emptied(guarded_flask_app())),
        "Flask guarded, all controls": wsgi_batch(guarded_flask),
        "Flask, Talisman + Limiter + CSRFProtect": wsgi_batch(peers.flask_extensions(flask_app())),
        "Flask guarded: foreign host refused, 421": wsgi_batch(guarded_flask, host="evil.invalid", expect="421"),
        "Django bare": wsgi_batch(django_site.handler()),
        "Django guarded, all controls": wsgi_batch(guarded_django),
        "Django, its own security middleware, django-csp and django-axes": wsgi_batch(django_site.handler(*django_site.STACK)),
        "Django guarded: foreign host refused, 421": wsgi_batch(guarded_django, host="evil.invalid", expect="421"),
        "aiohttp bare": aiohttp_site.batch(aiohttp_site.application(), headers=HEADERS),
        "aiohttp guarded, all controls": aiohttp_site.batch(guarded_aiohttp, headers=HEADERS),
        "aiohttp, session, cors, secure, limits and PyJWT": aiohttp_site.batch(aiohttp_site.assembled(), headers=HEADERS),
        "aiohttp guarded: foreign host refused, 421": aiohttp_site.batch(guarded_aiohttp, headers=foreign, expect=421),
    }


def table(figures: interleaved.Figures) -> str:
    """The figures as a Markdown table."""
    lines = ["| request | CPU us | min to max | added us | times bare | of a served one |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
    for name in figures.rounds:
        framework = name.partition(",")[0].partition(" ")[0]
        base = f"{framework} bare"
        # What a refusal is held against: what the same guarded application spends on a request that it lets in.
        share = f"{figures.ratio(name, f'{framework} guarded, all controls'):.2f}" if "refuse" in name else ""
        low, high = figures.spread(name)
        lines.append(
            f"| {name} | {figures.median(name):.1f} | {low:.1f} to {high:.1f} "
            f"| {figures.added(name, base):+.1f} | {figures.ratio(name, base):.2f} | {share} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure, print, and on demand write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    asked = parser.parse_args()
    figures = interleaved.run(variants(), rounds=max(5, asked.rounds))
    packages = ", ".join(f"{name} {version(name)}" for name in ("fastapi", "starlette", "flask", "django", "aiohttp"))
    setting = f"Python {platform.python_version()}, {packages}; medians of {max(5, asked.rounds)} interleaved rounds of 400 requests."
    text = f"{setting}\n\n{table(figures)}\n"
    print(text)
    if asked.write:
        write("request", text)


if __name__ == "__main__":
    main()
