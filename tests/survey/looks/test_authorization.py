"""A handler without the check of its neighbours is seen, and one that has to answer everybody is not."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from ringwork.survey.flows import Flow, Strength
from ringwork.survey.looks import authorization
from ringwork.survey.looks.seen import Seen
from ringwork.survey.taint import routes
from ringwork.survey.taint.handlers import Routes
from ringwork.survey.taint.project import Project

FLASK = """
    from flask import Flask, abort, redirect, request, session

    app = Flask(__name__)

    def login_required(view):
        def wrapped(*args, **kwargs):
            if "user" not in session:
                return redirect("/login")
            return view(*args, **kwargs)
        return wrapped

    @app.post("/notes")
    @login_required
    def add(): ...
    """
FASTAPI = """
    from fastapi import Depends, FastAPI, HTTPException

    app = FastAPI()

    def current_user(token: str):
        raise HTTPException(401)

    @app.put("/notes/{note_id}")
    def change(note_id: int, user=Depends(current_user)): ...
    """
DJANGO = """
    from django.contrib.auth.decorators import login_required
    from django.urls import path
    from django.views.decorators.http import require_POST

    @login_required
    @require_POST
    def add(request): ...
    """
AIOHTTP = """
    from aiohttp import web

    routes = web.RouteTableDef()

    def login_required(handler):
        async def wrapped(request):
            if "user" not in request:
                raise web.HTTPUnauthorized()
            return await handler(request)
        return wrapped

    @routes.post("/notes")
    @login_required
    async def add(request): ...
    """
BAD = [
    (FLASK, '\n    @app.post("/notes/<int:n>/delete")\n    def delete(n): ...\n'),
    (FLASK, '\n    @app.get("/admin/users")\n    def users(): ...\n'),
    (FASTAPI, '\n    @app.delete("/notes/{note_id}")\n    def delete(note_id: int): ...\n'),
    (AIOHTTP, "\n    @routes.delete(r'/notes/{n:[0-9]+}')\n    async def delete(request): ...\n"),
    (DJANGO, '\n    @require_POST\n    def delete(request, pk): ...\n    urlpatterns = [path("a", add), path("d/<int:pk>", delete)]\n'),
]
SAFE = [
    (FLASK, '\n    @app.post("/notes/<int:n>/delete")\n    @login_required\n    def delete(n): ...\n'),
    (FLASK, '\n    @app.post("/login")\n    def sign_in(): ...\n'),
    (FLASK, '\n    @app.post("/notes/<int:n>/delete")\n    def delete(n):\n        if session.get("user") != n:\n            abort(403)\n'),
    (FLASK, '\n    @app.get("/notes")\n    def listing(): ...\n'),
    (FASTAPI, '\n    @app.delete("/notes/{note_id}")\n    def delete(note_id: int, user=Depends(current_user)): ...\n'),
    (FASTAPI, '\n    @app.post("/hooks/payment")\n    def paid(): ...\n'),
    (AIOHTTP, "\n    @routes.delete(r'/notes/{n:[0-9]+}')\n    @login_required\n    async def delete(request): ...\n"),
    (DJANGO, '\n    @login_required\n    def delete(request, pk): ...\n    urlpatterns = [path("a", add), path("d/<int:pk>", delete)]\n'),
]


def _found(folder: Path, text: tuple[str, ...]) -> list[Flow]:
    (folder / "shop.py").write_text("".join(textwrap.dedent(part) for part in text), encoding="utf-8")
    project = Project(folder)
    known = Routes.of(routes.handlers(project))
    return [flow for unit in project.units() for flow in authorization.look(Seen(project, unit, known))]


@pytest.mark.parametrize("text", BAD)
def test_names_the_handler_that_was_forgotten(tmp_path: Path, text: tuple[str, ...]) -> None:
    """It changes something, or stands among the office's pages, and its neighbours ask who is there."""
    (flow,) = _found(tmp_path, text)
    assert (flow.kind, flow.strength, flow.place.file) == ("missing-authorization", Strength.WEAK, "shop.py")
    assert flow.routes


@pytest.mark.parametrize("text", SAFE)
def test_passes_over_what_asks_or_has_to_be_open(tmp_path: Path, text: tuple[str, ...]) -> None:
    """A check around it or in it, a login, a hook of another service, and a list that anybody may read."""
    assert _found(tmp_path, text) == []


def test_passes_over_a_project_that_asks_nobody_anywhere(tmp_path: Path) -> None:
    """Where no neighbour has a check there is nothing that one was forgotten from."""
    assert _found(tmp_path, ('from flask import Flask\napp = Flask("x")\n@app.post("/x/<int:n>")\ndef x(n): ...\n',)) == []
