import aiohttp_cors
from aiohttp import web

from .accounts import current_reader, login_required
from .db import connect


@login_required
async def mine(request):
    rows = connect().execute("SELECT id, title, remark FROM book WHERE owner_id = ?", (request["reader"]["id"],)).fetchall()
    return web.json_response([dict(row) for row in rows])


async def whoami(request):
    reader = await current_reader(request)
    return web.json_response({"name": reader["name"] if reader else None})


def make_api():
    api = web.Application()
    cors = aiohttp_cors.setup(api, defaults={"*": aiohttp_cors.ResourceOptions(allow_credentials=True, allow_headers="*")})
    for route in (api.router.add_get("/books", mine), api.router.add_get("/whoami", whoami)):
        cors.add(route)
    return api
