"""Templates can print the nonce and the form's field without a line of code, macros without context too."""

from __future__ import annotations

import types
from typing import Any

import jinja2
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from flask import Flask, render_template_string
from starlette.templating import Jinja2Templates

from ringwork import Policy, protect, public

ORIGIN = "https://clinic.example"
LOADER = jinja2.DictLoader(
    {
        "page.html": "{% from 'macro.html' import form %}{{ form('/send') }}<script nonce=\"{{ csp_nonce() }}\">1</script>",
        "macro.html": "{% macro form(to) %}<form method=post action={{ to }}>{{ csrf_field(to) }}</form>{% endmacro %}",
    }
)


def _shows_both(text: str, policy: str) -> bool:
    nonce = text.partition('nonce="')[2].partition('"')[0]
    return len(nonce) > 20 and f"'nonce-{nonce}'" in policy and 'name="csrf_token" value="' in text


def test_finds_the_templates_of_starlette_in_the_modules_of_handlers() -> None:
    """The usual place: a module's own `templates`."""
    templates = Jinja2Templates(env=jinja2.Environment(loader=LOADER, autoescape=True))
    module = types.ModuleType("shop")
    module.__dict__.update(templates=templates, Request=Request)
    exec("def page(request: Request):\n    return templates.TemplateResponse(request, 'page.html')", module.__dict__)
    app = FastAPI()
    app.get("/")(public("a page")(module.page))
    protect(app, Policy(origin=ORIGIN))
    answer = TestClient(app, base_url=ORIGIN).get("/", headers={"Accept": "text/html"})
    assert _shows_both(answer.text, answer.headers["content-security-policy"])


def test_teaches_the_environment_of_flask() -> None:
    """`render_template` and macros alike."""
    app = Flask("shop")
    app.jinja_loader = LOADER
    app.get("/")(public("a page")(lambda: render_template_string("{% include 'page.html' %}")))
    protect(app, Policy(origin=ORIGIN))
    answer = app.test_client().get("/", base_url=ORIGIN, headers={"Accept": "text/html"})
    assert _shows_both(answer.text, answer.headers["Content-Security-Policy"])


def test_leaves_names_of_the_application_alone() -> None:
    """A project with a `csrf_field` of its own keeps it."""
    app = Flask("shop")
    own: Any = lambda action: "own"  # noqa: E731  # stands for any function of the project's
    app.jinja_env.globals["csrf_field"] = own
    app.get("/")(public("a page")(lambda: render_template_string("{{ csrf_field('/x') }}")))
    protect(app, Policy(origin=ORIGIN))
    assert app.test_client().get("/", base_url=ORIGIN).text == "own"
