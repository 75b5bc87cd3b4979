import aiohttp_jinja2
from aiohttp import web

from .accounts import current_reader, login_required
from .db import connect

routes = web.RouteTableDef()


@routes.get("/")
@aiohttp_jinja2.template("index.html")
async def index(request):
    books = connect().execute("SELECT book.*, name FROM book JOIN reader ON reader.id = owner_id ORDER BY book.id DESC").fetchall()
    return {"books": books, "reader": await current_reader(request)}


@routes.get(r"/books/{book_id:\d+}")
@aiohttp_jinja2.template("book.html")
async def show(request):
    book = connect().execute("SELECT * FROM book WHERE id = ?", (request.match_info["book_id"],)).fetchone()
    if book is None:
        raise web.HTTPNotFound()
    return {"book": book, "reader": await current_reader(request)}


@routes.get("/books/new")
@login_required
@aiohttp_jinja2.template("new.html")
async def form(request):
    return {"reader": request["reader"]}


@routes.post("/books/new")
@login_required
async def add(request):
    form = await request.post()
    db = connect()
    db.execute("INSERT INTO book (owner_id, title, remark) VALUES (?, ?, ?)", (request["reader"]["id"], form["title"], form["remark"]))
    db.commit()
    raise web.HTTPFound("/")


@routes.post(r"/books/{book_id:\d+}/delete")
async def delete(request):
    db = connect()
    db.execute("DELETE FROM book WHERE id = ?", (request.match_info["book_id"],))
    db.commit()
    raise web.HTTPFound("/")


@routes.get(r"/books/{book_id:\d+}/share")
async def share(request):
    return web.json_response({"link": "https://%s/books/%s" % (request.host, request.match_info["book_id"])})


@routes.get("/year")
@aiohttp_jinja2.template("index.html")
async def year(request):
    return {"books": [], "year": int(request.query.get("y", "this year")), "reader": None}
