"""One small application in two frameworks, guarded and not, as files that a project would have."""

from __future__ import annotations

GUARDED = """
from ringwork import Policy, Principal, protect, public, requires

LOGINS = {}
USERS = {"ann": ("ann-likes-long-walks", "staff"), "bob": ("bob-likes-short-naps", "guest")}
DONE = []


def identify(request):
    return LOGINS.get(request.cookies.get("session", ""))


def enter(name, password):
    if USERS.get(name, ("",))[0] != password:
        return None
    key = f"key-of-{name}-0123456789"
    LOGINS[key] = Principal(id=name, roles={USERS[name][1]})
    return key
"""

STARLETTE = (
    GUARDED
    + """
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route, WebSocketRoute


@public("the front page")
async def home(request):
    return PlainTextResponse("welcome")


@public("whoever wants to sign in is nobody yet")
async def login(request):
    given = await request.json()
    key = enter(given["username"], given["password"])
    if key is None:
        return JSONResponse({"error": "wrong"}, 401)
    answer = JSONResponse({"in": True})
    answer.set_cookie("session", key)
    return answer


@requires("staff")
async def orders(request):
    if request.method == "POST":
        DONE.append(await request.json())
    return JSONResponse(DONE)


@requires()
async def live(websocket):
    await websocket.accept()
    await websocket.send_text("hello")
    await websocket.close()


routes = [
    Route("/", home), Route("/login", login, methods=["POST"]), Route("/orders", orders, methods=["GET", "POST"]),
    WebSocketRoute("/live", live),
]
app = protect(Starlette(routes=routes), Policy(origin="https://shop.example", identify=identify))
"""
)

FLASK = (
    GUARDED
    + """
from flask import Flask, jsonify, request

app = Flask(__name__, static_folder=None)


@app.get("/")
@public("the front page")
def home():
    return "welcome"


@app.post("/login")
@public("whoever wants to sign in is nobody yet")
def login():
    key = enter(request.json["username"], request.json["password"])
    if key is None:
        return jsonify(error="wrong"), 401
    answer = jsonify({"in": True})
    answer.set_cookie("session", key)
    return answer


@app.route("/orders", methods=["GET", "POST"])
@requires("staff")
def orders():
    if request.method == "POST":
        DONE.append(request.json)
    return jsonify(DONE)


protect(app, Policy(origin="https://shop.example", identify=identify))
"""
)

DJANGO = (
    GUARDED.replace("request.cookies", "request.COOKIES")
    + """
import json

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse, JsonResponse
from django.urls import path

settings.configure(
    SECRET_KEY="only for tests of this repository, and for nothing else", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, MIDDLEWARE=[],
    LOGGING_CONFIG=None,
)
django.setup()


@public("the front page")
def home(request):
    return HttpResponse("welcome")


@public("whoever wants to sign in is nobody yet")
def login(request):
    if request.method == "GET":
        return HttpResponse("<form method=post><input name=username><input name=password type=password></form>")
    key = enter(request.POST["username"], request.POST["password"])
    if key is None:
        return JsonResponse({"error": "wrong"}, status=401)
    answer = JsonResponse({"in": True})
    answer.set_cookie("session", key)
    return answer


@requires("staff")
def orders(request):
    if request.method == "POST":
        DONE.append(json.loads(request.body))
    return JsonResponse(DONE, safe=False)


urlpatterns = [path("", home), path("login", login), path("orders", orders)]
app = protect(WSGIHandler(), Policy(origin="https://shop.example", identify=identify))
"""
)

PLAIN = """
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route


async def home(request):
    return PlainTextResponse("welcome")


async def write(request):
    return PlainTextResponse("written", headers={"x-seen": request.headers["host"]})


app = Starlette(routes=[Route("/", home), Route("/write", write, methods=["POST"])])
"""

USERS = """
[[prove.users]]
name = "ann"
password = "ann-likes-long-walks"

[[prove.users]]
name = "bob"
password = "bob-likes-short-naps"

[[prove.users]]
name = "eve"
password = "eve-was-never-here"
"""
