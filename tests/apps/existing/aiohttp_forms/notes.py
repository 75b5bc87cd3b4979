"""Notes: server-rendered pages with a login form (aiohttp-session), a little inline script, and a file to download."""
import csv
import functools
import io
from pathlib import Path

import aiohttp_jinja2
import aiohttp_session
import jinja2
from aiohttp import web
from aiohttp_session.cookie_storage import EncryptedCookieStorage

HERE = Path(__file__).parent
PASSWORDS = {"ann": "ann-likes-long-walks", "ben": "ben-bakes-rye-bread"}
NOTES = []
routes = web.RouteTableDef()


def login_required(handler):
    @functools.wraps(handler)
    async def checked(request):
        session = await aiohttp_session.get_session(request)
        if session.get("user") not in PASSWORDS:
            raise web.HTTPFound(f"/login?next={request.path}")
        request["user"] = session["user"]
        return await handler(request)

    return checked


@routes.get("/")
@aiohttp_jinja2.template("home.html")
async def home(request):
    session = await aiohttp_session.get_session(request)
    return {"user": session.get("user")}


@routes.get("/login")
@aiohttp_jinja2.template("login.html")
async def login_page(request):
    return {"next": request.query.get("next", "/notes")}


@routes.post("/login")
async def login(request):
    form = await request.post()
    following = form.get("next", "/notes")
    if PASSWORDS.get(form["name"]) != form["password"]:
        return aiohttp_jinja2.render_template("login.html", request, {"failed": True, "next": following}, status=401)
    session = await aiohttp_session.new_session(request)
    session["user"] = form["name"]
    return web.Response(status=303, headers={"Location": following})


@routes.post("/logout")
async def logout(request):
    session = await aiohttp_session.get_session(request)
    session.invalidate()
    raise web.HTTPSeeOther("/")


@routes.get("/notes")
@login_required
@aiohttp_jinja2.template("notes.html")
async def notes(request):
    return {"user": request["user"], "notes": [note for note in NOTES if note["owner"] == request["user"]]}


@routes.post("/notes")
@login_required
async def add(request):
    form = await request.post()
    NOTES.append({"owner": request["user"], "text": form["text"]})
    raise web.HTTPSeeOther("/notes")


@routes.get("/notes.csv")
@login_required
async def export(request):
    out = io.StringIO()
    csv.writer(out).writerows([note["text"]] for note in NOTES if note["owner"] == request["user"])
    return web.Response(text=out.getvalue(), content_type="text/csv", headers={"Content-Disposition": 'attachment; filename="notes.csv"'})


@routes.get("/handbook.pdf")
@login_required
async def handbook(request):
    return web.FileResponse(HERE / "handbook.pdf", headers={"Content-Disposition": "attachment"})


@routes.get("/admin/notes")
@aiohttp_jinja2.template("notes.html")
async def all_notes(request):
    # To be protected before we go live.
    return {"user": "everybody", "notes": NOTES}


app = web.Application()
aiohttp_session.setup(app, EncryptedCookieStorage(b"thirty two bytes of this service"))
aiohttp_jinja2.setup(app, loader=jinja2.FileSystemLoader(HERE / "templates"))
app.add_routes(routes)
