"""The API behind a single-page front end at https://app.example; it stands behind a proxy that ends TLS and sets X-Forwarded-*."""
import functools
import secrets

import aiohttp_cors
from aiohttp import web

FRONT_END = "https://app.example"
USERS = {"ann": "ann-likes-long-walks", "ben": "ben-bakes-rye-bread"}
SESSIONS = {}
TASKS = []


def signed_in(handler):
    @functools.wraps(handler)
    async def checked(request):
        name = SESSIONS.get(request.cookies.get("sid", ""))
        if name is None:
            raise web.HTTPUnauthorized(text='{"detail": "sign in first"}', content_type="application/json")
        request["user"] = name
        return await handler(request)

    return checked


async def healthz(request):
    return web.json_response({"ok": True})


async def login(request):
    sent = await request.json()
    if USERS.get(sent.get("name")) != sent.get("password"):
        raise web.HTTPUnauthorized(text='{"detail": "wrong name or password"}', content_type="application/json")
    key = secrets.token_urlsafe(32)
    SESSIONS[key] = sent["name"]
    answer = web.json_response({"name": sent["name"]})
    answer.set_cookie("sid", key, httponly=True, secure=True, samesite="Lax")
    return answer


@signed_in
async def logout(request):
    SESSIONS.pop(request.cookies.get("sid", ""), None)
    return web.Response(status=204)


@signed_in
async def tasks(request):
    return web.json_response([task for task in TASKS if task["owner"] == request["user"]])


@signed_in
async def add_task(request):
    TASKS.append({"owner": request["user"], "text": (await request.json())["text"]})
    return web.json_response(TASKS[-1], status=201)


async def visitors(request):
    # Counts visitors by address; used by the front end's footer, and forgotten since.
    return web.json_response({"you": request.remote, "signed_in": sorted(SESSIONS.values())})


app = web.Application()
cors = aiohttp_cors.setup(
    app, defaults={FRONT_END: aiohttp_cors.ResourceOptions(allow_credentials=True, allow_methods=["GET", "POST"], allow_headers=["Content-Type"])}
)
app.router.add_get("/healthz", healthz)
for method, path, handler in [
    ("POST", "/api/login", login),
    ("POST", "/api/logout", logout),
    ("GET", "/api/tasks", tasks),
    ("POST", "/api/tasks", add_task),
    ("GET", "/api/visitors", visitors),
]:
    cors.add(app.router.add_route(method, path, handler))
