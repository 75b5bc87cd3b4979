"""Ways into templates, joined with what the templates show as it is."""

from __future__ import annotations

import pytest

from ringwork.survey import reading
from ringwork.survey.flows import Strength

_FLASK = """
from flask import Flask, render_template, request

app = Flask(__name__)


@app.route("/notes")
def notes():
    name = request.args.get("name", "")
    return render_template("notes.html", name=name, title="Notes", note={"text": name, "kind": "plain"})
"""
_DJANGO = """
from django.shortcuts import render
from django.urls import path


def notes(request):
    context = {"name": request.GET["name"], "title": "Notes"}
    context["note"] = {"text": request.GET["text"], "kind": "plain"}
    return render(request, "notes.html", context)


urlpatterns = [path("notes", notes)]
"""
_FASTAPI = """
from fastapi import FastAPI, Request
from fastapi.templating import Jinja2Templates

app = FastAPI()
templates = Jinja2Templates(directory="templates")


@app.get("/notes")
def notes(request: Request, name: str):
    return templates.TemplateResponse(request, "notes.html", {"name": name, "title": "Notes", "note": {"text": name, "kind": "plain"}})
"""
_AIOHTTP = """
import aiohttp_jinja2
from aiohttp import web


async def notes(request):
    name = request.query["name"]
    return aiohttp_jinja2.render_template("notes.html", request, {"name": name, "title": "Notes", "note": {"text": name, "kind": "plain"}})


app = web.Application()
app.router.add_get("/notes", notes)
"""
_JINJA = """
from flask import Flask, request
from jinja2 import Environment, FileSystemLoader, select_autoescape

app = Flask(__name__)
environment = Environment(loader=FileSystemLoader("templates"), autoescape=select_autoescape())


@app.route("/notes")
def notes():
    name = request.args["name"]
    template = environment.get_template("notes.html")
    return template.render(name=name, title="Notes", note={"text": name, "kind": "plain"})
"""
_LOCALS = """
from flask import Flask, render_template, request

app = Flask(__name__)


@app.route("/notes")
def notes():
    name = request.args.get("name", "")
    title = "Notes"
    note = {"text": name, "kind": "plain"}
    return render_template("notes.html", **locals())
"""
_DECORATED = """
import aiohttp_jinja2
from aiohttp import web


@aiohttp_jinja2.template("notes.html")
async def notes(request):
    return {"name": request.query["name"], "title": "Notes", "note": {"text": request.query["text"], "kind": "plain"}}


app = web.Application()
app.router.add_get("/notes", notes)
"""
_CONTEXT = """
from django.urls import path
from django.views.generic import TemplateView


class Notes(TemplateView):
    template_name = "notes.html"

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        context["name"], context["title"] = self.request.GET["name"], "Notes"
        context["note"] = {"text": self.request.GET["text"], "kind": "plain"}
        return context


urlpatterns = [path("notes", Notes.as_view())]
"""
_APPS = {
    "flask": _FLASK,
    "django": _DJANGO,
    "fastapi": _FASTAPI,
    "aiohttp": _AIOHTTP,
    "jinja2": _JINJA,
    "locals": _LOCALS,
    "decorator": _DECORATED,
    "context": _CONTEXT,
}


def _found(root, app, template):
    (root / "templates").mkdir()
    (root / "templates" / "notes.html").write_text(template, encoding="utf-8")
    (root / "app.py").write_text(app, encoding="utf-8")
    return [flow for flow in reading.read(root).flows if flow.kind == "html"]


@pytest.mark.parametrize("template", ["<p>\n{{ name|safe }}</p>", "<p>\n{{ note.text|safe }}</p>"])
@pytest.mark.parametrize("framework", _APPS)
def test_a_text_that_the_page_shows_as_it_is_is_markup(tmp_path, framework, template):
    """The view hands on what the request brings, and the template has escaping switched off for it: one finding, with both places."""
    (flow,) = _found(tmp_path, _APPS[framework], template)
    assert flow.strength is Strength.STRONG
    assert (flow.place.file, flow.steps[-2].file, flow.steps[-2].line) == ("app.py", "templates/notes.html", 2)
    assert "templates/notes.html:2" in flow.detail


@pytest.mark.parametrize(
    "template", ["<p>{{ name }}</p>", "<p>{{ title|safe }}</p>", "<p>{{ note.kind|safe }}</p>", "<p>{{ name|tojson|safe }}</p>"]
)
@pytest.mark.parametrize("framework", _APPS)
def test_what_the_page_escapes_or_the_view_wrote_is_none(tmp_path, framework, template):
    """The same view, and a template that leaves escaping on, or shows what no request brings."""
    assert not [flow for flow in _found(tmp_path, _APPS[framework], template) if flow.strength is Strength.STRONG]


def test_a_template_of_the_same_name_in_another_application_says_nothing(tmp_path):
    """Two applications in one repository each have their own notes.html."""
    for name, shown in (("one", "{{ name }}"), ("two", "{{ name|safe }}")):
        (tmp_path / name / "templates").mkdir(parents=True)
        (tmp_path / name / "templates" / "notes.html").write_text(shown, encoding="utf-8")
        (tmp_path / name / "app.py").write_text(_FLASK, encoding="utf-8")
    strong = [flow for flow in reading.read(tmp_path).flows if flow.kind == "html" and flow.strength is Strength.STRONG]
    assert [flow.place.file for flow in strong] == ["two/app.py"]
