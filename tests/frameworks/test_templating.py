"""Templates can print the nonce and the form's field without a line of code, macros without context too."""

from __future__ import annotations

import re
import types
from typing import Any

import jinja2
import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from flask import Flask, render_template_string
from flask_wtf import CSRFProtect, FlaskForm
from starlette.templating import Jinja2Templates
from werkzeug.datastructures import MultiDict

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


@pytest.mark.parametrize("mode", ["observe", "enforce"])
@pytest.mark.parametrize("has_protect", [True, False])
def test_a_form_beside_flask_wtf_passes_both(monkeypatch: pytest.MonkeyPatch, mode: str, *, has_protect: bool) -> None:
    """Against two fields of one name, of which each check reads the other's: both tokens are found, and either alone is refused."""
    monkeypatch.setenv("RINGWORK_MODE", mode)
    app = Flask("shop")
    app.secret_key = "long enough for a test of forms"
    if has_protect:
        CSRFProtect(app)

    def page() -> str:
        form = FlaskForm()
        return render_template_string("<form method=post action=/send>{{ csrf_field('/send') }}{{ form.hidden_tag() }}</form>", form=form)

    app.get("/")(public("a page")(page))
    app.post("/send")(public("a form")(lambda: ("sent", 200) if FlaskForm().validate() else ("not valid", 400)))
    protect(app, Policy(origin=ORIGIN))
    client = app.test_client()

    def sent(*left_out: str) -> int:
        fields = re.findall(r'name="([^"]+)"[^>]* value="([^"]+)"', client.get("/", base_url=ORIGIN).text)
        assert [name for name, _ in fields] == ["ringwork_csrf_token", "csrf_token"]
        told = MultiDict(field for field in fields if field[0] not in left_out)
        own = {"Origin": ORIGIN, "Referer": f"{ORIGIN}/", "Sec-Fetch-Site": "same-origin"}
        return client.post("/send", base_url=ORIGIN, headers=own, data=told).status_code

    assert sent() == 200
    assert sent("csrf_token") == 400
    assert sent("ringwork_csrf_token") == (403 if mode == "enforce" else 200)


def test_leaves_names_of_the_application_alone() -> None:
    """A project with a `csrf_field` of its own keeps it."""
    app = Flask("shop")
    own: Any = lambda action: "own"  # noqa: E731  # stands for any function of the project's
    app.jinja_env.globals["csrf_field"] = own
    app.get("/")(public("a page")(lambda: render_template_string("{{ csrf_field('/x') }}")))
    protect(app, Policy(origin=ORIGIN))
    assert app.test_client().get("/", base_url=ORIGIN).text == "own"
