"""Small applications that never heard of ringwork, served by the prover itself: for what proofs say of an application without a guard."""

from __future__ import annotations

import atexit
import contextlib
import functools
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from ringwork.prove import launch, settings, target, users
from ringwork.prove.evidence import Evidence, Outcome
from ringwork.prove.stage import LiveStage
from ringwork.survey.facts import AppFacts

REDIRECTING = """
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.httpsredirect import HTTPSRedirectMiddleware
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
async def home(request):
    return HTMLResponse("<p>home</p>", headers={"strict-transport-security": "max-age=300"})
async def note(request):
    open("note.txt", "ab").write(await request.body())
    return PlainTextResponse("kept")
async def live(websocket):
    await websocket.accept()
    await websocket.close()
layers = [Middleware(HTTPSRedirectMiddleware), Middleware(ProxyHeadersMiddleware, trusted_hosts="*")]
app = Starlette(routes=[Route("/", home), Route("/note", note, methods=["POST"]), WebSocketRoute("/live", live)], middleware=layers)
"""

COUNTING = """
from flask import Flask, request
from werkzeug.middleware.proxy_fix import ProxyFix
app = Flask(__name__)
app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1)
@app.get("/")
def home():
    return "home", {"Set-Cookie": "seen=1"}
"""

PLAIN = """
from fastapi import FastAPI
app = FastAPI()
@app.get("/")
def home():
    return "home"
"""


@functools.cache
def _loaded(text: str, extra: tuple[tuple[str, str], ...]) -> tuple[launch.Launcher, AppFacts, users.Entrances]:
    folder = Path(tempfile.mkdtemp(prefix="unguarded-")).resolve()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "app.py").write_text(text, encoding="utf-8")
    chosen = target.resolve("app.py", here=folder)
    launcher = launch.Launcher(chosen, extra=dict(extra))
    atexit.register(launcher.close)
    facts = launcher.load().facts
    return launcher, facts, users.find(facts, settings.Settings(**settings.of_project(chosen)), launcher)


@contextlib.contextmanager
def serving(text: str, extra: Mapping[str, str] | None = None) -> Iterator[LiveStage]:
    """A stage on a copy of the application; imported once for each process of the tests. extra: of its environment."""
    stage = LiveStage(*_loaded(text, tuple((extra or {}).items())))
    try:
        yield stage
    finally:
        stage.close()


def broken(evidence: Evidence) -> dict[str, str]:
    """What was found, by attack; the first place of each."""
    return {o.attack: o.detail for o in reversed(evidence.observations) if o.outcome is Outcome.BROKEN}


GUARDED_FOR_STAFF = """
from flask import Flask, request
from ringwork import protect, requires
app = Flask(__name__)
@app.get("/admin/people")
@requires("staff")
def people():
    return "people"
@app.post("/admin/picture")
@requires("staff")
def picture():
    request.files["picture"].save("picture.png")
    return "kept"
protect(app)
"""
"""Guarded by ringwork, and nobody can sign in."""
