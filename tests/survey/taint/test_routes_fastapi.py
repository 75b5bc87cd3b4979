"""Routes of FastAPI and Starlette, read from the source."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.survey.taint import written

MAIN = """
    from enum import Enum
    from typing import Annotated, Literal
    from uuid import UUID

    from fastapi import Cookie, Depends, FastAPI, File, Form, Header, HTTPException, Query, Request, UploadFile
    from fastapi.responses import HTMLResponse
    from fastapi.security import OAuth2PasswordBearer
    from pydantic import BaseModel

    app = FastAPI()
    scheme = OAuth2PasswordBearer(tokenUrl="token")

    class Colour(str, Enum):
        red = "red"

    class Order(BaseModel):
        item: str
        amount: int

    class Filters:
        def __init__(self, q: str = "", page: int = 1):
            self.q, self.page = q, page

    def current_user(token: Annotated[str, Depends(scheme)]):
        if token != "x":
            raise HTTPException(401)
        return token

    def setting(flag: str = ""):
        return flag

    User = Annotated[str, Depends(current_user)]
    """

PARAMETERS = [
    ("q: str", "query", True),
    ("q: str | None = None", "query", True),
    ("q: list[str] = Query([])", "query", True),
    ("q", "query", True),
    ("q: int", "query", False),
    ("q: int | None = None", "query", False),
    ("q: UUID", "query", False),
    ("q: Colour", "query", False),
    ('q: Literal["a", "b"]', "query", False),
    ('q: "int"', "query", False),
    ('q: Annotated[str, Query(pattern="^[a-z]+$")]', "query", False),
    ('q: Annotated[str, Query(pattern="[a-z]+")]', "query", True),
    ("q: Annotated[str, Header()]", "header", True),
    ("q: Annotated[str | None, Cookie()] = None", "cookie", True),
    ("q: str = Form(...)", "form", True),
    ("q: bytes = File()", "file", True),
    ("q: UploadFile", "file", True),
    ("q: Order", "body", True),
    ("q: dict", "body", True),
    ("q: Request", "", False),
]


@pytest.mark.parametrize(("parameter", "source", "is_text"), PARAMETERS)
def test_tells_what_a_parameter_brings(tmp_path: Path, parameter: str, source: str, is_text: bool) -> None:  # a table
    """A number cannot carry an attack, whatever it is declared with; text can, wherever it comes from."""
    found = written.handlers(tmp_path, {"main.py": MAIN + f'\n    @app.get("/x")\n    def x({parameter}): ...\n'})
    brought = found["GET /x"].brought["q"]
    assert (brought.source, brought.is_text) == (source, is_text)


def test_a_parameter_of_the_path_brings_text_unless_it_is_a_number(tmp_path: Path) -> None:
    """The template says which parameters are of the path, the annotation or the converter which of them are text."""
    source = MAIN + '\n    @app.get("/{a}/{b}/{c:int}/{d:path}")\n    def x(a: int, b: str, c: str, d: str): ...\n'
    brought = written.handlers(tmp_path, {"main.py": source})["GET /{a}/{b}/{c:int}/{d:path}"].brought
    assert {name: (one.source, one.is_text) for name, one in brought.items()} == {
        "a": ("path", False),
        "b": ("path", True),
        "c": ("path", False),
        "d": ("path", True),
    }


def test_a_model_is_named_with_its_class(tmp_path: Path) -> None:
    """The fields carry their own types, so the class is told by its dotted name."""
    source = MAIN + '\n    @app.post("/x")\n    def x(order: Order, more: list[Order]): ...\n'
    brought = written.handlers(tmp_path, {"main.py": source})["POST /x"].brought
    assert (brought["order"].type, brought["more"].items) == ("main.Order", "main.Order")


def test_a_dependency_tells_its_function_and_what_that_is_given(tmp_path: Path) -> None:
    """What comes through Depends is traced through the function that makes it, with parameters of its own."""
    source = MAIN + '\n    @app.get("/x")\n    def x(flag: Annotated[str, Depends(setting)], filters: Filters = Depends()): ...\n'
    found = written.handlers(tmp_path, {"main.py": source})["GET /x"]
    assert (found.brought["flag"].function, found.brought["filters"].function) == ("main.setting", "main.Filters")
    assert found.depends["main.setting"]["flag"].source == "query"
    assert [(name, one.is_text) for name, one in found.depends["main.Filters"].items()] == [("q", True), ("page", False)]
    assert not found.authenticated_by


def test_a_dependency_that_refuses_authenticates(tmp_path: Path) -> None:
    """An alias of an annotated dependency is the dependency; one that turns nobody away is no check."""
    source = MAIN + '\n    @app.get("/x")\n    def x(user: User): ...\n    @app.get("/y")\n    def y(flag: str = Depends(setting)): ...\n'
    found = written.handlers(tmp_path, {"main.py": source})
    assert found["GET /x"].authenticated_by == ("current_user", "OAuth2PasswordBearer")
    assert found["GET /y"].authenticated_by == ()


def test_prefixes_of_included_routers_are_joined(tmp_path: Path) -> None:
    """A route's path is the one that a client asks for: routers in other modules, in loops, behind settings and factories."""
    found = written.handlers(
        tmp_path,
        {
            "shop/__init__.py": "",
            "shop/settings.py": "class Settings:\n    BASE: str = '/api'\nsettings = Settings()\n",
            "shop/orders.py": """
                from fastapi import APIRouter
                router = APIRouter(prefix="/orders")
                @router.get("/{n}")
                def one(n: int): ...
                """,
            "shop/users.py": "from fastapi import APIRouter\nrouter = APIRouter()\n@router.post('/users')\ndef add(name: str): ...\n",
            "shop/main.py": """
                from fastapi import APIRouter, Depends, FastAPI
                from shop import orders, users
                from shop.settings import settings

                def require_admin(): raise ValueError

                def make():
                    app = FastAPI()
                    inner = APIRouter(dependencies=[Depends(require_admin)])
                    for module in (orders, users):
                        inner.include_router(module.router, prefix="/v1")
                    app.include_router(inner, prefix=settings.BASE)
                    return app

                application = make()
                """,
        },
    )
    assert sorted(found) == ["GET /api/v1/orders/{n}", "POST /api/v1/users"]
    assert all(handler.authenticated_by == ("require_admin",) for handler in found.values())


def test_an_application_in_an_attribute_or_a_parameter_is_found(tmp_path: Path) -> None:
    """Decorators match by method and by what stands before the dot, however that came there."""
    found = written.handlers(
        tmp_path,
        {
            "server.py": """
                from fastapi import FastAPI
                from views import install

                class Server:
                    def __init__(self):
                        self.app = FastAPI()
                        self.app.add_api_route("/ping", self.ping, methods=["GET"])
                        install(self.app)

                    async def ping(self): ...
                """,
            "views.py": "def install(target):\n    @target.post('/add')\n    def add(name: str): ...\n",
        },
    )
    assert {name: handler.function for name, handler in found.items()} == {
        "GET /ping": "server.Server.ping",
        "POST /add": "views.install.<locals>.add",
    }


def test_lists_of_routes_and_class_endpoints_are_read(tmp_path: Path) -> None:
    """Starlette's own way of telling routes: lists, mounts, classes and sockets."""
    found = written.handlers(
        tmp_path,
        {
            "main.py": """
                from starlette.applications import Starlette
                from starlette.endpoints import HTTPEndpoint
                from starlette.routing import Mount, Route, WebSocketRoute

                async def home(request): ...
                async def talk(websocket): ...

                class Note(HTTPEndpoint):
                    async def get(self, request): ...
                    async def put(self, request): ...

                inner = [Route("/notes/{n:int}", Note)]
                first = Route("/", home, methods=["GET", "POST"])
                app = Starlette(routes=[first, Mount("/api", routes=inner), WebSocketRoute("/talk", talk)])
                """
        },
    )
    assert sorted(found) == ["GET,POST /", "GET,PUT /api/notes/{n:int}", "WEBSOCKET /talk"]
    assert found["GET,POST /"].brought["request"].type == "starlette.requests.Request"
    assert found["WEBSOCKET /talk"].brought["websocket"].type == "starlette.websockets.WebSocket"
    assert not found["GET,PUT /api/notes/{n:int}"].segments["n"].is_text


def test_tells_what_plain_text_becomes(tmp_path: Path) -> None:
    """Text that is returned is markup only where the route says so."""
    source = MAIN + '\n    @app.get("/a", response_class=HTMLResponse)\n    def a(): ...\n    @app.get("/b")\n    def b(): ...\n'
    found = written.handlers(tmp_path, {"main.py": source})
    assert (found["GET /a"].answers, found["GET /b"].answers) == ("html", "json")


def test_what_patches_a_test_is_no_route(tmp_path: Path) -> None:
    """A decorator of another library may have a method of the same name."""
    found = written.handlers(
        tmp_path,
        {
            "main.py": """
                import responses
                from unittest import mock
                from fastapi import FastAPI
                @mock.patch("/x")
                def a(): ...
                @responses.get("/x")
                def b(): ...
                """
        },
    )
    assert found == {}
