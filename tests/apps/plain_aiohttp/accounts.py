import functools
import sqlite3

import aiohttp_jinja2
from aiohttp import web
from aiohttp_session import get_session

from .db import connect, hashed

routes = web.RouteTableDef()


async def current_reader(request):
    session = await get_session(request)
    if "reader" not in session:
        return None
    return connect().execute("SELECT * FROM reader WHERE id = ?", (session["reader"],)).fetchone()


def login_required(handler):
    @functools.wraps(handler)
    async def wrapped(request):
        reader = await current_reader(request)
        if reader is None:
            raise web.HTTPFound("/account/login")
        request["reader"] = reader
        return await handler(request)

    return wrapped


@routes.view("/account/register")
class Register(web.View):
    @aiohttp_jinja2.template("register.html")
    async def get(self):
        return {}

    async def post(self):
        form = await self.request.post()
        db = connect()
        try:
            db.execute("INSERT INTO reader (name, password) VALUES (?, ?)", (form["username"], hashed(form["password"])))
        except sqlite3.IntegrityError:
            return web.Response(text="That name is taken.", status=409)
        db.commit()
        raise web.HTTPFound("/account/login")


@routes.view("/account/login")
class Login(web.View):
    @aiohttp_jinja2.template("login.html")
    async def get(self):
        return {}

    async def post(self):
        form = await self.request.post()
        found = connect().execute("SELECT * FROM reader WHERE name = ?", (form["username"],)).fetchone()
        if found is None or found["password"] != hashed(form["password"]):
            return aiohttp_jinja2.render_template("login.html", self.request, {"failed": True}, status=401)
        session = await get_session(self.request)
        session["reader"] = found["id"]
        raise web.HTTPFound(self.request.query.get("next") or "/")


@routes.post("/account/logout")
async def logout(request):
    (await get_session(request)).invalidate()
    raise web.HTTPFound("/")
