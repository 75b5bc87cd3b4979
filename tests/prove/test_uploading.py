"""Forms with files reach their handlers on every framework, and what is uploaded comes back inert or is told."""

from __future__ import annotations

import email
import struct

import pytest

from ringwork.prove import coverage
from ringwork.prove.evidence import Observation, Outcome
from ringwork.prove.input.file_upload import served_back
from ringwork.survey.wire import forms, multipart
from tests.prove import unguarded

FLASK = """
import os, secrets
from flask import Flask, jsonify, request, send_from_directory
app = Flask(__name__)
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "kept")
os.makedirs(FOLDER, exist_ok=True)
@app.post("/pictures")
def pictures():
    one, _ = request.files["picture"], request.form["caption"]
    name = secrets.token_hex(8) + os.path.splitext(one.filename)[1]
    REFUSES
    one.save(os.path.join(FOLDER, name))
    return jsonify(id=name)
@app.get("/pictures/<name>")
def picture(name):
    answer = send_from_directory(FOLDER, name)
    SENT
    return answer
"""
FASTAPI = """
from fastapi import FastAPI, File, Form, HTTPException, Response, UploadFile
app = FastAPI()
KEPT = {}
@app.post("/pictures")
async def pictures(picture: UploadFile = File(), caption: str = Form()):
    KEPT[str(len(KEPT))] = (picture.content_type, await picture.read())
    return {"id": str(len(KEPT) - 1)}
@app.get("/pictures/{name}")
def picture(name: str):
    if name not in KEPT:
        raise HTTPException(404)
    answer = Response(KEPT[name][1], media_type=KEPT[name][0])
    SENT
    return answer
"""
AIOHTTP = """
from aiohttp import web
KEPT = {}
async def pictures(request):
    data = await request.post()
    one = data["picture"]
    KEPT[one.filename] = (one.content_type, one.file.read())
    return web.json_response({"url": "/pictures/" + one.filename})
async def picture(request):
    kind, body = KEPT[request.match_info["name"]]
    answer = web.Response(body=body, headers={"Content-Type": kind})
    SENT
    return answer
app = web.Application()
app.add_routes([web.post("/pictures", pictures), web.get("/pictures/{name}", picture)])
"""
DJANGO = """
from pathlib import Path
import django
from django.conf import settings
settings.configure(SECRET_KEY="0123456789abcdef0123456789abcdef", ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], MIDDLEWARE=[],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}])
django.setup()
from django import forms
from django.core.wsgi import get_wsgi_application
from django.http import Http404, HttpResponse
from django.urls import path
KEPT = {}
class PictureForm(forms.Form):
    caption = forms.CharField()
    picture = forms.FileField()
def pictures(request):
    form = PictureForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        one = form.cleaned_data["picture"]
        KEPT[one.name] = (one.content_type, one.read())
    links = "".join(f"<a href='/pictures/{name}'>{name}</a>" for name in KEPT)
    return HttpResponse(f"<form method=post enctype=multipart/form-data action=/pictures>{form}</form>{links}")
def picture(request, name):
    if name not in KEPT:
        raise Http404()
    answer = HttpResponse(KEPT[name][1], content_type=KEPT[name][0])
    SENT
    return answer
urlpatterns = [path("pictures", pictures), path("pictures/<path:name>", picture)]
app = get_wsgi_application()
"""
APPS = [pytest.param(text, id=name) for name, text in (("flask", FLASK), ("fastapi", FASTAPI), ("aiohttp", AIOHTTP), ("django", DJANGO))]
AS_IT_CAME = "answer.headers['x-kept'] = '1'"
ATTACHED = "answer.headers['content-disposition'] = 'attachment'"


def _seen(text: str, sent: str, refuses: str = "") -> list[Observation]:
    with unguarded.serving(text.replace("SENT", sent).replace("REFUSES", refuses)) as stage:
        return list(served_back(stage).observations)


@pytest.mark.parametrize("text", APPS)
def test_a_page_that_comes_back_as_one_is_found(text: str) -> None:
    """Against an attacker's page on the application's own origin, whatever serves it."""
    broken = [o for o in _seen(text, AS_IT_CAME) if o.outcome is Outcome.BROKEN]
    assert "an uploaded page comes back as one" in {o.attack for o in broken}
    assert "an uploaded picture with a script comes back so that it runs" in {o.attack for o in broken}
    assert all("/pictures/{name" in o.where for o in broken)


@pytest.mark.parametrize("text", APPS)
def test_an_attachment_is_left_alone(text: str) -> None:
    """The same files, which a browser only saves: each was tried, and none is accused."""
    seen = _seen(text, ATTACHED)
    assert {o.outcome for o in seen} == {Outcome.HELD}
    assert all(o.is_grounded and "an attachment" in o.detail for o in seen)


def test_the_type_that_a_client_claims_is_found_where_it_is_kept() -> None:
    """Against a page under a picture's name: FastAPI's example keeps the client's word; Flask goes by the name."""
    attack = "an uploaded page under a picture's name comes back as one"
    assert {o.outcome for o in _seen(FASTAPI, AS_IT_CAME) if o.attack == attack} == {Outcome.BROKEN}
    assert {o.outcome for o in _seen(FLASK, AS_IT_CAME) if o.attack == attack} == {Outcome.HELD}


def test_what_is_not_taken_holds() -> None:
    """An application that takes pictures alone refuses the others, and an honest one went through first."""
    seen = _seen(FLASK, AS_IT_CAME, "if not name.endswith('.png'): return 'no picture', 400")
    assert {o.outcome for o in seen} == {Outcome.HELD}
    assert sum("was not taken (400)" in o.detail for o in seen) == 2


def test_a_file_that_each_user_has_once_is_no_refusal_of_what_stands_in_it() -> None:
    """Against a pass by a limit: where an honest file is not taken any more either, nothing was tried."""
    seen = _seen(FLASK, AS_IT_CAME, "if os.listdir(FOLDER): return 'one for each', 409")
    assert {o.outcome for o in seen} == {Outcome.UNTRIED}
    assert all("an honest file is not any more either: answered 409" in o.detail for o in seen)


def test_a_sandbox_is_left_alone() -> None:
    """A page that its own policy puts on an origin of its own runs on nobody's."""
    sandbox = "answer.headers['content-security-policy'] = 'sandbox'"
    assert {o.outcome for o in _seen(FLASK, sandbox)} == {Outcome.HELD}


@pytest.mark.parametrize("text", APPS)
def test_a_route_that_takes_a_file_is_reached(text: str) -> None:
    """Against a coverage that calls every upload skipped: an honest file and the fields beside it are sent."""
    with unguarded.serving(text.replace("SENT", AS_IT_CAME).replace("REFUSES", "")) as stage:
        route = next(r for r in stage.facts.routes if r.path == "/pictures" and "POST" in r.methods)
        given = stage.body(route)
        assert given is not None
        assert given[0].startswith(multipart.KIND)
        assert coverage.send_valid(stage, route, "POST", stage.browser(None)) == 200


def test_a_form_with_a_file_is_written_as_browsers_do() -> None:
    """Every part with its name; a field that is added later stands among the others."""
    kind, body = multipart.encode({"caption": "hello"}, {"picture": multipart.honest("picture")})
    whole = multipart.with_field(kind, body, "csrf_token", "abc")
    read = email.message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + whole)
    parts = {p.get_param("name", header="content-disposition"): p.get_payload(decode=True) for p in read.walk() if not p.is_multipart()}
    assert parts["csrf_token"] == b"abc"
    assert parts["caption"] == b"hello"
    assert parts["picture"] == multipart.honest("picture").content


def test_an_honest_file_is_of_the_kind_that_is_asked_for() -> None:
    """A table for an import, what `accept` says, and else a picture that is whole."""
    assert multipart.honest("import_file").kind == "text/csv"
    assert multipart.honest("file", "application/pdf").content.startswith(b"%PDF")
    picture = multipart.honest("file").content
    assert picture.startswith(b"\x89PNG")
    assert struct.unpack(">II", picture[16:24]) == (1, 1)


def test_a_form_tells_which_fields_take_files() -> None:
    """With what they accept; one that is disabled is not sent."""
    page = '<form method=post><input type=file name=a accept=".pdf"><input type=file name=b disabled><input name=c></form>'
    assert forms.forms_of(page, "/x")[0].files == {"a": ".pdf"}


INLINED = """
import base64, os, secrets
from fastapi import FastAPI, HTTPException
from fastapi.responses import FileResponse, Response
from pydantic import BaseModel
app = FastAPI()
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "kept")
os.makedirs(FOLDER, exist_ok=True)
class Cover(BaseModel):
    filename: str
    content: str
@app.post("/covers")
def cover(given: Cover):
    name = secrets.token_hex(4) + os.path.splitext(given.filename)[1]
    REFUSES
    with open(os.path.join(FOLDER, name), "wb") as file:
        file.write(base64.b64decode(given.content, validate=True))
    return {"url": f"/covers/{name}"}
@app.get("/covers/{name}")
def cover_of(name: str):
    path = os.path.join(FOLDER, os.path.basename(name))
    if not os.path.exists(path):
        raise HTTPException(404)
    answer = FileResponse(path)
    SENT
    return answer
class Letter(BaseModel):
    title: str
    content: str
@app.post("/letters")
def letter(given: Letter):
    return {"length": len(given.content)}
"""


def test_a_file_inside_a_body_of_json_is_found() -> None:
    """Against an upload that no form asks for: base64 beside a name, and the address stands in the answer."""
    broken = [o for o in _seen(INLINED, AS_IT_CAME) if o.outcome is Outcome.BROKEN]
    assert {(o.attack, o.where) for o in broken} == {
        ("an uploaded page comes back as one", "GET /covers/{name}"),
        ("an uploaded picture with a script comes back so that it runs", "GET /covers/{name}"),
    }


def test_a_file_inside_a_body_of_json_that_is_an_attachment_is_left_alone() -> None:
    """The safe twins: what a browser only saves, and pictures alone."""
    assert {o.outcome for o in _seen(INLINED, ATTACHED) if "covers" in o.where} == {Outcome.HELD}
    seen = _seen(INLINED, AS_IT_CAME, "if not name.endswith('.png'): raise HTTPException(400)")
    assert {o.outcome for o in seen if "covers" in o.where} == {Outcome.HELD}


def test_text_that_nobody_decodes_is_no_file() -> None:
    """A letter has a title and content too, and its module makes no bytes of them."""
    letters = INLINED.replace("base64.b64decode(given.content, validate=True)", "given.content.encode()")
    assert _seen(letters, AS_IT_CAME) == []


def test_the_page_that_a_redirect_leads_to_is_the_file() -> None:
    """Against an address that only the answer's Location tells."""
    led = FLASK.replace("return jsonify(id=name)", "return redirect('/shelf/' + name[:4] + '/' + name[4:])")
    led = led.replace("import Flask,", "import Flask, redirect,").replace('@app.get("/pictures/<name>")', '@app.get("/shelf/<a>/<b>")')
    led = led.replace("def picture(name):", "def picture(a, b):\n    name = a + b")
    broken = {o.attack for o in _seen(led, AS_IT_CAME) if o.outcome is Outcome.BROKEN}
    assert "an uploaded page comes back as one" in broken
