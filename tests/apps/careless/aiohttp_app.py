"""The same with aiohttp."""

from aiohttp import web

from careless import deeds

routes = web.RouteTableDef()


def plain(text):
    return web.Response(text=text)


@routes.get("/")
async def home(request):
    return plain("careless")


@routes.get("/sql")
async def sql(request):
    return plain(deeds.sql(request.query["owner"]))


@routes.get("/sign-in")
async def sign_in(request):
    is_known = deeds.signs_in(request.query["name"], request.query.get("password", ""))
    return web.Response(text="welcome" if is_known else "no", status=200 if is_known else 401)


@routes.get("/command")
async def command(request):
    return plain(deeds.command(request.query["name"]))


@routes.get("/code")
async def code(request):
    return plain(deeds.code(request.query["formula"]))


@routes.get("/template")
async def template(request):
    return plain(deeds.template(request.query["name"]))


@routes.get("/documents/{name:.+}")
async def document(request):
    return plain(deeds.path(request.match_info["name"]))


@routes.get("/redirect")
async def leave(request):
    raise web.HTTPFound(request.query["to"])


@routes.get("/page")
async def page(request):
    return web.Response(text="<p>Hello " + request.query["name"] + "</p>", content_type="text/html")


@routes.get("/picture")
async def picture(request):
    return plain(deeds.ssrf(request.query["address"]))


@routes.get("/basket")
async def basket(request):
    return plain(deeds.deserialise(request.cookies.get("basket", "")))


@routes.get("/order")
async def order(request):
    return plain(deeds.xml(request.query["text"]))


@routes.get("/log")
async def log(request):
    return plain(deeds.log(request.query["who"]))


@routes.get("/careful/sql")
async def careful_sql(request):
    return plain(deeds.bound_sql(request.query["owner"]))


@routes.get("/careful/command")
async def careful_command(request):
    return plain(deeds.quoted_command(request.query["name"]))


@routes.get("/careful/template")
async def careful_template(request):
    return plain(deeds.own_template(request.query["name"]))


@routes.get("/careful/documents/{name:.+}")
async def careful_document(request):
    return plain(deeds.checked_path(request.match_info["name"]))


@routes.get("/careful/redirect")
async def careful_leave(request):
    raise web.HTTPFound(deeds.own_address(request.query["to"]))


@routes.get("/careful/page")
async def careful_page(request):
    return web.Response(text=deeds.escaped(request.query["name"]), content_type="text/html")


app = web.Application()
app.add_routes(routes)
