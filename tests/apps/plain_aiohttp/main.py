import os
import traceback

import aiohttp_jinja2
import aiohttp_session
import jinja2
from aiohttp import web

from . import accounts, api, books, db

HERE = os.path.dirname(os.path.abspath(__file__))


@web.middleware
async def show_errors(request, handler):
    try:
        return await handler(request)
    except web.HTTPException:
        raise
    except Exception:
        return web.Response(text="<pre>%s</pre>" % traceback.format_exc(), status=500, content_type="text/html")


async def init_app(argv=None):
    app = web.Application(client_max_size=0, middlewares=[show_errors])
    aiohttp_session.setup(app, aiohttp_session.SimpleCookieStorage(cookie_name="SHELF", httponly=False))
    aiohttp_jinja2.setup(app, loader=jinja2.FileSystemLoader(os.path.join(HERE, "templates")))
    app.add_routes(accounts.routes)
    app.add_routes(books.routes)
    app.router.add_static("/static", os.path.join(HERE, "static"), show_index=True)
    app.add_subapp("/api", api.make_api())
    app.on_startup.append(db.prepare)
    return app


if __name__ == "__main__":
    web.run_app(init_app(), port=8080)
