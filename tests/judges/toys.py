"""What every judge must object to: one small site with all the faults that the clinics do not have. Served on loopback by tests alone."""

from __future__ import annotations

import contextlib
import secrets
import sqlite3

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from tests.judges.clinics import PASSWORDS

DATABASE = sqlite3.connect(":memory:", check_same_thread=False)
DATABASE.executescript("CREATE TABLE toys (id INTEGER, name TEXT); INSERT INTO toys VALUES (1, 'ball'), (2, 'kite'), (3, 'drum');")
DATABASE.executescript("CREATE TABLE keepers (name TEXT, password TEXT)")
DATABASE.execute("INSERT INTO keepers VALUES ('alice', ?)", [PASSWORDS["alice"]])

UGLY = "<html><body><div id=a><img src=/nothing.png></div><div id=a><a href=/></a><center>Toys</center>"
"""No language, no title, two elements with one id, a picture and a link without words."""


async def home(request: Request) -> Response:
    """A page without a single header, with a cookie that any script reads."""
    return HTMLResponse(UGLY, headers={"set-cookie": "session=1; Path=/", "access-control-allow-origin": "*"})


async def noisy(request: Request) -> Response:
    """A page whose script its own policy forbids."""
    return HTMLResponse("<!DOCTYPE html><title>Toys</title><script>1</script>", headers={"content-security-policy": "default-src 'none'"})


async def toy(request: Request) -> Response:
    """A statement put together from what was sent."""
    try:
        found = DATABASE.execute(f"SELECT name FROM toys WHERE id = {request.query_params.get('id', '1')}").fetchall()
    except sqlite3.Error:
        found = []
    return JSONResponse([name for (name,) in found])


async def login(request: Request) -> Response:
    """A form with a new token in each page, and a statement put together from the name."""
    if request.method == "POST":
        form = await request.form()
        with contextlib.suppress(sqlite3.Error):
            kept = DATABASE.execute(f"SELECT password FROM keepers WHERE name = '{form['username']}'").fetchone()
            if kept == (form["password"],):
                return Response(status_code=303, headers={"location": "/"})
    token = f'<input type="hidden" name="csrf_token" value="{secrets.token_urlsafe(32)}">'
    return HTMLResponse(f"<!DOCTYPE html><title>Toys</title><form method=post>{token}</form>", status_code=401)


async def fragile(request: Request) -> Response:
    """Fails for what is no number."""
    return JSONResponse({"half": int(request.query_params.get("number", "")) / 2})


async def schema(request: Request) -> Response:
    """What this site says of itself."""
    parameter = {"name": "number", "in": "query", "required": True, "schema": {"type": "string"}}
    answers = {"responses": {"200": {"description": "half of it"}}}
    paths = {"/fragile": {"get": {"parameters": [parameter], **answers}}}
    return JSONResponse({"openapi": "3.1.0", "info": {"title": "Toys", "version": "1"}, "paths": paths})


app = Starlette(
    routes=[
        Route("/", home),
        Route("/noisy", noisy),
        Route("/toys", toy),
        Route("/login", login, methods=["GET", "POST"]),
        Route("/fragile", fragile),
        Route("/openapi.json", schema),
    ]
)
