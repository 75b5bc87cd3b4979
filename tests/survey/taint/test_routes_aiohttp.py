"""Routes of aiohttp, read from the source."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.survey.taint import written


@pytest.mark.parametrize(
    ("path", "is_text"),
    [(r"{n}", True), (r"{n:\d+}", False), (r"{n:[0-9]{1,3}}", False), (r"{n:[\w-]+}", False), (r"{n:.+}", True), (r"{n:[^/]+}", True)],
)
def test_a_pattern_says_whether_text_arrives(tmp_path: Path, path: str, is_text: bool) -> None:  # a table
    """A resource of digits cannot carry an attack."""
    source = f"from aiohttp import web\nroutes = web.RouteTableDef()\n@routes.get(r'/x/{path}')\nasync def x(request): ...\n"
    found = written.handlers(tmp_path, {"main.py": source})
    assert found["GET /x/{n}"].segments["n"].is_text is is_text
    assert found["GET /x/{n}"].brought["request"].type == "aiohttp.web.Request"


def test_every_way_of_registering_is_read(tmp_path: Path) -> None:
    """Methods of the router, lists, tables, resources, class views, sockets, and applications in applications."""
    found = written.handlers(
        tmp_path,
        {
            "shop/__init__.py": "",
            "shop/views.py": """
                from aiohttp import web

                async def home(request): ...
                async def any_of(request): ...
                async def talk(request):
                    socket = web.WebSocketResponse()
                    return socket

                class Note(web.View):
                    async def get(self): ...
                    async def post(self): ...

                class Keeper:
                    async def ping(self, request): ...
                """,
            "shop/main.py": """
                from aiohttp import web
                from shop import views

                table = web.RouteTableDef()

                @table.delete("/gone")
                async def gone(request): ...

                def setup_routes(app):
                    app.router.add_get("/", views.home)
                    app.router.add_post("/", views.home)
                    app.add_routes([web.view("/notes", views.Note), web.get("/talk", views.talk)])
                    app.router.add_resource("/any").add_route("*", views.any_of)

                def make(keeper: views.Keeper):
                    app = web.Application()
                    setup_routes(app)
                    inner = web.Application()
                    inner.add_routes(table)
                    app.add_subapp("/inner", inner)
                    app.router.add_route("PUT", "/ping", views.Keeper().ping)
                    return app
                """,
        },
    )
    assert sorted(found) == [
        "DELETE /inner/gone",
        "DELETE,GET,PATCH,POST,PUT /any",
        "GET /notes",
        "GET,POST /",
        "POST /notes",
        "PUT /ping",
        "WEBSOCKET /talk",
    ]
    assert found["PUT /ping"].function == "shop.views.Keeper.ping"


def test_a_middleware_that_refuses_strangers_authenticates(tmp_path: Path) -> None:
    """It counts for the applications that it stands around; one that turns errors into answers does not count."""
    source = """
        from aiohttp import web

        @web.middleware
        async def signed_in_only(request, handler):
            if "user" not in request:
                raise web.HTTPUnauthorized()
            return await handler(request)

        @web.middleware
        async def show_errors(request, handler):
            try:
                return await handler(request)
            except ValueError:
                raise web.HTTPBadRequest()

        async def a(request): ...
        async def b(request): ...

        inner = web.Application(middlewares=[signed_in_only])
        inner.router.add_get("/a", a)
        app = web.Application(middlewares=[show_errors])
        app.add_subapp("/in", inner)
        app.router.add_get("/b", b)
        """
    found = written.handlers(tmp_path, {"main.py": source})
    assert (found["GET /in/a"].authenticated_by, found["GET /b"].authenticated_by) == (("signed_in_only",), ())
